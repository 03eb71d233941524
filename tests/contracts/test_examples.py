"""One file a situation: each is a whole CloudEvent that our own reader and its schema accept."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator, FormatChecker

from throughcare.contracts import generate
from throughcare.contracts.envelope import decode, encode, from_record, instant
from throughcare.contracts.kinds import MODELS, Data
from throughcare.contracts.release_commands import RunDeadlines

_FOLDER = generate.HERE / "examples"
_FILES = sorted(_FOLDER.glob("*/*.json"))
_OF_FOLDER = {generate.file_name(m).removesuffix(".schema.json"): m for m in generate.ALL}
_FORMATS = FormatChecker(["uuid", "date", "date-time"])


def _is_said_at_a_door(model: type[Data]) -> bool:
    return model.kind in ("fact", "command") and model is not RunDeadlines


def _validate(schema: dict[str, Any], instance: object) -> None:
    Draft202012Validator(schema, format_checker=_FORMATS).validate(instance)


def test_every_type_has_an_example_and_every_folder_a_type() -> None:
    assert {path.parent.name for path in _FILES} == set(_OF_FOLDER)


def test_nothing_else_lies_among_the_examples() -> None:
    assert sorted(path for path in _FOLDER.rglob("*") if path.is_file()) == _FILES


@pytest.mark.parametrize("path", _FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_example_is_valid_by_its_model_its_schema_and_its_envelope(path: Path) -> None:
    record = json.loads(path.read_text("utf-8"))
    model = _OF_FOLDER[path.parent.name]

    assert record["type"] == model.type
    _validate(generate.schema(model), record["data"])
    envelope = "door" if _is_said_at_a_door(model) else "inside"
    _validate(generate.envelopes()[f"envelope.{envelope}.schema.json"], record)
    read = MODELS[model.type].model_validate_json(orjson.dumps(record["data"]), strict=True)
    assert read.model_dump(mode="json", exclude_none=True) == record["data"]


@pytest.mark.parametrize(
    "path",
    [path for path in _FILES if not _is_said_at_a_door(_OF_FOLDER[path.parent.name])],
    ids=lambda path: f"{path.parent.name}/{path.stem}",
)
def test_an_example_from_inside_survives_decoding_and_encoding_byte_for_byte(path: Path) -> None:
    record = json.loads(path.read_text("utf-8"))

    message = from_record(record)

    assert json.loads(encode(message)) == record
    assert encode(decode(encode(message))) == encode(message)
    assert decode(encode(message)) == message


@pytest.mark.parametrize(
    "path",
    [path for path in _FILES if _is_said_at_a_door(_OF_FOLDER[path.parent.name])],
    ids=lambda path: f"{path.parent.name}/{path.stem}",
)
def test_an_example_at_a_door_names_its_zone_and_no_case_ref(path: Path) -> None:
    record = json.loads(path.read_text("utf-8"))

    instant(record["time"])
    assert len(record.get("subject", "")) < 36


def test_a_schema_refuses_what_its_model_refuses() -> None:
    record = json.loads((_FOLDER / "fact.release-scheduled.v1/end-of-term.json").read_text("utf-8"))
    schema = Draft202012Validator(generate.schema(MODELS[record["type"]]), format_checker=_FORMATS)

    assert not schema.is_valid({**record["data"], "surname": "x"})
    assert not schema.is_valid({**record["data"], "expected_release_on": "soon"})
    assert not schema.is_valid({**record["data"], "facility": "Colony No. 31"})
