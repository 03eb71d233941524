"""What release decided of medicines that must not stop, of the emergency kit, and of safety.

A medicine line is a kind of medicine; its name and dose are never said. Days are local dates.
"""

from datetime import date
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from throughcare.contracts.codes import (
    FacilityCode,
    KitPlace,
    KitUnavailableReason,
    KitUser,
    LineUnavailableReason,
    LocalCode,
    MedicineLine,
    Moment,
    ReportedBy,
    SafetySetting,
)
from throughcare.contracts.kinds import Event

Days = Annotated[int, Field(ge=0, le=365)]


class CareEvent(Event):
    """What these have in common: one fold."""


class LineEvent(CareEvent):
    """Of one medicine line."""

    line: MedicineLine


class ContinuityItemOpened(LineEvent):
    """The person takes such a medicine, or wants to: whether it goes on is to be decided."""

    name: ClassVar[str] = "continuity-item-opened"
    opened_at: Moment


class ContinuationRequested(LineEvent):
    """The person decided to go on after the release."""

    name: ClassVar[str] = "continuation-requested"
    requested_at: Moment
    decided_on: date
    #: Of the leaflet on all options that the person acknowledged before deciding (D04).
    leaflet_version: LocalCode | None = None


class ContinuationDeclinedByClient(LineEvent):
    """The person decided not to go on."""

    name: ClassVar[str] = "continuation-declined-by-client"
    decided_on: date
    leaflet_version: LocalCode | None = None


class ContinuationUnavailable(LineEvent):
    """Where the person goes, nobody gives it."""

    name: ClassVar[str] = "continuation-unavailable"
    reason_code: LineUnavailableReason


class ReceivingSiteConfirmed(LineEvent):
    """The receiver of this referral expects the person on this day."""

    name: ClassVar[str] = "receiving-site-confirmed"
    referral_id: UUID
    expected_on: date


class BridgingSupplied(LineEvent):
    """What was given along; `covered_through` is the last local day it reaches."""

    name: ClassVar[str] = "bridging-supplied"
    last_supervised_on: date
    supply_days: Days
    covered_through: date


class CommunityDoseReceived(LineEvent):
    """Taken, or handed out, at the receiving site."""

    name: ClassVar[str] = "community-dose-received"
    referral_id: UUID
    taken_on: date
    covered_through: date
    #: Calendar days without any since the last day covered.
    missed_days: Annotated[int, Field(ge=0)]
    #: So many that the country's guideline has the medicine begun anew.
    restart: bool


class DoseGapOpened(LineEvent):
    """Nothing was taken from this day on, as far as anybody has said."""

    name: ClassVar[str] = "dose-gap-opened"
    from_on: date


class GapClosedWithoutResumption(LineEvent):
    """The medicine is not taken up again."""

    name: ClassVar[str] = "gap-closed-without-resumption"
    closed_on: date


class ContinuityHandedIntoCustody(CareEvent):
    """The person is back inside and agreed that prison health there takes these lines on."""

    name: ClassVar[str] = "continuity-handed-into-custody"
    to_facility: FacilityCode
    lines: Annotated[tuple[MedicineLine, ...], Field(min_length=1, max_length=5)]


class NaloxoneOffered(CareEvent):
    name: ClassVar[str] = "naloxone-offered"
    offered_at: Moment


class OverdoseTrainingDone(CareEvent):
    name: ClassVar[str] = "overdose-training-done"
    trained_on: date
    family_trained: bool


class NaloxoneIssued(CareEvent):
    name: ClassVar[str] = "naloxone-issued"
    issued_on: date
    kits: Annotated[int, Field(ge=1, le=20)]
    at: KitPlace


class NaloxoneDeclined(CareEvent):
    name: ClassVar[str] = "naloxone-declined"
    declined_on: date


class NaloxoneUnavailable(CareEvent):
    """Counted against coverage, with its reason."""

    name: ClassVar[str] = "naloxone-unavailable"
    reason_code: KitUnavailableReason


class NaloxoneUsed(CareEvent):
    """A kit was used. On whom is not said, and by whom need not be."""

    name: ClassVar[str] = "naloxone-used"
    used_on: date
    reported_at: Moment
    by_kind: KitUser | None = None
    survived: bool | None = None


class RelapseReported(CareEvent):
    """Between the person and this receiver. It ends nothing and takes nothing away."""

    name: ClassVar[str] = "relapse-reported"
    referral_id: UUID
    reported_at: Moment
    reported_by: ReportedBy


class OverdoseReported(CareEvent):
    """The person survived; a death is said as a death, without a cause."""

    name: ClassVar[str] = "overdose-reported"
    #: Who is to see the person; None: nobody holds the case.
    referral_id: UUID | None = None
    occurred_on: date
    reported_at: Moment
    setting: SafetySetting | None = None


class PlanReviewProposed(CareEvent):
    """The plan should be looked at again with the person; why is not said."""

    name: ClassVar[str] = "plan-review-proposed"
    proposed_at: Moment


MEDICINE_EVENTS: tuple[type[CareEvent], ...] = (
    ContinuityItemOpened,
    ContinuationRequested,
    ContinuationDeclinedByClient,
    ContinuationUnavailable,
    ReceivingSiteConfirmed,
    BridgingSupplied,
    CommunityDoseReceived,
    DoseGapOpened,
    GapClosedWithoutResumption,
    ContinuityHandedIntoCustody,
    NaloxoneOffered,
    OverdoseTrainingDone,
    NaloxoneIssued,
    NaloxoneDeclined,
    NaloxoneUnavailable,
    NaloxoneUsed,
    RelapseReported,
    OverdoseReported,
    PlanReviewProposed,
)
