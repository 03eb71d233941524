"""The Kafka door for facts: every party's own topic, read from where the database says.

A plain aiokafka consumer (Faust cannot follow topics that come later). How far a topic was read is
written in the transaction that takes the record, so a fact is taken once however often it is read,
and nothing that a record holds can stop the door: what cannot be taken becomes a dead letter.
"""

import asyncio
import hashlib
import random

import asyncpg
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from throughcare.contracts.outcomes import DeadLettered, Refused
from throughcare.gateway.answers import answer
from throughcare.gateway.facts_records import (
    TOPICS,
    Record,
    from_broker,
    is_answerable,
    pack,
    places_of,
    read,
    unpack,
    whose,
)
from throughcare.gateway.metrics import REFUSED, TAKEN
from throughcare.gateway.outcomes import tell
from throughcare.gateway.parties import find_party
from throughcare.gateway.problems import RefusedError, Stage
from throughcare.gateway.relay import Relay
from throughcare.gateway.taking import Taken, take
from throughcare.runtime import crash, log, metrics, queries
from throughcare.runtime.broker import reach
from throughcare.runtime.errors import Meaning, StaleError, fingerprint, meaning_of
from throughcare.runtime.ids import new_id
from throughcare.runtime.pool import Connection, Pool
from throughcare.runtime.process import Process
from throughcare.runtime.seal import Seal
from throughcare.runtime.settings import Kafka

_SQL = queries.load("throughcare.gateway", "facts_door.sql")
_LOOK_FOR_TOPICS_S = 3.0
_AT_ONCE = 4
#: Of the door's dead letters: no agent owns such a partition, so only the door settles them.
_NOBODYS_PARTITION = -1
_UNKNOWN_PARTY = "unknown-party"


