"""Facts: what a prison system reports, in fields that any prison system has.

When it happened is the envelope's `time`; whom it is about is the envelope's `subject`.
"""

from datetime import date
from typing import ClassVar

from throughcare.contracts.codes import (
    DateChangeReason,
    DeathPlace,
    FacilityCode,
    Ground,
    LocalCode,
)
from throughcare.contracts.kinds import Fact
from throughcare.contracts.life_facts import LIFE_FACTS, Places


class ProgrammeEnrolled(Fact):
    """Somebody was admitted to a programme in custody. Carries no consent to anything."""

    name: ClassVar[str] = "programme-enrolled"
    programme_code: LocalCode
    phase_code: LocalCode | None = None
    facility: FacilityCode | None = None
    planned_end_on: date | None = None
    #: How many are in the programme at the facility, this person counted.
    places_taken: Places | None = None


class ReleaseScheduled(Fact):
    """A release date became known."""

    name: ClassVar[str] = "release-scheduled"
    #: The local date at the facility.
    expected_release_on: date
    ground_code: Ground | None = None
    facility: FacilityCode | None = None


class ReleaseRescheduled(Fact):
    """The release date moved; no date means that none is known any more."""

    name: ClassVar[str] = "release-rescheduled"
    expected_release_on: date | None = None
    reason_code: DateChangeReason | None = None
    ground_code: Ground | None = None
    facility: FacilityCode | None = None


class PersonReleased(Fact):
    """The person walked out, at the envelope's `time`."""

    name: ClassVar[str] = "person-released"
    facility: FacilityCode | None = None
    ground_code: Ground | None = None


class PersonTransferred(Fact):
    """The person was moved to another facility, at the envelope's `time`."""

    name: ClassVar[str] = "person-transferred"
    to_facility: FacilityCode
    from_facility: FacilityCode | None = None
    medicines_moved: bool | None = None


class PersonDied(Fact):
    """The person died. The cause is not said here."""

    name: ClassVar[str] = "person-died"
    place: DeathPlace = "custody"
    died_on: date | None = None


FACTS: tuple[type[Fact], ...] = (
    ProgrammeEnrolled,
    ReleaseScheduled,
    ReleaseRescheduled,
    PersonReleased,
    PersonTransferred,
    PersonDied,
    *LIFE_FACTS,
)
