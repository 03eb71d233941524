"""Where a case stands: the protocol's stage, and what a gate list shows of it.

Folded from the events of both halves; the two may be read in any order between each other.
"""

from datetime import date, datetime
from typing import Any, NamedTuple

from throughcare.contracts import intake_events as intake
from throughcare.contracts import life_events as life
from throughcare.contracts import release_events as release
from throughcare.contracts.kinds import Data
from throughcare.protocol.stage import Course, Stage, follow, stage


class Standing(NamedTuple):
    """One row of `timeline.cases`, without its key."""

    #: Of each half, as far as it is folded in.
    intake_version: int = 0
    release_version: int = 0
    course: Course = Course()
    origin: str | None = None
    region: str | None = None
    facility: str | None = None
    expected_release_on: date | None = None
    released_at: datetime | None = None
    closing_reason: str | None = None

    @property
    def stage(self) -> Stage:
        return stage(self.course)


def apply(standing: Standing, half: str, version: int, event: Data) -> Standing:
    """After one more event of `half`; the same standing where it was applied before."""
    match half:
        case "intake" if version > standing.intake_version:
            changes = {"intake_version": version, **_of_intake(standing, event)}
        case "release" if version > standing.release_version:
            changes = {"release_version": version, **_of_release(standing, event)}
        case _:
            return standing
    return standing._replace(course=follow(standing.course, event), **changes)


def _of_intake(standing: Standing, event: Data) -> dict[str, Any]:
    if not isinstance(event, intake.CaseOpened):
        return {}
    return {
        "origin": event.origin,
        "region": event.region,
        # What release says of the place is younger, whichever of the two came first.
        "facility": standing.facility or event.facility,
    }


def _of_release(standing: Standing, event: Data) -> dict[str, Any]:
    match event:
        case release.ReleaseScheduled():
            on = event.expected_release_on
            return {"expected_release_on": on, "facility": event.facility or standing.facility}
        case release.ReleaseRescheduled():
            on_or_none = event.new_on
            return {
                "expected_release_on": on_or_none,
                "facility": event.facility or standing.facility,
            }
        case release.PersonTransferred():
            return {"facility": event.to_facility}
        case release.PersonReleased() | release.PersonReleasedBeforeConsent():
            at = event.released_at
            return {"released_at": at, "facility": event.facility or standing.facility}
        case release.CaseClosed():
            return {"closing_reason": event.reason_code}
        case life.EpisodeResumed():
            return {"closing_reason": None, "expected_release_on": event.expected_release_on}
        case life.ReleaseReversed():
            return {"released_at": None, "facility": event.facility or standing.facility}
        case _:
            return {}
