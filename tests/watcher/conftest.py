"""The watcher on a database of its own, with no Kafka anywhere near."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from throughcare.cli.embedded.postgres import Postgres
from throughcare.contracts.envelope import Message, encode
from throughcare.contracts.kinds import Event
from throughcare.contracts.topics import partition_of
from throughcare.runtime.ids import new_id
from throughcare.services.watcher.look import Found, look
from throughcare.tests.support.parts import Database, Parts

NOON = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
_EMPTY = """
    DELETE FROM release.halted; DELETE FROM release.dead_letters;
    DELETE FROM intake.events; DELETE FROM release.events;
    DELETE FROM gateway.commands; DELETE FROM gateway.aliases; DELETE FROM gateway.cases;
    DELETE FROM gateway.parties;
    DELETE FROM timeline.waiting; DELETE FROM timeline.checkpoints;
    UPDATE timeline.log SET size = 0;
    DELETE FROM runtime.journals; DELETE FROM runtime.heartbeats;
    DELETE FROM watcher.cursors; DELETE FROM watcher.cases; DELETE FROM watcher.alarms;
    DELETE FROM watcher.marks; DELETE FROM watcher.mails; UPDATE watcher.state SET looks = 0;
    UPDATE runtime.clock SET mode = 'real', at = NULL, settled = NULL;
"""
_STORE = {
    "intake": "INSERT INTO intake.events VALUES ($1, $2, $3, $4, $5)",
    "release": "INSERT INTO release.events VALUES ($1, $2, $3, $4, $5)",
}
_LAST = {
    "intake": "SELECT (SELECT coalesce(max(position), 0) FROM intake.events WHERE partition = $1),"
    " (SELECT coalesce(max(version), 0) FROM intake.events WHERE case_ref = $2)",
    "release": "SELECT (SELECT coalesce(max(position), 0) FROM release.events WHERE partition = $1),"
    " (SELECT coalesce(max(version), 0) FROM release.events WHERE case_ref = $2)",
}


class Scene:
    """What happens in the database, and what the watcher finds in it."""

    def __init__(
        self,
        owner: "asyncpg.Connection[asyncpg.Record]",
        watcher: "asyncpg.Connection[asyncpg.Record]",
    ) -> None:
        self.owner = owner
        self.watcher = watcher
        self.services: tuple[str, ...] = ()
        self.up_s = 3600.0

    async def say(
        self, half: str, case_ref: UUID, *said: Event, at: datetime = NOON, skip: int = 0
    ) -> None:
        """Store events as the half itself does; `skip` leaves a hole in the journal."""
        partition = partition_of(case_ref)
        for data in said:
            last = await self.owner.fetchrow(_LAST[half], partition, case_ref)
            assert last is not None
            position, version = last[0] + 1 + skip, last[1] + 1
            message = Message(
                id=new_id(), source=f"/services/{half}", data=data, case_ref=case_ref,
                occurred_at=at, recorded_at=at, correlation_id=new_id(),
                protocol_version="kg-2026.1", sequence=version, position=position,
            )  # fmt: skip
            await self.store(half, partition, position, case_ref, version, encode(message))

    async def store(
        self, half: str, partition: int, position: int, case_ref: UUID, version: int, raw: bytes
    ) -> None:
        await self.owner.execute(_STORE[half], partition, position, case_ref, version, raw)

    async def clock(self, at: datetime) -> None:
        await self.owner.execute("SELECT runtime.step_clock($1, $1)", at)

    async def look(self) -> list[tuple[str, str]]:
        """Look once; what is open after it, without the references."""
        await self.found()
        rows = await self.owner.fetch(
            "SELECT kind, subject FROM watcher.alarms WHERE cleared_at IS NULL ORDER BY kind, subject"
        )
        return [(row["kind"], row["subject"]) for row in rows]

    async def found(self) -> Found:
        return await look(self.watcher, self.services, self.up_s)


@pytest.fixture(scope="session")
def watched(parts: Parts, postgres: Postgres) -> Database:
    """One database for all these tests: each begins with it empty."""
    return parts.new_database()


@pytest.fixture
async def scene(watched: Database) -> AsyncIterator[Scene]:
    owner = await asyncpg.connect(watched.url())
    watcher = await asyncpg.connect(watched.url("throughcare_watcher"))
    yield Scene(owner, watcher)
    await watcher.close()
    await owner.execute(_EMPTY)
    await owner.close()


def later(**span: float) -> datetime:
    return NOON + timedelta(**span)
