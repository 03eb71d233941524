"""What came of the cohort: counted from what was recorded, never from what was meant to happen."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from statistics import median
from typing import Any
from uuid import UUID

from throughcare.cli.checker import Checked
from throughcare.cli.cohort.course import Course
from throughcare.contracts import notification_events as notices
from throughcare.contracts import release_events as events
from throughcare.contracts.envelope import Message
from throughcare.protocol.release.state import Ended


@dataclass
class Kept:
    """What became of the promises under one deadline code."""

    met: int = 0
    missed: int = 0
    waived: int = 0


@dataclass
class Referrals:
    sent: int = 0
    accepted: int = 0
    declined: int = 0
    expired: int = 0
    #: Hours of domain time from offer to answer.
    median_answer_hours: float | None = None
    #: Of those answered or expired.
    answered_in_time: float | None = None


@dataclass
class Escalations:
    raised: int = 0
    acknowledged: int = 0
    cleared: int = 0
    #: Neither cleared nor ended with the case.
    open: int = 0


@dataclass
class Indicator:
    """A share of the cohort, beside what was published for real people."""

    name: str
    share: float | None
    of: int
    published: str


@dataclass
class Report:
    synthetic: bool = True
    seed: int = 0
    cases: int = 0
    days: int = 0
    by_outcome: dict[str, int] = field(default_factory=dict)
    events: int = 0
    events_lost: int = 0
    events_doubled: int = 0
    events_reordered: int = 0
    dead_letters: int = 0
    verified: bool = False
    leaves: int = 0
    commands: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    referrals: Referrals = field(default_factory=Referrals)
    deadlines: dict[str, Kept] = field(default_factory=dict)
    escalations: Escalations = field(default_factory=Escalations)
    notifications: dict[str, int] = field(default_factory=dict)
    indicators: list[Indicator] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    first_day: str = ""
    last_day: str = ""
    points: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        return not self.events_lost and self.verified

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def tell_story(report: Report, courses: Sequence[Course], told: dict[int, list[Message]]) -> None:
    """Fill in what the events of the cases say."""
    report.by_outcome = dict(Counter(map(outcome_of, courses)).most_common())
    said = [message for messages in told.values() for message in messages]
    report.referrals = _referrals(said)
    report.deadlines = _deadlines(said)
    report.escalations = _escalations(courses, said)
    report.notifications = _notifications(said)
    report.indicators = _indicators(courses, told)


def tell_checked(report: Report, checked: Checked) -> None:
    report.events = checked.events
    report.events_lost = checked.lost
    report.events_doubled = checked.doubled
    report.events_reordered = checked.reordered
    report.dead_letters = checked.dead_letters
    report.commands = checked.commands
    report.found += checked.found


def outcome_of(course: Course) -> str:
    """Why the case was closed, or the stage at which it still is."""
    person = course.release.own.person
    return person.reason_code if isinstance(person, Ended) else f"open: {course.stage}"


def _referrals(said: Iterable[Message]) -> Referrals:
    found = Referrals()
    sent_at: dict[UUID, datetime] = {}
    hours: list[float] = []
    missed = 0
    for message in said:
        match message.data:
            case events.ReferralSent() as sent:
                found.sent += 1
                sent_at[sent.referral_id] = sent.sent_at
            case events.ReferralAccepted(referral_id=id):
                found.accepted += 1
                hours.append(_hours(sent_at[id], message.recorded_at))
            case events.ReferralDeclined(referral_id=id):
                found.declined += 1
                hours.append(_hours(sent_at[id], message.recorded_at))
            case events.ReferralExpired():
                found.expired += 1
            case events.DeadlineMissed(code="D07"):
                missed += 1
            case _:
                pass
    if hours:
        found.median_answer_hours = round(median(hours), 1)
    if hours or missed:
        found.answered_in_time = round(len(hours) / (len(hours) + missed), 3)
    return found


def _hours(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds() / 3600


def _deadlines(said: Iterable[Message]) -> dict[str, Kept]:
    found: defaultdict[str, Kept] = defaultdict(Kept)
    for message in said:
        match message.data:
            case events.DeadlinesChanged(met=met):
                for one in met:
                    found[one.code].met += 1
            case events.DeadlineMissed(code=code):
                found[code].missed += 1
            case events.DeadlineWaived(code=code):
                found[code].waived += 1
            case _:
                pass
    return dict(sorted(found.items()))


def _escalations(courses: Iterable[Course], said: Iterable[Message]) -> Escalations:
    kinds = Counter(type(message.data) for message in said)
    return Escalations(
        raised=kinds[events.EscalationRaised],
        acknowledged=kinds[events.EscalationAcknowledged],
        cleared=kinds[events.EscalationCleared],
        open=sum(len(course.release.own.escalations) for course in courses),
    )


def _notifications(said: Iterable[Message]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for message in said:
        match message.data:
            case notices.NoticeSent():
                found["sent"] += 1
            case notices.NoticeFailed():
                found["failed"] += 1
            case notices.NoticeWithheld(reason_code=reason):
                found[f"withheld: {reason}"] += 1
            case _:
                pass
    return dict(found)


# -- indicators ----------------------------------------------------------------------------------


def _indicators(courses: Iterable[Course], told: dict[int, list[Message]]) -> list[Indicator]:
    contact: list[bool] = []
    engaged: list[bool] = []
    within_week: list[bool] = []
    for course in courses:
        said = [message.data for message in told.get(course.person.number, [])]
        left = next((one for one in said if isinstance(one, events.PersonReleased)), None)
        if left is None:
            continue
        first = next((one for one in said if isinstance(one, events.FirstContactMade)), None)
        contact.append(first is not None and first.hours_since_release <= 72)
        services, day_of = course.profile.services, course.grid.day_of
        treats = {
            one.referral_id
            for one in said
            if isinstance(one, events.ReferralSent) and services[one.service_type].treatment
        }
        if not treats:
            continue
        released_on = day_of(left.released_at)
        began = [
            (day_of(one.engaged_at) - released_on).days
            for one in said
            if isinstance(one, events.ServiceEngaged) and one.referral_id in treats
        ]
        came = [
            (day_of(one.attended_at) - released_on).days
            for one in said
            if isinstance(one, events.ClientAttended) and one.referral_id in treats
        ]
        engaged.append(any(day <= 21 for day in began))
        if came:
            within_week.append(min(came) <= 7)
    return [
        _share("K1 met by a care receiver within 72 h", contact, "none; made up"),
        _share("K2 of those who came to treatment, within 7 days", within_week, "KG 61.9 %"),
        _share("K3 takes part in treatment by day 21", engaged, "England 30 to 53 %"),
    ]


def _share(name: str, hits: Sequence[bool], published: str) -> Indicator:
    share = round(sum(hits) / len(hits), 3) if hits else None
    return Indicator(name, share, len(hits), published)
