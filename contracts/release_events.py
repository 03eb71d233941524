"""What release decided: dates, referrals, readiness, release, contact, follow-up, deadlines, closing.

Moments that later decisions need stand in the event itself, so that a fold needs no envelope.
† marks what is said without the person's consent.
"""

from datetime import date
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from throughcare.contracts.care_events import CARE_EVENTS
from throughcare.contracts.codes import (
    AcceptanceWithdrawnReason,
    CancelReason,
    CheckpointDay,
    CloseReason,
    ContactKind,
    DateChange,
    DateChangeReason,
    DeadlineCode,
    DeadlineDue,
    DeadlineKey,
    DeathPlace,
    DeclineReason,
    EngagementCriterion,
    EscalationLevel,
    FacilityCode,
    GapReason,
    Ground,
    ItemNumber,
    MedicineGap,
    MissedReason,
    Moment,
    OutreachMeans,
    OutreachResult,
    PartyCode,
    ReadinessGap,
    ReadinessLostReason,
    ReceiverType,
    ReincarcerationSource,
    RerouteReason,
    Role,
    ServiceType,
    Urgency,
    WaiveReason,
)
from throughcare.contracts.kinds import Event
from throughcare.contracts.life_events import LIFE_RELEASE_EVENTS
from throughcare.contracts.medicine_events import MEDICINE_EVENTS
from throughcare.contracts.rights_events import RIGHTS_EVENTS


class ReleaseScheduled(Event):
    """† The first release date that is known of the case."""

    name: ClassVar[str] = "release-scheduled"
    expected_release_on: date
    #: When the facility said so, and when we learnt it.
    said_at: Moment
    known_at: Moment
    ground_code: Ground | None = None
    facility: FacilityCode | None = None


class ReleaseRescheduled(Event):
    """† The date moved, or is known no more."""

    name: ClassVar[str] = "release-rescheduled"
    change: DateChange
    old_on: date | None = None
    #: None: no date is known any more.
    new_on: date | None = None
    said_at: Moment
    known_at: Moment
    reason_code: DateChangeReason | None = None
    ground_code: Ground | None = None
    facility: FacilityCode | None = None


class PersonTransferred(Event):
    """† Another facility holds the person and answers for the case."""

    name: ClassVar[str] = "person-transferred"
    from_facility: FacilityCode | None = None
    to_facility: FacilityCode
    transferred_at: Moment
    medicines_moved: bool | None = None


class PersonReleased(Event):
    name: ClassVar[str] = "person-released"
    released_at: Moment
    #: When we learnt it; the receivers' time to confirm runs from here.
    known_at: Moment
    #: Readiness was not confirmed: what is missing becomes work after the release.
    unplanned: bool
    ground_code: Ground | None = None
    facility: FacilityCode | None = None
    #: Contact and follow-up count from here where the person came by themselves, or came back,
    #: some time after the release; None: from the release.
    counts_from: Moment | None = None


class PersonReleasedBeforeConsent(Event):
    """† Out before anybody had a yes: nothing was shared, the case closes."""

    name: ClassVar[str] = "person-released-before-consent"
    released_at: Moment
    known_at: Moment
    ground_code: Ground | None = None
    facility: FacilityCode | None = None


class PersonDied(Event):
    """† Never sent to receivers: they learn that the case is closed."""

    name: ClassVar[str] = "person-died"
    place: DeathPlace
    died_on: date | None = None


class PersonReincarcerated(Event):
    name: ClassVar[str] = "person-reincarcerated"
    learnt_at: Moment
    source_code: ReincarcerationSource


class PlacementStarted(Event):
    """The first referral of the case went out."""

    name: ClassVar[str] = "placement-started"
    referral_id: UUID


