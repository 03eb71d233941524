"""Who of several gateways reads the facts and writes the parties' outcomes: whoever holds the lease.

The lease is an advisory lock of a connection of its own, so it ends with the connection. It only
spares work and keeps order: what has to be right stands on row versions, not on it.
"""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg

from throughcare.runtime import log, queries
from throughcare.runtime.settings import Database

_SQL = queries.load("throughcare.gateway", "lease.sql")


class Lease:
    """Held while `held` is set; `work` runs as long as it is."""

    def __init__(self, database: Database, work: Callable[[], Awaitable[None]]) -> None:
        self._database = database
        self._work = work
        self.held = False
        self._log = log.get("lease")

    async def hold_forever(self) -> None:
        """Get the lease as often as it takes; run the work under it."""
        while True:
            try:
                await self._hold()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                pass  # the database is away: so is the lease
            finally:
                self.held = False
            await asyncio.sleep(1.0)

    async def _hold(self) -> None:
        connection = await asyncpg.connect(
            self._database.url.get_secret_value(),
            timeout=5,
            server_settings={"application_name": "throughcare-gateway-lease"},
        )
        try:
            gone = asyncio.Event()
            connection.add_termination_listener(lambda _: gone.set())
            while True:
                if await connection.fetchval(_SQL["try_lease"]):
                    break
                await asyncio.sleep(1.0)
            self.held = True
            self._log.info("lease taken")
            await self._work_until(gone)
        finally:
            self.held = False
            await connection.close(timeout=2)

    async def _work_until(self, gone: asyncio.Event) -> None:
        work = asyncio.ensure_future(self._work())
        ended = asyncio.create_task(gone.wait())
        try:
            await asyncio.wait((work, ended), return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
        finally:
            for task in (work, ended):
                task.cancel()
            await asyncio.gather(work, ended, return_exceptions=True)
