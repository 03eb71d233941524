"""A toy service on the run's broker and a database of its own."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from throughcare.cli.embedded.kafka import Kafka
from throughcare.contracts.envelope import Message, decode, encode
from throughcare.contracts.topics import INTAKE_COMMANDS, partition_of
from throughcare.runtime.journal import Producer
from throughcare.runtime.settings import Kafka as KafkaSettings
from throughcare.tests.runtime import toy
from throughcare.tests.support.parts import Parts
from throughcare.tests.support.topics import empty_topics
from throughcare.tests.support.workers import Worker


class Toy:
    """What a test does with the toy service, and what it can see of it."""

    def __init__(self, worker: Worker, producer: Producer, owner: asyncpg.Connection) -> None:
        self.worker = worker
        self.producer = producer
        self.owner = owner

    async def send(self, *messages: Message) -> None:
        for message in messages:
            await self.send_bytes(message.case_ref, encode(message))

    async def send_bytes(self, case_ref: UUID, raw: bytes) -> None:
        await self.producer.send(
            INTAKE_COMMANDS.name, partition_of(case_ref), [(str(case_ref).encode(), raw)]
        )

    async def until(self, query: str, *arguments: Any, seconds: float = 30) -> None:
        """Wait until a query says true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if await self.owner.fetchval(query, *arguments):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"not within {seconds} s: {query}")

    async def amounts(self, case_ref: UUID) -> list[int]:
        """The amounts a case was told, in the order of its stream."""
        rows = await self.owner.fetch(
            "SELECT envelope FROM intake.events WHERE case_ref = $1 ORDER BY version", case_ref
        )
        events = [decode(row["envelope"]).data for row in rows]
        return [event.amount for event in events if isinstance(event, toy.Added)]

    async def answered(self, ids: Iterable[UUID], seconds: float = 30) -> None:
        wanted = list(ids)
        await self.until(
            "SELECT count(*) = $2 FROM intake.outcomes WHERE id = ANY ($1)",
            wanted,
            len(wanted),
            seconds=seconds,
        )


@pytest.fixture(scope="module")
async def toy_service(
    kafka: Kafka, parts: Parts, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Toy]:
    """The toy service, started once: each test has cases of its own and leaves it running."""
    await empty_topics(kafka.bootstrap_servers)
    database = parts.new_database()
    worker = Worker(
        "throughcare.tests.runtime.toy",
        tmp_path_factory.mktemp("toy"),
        kafka=kafka.bootstrap_servers,
        database=database.url("throughcare_intake"),
    )
    producer = Producer(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers))
    owner = await asyncpg.connect(database.url())
    worker.start()
    try:
        yield Toy(worker, producer, owner)
    finally:
        worker.close()
        await producer.renew()
        await owner.close()
