"""The envelope: a CloudEvents 1.0 message in structured JSON, with our extension attributes.

At the doors `subject` is a party's alias; inside, `subject` and `partitionkey` are the case_ref.
The encoded bytes of an event are its only form: Kafka carries them, the log's leaf commits to them.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import msgspec
import orjson
from pydantic import ValidationError

from throughcare.contracts.kinds import MODELS, Data

SPECVERSION = "1.0"
CONTENT_TYPE = "application/cloudevents+json"
SCHEMA_BASE = "https://throughcare.org/schemas/"


class UndecodableError(ValueError):
    """Bytes that are no message of ours; `code` says which rule they break, never what they hold."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


_Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Message(NamedTuple):
    """One message between our own services. Times are aware and in UTC."""

    id: UUID
    source: str
    data: Data
    #: The case, on whose key the message travels.
    case_ref: UUID
    #: When it happened, by the one who says so (CloudEvents `time`).
    occurred_at: datetime
    #: When a door of ours took it, in domain time; decisions use it as their "now".
    recorded_at: datetime
    correlation_id: UUID
    #: The version of the protocol the case runs under, e.g. `kg-2026.1`.
    protocol_version: str
    causation_id: UUID | None = None
    #: Version in the case's stream of the service that wrote it: 1, 2, 3 … (events only).
    sequence: int | None = None
    #: Place in the journal's partition: 1, 2, 3 … (whatever a journal carries).
    position: int | None = None
    #: The party a door authenticated, and the roles it spoke in (commands and facts).
    party: str | None = None
    roles: tuple[str, ...] = ()
    #: The door's number of the command within the case and the owning service: 1, 2, 3 …
    number: int | None = None
    #: Versions of both halves the door had seen for this case when it took the command.
    seen_intake: int = 0
    seen_release: int = 0


class _Wire(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The attributes as our own services write them, in this order; what differs is read slowly."""

    specversion: str
    id: UUID
    source: str
    type: str
    subject: UUID
    time: _Moment
    datacontenttype: str = ""
    partitionkey: UUID | None = None
    recordedtime: _Moment
    correlationid: UUID
    protocolversion: str
    causationid: UUID | None = None
    sequence: str | None = None
    journalposition: str | None = None
    authtype: str | None = None
    authid: str | None = None
    authroles: str | None = None
    commandnumber: int | None = None
    seenintake: int | None = None
    seenrelease: int | None = None
    data: msgspec.Raw


_DECODER = msgspec.json.Decoder(_Wire)
# Ids read from the database are of a class of its driver's own.
_ENCODER = msgspec.json.Encoder(enc_hook=str)


def encode(message: Message) -> bytes:
    """The canonical bytes: attributes in a fixed order, absent ones left out, times in UTC with Z."""
    authenticated = message.party is not None
    numbered = message.number is not None
    return _ENCODER.encode(
        _Wire(
            specversion=SPECVERSION,
            id=message.id,
            source=message.source,
            type=message.data.type,
            subject=message.case_ref,
            time=_utc(message.occurred_at),
            datacontenttype="application/json",
            partitionkey=message.case_ref,
            recordedtime=_utc(message.recorded_at),
            correlationid=message.correlation_id,
            protocolversion=message.protocol_version,
            causationid=message.causation_id,
            sequence=None if message.sequence is None else str(message.sequence),
            journalposition=None if message.position is None else str(message.position),
            authtype="service_account" if authenticated else None,
            authid=message.party,
            authroles=" ".join(message.roles) if authenticated else None,
            commandnumber=message.number,
            seenintake=message.seen_intake if numbered else None,
            seenrelease=message.seen_release if numbered else None,
            data=msgspec.Raw(message.data.to_json()),
        )
    )


def decode(raw: bytes) -> Message:
    """Read bytes that one of our own services wrote. Raises UndecodableError with a code."""
    try:
        wire = _DECODER.decode(raw)
        model = MODELS[wire.type]
        if wire.specversion == SPECVERSION:
            return _from_wire(wire, model.read_json(bytes(wire.data)))
    except (KeyError, ValueError):  # msgspec's and pydantic's errors are ValueErrors
        pass
    # Slowly, to find out what is wrong with it, or to take what is only written differently.
    try:
        record = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise UndecodableError("not-json") from None
    if not isinstance(record, dict):
        raise UndecodableError("not-an-object")
    return from_record(record)


def _from_wire(wire: _Wire, data: Data) -> Message:
    return Message(
        wire.id,
        wire.source,
        data,
        wire.subject,
        _utc(wire.time),
        _utc(wire.recordedtime),
        wire.correlationid,
        wire.protocolversion,
        wire.causationid,
        None if wire.sequence is None else int(wire.sequence),
        None if wire.journalposition is None else int(wire.journalposition),
        wire.authid,
        tuple(wire.authroles.split()) if wire.authroles else (),
        wire.commandnumber,
        wire.seenintake or 0,
        wire.seenrelease or 0,
    )


def from_record(record: Mapping[str, Any]) -> Message:
    """Read the attributes of a structured CloudEvent. Raises UndecodableError with a code."""
    try:
        if record["specversion"] != SPECVERSION:
            raise UndecodableError("unknown-specversion")
        model = MODELS.get(record["type"])
        if model is None:
            raise UndecodableError("unknown-type")
        causation = record.get("causationid")
        sequence = record.get("sequence")
        position = record.get("journalposition")
        return Message(
            id=UUID(record["id"]),
            source=record["source"],
            data=model.read(record["data"]),
            case_ref=UUID(record["subject"]),
            occurred_at=instant(record["time"]),
            recorded_at=instant(record["recordedtime"]),
            correlation_id=UUID(record["correlationid"]),
            protocol_version=record["protocolversion"],
            causation_id=None if causation is None else UUID(causation),
            sequence=None if sequence is None else int(sequence),
            position=None if position is None else int(position),
            party=record.get("authid"),
            roles=tuple(record.get("authroles", "").split()),
            number=record.get("commandnumber"),
            seen_intake=record.get("seenintake", 0),
            seen_release=record.get("seenrelease", 0),
        )
    except ValidationError:
        raise UndecodableError("schema") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, UndecodableError):
            raise
        raise UndecodableError("envelope") from None


def rfc3339(moment: datetime) -> str:
    """An aware moment as RFC 3339 in UTC, `2026-03-01T04:00:00Z`; microseconds only where there are any."""
    return _utc(moment).isoformat().replace("+00:00", "Z")


def instant(text: str) -> datetime:
    """The inverse of `rfc3339`. Raises ValueError where there is no zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no time zone")
    return _utc(moment)


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
