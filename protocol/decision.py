"""What a decision is given besides the state, and what it may answer."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from throughcare.contracts.kinds import Event


class Context(NamedTuple):
    """What came with the message: nothing in here is read from a clock or made by chance."""

    #: The message's own id: a referral, an appointment … it opens takes this id.
    id: UUID
    case_ref: UUID
    #: When the act happened, UTC, by whoever reports it.
    occurred_at: datetime
    #: When a door took it, UTC domain time: the "now" of every decision.
    received_at: datetime
    party: str | None
    roles: frozenset[str]
    #: Ids for further things a decision opens (the next receiver's referral).
    new_id: Callable[[], UUID]
    #: Of the message. Only an opening uses it: a case keeps the version it began under.
    protocol_version: str


class Decided(NamedTuple):
    """The act took effect. No events: it was already so."""

    events: tuple[Event, ...]
    #: The state that folding them gives, where deciding had to fold them; None: it did not.
    after: Any = None


class Refused(NamedTuple):
    """A no with a reason: `code` is one of `refusals.REFUSALS`."""

    code: str


class Superseded(NamedTuple):
    """A fact older than the last applied of its kind: kept, without effect."""

    code: str


class Held(NamedTuple):
    """Not yet decidable: what it needs has not been heard. Decided later, in order."""

    code: str


Decision = Decided | Refused | Superseded | Held
