"""When things happen: few moments for many acts, since each moment is waited out in real time.

Everything is written down at the end of a day, when days end for the protocol too. What is not
urgent waits for one of the two evenings a week on which offices write; on these days people leave,
too, so that their checks fall together.
"""

from datetime import UTC, date, datetime, time, timedelta

from throughcare.protocol.calendar import is_working_day, local_day
from throughcare.protocol.profiles import current

PROFILE = current("KG")
EVENING_HOUR = PROFILE.day_ends_hour
#: Tuesday and Friday.
_OFFICE_DAYS = (2, 5)


def at(day: date, hour: int) -> datetime:
    """A local hour of a day, in UTC."""
    return datetime.combine(day, time(hour), tzinfo=PROFILE.zone).astimezone(UTC)


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


def office(day: date) -> date:
    """The day itself, or the next on which offices write."""
    while day.isoweekday() not in _OFFICE_DAYS or not is_working_day(PROFILE, day):
        day = plus(day, 1)
    return day


def office_before(day: date) -> date:
    """The last day before on which offices write."""
    day = plus(day, -1)
    while day != office(day):
        day = plus(day, -1)
    return day


def next_evening(now: datetime) -> datetime:
    """The first end of a working day after `now`."""
    day = working(day_of(now))
    return evening(day) if evening(day) > now else evening(working(plus(day, 1)))


def next_office(now: datetime, later: int = 0) -> datetime:
    """The first evening after `now` on which offices write, or so many of them later."""
    day = office(day_of(now))
    if evening(day) <= now:
        day = office(plus(day, 1))
    for _ in range(later):
        day = office(plus(day, 1))
    return evening(day)
