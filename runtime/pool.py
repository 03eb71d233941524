"""The PostgreSQL pool of a process: its own role, bounded waits, binary codecs left to asyncpg."""

import asyncio

import asyncpg
from pydantic import SecretStr

from throughcare.runtime.errors import SetupError
from throughcare.runtime.settings import Database

Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
Pool = asyncpg.Pool


async def open_pool(
    database: Database, name: str, patience_s: float = 20.0, url: SecretStr | None = None
) -> Pool:
    """Open the pool; waits up to `patience_s` seconds for a server that is just starting.

    `url` signs in as another role than the process's own.
    """
    loop = asyncio.get_running_loop()
    give_up = loop.time() + patience_s
    while True:
        try:
            return await asyncpg.create_pool(
                (url or database.url).get_secret_value(),
                min_size=1,
                max_size=database.pool_max,
                reset=_nothing_to_reset,
                command_timeout=30,
                timeout=5,
                server_settings={
                    "application_name": f"throughcare-{name}",
                    "statement_timeout": "20s",
                    "lock_timeout": "5s",
                    "idle_in_transaction_session_timeout": "20s",
                    # Plans of short statements do not repay the compiler.
                    "jit": "off",
                },
            )
        except (OSError, asyncpg.PostgresError, TimeoutError) as error:
            if loop.time() > give_up:
                raise SetupError(
                    "PostgreSQL does not answer at the address in THROUGHCARE_DATABASE__URL "
                    f"({type(error).__name__}): start it, or correct the address."
                ) from None
            await asyncio.sleep(0.3)


async def _nothing_to_reset(_: asyncpg.Connection) -> None:
    """Leave out the statement that asyncpg sends whenever a connection is given back.

    Ours set nothing that outlives a transaction; what has to (leases, LISTEN) has connections of
    its own. An open transaction is rolled back all the same.
    """
