"""The service as a process, on a real Kafka: killed around a send, told the same thing again."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from throughcare.cli.embedded.kafka import Kafka
from throughcare.cli.mailbox import Mailbox
from throughcare.contracts.envelope import encode
from throughcare.contracts.topics import RELEASE_EVENTS, partition_of
from throughcare.runtime.ids import new_case_ref
from throughcare.runtime.journal import Producer
from throughcare.runtime.process import FORCED_EXIT
from throughcare.runtime.settings import Kafka as KafkaSettings
from throughcare.tests.notifications.conftest import event
from throughcare.tests.notifications.test_sending import offer
from throughcare.tests.support.parts import Database
from throughcare.tests.support.topics import empty_topics
from throughcare.tests.support.workers import Worker


class Office:
    """The running service, and who talks to it."""

    def __init__(
        self,
        worker: Worker,
        producer: Producer,
        owner: "asyncpg.Connection[asyncpg.Record]",
        mailbox: Mailbox,
    ) -> None:
        self.worker = worker
        self.producer = producer
        self.owner = owner
        self.mailbox = mailbox
        self.positions: dict[int, int] = {}
        self.said: list[tuple[int, bytes, bytes]] = []

    async def offers(self, count: int) -> None:
        """So many cases are offered to one receiver."""
        for _ in range(count):
            case = new_case_ref()
            await self.owner.execute(
                "INSERT INTO intake.permissions VALUES ($1, 'type:oat-site', 'P1', 'handover',"
                " 'infinity')",
                case,
            )
            partition = partition_of(case)
            self.positions[partition] = self.positions.get(partition, 0) + 1
            message = event(case, offer(case))._replace(position=self.positions[partition])
            self.said.append((partition, str(case).encode(), encode(message)))
        await self.say_again(self.said[-count:])

    async def say_again(self, said: list[tuple[int, bytes, bytes]]) -> None:
        for partition, key, raw in said:
            await self.producer.send(RELEASE_EVENTS.name, partition, [(key, raw)])

    async def until(self, query: str, *arguments: Any, seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if await self.owner.fetchval(query, *arguments):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"not within {seconds} s: {query}\n{self.worker.log.read_text()}")

    def mails(self) -> list[EmailMessage]:
        return [
            message_from_bytes(path.read_bytes(), policy=policy.default)
            for path in self.mailbox.messages()
        ]


@pytest.fixture
async def office(
    kafka: Kafka, database: Database, mailbox: Mailbox, tmp_path: Path
) -> AsyncIterator[Office]:
    await empty_topics(kafka.bootstrap_servers)
    worker = Worker(
        "throughcare.services.notifications.app",
        tmp_path,
        kafka=kafka.bootstrap_servers,
        database=database.url("throughcare_notifications"),
        THROUGHCARE_SMTP__PORT=str(mailbox.port),
        THROUGHCARE_SMTP__SENDER="notices@desk.example",
    )
    producer = Producer(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers))
    owner = await asyncpg.connect(database.url())
    await owner.execute(
        "INSERT INTO gateway.parties (party, roles, email)"
        " VALUES ('clinic-nine', '{oat-site}', 'desk@nine.example')"
    )
    made = Office(worker, producer, owner, mailbox)
    yield made
    await asyncio.to_thread(worker.close)
    await producer.renew()
    await owner.close()


_ALL_SENT = "SELECT count(*) = $1 FROM notifications.deliveries WHERE status = 'sent'"
_ALL_SAID = (
    "SELECT coalesce(sum(published), 0) = $1 FROM runtime.journals"
    " WHERE topic = 'throughcare.notifications.events.v1'"
)


async def test_what_is_said_reaches_the_desk_once_and_is_said_to_the_timeline(
    office: Office,
) -> None:
    office.worker.start()
    await office.offers(20)
    await office.until(_ALL_SENT, 20)
    await office.say_again(office.said)
    await office.offers(1)
    await office.until(_ALL_SENT, 21)
    await office.until(_ALL_SAID, 21)

    assert len(office.mails()) == 21
    assert len({mail["Message-ID"] for mail in office.mails()}) == 21
    assert await asyncio.to_thread(office.worker.end) == 0


@pytest.mark.parametrize(
    ("point", "twice"), [("delivery.after_attempt_row", 0), ("delivery.after_send", 1)]
)
async def test_killed_around_a_send_it_sends_once_more_at_most_and_under_the_same_id(
    office: Office, point: str, twice: int
) -> None:
    await office.offers(1)
    ended = FORCED_EXIT
    while (
        ended == FORCED_EXIT
    ):  # as the supervisor does: a broker that was just emptied is unsettled
        office.worker.start(THROUGHCARE_CRASH_AT=f"{point}:1:KILL")
        ended = await asyncio.to_thread(office.worker.ended_by_itself)
    assert ended == -signal.SIGKILL, office.worker.log.read_text()
    assert len(office.mails()) == twice
    # What would come by itself 20 s after the attempt began.
    await office.owner.execute("UPDATE notifications.deliveries SET due_at = clock_timestamp()")

    office.worker.start()
    await office.until(_ALL_SENT, 1)

    assert len(office.mails()) == 1 + twice
    assert len({mail["Message-ID"] for mail in office.mails()}) == 1
    assert await office.owner.fetchval("SELECT max(attempt) FROM notifications.attempts") == 2
