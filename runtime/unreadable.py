"""Rows that do not open or cannot be read: said and counted, without what they hold; the rest goes on."""

from throughcare.runtime import aliases, log, metrics
from throughcare.runtime.errors import fingerprint
from throughcare.runtime.seal import Seal

_LOG = log.get("unreadable")


def set_aside(place: str, error: Exception) -> None:
    """Say that a row of this place was passed over, and why."""
    metrics.SET_ASIDE.labels(place).inc()
    _LOG.error("row set aside", place=place, error=fingerprint(error))


def alias(seal: Seal, party: str, hidden: bytes | None, place: str) -> str | None:
    """What the party calls the case; None where it has no name, or none that can be read."""
    try:
        return aliases.read(seal, party, hidden)
    except ValueError as error:
        set_aside(place, error)
        return None
