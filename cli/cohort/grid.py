"""When things happen: few moments for many acts, since each moment is waited out in real time.

Everything is written down at the end of a day, when days end for the protocol too. What is not
urgent waits for one of the two evenings a week on which offices write; on these days people leave,
too, so that their checks fall together.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from throughcare.protocol.calendar import is_working_day, local_day
from throughcare.protocol.profiles.model import Profile

#: Tuesday and Friday.
_OFFICE_DAYS = (2, 5)
_DAY = timedelta(days=1)


def plus(day: date, days: int) -> date:
    return day + timedelta(days=days)


class Grid:
    """The days and evenings of one country. It remembers the few hundred that a run asks for."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        # Plain functions that remember: nothing of it depends on who asks.
        self.at = lru_cache(maxsize=None)(self._at)
        self.morning = lru_cache(maxsize=None)(self._morning)
        self.evening = lru_cache(maxsize=None)(self._evening)
        self.day_of = lru_cache(maxsize=65536)(self._day_of)
        self.working = lru_cache(maxsize=None)(self._working)
        self.office = lru_cache(maxsize=None)(self._office)
        self.office_before = lru_cache(maxsize=None)(self._office_before)
        self.next_evening = lru_cache(maxsize=65536)(self._next_evening)
        self.next_office = lru_cache(maxsize=65536)(self._next_office)

    def _at(self, day: date, hour: int) -> datetime:
        """A local hour of a day, in UTC."""
        return datetime.combine(day, time(hour), tzinfo=self.profile.zone).astimezone(UTC)

    def _morning(self, day: date) -> datetime:
        """Two hours after offices open: what came in overnight has been read."""
        return self._at(day, self.profile.care.day_begins_hour + 2)

    def _evening(self, day: date) -> datetime:
        return self._at(day, self.profile.day_ends_hour)

    def _day_of(self, moment: datetime) -> date:
        return local_day(self.profile, moment)

    def _working(self, day: date) -> date:
        """The day itself, or the next on which people work."""
        while not is_working_day(self.profile, day):
            day += _DAY
        return day

    def _office(self, day: date) -> date:
        """The day itself, or the next on which offices write."""
        while day.isoweekday() not in _OFFICE_DAYS or not is_working_day(self.profile, day):
            day += _DAY
        return day

    def _office_before(self, day: date) -> date:
        """The last day before on which offices write."""
        day -= _DAY
        while day != self.office(day):
            day -= _DAY
        return day

    def _next_evening(self, now: datetime) -> datetime:
        """The first end of a working day after `now`."""
        day = self.working(self.day_of(now))
        if self.evening(day) > now:
            return self.evening(day)
        return self.evening(self.working(day + _DAY))

    def _next_office(self, now: datetime, later: int = 0) -> datetime:
        """The first evening after `now` on which offices write, or so many of them later."""
        day = self.office(self.day_of(now))
        if self.evening(day) <= now:
            day = self.office(day + _DAY)
        for _ in range(later):
            day = self.office(day + _DAY)
        return self.evening(day)
