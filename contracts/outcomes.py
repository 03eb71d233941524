"""Outcomes: what became of a fact or a command, one type a result."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from throughcare.contracts.codes import (
    MessageId,
    Moment,
    Part,
    RefusalCode,
    SourceRef,
    StreamVersion,
    WireType,
)
from throughcare.contracts.kinds import Outcome


class _Answer(Outcome):
    """What every outcome repeats of the message it answers."""

    answered_source: SourceRef
    answered_id: MessageId
    #: None where it could not be read.
    answered_type: WireType | None = None
    #: Versions of both halves of the case as far as the writer knows them.
    intake_version: StreamVersion | None = None
    release_version: StreamVersion | None = None


class Decided(_Answer):
    """It took effect. No events: it was already so."""

    name: ClassVar[str] = "decided"
    event_ids: Annotated[tuple[UUID, ...], Field(max_length=200)] = ()


class Broken(Part):
    """A place where a message breaks its contract: a JSON Pointer and the rule, never the value."""

    pointer: Annotated[str, StringConstraints(pattern=r"^(/[a-z0-9_]{1,40}){0,8}$")]
    rule: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]+$", max_length=60)]


class Refused(_Answer):
    """A no; nothing changed."""

    name: ClassVar[str] = "refused"
    refusal_code: RefusalCode
    #: Where, if its shape was wrong.
    places: Annotated[tuple[Broken, ...] | None, Field(max_length=20)] = None


class Held(_Answer):
    """It waits for what it needs and is decided then, in order."""

    name: ClassVar[str] = "held"
    reason_code: RefusalCode


class Parked(_Answer):
    """A fact about somebody whose case is not open: kept until the moment given, then forgotten."""

    name: ClassVar[str] = "parked"
    until: Moment


class Superseded(_Answer):
    """A fact older than the last applied of its kind; without effect."""

    name: ClassVar[str] = "superseded"
    reason_code: RefusalCode


class NoCase(_Answer):
    """Nobody here is known by that alias; nothing was kept."""

    name: ClassVar[str] = "no-case"


class DeadLettered(_Answer):
    """It could not be processed and waits for a human."""

    name: ClassVar[str] = "dead-letter"
    dead_letter_id: UUID
    stage: Literal["decode", "schema", "unknown-type", "decide", "record"]


OUTCOMES: tuple[type[Outcome], ...] = (
    Decided,
    Refused,
    Held,
    Parked,
    Superseded,
    NoCase,
    DeadLettered,
)
