"""Alembic's environment: asyncpg, one lock so that two may migrate at once, grants and the protocol's table at the end."""

import asyncio

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from throughcare.database.migrate import note_digests, require_unchanged, run_file
from throughcare.database.most import put_most

#: Whoever migrates holds this advisory lock; any number will do.
_LOCK = 7_265_011


def _migrate(connection: Connection) -> None:
    context.configure(connection=connection, version_table_schema="public")
    with context.begin_transaction():
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        require_unchanged(connection)
        context.run_migrations()
        note_digests(connection)
        run_file(connection, "grants.sql")
        put_most(connection)


async def _run() -> None:
    url = context.config.attributes["url"].replace("postgresql://", "postgresql+asyncpg://", 1)
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_migrate)
    finally:
        await engine.dispose()


asyncio.run(_run())
