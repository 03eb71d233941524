"""Commands to release: medicines that must not stop, the emergency kit, safety.

A medicine line is a kind of medicine; its name and dose are never said. When an act took place
is the envelope's `time`.
"""

from datetime import date
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from throughcare.contracts.codes import (
    KitPlace,
    KitUnavailableReason,
    KitUser,
    LineUnavailableReason,
    LocalCode,
    MedicineLine,
    ReportedBy,
    SafetySetting,
)
from throughcare.contracts.kinds import Command

Days = Annotated[int, Field(ge=0, le=365)]


class OpenContinuityItem(Command):
    """The person takes such a medicine, or wants to begin before the release."""

    name: ClassVar[str] = "open-continuity-item"
    line: MedicineLine


class RequestContinuation(Command):
    """The person decided to go on after the release."""

    name: ClassVar[str] = "request-continuation"
    line: MedicineLine
    #: Of the leaflet on all options that the person acknowledged; an OAT decision needs it.
    leaflet_version: LocalCode | None = None


class DeclineContinuation(Command):
    """The person decided not to go on. No leaflet stands between a person and a no."""

    name: ClassVar[str] = "decline-continuation"
    line: MedicineLine
    leaflet_version: LocalCode | None = None


class ReportContinuationUnavailable(Command):
    name: ClassVar[str] = "report-continuation-unavailable"
    line: MedicineLine
    reason_code: LineUnavailableReason


class ConfirmReceivingSite(Command):
    """The receiver expects the person; which line follows from the referral's service."""

    name: ClassVar[str] = "confirm-receiving-site"
    referral_id: UUID
    expected_on: date


class SupplyBridging(Command):
    """Given along from custody: how far it reaches, not what it is."""

    name: ClassVar[str] = "supply-bridging"
    line: MedicineLine
    last_supervised_on: date
    supply_days: Days


class RecordCommunityDose(Command):
    """Taken at the receiving site, at the envelope's `time`, and so many days handed out."""

    name: ClassVar[str] = "record-community-dose"
    referral_id: UUID
    supply_days: Days = 0


class ReportDoseGap(Command):
    """The person did not come; nothing was taken from this local day on."""

    name: ClassVar[str] = "report-dose-gap"
    referral_id: UUID
    from_on: date


class CloseDoseGap(Command):
    """The medicine is not taken up again."""

    name: ClassVar[str] = "close-dose-gap"
    line: MedicineLine


class OfferNaloxone(Command):
    name: ClassVar[str] = "offer-naloxone"


class RecordOverdoseTraining(Command):
    name: ClassVar[str] = "record-overdose-training"
    family_trained: bool = False


class IssueNaloxone(Command):
    name: ClassVar[str] = "issue-naloxone"
    kits: Annotated[int, Field(ge=1, le=20)]
    at: KitPlace


class DeclineNaloxone(Command):
    """The person does not want one."""

    name: ClassVar[str] = "decline-naloxone"


class ReportNaloxoneUnavailable(Command):
    name: ClassVar[str] = "report-naloxone-unavailable"
    reason_code: KitUnavailableReason


class ReportNaloxoneUse(Command):
    """A kit was used. On whom is not asked; by whom need not be said."""

    name: ClassVar[str] = "report-naloxone-use"
    used_on: date
    by_kind: KitUser | None = None
    survived: bool | None = None


class ReportRelapse(Command):
    """For more support by this receiver; nobody else learns of it."""

    name: ClassVar[str] = "report-relapse"
    referral_id: UUID
    reported_by: ReportedBy


class ReportOverdose(Command):
    """The person survived one on that local day. A death is reported as a death."""

    name: ClassVar[str] = "report-overdose"
    occurred_on: date
    #: Of the receiver that reports; None: the person or a coordinator does.
    referral_id: UUID | None = None
    setting: SafetySetting | None = None


MEDICINE_COMMANDS: tuple[type[Command], ...] = (
    OpenContinuityItem,
    RequestContinuation,
    DeclineContinuation,
    ReportContinuationUnavailable,
    ConfirmReceivingSite,
    SupplyBridging,
    RecordCommunityDose,
    ReportDoseGap,
    CloseDoseGap,
    OfferNaloxone,
    RecordOverdoseTraining,
    IssueNaloxone,
    DeclineNaloxone,
    ReportNaloxoneUnavailable,
    ReportNaloxoneUse,
    ReportRelapse,
    ReportOverdose,
)
