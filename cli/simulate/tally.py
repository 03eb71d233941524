"""What many lives come to: each is counted once, and nothing else of it is kept.

Definitions are those of the protocol's indicators. Shares are of people released with consent,
long enough ago that the days they speak of were lived through; who died, or went back inside,
before they could count is left out, and how many those were is said.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from statistics import median, quantiles
from typing import Any, NamedTuple
from uuid import UUID

from throughcare.cli.cohort.course import Course
from throughcare.cli.cohort.simulate import Life
from throughcare.cli.simulate.story import Story
from throughcare.contracts import release_events as events
from throughcare.contracts.envelope import Message
from throughcare.contracts.kinds import Data
from throughcare.protocol.release.state import Ended

#: No share and no count of fewer people is told.
SMALLEST = 5


class Share(NamedTuple):
    """So many of so many."""

    hits: int
    of: int
    #: Died, went back inside or moved away before it could be said of them.
    left_out: int = 0

    @property
    def is_hidden(self) -> bool:
        return 0 < self.of < SMALLEST

    @property
    def value(self) -> float | None:
        return None if self.of < SMALLEST else self.hits / self.of


class Spread(NamedTuple):
    """Half had it by the median, nine of ten by the other."""

    of: int
    median: float | None
    ninth: float | None


class Tally:
    """Of one cohort."""

    def __init__(self, as_of: datetime) -> None:
        self._as_of = as_of
        self.cases = self.events = self.acts = self.released = self.with_consent = 0
        self.outcomes: Counter[str] = Counter()
        self.early_exits: Counter[str] = Counter()
        self.deadlines: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.escalations: Counter[int] = Counter()
        self.acknowledged = 0
        self.referrals: Counter[str] = Counter()
        self._hours: list[float] = []
        self._gap_days: list[float] = []
        #: Of the case that is being counted.
        self._sent_at: dict[UUID, datetime] = {}
        self._found: defaultdict[str, Counter[str]] = defaultdict(Counter)

    # -- counting ------------------------------------------------------------------------------

    def add(self, one: Life, course: Course) -> None:
        told = one.case.told
        self.cases += 1
        self.acts += len(one.said)
        self.events += len(told["intake"]) + len(told["release"])
        person = course.release.own.person
        ended = isinstance(person, Ended)
        self.outcomes[person.reason_code if isinstance(person, Ended) else course.stage] += 1
        self._count(told["release"])
        case = Story(one, course)
        if ended and case.reason != "completed":
            self.early_exits[case.reason or ""] += 1
        if case.released is not None:
            self.released += 1
            if case.granted:
                self.with_consent += 1
                self._count_released(case, case.released.released_at, course)

    def _count(self, told: Sequence[Message]) -> None:
        self._sent_at.clear()
        for message in told:
            if (count_ := _COUNT.get(type(message.data))) is not None:
                count_(self, message.data, message.recorded_at)

    def _met(self, changed: events.DeadlinesChanged, _: datetime) -> None:
        for key in changed.met:
            self.deadlines[key.code]["met"] += 1

    def _missed(self, missed: events.DeadlineMissed, _: datetime) -> None:
        self.deadlines[missed.code]["missed"] += 1

    def _waived(self, waived: events.DeadlineWaived, _: datetime) -> None:
        self.deadlines[waived.code]["waived"] += 1

    def _raised(self, raised: events.EscalationRaised, _: datetime) -> None:
        self.escalations[raised.level] += 1

    def _seen(self, _: events.EscalationAcknowledged, __: datetime) -> None:
        self.acknowledged += 1

    def _sent(self, sent: events.ReferralSent, _: datetime) -> None:
        self.referrals["sent"] += 1
        self._sent_at[sent.referral_id] = sent.sent_at

    def _accepted(self, accepted: events.ReferralAccepted, now: datetime) -> None:
        self.referrals["accepted"] += 1
        waited = now - self._sent_at[accepted.referral_id]
        self._hours.append(waited.total_seconds() / 3600)

    def _declined(self, _: events.ReferralDeclined, __: datetime) -> None:
        self.referrals["declined"] += 1

    def _expired(self, _: events.ReferralExpired, __: datetime) -> None:
        self.referrals["expired"] += 1

    def _count_released(self, case: Story, at: datetime, course: Course) -> None:
        hours = case.first_hours
        self._share("contact_72h", hours is not None and hours <= 72, case, at, 3)
        self._share("contact_7d", hours is not None and hours <= 7 * 24, case, at, 7)
        self._share("lost_30d", case.is_lost(at + timedelta(days=30)), case, at, 30)
        self._share("lost_180d", case.is_lost(at + timedelta(days=180)), case, at, 180)
        if case.plans_treatment:
            released_on = course.grid.day_of(at)
            days = [(course.grid.day_of(one) - released_on).days for one in case.treated]
            self._share("engaged_21d", any(day <= 21 for day in days), case, at, 21)
        if case.at_risk:
            self._share("naloxone", case.kit, case, at, 0)
        for line, arranged in case.wanted.items():
            self._share("medicine_arranged", arranged, case, at, 0)
            dose = case.doses.get(line)
            goes_on = dose is not None and not dose.restart
            self._share("medicine_continued", goes_on, case, at, 30)
            self._share("medicine_gap", line in case.gaps, case, at, 30)
            if dose is not None:
                self._gap_days.append(dose.missed_days)

    def _share(self, name: str, hit: bool, case: Story, at: datetime, days: int) -> None:
        by, found = at + timedelta(days=days), self._found[name]
        if by > self._as_of:
            return
        if not hit and case.is_out(by):
            found["left_out"] += 1
            return
        found["of"] += 1
        found["hits"] += hit

    # -- what it comes to ----------------------------------------------------------------------

    def share(self, name: str) -> Share:
        found = self._found[name]
        return Share(found["hits"], found["of"], found["left_out"])

    @property
    def accepted(self) -> Share:
        return Share(self.referrals["accepted"], self.referrals["sent"])

    @property
    def hours_to_acceptance(self) -> Spread:
        return _spread(self._hours)

    @property
    def gap_days(self) -> Spread:
        return _spread(self._gap_days)

    def to_json(self) -> dict[str, Any]:
        """Small cells are null."""
        return {
            "cases": self.cases,
            "events": self.events,
            "released": _cell(self.released),
            "released_with_consent": _cell(self.with_consent),
            "indicators": {name: _share_json(self.share(name)) for name in INDICATORS},
            "referrals": {
                **{kind: _cell(self.referrals[kind]) for kind in _ANSWERS},
                "accepted_share": _share_json(self.accepted),
                "hours_to_acceptance": self.hours_to_acceptance._asdict(),
            },
            "medicine_gap_days": self.gap_days._asdict(),
            "deadlines": {
                code: {**{kind: found[kind] for kind in _KEPT}}
                if sum(found.values()) >= SMALLEST
                else None
                for code, found in sorted(self.deadlines.items())
            },
            "escalations": {
                **{f"level_{level}": _cell(self.escalations[level]) for level in (1, 2, 3)},
                "acknowledged": _cell(self.acknowledged),
            },
            "early_exits": _cells(self.early_exits),
            "outcomes": _cells(self.outcomes),
        }


#: What is counted of each case: one event and when it was recorded.
_COUNT: dict[type[Data], Callable[[Tally, Any, datetime], None]] = {
    events.DeadlinesChanged: Tally._met,
    events.DeadlineMissed: Tally._missed,
    events.DeadlineWaived: Tally._waived,
    events.EscalationRaised: Tally._raised,
    events.EscalationAcknowledged: Tally._seen,
    events.ReferralSent: Tally._sent,
    events.ReferralAccepted: Tally._accepted,
    events.ReferralDeclined: Tally._declined,
    events.ReferralExpired: Tally._expired,
}
#: In the order in which they are told.
INDICATORS = {
    "contact_72h": "met by a care receiver within 72 h",
    "contact_7d": "met by a care receiver within 7 days",
    "engaged_21d": "takes part in treatment by day 21, where planned",
    "lost_30d": "lost or not met at day 30",
    "lost_180d": "lost or not met at day 180",
    "naloxone": "emergency kit at release, of those at risk",
    "medicine_arranged": "medicine lines arranged for at release",
    "medicine_continued": "medicine lines that went on without beginning anew",
    "medicine_gap": "medicine lines with an alarm about a gap",
}
_ANSWERS = ("sent", "accepted", "declined", "expired")
_KEPT = ("met", "missed", "waived")


def _spread(values: list[float]) -> Spread:
    if len(values) < SMALLEST:
        return Spread(len(values), None, None)
    return Spread(len(values), round(median(values), 1), round(quantiles(values, n=10)[-1], 1))


def _cell(count: int) -> int | None:
    return None if 0 < count < SMALLEST else count


def _cells(counts: Counter[str]) -> dict[str, int | None]:
    return {name: _cell(count) for name, count in counts.most_common()}


def _share_json(one: Share) -> dict[str, Any]:
    value = one.value
    return {
        "share": None if value is None else round(value, 4),
        "of": _cell(one.of),
        "left_out": _cell(one.left_out),
        "hidden": one.is_hidden,
    }


def count(lives: Iterable[tuple[Life, Course]], as_of: datetime) -> Tally:
    tally = Tally(as_of)
    for one, course in lives:
        tally.add(one, course)
    return tally
