"""Where parties speak: every request runs as the door's database role, in the name of its key.

The database checks the key itself and holds the rest of the transaction to that party
(`access.enter`, docs/decisions/0018): no request is answered on any other connection.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

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


async def whose(connection: Pool | Connection, key: str) -> Party:
    """Whose key it is. Raises RefusedError `key-unknown`, whatever is wrong with it."""
    row = await connection.fetchrow(_SQL["enter"], key)
    if row is None:
        raise RefusedError("key-unknown")
    return Party(
        row["party"], tuple(row["roles"]), frozenset(row["facilities"]),
        row["country"], row["language"],
    )  # fmt: skip
