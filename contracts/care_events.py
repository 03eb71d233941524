"""What release decided about ends and turns of a referral, about recipients whose permission
ended, and the first step of the ladder. † marks what is said without the person's consent.
"""

from datetime import date
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from throughcare.contracts.codes import (
    DataAction,
    DeadlineCode,
    Moment,
    PartyCode,
    ReceiverType,
    Role,
    SenderCancelReason,
    ServiceOutcome,
    SuspensionReason,
)
from throughcare.contracts.kinds import Event


class ServiceEnded(Event):
    name: ClassVar[str] = "service-ended"
    referral_id: UUID
    ended_at: Moment
    outcome_code: ServiceOutcome


class CancellationRequested(Event):
    """The sender wants a place back that somebody holds: over when the receiver confirms."""

    name: ClassVar[str] = "cancellation-requested"
    referral_id: UUID
    reason_code: SenderCancelReason
    requested_at: Moment


class WaitingPlaceTaken(Event):
    """The offer stands again, to be answered by the day the place comes free."""

    name: ClassVar[str] = "waiting-place-taken"
    referral_id: UUID
    receiver: PartyCode
    receiver_type: ReceiverType
    waiting_until: date
    taken_at: Moment
    answer_due_at: Moment


class ReceiverSuspended(Event):
    """Nothing of this case is offered to it any more."""

    name: ClassVar[str] = "receiver-suspended"
    receiver: PartyCode
    reason_code: SuspensionReason
    suspended_at: Moment


class PermissionRecalled(Event):
    """† This recipient has to hear that permission ended, and to say what became of the data.

    Both promises (D23) outlive the case.
    """

    name: ClassVar[str] = "permission-recalled"
    #: The first referral by which it may know of the person; one a recipient.
    referral_id: UUID
    receiver: PartyCode
    receiver_type: ReceiverType
    recalled_at: Moment


class RecipientTold(Event):
    """† A recipient knows that permission ended."""

    name: ClassVar[str] = "recipient-told"
    referral_id: UUID
    told_at: Moment


class WithdrawalAcknowledged(Event):
    """† A recipient stopped, and said what became of the data it had."""

    name: ClassVar[str] = "withdrawal-acknowledged"
    referral_id: UUID
    data_action: DataAction


class DeadlineReminded(Event):
    """† Level 0 of the ladder: whose turn it is hears so before the time is over."""

    name: ClassVar[str] = "deadline-reminded"
    code: DeadlineCode
    referral_id: UUID | None = None
    step: int | None = None
    due_at: Moment
    #: 1 for the first reminder of a promise.
    number: Annotated[int, Field(ge=1)]
    to_role: Role
    to_party: PartyCode | None = None


CARE_EVENTS: tuple[type[Event], ...] = (
    ServiceEnded,
    CancellationRequested,
    WaitingPlaceTaken,
    ReceiverSuspended,
    PermissionRecalled,
    RecipientTold,
    WithdrawalAcknowledged,
    DeadlineReminded,
)
