"""`throughcare healthcheck`: whether one service of this machine is alive and can work."""

import asyncio
import socket

import asyncpg

from throughcare.cli.status import answers
from throughcare.runtime import queries
from throughcare.runtime.settings import Settings, read_settings

_SQL = queries.load("throughcare.cli", "healthcheck.sql")
_PATIENCE_S = 5.0


async def _is_well(service: str, settings: Settings) -> bool:
    """Ask the database with the service's own login. Raises what asyncpg raises."""
    url = settings.database.url.get_secret_value()
    connection = await asyncpg.connect(url, timeout=_PATIENCE_S, command_timeout=_PATIENCE_S)
    try:
        if service == "watcher":
            # It shares nothing with the others, not even the way to say that it lives.
            return bool(await connection.fetchval(_SQL["watcher_looked"]))
        given = settings.kafka.instance_id
        # Without a name of its own a process is called by its machine's.
        pattern = given or f"{socket.gethostname()}-"
        return bool(
            await connection.fetchval(_SQL["is_ready"], service, pattern, given is not None)
        )
    finally:
        await connection.close()


def is_well(service: str) -> bool:
    """Whether it says so itself, within the last seconds; False where nobody can be asked."""
    settings = read_settings()
    if service == "gateway":
        return answers(f"http://127.0.0.1:{settings.http.port}/readyz")
    try:
        return asyncio.run(_is_well(service, settings))
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
