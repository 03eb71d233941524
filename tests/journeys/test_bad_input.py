"""Whatever comes in: a refusal with a name or a dead letter, and everybody else's case goes on."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from throughcare.contracts.facts import PersonReleased, ProgrammeEnrolled, ReleaseScheduled
from throughcare.contracts.intake_commands import AgreePlan, WithdrawConsent
from throughcare.contracts.release_commands import AcceptReferral
from throughcare.tests.gateway.foreign import ForeignClient
from throughcare.tests.journeys.person import SUPPORT, Person
from throughcare.tests.journeys.places import COLONY, NEIGHBOUR, NEXT_NGO, NGO, PRISON
from throughcare.tests.journeys.world import World, day, said

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]

Change = Callable[[dict[str, Any]], bytes]
REFERENCE = "KG27-0201"


def _with(**change: Any) -> Change:
    return lambda event: json.dumps({**event, **change}).encode()


def _nul(event: dict[str, Any]) -> bytes:
    return json.dumps({**event, "subject": "KG27\x00"}).encode()


def _undecodable(event: dict[str, Any]) -> bytes:
    return b"\x80\x04\x95 no text at all \xff"


def _too_large(event: dict[str, Any]) -> bytes:
    return json.dumps({**event, "padding": "x" * 70_000}).encode()


#: What is wrong, and how each door says no: a status and code by HTTP, a refusal code or the stage
#: of a dead letter by Kafka.
BAD: list[Any] = [
    pytest.param(_undecodable, (400, "not-utf8"), "decode", id="undecodable bytes"),
    pytest.param(_nul, (422, "control-character"), "decode", id="a NUL in JSON"),
    pytest.param(
        _with(type="org.throughcare.fact.moon-landing.v1"),
        (422, "unknown-type"),
        "unknown-type",
        id="an unknown type",
    ),
    pytest.param(
        _with(type="org.throughcare.fact.release-scheduled.v9"),
        (422, "unknown-version"),
        "unknown-type",
        id="a wrong version",
    ),
    pytest.param(
        _with(time="2090-01-01T00:00:00Z"),
        (422, "occurs-in-the-future"),
        "occurs-in-the-future",
        id="a date in the future",
    ),
    pytest.param(_too_large, (413, "too-large"), "decode", id="too large"),
    pytest.param(
        _with(data={"expected_release_on": "2026-12-24", "name": "A. B."}),
        (422, "schema"),
        "schema",
        id="a name where none belongs",
    ),
]


@pytest.fixture(scope="module")
async def person(world: World) -> Person:
    """Whose case the bad messages are about."""
    return await Person(world, REFERENCE).enrolled()


@pytest.fixture(scope="module")
def foreign(world: World) -> Iterator[ForeignClient]:
    made = ForeignClient(world.kafka, PRISON)
    yield made
    made.close()


@pytest.fixture(autouse=True)
async def nothing_but_its_own_case_is_stopped(world: World, person: Person) -> AsyncIterator[None]:
    """After each: the versions of the case are as before, and the next good fact is decided."""
    await world.settle()
    before = await _versions(world, person)
    yield
    await world.settle()
    assert await _versions(world, person) == before
    on = day(world.now, 30 + before[1])
    answer = await person.desk(PRISON).asks(REFERENCE, ReleaseScheduled(expected_release_on=on))
    assert answer.status_code == 201, answer.text
    assert await world.operator.fetchval("SELECT count(*) FROM release.halted") == 0


async def _versions(world: World, person: Person) -> tuple[int, int]:
    """How far both halves of the case have come."""
    row = await world.operator.fetchrow(
        "SELECT intake_version, release_version FROM timeline.cases WHERE case_ref = $1",
        person.case_ref,
    )
    assert row is not None
    return row["intake_version"], row["release_version"]


@pytest.mark.parametrize(("change", "by_http", "by_kafka"), BAD)
async def test_a_bad_fact_gets_its_named_no_at_both_doors(
    world: World,
    person: Person,
    foreign: ForeignClient,
    change: Change,
    by_http: tuple[int, str],
    by_kafka: str,
) -> None:
    raw = change(said(ReleaseScheduled(expected_release_on=day(world.now)), REFERENCE, world.now))

    answer = await person.desk(PRISON).client.post(
        "/v1/facts", content=raw, headers={"content-type": "application/cloudevents+json"}
    )
    offset = foreign.emit(raw, [("content-type", b"application/cloudevents+json")])
    try:
        answered_id = json.loads(raw)["id"] if len(raw) < 65_536 else f"0-{offset}"
    except ValueError:
        answered_id = f"0-{offset}"
    [outcome] = await foreign.outcomes_for(answered_id)

    assert (answer.status_code, answer.json()["code"]) == by_http
    assert answer.headers["content-type"] == "application/problem+json"
    data = outcome["data"]
    assert data.get("refusal_code", data.get("stage")) == by_kafka
    if "dead_letter_id" in data:
        status = await world.operator.fetchval(
            "SELECT status FROM gateway.dead_letters WHERE id = $1::uuid", data["dead_letter_id"]
        )
        assert status == "open"


async def test_the_same_id_with_another_body_is_refused_at_both_doors(
    world: World, person: Person, foreign: ForeignClient
) -> None:
    enrolled = await world.operator.fetchrow(
        "SELECT source, their_id FROM gateway.commands WHERE case_ref = $1 ORDER BY taken_at",
        person.case_ref,
    )
    assert enrolled is not None
    other = said(
        ReleaseScheduled(expected_release_on=day(world.now, 9)),
        REFERENCE,
        world.now,
        id=enrolled["their_id"],
        source=enrolled["source"],
    )

    answer = await person.desk(PRISON).post(other, "facts")
    foreign.emit_fact(other)
    outcomes = await foreign.outcomes_for(other["id"], count=2)

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")
    assert outcomes[-1]["data"]["refusal_code"] == "idempotency-key-reused"


async def test_another_partys_name_for_a_case_is_nobodys(world: World, person: Person) -> None:
    code = person.names[COLONY]

    by_its_code = await world.desks[NGO].asks(code, WithdrawConsent(received_how="sms"))
    by_the_prisons = await world.desks[NEXT_NGO].asks(
        REFERENCE, AgreePlan(items=(SUPPORT,), client_signed=True)
    )
    read = await world.desks[NEIGHBOUR].client.get(f"/v1/cases/{REFERENCE}/timeline")
    # The neighbour may have somebody of its own under the same reference: nobody it has told of yet.
    parked = await world.desks[NEIGHBOUR].asks(REFERENCE, PersonReleased())

    for answer in (by_its_code, by_the_prisons, read):
        assert (answer.status_code, answer.json()["code"]) == (404, "no-such-case")
    assert (parked.status_code, parked.json()["type"]) == (202, "org.throughcare.outcome.parked.v1")


async def test_a_release_before_anything_was_said_of_the_person_waits_for_the_case(
    world: World, foreign: ForeignClient
) -> None:
    early = said(PersonReleased(), "KG27-0202", world.now - timedelta(hours=1))
    foreign.emit_fact(early)
    [parked] = await foreign.outcomes_for(early["id"])
    assert parked["type"] == "org.throughcare.outcome.parked.v1"

    await world.desks[PRISON].emits("KG27-0202", ProgrammeEnrolled(programme_code="clean-zone"))

    [_, outcome] = await foreign.outcomes_for(early["id"], count=2)
    assert outcome["type"] == "org.throughcare.outcome.decided.v1"
    await world.settle()
    case_ref = await world.operator.fetchval(
        "SELECT case_ref FROM gateway.commands WHERE their_id = $1", early["id"]
    )
    # Nobody had asked the person: nothing was shared, and the case is over.
    assert "person-released-before-consent" in await world.said_by_release(case_ref)
    assert await world.stage(case_ref) == "closed"


async def test_an_older_fact_is_superseded_and_an_unheard_of_referral_refused(
    world: World, person: Person
) -> None:
    old = await person.desk(PRISON).asks(
        REFERENCE,
        ReleaseScheduled(expected_release_on=day(world.now, 5)),
        world.now - timedelta(days=300),
    )
    never = await person.desk(COLONY).asks(
        person.names[COLONY], AcceptReferral(referral_id=person.case_ref)
    )

    assert old.json()["type"] == "org.throughcare.outcome.superseded.v1"
    assert (never.status_code, never.json()["code"]) == (403, "role-may-not")
