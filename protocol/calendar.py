"""Days and hours as the country counts them. All instants are aware and come back in UTC."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from throughcare.protocol.profiles.model import Profile, Span

_DAY = timedelta(days=1)


def local_day(profile: Profile, moment: datetime) -> date:
    return _local_day(moment, profile.zone)


@lru_cache(maxsize=4096)  # one decision asks a dozen times for the days of the same few moments
def _local_day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


def days_between(profile: Profile, start: datetime, end: datetime) -> int:
    """Difference of local calendar dates: "day N" of the protocol."""
    return (local_day(profile, end) - local_day(profile, start)).days


def end_of_day(profile: Profile, day: date) -> datetime:
    """When a local day counted in calendar or working days is over."""
    return _at(day, profile.day_ends_hour, profile.zone)


def hour_of(profile: Profile, day: date, hour: int) -> datetime:
    """A local hour of a local day."""
    return _at(day, hour, profile.zone)


@lru_cache(maxsize=4096)  # the same few hundred days, asked for with every message
def _at(day: date, hour: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=zone).astimezone(UTC)


def is_working_day(profile: Profile, day: date) -> bool:
    return day.isoweekday() not in profile.weekend and day not in profile.holidays


def after(profile: Profile, start: datetime, span: Span) -> datetime:
    """The end of a span that began at `start`; the day it began on does not count."""
    if span.unit == "h":
        return start + timedelta(hours=span.amount)
    if span.unit == "wh":
        return _in_working_hours(profile, start, timedelta(hours=span.amount))
    day = local_day(profile, start)
    if span.unit == "cd":
        return end_of_day(profile, day + span.amount * _DAY)
    day = _working_days_later(day, span.amount, profile.weekend, profile.holidays)
    return end_of_day(profile, day)


@lru_cache(maxsize=4096)
def _working_days_later(
    day: date, left: int, weekend: frozenset[int], holidays: frozenset[date]
) -> date:
    while left > 0:
        day += _DAY
        if day.isoweekday() not in weekend and day not in holidays:
            left -= 1
    return day


def _in_working_hours(profile: Profile, start: datetime, left: timedelta) -> datetime:
    day = local_day(profile, start)
    while True:
        if is_working_day(profile, day):
            begins = max(start, _at(day, profile.care.day_begins_hour, profile.zone))
            room = end_of_day(profile, day) - begins
            if left <= room:
                return begins + left
            left -= max(room, timedelta())
        day += _DAY


def midnight_after(profile: Profile, day: date) -> datetime:
    """When nothing is left of a local day."""
    return _at(day + _DAY, 0, profile.zone)


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
