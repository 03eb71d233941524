"""What an error of the database or the broker means for the list in hand."""

import asyncio
import traceback
from enum import Enum

import asyncpg
from aiokafka.errors import KafkaError


class SetupError(Exception):
    """Something outside is not as it must be: one sentence, and what to do about it."""


class StaleError(Exception):
    """What was read is no longer so: take the same list again."""


class Meaning(Enum):
    TRANSIENT = "transient"  # the same list again, after a while
    STALE = "stale"  # the same list again, with what stands there now
    POISON = "poison"  # one of the messages does it: find out which


#: What uvloop says, in a plain RuntimeError, to who writes to a connection that just broke.
_BROKEN = "the handler is closed"
#: SQLSTATE classes: connection, rollback (deadlock, serialization), resources, operator, system.
_TRANSIENT_CLASSES = ("08", "40", "53", "55", "57", "58")


def meaning_of(error: BaseException) -> Meaning:
    """Sort an error. A unique violation means somebody else was there first, never a bad message."""
    match error:
        case StaleError() | asyncpg.UniqueViolationError():
            return Meaning.STALE
        case asyncpg.PostgresError() if (error.sqlstate or "").startswith(_TRANSIENT_CLASSES):
            return Meaning.TRANSIENT
        case (
            asyncpg.InterfaceError()
            | asyncpg.InternalClientError()  # the server went away within a message
            | asyncpg.PostgresConnectionError()
            | OSError()
            | TimeoutError()
            | asyncio.TimeoutError()
            | KafkaError()
        ):
            return Meaning.TRANSIENT
        case RuntimeError() if _BROKEN in str(error):
            return Meaning.TRANSIENT
        case _:
            return Meaning.POISON


def fingerprint(error: BaseException) -> str:
    """Class and place of an error; never its message, which may hold values."""
    frames = traceback.extract_tb(error.__traceback__)
    place = next(
        (f for f in reversed(frames) if "throughcare" in f.filename or "/protocol/" in f.filename),
        frames[-1] if frames else None,
    )
    where = f"{place.filename.rsplit('/', 1)[-1]}:{place.name}:{place.lineno}" if place else "?"
    return f"{type(error).__name__}@{where}"
