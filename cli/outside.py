"""A Kafka and a PostgreSQL of somebody else: they answer, and let us do what we must, or it is said."""

import asyncio

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient

from throughcare.runtime import queries
from throughcare.runtime.errors import SetupError
from throughcare.runtime.settings import Kafka
from throughcare.runtime.topics_admin import open_admin

_SQL = queries.load("throughcare.cli", "prepare.sql")
NO_DATABASE_URL = (
    "THROUGHCARE_DATABASE__URL is no address of a PostgreSQL: "
    "postgresql://USER:PASSWORD@HOST:5432/DATABASE."
)
_NO_KAFKA = "THROUGHCARE_KAFKA__BOOTSTRAP_SERVERS is no address of a Kafka: HOST:9092."


async def require_database(url: str, patience_s: float = 20.0) -> None:
    """Sign in as the owner; waits for a server that is just starting. Raises SetupError."""
    connection = await _connect(url, patience_s)
    try:
        if not await connection.fetchval(_SQL["may_prepare"]):
            raise SetupError(
                "THROUGHCARE_DATABASE__URL signs in as somebody who may not make tables and "
                "roles: this needs the owner of the database."
            )
    finally:
        await connection.close()


async def _connect(url: str, patience_s: float) -> asyncpg.Connection:
    loop = asyncio.get_running_loop()
    give_up = loop.time() + patience_s
    while True:
        try:
            return await asyncpg.connect(url, timeout=5)
        except (ValueError, asyncpg.InterfaceError):
            raise SetupError(NO_DATABASE_URL) from None
        except (OSError, TimeoutError, asyncpg.PostgresError) as error:
            starting = isinstance(error, OSError | TimeoutError | asyncpg.CannotConnectNowError)
            if not starting or loop.time() > give_up:
                raise SetupError(
                    "PostgreSQL does not answer at the address in THROUGHCARE_DATABASE__URL "
                    f"({type(error).__name__}): start it, or correct the address."
                ) from None
        await asyncio.sleep(0.3)


async def require_kafka(kafka: Kafka, patience_s: float = 20.0) -> AIOKafkaAdminClient:
    """An open admin client; the caller closes it. Raises SetupError."""
    try:
        return await open_admin(kafka, patience_s)
    except ValueError:
        raise SetupError(_NO_KAFKA) from None
