"""The table of machines says what the code does: whole histories are walked through it."""

from functools import cache

import pytest

from throughcare.contracts.events import EVENTS
from throughcare.protocol import machines
from throughcare.protocol.machines import BadMachinesError, check, table
from throughcare.tests.protocol.grid import cases, recipients, referrals
from throughcare.tests.protocol.grid_of_care import kits, lines, programmes
from throughcare.tests.protocol.grid_of_rights import arrivals, rights
from throughcare.tests.protocol.walking import Fired, Walk, steps_of_the_table

EVENT_NAMES = {model.name for model in EVENTS}
MACHINES = table().machines


@cache
def _grid() -> frozenset[Fired]:
    fired: set[Fired] = set()
    for story in (*cases(), *referrals(), *recipients(), *lines(), *kits()):
        fired |= Walk().through(story).fired
    for story in (*rights(), *arrivals()):
        fired |= Walk().through(story).fired
    for story in programmes():
        fired |= Walk().through(story).fired
    return frozenset(fired)


def test_whatever_happens_happens_as_the_table_says_and_each_row_of_it_happens() -> None:
    idle = {
        f"{name}: {row.event} from {state or 'nothing'} (line {row.line})"
        for name, row, state in steps_of_the_table() - _grid()
    }
    assert not idle, "\n".join(sorted(idle))


def test_every_event_stands_in_a_machine_or_is_said_aside() -> None:
    told = {event for machine in MACHINES.values() for event in machine.events()}

    assert told | table().aside == EVENT_NAMES
    assert not told & table().aside


def test_the_table_that_ships_has_no_mistake() -> None:
    assert check(machines.text(), machines.FILE) == []


LAMP = """\
lamp:
  ends: [broken]
  states: [dark, lit, broken]
  rows:
    - {event: made, from: [], to: dark}
    - {event: switched, from: [dark], to: lit}
    - {event: put-out, from: [lit], to: dark}
    - {event: dropped, from: [dark, lit], to: broken}
"""


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("to: lit}", "to: glaring}", "6: lamp: switched names the unknown state glaring"),
        ("to: lit}", "to: dark}", "1: lamp: nothing leads to the state lit"),
        ("from: [dark, lit], to: broken", "from: [lit], to: lit", "1: lamp: nothing leads to the"),
        ("ends: [broken]", "ends: []", "1: lamp: from the state dark nothing ends"),
        ("ends: [broken]", "ends: [gone]", "1: lamp: the end gone is no state of it"),
        ("event: put-out", "event: dropped", "8: lamp: dropped leads from lit to more than one"),
        ("from: [], to: dark", "from: [], to: same", "5: lamp: made begins in no state"),
        ("event: made,", "event: made, guard: x,", "1: lamp: guard of line 5"),
        ("event: made, ", "", "1: lamp: 'event' is missing"),
        (LAMP, "lamp: [", "1: not YAML"),
        (LAMP, "- lamp", "1: no machine stands here"),
    ],
)
def test_a_table_that_contradicts_itself_says_where(old: str, new: str, says: str) -> None:
    found = check(LAMP.replace(old, new, 1), "lamp.yaml")

    assert any(str(problem).startswith(f"lamp.yaml:{says}") for problem in found), found


def test_two_rows_for_one_event_are_told_apart_by_when() -> None:
    apart = LAMP.replace(
        "event: put-out, from: [lit], to: dark",
        "event: dropped, from: [lit], to: dark, when: caught}\n"
        "    - {event: dropped, from: [lit], to: broken, when: not caught",
    ).replace("from: [dark, lit], to: broken", "from: [dark], to: broken")

    lamp = machines.read(apart, "lamp.yaml").machines["lamp"]

    assert [row.when for row in lamp.matching("lit", "dropped")] == ["caught", "not caught"]
    assert lamp.matching("lit", "made") == ()


def test_a_wrong_table_is_not_read() -> None:
    with pytest.raises(BadMachinesError, match=r"lamp\.yaml:6: lamp: switched names"):
        machines.read(LAMP.replace("to: lit}", "to: glaring}"), "lamp.yaml")
