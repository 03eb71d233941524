"""What a fetched list means, whatever a broker does: pure, in milliseconds."""

from typing import NamedTuple
from uuid import UUID

from faust.types import TP

from throughcare.contracts.envelope import encode
from throughcare.runtime.sorting import Cursor, Sorted, sort
from throughcare.tests.runtime.toy import command

CASE = UUID(int=7)
JOURNAL, COMMANDS = TP("journal", 0), TP("commands", 0)


class Said(NamedTuple):
    offset: int
    value: bytes | None


def _at(offset: int, position: int | None) -> Said:
    message = command(CASE, None, 1, UUID(int=offset + 1))
    return Said(offset, encode(message._replace(position=position)))


def _sort(tp: TP, run: list[Said], cursor: Cursor, seen: dict[TP, int] | None = None) -> Sorted:
    return sort({tp: list(run)}, {tp: cursor}, {"journal"}, seen or {})


def test_what_was_applied_before_is_dropped_and_the_offset_moves_on() -> None:
    batch = _sort(JOURNAL, [_at(10, 4), _at(11, 5), _at(12, 6)], Cursor(5, 10))

    assert [i.message.position for i in batch.inputs] == [6]
    assert batch.cursors == {JOURNAL: Cursor(6, 13)}


def test_a_hole_in_a_journal_is_asked_for_and_nothing_behind_it_is_applied() -> None:
    batch = _sort(JOURNAL, [_at(10, 6), _at(11, 8), _at(12, 9)], Cursor(5, 10))

    assert [i.message.position for i in batch.inputs] == [6]
    assert batch.gaps == {JOURNAL: 6}
    assert batch.cursors == {JOURNAL: Cursor(6, 13)}


def test_skipped_offsets_are_gone_back_for_once_and_then_taken_as_the_logs_beginning() -> None:
    run = [_at(20, None)]

    back = _sort(COMMANDS, run, Cursor(0, 10))
    again = _sort(COMMANDS, run, Cursor(0, 10), {COMMANDS: 20})

    assert (back.holes, back.inputs, back.cursors) == ({COMMANDS: 10}, [], {})
    assert (again.holes, len(again.inputs), again.cursors) == ({}, 1, {COMMANDS: Cursor(0, 21)})


def test_bytes_nobody_can_read_are_set_apart_and_the_rest_goes_on() -> None:
    batch = _sort(COMMANDS, [Said(1, b"\xff"), Said(2, None), _at(3, None)], Cursor(0, 1))

    assert [lost.code for lost in batch.unreadable] == ["not-json", "not-json"]
    assert [i.offset for i in batch.inputs] == [3]


def test_an_unreadable_record_of_a_journal_holds_its_place_so_that_the_next_is_no_gap() -> None:
    unknown = (_at(11, 6).value or b"").replace(b"toy-add.v1", b"toy-add.v9")
    batch = _sort(JOURNAL, [Said(11, unknown), _at(12, 7)], Cursor(5, 11))

    assert [(lost.code, lost.case_ref) for lost in batch.unreadable] == [("unknown-type", CASE)]
    assert batch.gaps == {}
    assert batch.cursors == {JOURNAL: Cursor(7, 13)}


def test_partitions_of_others_are_left_alone() -> None:
    batch = sort({JOURNAL: [_at(1, 1)]}, {COMMANDS: Cursor(0, 0)}, {"journal"}, {})

    assert (batch.inputs, batch.cursors) == ([], {})
