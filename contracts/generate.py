"""JSON Schemas and the AsyncAPI document, made from the models.

    python -m throughcare.contracts.generate

writes them beside this file; a test says when they differ from the models.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, assert_never

import yaml
from pydantic import TypeAdapter

from throughcare.contracts import topics
from throughcare.contracts.codes import (
    MessageId,
    PartyCode,
    ProtocolVersion,
    SourceRef,
    StreamVersion,
    WireType,
)
from throughcare.contracts.commands import COMMANDS, OWNER
from throughcare.contracts.envelope import CONTENT_TYPE, SCHEMA_BASE, SPECVERSION
from throughcare.contracts.events import EVENTS, WRITER
from throughcare.contracts.facts import FACTS
from throughcare.contracts.kinds import Data
from throughcare.contracts.outcomes import OUTCOMES
from throughcare.contracts.topics import Topic

HERE = Path(__file__).parent
DIALECT = "https://json-schema.org/draft/2020-12/schema"

ALL: tuple[type[Data], ...] = (*FACTS, *COMMANDS, *EVENTS, *OUTCOMES)


def file_name(model: type[Data]) -> str:
    return f"{model.kind}.{model.name}.v{model.version}.schema.json"


def schema(model: type[Data]) -> dict[str, Any]:
    """The schema of a type's `data`.

    What is sent to us may hold nothing unknown; what we say may gain fields, so a reader's
    validator must not refuse them.
    """
    made = model.model_json_schema(mode="validation")
    if model.kind in ("event", "outcome"):
        _open(made)
    head = {"$schema": DIALECT, "$id": SCHEMA_BASE + file_name(model)}
    return {**head, **made, "title": model.type}


def _open(node: Any) -> None:
    if isinstance(node, dict):
        node.pop("additionalProperties", None)
        for child in node.values():
            _open(child)
    elif isinstance(node, list):
        for child in node:
            _open(child)


_UUID = {"type": "string", "format": "uuid"}
_TIME = {"type": "string", "format": "date-time"}
_COUNT = {"type": "string", "pattern": "^[1-9][0-9]*$"}


def _of(annotated: Any) -> dict[str, Any]:
    """The JSON Schema of one of our constrained strings."""
    made: dict[str, Any] = TypeAdapter(annotated).json_schema()
    return made


def envelopes() -> dict[str, dict[str, Any]]:
    """The structured CloudEvent as it comes in at a door, and as it travels inside."""
    common = {
        "specversion": {"const": SPECVERSION},
        "source": _of(SourceRef),
        "type": _of(WireType),
        "time": _TIME,
        "datacontenttype": {"const": "application/json"},
        "data": {"type": "object"},
    }
    door = {
        "$schema": DIALECT,
        "$id": SCHEMA_BASE + "envelope.door.schema.json",
        "title": "What a party says to a door, and what the door says to a party",
        "type": "object",
        "properties": {
            **common,
            "id": _of(MessageId),
            "subject": {
                "description": "The party's own name for the case; may be absent where one opens",
                "type": "string",
                "minLength": 1,
                "maxLength": 64,
            },
            "time": {**_TIME, "description": "When it happened; absent: as it is received"},
        },
        "required": ["specversion", "id", "source", "type", "data"],
    }
    inside = {
        "$schema": DIALECT,
        "$id": SCHEMA_BASE + "envelope.inside.schema.json",
        "title": "A message between our own services",
        "type": "object",
        "properties": {
            **common,
            "id": _UUID,
            "subject": {**_UUID, "description": "The case_ref"},
            "partitionkey": {**_UUID, "description": "The case_ref again"},
            "recordedtime": _TIME,
            "correlationid": _UUID,
            "causationid": _UUID,
            "protocolversion": {"anyOf": [_of(ProtocolVersion), {"const": ""}]},
            "sequence": {**_COUNT, "description": "Version in the stream of its case and writer"},
            "journalposition": {**_COUNT, "description": "Place in its journal's partition"},
            "authtype": {"const": "service_account"},
            "authid": _of(PartyCode),
            "authroles": {"type": "string", "pattern": "^[a-z-]*( [a-z-]+)*$", "maxLength": 200},
            "commandnumber": {"type": "integer", "minimum": 1},
            "seenintake": _of(StreamVersion),
            "seenrelease": _of(StreamVersion),
        },
        "required": [
            "specversion",
            "id",
            "source",
            "type",
            "subject",
            "time",
            "partitionkey",
            "recordedtime",
            "correlationid",
            "protocolversion",
            "data",
        ],
    }
    return {"envelope.door.schema.json": door, "envelope.inside.schema.json": inside}


def schemas() -> dict[str, str]:
    """File name -> text of every schema."""
    made = {file_name(model): schema(model) for model in ALL} | envelopes()
    return {
        name: json.dumps(one, indent=2, ensure_ascii=False) + "\n" for name, one in made.items()
    }


def carried(topic: Topic) -> tuple[type[Data], ...]:
    """The types that travel on a topic."""
    service = topic.name.split(".")[1]
    match topic.carries:
        case "commands":
            return tuple(model for model in (*FACTS, *COMMANDS) if OWNER[model] == service)
        case "events":
            return tuple(model for model in EVENTS if WRITER[model] == service)
        case "facts":
            return FACTS
        case "outcomes":
            return OUTCOMES
        case _:
            assert_never(topic.carries)


def asyncapi() -> str:
    """The topics, who writes and who reads them, and what they carry, as AsyncAPI 3.1."""
    party = topics.facts_of("{party}"), topics.outcomes_of("{party}")
    listed = (*topics.TOPICS, *party)
    document = {
        "asyncapi": "3.1.0",
        "info": {
            "title": "Throughcare",
            "version": "1",
            "description": "Structured CloudEvents; keys are case references. "
            "Made from the models by throughcare.contracts.generate.",
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {_channel(topic): _described(topic) for topic in listed},
        "operations": dict(_operations(listed)),
        "components": {
            "messages": {
                _message_name(model, topic): _message(model, topic)
                for topic in listed
                for model in carried(topic)
            }
        },
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def _channel(topic: Topic) -> str:
    return topic.name.removesuffix(".{party}").removeprefix("throughcare.")


def _envelope(topic: Topic) -> str:
    return "door" if "{party}" in topic.name else "inside"


def _message_name(model: type[Data], topic: Topic) -> str:
    return file_name(model).replace("schema.json", _envelope(topic))


def _described(topic: Topic) -> dict[str, Any]:
    described: dict[str, Any] = {
        "address": topic.name,
        "messages": {
            _message_name(model, topic): {
                "$ref": f"#/components/messages/{_message_name(model, topic)}"
            }
            for model in carried(topic)
        },
        "bindings": {
            "kafka": {
                "partitions": topic.partitions,
                "topicConfiguration": {"retention.ms": topic.retention_ms},
            }
        },
    }
    if "{party}" in topic.name:
        described["parameters"] = {"party": {"description": "Code of the party"}}
    return described


def _message(model: type[Data], topic: Topic) -> dict[str, Any]:
    return {
        "name": model.type,
        "contentType": CONTENT_TYPE,
        "payload": {
            "allOf": [
                {"$ref": f"./schemas/envelope.{_envelope(topic)}.schema.json"},
                {
                    "properties": {
                        "type": {"const": model.type},
                        "data": {"$ref": f"./schemas/{file_name(model)}"},
                    }
                },
            ]
        },
    }


def _operations(listed: Iterable[Topic]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """Named who-does-where; what is said of a party holds for each party."""
    for topic in listed:
        for action, who in (("send", topic.writers), ("receive", topic.readers)):
            for one in who:
                name = "party" if one == "{party}" else one
                yield (
                    f"{name}.{action}.{_channel(topic)}",
                    {"action": action, "channel": {"$ref": f"#/channels/{_channel(topic)}"}},
                )


def files() -> dict[Path, str]:
    """Every generated file with its text."""
    made = {HERE / "schemas" / name: text for name, text in schemas().items()}
    return {**made, HERE / "asyncapi.yaml": asyncapi()}


def main() -> int:
    made = files()
    for old in (HERE / "schemas").glob("*.schema.json"):
        if old not in made:
            old.unlink()
    for path, text in made.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