class FactsDoor:
    """Reads all facts topics while this process holds the lease."""

    def __init__(self, process: Process, relay: Relay) -> None:
        self._kafka: Kafka = process.settings.kafka
        self._pool: Pool = process.pool
        self._admin: AIOKafkaAdminClient = process.admin
        self._cluster_id = process.cluster_id
        self._seal: Seal = process.seal
        self._relay = relay
        self._log = log.get("facts")
        self._next: dict[str, int] = {}
        self._at_once = asyncio.Semaphore(_AT_ONCE)

    # -- reading ------------------------------------------------------------------------------

    async def read_forever(self) -> None:
        self._next.clear()
        consumer = AIOKafkaConsumer(
            **reach(self._kafka),
            client_id="throughcare-facts",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            request_timeout_ms=10_000,
            metadata_max_age_ms=10_000,
        )
        try:
            while True:
                try:
                    await consumer.start()
                    break
                except Exception as error:  # noqa: BLE001 - whatever it is, the door opens later
                    await self._pause(error)
            await self._read(consumer)
        finally:
            await consumer.stop()

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        loop = asyncio.get_running_loop()
        looked_at = float("-inf")
        while True:
            try:
                if loop.time() - looked_at > _LOOK_FOR_TOPICS_S:
                    await self._follow(consumer)
                    looked_at = loop.time()
                if not self._next:
                    await asyncio.sleep(_LOOK_FOR_TOPICS_S)
                    continue
                lists = await consumer.getmany(timeout_ms=500, max_records=500)
            except Exception as error:  # noqa: BLE001 - one topic's trouble must not stop the others
                await self._pause(error)
                continue
            await asyncio.gather(*(self._run(records) for records in lists.values()))

    async def _pause(self, error: Exception) -> None:
        self._log.warning("facts again", error=fingerprint(error))
        await asyncio.sleep(1.0)

    async def _follow(self, consumer: AIOKafkaConsumer) -> None:
        """Read every facts topic there is, also those that were made since."""
        names = {name for name in await self._admin.list_topics() if TOPICS.match(name)}
        if names == self._next.keys():
            return
        stored = {
            row["topic"]: row["next_offset"]
            for row in await self._pool.fetch(_SQL["read_offsets"], self._cluster_id)
        }
        self._next = {name: stored.get(name, 0) for name in names}
        consumer.assign([TopicPartition(name, 0) for name in names])
        for name, offset in self._next.items():
            # Where the log begins later, it is read from there.
            consumer.seek(TopicPartition(name, 0), offset)

    async def _run(self, records: "list[ConsumerRecord[bytes | None, bytes | None]]") -> None:
        """Take what one topic brought, in its order."""
        async with self._at_once:
            for record in records:
                await self.take_patiently(from_broker(record))

    # -- taking -------------------------------------------------------------------------------

    async def take_patiently(self, record: Record) -> None:
        """Take a record, however often the database has to be asked."""
        wait = 0.05
        while True:
            try:
                await self._take_or_bury(record)
                return
            except Exception as error:
                if meaning_of(error) is Meaning.POISON:
                    raise
                self._log.warning("fact again", error=fingerprint(error))
                await asyncio.sleep(wait * random.uniform(0.5, 1.0))
                wait = min(wait * 2, 2.0)

    async def _take_or_bury(self, record: Record) -> None:
        try:
            await self._take(record)
        except RefusedError as error:
            await self._refuse(record, error)
        except Exception as error:
            if meaning_of(error) is not Meaning.POISON:
                raise
            async with self._pool.acquire() as connection, connection.transaction():
                if await self._advance(connection, record):
                    await self._bury(connection, record, "bug", "handler", fingerprint(error))

    async def _take(self, record: Record) -> None:
        async with self._pool.acquire() as connection:
            async with connection.transaction():
                if not await self._advance(connection, record):
                    return
                taken = await self._take_in(connection, record)
            crash.point("door.after_commit")
        if taken.relay is not None:
            self._relay.offer([taken.relay])

    async def _take_in(self, connection: Connection, record: Record) -> Taken:
        party = await find_party(connection, record.party)
        if party is None:
            raise RefusedError(_UNKNOWN_PARTY, "decode")
        taken = await take(connection, party, read(record), record.recorded_at, seal=self._seal)
        if taken.answer is not None:
            # What is undecided is told when it is decided.
            await tell(connection, self._seal, [(party.party, taken.alias, taken.answer)])
        TAKEN.labels("kafka", "again" if taken.again else "taken").inc()
        return taken

    async def _advance(self, connection: Connection, record: Record) -> bool:
        """Move the topic's offset behind this record; False if somebody did already."""
        return bool(
            await connection.fetchval(
                _SQL["advance"], record.topic, record.offset, self._cluster_id
            )
        )

    # -- what is not taken --------------------------------------------------------------------

    async def _refuse(self, record: Record, error: RefusedError) -> None:
        REFUSED.labels("kafka", error.code).inc()
        async with self._pool.acquire() as connection, connection.transaction():
            if not await self._advance(connection, record):
                return
            party = await find_party(connection, record.party)
            if error.stage is not None and not (party and is_answerable(record, error)):
                await self._bury(connection, record, error.stage, error.code, error.code)
                return
            asked = whose(record)
            assert asked.source is not None
            assert asked.id is not None
            no = Refused(
                answered_source=asked.source,
                answered_id=asked.id,
                answered_type=asked.type,
                refusal_code=error.code,
                places=places_of(error),
            )
            alias = None if error.stage is not None else read(record).alias
            await tell(
                connection, self._seal, [(record.party, alias, answer(no, record.recorded_at))]
            )

    async def _bury(
        self, connection: Connection, record: Record, kind: str, code: str, mark: str
    ) -> None:
        """Keep what could not be taken, sealed, and tell its party."""
        packed = pack(record)
        letter = await connection.fetchval(
            _SQL["bury"], new_id(), record.topic, _NOBODYS_PARTITION, record.offset, kind, code,
            mark, self._seal.seal(packed, f"gateway/{record.topic}"),
            self._seal.mark(hashlib.sha256(packed).hexdigest(), f"gateway/{record.topic}"),
        )  # fmt: skip
        metrics.DEAD_LETTERS.labels("gateway", kind).inc()
        self._log.warning("dead letter", dead_letter=str(letter), kind=kind, code=code, mark=mark)
        if await find_party(connection, record.party) is None:
            return
        asked = whose(record)
        assert asked.source is not None
        assert asked.id is not None
        stages: dict[str, Stage | str] = {"bug": "record"}
        buried = DeadLettered.model_validate(
            {
                "answered_source": asked.source,
                "answered_id": asked.id,
                "answered_type": asked.type,
                "dead_letter_id": letter,
                "stage": stages.get(kind, kind),
            }
        )
        await tell(
            connection, self._seal, [(record.party, None, answer(buried, record.recorded_at))]
        )

    # -- dead letters -------------------------------------------------------------------------

    async def settle_letters(self) -> None:
        """Carry out what operators decided on the door's dead letters."""
        for row in await self._pool.fetch(_SQL["decided_letters"], _NOBODYS_PARTITION):
            if row["status"] == "discarding":
                await self._pool.execute(_SQL["end_letter"], row["id"], "discarded")
                continue
            try:
                await self._replay(row)
            except (RefusedError, ValueError) as error:
                mark = error.code if isinstance(error, RefusedError) else fingerprint(error)
                await self._pool.execute(_SQL["reopen_letter"], row["id"], mark)
            except (asyncpg.UniqueViolationError, StaleError):
                continue  # somebody is taking the same: next time
            except Exception as error:
                if meaning_of(error) is not Meaning.POISON:
                    raise
                await self._pool.execute(_SQL["reopen_letter"], row["id"], fingerprint(error))

    async def _replay(self, row: asyncpg.Record) -> None:
        packed = self._seal.open(row["sealed"], f"gateway/{row['topic']}")
        record = unpack(row["topic"], row["kafka_offset"], packed)
        async with self._pool.acquire() as connection, connection.transaction():
            taken = await self._take_in(connection, record)
            await connection.execute(_SQL["end_letter"], row["id"], "replayed")
        if taken.relay is not None:
            self._relay.offer([taken.relay])
