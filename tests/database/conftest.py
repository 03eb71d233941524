"""A database with cases in every state, for whoever tries its lines and leaves no trace."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from throughcare.cli.embedded.postgres import Postgres
from throughcare.tests.database.desk import Desk
from throughcare.tests.database.world import KEEPER, add_party, make_world
from throughcare.tests.support.parts import Database, Parts


@pytest.fixture(scope="session")
def world(parts: Parts, postgres: Postgres) -> Database:
    made = parts.new_database()
    parts.run(make_world(made.url()))
    return made


@pytest.fixture
async def owner(world: Database) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(world.url())
    yield connection
    await connection.close()


@pytest.fixture
async def door(world: Database) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(world.url("throughcare_door"))
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
def ground(parts: Parts, postgres: Postgres) -> Database:
    """Each test makes parties and cases of its own in it."""
    made = parts.new_database()
    parts.run(_keeper(made.url()))
    return made


async def _keeper(url: str) -> None:
    connection = await asyncpg.connect(url)
    await add_party(connection, KEEPER, "prison-health", "tc_keeper")
    await connection.close()


@pytest.fixture
async def desk(ground: Database) -> AsyncIterator[Desk]:
    desk = Desk(ground)
    await desk.open()
    yield desk
    await desk.close()
