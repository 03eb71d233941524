"""Days and hours as the country counts them. All instants are aware and come back in UTC."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from throughcare.protocol.profiles.model import Profile, Span

_DAY = timedelta(days=1)


def local_day(profile: Profile, moment: datetime) -> date:
    return moment.astimezone(profile.zone).date()


def days_between(profile: Profile, start: datetime, end: datetime) -> int:
    """Difference of local calendar dates: "day N" of the protocol."""
    return (local_day(profile, end) - local_day(profile, start)).days


def end_of_day(profile: Profile, day: date) -> datetime:
    """When a local day counted in calendar or working days is over."""
    return _at(day, profile.day_ends_hour, profile.zone)


@lru_cache(maxsize=4096)  # the same few hundred days, asked for with every message
def _at(day: date, hour: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=zone).astimezone(UTC)


def is_working_day(profile: Profile, day: date) -> bool:
    return day.isoweekday() not in profile.weekend and day not in profile.holidays


def after(profile: Profile, start: datetime, span: Span) -> datetime:
    """The end of a span that began at `start`; the day it began on does not count."""
    if span.unit == "h":
        return start + timedelta(hours=span.amount)
    day = local_day(profile, start)
    if span.unit == "cd":
        return end_of_day(profile, day + span.amount * _DAY)
    left = span.amount
    while left > 0:
        day += _DAY
        if is_working_day(profile, day):
            left -= 1
    return end_of_day(profile, day)
