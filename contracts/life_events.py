"""Events of the life of a case: ways of custody, programmes, and a case that goes on or never was.

† marks what is said without the person's consent; it reaches no party's projection.
"""

from datetime import date
from typing import ClassVar
from uuid import UUID

from throughcare.contracts.codes import (
    AbsenceKind,
    CloseReason,
    FacilityCode,
    LocalCode,
    Moment,
    OutOfScopeReason,
    ProgrammeReason,
    ReopenedBy,
    ReversalReason,
    VoidReason,
)
from throughcare.contracts.kinds import Event
from throughcare.contracts.life_facts import Places

# -- intake --------------------------------------------------------------------------------------


class CaseReopened(Event):
    """† The case goes on, and the person is asked again: no earlier permission counts."""

    name: ClassVar[str] = "case-reopened"
    previous_reason: CloseReason
    requested_by: ReopenedBy


class ProgrammeApplied(Event):
    """† The person asked for a place in a programme."""

    name: ClassVar[str] = "programme-applied"
    programme_code: LocalCode


class ProgrammeAdmissionRefused(Event):
    """† No place in the programme; the case goes on without it."""

    name: ClassVar[str] = "programme-admission-refused"
    programme_code: LocalCode
    reason_code: ProgrammeReason | None = None


class ProgrammePhaseStarted(Event):
    """† The next phase of the programme began."""

    name: ClassVar[str] = "programme-phase-started"
    programme_code: LocalCode
    phase_code: LocalCode
    planned_end_on: date | None = None


class ProgrammeCompleted(Event):
    """† The person went through the programme."""

    name: ClassVar[str] = "programme-completed"
    programme_code: LocalCode


class ProgrammeLeft(Event):
    """† The person is no longer in the programme, by their own wish or because they are elsewhere."""

    name: ClassVar[str] = "programme-left"
    programme_code: LocalCode
    reason_code: ProgrammeReason | None = None


class ProgrammeRemoved(Event):
    """† The programme ended it. Refusing to share data is no reason for that."""

    name: ClassVar[str] = "programme-removed"
    programme_code: LocalCode
    reason_code: ProgrammeReason | None = None


class ProgrammeMoved(Event):
    """† The person was transferred to where the programme is offered too, and stays in it."""

    name: ClassVar[str] = "programme-moved"
    programme_code: LocalCode
    to_facility: FacilityCode


class ProgrammeOverfilled(Event):
    """† By what the facility reported, more people are in the programme than it has places for."""

    name: ClassVar[str] = "programme-overfilled"
    programme_code: LocalCode
    facility: FacilityCode | None = None
    places: Places
    places_taken: Places


# -- release -------------------------------------------------------------------------------------


class EpisodeResumed(Event):
    """† Release takes up the case that intake reopened; referrals of before count no more."""

    name: ClassVar[str] = "episode-resumed"
    previous_reason: CloseReason
    #: The date that was known, unless it has passed.
    expected_release_on: date | None = None
    #: When it was reopened; what is promised from here counts from then.
    resumed_at: Moment


class ReleaseDateConfirmed(Event):
    """† The facility said again, shortly before, that the date stands."""

    name: ClassVar[str] = "release-date-confirmed"
    expected_release_on: date
    said_at: Moment


class ReleaseReversed(Event):
    """† There was no release after all: back in custody, with every place kept."""

    name: ClassVar[str] = "release-reversed"
    said_at: Moment
    reason_code: ReversalReason | None = None
    facility: FacilityCode | None = None


class ReversalReported(Event):
    """The facility says that the person never left, later than it may say so by itself.

    Nothing moves: the coordinator asks, and says `release-reversed` if it is so.
    """

    name: ClassVar[str] = "reversal-reported"
    said_at: Moment
    reason_code: ReversalReason | None = None
    facility: FacilityCode | None = None


class AbsenceBegun(Event):
    """† Out for a while, in somebody's custody: no release, and no deadline moves."""

    name: ClassVar[str] = "absence-begun"
    said_at: Moment
    kind_code: AbsenceKind | None = None
    expected_back_on: date | None = None


class AbsenceEnded(Event):
    """† Back in the facility."""

    name: ClassVar[str] = "absence-ended"
    said_at: Moment


class AcceptanceLapsed(Event):
    """The day until which a receiver kept the place is over, and the person is still in custody."""

    name: ClassVar[str] = "acceptance-lapsed"
    referral_id: UUID
    lapsed_at: Moment


class CaseVoided(Event):
    """† The case should never have been. Whoever got data through it is told to delete them."""

    name: ClassVar[str] = "case-voided"
    reason_code: VoidReason
    #: The referrals by which identity may have been disclosed: each was accepted once.
    disclosed_by: tuple[UUID, ...] = ()


class CaseMovedOutOfScope(Event):
    """† The person lives where this protocol does not reach. Receivers learn only that it is over."""

    name: ClassVar[str] = "case-moved-out-of-scope"
    reason_code: OutOfScopeReason


LIFE_INTAKE_EVENTS: tuple[type[Event], ...] = (
    CaseReopened,
    ProgrammeApplied,
    ProgrammeAdmissionRefused,
    ProgrammePhaseStarted,
    ProgrammeCompleted,
    ProgrammeLeft,
    ProgrammeRemoved,
    ProgrammeMoved,
    ProgrammeOverfilled,
)
LIFE_RELEASE_EVENTS: tuple[type[Event], ...] = (
    EpisodeResumed,
    ReleaseDateConfirmed,
    ReleaseReversed,
    AbsenceBegun,
    AbsenceEnded,
    AcceptanceLapsed,
    CaseVoided,
    CaseMovedOutOfScope,
    ReversalReported,
)
