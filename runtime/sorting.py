"""What a fetched list means: what is new in it, what nobody can read, where something is missing.

Pure: it reads bytes and cursors and changes neither.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from faust.types import TP

from throughcare.contracts.envelope import Message, UndecodableError, decode
from throughcare.runtime.transport import Record


class Cursor(NamedTuple):
    """How far one partition was read: the last journal position applied, the next Kafka offset."""

    position: int
    next_offset: int


class Input(NamedTuple):
    """One message to apply, and where it came from."""

    tp: TP
    offset: int
    raw: bytes
    message: Message
    #: Its row in `held`, where it waited before.
    arrival: int | None = None


class Unreadable(NamedTuple):
    """A record nobody here can read."""

    tp: TP
    offset: int
    raw: bytes
    code: str
    case_ref: UUID | None
    message_id: UUID | None


Cursors = Mapping[TP, Cursor]


class Advance(NamedTuple):
    """The part of a write that says how far was read, and which held rows are done."""

    consumer: str
    cluster_id: str
    cursors: Cursors
    #: Where the cursors stood when this was read.
    before: Cursors
    done: tuple[int, ...] = ()

    def arguments(self) -> tuple[str, str, list[str], list[int], list[int], list[int]]:
        return (
            self.consumer,
            self.cluster_id,
            [tp.topic for tp in self.cursors],
            [tp.partition for tp in self.cursors],
            [cursor.position for cursor in self.cursors.values()],
            [cursor.next_offset for cursor in self.cursors.values()],
        )


class Sorted(NamedTuple):
    """A list, sorted."""

    inputs: list[Input]
    unreadable: list[Unreadable]
    #: How far each partition was read, where that changed.
    cursors: dict[TP, Cursor]
    #: Partitions to read again from an offset: the list began later than we stand.
    holes: dict[TP, int]
    #: Journals that lack what comes after this position.
    gaps: dict[TP, int]


def sort(
    records: Mapping[TP, list[Record]],
    known: Cursors,
    journals: Collection[str],
    holes_seen: Mapping[TP, int],
) -> Sorted:
    """Sort fetched records against where we stand.

    `holes_seen` has the first offset of a partition's list that was sent back once: if the same
    list comes again, the log itself begins there.
    """
    batch = Sorted([], [], {}, {}, {})
    for tp, run in records.items():
        cursor = known.get(tp)
        if cursor is None or not run:
            continue
        first = run[0].offset
        if first > cursor.next_offset and holes_seen.get(tp) != first:
            batch.holes[tp] = cursor.next_offset
            continue
        reached = _sort_run(tp, run, cursor, tp.topic in journals, batch)
        if reached != cursor:
            batch.cursors[tp] = reached
    return batch


def _sort_run(
    tp: TP, run: Sequence[Record], cursor: Cursor, is_journal: bool, batch: Sorted
) -> Cursor:
    position, next_offset = cursor
    for record in run:
        if record.offset < next_offset:
            continue
        next_offset = record.offset + 1
        raw = record.value or b""
        try:
            message = decode(raw)
        except UndecodableError as error:
            batch.unreadable.append(_unreadable(tp, record.offset, raw, error.code))
            if is_journal and _place(raw) == position + 1:
                position += 1
            continue
        if is_journal:
            place = message.position or 0
            if place > position + 1:
                batch.gaps[tp] = position
                return Cursor(position, run[-1].offset + 1)  # all of it will be said again
            if place <= position:
                continue
            position = place
        batch.inputs.append(Input(tp, record.offset, raw, message))
    return Cursor(position, next_offset)


def hold_arguments(inputs: Sequence[Input], reason: str) -> tuple[list[Any], ...]:
    """Columns of `held` for these inputs."""
    return (
        [input.message.case_ref for input in inputs],
        [input.tp.partition for input in inputs],
        [input.tp.topic for input in inputs],
        [input.message.id for input in inputs],
        [input.message.number for input in inputs],
        [reason] * len(inputs),
        [input.raw for input in inputs],
    )


def _unreadable(tp: TP, offset: int, raw: bytes, code: str) -> Unreadable:
    """What can still be said of a record that cannot be read: whose it is, if anybody's."""
    case_ref = message_id = None
    try:
        record = orjson.loads(raw)
        case_ref = UUID(record["subject"])
        message_id = UUID(record["id"])
    except (ValueError, TypeError, KeyError, AttributeError):
        pass
    return Unreadable(tp, offset, raw, code, case_ref, message_id)


def _place(raw: bytes) -> int:
    try:
        return int(orjson.loads(raw)["journalposition"])
    except (ValueError, TypeError, KeyError):
        return 0
