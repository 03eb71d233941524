"""What stops a case, and at which moment: a withdrawal and an opening at the same time, a death that was none."""

import asyncio
from uuid import UUID

import asyncpg
import pytest

from throughcare.tests.database import world as w
from throughcare.tests.database.desk import Desk, waits

_DEATH = "org.throughcare.command.report-death.v1"


def _stop(desk: Desk, case_ref: UUID, kind: str = w.WITHDRAWAL, role: str = "ngo") -> str:
    service = w.STOPPING[kind]
    number = "2" if service == "intake" else "1"
    return w.keeping(
        desk.party, role, case_ref, kind=kind, service=service, number=number,
        their_id=str(case_ref),
    )  # fmt: skip


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
    await desk.second.execute(_stop(desk, case_ref))

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

    stopped = asyncio.create_task(desk.call(_stop(desk, case_ref)))
    assert await waits(stopped)
    await transaction.commit()
    await stopped

    assert await desk.call(_OPENINGS[opening], case_ref) == [(_AFTER_STOP,)]


async def test_the_person_stops_their_case_at_any_desk_by_their_code(desk: Desk) -> None:
    case_ref, other = await desk.case(), Desk(desk.database)
    await other.open()
    assert await other.call(_stop(other, case_ref)) == [(None,)]
    assert await _stops(desk, case_ref) == []

    said = _stop(other, case_ref, role="client")
    assert await other.call(w.by_person(w.mark_of("person", case_ref), said)) == [(True,)]

    assert await desk.disclose(case_ref) == _AFTER_STOP
    await other.close()


async def test_who_stops_a_case_holds_its_row_before_its_gate(desk: Desk) -> None:
    """The order in which everybody takes both: the other one ended in a deadlock."""
    case_ref, gate = await desk.case(), "SELECT pg_try_advisory_lock(intake.gate($1))"
    transaction = desk.owner.transaction()
    await transaction.start()
    await desk.owner.execute("SELECT FROM gateway.cases WHERE case_ref = $1 FOR UPDATE", case_ref)

    stopped = asyncio.create_task(desk.call(_stop(desk, case_ref)))
    assert await waits(stopped)
    is_free = await desk.owner.fetchval(gate, case_ref)
    await desk.owner.execute("SELECT pg_advisory_unlock(intake.gate($1))", case_ref)
    await transaction.commit()

    assert await stopped == [(True,)]
    assert is_free


async def _stops(desk: Desk, case_ref: UUID) -> list[bool]:
    """Of each that stands, whether it is for good."""
    rows = await desk.owner.fetch(
        "SELECT for_good FROM intake.stopped WHERE case_ref = $1 ORDER BY for_good", case_ref
    )
    return [row["for_good"] for row in rows]


async def _refuse(desk: Desk, case_ref: UUID) -> None:
    await desk.owner.execute(
        "SELECT intake.take_back_stops(array_agg(case_ref), array_agg(id)) FROM gateway.commands"
        " WHERE case_ref = $1 AND outcome IS NULL", case_ref,
    )  # fmt: skip


async def test_a_death_stops_for_good_and_a_withdrawal_until_the_next_consent(desk: Desk) -> None:
    dead, withdrawn = await desk.cases(2)
    await desk.call(_stop(desk, dead, _DEATH))
    await desk.call(_stop(desk, withdrawn))

    assert await _stops(desk, dead) == [True]
    assert await _stops(desk, withdrawn) == [False]


async def test_who_was_only_asked_stops_nothing_by_a_death(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.owner.execute("DELETE FROM release.acceptances WHERE case_ref = $1", case_ref)

    assert await desk.call(_stop(desk, case_ref, _DEATH)) == [(True,)]

    assert await _stops(desk, case_ref) == []
    assert await desk.disclose(case_ref) == "referral-not-accepted"


async def test_a_death_that_was_refused_takes_its_own_stop_back_and_no_other(desk: Desk) -> None:
    case_ref, other = await desk.cases(2)
    for one in (case_ref, other):
        await desk.call(_stop(desk, one, _DEATH))
    await desk.call(_stop(desk, case_ref).replace(f"'{case_ref}', 'org", "'w', 'org"))
    assert await _stops(desk, case_ref) == [False, True]

    await _refuse(desk, case_ref)

    assert await _stops(desk, case_ref) == [False]
    assert await _stops(desk, other) == [True]
    await _refuse(desk, other)
    assert await desk.disclose(other) == "P1"


async def test_a_word_that_was_not_kept_stops_nothing(desk: Desk) -> None:
    """Its number was taken by another one; it comes again with the next."""
    case_ref = await desk.case()
    late = _stop(desk, case_ref).replace("'intake', 2", "'intake', 3").replace(", 2", ", 3")

    assert await desk.call(late) == [(None,)]

    assert await _stops(desk, case_ref) == []
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await desk.call("SELECT intake.stop($1)", case_ref)
