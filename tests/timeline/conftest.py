"""A log of a test's own: entries as the services would say them, appended and signed here."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from faust.types import TP

from throughcare.contracts.envelope import Message, encode
from throughcare.contracts.kinds import Data
from throughcare.contracts.outcomes import Refused
from throughcare.contracts.release_events import EscalationCleared
from throughcare.contracts.topics import EVENTS_OF, OUTCOMES_OF, partition_of
from throughcare.runtime.sorting import Input
from throughcare.services.timeline.agents import project
from throughcare.services.timeline.audit import Report
from throughcare.services.timeline.checkpoint import Checkpoint, SigningKey, VerifierKey, make_key
from throughcare.services.timeline.folder import CheckpointFolder
from throughcare.services.timeline.sequencer import Sequencer
from throughcare.services.timeline.signer import Signer, state_file
from throughcare.services.timeline.store import fold_anew
from throughcare.services.timeline.verifier import notes_in, verify_database
from throughcare.tests.support.parts import Database

START = datetime(2026, 3, 2, 4, tzinfo=UTC)


class Said:
    """Messages with made-up ids, each half of a case with versions of its own."""

    def __init__(self) -> None:
        self._count = 0
        self._versions: dict[tuple[UUID, str], int] = {}
        self._positions: dict[TP, int] = {}

    def id(self) -> UUID:
        self._count += 1
        return UUID(int=0x0190_0000_0000_7000_8000_0000_0000_0000 + self._count)

    def event(self, case_ref: UUID, data: Data, half: str = "release") -> Input:
        version = self._versions[case_ref, half] = self._versions.get((case_ref, half), 0) + 1
        return self._input(EVENTS_OF[half].name, half, case_ref, data, version)

    def refusal(self, case_ref: UUID, code: str = "case-closed", half: str = "release") -> Input:
        data = Refused(answered_source="/x", answered_id="1", refusal_code=code)
        return self.outcome(case_ref, data, half)

    def outcome(self, case_ref: UUID, data: Data, half: str = "release") -> Input:
        return self._input(OUTCOMES_OF[half].name, half, case_ref, data, None)

    def _input(
        self, topic: str, half: str, case_ref: UUID, data: Data, version: int | None
    ) -> Input:
        tp = TP(topic, partition_of(case_ref))
        position = self._positions[tp] = self._positions.get(tp, 0) + 1
        at = START + timedelta(minutes=self._count)
        id = self.id()
        message = Message(
            id=id,
            source=f"/services/{half}",
            data=data,
            case_ref=case_ref,
            occurred_at=at,
            recorded_at=at,
            correlation_id=id,
            protocol_version="kg-2026.1",
            sequence=version,
            position=position,
        )
        return Input(tp, position, encode(message), message)


class Log:
    """The timeline's own work on one database, step by step, without a broker."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.said = Said()
        self.url = database.url("throughcare_timeline")
        self.owner_url = database.url()
        self.key_file = folder / "keys" / "log.pem"
        self.outside = folder / "checkpoints"
        self.key: VerifierKey = make_key(self.key_file)
        self.sequencer = self.new_sequencer()

    async def open(self) -> None:
        self.connection = await asyncpg.connect(self.url)
        #: The administrator: may do anything.
        self.owner = await asyncpg.connect(self.owner_url)

    async def close(self) -> None:
        await self.sequencer.close()
        await self.connection.close()
        await self.owner.close()

    def new_signer(self) -> Signer:
        return Signer(
            SigningKey.from_file(self.key_file),
            state_file(self.key_file),
            CheckpointFolder(self.outside),
        )

    def new_sequencer(self) -> Sequencer:
        # Every step signs: the checkpoints of a test are where it puts them.
        return Sequencer(self.url, self.new_signer(), lambda: 0.0, 0.0)

    async def hear(self, inputs: Sequence[Input]) -> None:
        async with self.connection.transaction():
            await project(self.connection, inputs)

    async def keep_as_said(self, inputs: Sequence[Input]) -> None:
        """What the services would have in their own tables, and how far the timeline has come."""
        kept: dict[tuple[str, str], list[tuple[object, ...]]] = {}
        for input in inputs:
            message = input.message
            _, half, table, _ = input.tp.topic.split(".")
            column = "version" if table == "events" else "id"
            key = message.sequence if table == "events" else message.id
            row = (input.tp.partition, message.position, message.case_ref, key, input.raw)
            kept.setdefault((f"{half}.{table}", column), []).append(row)
        for (table, column), rows in kept.items():
            await self.owner.executemany(
                f"INSERT INTO {table} (partition, position, case_ref, {column}, envelope)"  # noqa: S608
                " VALUES ($1, $2, $3, $4, $5)",
                rows,
            )
        reached = {input.tp: input.message.position for input in inputs}
        await self.owner.executemany(
            "INSERT INTO runtime.consumed VALUES ('timeline', $1, $2, $3, 0, 'here')"
            " ON CONFLICT (consumer, topic, partition) DO UPDATE SET position = $3",
            [(*tp, position) for tp, position in reached.items()],
        )

    async def grow(self, case_refs: Sequence[UUID], count: int, *, sign: bool = True) -> None:
        """Some events of these cases, each also in its service's own table; appended, and signed."""
        inputs = [
            self.said.event(
                case_refs[n % len(case_refs)], EscalationCleared(escalation_id=self.said.id())
            )
            for n in range(count)
        ]
        await self.keep_as_said(inputs)
        await self.hear(inputs)
        if sign:
            await self.sequencer.step()
        else:
            assert await self.sequencer.lead()
            assert await self.sequencer.append() == count

    async def verify(self, *places: Path, owner: bool = True, url: str | None = None) -> Report:
        """With the checkpoints in `places`; `owner`: may also read what the services keep."""
        url = url or (self.owner_url if owner else self.url)
        return await verify_database(url, self.key, notes_in(places))

    def signed_by_hand(self, size: int, root: bytes, key_file: Path | None = None) -> str:
        """What a thief of the key could sign."""
        key = SigningKey.from_file(key_file or self.key_file)
        return key.sign(Checkpoint(size, root))

    async def fold_anew(self) -> None:
        connection = await asyncpg.connect(self.url)
        await fold_anew(connection)
        await connection.close()

    async def standings(self) -> list[asyncpg.Record]:
        rows: list[asyncpg.Record] = await self.owner.fetch(
            "SELECT * FROM timeline.cases ORDER BY case_ref"
        )
        return rows

    async def leaves(self) -> list[tuple[int, str, bytes]]:
        rows = await self.owner.fetch(
            "SELECT index, kind, commitment FROM timeline.leaves ORDER BY index"
        )
        return [tuple(row) for row in rows]


@pytest.fixture
async def log(database: Database, tmp_path: Path) -> AsyncIterator[Log]:
    log = Log(database, tmp_path)
    await log.open()
    yield log
    async with asyncio.timeout(10):
        await log.close()


def cases(count: int) -> list[UUID]:
    """Refs that fall into several partitions."""
    return [UUID(int=(n * 0x1357_9BDF) << 96 | n) for n in range(1, count + 1)]
