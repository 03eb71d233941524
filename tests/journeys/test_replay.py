"""All cases of the world folded anew from what is stored: nothing else is what the services know."""

from collections import defaultdict
from typing import Any
from uuid import UUID

import pytest

from throughcare.contracts.envelope import Message, decode
from throughcare.gateway.known import Known, hear, load
from throughcare.gateway.work import items
from throughcare.protocol.half import Half
from throughcare.protocol.intake import HALF as INTAKE
from throughcare.protocol.release import HALF as RELEASE
from throughcare.protocol.release.rights import is_forgotten
from throughcare.tests.journeys.together import Histories
from throughcare.tests.journeys.world import World

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]


async def _streams(world: World, table: str) -> dict[UUID, list[Message]]:
    rows = await world.operator.fetch(
        f"SELECT case_ref, envelope FROM {table} ORDER BY case_ref, version"  # noqa: S608
    )
    found: defaultdict[UUID, list[Message]] = defaultdict(list)
    for row in rows:
        found[row["case_ref"]].append(decode(row["envelope"]))
    return found


@pytest.mark.parametrize("half", [INTAKE, RELEASE], ids=lambda half: str(half.name))
async def test_folded_from_zero_every_case_stands_where_the_services_have_it(
    histories: Histories, half: Half[Any]
) -> None:
    """Scenario 15."""
    world = histories.world
    await world.settle()
    own = await _streams(world, f"{half.name}.events")
    # Not what the service says it heard: what the other half recorded.
    other = await _streams(world, "release.events" if half is INTAKE else "intake.events")
    rows = await world.operator.fetch(
        f"SELECT case_ref, version, heard_version, state, next_due_at FROM {half.name}.cases"  # noqa: S608
    )
    assert len(rows) >= 30

    for row in rows:
        case_ref = row["case_ref"]
        state = half.initial(case_ref)
        for message in own[case_ref]:
            state = half.evolve(state, message)
        for message in other[case_ref]:
            state = half.hear(state, message)

        assert state == half.load(row["state"]), case_ref
        assert half.next_due_at(state) == row["next_due_at"]
        assert row["version"] == len(own[case_ref])
        assert row["heard_version"] == len(other[case_ref])


async def test_a_case_keeps_the_version_under_which_it_began(histories: Histories) -> None:
    """Scenario 15: what a later version says does not reach it."""
    rows = await histories.world.operator.fetch(
        "SELECT c.case_ref, c.protocol_version,"
        " array_agg(DISTINCT convert_from(e.envelope, 'UTF8')::jsonb ->> 'protocolversion') AS said"
        " FROM gateway.cases c JOIN"
        " (SELECT case_ref, envelope FROM intake.events"
        "  UNION ALL SELECT case_ref, envelope FROM release.events) e USING (case_ref)"
        " GROUP BY c.case_ref"
    )

    assert len({row["protocol_version"] for row in rows}) == 5
    assert all(row["said"] == [row["protocol_version"]] for row in rows)


async def test_the_work_that_parties_find_is_what_release_has_promised(
    histories: Histories,
) -> None:
    """Of every case: the live deadlines, the alarms that nobody took on, and nothing beside them."""
    world = histories.world
    await world.settle()
    own = await _streams(world, "release.events")
    remembered = {
        row["case_ref"]: load(row["known"])
        for row in await world.operator.fetch("SELECT case_ref, known FROM gateway.work_known")
    }
    listed: defaultdict[UUID, set[tuple[Any, ...]]] = defaultdict(set)
    for row in await world.operator.fetch(
        "SELECT case_ref, task, referral_id, party, role, due_at, since, after_end FROM gateway.work"
    ):
        listed[row["case_ref"]].add(tuple(row)[1:])
    found = 0

    for case_ref, messages in own.items():
        state, known = RELEASE.initial(case_ref), Known()
        for message in messages:
            state, known = RELEASE.evolve(state, message), hear(known, message)
            # Answers that outlive the case (D23) are listed as what a party owes.
            live = {(d.code, d.referral_id, d.step) for d in state.own.live if d.code != "D23"}
            heard = {(p.code, p.referral_id, p.step) for p in known.promises if p.code != "D23"}
            alarms = {one.id for one in state.own.escalations if not one.acknowledged}
            assert heard == live
            assert {one.id for one in known.alarms} == alarms
            found += len(live) + len(alarms)
        if is_forgotten(state):
            assert not known.promises
            assert not known.alarms
            assert not listed[case_ref]
            continue
        assert known == remembered.get(case_ref, Known()), case_ref
        assert listed[case_ref] == set(items(known, messages[0].protocol_version))
    assert found > 100
