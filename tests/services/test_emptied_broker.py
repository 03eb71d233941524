"""PostgreSQL is the truth: an emptied Kafka loses nothing that was decided."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from throughcare.cli.embedded.kafka import Kafka
from throughcare.contracts.envelope import Message, encode
from throughcare.contracts.intake_commands import OpenCase
from throughcare.contracts.topics import INTAKE_COMMANDS, partition_of
from throughcare.runtime.ids import new_case_ref, new_id
from throughcare.runtime.journal import Producer
from throughcare.runtime.settings import Kafka as KafkaSettings
from throughcare.tests.support.parts import Database
from throughcare.tests.support.workers import Worker

NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[Kafka]:
    kafka = Kafka(tmp_path)
    kafka.start()
    yield kafka
    kafka.kill()


@pytest.fixture
async def halves(
    own_kafka: Kafka, database: Database, tmp_path: Path
) -> AsyncIterator[dict[str, Worker]]:
    """intake and release, each started again when it gives itself up."""
    workers = {
        name: Worker(
            f"throughcare.services.{name}.app",
            tmp_path,
            kafka=own_kafka.bootstrap_servers,
            database=database.url(f"throughcare_{name}"),
        )
        for name in ("intake", "release")
    }
    yield workers
    for worker in workers.values():
        worker.close()


async def test_what_was_published_to_a_broker_that_was_wiped_is_said_again(
    own_kafka: Kafka, halves: dict[str, Worker], database: Database
) -> None:
    owner = await asyncpg.connect(database.url())
    intake, release = halves["intake"], halves["release"]
    intake.start()
    release.start()
    await send([new_case_ref() for _ in range(40)], own_kafka)
    await until(owner, "SELECT count(*) = 40 FROM release.heard")
    assert release.end(signal.SIGTERM) == 0
    await send([new_case_ref() for _ in range(40)], own_kafka)
    await until(owner, "SELECT count(*) = 80 FROM intake.events")
    await until(
        owner, "SELECT sum(published) = 80 FROM runtime.journals WHERE topic LIKE '%intake.events%'"
    )

    own_kafka.kill()
    own_kafka.wipe()
    own_kafka.start()
    assert await asyncio.to_thread(intake.ended_by_itself) == 70  # another cluster
    intake.start()
    release.start()

    await until(owner, "SELECT count(*) = 80 FROM release.heard", seconds=60)
    await send([new_case_ref() for _ in range(5)], own_kafka)
    await until(owner, "SELECT count(*) = 85 FROM release.heard")
    assert await owner.fetchval("SELECT count(*) FROM release.dead_letters") == 0
    await owner.close()


async def send(cases: list[UUID], kafka: Kafka) -> None:
    producer = Producer(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers))
    for case_ref in cases:
        id = new_id()
        message = Message(
            id=id,
            source="/tests",
            data=OpenCase(
                origin="facility", reason_code="self-request", person_told=True, region="kg-gb"
            ),
            case_ref=case_ref,
            occurred_at=NOW,
            recorded_at=NOW,
            correlation_id=id,
            protocol_version="kg-2026.1",
            party="colony-1",
            roles=("prison-health",),
            number=1,
        )
        await producer.send(
            INTAKE_COMMANDS.name,
            partition_of(case_ref),
            [(str(case_ref).encode(), encode(message))],
        )
    await producer.renew()


async def until(owner: asyncpg.Connection, query: str, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if await owner.fetchval(query):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {query}")
