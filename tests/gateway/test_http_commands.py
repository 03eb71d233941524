"""Commands and facts over HTTP: taken once, decided by their service, answered to their party alone."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

from throughcare.contracts.intake_commands import AssessNeeds, OfferConsent
from throughcare.contracts.intake_events import NeedsAssessed
from throughcare.contracts.outcomes import Refused
from throughcare.tests.gateway.fake_agent import FakeAgent
from throughcare.tests.gateway.ground import Gateway, event, open_case
from throughcare.tests.support.story import Step, tell

pytestmark = pytest.mark.usefixtures("agent")


def offer(alias: str) -> dict[str, Any]:
    return event(
        "command", "offer-consent", alias,
        language="ru-Cyrl", form_version="f1", explained_orally=True, witness_role="prison-health",
    )  # fmt: skip


def needs(alias: str) -> dict[str, Any]:
    return event("command", "assess-needs", alias, tool_code="t", tool_version="1", flags=[])


async def test_a_command_is_answered_with_the_versions_of_both_halves(
    client: httpx2.AsyncClient,
) -> None:
    said = open_case("T-1")

    answer = await client.post("/v1/commands", json=said)

    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert told["type"] == "org.throughcare.outcome.decided.v1"
    assert told["subject"] == "T-1"
    assert told["data"]["answered_id"] == said["id"]
    assert told["data"]["answered_source"] == said["source"]
    assert (told["data"]["intake_version"], told["data"]["release_version"]) == (1, 0)
    again = await client.get(answer.headers["location"])
    assert (again.status_code, again.json()) == (200, told)


async def test_a_case_opened_without_a_name_gets_a_short_code(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/v1/commands", json=open_case(None))

    assert answer.status_code == 201, answer.text
    code = answer.json()["subject"]
    assert (len(code), code[4]) == (9, "-")
    assert (await client.post("/v1/commands", json=offer(code))).status_code == 201


async def test_the_same_message_fifty_times_at_once_has_its_effect_once(
    client: httpx2.AsyncClient, agent: FakeAgent
) -> None:
    said = open_case("T-50")

    answers = await asyncio.gather(*(client.post("/v1/commands", json=said) for _ in range(50)))

    assert sorted(answer.status_code for answer in answers) == [200] * 49 + [201]
    assert len({answer.text for answer in answers}) == 1
    assert len([m for m in agent.seen if str(m.id) in answers[0].headers["location"]]) == 1


async def test_the_same_id_with_another_body_is_refused(client: httpx2.AsyncClient) -> None:
    said = open_case("T-2")
    await client.post("/v1/commands", json=said)

    answer = await client.post("/v1/commands", json={**said, "subject": "T-2b"})

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")


async def test_the_same_id_of_another_party_is_another_message(
    gateway: Gateway, client: httpx2.AsyncClient
) -> None:
    said = open_case("T-3")
    del said["data"]["facility"]
    async with gateway.client("ngo-bishkek") as other:
        first = await client.post("/v1/commands", json=said)
        second = await other.post("/v1/commands", json=said)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.headers["location"] != second.headers["location"]


async def test_a_foreign_case_and_one_that_never_was_get_the_same_answer(
    gateway: Gateway, client: httpx2.AsyncClient
) -> None:
    opened = await client.post("/v1/commands", json=open_case("T-4"))
    async with gateway.client("ngo-bishkek") as other:
        answers = [
            await other.post("/v1/commands", json=offer("T-4")),
            await other.post("/v1/commands", json=offer("T-4-never")),
            await other.get("/v1/cases/T-4/timeline"),
            await other.get("/v1/cases/T-4-never/timeline"),
        ]
        outcomes = [
            await other.get(opened.headers["location"]),
            await other.get(f"/v1/outcomes/{uuid4()}"),
        ]

    assert len({_without_instance(answer) for answer in answers}) == 1
    assert answers[0].json()["code"] == "no-such-case"
    assert len({_without_instance(answer) for answer in outcomes}) == 1
    assert outcomes[0].status_code == 404


def _without_instance(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.text.replace(answer.json()["instance"], "")


async def test_a_refusal_is_a_problem_with_the_rule_it_comes_from(
    client: httpx2.AsyncClient, agent: FakeAgent
) -> None:
    await client.post("/v1/commands", json=open_case("T-5"))
    agent.rules[OfferConsent] = Refused(
        answered_source="/x", answered_id="x", refusal_code="consent-already-given"
    )
    try:
        answer = await client.post("/v1/commands", json=offer("T-5"))
    finally:
        del agent.rules[OfferConsent]

    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["code"] == "consent-already-given"
    assert told["rule"] == "Consent: one act"
    later = await client.get(told["outcome"])
    assert (later.status_code, later.json()["code"]) == (409, "consent-already-given")


async def test_who_does_not_wait_gets_an_address_to_ask_at(
    client: httpx2.AsyncClient, agent: FakeAgent
) -> None:
    await client.post("/v1/commands", json=open_case("T-6"))
    agent.rules[AssessNeeds] = None
    started = asyncio.get_running_loop().time()

    short = await client.post("/v1/commands", json=needs("T-6"), headers={"prefer": "wait=1"})
    waited = asyncio.get_running_loop().time() - started
    at_once = await client.post(
        "/v1/commands", json=needs("T-6"), headers={"prefer": "respond-async"}
    )
    asked = await client.get(at_once.headers["location"])

    assert [answer.status_code for answer in (short, at_once, asked)] == [202, 202, 202]
    assert 0.9 < waited < 3
    assert short.headers["retry-after"] == "1"
    del agent.rules[AssessNeeds]
    # The sweeper relays what is undecided until it is decided.
    late = await client.get(short.headers["location"], headers={"prefer": "wait=20"})
    assert late.status_code == 200
    later = await client.get(at_once.headers["location"], headers={"prefer": "wait=20"})
    assert later.status_code == 200


async def test_commands_of_a_case_are_numbered_and_know_what_the_door_has_seen(
    client: httpx2.AsyncClient, agent: FakeAgent
) -> None:
    answers = [
        await client.post("/v1/commands", json=said)
        for said in (open_case("T-7"), offer("T-7"), needs("T-7"))
    ]

    messages = [agent.of(answer.headers["location"].rpartition("/")[2]) for answer in answers]
    assert [m.number for m in messages] == [1, 2, 3]
    assert [m.seen_intake for m in messages] == [0, 1, 2]
    assert {m.protocol_version for m in messages} == {"kg-2026.1"}
    assert {(m.party, m.source) for m in messages} == {("ik-27", "/parties/ik-27")}
    assert set(messages[0].roles) == {"prison-admin", "prison-health", "prison-psych"}


async def test_many_commands_at_once_for_one_case_arrive_in_the_order_of_their_numbers(
    client: httpx2.AsyncClient, agent: FakeAgent
) -> None:
    await client.post("/v1/commands", json=open_case("T-8"))

    answers = await asyncio.gather(
        *(client.post("/v1/commands", json=needs("T-8")) for _ in range(30))
    )

    ids = {answer.headers["location"].rpartition("/")[2] for answer in answers}
    numbers = [m.number for m in agent.seen if str(m.id) in ids]
    assert sorted(n for n in numbers if n) == list(range(2, 32))
    assert numbers == sorted(numbers, key=lambda n: n or 0)


@pytest.mark.parametrize("write", [to_structured_event, to_binary_event])
async def test_a_plain_cloudevents_client_needs_no_header_of_ours(
    client: httpx2.AsyncClient, write: Any
) -> None:
    alias = f"T-9-{write.__name__[3:5]}"
    await client.post("/v1/commands", json=open_case(alias))
    fact = event("fact", "release-scheduled", alias, expected_release_on="2026-12-24")
    data = fact.pop("data")
    fact.pop("time")
    foreign = CloudEvent({**fact, "time": datetime(2026, 11, 1, tzinfo=UTC)}, data)
    message = write(foreign)

    answer = await client.post("/v1/facts", content=message.body, headers=message.headers)

    assert answer.status_code == 201, answer.text
    assert answer.json()["subject"] == alias


async def test_the_header_for_idempotency_may_agree(client: httpx2.AsyncClient) -> None:
    said = open_case("T-10")

    answer = await client.post(
        "/v1/commands", json=said, headers={"idempotency-key": f'"{said["id"]}"'}
    )

    assert answer.status_code == 201


async def test_nobody_finds_out_by_asking_how_far_a_case_has_come(
    gateway: Gateway, client: httpx2.AsyncClient, agent: FakeAgent
) -> None:
    opened = await client.post("/v1/commands", json=open_case("T-77"))
    case_ref = agent.of(opened.headers["location"].rpartition("/")[2]).case_ref
    await gateway.name(case_ref, "ngo-bishkek", "N-77")
    await gateway.pool.execute(
        "INSERT INTO timeline.cases (case_ref, intake_version, release_version, consent, planned,"
        " placed, ready, outside, closed, stage)"
        " VALUES ($1, 7, 3, 'none', false, false, false, 'no', false, 'opened')", case_ref,
    )  # fmt: skip
    await tell(gateway.pool, case_ref, [Step(NeedsAssessed.type)])

    async def asked(client: httpx2.AsyncClient, alias: str, version: str) -> tuple[int, object]:
        answer = await client.get(f"/v1/cases/{alias}/timeline?min-version={version}")
        return answer.status_code, answer.json().get("versions", answer.json().get("code"))

    assert await asked(client, "T-77", "intake.1") == (200, {"intake": 7, "release": 3})
    for beyond in ("intake.2", "release.1", "intake.1,release.3"):
        assert await asked(client, "T-77", beyond) == (409, "not-yet")
    async with gateway.client("ngo-bishkek") as ngo:
        assert await asked(ngo, "N-77", "intake.0") == (200, None)
        assert await asked(ngo, "N-77", "intake.1") == (409, "not-yet")
