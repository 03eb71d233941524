"""The face of one half of a case, as the runtime drives it."""

from collections.abc import Callable
from datetime import datetime
from typing import Generic, Literal, NamedTuple, TypeVar
from uuid import UUID

from throughcare.contracts.envelope import Message
from throughcare.contracts.kinds import Data, Event
from throughcare.protocol.decision import Context, Decision

State = TypeVar("State")


class Half(NamedTuple, Generic[State]):
    """Every function is pure and total; a state is never changed, only followed by another.

    A state is two folds that do not touch each other: own events, and heard events of the other
    half. So a state does not depend on how the two streams were interleaved.
    """

    name: Literal["intake", "release"]
    #: Of the dumped form; a state dumped under another is folded anew.
    state_version: int
    initial: Callable[[UUID], State]
    #: Own events, in the order of their versions.
    evolve: Callable[[State, Message], State]
    #: The other half's events; what is of no use here changes nothing.
    hear: Callable[[State, Message], State]
    decide: Callable[[State, Data, Context], Decision]
    #: Own events that follow from one of the other half's; the state has already heard it.
    react: Callable[[State, Data, Context], tuple[Event, ...]]
    #: The earliest live deadline, UTC.
    next_due_at: Callable[[State], datetime | None]
    dump: Callable[[State], bytes]
    load: Callable[[bytes], State]
    #: The version the case began under; empty before the half knows of the case.
    protocol_version: Callable[[State], str]
    #: Of the other half's events, those that mean anything here: any other neither changes the
    #: state nor entails an event.
    heeds: frozenset[type[Data]]