class ReferralSent(Event):
    """The offer: a service and an urgency, no identity. Identity waits for the acceptance."""

    name: ClassVar[str] = "referral-sent"
    referral_id: UUID
    item: ItemNumber
    service_type: ServiceType
    mandatory: bool
    receiver: PartyCode
    receiver_type: ReceiverType
    urgency: Urgency
    consent_id: UUID
    sent_at: Moment
    answer_due_at: Moment
    #: The referral that ended without a place and that this one follows.
    after_referral_id: UUID | None = None


class ReferralReceived(Event):
    name: ClassVar[str] = "referral-received"
    referral_id: UUID


class ReferralAccepted(Event):
    name: ClassVar[str] = "referral-accepted"
    referral_id: UUID
    valid_until: date | None = None
    accepted_at: Moment | None = None


class ReferralDeclined(Event):
    name: ClassVar[str] = "referral-declined"
    referral_id: UUID
    reason_code: DeclineReason
    declined_at: Moment
    suggested_type: ReceiverType | None = None
    waiting_from: date | None = None


class ReferralExpired(Event):
    """No answer came in time."""

    name: ClassVar[str] = "referral-expired"
    referral_id: UUID
    expired_at: Moment


class AcceptanceWithdrawn(Event):
    name: ClassVar[str] = "acceptance-withdrawn"
    referral_id: UUID
    reason_code: AcceptanceWithdrawnReason
    withdrawn_at: Moment


class ReferralCancelled(Event):
    name: ClassVar[str] = "referral-cancelled"
    referral_id: UUID
    reason_code: CancelReason


class RerouteNeeded(Event):
    """No next receiver that consent covers: a task for the coordinator."""

    name: ClassVar[str] = "reroute-needed"
    referral_id: UUID
    item: ItemNumber
    reason_code: RerouteReason


class AppointmentBooked(Event):
    name: ClassVar[str] = "appointment-booked"
    referral_id: UUID
    appointment_at: Moment


class AppointmentMissed(Event):
    name: ClassVar[str] = "appointment-missed"
    referral_id: UUID
    noticed_at: Moment
    reason_code: MissedReason


class OutreachAttempted(Event):
    name: ClassVar[str] = "outreach-attempted"
    referral_id: UUID
    attempted_at: Moment
    means: OutreachMeans
    result: OutreachResult


class ClientAttended(Event):
    name: ClassVar[str] = "client-attended"
    referral_id: UUID
    attended_at: Moment
    accompanied: bool


class CodeArrived(Event):
    """The code that the person was given came to the receiver; the attendance stands beside it."""

    name: ClassVar[str] = "code-arrived"
    referral_id: UUID
    arrived_at: Moment


class ServiceEngaged(Event):
    name: ClassVar[str] = "service-engaged"
    referral_id: UUID
    engaged_at: Moment
    criterion_code: EngagementCriterion


class ReadinessConfirmed(Event):
    name: ClassVar[str] = "readiness-confirmed"
    gaps: tuple[ReadinessGap, ...]
    medicine_gaps: tuple[MedicineGap, ...] = ()
    kit_gap: GapReason | None = None


class ReadinessLost(Event):
    name: ClassVar[str] = "readiness-lost"
    reason_code: ReadinessLostReason


class ReleaseAcknowledged(Event):
    name: ClassVar[str] = "release-acknowledged"
    referral_id: UUID


class FirstContactMade(Event):
    """A care receiver met the person after the release."""

    name: ClassVar[str] = "first-contact-made"
    referral_id: UUID
    contact_at: Moment
    hours_since_release: Annotated[int, Field(ge=0)]


class TreatmentEngaged(Event):
    """Takes part in treatment, or, where the plan holds none, in the support it does hold."""

    name: ClassVar[str] = "treatment-engaged"
    referral_id: UUID
    engaged_at: Moment
    days_since_release: Annotated[int, Field(ge=0)]


class FollowUpChecked(Event):
    name: ClassVar[str] = "follow-up-checked"
    referral_id: UUID
    checkpoint_day: CheckpointDay
    checked_at: Moment
    contact_kind: ContactKind
    still_engaged: bool
    housing_ok: bool | None = None
    naloxone_at_hand: bool | None = None


