"""When things happen: whole local hours, so that acts and due times fall together.

Whoever writes something down does so at the end of the working day, when days end for the
protocol too; people leave at two in the afternoon, so that four hours later is that same moment.
"""

from datetime import UTC, date, datetime, time, timedelta

from throughcare.protocol.calendar import is_working_day, local_day
from throughcare.protocol.profiles import current

PROFILE = current("KG")
#: Local hour of walking out.
GATE_HOUR = 14
EVENING_HOUR = PROFILE.day_ends_hour


def at(day: date, hour: int) -> datetime:
    """A local hour of a day, in UTC."""
    return datetime.combine(day, time(hour), tzinfo=PROFILE.zone).astimezone(UTC)


def gate(day: date) -> datetime:
    return at(day, GATE_HOUR)


def evening(day: date) -> datetime:
    return at(day, EVENING_HOUR)


def day_of(moment: datetime) -> date:
    return local_day(PROFILE, moment)


def plus(day: date, days: int) -> date:
    return day + timedelta(days=days)


def working(day: date) -> date:
    """The day itself, or the next on which people work."""
    while not is_working_day(PROFILE, day):
        day = plus(day, 1)
    return day


def plus_working(day: date, days: int) -> date:
    for _ in range(days):
        day = working(plus(day, 1))
    return day


def next_evening(now: datetime, working_days: int = 0) -> datetime:
    """The first end of a working day after `now`, and so many working days later."""
    day = working(day_of(now))
    if evening(day) <= now:
        day = plus_working(day, 1)
    return evening(plus_working(day, working_days))
