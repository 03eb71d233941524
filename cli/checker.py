"""What is missing, double or out of order: counted from a database in which nothing is under way.

It believes no counter: every acknowledged message is looked for, every stream is counted through,
and each reader's copy is compared with what was written. The demo's `events_lost` and the soak's
verdict are these numbers.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from throughcare.contracts.topics import TOPICS
from throughcare.runtime import queries
from throughcare.runtime.pool import Connection

_SQL = queries.load("throughcare.cli", "checker.sql")
_HALVES = ("intake", "release")
_WRITERS = ("intake", "release", "notifications")
_OTHER = {"intake": "release", "release": "intake"}
_SERVICES = ("intake", "release", "notifications", "timeline", "gateway")

#: Party, source and id, by which a sender knows what it sent.
SentAs = tuple[str, str, str]


@dataclass
class Checked:
    """What the checker counted; good when the first three are 0."""

    lost: int = 0
    doubled: int = 0
    reordered: int = 0
    #: Sentences about each of these, and about what stands aside.
    found: list[str] = field(default_factory=list)
    commands: int = 0
    outcomes: int = 0
    events: int = 0
    held: int = 0
    halted: int = 0
    dead_letters: int = 0

    @property
    def is_whole(self) -> bool:
        return not (self.lost or self.doubled or self.reordered)

    def to_json(self) -> dict[str, Any]:
        return {**self.__dict__, "is_whole": self.is_whole}


async def check(connection: Connection, acknowledged: Iterable[SentAs] = ()) -> Checked:
    """Count, as the owner of the database; `acknowledged`: what senders got a 2xx for."""
    checked = Checked()
    counting = _Counting(connection, checked)
    await counting.doors(list(acknowledged))
    for half in _HALVES:
        await counting.half(half)
    for writer in _WRITERS:
        await counting.versions(writer)
    await counting.journals()
    await counting.timeline()
    await counting.aside()
    return checked


class _Counting:
    def __init__(self, connection: Connection, checked: Checked) -> None:
        self._connection = connection
        self._checked = checked

    def _lost(self, count: int, what: str) -> None:
        self._checked.lost += self._say(count, what)

    def _doubled(self, count: int, what: str) -> None:
        self._checked.doubled += self._say(count, what)

    def _reordered(self, count: int, what: str) -> None:
        self._checked.reordered += self._say(count, what)

    def _say(self, count: int, what: str) -> int:
        if count:
            self._checked.found.append(f"{count} {what}")
        return abs(count)

    async def _count(self, name: str, *values: object, schema: str = "", table: str = "") -> int:
        sql = _SQL.for_schema(schema or "public").for_table(table or "events")
        return int(await self._connection.fetchval(sql[name], *values))

    async def _row(self, name: str, *, schema: str = "", table: str = "") -> asyncpg.Record:
        sql = _SQL.for_schema(schema or "public").for_table(table or "events")
        row: asyncpg.Record | None = await self._connection.fetchrow(sql[name])
        assert row is not None
        return row

    async def doors(self, acknowledged: list[SentAs]) -> None:
        self._checked.commands = await self._count("commands")
        if acknowledged:
            gone = await self._count(
                "acknowledged_and_gone",
                [party for party, _, _ in acknowledged],
                [source for _, source, _ in acknowledged],
                [id for _, _, id in acknowledged],
            )
            self._lost(gone, "acknowledged and not kept by the door")
        self._lost(await self._count("undecided"), "taken and never answered")
        self._lost(
            await self._count("answers_without_outcome"), "answered without an outcome on record"
        )
        self._doubled(await self._count("decided_twice"), "decided by both services")

    async def half(self, half: str) -> None:
        other = _OTHER[half]
        self._lost(await self._count("numbers_missing", schema=half), f"numbers missing in {half}")
        self._reordered(
            await self._count("taken_out_of_order", schema=half), f"taken out of order by {half}"
        )
        effects = await self._row("effects", schema=half)
        self._lost(effects["lost"], f"events of {half} that an outcome names and nobody has")
        self._doubled(effects["doubled"], f"events of {half} that no outcome accounts for")
        heard = await self._row("heard", schema=half, table=other)
        self._lost(heard["lost"], f"events of {half} that {other} has not heard")
        self._doubled(heard["differing"], f"events of {half} that {other} heard otherwise")
        invented = await self._count("invented", schema=half, table=other)
        self._doubled(invented, f"events that {other} heard and {half} never said")

    async def versions(self, writer: str) -> None:
        row = await self._row("versions", schema=writer)
        self._lost(row["missing"], f"versions missing in the streams of {writer}")
        self._reordered(row["reordered"], f"events of {writer} before an earlier one")

    async def journals(self) -> None:
        for topic in TOPICS:
            if not topic.is_journal:
                continue
            schema, table = topic.writers[0], topic.carries
            row = await self._row("journal", schema=schema, table=table)
            if table == "outcomes":
                self._checked.outcomes += row["rows"]
            self._lost(row["missing"], f"places missing in {topic.name}")
            short = await self._count("published_short", topic.name, schema=schema, table=table)
            self._lost(short, f"places of {topic.name} never acknowledged by the broker")
            behind = await self._count(
                "readers_behind", list(topic.readers), topic.name, schema=schema, table=table
            )
            self._lost(behind, f"places of {topic.name} that a reader has not come to")

    async def timeline(self) -> None:
        row = await self._row("entries")
        self._checked.events = row["events"]
        self._lost(row["lost"], "events that the timeline does not have")
        self._doubled(row["doubled"], "events that the timeline has twice")
        self._reordered(row["reordered"], "events in the timeline before an earlier one")

    async def aside(self) -> None:
        for service in _SERVICES:
            row = await self._row("waiting", schema=service)
            for name in ("held", "halted", "dead_letters"):
                setattr(self._checked, name, getattr(self._checked, name) + row[name])
