"""A gateway process of the tests: its parties, their keys, and clients that speak as them."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx2

from throughcare.cli.embedded.kafka import Kafka
from throughcare.gateway.parties import NewParty, add_party
from throughcare.runtime import aliases
from throughcare.runtime.ids import new_code, new_id
from throughcare.runtime.seal import Seal
from throughcare.runtime.settings import Kafka as KafkaSettings
from throughcare.runtime.topics_admin import ensure_topics, open_admin
from throughcare.tests.support.parts import Database

PARTIES = (
    NewParty("ik-27", ("prison-admin", "prison-health", "prison-psych"), ("kg-ik-27",)),
    NewParty("ngo-bishkek", ("ngo",)),
    NewParty("prison-tj", ("prison-admin", "prison-health"), country="TJ"),
    NewParty("monitor-1", ("monitor",)),
    NewParty("ik-31", ("prison-admin", "prison-health"), ("kg-ik-31",)),
    NewParty("coordinator", ("protocol-coordinator",)),
    NewParty("gsin", ("prison-admin",)),
    NewParty("commenter-1", ("commenter",)),
    # The country is said by the facility.
    NewParty("prison-kz", ("prison-psych",), ("kz-1",)),
    NewParty("prison-tm", ("prison-psych",), ("tm-4",)),
    NewParty("prison-uz", ("prison-psych",), ("uz-2",)),
    NewParty("ngo-anywhere", ("ngo",), country="TJ"),
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Gateway:
    """A running `throughcare run gateway`."""

    def __init__(self, kafka: Kafka, database: Database, home: Path) -> None:
        self.kafka = kafka
        self.database = database
        self.home = home
        self.keys: dict[str, str] = {}
        self.port = free_port()
        #: The last start was to end at a crash point.
        self.is_armed = False
        self.process: asyncio.subprocess.Process | None = None
        self.pool: Any = None

    @property
    def seal(self) -> Seal:
        return Seal.from_file(self.home / "seal")

    async def name(
        self, case_ref: UUID, party: str, alias: str | None = None, as_of: int | None = None
    ) -> str:
        """Let a party have to do with a case; its own name for it, or none where that is over."""
        code = self.hidden(party, alias or new_code())
        made: bytes = await self.pool.fetchval(
            "SELECT gateway.alias_for($1, $2, $3, $4)", case_ref, party, code, as_of
        )
        return self.alias(party, made) if made else ""

    async def named(self, case_ref: UUID, party: str) -> str:
        """The name that a party has for it."""
        found = await self.pool.fetchval(
            "SELECT alias FROM gateway.aliases WHERE case_ref = $1 AND party = $2", case_ref, party
        )
        return self.alias(party, found)

    def hidden(self, party: str, alias: str) -> bytes:
        """A name as it stands in the database."""
        return aliases.hide(self.seal, party, alias)

    def alias(self, party: str, hidden: bytes) -> str:
        return aliases.read(self.seal, party, hidden)

    @property
    def bootstrap_servers(self) -> str:
        return self.kafka.bootstrap_servers

    @classmethod
    async def start(cls, kafka: Kafka, database: Database, home: Path) -> "Gateway":
        made = cls(kafka, database, home)
        (home / "seal").write_bytes(os.urandom(32))
        (home / "vault").write_bytes(os.urandom(32))
        settings = KafkaSettings(bootstrap_servers=kafka.bootstrap_servers)
        admin = await open_admin(settings)
        await ensure_topics(admin, settings)
        made.pool = await asyncpg.create_pool(database.url(), min_size=1, max_size=4)
        async with made.pool.acquire() as connection:
            for party in PARTIES:
                made.keys[party.party] = await add_party(connection, admin, settings, party)
        await admin.close()
        await made.launch()
        return made

    async def launch(self, **environment: str) -> None:
        """Start the process and wait until it is ready, or until an armed crash point fired."""
        log = (self.home / "log").open("ab")
        self.is_armed = "THROUGHCARE_CRASH_AT" in environment
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-Im", "throughcare.cli.main", "run", "gateway",
            env={
                **os.environ,
                "THROUGHCARE_KAFKA__BOOTSTRAP_SERVERS": self.bootstrap_servers,
                "THROUGHCARE_KAFKA__INSTANCE_ID": f"test-{new_id()}",
                "THROUGHCARE_DATABASE__URL": self.database.url("throughcare_gateway"),
                "THROUGHCARE_DATABASE__DOOR_URL": self.database.url("throughcare_door"),
                "THROUGHCARE_SEALING_KEY_FILE": str(self.home / "seal"),
                "THROUGHCARE_VAULT_KEY_FILE": str(self.home / "vault"),
                "THROUGHCARE_ERASED_LIST": str(self.home / "erased"),
                "THROUGHCARE_HTTP__PORT": str(self.port),
                "THROUGHCARE_DEMO_PAGE": "true",
                **environment,
            },
            stderr=log,
        )  # fmt: skip
        log.close()
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{self.port}") as probe:
            for _ in range(300):
                if self.process.returncode == -9 and self.is_armed:
                    return
                assert self.process.returncode is None, (self.home / "log").read_text()
                try:
                    if (await probe.get("/readyz")).status_code == 200:
                        return
                except httpx2.TransportError:
                    pass
                await asyncio.sleep(0.1)
        raise AssertionError((self.home / "log").read_text())

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(how)
        return await asyncio.wait_for(self.process.wait(), 30)

    async def exited(self) -> int:
        """Wait until the process has ended by itself; its exit code."""
        assert self.process is not None
        return await asyncio.wait_for(self.process.wait(), 30)

    async def close(self) -> None:
        await self.stop(signal.SIGKILL)
        await self.pool.close()

    def client(self, party: str) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}",
            headers={"Authorization": f"Bearer {self.keys[party]}"},
            timeout=40,
        )


def event(kind: str, name: str, alias: str | None, **data: Any) -> dict[str, Any]:
    """A structured CloudEvent as a foreign system would write it."""
    record = {
        "specversion": "1.0",
        "id": str(new_id()),
        "source": "/ik-27/system",
        "type": f"org.throughcare.{kind}.{name}.v1",
        "time": "2026-11-01T08:00:00+06:00",
        "data": data,
    }
    return record if alias is None else {**record, "subject": alias}


async def eventually(check: Callable[[], Awaitable[bool]], within_s: float = 10.0) -> None:
    """Wait until it is so."""
    loop = asyncio.get_running_loop()
    give_up = loop.time() + within_s
    while not await check():
        assert loop.time() < give_up, "it never became so"
        await asyncio.sleep(0.05)


def open_case(alias: str | None) -> dict[str, Any]:
    return event(
        "command", "open-case", alias,
        origin="facility", reason_code="self-request", person_told=True, facility="kg-ik-27",
    )  # fmt: skip
