"""What came in at a door: a CloudEvent 1.0 of either mode, checked for its shape and nothing else."""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import unquote

import orjson
from pydantic import TypeAdapter, ValidationError

from throughcare.contracts.codes import MessageId, SourceRef
from throughcare.contracts.commands import COMMANDS
from throughcare.contracts.envelope import SPECVERSION
from throughcare.contracts.facts import FACTS
from throughcare.contracts.kinds import Data
from throughcare.contracts.release_commands import RunDeadlines
from throughcare.gateway import strict_json
from throughcare.gateway.problems import Place, RefusedError

#: Of a whole message, in bytes, as it came.
MAX_BYTES = 64 * 1024

#: What parties may say. Running deadlines is the protocol's own.
_SAYABLE: dict[str, type[Data]] = {
    model.type: model for model in (*FACTS, *COMMANDS) if model is not RunDeadlines
}
_VERSIONLESS = {name.rpartition(".v")[0] for name in _SAYABLE}
_ID: TypeAdapter[str] = TypeAdapter(MessageId)
_SOURCE: TypeAdapter[str] = TypeAdapter(SourceRef)
#: Letters of any script, digits and the usual separators; no blanks, so that it is no sentence.
_ALIAS = re.compile(r"\w[\w./:-]{0,63}")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
#: The rule that a member broke which its type does not have.
EXTRA = "extra_forbidden"
_FIELD = re.compile(r"[a-z][a-z0-9_]{0,39}")
_ATTRIBUTES = ("specversion", "id", "source", "type", "subject", "time", "datacontenttype")


def sayable(kind: str) -> list[str]:
    """The types of this kind that a party may say."""
    return sorted(name for name, model in _SAYABLE.items() if model.kind == kind)


class Said(NamedTuple):
    """A message as its sender said it, in the models of the contracts."""

    source: str
    id: str
    #: The sender's name for the case; None where the sender leaves it to us.
    alias: str | None
    #: UTC; None: at the moment it is taken.
    occurred_at: datetime | None
    data: Data
    #: SHA-256 over what was said, the same in either mode and in any order of members. Never kept
    #: as it is: it could be tried against guessed names.
    digest: bytes


class Answered(NamedTuple):
    """What can be said of a message that could not be read: whose id it bears, as far as that goes."""

    source: str | None
    id: str | None
    type: str | None


def read_structured(raw: bytes) -> Said:
    """Read a whole CloudEvent in JSON. Raises RefusedError."""
    return _check(_object(raw))


def read_binary(headers: Mapping[str, str], prefix: str, raw: bytes) -> Said:
    """Read a CloudEvent whose attributes are headers with `prefix`, and whose data is the body."""
    record = _attributes(headers, prefix)
    if not raw:
        raise RefusedError("empty", "decode")
    record["data"] = strict_json.loads(raw)
    return _check(record)


def read_said(
    kind: str, source: str, their_id: str, data: dict[str, Any], subject: str | None = None
) -> Said:
    """What was said at a door that has no use for an envelope. Raises RefusedError."""
    return _check(
        {"specversion": SPECVERSION, "id": their_id, "source": source, "type": kind,
         "subject": subject, "data": data}
    )  # fmt: skip


def identify(raw: bytes, headers: Mapping[str, str], prefix: str) -> Answered:
    """What a refused message says of itself, as far as it can be repeated."""
    record: Any = None
    try:
        binary = f"{prefix}specversion" in headers
        record = _attributes(headers, prefix) if binary else orjson.loads(raw)
    except (ValueError, RefusedError):
        pass
    if not isinstance(record, dict):
        return Answered(None, None, None)
    kind = record.get("type")
    return Answered(
        _fits(_SOURCE, record.get("source")),
        _fits(_ID, record.get("id")),
        kind if isinstance(kind, str) and kind in _SAYABLE else None,
    )


def _fits(rule: TypeAdapter[str], value: object) -> str | None:
    try:
        return rule.validate_python(value, strict=True)
    except ValidationError:
        return None


def _attributes(headers: Mapping[str, str], prefix: str) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for name in _ATTRIBUTES:
        if (value := headers.get(prefix + name)) is not None:
            # The HTTP binding writes what is not printable ASCII with percent signs.
            record[name] = unquote(value) if prefix == "ce-" and "%" in value else value
    record.pop("datacontenttype", None)
    strict_json.check_text(record)
    return record


def _object(raw: bytes) -> dict[str, Any]:
    if not raw:
        raise RefusedError("empty", "decode")
    record = strict_json.loads(raw)
    if not isinstance(record, dict):
        raise RefusedError("not-a-cloudevent", "decode")
    return record


def _check(record: Mapping[str, Any]) -> Said:
    if record.get("specversion") != SPECVERSION:
        raise RefusedError("not-a-cloudevent", "decode")
    their_id = _fits(_ID, record.get("id"))
    source = _fits(_SOURCE, record.get("source"))
    if their_id is None or source is None:
        raise _attribute("id" if their_id is None else "source")
    model = _model(record.get("type"))
    media_type = record.get("datacontenttype", "application/json")
    if not isinstance(media_type, str) or media_type.partition(";")[0].strip().lower() not in (
        "application/json",
        "text/json",
    ):
        raise _attribute("datacontenttype")
    data = record.get("data")
    if not isinstance(data, dict):
        raise RefusedError("schema", "schema", [Place("/data", "object_type")])
    alias = _alias(record.get("subject"))
    occurred_at = _moment(record.get("time"))
    body = orjson.dumps(data, option=orjson.OPT_SORT_KEYS)
    try:
        # JSON's own types only: no number is taken for a date, no text for a number.
        read = model.model_validate_json(body, strict=True)
    except ValidationError as error:
        raise RefusedError("schema", "schema", _places(error)) from None
    stamp = None if occurred_at is None else occurred_at.isoformat()
    head = orjson.dumps([model.type, alias, stamp])
    return Said(source, their_id, alias, occurred_at, read, hashlib.sha256(head + body).digest())


def _attribute(name: str) -> RefusedError:
    return RefusedError("attribute-invalid", "schema", [Place(f"/{name}", "attribute-invalid")])


def _model(kind: object) -> type[Data]:
    if not isinstance(kind, str):
        raise _attribute("type")
    model = _SAYABLE.get(kind)
    if model is None:
        known = kind.rpartition(".v")[0] in _VERSIONLESS
        raise RefusedError("unknown-version" if known else "unknown-type", "unknown-type")
    return model


def alias_from(text: str) -> str | None:
    """A party's name for a case in its one form (NFC), or None where it cannot be one."""
    plain = unicodedata.normalize("NFC", text)
    return plain if _ALIAS.fullmatch(plain) else None


def _alias(subject: object) -> str | None:
    if subject is None:
        return None
    if not isinstance(subject, str) or (alias := alias_from(subject)) is None:
        raise _attribute("subject")
    return alias


def _moment(text: object) -> datetime | None:
    if text is None:
        return None
    if not isinstance(text, str) or not _RFC3339.fullmatch(text):
        raise _attribute("time")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _attribute("time") from None


def _places(error: ValidationError) -> list[Place]:
    """Where the data breaks its schema; of a name that we do not know, only what is like one of ours."""
    places = []
    for found in error.errors(include_input=False, include_url=False, include_context=False):
        path = found["loc"]
        if found["type"] == EXTRA and not _FIELD.fullmatch(str(path[-1])):
            path = path[:-1]
        pointer = "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)
        places.append(Place(f"/data{pointer}", found["type"]))
    return places[:20]
