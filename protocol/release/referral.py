"""Referrals: offered to one receiver at a time for an item, answered, followed by the next."""

from uuid import UUID

from throughcare.contracts import release_commands as commands
from throughcare.contracts import release_events as events
from throughcare.contracts.care_events import CancellationRequested
from throughcare.contracts.codes import RerouteReason
from throughcare.contracts.kinds import Event
from throughcare.protocol.calendar import after, local_day
from throughcare.protocol.decision import Context, Refused
from throughcare.protocol.profiles.model import Profile
from throughcare.protocol.record import replace
from throughcare.protocol.release.finish import applied
from throughcare.protocol.release.medicine import not_ready
from throughcare.protocol.release.rules import (
    asked,
    consent,
    covers,
    may_be_asked,
    next_receiver,
    opening,
    own_referral,
    plan_item,
    track,
    unplaced,
    working_on,
)
from throughcare.protocol.release.state import (
    OPEN,
    OVER,
    PLACED,
    Accepted,
    Booked,
    Candidate,
    Granted,
    InCustody,
    Item,
    Missed,
    Outside,
    Referral,
    Sent,
    State,
)

Answer = tuple[Event, ...] | Refused


def send(
    state: State, command: commands.SendReferral, context: Context, profile: Profile
) -> Answer:
    """The first offer for an item, or a coordinator's own choice after the list is exhausted."""
    today = local_day(profile, context.received_at)
    if not opening(state).plan:
        return Refused("no-plan")
    item = plan_item(state, command.item)
    if item is None:
        return Refused("plan-item-unknown")
    busy = working_on(state.own, item.item)
    # Where the date came closer, others are asked beside who has not answered yet.
    if busy is not None and not (command.several and isinstance(busy.stand, Sent)):
        return Refused("item-has-open-referral")
    given = consent(state, today)
    if given is None:
        return Refused("no-consent")
    if command.receiver is None:
        receiver = next_receiver(state, item, profile, today)
        if receiver is None:
            return Refused("no-receiver-left")
    else:
        receiver = Candidate(command.receiver.party, command.receiver.receiver_type)
        if receiver.receiver_type not in profile.services[item.service_type].receivers:
            return Refused("receiver-does-not-fit-service")
        if receiver.party in asked(state.own, item.item) | _asked_now(state, item):
            return Refused("receiver-already-asked")
        no = may_offer(state, item, receiver, context, profile)
        if no is not None:
            return no
    sent = offer(state, item, receiver, given, context, profile, context.id, _failed(state, item))
    others: tuple[Event, ...] = ()
    if command.receiver is None:
        others = _others(state, sent, item, given, context, profile, several=command.several)
    if state.own.referrals:
        return (sent, *others)
    return (sent, events.PlacementStarted(referral_id=sent.referral_id), *others)


def may_offer(
    state: State, item: Item, receiver: Candidate | Referral, context: Context, profile: Profile
) -> Refused | None:
    """Whether consent reaches this receiver now, and nothing else keeps the offer from it."""
    party = receiver.party if isinstance(receiver, Candidate) else receiver.receiver
    candidate = Candidate(party, receiver.receiver_type)
    given = consent(state, local_day(profile, context.received_at))
    if given is None:
        return Refused("no-consent")
    if not covers(given, item, candidate, profile):
        return Refused("consent-does-not-cover-receiver")
    if party in state.own.suspended:
        return Refused("receiver-suspended")
    if not may_be_asked(state, candidate, profile):
        return Refused("receiver-only-after-release")
    return None


def _asked_now(state: State, item: Item) -> frozenset[str]:
    return frozenset(
        one.receiver
        for one in state.own.referrals
        if one.item == item.item and isinstance(one.stand, Sent)
    )


