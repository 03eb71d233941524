"""Due deadlines become commands: the same decide, behind the same fence, by the partition's owner."""

import asyncio
from typing import Any
from uuid import UUID

from throughcare.contracts.envelope import Message, encode
from throughcare.contracts.release_commands import RunDeadlines
from throughcare.contracts.topics import RELEASE_COMMANDS, partition_of
from throughcare.runtime import log, queries
from throughcare.runtime.ids import derived_id
from throughcare.runtime.process import Process

_SQL = queries.load("throughcare.services.release")

#: Real seconds after which a deadline that was sent and is still due is sent again.
_AGAIN_S = 10.0
#: Real seconds a deadline waits for something undecided; then people are told and nothing ends.
_PATIENCE_S = 600.0


class DeadlineLoop:
    """Looks for due cases of our partitions and sends each its deadlines."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._sent: dict[UUID, float] = {}
        self._waiting: dict[UUID, float] = {}
        self._log = log.get("deadlines")

    async def run(self) -> None:
        """One look. The ids are derived, so what is sent twice is decided once."""
        now = asyncio.get_running_loop().time()
        self._forget(now)
        rows = await self._process.pool.fetch(_SQL["due_cases"], self._process.owned)
        by_partition: dict[int, list[tuple[bytes, bytes]]] = {}
        for row in rows:
            escalate_only = False
            if row["undecided"]:
                since = self._waiting.setdefault(row["case_ref"], now)
                if now - since < _PATIENCE_S:
                    continue
                escalate_only = True
            else:
                self._waiting.pop(row["case_ref"], None)
            message = _command(row, escalate_only)
            if message.id in self._sent:
                continue
            self._sent[message.id] = now
            by_partition.setdefault(partition_of(message.case_ref), []).append(
                (str(message.case_ref).encode(), encode(message))
            )
        for partition, pairs in by_partition.items():
            await self._process.producer.send(RELEASE_COMMANDS.name, partition, pairs)

    def _forget(self, now: float) -> None:
        self._sent = {id: at for id, at in self._sent.items() if now - at < _AGAIN_S}


def _command(row: Any, escalate_only: bool) -> Message:
    id = derived_id(
        row["case_ref"], row["version"], row["heard_version"], row["next_due_at"], escalate_only
    )
    return Message(
        id=id,
        source="/services/release/deadlines",
        data=RunDeadlines(as_of=row["as_of"], escalate_only=escalate_only),
        case_ref=row["case_ref"],
        occurred_at=row["as_of"],
        recorded_at=row["as_of"],
        correlation_id=id,
        protocol_version="",
        party="throughcare",
        roles=("system",),
    )
