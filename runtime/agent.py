"""The one agent loop: decode → sort → apply → advance, with nothing lost, doubled or reordered.

It takes whole lists of records. What a list changes and how far it was read are written together;
an error means one of three things (`errors.meaning_of`), and none of them ever reaches Faust.
"""

import asyncio
import hashlib
import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from faust.types import TP

from throughcare.contracts.envelope import decode
from throughcare.runtime import crash, log, metrics, queries
from throughcare.runtime.errors import Meaning, fingerprint, meaning_of
from throughcare.runtime.ids import new_id
from throughcare.runtime.pool import Connection, Pool
from throughcare.runtime.seal import Seal
from throughcare.runtime.sorting import (
    Advance,
    Cursor,
    Cursors,
    Input,
    Unreadable,
    hold_arguments,
    sort,
)
from throughcare.runtime.transport import Record, RecordLists

_SQL = queries.load("throughcare.runtime", "agent.sql")
#: A unique violation means "stale read" this many times in a row; then some message causes it.
_STALE_MAX = 8


class Handler(Protocol):
    """What a service does with messages."""

    async def apply(
        self, connection: Connection, inputs: Sequence[Input], advance: Advance
    ) -> Collection[UUID]:
        """Do all of it or nothing, `advance` included; return the cases now waiting in `held`."""
        ...

    async def discard(self, connection: Connection, tp: TP, raw: bytes, letter: UUID) -> None:
        """An operator discarded this record: what follows it need not wait for it any more."""
        ...

    def committed(self) -> None:
        """What was applied last is durable."""
        ...

    def forget(self) -> None:
        """Whatever is remembered may be stale."""
        ...


