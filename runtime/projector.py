"""The handler of a service that hears and does not decide: its rows and its cursors in one transaction."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from uuid import UUID

from faust.types import TP

from throughcare.runtime import queries
from throughcare.runtime.errors import StaleError
from throughcare.runtime.pool import Connection
from throughcare.runtime.sorting import Advance, Input

_SQL = queries.load("throughcare.runtime", "agent.sql")

#: Writes what a list of messages comes to. Runs again from the start after any error.
Project = Callable[[Connection, Sequence[Input]], Awaitable[None]]


class Projector:
    """Applies each journalled message once, in the order of its journal's partition."""

    def __init__(
        self,
        service: str,
        project: Project,
        *,
        after_commit: Callable[[], None] = lambda: None,
    ) -> None:
        self._sql = _SQL.for_schema(service)
        self._project = project
        self._after_commit = after_commit

    async def apply(
        self, connection: Connection, inputs: Sequence[Input], advance: Advance
    ) -> Collection[UUID]:
        async with connection.transaction():
            await _fence(connection, advance)
            if inputs:
                await self._project(connection, inputs)
            await connection.execute(self._sql["advance"], *advance.arguments())
            done = [i.arrival for i in inputs if i.arrival is not None]
            if done or advance.done:
                await connection.execute(self._sql["let_go"], [*done, *advance.done])
        return ()

    async def discard(self, connection: Connection, tp: TP, raw: bytes, letter: UUID) -> None:
        """What was not applied leaves nothing behind."""

    def committed(self) -> None:
        self._after_commit()

    def forget(self) -> None:
        pass


async def _fence(connection: Connection, advance: Advance) -> None:
    """Hold the cursors for this transaction; raise StaleError if somebody else moved them."""
    rows = await connection.fetch(
        _SQL["lock_cursors"], advance.consumer,
        list({tp.topic for tp in advance.cursors}), list({tp.partition for tp in advance.cursors}),
    )  # fmt: skip
    for row in rows:
        tp = TP(row["topic"], row["partition"])
        if tp in advance.before and row["position"] != advance.before[tp].position:
            raise StaleError
