"""Where a case stands for a reader: a pure function of what both halves said.

The two streams may be read in any order between each other; each in its own order.
"""

from typing import Literal

from throughcare.contracts import intake_events as intake
from throughcare.contracts import life_events as life
from throughcare.contracts import release_events as release
from throughcare.contracts.consent_events import ConsentExpired
from throughcare.contracts.kinds import Data
from throughcare.protocol.intake import state as of_intake
from throughcare.protocol.record import Record, replace
from throughcare.protocol.release import state as of_release
from throughcare.protocol.release.state import InCustody, Outside

Stage = Literal[
    "opened",
    "consent-pending",
    "consented",
    "planned",
    "referring",
    "ready",
    "released",
    "in-contact",
    "follow-up",
    "lost",
    "closed",
]


class Course(Record, frozen=True):
    """What the stage depends on. Intake's part and release's are never set by the same event."""

    #: "stopped": refused or withdrawn; release closes as soon as it hears.
    consent: Literal["none", "pending", "granted", "stopped"] = "none"
    planned: bool = False
    placed: bool = False
    ready: bool = False
    outside: Literal["no", "released", "in-contact", "follow-up", "lost"] = "no"
    closed: bool = False


def follow(course: Course, event: Data) -> Course:
    """One event of either half."""
    match event:
        case intake.ConsentOffered():
            return replace(course, consent="pending")
        case intake.ConsentGranted():
            return replace(course, consent="granted")
        case intake.ConsentRefused() | intake.ConsentWithdrawn() | ConsentExpired():
            return replace(course, consent="stopped")
        case intake.PlanAgreed():
            return replace(course, planned=True)
        case release.PlacementStarted():
            return replace(course, placed=True)
        case release.ReadinessConfirmed():
            return replace(course, ready=True)
        case release.ReadinessLost():
            return replace(course, ready=False)
        case release.PersonReleased():
            return replace(course, outside="released")
        case release.FirstContactMade() | release.ContactRegained():
            return replace(course, outside="in-contact")
        case release.TreatmentEngaged():
            return replace(course, outside="follow-up")
        case release.ContactLost():
            return replace(course, outside="lost")
        case release.CaseClosed():
            return replace(course, closed=True)
        case life.CaseReopened():
            return replace(course, consent="pending", planned=False)
        case life.EpisodeResumed():
            return replace(course, placed=False, ready=False, outside="no", closed=False)
        case life.ReleaseReversed():
            return replace(course, ready=False, outside="no")
        case _:
            return course


def stage(course: Course) -> Stage:
    if course.closed or course.consent == "stopped":
        return "closed"
    if course.outside != "no":
        return course.outside
    if course.ready:
        return "ready"
    if course.placed:
        return "referring"
    if course.planned:
        return "planned"
    if course.consent == "granted":
        return "consented"
    return "consent-pending" if course.consent == "pending" else "opened"


def stage_of(first: of_intake.State, second: of_release.State) -> Stage:
    """The same from the states of both halves, for whoever holds those."""
    return stage(_course(first, second))


def _course(first: of_intake.State, second: of_release.State) -> Course:
    case, person = first.own.case, second.own.person
    course = Course(
        placed=bool(second.own.referrals),
        ready=isinstance(person, InCustody) and person.gaps is not None,
        closed=isinstance(person, of_release.Ended),
    )
    match case:
        case of_intake.Opened() if first.own.reopened > 0:
            course = replace(course, consent="pending")
        case of_intake.Offered():
            course = replace(course, consent="pending")
        case of_intake.Consented():
            course = replace(course, consent="granted", planned=case.plan_version > 0)
        case of_intake.SaidNo() | of_intake.Withdrawn() | of_intake.Expired():
            course = replace(course, consent="stopped")
        case _:
            pass
    if isinstance(person, Outside):
        return replace(course, outside=_OUTSIDE[type(person.contact)])
    return course


_OUTSIDE: dict[type[of_release.Contact], Literal["released", "in-contact", "follow-up", "lost"]] = {
    of_release.NotMet: "released",
    of_release.Met: "in-contact",
    of_release.TakingPart: "follow-up",
    of_release.Lost: "lost",
}