def _others(
    state: State,
    sent: events.ReferralSent,
    item: Item,
    given: Granted,
    context: Context,
    profile: Profile,
    *,
    several: bool | None,
) -> tuple[Event, ...]:
    """An open call: where time is short the plan's next receivers are asked together with the first.

    The first yes wins and the other offers are over (`accept`). Nobody learns who it is before.
    """
    if several is False or (several is None and sent.urgency == "routine"):
        return ()
    said: list[Event] = [sent]
    today = local_day(profile, context.received_at)
    room = profile.care.open_call[sent.urgency] - len(_asked_now(state, item))
    while len(said) < room:
        asked_now = {one.receiver for one in said if isinstance(one, events.ReferralSent)}
        rest = item.receivers
        left = replace(item, receivers=tuple(r for r in rest if r.party not in asked_now))
        receiver = next_receiver(state, left, profile, today)
        if receiver is None:
            break
        follows = sent.after_referral_id
        id_ = context.new_id()
        said.append(offer(state, item, receiver, given, context, profile, id_, follows))
    return tuple(said[1:])


def offer(
    state: State,
    item: Item,
    receiver: Candidate,
    given: Granted,
    context: Context,
    profile: Profile,
    referral_id: UUID,
    follows: UUID | None,
) -> events.ReferralSent:
    """Runs from when it was recorded: the receiver cannot have seen it earlier."""
    sent_at = context.received_at
    urgency = track(state, sent_at, profile)
    return events.ReferralSent(
        referral_id=referral_id,
        item=item.item,
        service_type=item.service_type,
        mandatory=item.mandatory,
        receiver=receiver.party,
        receiver_type=receiver.receiver_type,
        urgency=urgency,
        consent_id=given.consent_id,
        sent_at=sent_at,
        answer_due_at=after(profile, sent_at, profile.answer[urgency]),
        after_referral_id=follows,
    )


def reroute(state: State, one: Referral, context: Context, profile: Profile) -> tuple[Event, ...]:
    """After a no or no answer: the plan's next receiver, else a task for the coordinator.

    `state` already holds the referral as failed.
    """
    item = plan_item(state, one.item)
    if item is None:
        return ()  # the plan has moved on
    if working_on(state.own, one.item) is not None:
        return ()  # others were asked as well
    today = local_day(profile, context.received_at)
    given = consent(state, today)
    receiver = next_receiver(state, item, profile, today)
    if given is not None and receiver is not None:
        referral_id = context.new_id()
        sent = offer(state, item, receiver, given, context, profile, referral_id, one.id)
        more = _others(state, sent, item, given, context, profile, several=None)
        return (sent, *more)
    left = {candidate.party for candidate in item.receivers} - asked(state.own, item.item)
    reason: RerouteReason = "consent-does-not-cover" if left else "no-receiver-left"
    return (events.RerouteNeeded(referral_id=one.id, item=one.item, reason_code=reason),)


def acknowledge(
    state: State, command: commands.AcknowledgeReferral, context: Context, profile: Profile
) -> Answer:
    one = _unanswered(state, context, command.referral_id)
    if isinstance(one, Refused):
        return one
    if isinstance(one.stand, Sent) and one.stand.received:
        return ()
    return (events.ReferralReceived(referral_id=one.id),)


def accept(
    state: State, command: commands.AcceptReferral, context: Context, profile: Profile
) -> Answer:
    one = _unanswered(state, context, command.referral_id)
    if isinstance(one, Refused):
        return one
    if consent(state, local_day(profile, context.received_at)) is None:
        return Refused("no-consent")
    accepted = events.ReferralAccepted(
        referral_id=one.id, valid_until=command.valid_until, accepted_at=context.received_at
    )
    return (
        accepted,
        *(
            events.ReferralCancelled(referral_id=other.id, reason_code="placed-elsewhere")
            for other in state.own.referrals
            if other.item == one.item and other.id != one.id and isinstance(other.stand, Sent)
        ),
    )


def decline(
    state: State, command: commands.DeclineReferral, context: Context, profile: Profile
) -> Answer:
    one = _unanswered(state, context, command.referral_id)
    if isinstance(one, Refused):
        return one
    declined = events.ReferralDeclined(
        referral_id=one.id,
        reason_code=command.reason_code,
        declined_at=context.received_at,
        suggested_type=command.suggested_type,
        waiting_from=command.waiting_from,
    )
    alone = working_on(applied(state, (declined,)).own, one.item) is None
    if command.waiting_from is not None and alone:
        return (declined,)  # the sender's choice (D08): to wait, or to ask the next
    return (declined, *reroute(applied(state, (declined,)), one, context, profile))


