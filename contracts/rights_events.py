"""What release decided about the person's rights, about looks past consent, and about forgetting.

† all of them: said without the person's consent, or after it ended. What a person thinks of it all
is theirs: feedback and complaints go to nobody they are about.
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
    ForgetTrigger,
    LegalDecision,
    LegalOpinion,
    LocalCode,
    Moment,
    PartyCode,
    RequesterKind,
    Role,
)
from throughcare.contracts.kinds import Event
from throughcare.contracts.rights_commands import ScoreBand


class DataAccessRequested(Event):
    """† D24 runs from here."""

    name: ClassVar[str] = "data-access-requested"
    requested_at: Moment


class DataShown(Event):
    """† The person saw what is kept of them."""

    name: ClassVar[str] = "data-shown"
    shown_at: Moment


class EventCorrected(Event):
    """† What an event says is wrong there. The event stays, and so does what followed from it."""

    name: ClassVar[str] = "event-corrected"
    target_event_id: UUID
    field: CorrectedField
    reason_code: CorrectionReason


class ClientFeedbackGiven(Event):
    """† Counted (K25), and told to nobody."""

    name: ClassVar[str] = "client-feedback-given"
    instrument_code: LocalCode
    score_band: ScoreBand
    anonymous: bool


class ComplaintFiled(Event):
    """† About what, and never about whom."""

    name: ClassVar[str] = "complaint-filed"
    about: tuple[ComplaintAbout, ...]


class LegalRequestReceived(Event):
    """† Not disclosed, unless two parties decide otherwise."""

    name: ClassVar[str] = "legal-request-received"
    request_id: UUID
    requester_kind: RequesterKind
    legal_basis_stated: bool
    received_at: Moment


class LegalRequestOpinionGiven(Event):
    """† What one party thinks, in the capacity in which it may."""

    name: ClassVar[str] = "legal-request-opinion-given"
    request_id: UUID
    opinion: LegalOpinion
    by_role: Role
    by_party: PartyCode


class LegalRequestDecided(Event):
    """† Counted in public."""

    name: ClassVar[str] = "legal-request-decided"
    request_id: UUID
    decision: LegalDecision
    decided_at: Moment


class EmergencyAccessUsed(Event):
    """† Somebody who treats looked past the class and purpose that were agreed. D29 runs from here.

    A receiver only once it accepted; no name of a person who comes by a code; nobody past a withdrawal.
    """

    name: ClassVar[str] = "emergency-access-used"
    access_id: UUID
    #: 1 for the first of the case: the step of its deadline.
    number: Annotated[int, Field(ge=1)]
    party: PartyCode
    reason_code: EmergencyReason
    data_classes: tuple[DataClass, ...]
    used_at: Moment


class EmergencyAccessReviewed(Event):
    """† By somebody else than who used it."""

    name: ClassVar[str] = "emergency-access-reviewed"
    access_id: UUID
    verdict: EmergencyVerdict
    by_party: PartyCode


class CaseForgotten(Event):
    """† The last that is said of a case: keys, salts and aliases are destroyed with it."""

    name: ClassVar[str] = "case-forgotten"
    trigger: ForgetTrigger
    forgotten_at: Moment


RIGHTS_EVENTS: tuple[type[Event], ...] = (
    DataAccessRequested,
    DataShown,
    EventCorrected,
    ClientFeedbackGiven,
    ComplaintFiled,
    LegalRequestReceived,
    LegalRequestOpinionGiven,
    LegalRequestDecided,
    EmergencyAccessUsed,
    EmergencyAccessReviewed,
    CaseForgotten,
)
