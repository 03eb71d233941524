"""The fold of what is told in `contracts/care_events.py`, and of ends that leave something owed."""

from typing import assert_never
from uuid import UUID

from throughcare.contracts import care_events as events
from throughcare.contracts.codes import DeadlineCode
from throughcare.contracts.release_events import CaseClosed, ReferralCancelled
from throughcare.protocol.record import replace
from throughcare.protocol.release.state import (
    OVER,
    PLACED,
    Cancelled,
    Ended,
    Finished,
    Own,
    Recall,
    Referral,
    Sent,
)

CareEvent = (
    events.ServiceEnded
    | events.CancellationRequested
    | events.WaitingPlaceTaken
    | events.ReceiverSuspended
    | events.PermissionRecalled
    | events.RecipientTold
    | events.WithdrawalAcknowledged
    | events.DeadlineReminded
)

#: Of a case that is closed: what recipients and who keeps the data owe the person.
OUTLIVES: frozenset[DeadlineCode] = frozenset({"D23", "D24", "D28", "D29"})


def apply(own: Own, event: CareEvent) -> Own:
    match event:
        case events.ServiceEnded():
            return _change(own, event.referral_id, stand=Finished(event.ended_at), owes_word=False)
        case events.CancellationRequested():
            return _change(
                own,
                event.referral_id,
                recall_at=event.requested_at,
                recall_reason=event.reason_code,
            )
        case events.WaitingPlaceTaken():
            stand = Sent(event.taken_at, event.answer_due_at, received=True)
            return _change(own, event.referral_id, stand=stand)
        case events.ReceiverSuspended():
            return replace(own, suspended=(*own.suspended, event.receiver))
        case events.PermissionRecalled():
            recall = Recall(event.referral_id, event.receiver, event.recalled_at)
            others = tuple(one for one in own.recalls if one.receiver != event.receiver)
            return replace(own, recalls=(*others, recall))
        case events.RecipientTold():
            recalls = tuple(
                replace(one, told=True) if one.referral_id == event.referral_id else one
                for one in own.recalls
            )
            return replace(own, recalls=recalls)
        case events.WithdrawalAcknowledged():
            recalls = tuple(one for one in own.recalls if one.referral_id != event.referral_id)
            return replace(own, recalls=recalls)
        case events.DeadlineReminded():
            key = (event.code, event.referral_id, event.step)
            live = tuple(
                replace(one, reminded=event.number)
                if (one.code, one.referral_id, one.step) == key
                else one
                for one in own.live
            )
            return replace(own, live=live)
        case _:
            assert_never(event)


def cancelled(own: Own, event: ReferralCancelled) -> Own:
    """A receiver that held the place may know who the person is."""
    held = (one for one in own.referrals if isinstance(one.stand, PLACED))
    stand = Cancelled(knew=event.referral_id in {one.id for one in held})
    return _change(own, event.referral_id, stand=stand, recall_at=None, recall_reason=None)


def closed(own: Own, event: CaseClosed) -> Own:
    """All ends with it, save what is still owed to the person."""
    was = None if isinstance(own.person, Ended) else own.person
    return replace(
        own,
        person=Ended(event.reason_code, was, event.closed_at),
        live=tuple(one for one in own.live if one.code in OUTLIVES),
        done=tuple(one for one in own.done if one.code in OUTLIVES),
        escalations=tuple(one for one in own.escalations if one.code in OUTLIVES),
    )


def _change(own: Own, referral_id: UUID, **fields: object) -> Own:
    referrals = tuple(
        replace(one, **fields) if one.id == referral_id else one for one in own.referrals
    )
    return replace(own, referrals=referrals)


def may_know(one: Referral) -> bool:
    """Whether a receiver was offered the person's case and did not simply say no."""
    return not isinstance(one.stand, OVER) or (
        isinstance(one.stand, Finished) or getattr(one.stand, "knew", False)
    )
