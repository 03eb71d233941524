"""All courses of a run, and what happens next among them."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from random import Random

from throughcare.cli.cohort.act import Act
from throughcare.cli.cohort.again import Again
from throughcare.cli.cohort.care import Care
from throughcare.cli.cohort.course import Course
from throughcare.cli.cohort.custody import Custody
from throughcare.cli.cohort.follow_up import Alarms, FollowUp
from throughcare.cli.cohort.grid import plus
from throughcare.cli.cohort.medicine import Medicine
from throughcare.cli.cohort.person import LAST_RELEASE_DAYS, make_person
from throughcare.cli.cohort.world import World

#: The first day of every run, a Monday; domain time is stepped, so it need not be today.
START = date(2026, 3, 2)


def make_cohort(cases: int, rng: Random, world: World, start: date = START) -> list[Course]:
    """As many courses; the same for the same state of `rng`. Each has chance of its own."""
    return list(each_course(cases, rng, world, start))


def each_course(cases: int, rng: Random, world: World, start: date = START) -> Iterator[Course]:
    """The same, one by one: nothing of a case needs to be kept when the next one begins."""
    for number in range(1, cases + 1):
        yield _course(number, cases, start, Random(rng.getrandbits(64)), world)


def end_of(days: int, world: World) -> datetime:
    """When a run ends, with so many days of follow-up after the last release."""
    return world.grid.evening(plus(START, LAST_RELEASE_DAYS + days))


def _course(number: int, of: int, start: date, rng: Random, world: World) -> Course:
    course = Course(make_person(number, of, start, rng, world), rng, world)
    for play in (Custody, Care, FollowUp, Alarms, Medicine, Again):
        play(course)
    return course


def next_act_at(courses: Sequence[Course]) -> datetime | None:
    return min((at for course in courses if (at := course.next_at()) is not None), default=None)


def acts_at(courses: Sequence[Course], now: datetime) -> list[Act]:
    """One round of what is done now; ask again after these were decided and shown."""
    return [act for course in courses for act in course.act(now)]
