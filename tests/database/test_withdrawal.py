"""A withdrawal and an opening at the same time: whichever commits first counts."""

import asyncio

import asyncpg
import pytest

from throughcare.tests.database import world as w
from throughcare.tests.database.desk import Desk, waits

_STOP = "SELECT intake.stop($1)"
_OPENINGS = {
    "disclose": "SELECT coalesce(refusal, data_class)"
    " FROM vault.disclose(gen_random_uuid(), $1, '{P1}', 'handover', 'n')",
    "break_glass": "SELECT coalesce(refusal, data_class)"
    " FROM vault.break_glass(gen_random_uuid(), $1, '{P1}', 'unconscious', 'n')",
    "begin_entry": "SELECT coalesce(refusal, 'P1') FROM vault.begin_entry($1, 'P1')",
}
_AFTER_STOP = "consent-withdrawn"


@pytest.mark.parametrize("opening", _OPENINGS)
async def test_an_opening_waits_for_a_withdrawal_under_way_and_is_refused(
    desk: Desk, opening: str
) -> None:
    case_ref = await desk.case()
    transaction = desk.second.transaction()
    await transaction.start()
    await desk.second.execute("SELECT access.enter($1)", desk.keys[1])
    await desk.second.execute(_STOP, case_ref)

    asked = asyncio.create_task(desk.call(_OPENINGS[opening], case_ref))
    assert await waits(asked)
    await transaction.commit()

    assert await asked == [(_AFTER_STOP,)]


@pytest.mark.parametrize("opening", _OPENINGS)
async def test_a_withdrawal_waits_for_an_opening_under_way_and_stops_the_next(
    desk: Desk, opening: str
) -> None:
    case_ref = await desk.case()
    transaction = desk.second.transaction()
    await transaction.start()
    await desk.second.execute("SELECT access.enter($1)", desk.keys[1])
    assert await desk.second.fetchval(_OPENINGS[opening], case_ref) == "P1"

    stopped = asyncio.create_task(desk.call(_STOP, case_ref))
    assert await waits(stopped)
    await transaction.commit()
    await stopped

    assert await desk.call(_OPENINGS[opening], case_ref) == [(_AFTER_STOP,)]


async def test_the_person_stops_their_case_at_any_desk_by_their_code(desk: Desk) -> None:
    case_ref, other = await desk.case(), Desk(desk.database)
    await other.open()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await other.call(_STOP, case_ref)

    await other.call("SELECT intake.stop(vault.person_says($1))", w.mark_of("person", case_ref))

    assert await desk.disclose(case_ref) == _AFTER_STOP
    await other.close()
