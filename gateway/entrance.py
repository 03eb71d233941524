"""Where parties speak: every request runs as the door's database role, in the name of its key.

The database checks the key itself and holds the rest of the transaction to that party
(`access.enter`, docs/decisions/0018): no request is answered on any other connection.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple
from uuid import UUID

from throughcare.gateway.parties import Party
from throughcare.gateway.problems import RefusedError
from throughcare.runtime import queries
from throughcare.runtime.errors import SetupError
from throughcare.runtime.pool import Connection, Pool, open_pool
from throughcare.runtime.seal import Seal
from throughcare.runtime.settings import Database

_SQL = queries.load("throughcare.gateway", "entrance.sql")


class Caller(NamedTuple):
    """A party that has said its key; shown, it shows the party alone."""

    party: Party
    key: str

    def __repr__(self) -> str:
        return f"Caller({self.party.party})"


class Entrance:
    """The door's own connections."""

    def __init__(self, pool: Pool, seal: Seal) -> None:
        self._pool = pool
        #: Parties' names for cases are hidden with it, and codes marked.
        self.seal = seal

    @classmethod
    async def open(cls, database: Database, seal: Seal) -> "Entrance":
        """Raises SetupError where the door has no role of its own."""
        if database.door_url is None:
            raise SetupError(
                "THROUGHCARE_DATABASE__DOOR_URL is not set: the address of the same database, "
                "signed in to as throughcare_door."
            )
        return cls(await open_pool(database, "door", url=database.door_url), seal)

    async def who(self, key: str) -> Caller:
        """Whose key it is. Raises RefusedError `key-unknown`, whatever is wrong with it."""
        return Caller(await whose(self._pool, key), key)

    @asynccontextmanager
    async def speak(self, caller: Caller) -> AsyncIterator[Connection]:
        """A transaction in the caller's name. Raises RefusedError where its key ended meanwhile."""
        async with self._pool.acquire() as connection, connection.transaction():
            await whose(connection, caller.key)
            yield connection

    @asynccontextmanager
    async def attempt(
        self, caller: Caller, case_ref: UUID | None = None
    ) -> AsyncIterator[Connection]:
        """Like `speak`, for what may be refused: each refusal takes all of it back and is one leaf of the log."""
        try:
            async with self.speak(caller) as connection:
                yield connection
        except RefusedError as error:
            if error.code != "key-unknown":  # whose key ended is nobody who tried
                await self.deny(caller, None if error.code == "no-such-case" else case_ref)
            raise

    async def deny(self, caller: Caller, case_ref: UUID | None = None) -> None:
        """That somebody tried becomes a leaf of the log; without a case: at what is none of the party's."""
        async with self.speak(caller) as connection:
            await connection.execute(_SQL["deny"], case_ref, caller.party.party)


async def whose(connection: Pool | Connection, key: str) -> Party:
    """Whose key it is. Raises RefusedError `key-unknown`, whatever is wrong with it."""
    row = await connection.fetchrow(_SQL["enter"], key)
    if row is None:
        raise RefusedError("key-unknown")
    return Party(
        row["party"], tuple(row["roles"]), frozenset(row["facilities"]),
        row["country"], row["language"],
    )  # fmt: skip
