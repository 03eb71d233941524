"""A gateway process on a broker of its own, and somebody who plays the deciding services."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import httpx2
import pytest

from throughcare.cli.embedded.kafka import Kafka
from throughcare.tests.gateway.desks import Desks
from throughcare.tests.gateway.fake_agent import FakeAgent
from throughcare.tests.gateway.foreign import ForeignClient
from throughcare.tests.gateway.ground import Gateway
from throughcare.tests.gateway.told import Told
from throughcare.tests.support.parts import Database, Parts


@pytest.fixture(scope="session")
def own_kafka() -> Iterator[Kafka]:
    """The gateway reads whole topics from their beginning: nobody else writes to these."""
    with tempfile.TemporaryDirectory(prefix="throughcare-gateway-") as home:
        kafka = Kafka(Path(home))
        kafka.start()
        yield kafka
        kafka.kill()


@pytest.fixture(scope="session")
async def gateway(
    own_kafka: Kafka,
    parts: Parts,
    shared_database: object,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Gateway]:
    """One running gateway for all tests; each test has aliases of its own."""
    running = await Gateway.start(
        own_kafka, parts.new_database(), tmp_path_factory.mktemp("gateway")
    )
    yield running
    await running.close()


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[httpx2.AsyncClient]:
    """Speaks as the prison system of the tests."""
    async with gateway.client("ik-27") as made:
        yield made


@pytest.fixture(scope="session")
async def agent(gateway: Gateway) -> AsyncIterator[FakeAgent]:
    """Decides everything at once, as intake and release would, unless told otherwise."""
    async with FakeAgent(gateway.bootstrap_servers) as fake:
        yield fake


@pytest.fixture(scope="session")
async def foreign(gateway: Gateway, agent: FakeAgent) -> AsyncIterator[ForeignClient]:
    """The prison system of the tests, by Kafka."""
    client = ForeignClient(gateway.bootstrap_servers, "ik-27")
    yield client
    client.close()


@pytest.fixture
async def told(shared_database: Database) -> AsyncIterator[Told]:
    connection = await asyncpg.connect(shared_database.url())
    transaction = connection.transaction()
    await transaction.start()
    yield Told(connection)
    await transaction.rollback()
    await connection.close()


@pytest.fixture
async def desks(gateway: Gateway) -> AsyncIterator[Desks]:
    made = Desks(gateway)
    yield made
    await made.prison.aclose()
    await made.ngo.aclose()
