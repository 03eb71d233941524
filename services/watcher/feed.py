"""When a prison's system has been silent for too long, worked out from when its facts were taken.

The profiles say the same (`life.feed_silent`) and are not read here. Holidays are not known: over
a long one the alarm comes early, and the next word clears it.
"""

from datetime import datetime, time, timedelta, timezone

#: Working days without a fact.
DAYS = 3
#: Who sent facts on so many of its last 14 days sends them by itself, and its silence says something.
REGULAR = 5
#: As in case.py: a day is over for all five countries when it is at +5; an office's at six.
_ZONE = timezone(timedelta(hours=5))
_CLOSES = time(18)
_SATURDAY = 6


def silent_at(last_at: datetime, days: int) -> datetime:
    """From when on silence is an alarm: the evening of the last of so many working days."""
    day = last_at.astimezone(_ZONE).date()
    while days > 0:
        day += timedelta(days=1)
        days -= day.isoweekday() < _SATURDAY
    return datetime.combine(day, _CLOSES, _ZONE)
