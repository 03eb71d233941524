"""What a recipient still owes after permission ended, as it reads it at the door."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import orjson
import pytest

from throughcare.contracts.care_events import PermissionRecalled, WithdrawalAcknowledged
from throughcare.contracts.release_events import CaseClosed
from throughcare.protocol.profiles import current
from throughcare.tests.gateway.fake_agent import FakeAgent
from throughcare.tests.gateway.ground import Gateway
from throughcare.tests.gateway.test_life import REFERRAL, World, acknowledge

pytestmark = pytest.mark.usefixtures("agent")
#: An NGO of the tests of which no other test says that it owes anything.
NGO = "ngo-anywhere"
ASKED_AT = datetime(2026, 11, 2, 7, tzinfo=UTC)


@pytest.fixture
async def world(gateway: Gateway, agent: FakeAgent, client: httpx2.AsyncClient) -> World:
    """A case that ended by a withdrawal, of which the NGO holds something."""
    made = await World(gateway, agent, client, f"O-{uuid.uuid4()}").begin()
    await made.name(NGO, f"N-{made.alias}")
    await made.say(_recalled(), CaseClosed(reason_code="consent-withdrawn"))
    return made


def _recalled(referral_id: uuid.UUID = REFERRAL) -> PermissionRecalled:
    return PermissionRecalled(
        referral_id=referral_id, receiver=NGO, receiver_type="ngo", recalled_at=ASKED_AT
    )


async def _owed(world: World, party: str = NGO) -> list[dict[str, Any]]:
    """What the party reads of this test's case."""
    async with world.gateway.client(party) as client:
        answer = await client.get("/v1/owed")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert set(answer.json()) == {"owed"}
    owed: list[dict[str, Any]] = answer.json()["owed"]
    return [one for one in owed if world.alias in one["subject"]]


async def test_a_recipient_reads_what_it_owes_by_its_own_name_and_until_when_and_no_more(
    world: World,
) -> None:
    hours = current("KG").care.recall_hours[-1]
    assert hours == 72
    assert await _owed(world) == [
        {
            "subject": f"N-{world.alias}",
            "referral_id": str(REFERRAL),
            "asked": "org.throughcare.command.acknowledge-withdrawal.v1",
            "due": "2026-11-05T07:00:00Z",
        }
    ]


async def test_what_it_reads_is_all_that_the_answer_needs_and_answered_it_is_gone(
    world: World,
) -> None:
    [one] = await _owed(world)
    answer = {**acknowledge(one["subject"]), "type": one["asked"]}
    answer["data"]["referral_id"] = one["referral_id"]
    assert await world.status(NGO, answer) == (201, "")

    await world.say(WithdrawalAcknowledged(referral_id=REFERRAL, data_action="deleted"))
    assert await _owed(world) == []


async def test_nobody_reads_what_another_owes(world: World) -> None:
    for party in ("ngo-bishkek", "coordinator", "ik-27", "monitor-1"):
        assert await _owed(world, party) == []
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{world.gateway.port}") as nobody:
        answer = await nobody.get("/v1/owed")
    assert (answer.status_code, answer.json()["code"]) == (401, "key-missing")


async def test_what_can_be_answered_no_more_is_not_asked_for(world: World) -> None:
    assert len(await _owed(world)) == 1

    await world.later(91)

    assert await _owed(world) == []


async def test_each_reading_of_it_is_a_leaf_of_the_log(world: World) -> None:
    await _owed(world)

    rows = await world.gateway.pool.fetch(
        "SELECT envelope FROM timeline.entries WHERE case_ref = $1 AND kind = 'read'",
        world.opened.case_ref,
    )
    assert [orjson.loads(row["envelope"])["data"] for row in rows] == [{"party": NGO}]
    assert await _owed(world, "ngo-bishkek") == []  # who reads nothing of it leaves no trace
    count = "SELECT count(*) FROM timeline.entries WHERE case_ref = $1 AND kind = 'read'"
    assert await world.gateway.pool.fetchval(count, world.opened.case_ref) == 1


async def test_the_oldest_comes_first(world: World) -> None:
    second = await World(world.gateway, world.agent, world.prison, f"{world.alias}-b").begin()
    await second.name(NGO, f"N-{second.alias}")
    older = _recalled().model_copy(update={"recalled_at": ASKED_AT - timedelta(days=1)})
    await second.say(older, CaseClosed(reason_code="consent-withdrawn"))

    subjects = [one["subject"] for one in await _owed(world)]

    assert subjects == [f"N-{second.alias}", f"N-{world.alias}"]
