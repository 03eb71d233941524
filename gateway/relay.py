"""The relay: what the doors took goes to the service that decides it, in the order of its numbers.

Straight after the commit; by the sweeper where a crash or a broker lost it. Agents know a command
by its number, so saying it twice is harmless. The sweeper backs off and stays small a turn: a
service that is down finds its commands in Kafka when it is back.
"""

import asyncio
from collections.abc import Iterable

from throughcare.contracts.commands import HalfName
from throughcare.contracts.topics import COMMANDS_OF, partition_of
from throughcare.gateway.metrics import RELAYED
from throughcare.gateway.taking import ToRelay
from throughcare.runtime import crash, log, queries
from throughcare.runtime.errors import Meaning, fingerprint, meaning_of
from throughcare.runtime.journal import Producer
from throughcare.runtime.pool import Pool

_SQL = queries.load("throughcare.gateway", "relay.sql")
#: What a sweep says again at most, a service.
_TURN = 300

Line = tuple[HalfName, int]


class Relay:
    """Hands commands to the producer and keeps those that are undecided on their way."""

    def __init__(self, pool: Pool, producer: Producer, cluster_id: str) -> None:
        self._pool = pool
        self._producer = producer
        self._cluster_id = cluster_id
        self._lines: dict[Line, list[ToRelay]] = {}
        self._wake = asyncio.Event()
        self._log = log.get("relay")

    async def begin(self) -> None:
        """Another cluster than the last one has nothing of what is undecided."""
        async with self._pool.acquire() as connection, connection.transaction():
            before = await connection.fetchval(_SQL["last_cluster"])
            if before != self._cluster_id:
                await connection.execute(_SQL["relay_all"])
                await connection.execute(_SQL["set_cluster"], self._cluster_id)

    def offer(self, commands: Iterable[ToRelay]) -> None:
        """Commands that were just committed, in the order of their numbers."""
        for command in commands:
            line = (command.service, partition_of(command.case_ref))
            self._lines.setdefault(line, []).append(command)
        self._wake.set()

    async def relay_forever(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            lines, self._lines = self._lines, {}
            try:
                await self._send(lines)
            except Exception as error:
                if meaning_of(error) is Meaning.POISON:
                    raise
                # They stand in the table: the sweeper finds them.
                self._log.warning("left to the sweeper", error=fingerprint(error))
                await self._producer.renew()
                await asyncio.sleep(0.2)

    async def _send(self, lines: dict[Line, list[ToRelay]]) -> None:
        futures: list[asyncio.Future[object]] = []
        for (service, partition), commands in lines.items():
            pairs = [(str(command.case_ref).encode(), command.envelope) for command in commands]
            topic = COMMANDS_OF[service].name
            futures += await self._producer.start(topic, partition, pairs)
            RELAYED.labels(service).inc(len(pairs))
        for future in futures:
            await future
        crash.point("relay.after_send")

    async def sweep(self) -> None:
        """Relay what is undecided and due again. One gateway at a time, once a second."""
        async with self._pool.acquire() as connection, connection.transaction():
            if not await connection.fetchval(_SQL["try_sweep"]):
                return
            rows = [
                row
                for service in COMMANDS_OF
                for row in await connection.fetch(_SQL["due_again"], service, _TURN)
            ]
        rows.sort(key=lambda row: (row["case_ref"], row["service"], row["number"]))
        if rows:
            self._log.info("relayed again", count=len(rows))
            self.offer(ToRelay(row["service"], row["case_ref"], row["envelope"]) for row in rows)
