"""Commands about the person's rights, and about who looked past their consent.

They are heard in any state of a case until it is forgotten, and none but the last changes its course.
"""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from throughcare.contracts.codes import (
    ComplaintAbout,
    CorrectedField,
    CorrectionReason,
    DataClass,
    EmergencyReason,
    EmergencyVerdict,
    LegalOpinion,
    LocalCode,
    RequesterKind,
)
from throughcare.contracts.kinds import Command

#: From 1, worst, to 5, best: the score itself stays with the instrument.
ScoreBand = Annotated[int, Field(ge=1, le=5)]


class AskToSeeData(Command):
    """The person wants to see what is kept of them, and who was told what."""

    name: ClassVar[str] = "ask-to-see-data"


class ConfirmDataShown(Command):
    """The person was shown it, or got it on paper."""

    name: ClassVar[str] = "confirm-data-shown"


class CorrectEvent(Command):
    """Something in an event is wrong. It stays as it is, and this stands beside it."""

    name: ClassVar[str] = "correct-event"
    target_event_id: UUID
    field: CorrectedField
    reason_code: CorrectionReason


class GiveFeedback(Command):
    """How the person found it, by a questionnaire that exists on paper."""

    name: ClassVar[str] = "give-feedback"
    instrument_code: LocalCode
    score_band: ScoreBand
    anonymous: bool = False


class FileComplaint(Command):
    name: ClassVar[str] = "file-complaint"
    about: Annotated[tuple[ComplaintAbout, ...], Field(min_length=1, max_length=7)]


class ReportLegalRequest(Command):
    """Somebody demanded data that the person did not allow them. Nothing is disclosed by this."""

    name: ClassVar[str] = "report-legal-request"
    requester_kind: RequesterKind
    #: They named the law or the order that they go by.
    legal_basis_stated: bool


class DecideLegalRequest(Command):
    """One opinion. A single "refuse" decides; "disclose" takes two parties, one of them the DPO."""

    name: ClassVar[str] = "decide-legal-request"
    request_id: UUID
    opinion: LegalOpinion


class ReportEmergencyAccess(Command):
    """The gate gave out data past the class and purpose that were agreed, to who treats the person inside or accepted.

    Never a name where the person comes by a code, and nothing past a withdrawal. The envelope's party is
    who got them.
    """

    name: ClassVar[str] = "report-emergency-access"
    reason_code: EmergencyReason
    data_classes: Annotated[tuple[DataClass, ...], Field(min_length=1, max_length=6)]


class ReviewEmergencyAccess(Command):
    name: ClassVar[str] = "review-emergency-access"
    access_id: UUID
    verdict: EmergencyVerdict


class ForgetCase(Command):
    """The person said "destroy it now", to whomever. Always accepted, and never taken back."""

    name: ClassVar[str] = "forget-case"


RIGHTS_COMMANDS: tuple[type[Command], ...] = (
    AskToSeeData,
    ConfirmDataShown,
    CorrectEvent,
    GiveFeedback,
    FileComplaint,
    ReportLegalRequest,
    DecideLegalRequest,
    ReportEmergencyAccess,
    ReviewEmergencyAccess,
    ForgetCase,
)
