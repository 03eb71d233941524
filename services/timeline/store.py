"""What the timeline keeps in PostgreSQL, outside the sequencer: entries, cases, tiles."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from throughcare.runtime import queries
from throughcare.runtime.pool import Connection
from throughcare.services.timeline.course import Course
from throughcare.services.timeline.leaves import LeafKind
from throughcare.services.timeline.merkle import Range, TileAt, tiles_for

_SQL = queries.load("throughcare.services.timeline")


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


async def read_courses(connection: Connection, cases: Iterable[UUID]) -> dict[UUID, Course]:
    """Where these cases stand, as far as they are known."""
    rows = await connection.fetch(_SQL["read_cases"], list(cases))
    return {row["case_ref"]: Course(**dict(list(row.items())[1:])) for row in rows}


async def write_courses(connection: Connection, courses: Mapping[UUID, Course]) -> None:
    columns = zip(*courses.values(), strict=True)
    await connection.execute(_SQL["write_cases"], list(courses), *map(list, columns))


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
