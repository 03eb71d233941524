"""Ends and turns of a referral: a service that ended, a place taken back, waited for, or closed."""

from throughcare.contracts import care_commands as commands
from throughcare.contracts import care_events as events
from throughcare.contracts.kinds import Event
from throughcare.contracts.release_events import (
    AcceptanceWithdrawn,
    PersonDied,
    ReferralCancelled,
)
from throughcare.protocol.calendar import end_of_day
from throughcare.protocol.decision import Context, Refused
from throughcare.protocol.profiles.model import Profile
from throughcare.protocol.release import referral
from throughcare.protocol.release.ending import close
from throughcare.protocol.release.finish import applied
from throughcare.protocol.release.rules import own_referral, plan_item, working_on
from throughcare.protocol.release.state import (
    OPEN,
    OVER,
    PLACED,
    Attended,
    Deadline,
    Engaged,
    Failed,
    Sent,
    State,
)

Answer = tuple[Event, ...] | Refused

#: The person still needs what the item is for; who left or has what they need is not passed on.
_GOES_ON = frozenset({"transferred", "excluded"})


def end(state: State, command: commands.EndService, context: Context, profile: Profile) -> Answer:
    one = own_referral(state, context, command.referral_id)
    if isinstance(one, Refused):
        return one
    if isinstance(one.stand, OVER):
        return Refused("referral-ended")
    if not isinstance(one.stand, Attended | Engaged):
        return Refused("referral-not-attended")
    ended = events.ServiceEnded(
        referral_id=one.id, ended_at=context.occurred_at, outcome_code=command.outcome_code
    )
    if command.outcome_code == "died":
        died = PersonDied(place="community")
        return (ended, died, *close(state.own.referrals, "died"))
    if command.outcome_code not in _GOES_ON:
        return (ended,)
    return (ended, *referral.reroute(applied(state, (ended,)), one, context, profile))


def confirm_cancellation(
    state: State, command: commands.ConfirmCancellation, context: Context, profile: Profile
) -> Answer:
    one = own_referral(state, context, command.referral_id)
    if isinstance(one, Refused):
        return one
    if one.recall_reason is None or not isinstance(one.stand, OPEN):
        return Refused("no-cancellation-requested")
    return (ReferralCancelled(referral_id=one.id, reason_code=one.recall_reason),)


def cancel_unconfirmed(
    state: State, deadline: Deadline, context: Context, profile: Profile
) -> tuple[Event, ...]:
    """D07c: silence agrees."""
    one = next(one for one in state.own.referrals if one.id == deadline.referral_id)
    return (ReferralCancelled(referral_id=one.id, reason_code=one.recall_reason or "other"),)


def wait_for_place(
    state: State, command: commands.WaitForPlace, context: Context, profile: Profile
) -> Answer:
    """Nobody else is asked meanwhile: on that day the receiver answers, or the offer is over."""
    one = next((one for one in state.own.referrals if one.id == command.referral_id), None)
    if one is None:
        return Refused("referral-unknown")
    if not isinstance(one.stand, Failed) or one.stand.waiting_from is None:
        return Refused("no-waiting-place")
    if one.receiver in state.own.suspended:
        return Refused("receiver-suspended")
    item = plan_item(state, one.item)
    if item is None:
        return Refused("plan-item-unknown")
    if working_on(state.own, item.item) is not None:
        return Refused("item-has-open-referral")
    no = referral.may_offer(state, item, one, context, profile)
    if no is not None:
        return no
    due_at = end_of_day(profile, one.stand.waiting_from)
    if due_at <= context.received_at:
        return Refused("no-waiting-place")
    return (
        events.WaitingPlaceTaken(
            referral_id=one.id,
            receiver=one.receiver,
            receiver_type=one.receiver_type,
            waiting_until=one.stand.waiting_from,
            taken_at=context.received_at,
            answer_due_at=due_at,
        ),
    )


def suspend_receiver(
    state: State, command: commands.SuspendReceiver, context: Context, profile: Profile
) -> Answer:
    """Path T. Whoever it served needs another as much as whoever it was only asked to take."""
    if command.receiver in state.own.suspended:
        return ()
    held = [one for one in state.own.referrals if one.receiver == command.receiver]
    if not held:
        return Refused("receiver-not-in-case")
    said: list[Event] = [
        events.ReceiverSuspended(
            receiver=command.receiver,
            reason_code=command.reason_code,
            suspended_at=context.received_at,
        )
    ]
    for one in held:
        if isinstance(one.stand, Sent):
            said.append(ReferralCancelled(referral_id=one.id, reason_code="receiver-suspended"))
        elif isinstance(one.stand, PLACED):
            said.append(
                AcceptanceWithdrawn(
                    referral_id=one.id,
                    reason_code="service-closed",
                    withdrawn_at=context.received_at,
                )
            )
        else:
            continue
        said.extend(referral.reroute(applied(state, said), one, context, profile))
    return tuple(said)