class ContactLost(Event):
    name: ClassVar[str] = "contact-lost"
    lost_at: Moment
    last_contact_at: Moment | None = None
    attempts: Annotated[int, Field(ge=0)]


class ContactRegained(Event):
    name: ClassVar[str] = "contact-regained"
    referral_id: UUID
    contact_at: Moment


class LossConfirmed(Event):
    name: ClassVar[str] = "loss-confirmed"
    confirmed_at: Moment


class FollowUpCompleted(Event):
    name: ClassVar[str] = "follow-up-completed"
    completed_at: Moment
    #: Whether the person ever took part in a service, not only met somebody.
    engaged: bool


class CaseClosed(Event):
    """† The only end of a case. Every live deadline and open escalation ends with it."""

    name: ClassVar[str] = "case-closed"
    reason_code: CloseReason
    #: Until when it is kept counts from here (D28).
    closed_at: Moment | None = None


class DeadlinesChanged(Event):
    """† What one decision did to the live set: set anew or moved, met, dropped."""

    name: ClassVar[str] = "deadlines-changed"
    put: tuple[DeadlineDue, ...] = ()
    met: tuple[DeadlineKey, ...] = ()
    dropped: tuple[DeadlineKey, ...] = ()


class DeadlineMissed(Event):
    """† A promise was not kept by its time; what follows stands beside it."""

    name: ClassVar[str] = "deadline-missed"
    code: DeadlineCode
    referral_id: UUID | None = None
    step: int | None = None
    due_at: Moment


class DeadlineWaived(Event):
    name: ClassVar[str] = "deadline-waived"
    code: DeadlineCode
    referral_id: UUID | None = None
    step: int | None = None
    due_at: Moment
    by_role: Role
    reason_code: WaiveReason


class EscalationRaised(Event):
    """† Open until a human acknowledges it and its cause is gone."""

    name: ClassVar[str] = "escalation-raised"
    escalation_id: UUID
    code: DeadlineCode
    referral_id: UUID | None = None
    step: int | None = None
    level: EscalationLevel
    to_role: Role
    #: None: whoever holds the role for the case's facility or region.
    to_party: PartyCode | None = None
    #: When it goes one level up if its cause still stands.
    climbs_at: Moment | None = None
    #: The alarm one level below that nobody ended in time.
    climbed_from: UUID | None = None


class EscalationAcknowledged(Event):
    name: ClassVar[str] = "escalation-acknowledged"
    escalation_id: UUID
    by_role: Role
    by_party: PartyCode


class EscalationCleared(Event):
    """† Its cause is gone."""

    name: ClassVar[str] = "escalation-cleared"
    escalation_id: UUID


RELEASE_EVENTS: tuple[type[Event], ...] = (
    ReleaseScheduled,
    ReleaseRescheduled,
    PersonTransferred,
    PersonReleased,
    PersonReleasedBeforeConsent,
    PersonDied,
    PersonReincarcerated,
    PlacementStarted,
    ReferralSent,
    ReferralReceived,
    ReferralAccepted,
    ReferralDeclined,
    ReferralExpired,
    AcceptanceWithdrawn,
    ReferralCancelled,
    RerouteNeeded,
    AppointmentBooked,
    AppointmentMissed,
    OutreachAttempted,
    ClientAttended,
    ServiceEngaged,
    ReadinessConfirmed,
    ReadinessLost,
    ReleaseAcknowledged,
    FirstContactMade,
    TreatmentEngaged,
    FollowUpChecked,
    ContactLost,
    ContactRegained,
    LossConfirmed,
    FollowUpCompleted,
    CaseClosed,
    DeadlinesChanged,
    DeadlineMissed,
    DeadlineWaived,
    EscalationRaised,
    EscalationAcknowledged,
    EscalationCleared,
    *MEDICINE_EVENTS,
    *LIFE_RELEASE_EVENTS,
    *CARE_EVENTS,
    CodeArrived,
    *RIGHTS_EVENTS,
)
