"""Facts by Kafka: whatever a record holds, its party learns what became of it, and the door goes on."""

import asyncio
import json
from typing import Any

import pytest

from throughcare.tests.gateway.fake_agent import FakeAgent
from throughcare.tests.gateway.foreign import ForeignClient
from throughcare.tests.gateway.ground import Gateway, event, open_case

PARTY = "ik-27"


async def opened(gateway: Gateway, alias: str) -> None:
    async with gateway.client(PARTY) as client:
        answer = await client.post("/v1/commands", json=open_case(alias))
        assert answer.status_code == 201, answer.text


async def test_a_foreign_client_emits_a_fact_and_reads_its_outcome(
    gateway: Gateway, foreign: ForeignClient
) -> None:
    await opened(gateway, "K-1")
    fact = event("fact", "release-scheduled", "K-1", expected_release_on="2026-12-24")

    foreign.emit_fact(fact)

    (outcome,) = await foreign.outcomes_for(fact["id"])
    assert outcome["type"] == "org.throughcare.outcome.decided.v1"
    assert outcome["subject"] == "K-1"
    assert outcome["data"]["answered_source"] == fact["source"]
    assert "case_ref" not in json.dumps(outcome)


async def test_a_fact_in_binary_mode_is_the_same_fact(
    gateway: Gateway, foreign: ForeignClient, agent: FakeAgent
) -> None:
    await opened(gateway, "K-2")
    fact = event("fact", "release-scheduled", "K-2", expected_release_on="2026-12-24")
    headers = [
        (f"ce_{name}", str(fact[name]).encode())
        for name in ("specversion", "id", "source", "type", "subject", "time")
    ]

    foreign.emit(
        json.dumps(fact["data"]).encode(), [*headers, ("content-type", b"application/json")]
    )

    (outcome,) = await foreign.outcomes_for(fact["id"])
    assert outcome["type"] == "org.throughcare.outcome.decided.v1"
    foreign.emit_fact(fact)  # in the other mode it is no other message
    again = await foreign.outcomes_for(fact["id"], count=2)
    assert again[0] == again[1]


async def test_a_fact_resent_with_another_body_is_refused_and_changes_nothing(
    gateway: Gateway, foreign: ForeignClient
) -> None:
    await opened(gateway, "K-3")
    fact = event("fact", "release-scheduled", "K-3", expected_release_on="2026-12-24")
    foreign.emit_fact(fact)
    await foreign.outcomes_for(fact["id"])

    foreign.emit_fact({**fact, "data": {"expected_release_on": "2026-12-25"}})

    outcomes = await foreign.outcomes_for(fact["id"], count=2)
    assert outcomes[1]["data"]["refusal_code"] == "idempotency-key-reused"


@pytest.mark.parametrize(
    ("value", "headers", "stage"),
    [
        (b"\x80\x00\xff nonsense", [], "decode"),
        (None, [], "decode"),
        (b"", [("content-type", b"application/cloudevents+json")], "decode"),
        (b"[1, 2]", [], "decode"),
        (b'{"specversion": "1.0", "specversion": "1.0"}', [], "decode"),
        (b"[" * 5_000, [], "decode"),
        (b'{"specversion": "1.0", "x": "\\u0000"}', [], "decode"),
        (b"{}", [("ce_specversion", b"1.0"), ("ce_id", b"\xff\xfe")], "schema"),
        (b'{"a": ' + b"9" * 5_000 + b"}", [], "decode"),
        (b'"' + b"x" * 70_000 + b'"', [], "decode"),
        (b"{}", [(f"ce_x{n}", b"y") for n in range(300)], "decode"),
    ],
)
async def test_what_cannot_be_read_becomes_a_dead_letter_and_stops_nothing(
    gateway: Gateway, foreign: ForeignClient, value: bytes | None, headers: Any, stage: str
) -> None:
    offset = foreign.emit(value, headers)

    (outcome,) = await foreign.outcomes_for(f"0-{offset}")

    assert outcome["type"] == "org.throughcare.outcome.dead-letter.v1"
    assert outcome["data"]["stage"] == stage
    letter = await gateway.pool.fetchrow(
        "SELECT status, sealed FROM gateway.dead_letters WHERE id = $1::uuid",
        outcome["data"]["dead_letter_id"],
    )
    assert letter["status"] == "open"
    assert value is None or len(value) < 10 or value not in letter["sealed"]
    await test_a_foreign_client_emits_a_fact_and_reads_its_outcome(gateway, foreign)


