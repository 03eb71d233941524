"""Commands to release about ends and turns of a referral, and about permission that ended."""

from typing import ClassVar
from uuid import UUID

from throughcare.contracts.codes import (
    DataAction,
    PartyCode,
    ServiceOutcome,
    SuspensionReason,
)
from throughcare.contracts.kinds import Command


class EndService(Command):
    """The receiver's own service is over for the person; the follow-up may go on."""

    name: ClassVar[str] = "end-service"
    referral_id: UUID
    outcome_code: ServiceOutcome


class ConfirmCancellation(Command):
    """The receiver has heard that the sender takes the person's place back."""

    name: ClassVar[str] = "confirm-cancellation"
    referral_id: UUID


class WaitForPlace(Command):
    """The sender waits for the place offered with the no, instead of asking somebody else."""

    name: ClassVar[str] = "wait-for-place"
    referral_id: UUID


class SuspendReceiver(Command):
    """A receiver closed or was suspended: what it holds of this case looks for another."""

    name: ClassVar[str] = "suspend-receiver"
    receiver: PartyCode
    reason_code: SuspensionReason


class ConfirmRecipientTold(Command):
    """Somebody made sure that a recipient knows that permission ended."""

    name: ClassVar[str] = "confirm-recipient-told"
    referral_id: UUID


class AcknowledgeWithdrawal(Command):
    """The recipient stopped, and says what became of the data it had."""

    name: ClassVar[str] = "acknowledge-withdrawal"
    referral_id: UUID
    data_action: DataAction


CARE_COMMANDS: tuple[type[Command], ...] = (
    EndService,
    ConfirmCancellation,
    WaitForPlace,
    SuspendReceiver,
    ConfirmRecipientTold,
    AcknowledgeWithdrawal,
)
