"""What the prison says: dates, transfers, the release. Its order of arrival is not trusted.

A fact older than the last applied of its kind is superseded, so any order of arrival leads to
the same state. What the prison leaves out stays unknown.
"""

from datetime import date, datetime

from throughcare.contracts import facts
from throughcare.contracts import release_commands as commands
from throughcare.contracts import release_events as events
from throughcare.contracts.codes import DateChange, Ground
from throughcare.contracts.kinds import Event
from throughcare.protocol.calendar import local_day
from throughcare.protocol.decision import Context, Refused, Superseded
from throughcare.protocol.profiles.model import Profile
from throughcare.protocol.release.life_promises import is_outside_already
from throughcare.protocol.release.rules import opening
from throughcare.protocol.release.state import (
    Granted,
    InCustody,
    LeftUnasked,
    Outside,
    State,
)
from throughcare.protocol.release.ways import in_custody, said_again

_OLD = Superseded("older-than-applied")
Answer = tuple[Event, ...] | Refused | Superseded


def schedule(
    state: State, fact: facts.ReleaseScheduled, context: Context, profile: Profile
) -> Answer:
    """A date became known; said of a case that has one, it moves it."""
    person = in_custody(state.own.person, context.occurred_at)
    if not isinstance(person, InCustody):
        return person
    on = fact.expected_release_on
    if _is_old(person.date_said_at, context.occurred_at):
        return _OLD
    if on < local_day(profile, context.occurred_at):
        return Refused("release-date-in-the-past")
    if person.expected_on == on:
        return said_again(person, context, profile)
    if person.expected_on is not None:
        return (_changed(person.expected_on, on, context, fact),)
    return (
        events.ReleaseScheduled(
            expected_release_on=on,
            said_at=context.occurred_at,
            known_at=context.received_at,
            ground_code=fact.ground_code,
            facility=fact.facility,
        ),
    )


def reschedule(
    state: State, fact: facts.ReleaseRescheduled, context: Context, profile: Profile
) -> Answer:
    person = in_custody(state.own.person, context.occurred_at)
    if not isinstance(person, InCustody):
        return person
    on = fact.expected_release_on
    if _is_old(person.date_said_at, context.occurred_at):
        return _OLD
    if on is not None and on < local_day(profile, context.occurred_at):
        return Refused("release-date-in-the-past")
    if person.expected_on == on:
        return said_again(person, context, profile)
    return (_changed(person.expected_on, on, context, fact),)


def transfer(
    state: State, fact: facts.PersonTransferred, context: Context, profile: Profile
) -> Answer:
    person = in_custody(state.own.person, context.occurred_at)
    if not isinstance(person, InCustody):
        return person
    if _is_old(person.moved_at, context.occurred_at):
        return _OLD
    here = state.own.facility or opening(state).facility
    if here == fact.to_facility:
        return ()
    moved = events.PersonTransferred(
        from_facility=fact.from_facility or here,
        to_facility=fact.to_facility,
        transferred_at=context.occurred_at,
        medicines_moved=fact.medicines_moved,
    )
    if person.gaps is None:
        return (moved,)
    return (moved, events.ReadinessLost(reason_code="transferred"))


def release(state: State, fact: facts.PersonReleased, context: Context, profile: Profile) -> Answer:
    return _released(state, context, profile, fact.ground_code, fact.facility)


def record_release(
    state: State, command: commands.RecordRelease, context: Context, profile: Profile
) -> Answer:
    return _released(state, context, profile, command.ground_code, None)


def _released(
    state: State,
    context: Context,
    profile: Profile,
    ground: Ground | None,
    facility: str | None,
) -> Answer:
    person = state.own.person
    if isinstance(person, Outside | LeftUnasked):
        return _OLD if context.occurred_at < person.released_at else ()
    if not isinstance(person, InCustody):
        return Refused("case-closed")
    if person.back_at is not None and context.occurred_at <= person.back_at:
        return _OLD
    if not isinstance(opening(state).consent, Granted):
        return (
            events.PersonReleasedBeforeConsent(
                released_at=context.occurred_at,
                known_at=context.received_at,
                ground_code=ground,
                facility=facility,
            ),
        )
    return (
        events.PersonReleased(
            released_at=context.occurred_at,
            known_at=context.received_at,
            unplanned=person.gaps is None,
            ground_code=ground,
            facility=facility,
            counts_from=context.received_at if is_outside_already(state) else None,
        ),
    )


def _is_old(last: datetime | None, said_at: datetime) -> bool:
    return last is not None and said_at < last


def _changed(
    old: date | None,
    new: date | None,
    context: Context,
    fact: facts.ReleaseScheduled | facts.ReleaseRescheduled,
) -> events.ReleaseRescheduled:
    change: DateChange
    if new is None:
        change = "cancelled"
    else:
        change = "brought-forward" if old is not None and new < old else "postponed"
    return events.ReleaseRescheduled(
        change=change,
        old_on=old,
        new_on=new,
        said_at=context.occurred_at,
        known_at=context.received_at,
        reason_code=getattr(fact, "reason_code", None),
        ground_code=fact.ground_code,
        facility=fact.facility,
    )
