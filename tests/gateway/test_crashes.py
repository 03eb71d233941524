"""A gateway that dies at any of its crash points loses nothing and does nothing twice."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from throughcare.gateway.relay import Relay
from throughcare.runtime.journal import Producer
from throughcare.tests.gateway.fake_agent import FakeAgent
from throughcare.tests.gateway.foreign import ForeignClient
from throughcare.tests.gateway.ground import Gateway, event, eventually, open_case

#: Each is armed for a run of its own, in which it must fire.
_POINTS = (
    "door.before_commit",
    "door.after_commit",
    "relay.after_send",
    "outcome.before_store",
    "outcome.after_store",
)


@pytest.fixture
async def mended(gateway: Gateway) -> AsyncIterator[Gateway]:
    """The gateway of all tests, running again when this one is over: also when it failed."""
    yield gateway
    if gateway.is_armed:
        await gateway.stop()
        await gateway.launch()


async def _send(gateway: Gateway, said: dict[str, Any]) -> httpx2.Response | None:
    """The answer, or None where the connection broke."""
    door = "facts" if ".fact." in said["type"] else "commands"
    async with gateway.client("ik-27") as client:
        try:
            return await client.post(f"/v1/{door}", json=said, headers={"prefer": "wait=20"})
        except httpx2.TransportError:
            return None


async def test_a_command_survives_a_kill_at_every_point_and_has_its_effect_once(
    mended: Gateway, agent: FakeAgent
) -> None:
    said = {point: open_case(f"X-{number}") for number, point in enumerate(_POINTS)}
    await mended.stop()
    for point in _POINTS:
        await mended.launch(THROUGHCARE_CRASH_AT=f"{point}:1:KILL")
        assert await _send(mended, said[point]) is None
        assert await mended.exited() == -9, point

    await mended.launch()

    answers = [await _send(mended, said[point]) for point in _POINTS]
    assert [answer and answer.status_code // 100 for answer in answers] == [2] * len(_POINTS)
    ids = [answer.headers["location"].rpartition("/")[2] for answer in answers if answer]
    effects = [sum(str(m.id) == id for m in agent.seen) for id in ids]
    assert effects == [1] * len(_POINTS)
    names = await mended.pool.fetch("SELECT alias FROM gateway.aliases WHERE party = 'ik-27'")
    assert sum(mended.alias("ik-27", n["alias"]).startswith("X-") for n in names) == len(_POINTS)


async def test_a_fact_survives_a_kill_at_the_door_and_is_taken_once(
    mended: Gateway, agent: FakeAgent, foreign: ForeignClient
) -> None:
    opened = await _send(mended, open_case("X-F"))
    assert opened is not None
    assert opened.status_code == 201
    facts = [
        event("fact", "release-scheduled", "X-F", expected_release_on=f"2026-12-{day}")
        for day in (24, 25)
    ]
    await mended.stop()
    for point, fact in zip(_POINTS, facts, strict=False):
        await mended.launch(THROUGHCARE_CRASH_AT=f"{point}:1:KILL")
        foreign.emit_fact(fact)
        assert await mended.exited() == -9, point

    await mended.launch()

    for fact in facts:
        assert len(await foreign.outcomes_for(fact["id"])) == 1
    case_ref = agent.of(opened.headers["location"].rpartition("/")[2]).case_ref
    dates = [
        m.data.model_dump()["expected_release_on"].day
        for m in agent.seen
        if m.case_ref == case_ref and m.data.name == "release-scheduled"
    ]
    assert dates == [24, 25]


async def test_what_is_undecided_goes_to_another_cluster_at_once(
    gateway: Gateway, agent: FakeAgent
) -> None:
    """A gateway that finds another cluster has everything undecided relayed again."""
    await gateway.pool.execute(
        "UPDATE gateway.commands SET relay_at = now() + interval '1 hour', relays = 9"
    )
    producer = Producer.__new__(Producer)  # nothing is sent here
    pool = gateway.pool
    same = await pool.fetchval("SELECT cluster_id FROM gateway.relayed_to")
    undecided = await pool.fetchval(
        """
        INSERT INTO gateway.commands
            (id, party, source, their_id, type, body_mark, case_ref, service, number,
             received_at, envelope, relay_at, relays)
        VALUES (gen_random_uuid(), 'ik-27', '/x', 'undecided', 'x', 'x', gen_random_uuid(),
                'intake', 1, now(), 'x', now() + interval '1 hour', 9)
        RETURNING id
        """
    )
    due = "SELECT relay_at <= now() AND relays = 0 FROM gateway.commands WHERE id = $1"
    try:
        await Relay(pool, producer, same).begin()
        assert not await pool.fetchval(due, undecided)

        await Relay(pool, producer, "another").begin()

        assert await pool.fetchval(due, undecided)
    finally:
        await pool.execute("DELETE FROM gateway.commands WHERE id = $1", undecided)
        await pool.execute("UPDATE gateway.relayed_to SET cluster_id = $1", same)


async def test_the_sweeper_backs_off_and_leaves_a_service_alone_that_is_down(
    gateway: Gateway,
) -> None:
    pool = gateway.pool
    id = await pool.fetchval(
        """
        INSERT INTO gateway.commands
            (id, party, source, their_id, type, body_mark, case_ref, service, number,
             received_at, envelope, relay_at, relays)
        VALUES (gen_random_uuid(), 'ik-27', '/x', 'nobody-decides', 'x', 'x', gen_random_uuid(),
                'release', 1, now(), '{}', now(), 3)
        RETURNING id
        """
    )
    try:
        await pool.execute("DELETE FROM runtime.heartbeats WHERE service = 'release'")
        await asyncio.sleep(2.5)
        assert await pool.fetchval("SELECT relays FROM gateway.commands WHERE id = $1", id) == 3

        await pool.execute(
            "INSERT INTO runtime.heartbeats VALUES ('release', 'x', clock_timestamp(), true, 12)"
        )

        async def is_relayed() -> bool:
            query = "SELECT relays FROM gateway.commands WHERE id = $1"
            return bool(await pool.fetchval(query, id) == 4)

        await eventually(is_relayed)
        wait = await pool.fetchval(
            "SELECT extract(epoch FROM relay_at - now()) FROM gateway.commands WHERE id = $1", id
        )
        assert 10 < wait <= 16  # 2^4 s
    finally:
        await pool.execute("DELETE FROM runtime.heartbeats WHERE instance = 'x'")
        await pool.execute("DELETE FROM gateway.commands WHERE id = $1", id)
