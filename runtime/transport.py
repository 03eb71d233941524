"""Faust without its loss: whole lists of records from the fetch thread, offsets from PostgreSQL.

Faust hands messages over one by one and tracks acknowledgements in a way that skips what failed
(docs/decisions, "Lists instead of messages"). Here its consumer keeps subscription, rebalance and
lifecycle; every list of raw records goes into one channel as it was fetched, and nothing is ever
committed to Kafka: where to read on stands in the database, beside what was read.
"""

import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

import faust
from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.auth import CredentialsT

from throughcare.runtime.broker import reach
from throughcare.runtime.settings import Kafka


class Record(Protocol):
    """A record as aiokafka hands it over."""

    @property
    def offset(self) -> int: ...
    @property
    def value(self) -> bytes | None: ...


class RecordLists(NamedTuple):
    """What one fetch brought, and the group generation it was fetched under."""

    generation: int
    records: Mapping[TP, list[Record]]


OffsetsOf = Callable[[set[TP]], Awaitable[Mapping[TP, int]]]


class _Thread(driver.AIOKafkaConsumerThread):
    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        kafka = cast(App, self.app).kafka
        self._assignor = RangePartitionAssignor
        return AIOKafkaConsumer(
            client_id=self.app.conf.broker_client_id,
            group_id=self.app.conf.id,
            group_instance_id=kafka.instance_id,
            **reach(kafka),
            # Ranges give one process the same partition of every topic: all of a case.
            partition_assignment_strategy=[RangePartitionAssignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_poll_records=2_000,
            max_poll_interval_ms=300_000,
            fetch_max_wait_ms=500,
            request_timeout_ms=10_000,
            session_timeout_ms=int(kafka.session_timeout_s * 1000),
            heartbeat_interval_ms=int(kafka.session_timeout_s * 250),
            rebalance_timeout_ms=10_000,
            metadata_max_age_ms=10_000,
        )


class _Consumer(driver.Consumer):
    def _new_consumer_thread(self) -> _Thread:
        return _Thread(self, loop=self.loop, beacon=self.beacon)

    async def _drain_messages(self, fetcher: Any) -> None:
        app = cast(App, self.app)
        while not (self.should_stop or fetcher.should_stop):
            try:
                records, _ = await self._wait_next_records(timeout=1.0)
            except self.consumer_stopped_errors:
                if app.should_stop:
                    return
                raise
            if records is None:
                return
            if not self.flow_active:
                if records:  # fetched across a rebalance: read them again
                    await self.perform_seek()
                continue
            if records:
                await app.lists.put(RecordLists(app.consumer_generation_id, records))

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Go to where the database says we are; beyond the log's ends `earliest` applies."""
        offsets = await cast(App, self.app).offsets_of(self.assignment())
        for tp, offset in offsets.items():
            self._thread.seek(driver.ensure_aiokafka_TP(tp), offset)
        return offsets

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        return False

    async def verify_all_partitions_active(self) -> None:
        """Our watchdog looks at progress instead."""


class Transport(driver.Transport):
    """The aiokafka driver with our consumer."""

    Consumer = _Consumer


class App(faust.App):
    """A Faust app whose agent takes lists of records from `lists`."""

    kafka: Kafka
    #: Channel of RecordLists.
    lists: Any
    offsets_of: OffsetsOf

    async def seek_back(self, tp: TP, offset: int) -> None:
        """Read a partition again from `offset`."""
        await self.consumer.seek(driver.ensure_aiokafka_TP(tp), offset)


def _credentials(kafka: Kafka) -> CredentialsT | None:
    """The same as `reach`, for the clients that Faust makes by itself."""
    told = reach(kafka)
    if kafka.signs_in:
        return faust.SASLCredentials(
            username=told["sasl_plain_username"],
            password=told["sasl_plain_password"],
            mechanism=told["sasl_mechanism"],
            ssl_context=told.get("ssl_context"),
        )
    return faust.SSLCredentials(told["ssl_context"]) if kafka.is_encrypted else None


def make_app(service: str, kafka: Kafka, topics: tuple[str, ...], offsets_of: OffsetsOf) -> App:
    """An app subscribed to `topics`, which exist already."""
    app = App(
        f"throughcare-{service}",
        broker=[f"kafka://{server}" for server in kafka.bootstrap_servers.split(",")],
        broker_credentials=_credentials(kafka),
        web_enabled=False,
        autodiscover=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        stream_wait_empty=False,
        consumer_auto_offset_reset="earliest",
        broker_session_timeout=kafka.session_timeout_s,
        broker_commit_interval=60.0,
        store="memory://",
        loghandlers=[],
        # Nothing is kept there; Faust makes the folder all the same.
        datadir=Path(tempfile.gettempdir()) / "throughcare-faust",
    )
    app.kafka = kafka
    app.offsets_of = offsets_of
    app.transport = Transport(app.conf.broker, app, loop=app.loop)
    app.lists = app.channel(maxsize=2)
    for name in topics:
        app.topics.add(app.topic(name, value_type=bytes, value_serializer="raw"))
    return app
