"""The end of a case: open referrals are cancelled, then it is closed; nothing else closes it."""

from collections.abc import Iterable

from throughcare.contracts import facts
from throughcare.contracts import release_commands as commands
from throughcare.contracts import release_events as events
from throughcare.contracts.codes import CancelReason, CloseReason
from throughcare.contracts.kinds import Event
from throughcare.protocol.decision import Context, Refused
from throughcare.protocol.profiles.model import Profile
from throughcare.protocol.release.rules import outside
from throughcare.protocol.release.state import OPEN, Referral, State


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
) -> tuple[Event, ...] | Refused:
    person = outside(state)
    if isinstance(person, Refused):
        return person
    back = events.PersonReincarcerated(
        learnt_at=context.occurred_at, source_code=command.source_code
    )
    return (back, *close(state.own.referrals, "reincarcerated"))
