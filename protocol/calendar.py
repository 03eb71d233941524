"""Days and hours as the country counts them. All instants are aware and come back in UTC."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from throughcare.protocol.profiles.model import Profile, Span

_DAY = timedelta(days=1)
#: One case asks for the same few moments and days with every message.
_remembered = lru_cache(maxsize=16384)


@_remembered
def local_day(profile: Profile, moment: datetime) -> date:
    return moment.astimezone(profile.zone).date()


def days_between(profile: Profile, start: datetime, end: datetime) -> int:
    """Difference of local calendar dates: "day N" of the protocol."""
    return (local_day(profile, end) - local_day(profile, start)).days


@_remembered
def end_of_day(profile: Profile, day: date) -> datetime:
    """When a local day counted in calendar or working days is over."""
    return hour_of(profile, day, profile.day_ends_hour)


@_remembered
def hour_of(profile: Profile, day: date, hour: int) -> datetime:
    """A local hour of a local day."""
    return datetime.combine(day, time(hour), tzinfo=profile.zone).astimezone(UTC)


@_remembered
def is_working_day(profile: Profile, day: date) -> bool:
    return day.isoweekday() not in profile.weekend and day not in profile.holidays


@_remembered
def after(profile: Profile, start: datetime, span: Span) -> datetime:
    """The end of a span that began at `start`; the day it began on does not count."""
    if span.unit == "h":
        return start + timedelta(hours=span.amount)
    if span.unit == "wh":
        return _in_working_hours(profile, start, timedelta(hours=span.amount))
    day = local_day(profile, start)
    if span.unit == "cd":
        return end_of_day(profile, day + span.amount * _DAY)
    left = span.amount
    while left > 0:
        day += _DAY
        if is_working_day(profile, day):
            left -= 1
    return end_of_day(profile, day)


def _in_working_hours(profile: Profile, start: datetime, left: timedelta) -> datetime:
    day = local_day(profile, start)
    while True:
        if is_working_day(profile, day):
            begins = max(start, hour_of(profile, day, profile.care.day_begins_hour))
            room = end_of_day(profile, day) - begins
            if left <= room:
                return begins + left
            left -= max(room, timedelta())
        day += _DAY


def midnight_after(profile: Profile, day: date) -> datetime:
    """When nothing is left of a local day."""
    return hour_of(profile, day + _DAY, 0)


@_remembered
def before_release(
    profile: Profile,
    release_on: date,
    offset_days: int,
    start: datetime,
    grace: Span,
    buffer_days: int = 0,
) -> datetime:
    """When something is due that should be done so many days before the release.

    Began too late for that, it gets its grace, and never more than up to `buffer_days` before
    the release. What is past by then is due at its start: now.
    """
    wanted = end_of_day(profile, release_on - offset_days * _DAY)
    latest = end_of_day(profile, release_on - buffer_days * _DAY)
    return max(start, min(max(wanted, after(profile, start, grace)), latest))
