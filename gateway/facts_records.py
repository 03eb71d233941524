"""Records of the parties' fact topics: both modes of CloudEvents over Kafka, and their safekeeping."""

import base64
import re
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from aiokafka import ConsumerRecord

from throughcare.contracts.envelope import instant, rfc3339
from throughcare.contracts.kinds import Fact
from throughcare.contracts.outcomes import Broken
from throughcare.contracts.topics import FACTS_PREFIX
from throughcare.gateway.cloudevents import (
    EXTRA,
    MAX_BYTES,
    Answered,
    Said,
    identify,
    read_binary,
    read_structured,
)
from throughcare.gateway.problems import Place, RefusedError
from throughcare.gateway.taking import unix_ms

#: The CloudEvents Kafka binding writes attributes as headers with this prefix.
_PREFIX = "ce_"
_HEADERS_MAX = 64
_STRUCTURED = "application/cloudevents+json"
_STEPS = re.compile(r"(/[a-z0-9_]{1,40}){1,8}")
TOPICS = re.compile(rf"^{re.escape(FACTS_PREFIX)}(.+)$")


class Record(NamedTuple):
    """One record of a facts topic, however it came: from the broker or from a dead letter."""

    topic: str
    offset: int
    headers: dict[str, str]
    value: bytes
    #: When the broker got it (LogAppendTime), UTC.
    recorded_at: datetime

    @property
    def party(self) -> str:
        """Nobody but a party writes to its topic, so the topic says who spoke."""
        return self.topic.removeprefix(FACTS_PREFIX)


def from_broker(record: "ConsumerRecord[bytes | None, bytes | None]") -> Record:
    headers: dict[str, str] = {}
    for name, value in record.headers[:_HEADERS_MAX]:
        if name.startswith(_PREFIX) or name.lower() == "content-type":
            headers[name.lower()] = (value or b"").decode("utf-8", "replace")
    return Record(
        record.topic, record.offset, headers, record.value or b"", unix_ms(record.timestamp)
    )


def read(record: Record) -> Said:
    """What a record says. Raises RefusedError; only facts come in here."""
    if len(record.value) > MAX_BYTES or sum(map(len, record.headers.values())) > MAX_BYTES:
        raise RefusedError("too-large", "decode")
    media_type = record.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _STRUCTURED and f"{_PREFIX}specversion" in record.headers:
        if media_type not in ("", "application/json", "text/json"):
            raise RefusedError("content-type-unsupported", "decode")
        said = read_binary(record.headers, _PREFIX, record.value)
    else:
        said = read_structured(record.value)
    if not isinstance(said.data, Fact):
        raise RefusedError("wrong-door", "schema")
    return said


def whose(record: Record) -> Answered:
    """The source and id to answer; the record's own place where it does not say."""
    found = identify(record.value[:MAX_BYTES], record.headers, _PREFIX)
    if found.source is not None and found.id is not None:
        return found
    return Answered(f"/{record.topic}", f"0-{record.offset}", found.type)


def is_answerable(record: Record, error: RefusedError) -> bool:
    """Whether its sender can mend it alone: it says whose it is, and only what it says is wrong."""
    found = identify(record.value[:MAX_BYTES], record.headers, _PREFIX)
    return error.stage == "schema" and found.source is not None and found.id is not None


def places_of(error: RefusedError) -> tuple[Broken, ...] | None:
    """Where the contract was broken; a topic is kept, so no name that only its sender knows."""
    return tuple(Broken(pointer=_steps(place), rule=place.code) for place in error.places) or None


def _steps(place: Place) -> str:
    path = place.pointer.rpartition("/")[0] if place.code == EXTRA else place.pointer
    found = _STEPS.match(path)
    return found[0] if found else ""


def pack(record: Record) -> bytes:
    """A record as it is kept in a dead letter, sealed: readable, and enough to take it again."""
    kept: dict[str, Any] = {"headers": record.headers, "recordedtime": rfc3339(record.recorded_at)}
    try:
        kept["value"] = record.value.decode("utf-8")
    except UnicodeDecodeError:
        kept["value_base64"] = base64.b64encode(record.value).decode()
    return orjson.dumps(kept)


def unpack(topic: str, offset: int, packed: bytes) -> Record:
    """The inverse of `pack`."""
    kept = orjson.loads(packed)
    value = (
        base64.b64decode(kept["value_base64"]) if "value_base64" in kept else kept["value"].encode()
    )
    return Record(topic, offset, kept["headers"], value, instant(kept["recordedtime"]))
