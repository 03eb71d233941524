"""The one Kafka and the one PostgreSQL of a test run."""

import asyncio
import fcntl
import itertools
import os
import shutil
import tempfile
from collections.abc import Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from throughcare.cli.embedded.kafka import Kafka
from throughcare.cli.embedded.postgres import Postgres
from throughcare.cli.logins import allow_logins
from throughcare.database.migrate import migrate

_PREFIX = "throughcare-tests-"
_TEMPLATE = "throughcare_template"


@dataclass(frozen=True)
class Database:
    """A migrated database, empty but for what the migrations put there."""

    server: Postgres
    name: str

    def url(self, role: str = "postgres") -> str:
        """Where to sign in as the owner, or as a service: `url("throughcare_intake")`."""
        return self.server.url(self.name, role)


class Parts:
    """Starts what is asked for, once, in the background, and stops it at the end of the run."""

    def __init__(self) -> None:
        _remove_what_killed_runs_left()
        self.home = Path(tempfile.mkdtemp(prefix=_PREFIX))
        # As root PostgreSQL runs as another user, who must pass through.
        self.home.chmod(0o711)
        self._mark = (self.home / "alive").open("w")
        fcntl.flock(self._mark, fcntl.LOCK_EX)
        self._threads = ThreadPoolExecutor(4)
        self._kafka: Future[Kafka] | None = None
        self._postgres: Future[Postgres] | None = None
        self._template: Future[Postgres] | None = None
        self._numbers = itertools.count(1)

    def begin_kafka(self) -> "Future[Kafka]":
        if self._kafka is None:
            self._kafka = self._threads.submit(self._start_kafka)
        return self._kafka

    def begin_postgres(self) -> "Future[Postgres]":
        if self._postgres is None:
            self._postgres = self._threads.submit(self._start_postgres)
        return self._postgres

    def begin_template(self) -> "Future[Postgres]":
        if self._template is None:
            postgres = self.begin_postgres()
            self._template = self._threads.submit(self._make_template, postgres)
        return self._template

    def new_database(self) -> Database:
        """A copy of the migrated template: about 0.1 s."""
        server = self.begin_template().result()
        name = f"test_{next(self._numbers)}"
        server.create_database(name, template=_TEMPLATE)
        return Database(server, name)

    def close(self) -> None:
        self._threads.shutdown()
        _stop_and_remove(self.home)
        self._mark.close()

    def _start_kafka(self) -> Kafka:
        kafka = Kafka(self.home)
        kafka.start()
        return kafka

    def _start_postgres(self) -> Postgres:
        postgres = Postgres(self.home)
        postgres.start()
        return postgres

    def _make_template(self, starting: "Future[Postgres]") -> Postgres:
        server = starting.result()
        server.create_database(_TEMPLATE)
        url = server.url(_TEMPLATE)
        asyncio.run(_prepare(url, server))
        return server

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run something asynchronous from a fixture that is not, outside the tests' loop."""
        return self._threads.submit(asyncio.run, work).result()


async def _prepare(url: str, server: Postgres) -> None:
    await migrate(url)
    await allow_logins(url, server.secrets)


def _remove_what_killed_runs_left() -> None:
    for home in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            with (home / "alive").open("r+") as mark:
                fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if home.stat().st_uid == os.geteuid():
                    _stop_and_remove(home)
        except OSError:
            continue  # in use, just being made, or somebody else's


def _stop_and_remove(home: Path) -> None:
    Kafka(home).kill()
    Postgres(home).kill()
    shutil.rmtree(home, ignore_errors=True)
