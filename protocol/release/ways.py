"""Ways of custody that are no release: a date said again, an absence, a release taken back."""

from datetime import date, datetime

from throughcare.contracts import life_events as events
from throughcare.contracts import life_facts as facts
from throughcare.contracts.codes import Role
from throughcare.contracts.kinds import Data, Event
from throughcare.protocol.calendar import after
from throughcare.protocol.decision import Context, Decided, Refused, Superseded
from throughcare.protocol.profiles.model import Profile
from throughcare.protocol.release import medicine, referral
from throughcare.protocol.release.finish import applied
from throughcare.protocol.release.life_promises import is_confirmed
from throughcare.protocol.release.state import (
    Ended,
    InCustody,
    LeftUnasked,
    NotMet,
    Outside,
    Referral,
    Situation,
    State,
)

Answer = tuple[Event, ...] | Refused | Superseded

_OLD = Superseded("older-than-applied")
PRISON_ROLES: frozenset[Role] = frozenset({"prison-admin", "prison-health", "prison-psych"})


def said_again(person: InCustody, context: Context, profile: Profile) -> tuple[Event, ...]:
    """D11: the same date once more. It is worth an event when it keeps a promise, else nothing."""
    on = person.expected_on
    if on is None or all(
        is_confirmed(person.date_said_at, on, step, profile)
        or not is_confirmed(context.occurred_at, on, step, profile)
        for step in profile.life.confirm_days
    ):
        return ()
    return (events.ReleaseDateConfirmed(expected_release_on=on, said_at=context.occurred_at),)


def confirm_date(
    state: State, fact: facts.ReleaseDateConfirmed, context: Context, profile: Profile
) -> Answer:
    person = in_custody(state.own.person, context.occurred_at)
    if not isinstance(person, InCustody):
        return person
    if _is_old(person.date_said_at, context.occurred_at):
        return _OLD
    if person.expected_on != fact.expected_release_on:
        return Refused("release-date-differs")
    return said_again(person, context, profile)


def reverse(
    state: State, fact: facts.ReleaseReversed, context: Context, profile: Profile
) -> Answer:
    """As long as nobody has met the person; after that, coming back is another imprisonment.

    A prison says it by itself for as long as it has a part in the case. Later it is answered alike
    whatever became of the person, and the coordinator asks (decision 21).
    """
    person = state.own.person
    if isinstance(person, InCustody):
        already_so = person.back_at is not None and context.occurred_at <= person.back_at
        return () if already_so else Refused("person-not-released")
    if isinstance(person, Ended):
        return Refused("case-closed")
    before = context.occurred_at < person.released_at
    if _is_too_late(person, context, profile):
        if person.denied or before:
            return ()  # as of a case that has closed meanwhile
        return (
            events.ReversalReported(
                said_at=context.occurred_at, reason_code=fact.reason_code, facility=fact.facility
            ),
        )
    if before:
        return _OLD
    if person.met if isinstance(person, LeftUnasked) else not isinstance(person.contact, NotMet):
        return Refused("person-already-met")
    return (
        events.ReleaseReversed(
            said_at=context.occurred_at, reason_code=fact.reason_code, facility=fact.facility
        ),
        *medicine.decided_anew(state, context),
    )


def _is_too_late(person: Outside | LeftUnasked, context: Context, profile: Profile) -> bool:
    """Who is a prison speaks as one, whatever else it is."""
    until = after(profile, person.released_at, profile.life.reverse_alone)
    return context.received_at >= until and not PRISON_ROLES.isdisjoint(context.roles)


def after_the_end(
    ended: Ended, message: Data, context: Context, profile: Profile
) -> Decided | Refused:
    """What is said of a closed case: a prison that denies its release late learns nothing of the end."""
    if (
        isinstance(message, facts.ReleaseReversed)
        and isinstance(ended.was, Outside | LeftUnasked)
        and _is_too_late(ended.was, context, profile)
    ):
        return Decided(())
    return Refused("case-closed")


def leave(state: State, fact: facts.AbsenceBegun, context: Context, profile: Profile) -> Answer:
    """Said of who is away already, it names where they are now: from hospital to court."""
    person = in_custody(state.own.person, context.occurred_at)
    if not isinstance(person, InCustody):
        return person
    if _is_old(person.absence_said_at, context.occurred_at):
        return _OLD
    if person.absent is not None and person.absent.kind_code == fact.kind_code:
        return ()
    return (
        events.AbsenceBegun(
            said_at=context.occurred_at,
            kind_code=fact.kind_code,
            expected_back_on=fact.expected_back_on,
        ),
    )


def come_back(state: State, fact: facts.AbsenceEnded, context: Context, profile: Profile) -> Answer:
    person = in_custody(state.own.person, context.occurred_at)
    if not isinstance(person, InCustody):
        return person
    if _is_old(person.absence_said_at, context.occurred_at):
        return _OLD
    if person.absent is None:
        return () if person.absence_said_at is not None else Refused("person-not-absent")
    return (events.AbsenceEnded(said_at=context.occurred_at),)


def lapse(state: State, one: Referral, context: Context, profile: Profile) -> tuple[Event, ...]:
    """D07b: the place was kept until yesterday. Nobody said no, so the same receiver may be next."""
    lapsed = events.AcceptanceLapsed(referral_id=one.id, lapsed_at=context.received_at)
    return (lapsed, *referral.reroute(applied(state, (lapsed,)), one, context, profile))


def asks_again(profile: Profile, old_on: date | None, new_on: date | None) -> bool:
    """Whether a moved date calls for asking again what was decided about medicines."""
    if old_on is None or new_on is None:
        return False
    return abs((new_on - old_on).days) > profile.life.ask_again_days


def in_custody(person: Situation, said_at: datetime) -> InCustody | Refused | Superseded:
    match person:
        case InCustody():
            return person
        case Outside() | LeftUnasked():
            return _OLD if said_at < person.released_at else Refused("person-already-released")
        case _:
            return Refused("case-closed")


def _is_old(last: datetime | None, said_at: datetime) -> bool:
    return last is not None and said_at < last
