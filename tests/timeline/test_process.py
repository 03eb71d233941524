"""The timeline as a process: a real broker, kills, and a journal that is read from the beginning again."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from throughcare.cli.embedded.kafka import Kafka
from throughcare.contracts.release_events import EscalationCleared
from throughcare.contracts.topics import TOPICS
from throughcare.runtime.journal import Producer
from throughcare.runtime.settings import Kafka as KafkaSettings
from throughcare.runtime.sorting import Input
from throughcare.runtime.topics_admin import ensure_topics, open_admin
from throughcare.services.timeline.audit import Report
from throughcare.services.timeline.checkpoint import make_key, pinned
from throughcare.services.timeline.verifier import notes_in, verify_database
from throughcare.tests.support.parts import Database
from throughcare.tests.support.workers import Worker
from throughcare.tests.timeline.conftest import Said, cases

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]


class Place:
    """A broker of the test's own, a database, and the process between them."""

    def __init__(self, kafka: Kafka, database: Database, folder: Path) -> None:
        self.settings = KafkaSettings(bootstrap_servers=kafka.bootstrap_servers)
        self.url = database.url("throughcare_timeline")
        self.database = database
        self.key_file = folder / "log.pem"
        self.outside = folder / "checkpoints"
        make_key(self.key_file)
        self.said = Said()
        self.worker = Worker(
            "throughcare.services.timeline.app",
            folder,
            kafka=kafka.bootstrap_servers,
            database=self.url,
            THROUGHCARE_SIGNING_KEY_FILE=str(self.key_file),
            THROUGHCARE_CHECKPOINT_DIR=str(self.outside),
        )

    async def open(self) -> None:
        self.owner = await asyncpg.connect(self.database.url())
        admin = await open_admin(self.settings)
        await ensure_topics(admin, self.settings, TOPICS)
        await admin.close()

    async def send(self, inputs: list[Input]) -> None:
        producer = Producer(self.settings)
        for input in inputs:
            row = (str(input.message.case_ref).encode(), input.raw)
            await producer.send(input.tp.topic, input.tp.partition, [row])
        await producer.renew()

    async def until(self, leaves: int, seconds: float = 60.0) -> None:
        give_up = time.monotonic() + seconds
        while await self.count() < leaves:
            assert time.monotonic() < give_up, self.worker.log.read_text()[-3000:]
            await asyncio.sleep(0.1)

    async def count(self) -> int:
        found: int = await self.owner.fetchval("SELECT count(*) FROM timeline.leaves")
        return found

    async def verify(self) -> Report:
        places = [self.outside] if self.outside.exists() else []
        return await verify_database(self.url, pinned(self.key_file), notes_in(places))


@pytest.fixture
async def place(tmp_path: Path, database: Database) -> AsyncIterator[Place]:
    home = tmp_path / "kafka"
    home.mkdir()
    kafka = Kafka(home)
    await asyncio.to_thread(kafka.start)
    place = Place(kafka, database, tmp_path)
    await place.open()
    yield place
    place.worker.close()
    await place.owner.close()
    kafka.kill()


async def test_nothing_is_lost_or_doubled_by_kills_and_by_reading_all_again(place: Place) -> None:
    refs, said = cases(8), place.said

    def some(count: int) -> list[Input]:
        cleared = EscalationCleared(escalation_id=said.id())
        return [said.event(refs[n % 8], cleared) for n in range(count)]

    place.worker.start(THROUGHCARE_CRASH_AT="log.after_append:1:KILL")
    await place.send(some(40))
    assert await asyncio.to_thread(place.worker.ended_by_itself, 60.0) == -signal.SIGKILL

    place.worker.start(THROUGHCARE_CRASH_AT="log.after_sign:1:KILL")
    assert await asyncio.to_thread(place.worker.ended_by_itself, 60.0) == -signal.SIGKILL
    place.worker.start()
    await place.send([*some(40), said.refusal(refs[0])])
    await place.until(81)
    assert await asyncio.to_thread(place.worker.end, signal.SIGTERM) == 0
    stopped = await place.verify()

    # Every cursor forgotten: the whole of the journals is heard a second time.
    await place.owner.execute("DELETE FROM runtime.consumed WHERE consumer = 'timeline'")
    place.worker.start()
    await place.send(some(19))
    await place.until(100)
    await asyncio.to_thread(place.worker.end, signal.SIGTERM)
    report = await place.verify()

    assert stopped.problems == report.problems == []
    # A planned stop leaves nothing unsigned.
    assert stopped.leaves == stopped.outside_size == 81
    assert report.leaves == report.outside_size == 100
    assert await place.owner.fetchval("SELECT count(*) FROM timeline.entries") == 100
    assert await place.owner.fetchval("SELECT max(release_version) FROM timeline.cases") == 13
