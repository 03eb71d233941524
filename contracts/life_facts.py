"""Facts about custody that are no release, and about programmes after the admission.

Nothing but dates is required, so that what is kept of somebody nobody knows says least.
"""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from throughcare.contracts.codes import (
    AbsenceKind,
    FacilityCode,
    LocalCode,
    ProgrammeEnd,
    ProgrammeReason,
    ReversalReason,
)
from throughcare.contracts.kinds import Fact


class ReleaseDateConfirmed(Fact):
    """The date that is known still stands; asked for shortly before it (D11)."""

    name: ClassVar[str] = "release-date-confirmed"
    #: The local date at the facility.
    expected_release_on: date
    facility: FacilityCode | None = None


class ReleaseReversed(Fact):
    """The release reported was none, or ended at the gate: the person is in custody."""

    name: ClassVar[str] = "release-reversed"
    reason_code: ReversalReason | None = None
    facility: FacilityCode | None = None


class AbsenceBegun(Fact):
    """The person left for a while, at the envelope's `time`, and stays in custody."""

    name: ClassVar[str] = "absence-begun"
    kind_code: AbsenceKind | None = None
    expected_back_on: date | None = None
    facility: FacilityCode | None = None


class AbsenceEnded(Fact):
    """The person is back in the facility, at the envelope's `time`."""

    name: ClassVar[str] = "absence-ended"
    facility: FacilityCode | None = None


class ProgrammePhaseStarted(Fact):
    """The next phase of a programme in custody began, at the envelope's `time`."""

    name: ClassVar[str] = "programme-phase-started"
    programme_code: LocalCode
    phase_code: LocalCode
    planned_end_on: date | None = None
    facility: FacilityCode | None = None


class ProgrammeEnded(Fact):
    """The person is no longer in a programme: finished, left or was removed."""

    name: ClassVar[str] = "programme-ended"
    programme_code: LocalCode
    how: ProgrammeEnd
    reason_code: ProgrammeReason | None = None
    facility: FacilityCode | None = None


#: How many places of a programme are taken at a facility, this admission counted.
Places = Annotated[int, Field(ge=0, le=10_000)]

LIFE_FACTS: tuple[type[Fact], ...] = (
    ReleaseDateConfirmed,
    ReleaseReversed,
    AbsenceBegun,
    AbsenceEnded,
    ProgrammePhaseStarted,
    ProgrammeEnded,
)
