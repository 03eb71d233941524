"""What is open of a person's rights, as release remembers it."""

from datetime import datetime
from uuid import UUID

from throughcare.protocol.record import Record


class Access(Record, frozen=True):
    """A look past consent that nobody has reviewed."""

    id: UUID
    number: int
    party: str
    used_at: datetime


class LegalRequest(Record, frozen=True):
    """A demand for data that is not decided: nothing is disclosed."""

    id: UUID
    #: Parties of which each would disclose, and in the capacity in which it said so.
    for_it: tuple[tuple[str, str], ...] = ()


class Rights(Record, frozen=True):
    #: The person asked to see their data and has not been shown them.
    asked_at: datetime | None = None
    requests: tuple[LegalRequest, ...] = ()
    accesses: tuple[Access, ...] = ()
    #: How many there ever were.
    looks: int = 0
