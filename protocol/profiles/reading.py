"""A profile file as keys with their lines; every mistake in it is found and named by its place."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast
from zoneinfo import ZoneInfo

import yaml

from throughcare.protocol.profiles.model import Key, Status
from throughcare.protocol.profiles.shape import misshapen

_STATUSES = ("sourced", "proposed", "tbc")
#: libyaml where it is there: a tenth of the time.
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Problem(NamedTuple):
    """One mistake; prints as `file:line: what`."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


class BadProfileError(ValueError):
    """A profile that cannot be used; the message names file, line and key of each mistake."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def keys_of(text: str, name: str) -> tuple[dict[str, Key], list[Problem]]:
    """The keys of a file by their dotted names, and what is wrong with it."""
    keys: dict[str, Key] = {}
    problems: list[Problem] = []
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        for found in _walk(loader, root, "", name):
            if isinstance(found, Problem):
                problems.append(found)
            elif found.name in keys:
                problems.append(Problem(name, found.line, f"{found.name} stands here twice"))
            else:
                keys[found.name] = found
                problems.extend(_wrong(found))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        said = " ".join(str(error).split())
        problems.append(Problem(name, mark.line + 1 if mark else 1, f"not YAML: {said}"))
    finally:
        loader.dispose()
    return keys, problems


def _walk(
    loader: yaml.SafeLoader, node: yaml.Node | None, path: str, name: str
) -> Iterator[Key | Problem]:
    line = 1 if node is None else node.start_mark.line + 1
    if not isinstance(node, yaml.MappingNode) or not node.value:
        yield Problem(name, line, f"{path or 'the file'} holds no keys")
        return
    children: list[tuple[str, yaml.Node]] = [(str(key.value), child) for key, child in node.value]
    if any(part == "value" for part, _ in children):
        yield _key(loader, node, path, name, line)
        return
    for part, child in children:
        yield from _walk(loader, child, f"{path}.{part}" if path else part, name)


def _key(
    loader: yaml.SafeLoader, node: yaml.MappingNode, path: str, name: str, line: int
) -> Key | Problem:
    parts = cast(dict[str, Any], loader.construct_object(node, deep=True))
    if set(parts) != {"value", "source", "status"}:
        return Problem(name, line, f"{path} has value, source and status, nothing else")
    status: Status = parts["status"]
    if status not in _STATUSES:
        return Problem(name, line, f"{path} has the status {status!r}, not one of {_STATUSES}")
    if not isinstance(parts["source"], str) or not parts["source"].strip():
        return Problem(name, line, f"{path} names no source")
    return Key(path, parts["value"], parts["source"], status, name, line)


def _wrong(key: Key) -> Iterator[Problem]:
    if (said := misshapen(key.name, key.value)) is not None:
        yield Problem(key.file, key.line, f"{key.name} {said}")
    elif key.name == "time_zone":
        try:
            ZoneInfo(key.value)
        except (KeyError, ValueError):
            said = f"time_zone: no such time zone: {key.value}"
            yield Problem(key.file, key.line, said)


def overridden(base: Mapping[str, Key], own: Mapping[str, Key]) -> dict[str, Key]:
    """The country's keys: the common ones, each with its own source, unless it says otherwise."""
    return {**base, **own}
