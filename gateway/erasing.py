"""Forgetting, in deed: keys, names and salts of a case are destroyed, and stay so after a restore.

Who is forgotten is written to a file outside the database first, a random reference a line. A
backup that is restored knows nothing of what was erased since: at the next start the file says it.
"""

import asyncio
import os
from collections.abc import Collection
from pathlib import Path
from uuid import UUID

import asyncpg

from throughcare.runtime import queries
from throughcare.runtime.errors import SetupError
from throughcare.runtime.pool import Connection, Pool

_SQL = queries.load("throughcare.gateway", "erasing.sql")


class ErasedList:
    """The file; every line is on the disk before what it says is done."""

    def __init__(self, path: Path | None) -> None:
        if path is None:
            raise SetupError(
                "THROUGHCARE_ERASED_LIST is not set: name a file, apart from the database, "
                "for the list of who was forgotten."
            )
        self._path = path
        self._known: set[UUID] = set()
        self._size = 0

    def read(self) -> Collection[UUID]:
        """Whoever was forgotten. Raises SetupError where the file is no such list."""
        try:
            text = self._path.read_text("ascii")
            # The last line may be cut off by a crash: it was not done then.
            whole = text[: text.rfind("\n") + 1]
            self._known = {UUID(line) for line in whole.split()}
            self._size = len(whole)
        except FileNotFoundError:
            self._known = set()
        except (OSError, ValueError):
            raise SetupError(
                "The file in THROUGHCARE_ERASED_LIST is no list of references: name another, "
                "or put the right one back."
            ) from None
        return self._known

    def add(self, cases: Collection[UUID]) -> None:
        """Those that it has not yet, for good."""
        new = [case for case in cases if case not in self._known]
        if not new:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.truncate(self._size)
            file.seek(self._size)
            file.write(b"".join(f"{case}\n".encode() for case in new))
            file.flush()
            os.fsync(file.fileno())
            self._size = file.tell()
        self._known.update(new)


class Eraser:
    """One at a time in a deployment: the gateway that holds the lease."""

    def __init__(self, pool: Pool, erased: ErasedList) -> None:
        self._pool = pool
        self._list = erased

    async def begin(self) -> None:
        """What the list names is forgotten here too: the database may be an older one."""
        if cases := await asyncio.to_thread(self._list.read):
            await self._pool.execute(_SQL["forget"], list(cases))

    async def erase_due(self) -> None:
        """Erase what is forgotten and not yet gone; what still waits for something comes again."""
        cases = [row["case_ref"] for row in await self._pool.fetch(_SQL["to_erase"])]
        if not cases:
            return
        await asyncio.to_thread(self._list.add, cases)
        for case in cases:
            try:
                await self._pool.fetchval(_SQL["erase"], case)
            except asyncpg.ObjectInUseError:
                continue  # a word about it came just now: the next look


async def forget(connection: Connection, case_ref: UUID) -> None:
    """In the transaction that hears it: from its commit on the case is there for nobody."""
    await connection.execute(_SQL["forget"], [case_ref])
