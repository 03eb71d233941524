"""The way out: a journal's committed rows go to Kafka in their order, again where they were lost.

The table is the outbox. A partition's owner publishes it: straight after the commit, from the
table what a crash left, and once more what a reader lacks. Readers know each row by its place,
so saying a thing twice is harmless, and a lost one is missed.
"""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from throughcare.contracts.topics import Topic
from throughcare.runtime import crash, log, metrics, queries
from throughcare.runtime.broker import reach
from throughcare.runtime.errors import Meaning, fingerprint, meaning_of
from throughcare.runtime.pool import Pool
from throughcare.runtime.settings import Kafka

_SQL = queries.load("throughcare.runtime", "journal.sql")
_STRETCH = 1_000
_RESAY_MAX = 2_000
#: Rows of a partition that wait in memory while the table gives what comes before them.
_WAITING_MAX = 10_000
#: Seconds a reader may stand still before it is told again; doubles each time.
_STUCK_AFTER_S = 3.0
_STUCK_MAX_S = 120.0
_MARK_PACE_S = 0.03


class Row(NamedTuple):
    """One row of a journal, on its way out."""

    partition: int
    position: int
    #: The case, as the record's key says it.
    key: bytes
    envelope: bytes


class Producer:
    """One aiokafka producer for the process, made anew after any error it does not recover from."""

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self._producer: AIOKafkaProducer | None = None
        self._making = asyncio.Lock()

    async def get(self) -> AIOKafkaProducer:
        async with self._making:
            return self._producer or await self._make()

    async def _make(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            **reach(self._kafka),
            acks="all",
            enable_idempotence=True,
            linger_ms=0,
            # A batch of a partition waits for the one before it: large ones, below Kafka's limit.
            max_batch_size=900 * 1024,
            max_request_size=4 * 1024 * 1024,
            request_timeout_ms=10_000,
            metadata_max_age_ms=10_000,
        )
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        self._producer = producer
        return producer

    async def renew(self) -> None:
        """An idempotent producer cannot be trusted after an error whose end is unknown."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(KafkaError, TimeoutError, OSError):
                await asyncio.wait_for(producer.stop(), 5)

    async def send(self, topic: str, partition: int, rows: Sequence[tuple[bytes, bytes]]) -> None:
        """Send rows of one partition in order and wait until all are acknowledged."""
        for future in await self.start(topic, partition, rows):
            await future

    async def start(
        self, topic: str, partition: int, rows: Sequence[tuple[bytes, bytes]]
    ) -> list["asyncio.Future[object]"]:
        """Put rows of one partition on their way in order; the futures end with the acknowledgement."""
        producer = await self.get()
        futures = []
        batch = producer.create_batch()
        for key, value in rows:
            if batch.append(key=key, value=value, timestamp=None) is None:
                batch.close()
                futures.append(await producer.send_batch(batch, topic, partition=partition))
                batch = producer.create_batch()
                batch.append(key=key, value=value, timestamp=None)
        if batch.record_count():
            batch.close()
            futures.append(await producer.send_batch(batch, topic, partition=partition))
        return futures


class _Stuck(NamedTuple):
    position: int
    since: float
    wait: float


class Journal:
    """Publishes one journal table for the partitions this process owns."""

    def __init__(
        self,
        topic: Topic,
        schema: str,
        table: str,
        pool: Pool,
        producer: Producer,
        cluster_id: str,
        clock: Callable[[], float],
    ) -> None:
        self.topic = topic.name
        self._readers = topic.readers
        self._pool = pool
        self._producer = producer
        self._cluster_id = cluster_id
        self._clock = clock
        self._sql = _SQL.for_schema(schema).for_table(table)
        self._log = log.get("journal")
        self._published: dict[int, int] = {}
        self._buffers: dict[int, list[Row]] = {}
        self._behind: set[int] = set()
        self._resay: dict[int, int] = {}
        self._stuck: dict[tuple[str, int], _Stuck] = {}
        self._marked: dict[int, int] = {}
        self._swept: dict[int, int] = {}
        self._wake = asyncio.Event()
        self._unmarked = asyncio.Event()

    async def own(self, partitions: Collection[int]) -> None:
        """Take these partitions over, from where they were acknowledged by this cluster."""
        wanted = sorted(partitions)
        published = dict.fromkeys(wanted, 0)
        same = set()
        for row in await self._pool.fetch(self._sql["read_watermarks"], self.topic, wanted):
            if row["cluster_id"] == self._cluster_id:
                published[row["partition"]] = row["published"]
                same.add(row["partition"])
        anew = [p for p in wanted if p not in same]
        if anew:  # the log began anew: say what some reader lacks
            reached = {(r, p): 0 for r in self._readers for p in anew}
            for row in await self._pool.fetch(self._sql["read_positions"], self.topic, anew):
                if (key := (row["consumer"], row["partition"])) in reached:
                    reached[key] = row["position"]
            for p in anew:
                published[p] = min((reached[r, p] for r in self._readers), default=0)
        self._published = published
        self._marked = {}
        self._buffers = {p: [] for p in wanted}
        self._behind = set(wanted)
        self._resay.clear()
        self._stuck.clear()
        self._wake.set()

    def offer(self, rows: Iterable[Row]) -> None:
        """Rows that were just committed, in order."""
        for row in rows:
            buffer = self._buffers.get(row.partition)
            if buffer is not None:
                buffer.append(row)
        self._wake.set()

    # -- publish ------------------------------------------------------------------------------

    async def publish_forever(self) -> None:
        """Publish what is offered, what was left behind and what has to be said again."""
        wait = 0.05
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._publish()
                wait = 0.05
            except Exception as error:
                if meaning_of(error) is Meaning.POISON:
                    raise
                self._log.warning("publish again", topic=self.topic, error=fingerprint(error))
                self._behind.update(self._published)
                await self._producer.renew()
                await asyncio.sleep(wait)
                wait = min(wait * 2, 2.0)
                self._wake.set()

    async def _publish(self) -> None:
        taken, self._buffers = self._buffers, {p: [] for p in self._published}
        behind, self._behind = self._behind, set()
        again, self._resay = self._resay, {}
        await self._publish_offered(taken, behind)
        for partition in behind:
            await self._catch_up(partition)
        for partition, after in again.items():
            upto = min(after + _RESAY_MAX, self._published.get(partition, 0))
            metrics.REWINDS.labels(self.topic).inc()
            await self._say(partition, after, upto)

    async def _publish_offered(self, taken: Mapping[int, list[Row]], behind: set[int]) -> None:
        """Publish what follows on; what does not waits until the table gave what is between."""
        sends: list[Coroutine[Any, Any, None]] = []
        reached: dict[int, int] = {}
        for partition, rows in taken.items():
            cursor = self._published.get(partition)
            if cursor is None:
                continue
            fresh = [row for row in rows if row.position > cursor]
            if not fresh:
                continue
            if fresh[0].position != cursor + 1:
                behind.add(partition)
                if (
                    len(fresh) < _WAITING_MAX
                    and (buffer := self._buffers.get(partition)) is not None
                ):
                    buffer[:0] = fresh
                    self._wake.set()
                continue
            behind.discard(partition)
            crash.point("publisher.before_send")
            pairs = [(row.key, row.envelope) for row in fresh]
            sends.append(self._producer.send(self.topic, partition, pairs))
            reached[partition] = fresh[-1].position
            metrics.PUBLISHED.labels(self.topic).inc(len(fresh))
        # All come to their end, so that nothing is on its way when an error starts this anew.
        for ended in await asyncio.gather(*sends, return_exceptions=True):
            if ended is not None:
                raise ended
        if reached:
            crash.point("publisher.after_ack")
            self._reach(reached)

    def _reach(self, reached: dict[int, int]) -> None:
        for partition, position in reached.items():
            if partition in self._published:
                self._published[partition] = max(self._published[partition], position)
        if reached:
            self._unmarked.set()

    async def _catch_up(self, partition: int) -> None:
        """Publish from the table, up to where what was offered goes on."""
        while (cursor := self._published.get(partition)) is not None:
            waiting = self._buffers.get(partition)
            upto = waiting[0].position - 1 if waiting else 1 << 62
            last = await self._say(partition, cursor, upto)
            if last == cursor:
                return
            self._reach({partition: last})

    async def _say(self, partition: int, after: int, upto: int) -> int:
        """Publish a stretch from the table; the last place said."""
        while after < upto:
            rows = await self._pool.fetch(self._sql["read_range"], partition, after, upto, _STRETCH)
            if not rows:
                break
            pairs = [(str(row["case_ref"]).encode(), row["envelope"]) for row in rows]
            await self._producer.send(self.topic, partition, pairs)
            metrics.PUBLISHED.labels(self.topic).inc(len(rows))
            after = rows[-1]["position"]
            if len(rows) < _STRETCH:
                break
        return after

    async def mark_forever(self) -> None:
        """Write the watermark after the fact: losing it costs only repetition."""
        marked_at = 0.0
        while True:
            await self._unmarked.wait()
            # At once after a rest, and seldom enough under load that it costs nothing.
            await asyncio.sleep(max(0.0, marked_at + _MARK_PACE_S - self._clock()))
            marked_at = self._clock()
            self._unmarked.clear()
            fresh = {p: n for p, n in self._published.items() if self._marked.get(p) != n}
            try:
                await self._pool.execute(
                    self._sql["mark"],
                    self.topic,
                    self._cluster_id,
                    list(fresh),
                    list(fresh.values()),
                )
                self._marked.update(fresh)
                crash.point("publisher.after_mark")
            except Exception as error:
                if meaning_of(error) is Meaning.POISON:
                    raise
                await asyncio.sleep(0.5)
                self._unmarked.set()

    # -- sweep and reconcile ------------------------------------------------------------------

    async def sweep(self) -> None:
        """Find what a crash left, and readers that miss something or stand still. Once a second."""
        owned = sorted(self._published)
        if not owned:
            return
        unpublished = 0
        for row in await self._pool.fetch(self._sql["last_places"], owned):
            partition = row["partition"]
            behind = row["last"] - self._published.get(partition, 0)
            unpublished += max(behind, 0)
            # What is on its way is not left behind: only what did not move since we last looked.
            if behind > 0 and self._swept.get(partition) == self._published.get(partition):
                self._behind.add(partition)
        self._swept = dict(self._published)
        metrics.OUTBOX.labels(self.topic).set(unpublished)
        for row in await self._pool.fetch(self._sql["take_gaps"], self.topic, owned):
            self._ask(row["partition"], row["seen_after"])
        now = self._clock()
        for row in await self._pool.fetch(self._sql["read_positions"], self.topic, owned):
            self._look_at(row["consumer"], row["partition"], row["position"], now)
        if self._behind or self._resay:
            self._wake.set()

    def _look_at(self, consumer: str, partition: int, position: int, now: float) -> None:
        key = (consumer, partition)
        if position >= self._published.get(partition, 0):
            self._stuck.pop(key, None)
            return
        stuck = self._stuck.get(key)
        if stuck is None or stuck.position != position:
            self._stuck[key] = _Stuck(position, now, _STUCK_AFTER_S)
        elif now - stuck.since > stuck.wait:
            self._stuck[key] = _Stuck(position, now, min(stuck.wait * 2, _STUCK_MAX_S))
            self._ask(partition, position)

    def _ask(self, partition: int, after: int) -> None:
        self._resay[partition] = min(after, self._resay.get(partition, after))