class Agent:
    """Takes lists for one service, one list at a time."""

    def __init__(
        self,
        service: str,
        pool: Pool,
        handler: Handler,
        *,
        journals: Collection[str],
        cluster_id: str,
        seal: Seal,
    ) -> None:
        self.service = service
        self.pool = pool
        self.handler = handler
        self.cluster_id = cluster_id
        self.owned: frozenset[int] = frozenset()
        #: Lists handled so far; the watchdog looks whether it moves.
        self.progress = 0
        self.busy = False
        self._journals = frozenset(journals)
        self._seal = seal
        self._sql = _SQL.for_schema(service)
        self._log = log.get("agent")
        self._lane = asyncio.Lock()
        self._cursors: dict[TP, Cursor] = {}
        self._halted: set[UUID] = set()
        self._waiting: set[UUID] = set()
        self._holes_seen: dict[TP, int] = {}
        self._distrust = False

    # -- assignment ---------------------------------------------------------------------------

    async def assigned(self, tps: Iterable[TP]) -> Mapping[TP, int]:
        """Take these partitions over: what is remembered of others goes; where to read on."""
        tps = list(tps)
        async with self._lane:
            self.owned = frozenset(tp.partition for tp in tps)
            self._cursors = {tp: Cursor(0, 0) for tp in tps}
            self._holes_seen.clear()
            await self._patiently(self._reload)
            return {tp: cursor.next_offset for tp, cursor in self._cursors.items()}

    async def _reload(self) -> None:
        self.handler.forget()
        partitions = sorted(self.owned)
        async with self.pool.acquire() as connection:
            for row in await connection.fetch(self._sql["read_cursors"], self.service):
                tp = TP(row["topic"], row["partition"])
                if tp in self._cursors:
                    same = row["cluster_id"] == self.cluster_id
                    self._cursors[tp] = Cursor(row["position"], row["next_offset"] if same else 0)
            halted = await connection.fetch(self._sql["read_halted"], partitions)
            waiting = await connection.fetch(self._sql["read_waiting"], partitions)
        self._halted = {row["case_ref"] for row in halted}
        self._waiting = {row["case_ref"] for row in waiting} - self._halted

    def reached(self) -> dict[TP, int]:
        """The next Kafka offset of each partition we own."""
        return {tp: cursor.next_offset for tp, cursor in self._cursors.items()}

    # -- taking a list ------------------------------------------------------------------------

    async def take(self, lists: RecordLists, app: Any) -> None:
        """Handle one list of lists to its end, however often it takes."""
        self.busy = True
        try:
            async with self._lane:
                if lists.generation != app.consumer_generation_id:
                    return  # its offsets were never advanced: whoever owns them now reads them again
                holes = await self._patiently(lambda: self._handle(lists.records))
                for tp, offset in holes.items():
                    await app.seek_back(tp, offset)
        finally:
            self.busy = False
            self.progress += 1

    async def _patiently(self, step: Any) -> Any:
        """Repeat `step` until it goes through. Only a loop that cannot go on ends the process."""
        wait, stale = 0.05, 0
        while True:
            try:
                return await step()
            except Exception as error:
                meaning = meaning_of(error)
                metrics.RETRIES.labels(self.service, meaning.value).inc()
                self._log.warning("again", meaning=meaning.value, error=fingerprint(error))
                self.handler.forget()
                if meaning is Meaning.POISON:
                    raise  # not a message's fault: `_handle` deals with those
                if meaning is Meaning.STALE:
                    stale += 1
                    self._distrust = stale > _STALE_MAX
                    if step is not self._reload:
                        await self._patiently(self._reload)
                await asyncio.sleep(wait * random.uniform(0.5, 1.0))
                wait = min(wait * 2, 2.0)

    def _is_poison(self, error: Exception) -> bool:
        meaning = meaning_of(error)
        return meaning is Meaning.POISON or (meaning is Meaning.STALE and self._distrust)

    async def _handle(self, records: Mapping[TP, list[Record]]) -> dict[TP, int]:
        batch = sort(records, self._cursors, self._journals, self._holes_seen)
        self._holes_seen.update({tp: records[tp][0].offset for tp in batch.holes})
        crash.point("agent.after_decode")
        if batch.unreadable:
            await self._bury_unreadable(batch.unreadable)
        inputs = await self._hold_back(batch.inputs) if self._halted else batch.inputs
        try:
            await self._apply(inputs, batch.cursors)
        except Exception as error:
            if not self._is_poison(error):
                raise
            self.handler.forget()
            await self._one_by_one(inputs, batch.cursors)
        self._distrust = False
        for tp, seen_after in batch.gaps.items():
            self._log.warning("gap", topic=tp.topic, partition=tp.partition)
            metrics.GAPS.labels(self.service).inc()
            await self.pool.execute(self._sql["ask_again"], tp.topic, tp.partition, seen_after)
        return batch.holes

    async def _apply(self, inputs: Sequence[Input], cursors: Cursors) -> None:
        """Apply, advance, and then whatever waited for it."""
        if not inputs and not cursors:
            return
        await self._write(inputs, cursors)
        if self._waiting:
            touched = {input.message.case_ref for input in inputs} & self._waiting
            for case_ref in touched:
                await self._run_held(case_ref)

    async def _write(
        self, inputs: Sequence[Input], cursors: Cursors, done: tuple[int, ...] = ()
    ) -> None:
        crash.point("agent.before_record")
        before = {tp: self._cursors[tp] for tp in cursors}
        advance = Advance(self.service, self.cluster_id, cursors, before, done)
        async with self.pool.acquire() as connection:
            waiting = await self.handler.apply(connection, inputs, advance)
        crash.point("agent.after_record")
        self._cursors.update(cursors)
        self._waiting.update(waiting)
        self.handler.committed()
        metrics.APPLIED.labels(self.service).inc(len(inputs))

    # -- what cannot be handled ---------------------------------------------------------------

    async def _one_by_one(self, inputs: Sequence[Input], cursors: Cursors) -> None:
        """One of these breaks the list: find it, bury it, let its case stand still, go on."""
        for input in inputs:
            message = input.message
            if message.case_ref in self._halted:
                await self._hold([input], "halted")
            else:
                try:
                    await self._write([input], self._reached(input))
                    continue
                except Exception as error:
                    if not self._is_poison(error):
                        raise
                    self.handler.forget()
                    await self._bury(
                        input.tp, input.offset, input.raw, message.case_ref, message.id,
                        "bug", "handler", fingerprint(error),
                    )  # fmt: skip
            await self._write([], self._reached(input))
        await self._write([], cursors)

    def _reached(self, input: Input) -> dict[TP, Cursor]:
        cursor = self._cursors[input.tp]
        position = input.message.position if input.tp.topic in self._journals else None
        return {input.tp: Cursor(position or cursor.position, input.offset + 1)}

    async def _bury_unreadable(self, lost: Sequence[Unreadable]) -> None:
        for record in lost:
            kind = {"unknown-type": "unknown-type", "schema": "schema"}.get(record.code, "decode")
            await self._bury(
                record.tp, record.offset, record.raw, record.case_ref, record.message_id,
                kind, record.code, record.code,
            )  # fmt: skip

    async def _bury(
        self,
        tp: TP,
        offset: int,
        raw: bytes,
        case_ref: UUID | None,
        message_id: UUID | None,
        kind: str,
        code: str,
        mark: str,
    ) -> None:
        letter = new_id()
        async with self.pool.acquire() as connection, connection.transaction():
            kept: UUID = await connection.fetchval(
                self._sql["bury"], letter, tp.topic, tp.partition, offset, case_ref, message_id,
                kind, code, mark, self._seal.seal(raw, f"{self.service}/{tp.topic}"),
                self._seal.mark(hashlib.sha256(raw).hexdigest(), f"{self.service}/{tp.topic}"),
            )  # fmt: skip
            if case_ref is not None:
                await connection.execute(self._sql["halt"], case_ref, tp.partition, kept)
        if case_ref is not None:
            self._halted.add(case_ref)
            self._waiting.discard(case_ref)
        metrics.DEAD_LETTERS.labels(self.service, kind).inc()
        self._log.error("dead letter", dead_letter=str(kept), kind=kind, code=code, mark=mark)

    async def _hold_back(self, inputs: list[Input]) -> list[Input]:
        """Keep what comes for cases that stand still; the rest goes on."""
        stopped = [input for input in inputs if input.message.case_ref in self._halted]
        if stopped:
            await self._hold(stopped, "halted")
        return [input for input in inputs if input.message.case_ref not in self._halted]

    async def _hold(self, inputs: Sequence[Input], reason: str) -> None:
        await self.pool.execute(self._sql["hold"], *hold_arguments(inputs, reason))

    async def _run_held(self, case_ref: UUID) -> bool:
        """Try what is held for a case, in order; False if it stands still again."""
        for row in await self.pool.fetch(self._sql["held_of_case"], case_ref):
            input = Input(
                TP(row["topic"], row["partition"]),
                -1,
                row["raw"],
                decode(row["raw"]),
                row["arrival"],
            )
            try:
                await self._write([input], {})
            except Exception as error:
                if meaning_of(error) is not Meaning.POISON:
                    raise
                self.handler.forget()
                await self._bury(
                    input.tp, -row["arrival"], input.raw, case_ref, input.message.id,
                    "bug", "handler", fingerprint(error),
                )  # fmt: skip
                await self._write([], {}, (row["arrival"],))
                return False
        left = await self.pool.fetch(self._sql["held_of_case"], case_ref)
        if not left:
            self._waiting.discard(case_ref)
        return True

    async def settle_letters(self) -> None:
        """Carry out what operators decided on dead letters of our partitions."""
        async with self._lane:
            await self._patiently(self._settle_letters)

    async def _settle_letters(self) -> None:
        for row in await self.pool.fetch(self._sql["decided_letters"], sorted(self.owned)):
            letter, tp = row["id"], TP(row["topic"], row["partition"])
            raw = self._seal.open(row["sealed"], f"{self.service}/{tp.topic}")
            ended = "discarded"
            if row["status"] == "replaying":
                ended = "replayed"
                try:
                    await self._write([Input(tp, row["kafka_offset"], raw, decode(raw))], {})
                except Exception as error:
                    if meaning_of(error) is Meaning.TRANSIENT:
                        raise
                    self.handler.forget()
                    await self.pool.execute(self._sql["reopen_letter"], letter, fingerprint(error))
                    continue
            elif row["case_ref"] is not None:
                async with self.pool.acquire() as connection:
                    await self.handler.discard(connection, tp, raw, letter)
                self.handler.committed()
            async with self.pool.acquire() as connection, connection.transaction():
                await connection.execute(self._sql["end_letter"], letter, ended)
                freed = await connection.fetch(self._sql["release_case"], letter)
            for free in freed:
                self._halted.discard(free["case_ref"])
                self._waiting.add(free["case_ref"])
                await self._run_held(free["case_ref"])
