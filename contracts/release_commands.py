"""Commands to release: referrals, readiness, contact, follow-up, escalations, deadlines."""

from datetime import date
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from throughcare.contracts.care_commands import CARE_COMMANDS
from throughcare.contracts.codes import (
    AcceptanceWithdrawnReason,
    CheckpointDay,
    ContactKind,
    DeadlineCode,
    DeclineReason,
    EngagementCriterion,
    FacilityCode,
    GapReason,
    Ground,
    ItemNumber,
    MedicineGap,
    MissedReason,
    Moment,
    OutreachMeans,
    OutreachResult,
    ReadinessGap,
    Receiver,
    ReceiverType,
    ReincarcerationSource,
    SenderCancelReason,
    WaiveReason,
)
from throughcare.contracts.kinds import Command
from throughcare.contracts.medicine_commands import MEDICINE_COMMANDS
from throughcare.contracts.rights_commands import RIGHTS_COMMANDS


class SendReferral(Command):
    """Offer the case to a receiver; the referral takes the id of this command."""

    name: ClassVar[str] = "send-referral"
    #: Of the plan.
    item: ItemNumber
    #: None: the next one of the plan's list that consent covers.
    receiver: Receiver | None = None
    #: Ask several at once; the first yes wins. On a short track that is done anyway.
    several: bool | None = None


class AcknowledgeReferral(Command):
    """The receiver has seen the offer and will answer."""

    name: ClassVar[str] = "acknowledge-referral"
    referral_id: UUID


class AcceptReferral(Command):
    name: ClassVar[str] = "accept-referral"
    referral_id: UUID
    #: The local date until which the place is kept; None: as long as it takes.
    valid_until: date | None = None


class DeclineReferral(Command):
    name: ClassVar[str] = "decline-referral"
    referral_id: UUID
    reason_code: DeclineReason
    suggested_type: ReceiverType | None = None
    #: The local date from which a place would be free, if the sender wants to wait for it.
    waiting_from: date | None = None


class WithdrawAcceptance(Command):
    """The receiver can no longer keep what it accepted."""

    name: ClassVar[str] = "withdraw-acceptance"
    referral_id: UUID
    reason_code: AcceptanceWithdrawnReason


class CancelReferral(Command):
    """The sender takes the offer back; a place that somebody holds, when the holder confirms."""

    name: ClassVar[str] = "cancel-referral"
    referral_id: UUID
    reason_code: SenderCancelReason


class BookAppointment(Command):
    name: ClassVar[str] = "book-appointment"
    referral_id: UUID
    appointment_at: Moment


class ReportMissedAppointment(Command):
    name: ClassVar[str] = "report-missed-appointment"
    referral_id: UUID
    reason_code: MissedReason = "no-show"


class RecordOutreach(Command):
    """An attempt to find the person, at the envelope's `time`."""

    name: ClassVar[str] = "record-outreach"
    referral_id: UUID
    means: OutreachMeans
    result: OutreachResult


class RecordAttendance(Command):
    """The receiver met the person, at the envelope's `time`."""

    name: ClassVar[str] = "record-attendance"
    referral_id: UUID
    accompanied: bool = False


class ConfirmCodeArrived(Command):
    """Somebody came with the code of the person who was referred: they were there, whoever they are."""

    name: ClassVar[str] = "confirm-code-arrived"
    referral_id: UUID


class EngageService(Command):
    """The person takes part in the service, by the criterion given."""

    name: ClassVar[str] = "engage-service"
    referral_id: UUID
    criterion_code: EngagementCriterion


class ConfirmReadiness(Command):
    """A human confirms that the person can leave; each mandatory item is placed or its gap named."""

    name: ClassVar[str] = "confirm-readiness"
    gaps: Annotated[tuple[ReadinessGap, ...], Field(max_length=20)] = ()
    #: Medicine lines that are left open, each with its reason.
    medicine_gaps: Annotated[tuple[MedicineGap, ...], Field(max_length=5)] = ()
    #: Why the emergency kit is left open; None: it is not.
    kit_gap: GapReason | None = None


class RecordRelease(Command):
    """Somebody who saw the person outside says so, where the prison did not."""

    name: ClassVar[str] = "record-release"
    ground_code: Ground | None = None


class AcknowledgeRelease(Command):
    """A human at the receiver confirms: we know that the person is out."""

    name: ClassVar[str] = "acknowledge-release"
    referral_id: UUID


class CheckFollowUp(Command):
    name: ClassVar[str] = "check-follow-up"
    referral_id: UUID
    checkpoint_day: CheckpointDay
    contact_kind: ContactKind
    still_engaged: bool
    housing_ok: bool | None = None
    naloxone_at_hand: bool | None = None


class DeclareContactLost(Command):
    name: ClassVar[str] = "declare-contact-lost"
    referral_id: UUID


class CompleteFollowUp(Command):
    name: ClassVar[str] = "complete-follow-up"
    referral_id: UUID


class ReportDeath(Command):
    """A receiver or coordinator learnt that the person died outside. No cause."""

    name: ClassVar[str] = "report-death"
    died_on: date | None = None


class ReportReincarceration(Command):
    name: ClassVar[str] = "report-reincarceration"
    source_code: ReincarcerationSource
    #: Where the person wants the medicine to go on; None: nobody in custody is told of it.
    continuity_to: FacilityCode | None = None
    #: The person said yes to that, to whoever reports.
    person_agrees: bool = False


class AcknowledgeEscalation(Command):
    """A human has seen the alarm and takes it on."""

    name: ClassVar[str] = "acknowledge-escalation"
    escalation_id: UUID


class WaiveDeadline(Command):
    """A coordinator says why a promise need not be kept."""

    name: ClassVar[str] = "waive-deadline"
    code: DeadlineCode
    referral_id: UUID | None = None
    step: int | None = None
    reason_code: WaiveReason


class RunDeadlines(Command):
    """What fell due by `as_of` takes effect, in the order in which it fell due."""

    name: ClassVar[str] = "run-deadlines"
    as_of: Moment
    #: Something for the case has waited too long undecided: tell people, end nothing.
    escalate_only: bool = False


RELEASE_COMMANDS: tuple[type[Command], ...] = (
    SendReferral,
    AcknowledgeReferral,
    AcceptReferral,
    DeclineReferral,
    WithdrawAcceptance,
    CancelReferral,
    BookAppointment,
    ReportMissedAppointment,
    RecordOutreach,
    RecordAttendance,
    EngageService,
    ConfirmReadiness,
    RecordRelease,
    AcknowledgeRelease,
    CheckFollowUp,
    DeclareContactLost,
    CompleteFollowUp,
    ReportDeath,
    ReportReincarceration,
    AcknowledgeEscalation,
    WaiveDeadline,
    RunDeadlines,
    *MEDICINE_COMMANDS,
    *CARE_COMMANDS,
    ConfirmCodeArrived,
    *RIGHTS_COMMANDS,
)