@pytest.mark.parametrize(
    ("change", "stage"),
    [
        ({"type": "org.throughcare.fact.release-scheduled.v2"}, "unknown-type"),
        ({"type": "org.throughcare.fact.moon-landing.v1"}, "unknown-type"),
        ({"type": "org.throughcare.event.release-scheduled.v1"}, "unknown-type"),
    ],
)
async def test_what_breaks_its_contract_is_answered_with_its_own_id(
    gateway: Gateway, foreign: ForeignClient, change: dict[str, Any], stage: str
) -> None:
    fact = event("fact", "release-scheduled", "K-9", expected_release_on="2026-12-24")

    foreign.emit_fact({**fact, **change})

    (outcome,) = await foreign.outcomes_for(fact["id"])
    assert outcome["type"] == "org.throughcare.outcome.dead-letter.v1"
    assert outcome["data"]["stage"] == stage


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"time": "2 March"}, "attribute-invalid", "/time"),
        ({"subject": "no blanks please"}, "attribute-invalid", "/subject"),
        ({"data": {"expected_release_on": "2026-02-31"}}, "schema", "/data/expected_release_on"),
        ({"data": {"expected_release_on": "2026-12-24", "name": "A. B."}}, "schema", "/data"),
    ],
)
async def test_what_its_sender_can_mend_alone_is_refused_as_over_http_and_no_dead_letter(
    gateway: Gateway, foreign: ForeignClient, change: dict[str, Any], code: str, pointer: str
) -> None:
    count = "SELECT count(*) FROM gateway.dead_letters"
    before = await gateway.pool.fetchval(count)
    fact = event("fact", "release-scheduled", "K-9", expected_release_on="2026-12-24")

    foreign.emit_fact({**fact, **change})

    (outcome,) = await foreign.outcomes_for(fact["id"])
    assert outcome["type"] == "org.throughcare.outcome.refused.v1"
    assert outcome["data"]["refusal_code"] == code
    assert [place["pointer"] for place in outcome["data"]["places"]] == [pointer]
    assert await gateway.pool.fetchval(count) == before


async def test_a_fact_from_the_future_is_refused(gateway: Gateway, foreign: ForeignClient) -> None:
    fact = event("fact", "release-scheduled", "K-9", expected_release_on="2096-12-24")

    foreign.emit_fact({**fact, "time": "2090-01-01T00:00:00Z"})

    (outcome,) = await foreign.outcomes_for(fact["id"])
    assert outcome["data"]["refusal_code"] == "occurs-in-the-future"


async def test_a_command_does_not_come_in_by_kafka(
    gateway: Gateway, foreign: ForeignClient
) -> None:
    command = open_case("K-10")

    foreign.emit_fact(command)

    (outcome,) = await foreign.outcomes_for(command["id"])
    assert outcome["data"]["refusal_code"] == "wrong-door"


async def test_an_operator_replays_and_discards_the_doors_dead_letters(
    gateway: Gateway, foreign: ForeignClient
) -> None:
    first = await dead_letter_of(foreign, foreign.emit(b"first nonsense"))
    second = await dead_letter_of(foreign, foreign.emit(b"second nonsense"))

    for letter, status in ((first, "replaying"), (second, "discarding")):
        await gateway.pool.execute(
            "UPDATE gateway.dead_letters SET status = $2 WHERE id = $1::uuid", letter, status
        )
    await gateway.pool.execute("NOTIFY throughcare_letters")

    assert await status_of(gateway, first, "open") == "open"  # it is nonsense still
    assert await status_of(gateway, second, "discarded") == "discarded"


async def dead_letter_of(foreign: ForeignClient, offset: int) -> str:
    (outcome,) = await foreign.outcomes_for(f"0-{offset}")
    return str(outcome["data"]["dead_letter_id"])


async def status_of(gateway: Gateway, letter: str, wanted: str) -> str:
    status = ""
    for _ in range(50):
        status = await gateway.pool.fetchval(
            "SELECT status FROM gateway.dead_letters WHERE id = $1::uuid", letter
        )
        if status == wanted:
            break
        await asyncio.sleep(0.1)
    return status


async def test_a_fact_that_was_buried_for_an_unknown_party_is_taken_once_it_is_known(
    gateway: Gateway, foreign: ForeignClient
) -> None:
    await opened(gateway, "K-11")
    fact = event("fact", "release-scheduled", "K-11", expected_release_on="2026-12-24")
    await gateway.pool.execute(
        "UPDATE gateway.parties SET disabled_at = now() WHERE party = $1", PARTY
    )
    try:
        foreign.emit_fact(fact)
        letter = None
        for _ in range(50):
            letter = await gateway.pool.fetchval(
                "SELECT id FROM gateway.dead_letters WHERE code = 'unknown-party' AND status = 'open'"
            )
            if letter is not None:
                break
            await asyncio.sleep(0.1)
    finally:
        await gateway.pool.execute(
            "UPDATE gateway.parties SET disabled_at = NULL WHERE party = $1", PARTY
        )
    assert letter is not None

    await gateway.pool.execute(
        "UPDATE gateway.dead_letters SET status = 'replaying' WHERE id = $1", letter
    )

    (outcome,) = await foreign.outcomes_for(fact["id"])
    assert outcome["type"] == "org.throughcare.outcome.decided.v1"
    assert await status_of(gateway, str(letter), "replayed") == "replayed"
