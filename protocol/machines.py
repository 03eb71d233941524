"""The machines of the protocol as a table: what may follow what, for check, picture and document.

The decisions are code; a test walks whole histories through this table, so that the two agree.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple, cast

import yaml

from throughcare.protocol.profiles.reading import Problem

FILE = "machines.yaml"
#: Before the first event of what a machine is about.
NOTHING = ""
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PARTS = {"event", "from", "to", "reason", "when"}


class Row(NamedTuple):
    event: str
    #: NOTHING alone: it begins here.
    before: tuple[str, ...]
    #: None: the state stays what it is.
    to: str | None
    reason: str | None
    #: Tells rows for the same event and state apart.
    when: str | None
    line: int

    def after(self, state: str) -> str:
        return state if self.to is None else self.to


class Machine(NamedTuple):
    name: str
    states: tuple[str, ...]
    ends: frozenset[str]
    rows: tuple[Row, ...]
    #: Field of the event that says what it is about; None: the case has one.
    about: str | None
    #: Keys of a profile without which the machine is not shown.
    group: str | None
    restarted_by: frozenset[str]
    line: int

    def events(self) -> frozenset[str]:
        return frozenset(row.event for row in self.rows)

    def matching(self, state: str, event: str) -> tuple[Row, ...]:
        """More than one only where `when` tells them apart."""
        return tuple(row for row in self.rows if row.event == event and state in row.before)


class Table(NamedTuple):
    machines: Mapping[str, Machine]
    #: Events that stand in no machine, and why that is right is said beside them.
    aside: frozenset[str]


class BadMachinesError(ValueError):
    """A table that contradicts itself; the message names file and line of each mistake."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


@cache
def table() -> Table:
    """The table of this release."""
    return read(text(), FILE)


def text() -> str:
    return files("throughcare.protocol").joinpath(FILE).read_text("utf-8")


def read(text: str, name: str) -> Table:
    """Raises BadMachinesError."""
    found, problems = _read(text, name)
    if problems:
        raise BadMachinesError(problems)
    return found


def check(text: str, name: str) -> list[Problem]:
    """All that is wrong with a table, in the order of its lines."""
    return sorted(_read(text, name)[1])


def _read(text: str, name: str) -> tuple[Table, list[Problem]]:
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        if not isinstance(root, yaml.MappingNode):
            return Table({}, frozenset()), [Problem(name, 1, "no machine stands here")]
        tree = cast(dict[str, Any], loader.construct_object(root, deep=True))
        lines = {key.value: (key.start_mark.line + 1, child) for key, child in root.value}
    except yaml.YAMLError as error:
        said = " ".join(str(error).split())
        return Table({}, frozenset()), [Problem(name, 1, f"not YAML: {said}")]
    finally:
        loader.dispose()
    machines: dict[str, Machine] = {}
    problems: list[Problem] = []
    for key, part in tree.items():
        if key == "aside":
            continue
        line, node = lines[key]
        try:
            machines[key] = _machine(key, part, line, _row_lines(node))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            problems.append(
                Problem(name, line, f"{key}: {error} is missing or not as it should be")
            )
        else:
            problems.extend(_wrong(machines[key], name))
    return Table(machines, frozenset(tree.get("aside") or ())), problems


def _row_lines(node: yaml.MappingNode) -> list[int]:
    rows = {key.value: child for key, child in node.value}["rows"]
    return [row.start_mark.line + 1 for row in rows.value]


def _machine(name: str, part: dict[str, Any], line: int, lines: list[int]) -> Machine:
    rows = []
    for row, at in zip(part["rows"], lines, strict=True):
        if more := set(row) - _PARTS:
            raise ValueError(f"{', '.join(sorted(more))} of line {at}")
        before = tuple(row["from"]) or (NOTHING,)
        to = None if row["to"] == "same" else row["to"]
        rows.append(Row(row["event"], before, to, row.get("reason"), row.get("when"), at))
    return Machine(
        name,
        tuple(part["states"]),
        frozenset(part["ends"]),
        tuple(rows),
        part.get("about"),
        part.get("group"),
        frozenset(part.get("restarted_by", ())),
        line,
    )


def _wrong(machine: Machine, file: str) -> Iterator[Problem]:
    states = set(machine.states)
    name = machine.name
    for row in machine.rows:
        for state in {*row.before, row.to or row.before[0]} - states - {NOTHING}:
            yield Problem(file, row.line, f"{name}: {row.event} names the unknown state {state}")
        if row.to is None and NOTHING in row.before:
            yield Problem(file, row.line, f"{name}: {row.event} begins in no state")
    for state in machine.ends - states:
        yield Problem(file, machine.line, f"{name}: the end {state} is no state of it")
    yield from _ambiguous(machine, file)
    forward: dict[str, set[str]] = {}
    backward: dict[str, set[str]] = {}
    for row in machine.rows:
        for state in row.before:
            forward.setdefault(state, set()).add(row.after(state))
            backward.setdefault(row.after(state), set()).add(state)
    for state in machine.states:
        if state not in _reached({NOTHING}, forward):
            yield Problem(file, machine.line, f"{name}: nothing leads to the state {state}")
        if state not in _reached(set(machine.ends), backward):
            yield Problem(file, machine.line, f"{name}: from the state {state} nothing ends")


def _ambiguous(machine: Machine, file: str) -> Iterator[Problem]:
    for state in (NOTHING, *machine.states):
        rows = [row for row in machine.rows if state in row.before]
        for event, many in Counter(row.event for row in rows).items():
            same = [row for row in rows if row.event == event]
            if many > 1 and len({row.when for row in same} - {None}) < many:
                where = state or "nothing"
                yield Problem(
                    file,
                    same[1].line,
                    f"{machine.name}: {event} leads from {where} to more than one state, "
                    "and no `when` tells them apart",
                )


def _reached(start: set[str], ways: Mapping[str, set[str]]) -> set[str]:
    found = set(start)
    edge = list(start)
    while edge:
        for state in ways.get(edge.pop(), set()) - found:
            found.add(state)
            edge.append(state)
    return found
