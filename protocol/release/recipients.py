"""Those who hold something of a person whose permission ended: told, and asked what they did.

D23 runs on after the case closed: a closed case keeps these promises and no other.
"""

from datetime import date, datetime

from throughcare.contracts import care_commands as commands
from throughcare.contracts import care_events as events
from throughcare.contracts import release_commands
from throughcare.contracts.kinds import Data, Event
from throughcare.contracts.release_events import ReferralCancelled, RerouteNeeded
from throughcare.protocol.calendar import local_day
from throughcare.protocol.decision import Context, Refused
from throughcare.protocol.profiles.model import Profile
from throughcare.protocol.release import referral
from throughcare.protocol.release.care import may_know
from throughcare.protocol.release.ending import close
from throughcare.protocol.release.finish import applied
from throughcare.protocol.release.rules import consent, covers, next_receiver, plan_item, working_on
from throughcare.protocol.release.state import (
    OPEN,
    OVER,
    PLACED,
    Candidate,
    Failed,
    Item,
    Recall,
    Referral,
    State,
)

Answer = tuple[Event, ...] | Refused

_AFTER_THE_END: frozenset[type[Data]] = frozenset(
    {
        commands.ConfirmRecipientTold,
        commands.AcknowledgeWithdrawal,
        release_commands.AcknowledgeEscalation,
        release_commands.RunDeadlines,
    }
)


def still_heard(state: State, message: Data) -> bool:
    """Whether this may be said of a closed case: as long as a recipient owes an answer."""
    return bool(state.own.recalls) and type(message) in _AFTER_THE_END


def recall(state: State, referrals: tuple[Referral, ...], at: datetime) -> tuple[Event, ...]:
    """Each party once, by its first referral; who is being asked already only if it got more since."""
    live = {one.receiver for one in state.own.referrals if not isinstance(one.stand, OVER)}
    owing = {one.receiver for one in state.own.recalls} - live
    first = {one.receiver: one for one in reversed(referrals) if may_know(one)}
    return tuple(
        events.PermissionRecalled(
            referral_id=one.id,
            receiver=one.receiver,
            receiver_type=one.receiver_type,
            recalled_at=at,
        )
        for one in referrals
        if first.get(one.receiver) is one and one.receiver not in owing
    )


def withdrawn(state: State, context: Context) -> tuple[Event, ...]:
    referrals = state.own.referrals
    return (
        *recall(state, referrals, context.received_at),
        *close(referrals, "consent-withdrawn", "consent-withdrawn"),
    )


def expired(state: State, context: Context) -> tuple[Event, ...]:
    """D02d. The recipients stop as after a withdrawal: they have no more right to it."""
    referrals = state.own.referrals
    return (
        *recall(state, referrals, context.received_at),
        *close(referrals, "consent-expired", "consent-withdrawn"),
    )


def narrowed(state: State, context: Context, profile: Profile) -> tuple[Event, ...]:
    """Referrals that what is left no longer reaches are over, and their items look for another.

    Where somebody already met the person the care goes on between the two, and not here.
    """
    today = local_day(profile, context.received_at)
    lost = tuple(
        one
        for one in state.own.referrals
        if may_know(one) and not _is_covered(state, one, today, profile)
    )
    said: list[Event] = list(recall(state, lost, context.received_at))
    for one in lost:
        if not isinstance(one.stand, OPEN + PLACED):
            continue
        said.append(ReferralCancelled(referral_id=one.id, reason_code="consent-withdrawn"))
        if isinstance(one.stand, OPEN):
            said.extend(referral.reroute(applied(state, said), one, context, profile))
    return tuple(said)


def _is_covered(state: State, one: Referral, today: date, profile: Profile) -> bool:
    given = consent(state, today)
    item = Item(one.item, one.service_type, one.mandatory, ())
    return given is not None and covers(
        given, item, Candidate(one.receiver, one.receiver_type), profile
    )


def widened(state: State, context: Context, profile: Profile) -> tuple[Event, ...]:
    """What stood still for want of permission goes on by itself."""
    today = local_day(profile, context.received_at)
    said: list[Event] = []
    for item in {one.item: one for one in state.own.referrals}.values():
        if not isinstance(item.stand, Failed) or working_on(state.own, item.item) is not None:
            continue
        planned = plan_item(state, item.item)
        if planned is None or next_receiver(state, planned, profile, today) is None:
            continue
        more = referral.reroute(applied(state, said), item, context, profile)
        said.extend(one for one in more if not isinstance(one, RerouteNeeded))
    return tuple(said)


def confirm_told(
    state: State, command: commands.ConfirmRecipientTold, context: Context, profile: Profile
) -> Answer:
    one = _recall(state, command.referral_id)
    if one is None:
        return Refused("nothing-to-acknowledge")
    if one.told:
        return ()
    return (events.RecipientTold(referral_id=one.referral_id, told_at=context.occurred_at),)


def acknowledge(
    state: State, command: commands.AcknowledgeWithdrawal, context: Context, profile: Profile
) -> Answer:
    """By any referral of the party that speaks: it need not know which one stands for all.

    A case that was reopened since has forgotten the others; the one that stands for all counts on.
    """
    if (command.referral_id, context.party) not in {
        *((one.id, one.receiver) for one in state.own.referrals),
        *((one.referral_id, one.receiver) for one in state.own.recalls),
    }:
        return Refused("referral-unknown")
    one = next((one for one in state.own.recalls if one.receiver == context.party), None)
    if one is None:
        return Refused("nothing-to-acknowledge")
    return (
        events.WithdrawalAcknowledged(referral_id=one.referral_id, data_action=command.data_action),
    )


def _recall(state: State, referral_id: object) -> Recall | None:
    return next((one for one in state.own.recalls if one.referral_id == referral_id), None)
