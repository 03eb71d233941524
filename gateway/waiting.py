"""Waiting for an outcome: whoever took a message over HTTP may stay for what becomes of it."""

import asyncio
from uuid import UUID

from throughcare.gateway.answers import Answer
from throughcare.gateway.taking import answer_of
from throughcare.runtime import queries
from throughcare.runtime.pool import Pool

_SQL = queries.load("throughcare.gateway", "waiting.sql")


class Waiting:
    """Those who wait in this process. `look` is called when outcomes were stored, by anybody."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._waiting: dict[UUID, set[asyncio.Future[Answer | None]]] = {}

    async def look(self) -> None:
        """Give those who wait what is there for them."""
        if not self._waiting:
            return
        for row in await self._pool.fetch(_SQL["answered"], list(self._waiting)):
            self._give(row["id"], answer_of(row))

    def expect(self, id: UUID) -> "asyncio.Future[Answer | None]":
        """Begin to wait: from here on the answer cannot be missed. Hand the future to `wait`."""
        future: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(id, set()).add(future)
        return future

    async def wait(
        self, id: UUID, future: "asyncio.Future[Answer | None]", seconds: float
    ) -> Answer | None:
        """The answer to a command, or None if there is none within `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                return await future
        except TimeoutError:
            return None
        finally:
            if (others := self._waiting.get(id)) is not None:
                others.discard(future)
                if not others:
                    del self._waiting[id]

    async def leave(self) -> None:
        """The process stops: who waits is told to ask again."""
        for id in list(self._waiting):
            self._give(id, None)

    def _give(self, id: UUID, said: Answer | None) -> None:
        for future in self._waiting.get(id, ()):
            if not future.done():
                future.set_result(said)
