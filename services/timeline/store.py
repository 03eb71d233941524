"""What the timeline keeps in PostgreSQL, outside the sequencer: entries, cases, tiles."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from throughcare.contracts.envelope import Message, decode
from throughcare.protocol.stage import Course
from throughcare.runtime import queries
from throughcare.runtime.pool import Connection
from throughcare.services.timeline.counting import Counted
from throughcare.services.timeline.course import Standing, apply
from throughcare.services.timeline.leaves import LeafKind
from throughcare.services.timeline.merkle import Range, TileAt, tiles_for

_SQL = queries.load("throughcare.services.timeline")
_REFOLD = 2000


class Entry(NamedTuple):
    """What becomes a leaf."""

    message_id: UUID
    case_ref: UUID
    kind: LeafKind
    envelope: bytes


async def add_entries(connection: Connection, entries: Sequence[Entry]) -> None:
    """Keep entries, each once. Raises ValueError where one stands here already with other bytes."""
    ids = [entry.message_id for entry in entries]
    raws = [entry.envelope for entry in entries]
    status = await connection.execute(
        _SQL["add_entries"],
        ids,
        [entry.case_ref for entry in entries],
        [entry.kind.value for entry in entries],
        raws,
    )
    if int(status.split()[-1]) == len(entries):
        return
    if await connection.fetch(_SQL["other_bytes"], ids, raws):
        raise ValueError("the same id with other bytes")


async def add_counted(connection: Connection, rare: Sequence[Counted]) -> None:
    """Count these, each once."""
    await connection.execute(_SQL["add_counted"], *map(list, zip(*rare, strict=True)))


_COURSE = ("consent", "planned", "placed", "ready", "outside", "closed")


async def read_standings(connection: Connection, cases: Iterable[UUID]) -> dict[UUID, Standing]:
    """Where these cases stand, as far as they are known."""
    rows = await connection.fetch(_SQL["read_cases"], list(cases))
    return {
        row["case_ref"]: Standing(
            row["intake_version"],
            row["release_version"],
            Course(*(row[name] for name in _COURSE)),
            *(row[name] for name in Standing._fields[3:]),
        )
        for row in rows
    }


async def write_standings(connection: Connection, standings: Mapping[UUID, Standing]) -> None:
    # In the order of the refs, so that two who write the same cases do not wait for each other.
    rows = [
        (
            case_ref,
            *standing[:2],
            *(getattr(standing.course, name) for name in _COURSE),
            standing.stage,
            *standing[3:],
        )
        for case_ref, standing in sorted(standings.items(), key=lambda item: item[0].bytes)
    ]
    await connection.execute(_SQL["write_cases"], *map(list, zip(*rows, strict=True)))


async def fold_anew(connection: Connection) -> None:
    """Make `timeline.cases` anew from the entries. The log itself is never made anew."""
    async with connection.transaction():
        await connection.execute(_SQL["lock_cases"])
        await connection.execute(_SQL["forget_cases"])
        last = -1
        while rows := await connection.fetch(_SQL["all_events"], last, _REFOLD):
            last = rows[-1]["entry"]
            messages = [decode(row["envelope"]) for row in rows]
            standings = await read_standings(connection, {one.case_ref for one in messages})
            if moved := fold(standings, messages):
                await write_standings(connection, moved)


def fold(standings: Mapping[UUID, Standing], events: Iterable[Message]) -> dict[UUID, Standing]:
    """Put events into where their cases stand; returns the cases that moved."""
    moved: dict[UUID, Standing] = {}
    for message in events:
        case_ref = message.case_ref
        before = moved.get(case_ref) or standings.get(case_ref) or Standing()
        assert message.sequence is not None
        half = message.source.rpartition("/")[2]
        after = apply(before, half, message.sequence, message.data)
        if after is not before:
            moved[case_ref] = after
    return moved


async def read_tiles(connection: Connection, places: Iterable[TileAt]) -> dict[TileAt, bytes]:
    """Tiles as the database keeps them; what it lacks is lacking."""
    wanted = sorted(places)
    rows = await connection.fetch(
        _SQL["read_tiles"], [at.level for at in wanted], [at.number for at in wanted]
    )
    return {TileAt(row["level"], row["number"]): row["hashes"] for row in rows}


async def tiles_of_ranges(connection: Connection, ranges: Sequence[Range]) -> dict[TileAt, bytes]:
    """The tiles that the hashes of these ranges are made of."""
    return await read_tiles(connection, tiles_for(ranges))
