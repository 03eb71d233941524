"""One deployment for all journeys: `throughcare up` beside the run's Kafka and PostgreSQL.

It lives as long as this folder's tests: its services would join the groups of others' services.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from throughcare.cli.embedded.kafka import Kafka
from throughcare.cli.embedded.postgres import Postgres
from throughcare.cli.mailbox import Mailbox, start_mailbox
from throughcare.runtime.seal import Seal
from throughcare.tests.journeys.together import Histories, Together
from throughcare.tests.journeys.world import World
from throughcare.tests.support.parts import Parts
from throughcare.tests.support.topics import empty_topics

THROUGHCARE = Path(sys.executable).with_name("throughcare")
_READY_S = 150


class Deployment(NamedTuple):
    home: Path
    mailbox: Mailbox
    #: What the ready file says.
    told: dict[str, Any]

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """What an operator types at this home."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("THROUGHCARE_")}
        return subprocess.run(
            [THROUGHCARE, *map(str, arguments)],
            env={**environment, "THROUGHCARE_HOME": str(self.home)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    async def run_all(
        self, *commands: tuple[str | Path, ...]
    ) -> list[subprocess.CompletedProcess[str]]:
        """What several operators type at the same time."""
        return await asyncio.gather(*(asyncio.to_thread(self.run, *c) for c in commands))


@pytest.fixture(scope="package")
def deployment(
    parts: Parts, kafka: Kafka, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    home = tmp_path_factory.mktemp("home")
    # Roles and their passwords belong to the whole server.
    (home / "secrets.json").write_bytes((postgres.home / "secrets.json").read_bytes())
    parts.run(empty_topics(kafka.bootstrap_servers))
    mailbox = start_mailbox(home / "mailbox")
    database = parts.new_database()
    ready_file = home / "ready.json"
    with (home / "progress").open("w") as progress:
        up = subprocess.Popen(
            [THROUGHCARE, "up", f"--home={home}", "--http-port=0", f"--ready-file={ready_file}"],
            env={
                **{k: v for k, v in os.environ.items() if not k.startswith("THROUGHCARE_")},
                "THROUGHCARE_PROTOCOL__MODE": "synthetic",
                "THROUGHCARE_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
                "THROUGHCARE_DATABASE__URL": database.url(),
                "THROUGHCARE_SMTP__HOST": mailbox.host,
                "THROUGHCARE_SMTP__PORT": str(mailbox.port),
            },
            stderr=progress,
        )
    try:
        give_up = time.monotonic() + _READY_S
        while not ready_file.exists():
            assert up.poll() is None, (home / "progress").read_text()
            assert time.monotonic() < give_up, (home / "progress").read_text()
            time.sleep(0.1)
        yield Deployment(home, mailbox, json.loads(ready_file.read_text()))
        up.send_signal(signal.SIGTERM)
        assert up.wait(60) == 0
    finally:
        if up.poll() is None:
            up.kill()
            up.wait()
        subprocess.run([THROUGHCARE, "down", f"--home={home}"], check=True, capture_output=True)
        mailbox.stop()


@pytest.fixture(scope="package")
async def world(deployment: Deployment) -> AsyncIterator[World]:
    """The parties and the stepped clock, which all journeys share and only ever move on."""
    made = await World.begin(
        deployment.told,
        deployment.mailbox.folder,
        Seal.from_file(deployment.home / "keys" / "sealing.key"),
    )
    yield made
    await made.close()


@pytest.fixture(scope="package")
async def histories(world: World, request: pytest.FixtureRequest) -> Histories:
    """All histories that were asked for, told to their end."""
    tests = (getattr(item, "function", None) for item in request.session.items)
    tells = [tell for test in tests if (tell := getattr(test, "tell", None)) is not None]
    return await Together(world).live(tells)
