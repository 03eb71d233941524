"""Where the bench runs: a Kafka and a PostgreSQL of its own, durable as in production, for one run."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from throughcare.cli.bench.halves import Half
from throughcare.cli.embedded.kafka import Kafka
from throughcare.cli.embedded.postgres import Postgres
from throughcare.cli.logins import allow_logins
from throughcare.cli.services import role_of
from throughcare.contracts.envelope import Message, encode
from throughcare.contracts.topics import PARTITIONS, partition_of
from throughcare.database.migrate import migrate
from throughcare.runtime import queries
from throughcare.runtime.errors import SetupError
from throughcare.runtime.ids import new_id
from throughcare.runtime.journal import Producer
from throughcare.runtime.settings import Kafka as KafkaSettings
from throughcare.runtime.topics_admin import cluster_id, ensure_topics, open_admin

SQL = queries.load("throughcare.cli.bench")


#: By partition: keys and values.
Lists = dict[int, list[tuple[bytes, bytes]]]


def lists(messages: Iterable[Message]) -> Lists:
    """Messages as they stand in the partitions of a topic."""
    made: Lists = {}
    for message in messages:
        pair = (str(message.case_ref).encode(), encode(message))
        made.setdefault(partition_of(message.case_ref), []).append(pair)
    return made


class Stage:
    """Real parts in a home that is thrown away, and the processes that run on them."""

    kafka: Kafka
    postgres: Postgres
    owner: asyncpg.Connection
    admin: AIOKafkaAdminClient
    producer: Producer

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="throughcare-bench-"))
        # As root PostgreSQL runs as another user, who must pass through.
        self.home.chmod(0o711)
        self._key = self.home / "sealing.key"
        self._key.write_bytes(os.urandom(32))
        self._log = (self.home / "processes.log").open("ab")
        self.kafka = Kafka(self.home)
        self.postgres = Postgres(self.home)

    async def __aenter__(self) -> Self:
        try:
            await asyncio.gather(
                asyncio.to_thread(self.kafka.start), asyncio.to_thread(self.postgres.start)
            )
            await migrate(self.postgres.url())
            await allow_logins(self.postgres.url(), self.postgres.secrets)
            self.owner = await asyncpg.connect(self.postgres.url())
            await self.owner.execute(SQL["make_schema"])
            await self.owner.execute(SQL["make_sink"])
            settings = KafkaSettings(bootstrap_servers=self.kafka.bootstrap_servers)
            self.admin = await open_admin(settings)
            self.producer = Producer(settings)
        except BaseException:
            self._throw_away()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            await self.producer.renew()
            await self.admin.close()
            await self.owner.close()
        finally:
            self._throw_away()

    def _throw_away(self) -> None:
        self.kafka.kill()
        self.postgres.kill()
        self._log.close()
        shutil.rmtree(self.home, ignore_errors=True)

    # -- topics and tables ----------------------------------------------------------------------

    async def fresh_topics(self, *more: str) -> None:
        """All topics anew and empty; `more` are the bench's own."""
        settings = KafkaSettings(bootstrap_servers=self.kafka.bootstrap_servers)
        while ours := [
            name
            for name in await self.admin.list_topics()
            if name.startswith(("throughcare.", "bench."))
        ]:
            await self.admin.delete_topics(ours)
            await asyncio.sleep(0.2)
        await ensure_topics(self.admin, settings)
        if more:
            await self.admin.create_topics([NewTopic(name, 1, 1) for name in more])

    async def load(self, topic: str, messages: Iterable[Message]) -> None:
        """Write messages to a topic, each partition in order."""
        await self.write(topic, lists(messages))

    async def write(self, topic: str, written: Lists) -> None:
        futures: list[asyncio.Future[object]] = []
        for partition, pairs in written.items():
            futures += await self.producer.start(topic, partition, pairs)
        await asyncio.gather(*futures)

    async def empty(self, half: Half) -> None:
        """The half's tables as before its first command."""
        await self.owner.execute(SQL.for_schema(half.schema)["empty"])

    async def begin_at_end(self, half: Half) -> None:
        """Let our own loop read only what is written from now on."""
        topic = half.commands.name
        consumer = AIOKafkaConsumer(bootstrap_servers=self.kafka.bootstrap_servers)
        await consumer.start()
        try:
            tps = [TopicPartition(topic, p) for p in range(PARTITIONS)]
            ends = await consumer.end_offsets(tps)
        finally:
            await consumer.stop()
        await self.owner.execute(
            SQL["begin_at"],
            half.schema,
            topic,
            [tp.partition for tp in tps],
            [ends[tp] for tp in tps],
            await cluster_id(self.admin),
        )

    # -- processes ------------------------------------------------------------------------------

    def start(
        self, module: str, *arguments: str, schema: str, **more: str
    ) -> subprocess.Popen[bytes]:
        """A module of ours as a process that knows the broker and the database."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("THROUGHCARE_")}
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env={
                **clean,
                "THROUGHCARE_KAFKA__BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
                "THROUGHCARE_DATABASE__URL": self.postgres.url(role=role_of(schema)),
                "THROUGHCARE_SEALING_KEY_FILE": str(self._key),
                "THROUGHCARE_VAULT_KEY_FILE": str(self._key),
                "THROUGHCARE_ERASED_LIST": str(self.home / "erased"),
                "THROUGHCARE_LOG_LEVEL": "warning",
                **more,
            },
            stdout=self._log,
            stderr=self._log,
        )

    async def stop(self, processes: Sequence[subprocess.Popen[bytes]]) -> None:
        """Planned stops, all at once; whoever takes longer than 15 s is killed."""
        for process in processes:
            process.terminate()

        def wait() -> None:
            for process in processes:
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

        await asyncio.to_thread(wait)

    def new_group(self) -> str:
        return f"bench-{new_id()}"

    def must_run(self, processes: Sequence[subprocess.Popen[bytes]]) -> None:
        for process in processes:
            if process.poll() is not None:
                self._log.flush()
                tail = (self.home / "processes.log").read_text("utf-8", "replace")[-2_000:]
                raise SetupError(
                    f"A process of the bench ended by itself; its log ends with\n{tail}"
                )


def cpu_seconds(process: subprocess.Popen[Any]) -> float:
    """CPU time of a process so far, all its threads; 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
