"""The work that every variant does, so that none of them is measured by its models or its SQL."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaProducer

from throughcare.cli.bench.halves import HALVES, Half
from throughcare.contracts.envelope import Message, decode, encode
from throughcare.contracts.kinds import Data
from throughcare.contracts.topics import partition_of
from throughcare.runtime import queries
from throughcare.runtime.ids import new_id

_SQL = queries.load("throughcare.cli.bench.variants")


class Row(NamedTuple):
    """One row of a journal, on its way out."""

    topic: str
    partition: int
    position: int
    case_ref: UUID
    value: bytes


#: Sends rows in order and returns when the broker has acknowledged all of them.
Send = Callable[[Sequence[Row]], Awaitable[None]]


class Case(NamedTuple):
    version: int
    heard_version: int
    taken: int
    state: Any


class Taken(NamedTuple):
    """What one command comes to."""

    case: Case
    command_id: UUID
    #: With the version of each.
    events: list[tuple[int, Row, Message]]
    outcome: Row


class Work:
    """One half's states, places and rows."""

    def __init__(self, half: Half, pool: asyncpg.Pool, places: dict[int, list[int]]) -> None:
        self.half = half
        self.pool = pool
        self.sql = _SQL.for_schema(half.schema)
        self._places = places

    @classmethod
    async def open(cls, name: str) -> "Work":
        half = HALVES[name]
        pool = await asyncpg.create_pool(
            os.environ["THROUGHCARE_DATABASE__URL"], min_size=1, max_size=4
        )
        rows = await pool.fetch(_SQL.for_schema(half.schema)["read_places"])
        return cls(half, pool, {r["partition"]: [r["events"], r["outcomes"]] for r in rows})

    def take(self, case: Case, message: Message) -> Taken | None:
        """Decide one command; None if it was taken before."""
        seat, half = self.half.seat, self.half
        number = message.number or 0
        if number <= case.taken:
            return None
        version, state = case.version, case.state
        answer = seat.rule(state, message, new_id)
        assert answer.outcome is not None, answer.held
        partition = partition_of(message.case_ref)
        places = self._places[partition]
        events = []
        for data in answer.events:
            version += 1
            places[0] += 1
            event = self._message(message, data, state, sequence=version, position=places[0])
            state = seat.evolve(state, event)
            row = Row(half.events.name, partition, places[0], message.case_ref, encode(event))
            events.append((version, row, event))
        places[1] += 1
        ids = tuple(event.id for _, _, event in events)
        said = answer.outcome(ids, version, case.heard_version)
        outcome = self._message(message, said, state, sequence=None, position=places[1])
        row = Row(half.outcomes.name, partition, places[1], message.case_ref, encode(outcome))
        return Taken(Case(version, case.heard_version, number, state), message.id, events, row)

    def _message(
        self, cause: Message, data: Data, state: Any, sequence: int | None, position: int
    ) -> Message:
        return Message(
            id=new_id(),
            source=f"/services/{self.half.schema}",
            data=data,
            case_ref=cause.case_ref,
            occurred_at=cause.occurred_at,
            recorded_at=cause.recorded_at,
            correlation_id=cause.correlation_id,
            causation_id=cause.id,
            protocol_version=self.half.seat.protocol_version(state, cause),
            sequence=sequence,
            position=position,
        )

    # -- a list in one transaction --------------------------------------------------------------

    async def take_list(self, raws: Sequence[bytes]) -> list[Row]:
        """Decide a list of commands and write what it comes to; the rows to be published."""
        messages = [decode(raw) for raw in raws]
        refs = {message.case_ref for message in messages}
        seat = self.half.seat
        async with self.pool.acquire() as connection, connection.transaction():
            cases = {ref: Case(0, 0, 0, seat.initial(ref)) for ref in refs}
            for r in await connection.fetch(self.sql["read_cases"], list(refs)):
                state = seat.load(r["state"])
                cases[r["case_ref"]] = Case(r["version"], r["heard_version"], r["taken"], state)
            taken = []
            for message in messages:
                if (one := self.take(cases[message.case_ref], message)) is not None:
                    cases[message.case_ref] = one.case
                    taken.append(one)
            await self._write(connection, taken, cases)
        return [
            *(row for one in taken for _, row, _ in one.events),
            *(one.outcome for one in taken),
        ]

    async def _write(self, connection: Any, taken: list[Taken], cases: dict[UUID, Case]) -> None:
        half, seat = self.half, self.half.seat
        events = [event for one in taken for event in one.events]
        if half.project is not None:
            matter = [m for _, _, m in events if isinstance(m.data, tuple(half.projected))]
            await half.project(connection, matter)
        put = [(ref, cases[ref]) for ref in {one.outcome.case_ref for one in taken}]
        await connection.execute(
            self.sql["record"],
            [row.partition for _, row, _ in events],
            [row.position for _, row, _ in events],
            [row.case_ref for _, row, _ in events],
            [version for version, _, _ in events],
            [row.value for _, row, _ in events],
            [one.command_id for one in taken],
            [one.outcome.partition for one in taken],
            [one.outcome.position for one in taken],
            [one.outcome.case_ref for one in taken],
            [one.outcome.value for one in taken],
            [ref for ref, _ in put],
            [partition_of(ref) for ref, _ in put],
            [case.version for _, case in put],
            [case.heard_version for _, case in put],
            [case.taken for _, case in put],
            [seat.state_version] * len(put),
            [seat.dump(case.state) for _, case in put],
            [seat.next_due_at(case.state) for _, case in put],
        )

    # -- one command in one transaction ---------------------------------------------------------

    async def take_one(self, raw: bytes) -> list[Row]:
        """Decide one command in a transaction of its own; the rows to be published."""
        message, seat = decode(raw), self.half.seat
        ref = message.case_ref
        async with self.pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(self.sql["read_case"], ref)
            if row is None:
                case = Case(0, 0, 0, seat.initial(ref))
            else:
                state = seat.load(row["state"])
                case = Case(row["version"], row["heard_version"], row["taken"], state)
            one = self.take(case, message)
            if one is None:
                return []
            out = one.outcome
            await connection.execute(
                self.sql["add_outcome"], message.id, out.partition, out.position, ref, out.value
            )
            for version, event, _ in one.events:
                await connection.execute(
                    self.sql["add_event"], event.partition, event.position, ref, version,
                    event.value,
                )  # fmt: skip
            if self.half.project is not None:
                told = tuple(self.half.projected)
                matter = [m for _, _, m in one.events if isinstance(m.data, told)]
                if matter:
                    await self.half.project(connection, matter)
            await connection.execute(
                self.sql["put_case"], ref, out.partition, one.case.version,
                one.case.heard_version, one.case.taken, seat.state_version,
                seat.dump(one.case.state), seat.next_due_at(one.case.state),
            )  # fmt: skip
        return [*(row for _, row, _ in one.events), out]

    async def mark(self, rows: Sequence[Row]) -> None:
        """Remember how far was published."""
        last = {(row.topic, row.partition): row.position for row in rows}
        await self.pool.execute(
            self.sql["mark"],
            [topic for topic, _ in last],
            [partition for _, partition in last],
            list(last.values()),
        )


class HandOff:
    """Publishes in the background, in order, whatever was committed meanwhile in one go."""

    def __init__(self, work: Work, send: Send) -> None:
        self._work = work
        self._send = send
        self._rows: list[Row] = []
        self._wake = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    def offer(self, rows: Sequence[Row]) -> None:
        if self._task.done():
            self._task.result()
        self._rows += rows
        self._wake.set()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            rows, self._rows = self._rows, []
            if rows:
                await self._send(rows)
                await self._work.mark(rows)


async def aiokafka_send() -> Send:
    """How one publishes with aiokafka: hand every record over, then wait for all."""
    producer = AIOKafkaProducer(
        bootstrap_servers=broker(), acks="all", enable_idempotence=True, max_batch_size=256 * 1024
    )
    await producer.start()

    async def send(rows: Sequence[Row]) -> None:
        futures = [
            await producer.send(
                row.topic, row.value, str(row.case_ref).encode(), partition=row.partition
            )
            for row in rows
        ]
        await asyncio.gather(*futures)

    return send


def broker() -> str:
    return os.environ["THROUGHCARE_KAFKA__BOOTSTRAP_SERVERS"]