def withdraw_acceptance(
    state: State, command: commands.WithdrawAcceptance, context: Context, profile: Profile
) -> Answer:
    one = own_referral(state, context, command.referral_id)
    if isinstance(one, Refused):
        return one
    if isinstance(one.stand, OVER):
        return Refused("referral-ended")
    if isinstance(one.stand, Sent):
        return Refused("referral-not-accepted")
    if not isinstance(one.stand, OPEN):
        return Refused("referral-already-attended")
    withdrawn = events.AcceptanceWithdrawn(
        referral_id=one.id,
        reason_code=command.reason_code,
        withdrawn_at=context.received_at,
    )
    return (withdrawn, *reroute(applied(state, (withdrawn,)), one, context, profile))


def cancel(
    state: State, command: commands.CancelReferral, context: Context, profile: Profile
) -> Answer:
    one = next((one for one in state.own.referrals if one.id == command.referral_id), None)
    if one is None:
        return Refused("referral-unknown")
    if isinstance(one.stand, OVER):
        return Refused("referral-ended")
    if not isinstance(one.stand, OPEN):
        return Refused("referral-already-attended")
    if not isinstance(one.stand, Sent):
        # A place that somebody holds is not taken from under their hands.
        if one.recall_at is not None:
            return ()
        asked_at = context.received_at
        return (
            CancellationRequested(
                referral_id=one.id, reason_code=command.reason_code, requested_at=asked_at
            ),
        )
    return (events.ReferralCancelled(referral_id=one.id, reason_code=command.reason_code),)


def book(
    state: State, command: commands.BookAppointment, context: Context, profile: Profile
) -> Answer:
    one = own_referral(state, context, command.referral_id)
    if isinstance(one, Refused):
        return one
    if isinstance(one.stand, OVER):
        return Refused("referral-ended")
    if isinstance(one.stand, Sent):
        return Refused("referral-not-accepted")
    if _met_outside(state, one) and not isinstance(one.stand, Accepted | Booked | Missed):
        return Refused("referral-already-attended")
    if command.appointment_at <= context.occurred_at:
        return Refused("appointment-in-the-past")
    return (events.AppointmentBooked(referral_id=one.id, appointment_at=command.appointment_at),)


def confirm_readiness(
    state: State, command: commands.ConfirmReadiness, context: Context, profile: Profile
) -> Answer:
    person = state.own.person
    if not isinstance(person, InCustody):
        return Refused("person-already-released")
    if not opening(state).plan:
        return Refused("no-plan")
    if person.gaps is not None:
        return Refused("already-ready")
    if not set(unplaced(state)) <= {gap.item for gap in command.gaps}:
        return Refused("not-ready")
    lines = tuple(gap.line for gap in command.medicine_gaps)
    if (no := not_ready(state, lines, command.kit_gap is not None)) is not None:
        return no
    return (
        events.ReadinessConfirmed(
            gaps=command.gaps, medicine_gaps=command.medicine_gaps, kit_gap=command.kit_gap
        ),
    )


def _met_outside(state: State, one: Referral) -> bool:
    """A visit in custody does not use up the first appointment outside."""
    person = state.own.person
    return (
        isinstance(person, Outside)
        and one.seen_at is not None
        and one.seen_at >= person.released_at
    )


def _unanswered(state: State, context: Context, referral_id: UUID) -> Referral | Refused:
    one = own_referral(state, context, referral_id)
    if isinstance(one, Refused):
        return one
    if isinstance(one.stand, OVER):
        return Refused("referral-ended")
    if isinstance(one.stand, PLACED):
        return Refused("referral-already-answered")
    return one


def _failed(state: State, item: Item) -> UUID | None:
    """The last referral of the item that ended without a place."""
    return next((one.id for one in reversed(state.own.referrals) if one.item == item.item), None)
