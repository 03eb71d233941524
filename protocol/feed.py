"""When a facility's system has been silent for too long: a promise that no case can keep."""

from datetime import datetime

from throughcare.protocol.calendar import after
from throughcare.protocol.profiles.model import Profile


def silent_since(profile: Profile, last_word_at: datetime, now: datetime) -> datetime | None:
    """From when on its silence is an alarm, UTC; None: it spoke recently enough.

    A release nobody reports looks like a quiet day: whoever waits for nightly exports has to
    notice that none came.
    """
    silent_at = after(profile, last_word_at, profile.life.feed_silent)
    return silent_at if silent_at <= now else None
