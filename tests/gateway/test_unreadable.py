"""A row that does not open, or cannot be read, stops nobody: it is counted, and the rest goes on."""

import os
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx2
import pytest

from throughcare.contracts.release_events import CaseClosed, PersonReleased
from throughcare.tests.gateway.fake_agent import FakeAgent
from throughcare.tests.gateway.foreign import ForeignClient
from throughcare.tests.gateway.ground import Gateway, event, eventually, open_case
from throughcare.tests.gateway.test_cases import open_and_see, scheduled

pytestmark = pytest.mark.usefixtures("agent")

_SPOIL_NAME = "UPDATE gateway.aliases SET alias = $1 WHERE party = $2 AND alias = $3"


async def aside(client: httpx2.AsyncClient, place: str) -> float:
    """How many rows of a place the gateway has passed over."""
    name = f'throughcare_rows_set_aside_total{{place="{place}"}} '
    lines = (await client.get("/metrics")).text.splitlines()
    return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))


@pytest.mark.parametrize("spoiled", [b"", b"short", os.urandom(200)])
async def test_an_outcome_that_does_not_open_holds_up_no_other(
    gateway: Gateway, client: httpx2.AsyncClient, foreign: ForeignClient, spoiled: bytes
) -> None:
    before = await aside(client, "party_outcomes")
    await gateway.pool.execute(
        "INSERT INTO gateway.party_outcomes (party, envelope) VALUES ('ik-27', $1)", spoiled
    )
    opened = open_case(f"U-{uuid4().hex[:8]}")
    await client.post("/v1/commands", json=opened)
    fact = event("fact", "release-scheduled", opened["subject"], expected_release_on="2026-12-24")

    foreign.emit_fact(fact)

    (outcome,) = await foreign.outcomes_for(fact["id"])
    assert outcome["type"] == "org.throughcare.outcome.decided.v1"
    assert await aside(client, "party_outcomes") == before + 1
    # It is kept: with the right key it can still be told.
    assert await gateway.pool.execute(
        "DELETE FROM gateway.party_outcomes WHERE envelope = $1", spoiled
    ) == "DELETE 1"  # fmt: skip


async def test_a_name_that_does_not_open_holds_up_neither_its_case_nor_another(
    gateway: Gateway, client: httpx2.AsyncClient, agent: FakeAgent
) -> None:
    spoiled = await open_and_see(client, agent, "U-1")
    whole = await open_and_see(client, agent, "U-2")
    await gateway.name(spoiled.case_ref, "ngo-bishkek", "U-1n")
    before = await aside(client, "aliases")
    await gateway.pool.execute(_SPOIL_NAME, os.urandom(24), "ik-27", gateway.hidden("ik-27", "U-1"))
    at = datetime.now(UTC) - timedelta(hours=25)

    for opened in (spoiled, whole):
        await agent.say(
            "release", opened, PersonReleased(released_at=at, known_at=at, unplanned=False)
        )
        await agent.say("release", opened, CaseClosed(reason_code="consent-refused"))

    async def are_over() -> bool:
        over = (
            "SELECT count(*) FROM gateway.cases WHERE case_ref = ANY ($1) AND ended_at IS NOT NULL"
        )
        cases = [spoiled.case_ref, whole.case_ref]
        return bool(await gateway.pool.fetchval(over, cases) == 2)

    await eventually(are_over)
    assert await aside(client, "aliases") > before
    # Who has a name that opens may ask for the case again by it.
    marks = await gateway.pool.fetch(
        "SELECT case_ref, party FROM gateway.past_names WHERE case_ref = ANY ($1)",
        [spoiled.case_ref, whole.case_ref],
    )
    assert {tuple(row) for row in marks} == {
        (spoiled.case_ref, "ngo-bishkek"),
        (whole.case_ref, "ik-27"),
    }


async def test_an_outcome_of_a_case_whose_name_does_not_open_is_told_without_the_name(
    gateway: Gateway, client: httpx2.AsyncClient, agent: FakeAgent
) -> None:
    said = open_case("U-3")
    answer = await client.post("/v1/commands", json=said)
    await gateway.pool.execute(_SPOIL_NAME, os.urandom(24), "ik-27", gateway.hidden("ik-27", "U-3"))

    known = await client.get(answer.headers["location"])
    again = await client.post("/v1/commands", json=said)

    assert (known.status_code, again.status_code) == (200, 200)
    assert "subject" not in known.json()


@pytest.mark.parametrize(
    ("table", "spoil"),
    [
        ("parked", "UPDATE gateway.parked SET body = 'no json' WHERE id = $1"),
        ("parked", "UPDATE gateway.parked SET body = '{}' WHERE id = $1"),
        ("parked", "UPDATE gateway.parked SET body = '\\xff' WHERE id = $1"),
        ("commands", "UPDATE gateway.commands SET type = 'of-nobody' WHERE id = $1"),
    ],
)
async def test_a_parked_fact_that_cannot_be_read_stays_behind_and_the_others_follow(
    gateway: Gateway, client: httpx2.AsyncClient, agent: FakeAgent, table: str, spoil: str
) -> None:
    alias = f"U-{uuid4().hex[:8]}"
    before = await aside(client, "parked")
    early = [await client.post("/v1/facts", json=scheduled(alias)) for _ in range(2)]
    first, second = (answer.headers["location"].rpartition("/")[2] for answer in early)
    assert await gateway.pool.execute(spoil, first) == "UPDATE 1"

    await open_and_see(client, agent, alias)

    applied = await client.get(early[1].headers["location"], headers={"prefer": "wait=10"})
    assert applied.json()["type"] == "org.throughcare.outcome.decided.v1"
    assert agent.of(second).number == 1
    assert await aside(client, "parked") == before + 1
    # What nobody can read is forgotten in its time, and holds up no other then either.
    await gateway.pool.execute("UPDATE gateway.parked SET forget_at = now() WHERE id = $1", first)
    await gateway.pool.execute("NOTIFY throughcare_clock")

    async def is_forgotten() -> bool:
        left = await gateway.pool.fetchval("SELECT 1 FROM gateway.parked WHERE id = $1", first)
        return left is None

    await eventually(is_forgotten)
