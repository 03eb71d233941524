"""What a receiver reports so that the person gets more support, and nothing else.

A relapse stays between the person and that receiver: it ends nothing, costs nothing, and only
a task without a cause leaves. So does what the person survived; a death is said as a death.
"""

from throughcare.contracts import medicine_commands as commands
from throughcare.contracts import medicine_events as events
from throughcare.contracts.kinds import Event
from throughcare.protocol.calendar import local_day
from throughcare.protocol.decision import Context, Refused
from throughcare.protocol.profiles.model import Profile
from throughcare.protocol.release.rules import outside, own_referral, responsible
from throughcare.protocol.release.state import PLACED, Referral, State

Answer = tuple[Event, ...] | Refused


def relapse(
    state: State, command: commands.ReportRelapse, context: Context, profile: Profile
) -> Answer:
    one = own_referral(state, context, command.referral_id)
    if isinstance(one, Refused):
        return one
    if not isinstance(one.stand, PLACED):
        return Refused("referral-not-accepted")
    person = outside(state)
    if isinstance(person, Refused):
        return person
    return (
        events.RelapseReported(
            referral_id=one.id,
            reported_at=context.received_at,
            reported_by=command.reported_by,
        ),
    )


def overdose(
    state: State, command: commands.ReportOverdose, context: Context, profile: Profile
) -> Answer:
    """Path O: somebody sees the person within a day, a kit again, the plan looked at anew."""
    one = _who_sees(state, command, context, profile)
    if isinstance(one, Refused):
        return one
    person = outside(state)
    if isinstance(person, Refused):
        return person
    if command.occurred_on > local_day(profile, context.occurred_at):
        return Refused("day-in-the-future")
    if command.occurred_on < local_day(profile, person.released_at):
        return Refused("person-not-released")
    reported = events.OverdoseReported(
        referral_id=None if one is None else one.id,
        occurred_on=command.occurred_on,
        reported_at=context.received_at,
        setting=command.setting,
    )
    return (reported, events.PlanReviewProposed(proposed_at=context.received_at))


def _who_sees(
    state: State, command: commands.ReportOverdose, context: Context, profile: Profile
) -> Referral | Refused | None:
    """The receiver that reports; else the one that answers for the person, if there is one."""
    if command.referral_id is None:
        if context.roles.isdisjoint({"client", "protocol-coordinator"}):
            return Refused("referral-unknown")
        return responsible(state, profile)
    one = own_referral(state, context, command.referral_id)
    if isinstance(one, Refused):
        return one
    return one if isinstance(one.stand, PLACED) else Refused("referral-not-accepted")
