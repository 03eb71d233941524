"""Real time. Domain time is `runtime.now()` in the database; decisions get theirs with the message."""

from datetime import UTC, datetime


def real_now() -> datetime:
    """The machine's clock, UTC: for leases, signatures, file names and clients' own stamps."""
    return datetime.now(UTC)
