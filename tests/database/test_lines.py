"""The lines that the database holds by itself, as its catalog says them."""

import asyncpg

from throughcare.tests.database.lines import problems
from throughcare.tests.support.parts import Database


async def test_the_lines_hold(shared_database: Database) -> None:
    connection = await asyncpg.connect(shared_database.url())
    try:
        assert await problems(connection) == []
    finally:
        await connection.close()
