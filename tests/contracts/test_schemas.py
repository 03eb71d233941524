"""The committed schemas are the models', and say nothing that a topic may not carry."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from throughcare.contracts import generate
from throughcare.contracts.kinds import Data

#: Fragments of names under which identity, health findings or free text would travel.
_TELLING = (
    "surname",
    "first_name",
    "last_name",
    "fullname",
    "full_name",
    "patronymic",
    "birth",
    "sex",
    "gender",
    "nationality",
    "passport",
    "iin",
    "pinfl",
    "phone",
    "email",
    "mail",
    "address",
    "photo",
    "offence",
    "article",
    "sentence",
    "diagnos",
    "icd",
    "substance",
    "drug",
    "dose",
    "hiv",
    "note",
    "comment",
    "remark",
    "text",
    "description",
    "message",
)


def test_the_committed_files_are_what_the_models_say() -> None:
    """python -m throughcare.contracts.generate writes them."""
    made = generate.files()

    assert {path: path.read_text("utf-8") for path in made if path.exists()} == made


def test_no_schema_is_left_of_a_type_that_is_gone() -> None:
    committed = {path.name for path in (generate.HERE / "schemas").iterdir()}

    assert set(generate.schemas()) == committed


@pytest.mark.parametrize("name", sorted(generate.schemas()))
def test_every_schema_is_a_schema(name: str) -> None:
    Draft202012Validator.check_schema(json.loads(generate.schemas()[name]))


@pytest.mark.parametrize("model", generate.ALL, ids=lambda model: model.type)
def test_no_message_can_hold_free_text(model: type[Data]) -> None:
    assert list(_free_text(generate.schema(model), "")) == []


@pytest.mark.parametrize("model", generate.ALL, ids=lambda model: model.type)
def test_no_message_has_a_place_for_identity(model: type[Data]) -> None:
    assert [name for name in _names(generate.schema(model)) if _tells(name)] == []


@pytest.mark.parametrize("model", generate.ALL, ids=lambda model: model.type)
def test_what_is_sent_to_us_may_hold_nothing_unknown_and_what_we_say_may_grow(
    model: type[Data],
) -> None:
    closed = generate.schema(model).get("additionalProperties") is False

    assert closed == (model.kind in ("fact", "command"))


def test_the_walk_finds_a_field_for_free_text_wherever_it_hides() -> None:
    loose = {"properties": {"why": {"type": "string"}, "code": {"type": "string", "enum": ["a"]}}}
    deep = {"$defs": {"Part": {"properties": {"list": {"items": {"anyOf": [{"type": "string"}]}}}}}}
    spaced = {"properties": {"code": {"type": "string", "pattern": "^[a-z ]+$", "maxLength": 9}}}

    assert list(_free_text(loose, "")) == ["/properties/why"]
    assert len(list(_free_text(deep, ""))) == 1
    assert len(list(_free_text(spaced, ""))) == 1


def test_the_walk_finds_names_that_tell() -> None:
    assert _tells("birth_date")
    assert _tells("phone")
    assert not _tells("expected_release_on")


def _free_text(node: Any, path: str) -> Iterator[str]:
    if isinstance(node, list):
        for index, child in enumerate(node):
            yield from _free_text(child, f"{path}/{index}")
    if not isinstance(node, dict):
        return
    if node.get("type") == "string" and not _is_bound(node):
        yield path
    if node.get("type") == "object" and node.get("additionalProperties") not in (None, False):
        yield path
    for key, child in node.items():
        yield from _free_text(child, f"{path}/{key}")


def _is_bound(node: dict[str, Any]) -> bool:
    """A code of a list, a date, an id; or a pattern that holds no blank and has an end."""
    if "enum" in node or "const" in node:
        return True
    if node.get("format") in ("uuid", "date", "date-time"):
        return True
    pattern = node.get("pattern", "")
    whole = pattern.startswith("^") and pattern.endswith("$")
    ends = "maxLength" in node or not ("+" in pattern or "*" in pattern) or _counted(pattern)
    return whole and ends and not any(blank in pattern for blank in (" ", "\\s", ".*", ".+"))


def _counted(pattern: str) -> bool:
    return "}" in pattern and "+" not in pattern and "*" not in pattern


def _names(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from node.get("properties", ())
        for child in node.values():
            yield from _names(child)
    elif isinstance(node, list):
        for child in node:
            yield from _names(child)


def _tells(name: str) -> bool:
    return any(fragment in name for fragment in _TELLING)
