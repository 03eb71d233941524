"""Plays intake and release: answers commands on their outcomes journals, and remembers what it saw."""

import asyncio
import contextlib
from collections import defaultdict
from typing import Self
from uuid import UUID

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from throughcare.contracts import commands, events  # noqa: F401 - registers the models
from throughcare.contracts.envelope import Message, UndecodableError, decode, encode
from throughcare.contracts.kinds import Data, Event, Outcome
from throughcare.contracts.outcomes import Decided
from throughcare.contracts.topics import COMMANDS_OF, EVENTS_OF, OUTCOMES_OF, partition_of
from throughcare.runtime.ids import new_id


class FakeAgent:
    """Decides what `rules` say for a type, else `decided`; None leaves a command undecided."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._servers = bootstrap_servers
        self.rules: dict[type[Data], Outcome | None] = {}
        self.seen: list[Message] = []
        #: What it said of its own.
        self.events: list[Message] = []
        self.arrivals: list[UUID] = []
        self._places: dict[tuple[str, int], int] = defaultdict(int)
        self._versions: dict[tuple[str, UUID], int] = defaultdict(int)
        self._said: dict[tuple[str, UUID], int] = defaultdict(int)
        self._answered: set[UUID] = set()

    async def __aenter__(self) -> Self:
        self._consumer = AIOKafkaConsumer(
            *(topic.name for topic in COMMANDS_OF.values()),
            bootstrap_servers=self._servers,
            auto_offset_reset="earliest",
        )
        self._producer = AIOKafkaProducer(bootstrap_servers=self._servers)
        await self._consumer.start()
        await self._producer.start()
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        await self._consumer.stop()
        await self._producer.stop()

    async def _run(self) -> None:
        async for record in self._consumer:
            try:
                message = decode(record.value)
            except UndecodableError:
                continue  # the tests of the sweeper relay what nobody means
            self.arrivals.append(message.id)
            if message.id in self._answered:
                continue
            service = record.topic.split(".")[1]
            outcome = self.rules.get(
                type(message.data), Decided(answered_source="/x", answered_id="x")
            )
            if outcome is None:
                continue
            self._answered.add(message.id)
            self.seen.append(message)
            self._versions[service, message.case_ref] += 1
            await self.answer(service, message, outcome)

    async def answer(self, service: str, command: Message, outcome: Outcome) -> None:
        versions = {
            f"{half}_version": self._versions[half, command.case_ref]
            for half in ("intake", "release")
        }
        await self._publish(OUTCOMES_OF[service].name, command, outcome.model_copy(update=versions))

    async def say(self, service: str, about: Message, event: Event) -> None:
        """Publish an event of a case."""
        self._said[service, about.case_ref] += 1
        sequence = self._said[service, about.case_ref]
        self.events.append(await self._publish(EVENTS_OF[service].name, about, event, sequence))

    async def _publish(
        self, topic: str, cause: Message, data: Data, sequence: int | None = None
    ) -> Message:
        partition = partition_of(cause.case_ref)
        self._places[topic, partition] += 1
        message = Message(
            id=new_id(), source="/services/fake", data=data, case_ref=cause.case_ref,
            occurred_at=cause.recorded_at, recorded_at=cause.recorded_at,
            correlation_id=cause.correlation_id, causation_id=cause.id,
            protocol_version=cause.protocol_version, sequence=sequence,
            position=self._places[topic, partition],
        )  # fmt: skip
        await self._producer.send_and_wait(
            topic, encode(message), key=str(cause.case_ref).encode(), partition=partition
        )
        return message

    def place(self, topic: str, partition: int) -> int:
        """Of the last record said there."""
        return self._places[topic, partition]

    def of(self, id: str) -> Message:
        """The command with this id of ours."""
        return next(m for m in self.seen if str(m.id) == id)
