"""The embedded PostgreSQL and Kafka: real, durable, found again, and beside each other."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from throughcare.cli.embedded.kafka import Kafka
from throughcare.cli.embedded.postgres import Postgres
from throughcare.runtime.errors import SetupError

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to change users")


@pytest.fixture
def home() -> Iterator[Path]:
    # Not pytest's own folder: as root nobody else may pass through that one.
    with tempfile.TemporaryDirectory(prefix="throughcare-home-") as folder:
        yield Path(folder)


@pytest.fixture
def own_postgres(home: Path) -> Iterator[Postgres]:
    server = Postgres(home)
    server.start()
    yield server
    server.kill()


async def _run(server: Postgres, statement: str) -> object:
    connection = await asyncpg.connect(server.url())
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


@pytest.mark.postgres
async def test_what_was_committed_survives_kill_9_at_the_same_address(
    own_postgres: Postgres,
) -> None:
    url = own_postgres.url()
    await _run(own_postgres, "CREATE TABLE kept AS SELECT 7 AS n")

    own_postgres.kill()
    own_postgres.start()

    assert own_postgres.url() == url
    assert await _run(own_postgres, "SELECT n FROM kept") == 7


@pytest.mark.postgres
async def test_a_wiped_database_starts_empty(own_postgres: Postgres) -> None:
    await _run(own_postgres, "CREATE TABLE gone ()")

    own_postgres.wipe()
    own_postgres.start()

    assert await _run(own_postgres, "SELECT to_regclass('gone')") is None


@pytest.mark.postgres
async def test_the_database_is_as_durable_as_in_production(own_postgres: Postgres) -> None:
    for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
        assert await _run(own_postgres, f"SHOW {setting}") == "on", setting


@pytest.mark.postgres
async def test_an_error_leaves_no_value_in_the_log(own_postgres: Postgres) -> None:
    await _run(own_postgres, "CREATE TABLE people (name text UNIQUE)")
    await _run(own_postgres, "INSERT INTO people VALUES ('Aibek')")
    with pytest.raises(asyncpg.UniqueViolationError):
        await _run(own_postgres, "INSERT INTO people VALUES ('Aibek')")

    log = own_postgres.log.read_text()

    assert "duplicate key" in log
    assert "Aibek" not in log


@pytest.mark.postgres
@as_root
def test_no_folder_above_the_home_changes_its_mode(home: Path) -> None:
    before = {folder: folder.stat().st_mode for folder in home.parents}
    server = Postgres(home)
    server.start()
    server.stop()

    assert {folder: folder.stat().st_mode for folder in home.parents} == before


@as_root
def test_a_home_behind_a_closed_folder_is_refused_before_anything_is_made(home: Path) -> None:
    home.chmod(0o700)

    with pytest.raises(SetupError, match=r"nobody cannot pass through .* --home elsewhere"):
        Postgres(home / "closed").start()

    assert home.stat().st_mode & 0o777 == 0o700


@pytest.mark.kafka
def test_a_taken_port_is_refused_by_name(kafka: Kafka, home: Path) -> None:
    taken = int(kafka.bootstrap_servers.rpartition(":")[2])

    with pytest.raises(SetupError, match=f"Port {taken}, wanted for Kafka, is taken"):
        Kafka(home, port=taken).start()


async def _cluster_id(kafka: Kafka) -> object:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    await admin.start()
    try:
        return (await admin.describe_cluster())["cluster_id"]
    finally:
        await admin.close()


async def _send(kafka: Kafka, topic: str, value: bytes, patience_ms: int = 30_000) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka.bootstrap_servers, acks="all", request_timeout_ms=patience_ms
    )
    await producer.start()
    try:
        await producer.send_and_wait(topic, value)
    finally:
        await producer.stop()


async def _first(kafka: Kafka, topic: str) -> tuple[bytes, int]:
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=kafka.bootstrap_servers, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        record = await consumer.getone()
        return record.value, record.timestamp_type
    finally:
        await consumer.stop()


@pytest.mark.kafka
@pytest.mark.long  # three starts of Kafka; that services live through a wipe is tested every time
@pytest.mark.timeout(300)
async def test_kafka_keeps_what_it_acknowledged_until_it_is_wiped(home: Path) -> None:
    own = Kafka(home)
    try:
        own.start()
        address, cluster = own.bootstrap_servers, await _cluster_id(own)
        admin = AIOKafkaAdminClient(bootstrap_servers=address)
        await admin.start()
        await admin.create_topics([NewTopic("kept", 1, 1)])
        await admin.close()
        await _send(own, "kept", b"here")

        own.kill()
        own.start()

        assert (own.bootstrap_servers, await _cluster_id(own)) == (address, cluster)
        # 1: the broker's time, not the sender's.
        assert await _first(own, "kept") == (b"here", 1)

        own.wipe()
        own.start()

        assert own.bootstrap_servers == address
        assert await _cluster_id(own) != cluster
    finally:
        own.kill()


@pytest.mark.kafka
async def test_no_topic_is_made_by_writing_to_it(kafka: Kafka) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    await admin.start()
    try:
        with pytest.raises(KafkaError):
            await _send(kafka, "nobody-made-this", b"lost", patience_ms=1_000)
        assert "nobody-made-this" not in await admin.list_topics()
    finally:
        await admin.close()
