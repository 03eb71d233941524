"""Quick tests first; one Kafka and one PostgreSQL a run, started only when a test asks."""

import os
from collections.abc import Iterator

import pytest

from throughcare.cli.embedded.kafka import Kafka
from throughcare.cli.embedded.postgres import Postgres
from throughcare.tests.support.parts import Database, Parts

# Nobody in a test exists: whatever it starts says so.
os.environ.setdefault("THROUGHCARE_PROTOCOL__MODE", "synthetic")

#: From what needs nothing to what needs everything; a test waits for all that reach less far.
_REACHES = ("postgres", "kafka", "journey", "long", "after_all")
_PARTS = pytest.StashKey[Parts]()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Who asks for a part is marked as needing it, and goes behind who needs less."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        for part in ("postgres", "kafka"):
            if part in fixtures:
                item.add_marker(part)
    items.sort(key=_reach)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Let the parts start while the quick tests run."""
    if session.config.option.collectonly:
        return
    wanted = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    if wanted & {"kafka", "postgres"}:
        parts = session.config.stash[_PARTS] = Parts()
        if "kafka" in wanted:
            parts.begin_kafka()
        if "postgres" in wanted:
            parts.begin_postgres()
        if "database" in wanted or "shared_database" in wanted:
            parts.begin_template()


def pytest_unconfigure(config: pytest.Config) -> None:
    if (parts := config.stash.get(_PARTS, None)) is not None:
        parts.close()


def _reach(item: pytest.Item) -> int:
    return max(
        (n for n, name in enumerate(_REACHES, 1) if item.get_closest_marker(name)), default=0
    )


@pytest.fixture(scope="session")
def parts(pytestconfig: pytest.Config) -> Parts:
    return pytestconfig.stash[_PARTS]


@pytest.fixture(scope="session")
def kafka(parts: Parts) -> Kafka:
    """The run's broker. It outlives the test: use topics and groups of your own."""
    return parts.begin_kafka().result()


@pytest.fixture(scope="session")
def postgres(parts: Parts) -> Postgres:
    """The run's database server, for tests that make databases themselves."""
    return parts.begin_postgres().result()


@pytest.fixture(scope="session")
def shared_database(parts: Parts, postgres: Postgres) -> Database:
    """One migrated database for tests that leave no trace or keep to cases of their own."""
    return parts.new_database()


@pytest.fixture
def database(parts: Parts, postgres: Postgres) -> Iterator[Database]:
    """A fresh migrated database for this test alone; costs about 0.2 s."""
    made = parts.new_database()
    yield made
    made.server.drop_database(made.name)
