"""Where a case stands, folded from the events of both halves in any interleaving.

Each half leaves a mark: how far it has come. The stage that a reader sees is made of both.
"""

from datetime import date, datetime
from typing import Any, NamedTuple

from throughcare.contracts import intake_events as intake
from throughcare.contracts import release_events as release
from throughcare.contracts.kinds import Data

#: What a half's event does to its mark; every other event leaves it.
_INTAKE_MARK: dict[type[Data], str] = {
    intake.CaseOpened: "opened",
    intake.ConsentOffered: "consent-pending",
    intake.ConsentGranted: "consented",
    intake.ConsentRefused: "refused",
    intake.ConsentWithdrawn: "withdrawn",
    intake.PlanAgreed: "planned",
}
_RELEASE_MARK: dict[type[Data], str] = {
    release.PlacementStarted: "referring",
    release.ReadinessConfirmed: "ready",
    release.ReadinessLost: "referring",
    release.PersonReleased: "released",
    release.PersonReleasedBeforeConsent: "released",
    release.FirstContactMade: "in-contact",
    release.TreatmentEngaged: "follow-up",
    release.ContactLost: "lost",
    release.CaseClosed: "closed",
}


class Course(NamedTuple):
    """One row of `timeline.cases`, without its key, in the order of its columns."""

    intake_version: int = 0
    release_version: int = 0
    intake_mark: str = "unopened"
    release_mark: str = "waiting"
    stage: str = "unopened"
    origin: str | None = None
    region: str | None = None
    facility: str | None = None
    expected_release_on: date | None = None
    released_at: datetime | None = None
    closing_reason: str | None = None


def apply(course: Course, half: str, version: int, event: Data) -> Course:
    """The course after one more event of `half`; the same course where it was applied before."""
    if half == "intake":
        if version <= course.intake_version:
            return course
        changes: dict[str, Any] = {"intake_version": version}
        if (mark := _INTAKE_MARK.get(type(event))) is not None:
            changes["intake_mark"] = mark
        if isinstance(event, intake.CaseOpened):
            changes["origin"] = event.origin
            changes["region"] = event.region
            # What release says of the place is younger, whichever of the two came first.
            changes["facility"] = course.facility or event.facility
    elif half == "release":
        if version <= course.release_version:
            return course
        changes = {"release_version": version, **_of_release(course, event)}
        if (mark := _RELEASE_MARK.get(type(event))) is not None:
            changes["release_mark"] = mark
    else:
        return course
    course = course._replace(**changes)
    return course._replace(stage=_stage(course))


def _of_release(course: Course, event: Data) -> dict[str, Any]:
    match event:
        case release.ReleaseDateSet():
            return {
                "expected_release_on": event.expected_release_on,
                "facility": event.facility or course.facility,
            }
        case release.ReleaseDateChanged():
            return {
                "expected_release_on": event.new_on,
                "facility": event.facility or course.facility,
            }
        case release.PersonTransferred():
            return {"facility": event.to_facility}
        case release.PersonReleased() | release.PersonReleasedBeforeConsent():
            return {
                "released_at": event.released_at,
                "facility": event.facility or course.facility,
            }
        case release.ContactRegained():
            # As before the loss: it says nothing of treatment, a contact it was.
            return {"release_mark": "in-contact"}
        case release.CaseClosed():
            return {"closing_reason": event.reason_code}
        case _:
            return {}


def _stage(course: Course) -> str:
    """Release's mark once it has one of its own; until then intake's."""
    return course.intake_mark if course.release_mark == "waiting" else course.release_mark
