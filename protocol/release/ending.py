"""The end of a case: open referrals are cancelled, then it is closed; nothing else closes it."""

from collections.abc import Iterable

from throughcare.contracts import facts
from throughcare.contracts import release_commands as commands
from throughcare.contracts import release_events as events
from throughcare.contracts.codes import CancelReason, CloseReason
from throughcare.contracts.kinds import Event
from throughcare.contracts.medicine_events import ContinuityHandedIntoCustody
from throughcare.protocol.decision import Context, Refused, Superseded
from throughcare.protocol.profiles.model import Profile
from throughcare.protocol.release.medicine_state import RUNNING
from throughcare.protocol.release.state import OPEN, LeftUnasked, Outside, Referral, State


def close(
    referrals: Iterable[Referral], reason: CloseReason, cancel: CancelReason = "case-closed"
) -> tuple[Event, ...]:
    """A receiver learns that its referral is over, and of the reason only that permission ended."""
    return (
        *(
            events.ReferralCancelled(referral_id=one.id, reason_code=cancel)
            for one in referrals
            if isinstance(one.stand, OPEN)
        ),
        events.CaseClosed(reason_code=reason),
    )


def dated(said: tuple[Event, ...], context: Context) -> tuple[Event, ...]:
    """The end says when it was: how long the case is kept counts from there (D28)."""
    at = {"closed_at": context.received_at}
    return tuple(
        one.model_copy(update=at) if isinstance(one, events.CaseClosed) else one for one in said
    )


def record_death(
    state: State, fact: facts.PersonDied, context: Context, profile: Profile
) -> tuple[Event, ...] | Refused:
    died = events.PersonDied(place=fact.place, died_on=fact.died_on)
    return (died, *close(state.own.referrals, "died"))


def report_death(
    state: State, command: commands.ReportDeath, context: Context, profile: Profile
) -> tuple[Event, ...] | Refused:
    died = events.PersonDied(place="community", died_on=command.died_on)
    return (died, *close(state.own.referrals, "died"))


def reincarcerated(
    state: State, command: commands.ReportReincarceration, context: Context, profile: Profile
) -> tuple[Event, ...] | Refused | Superseded:
    person = state.own.person
    if not isinstance(person, Outside | LeftUnasked):
        return Refused("person-not-released")
    if context.occurred_at < person.released_at:
        return Superseded("older-than-applied")
    handed = _into_custody(state, command)
    if isinstance(handed, Refused):
        return handed
    back = events.PersonReincarcerated(
        learnt_at=context.occurred_at, source_code=command.source_code
    )
    return (back, *handed, *close(state.own.referrals, "reincarcerated"))


def _into_custody(
    state: State, command: commands.ReportReincarceration
) -> tuple[Event, ...] | Refused:
    """Path M: the lines that run, to the new facility, if the person wants that; nothing else."""
    if command.continuity_to is None:
        return ()
    if not command.person_agrees:
        return Refused("custody-handover-not-agreed")
    lines = tuple(one.line for one in state.own.lines if isinstance(one.stand, RUNNING))
    if not lines:
        return Refused("no-line-runs")
    return (ContinuityHandedIntoCustody(to_facility=command.continuity_to, lines=lines),)
