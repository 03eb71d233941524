"""`throughcare up`: everything on this machine, from nothing to ready, until told to stop."""

import asyncio
import fcntl
import os
import signal
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from throughcare.cli.embedded.kafka import Kafka
from throughcare.cli.embedded.places import choose_port
from throughcare.cli.embedded.postgres import Postgres
from throughcare.cli.embedded.secret_file import SecretFile
from throughcare.cli.keys import ensure_api_keys, key_settings, vault_settings, write_json
from throughcare.cli.logins import allow_logins, url_for
from throughcare.cli.outside import require_database, require_kafka
from throughcare.cli.protocol.gate import SYNTHETIC, require_signed
from throughcare.cli.services import LOGINS, SERVICES, role_of
from throughcare.cli.status import (
    SERVICES_LEAVE_S,
    answers,
    forget_keys,
    heartbeats,
    stop_leftovers,
    tell,
)
from throughcare.cli.supervisor import Service, keep_part
from throughcare.database.migrate import migrate
from throughcare.runtime.clock import real_now
from throughcare.runtime.errors import SetupError
from throughcare.runtime.settings import read_settings
from throughcare.runtime.topics_admin import ensure_topics, open_admin
from throughcare.services.watcher.app import Settings as WatcherSettings
from throughcare.services.watcher.app import SettingsError, settings_from

_KAFKA_VARIABLE = "THROUGHCARE_KAFKA__BOOTSTRAP_SERVERS"
_DATABASE_VARIABLE = "THROUGHCARE_DATABASE__URL"
_READY_S = 240.0
#: Seconds for what the environment names to answer.
_PATIENCE_S = 5.0


class Places(NamedTuple):
    """Where everything answers; the database as its owner."""

    http: str
    kafka: str
    postgres: str


@dataclass
class Up:
    """One home, running."""

    home: Path
    http_port: int
    ready_file: Path | None = None
    kafka: Kafka | None = None
    postgres: Postgres | None = None
    services: list[Service] = field(default_factory=list)
    #: More environment for the services.
    env: Mapping[str, str] = field(default_factory=dict)
    #: It is soon thrown away.
    short_lived: bool = False
    #: Which protocol is in force, and what else to know at the start.
    protocol: str = SYNTHETIC
    #: Make a party and a key for each role.
    role_parties: bool = True
    #: Done with a migrated database and the topics, before any service starts.
    prepare: Callable[[Places], Awaitable[None]] | None = None
    #: Done once all is ready; when it returns, everything is stopped.
    then: Callable[[Places], Awaitable[None]] | None = None
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _is_ready: bool = False

    async def run(self) -> None:
        """Start, tell that all is ready, wait for SIGTERM or Ctrl-C, stop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopping.set)
        work = asyncio.create_task(self._work())
        told = asyncio.create_task(self.stopping.wait())
        try:
            await asyncio.wait({work, told}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
        finally:
            told.cancel()
            work.cancel()
            await asyncio.gather(work, told, return_exceptions=True)
            tell("stopping")
            await self._stop()

    async def _work(self) -> None:
        tell(self.protocol)
        secrets = SecretFile(self.home / "secrets.json")
        await self._require_outside()
        await asyncio.to_thread(stop_leftovers, self.home)
        port = choose_port(self.http_port, self.home / "run" / "http.port", "the pages and the API")
        kafka_at, owner_url = await self._start_parts()
        tell("migrating the database")
        await migrate(owner_url)
        await allow_logins(owner_url, secrets)
        keys = await ensure_api_keys(owner_url, secrets) if self.role_parties else {}
        await _make_topics(kafka_at)
        env = {
            # Where messages send people, unless somebody put a proxy before it.
            "THROUGHCARE_HTTP__PUBLIC_URL": f"http://127.0.0.1:{port}/",
            **os.environ,
            **self.env,
            **key_settings(self.home),
            _KAFKA_VARIABLE: kafka_at,
            "THROUGHCARE_HTTP__PORT": str(port),
        }
        places = Places(f"http://127.0.0.1:{port}", kafka_at, owner_url)
        if self.prepare is not None:
            await self.prepare(places)
        url_of = {
            name: url_for(owner_url, role_of(name), secrets.get(role_of(name))) for name in LOGINS
        }
        for name in SERVICES:
            own = {**env, _DATABASE_VARIABLE: url_of[name]}
            if name == "gateway":
                own |= vault_settings(self.home)
                own["THROUGHCARE_DATABASE__DOOR_URL"] = url_of["door"]
            self.services.append(Service(name, self.home, own, tell))
        async with asyncio.TaskGroup() as group:
            for service in self.services:
                group.create_task(service.keep())
            if self.kafka is not None:
                group.create_task(keep_part("kafka", self.kafka, self.home, tell))
            if self.postgres is not None:
                group.create_task(keep_part("postgres", self.postgres, self.home, tell))
            await self._wait_until_ready(owner_url, places.http)
            told = {**places._asdict(), "api_keys": keys, "home": str(self.home)}
            told["pid"] = os.getpid()
            # Whoever stops this home removes it: it holds keys.
            told["ready_file"] = None if self.ready_file is None else str(self.ready_file)
            write_json(self.home / "run" / "up.json", told)
            if self.ready_file is not None:
                write_json(self.ready_file, told)
            self._is_ready = True
            tell(f"ready: {places.http} (Ctrl-C stops it)")
            if self.then is not None:
                await self.then(places)
                self.stopping.set()

    async def _require_outside(self) -> None:
        """What the environment names answers, before anything of ours is started."""
        if (url := os.environ.get(_DATABASE_VARIABLE)) is not None:
            await require_database(url, _PATIENCE_S)
        if _KAFKA_VARIABLE in os.environ:
            await (await require_kafka(read_settings().kafka, _PATIENCE_S)).close()
        elif read_settings().kafka.is_guarded:
            raise SetupError(
                "THROUGHCARE_KAFKA__SECURITY_PROTOCOL is for a Kafka of yours: name it in "
                f"{_KAFKA_VARIABLE}. The one that comes along listens on this machine only."
            )

    async def _start_parts(self) -> tuple[str, str]:
        """Where Kafka and PostgreSQL are: as the environment says, or started here."""
        kafka_at = os.environ.get(_KAFKA_VARIABLE)
        owner_url = os.environ.get(_DATABASE_VARIABLE)
        async with asyncio.TaskGroup() as group:
            if kafka_at is None:
                tell("starting Kafka")
                self.kafka = Kafka(self.home, tell=tell, short_lived=self.short_lived)
                group.create_task(asyncio.to_thread(self.kafka.start))
            if owner_url is None:
                tell("starting PostgreSQL")
                self.postgres = Postgres(self.home, short_lived=self.short_lived)
                group.create_task(asyncio.to_thread(self.postgres.start))
        if self.kafka is not None:
            kafka_at = self.kafka.bootstrap_servers
        if self.postgres is not None:
            owner_url = self.postgres.url()
        assert kafka_at is not None
        assert owner_url is not None
        return kafka_at, owner_url

    async def _wait_until_ready(self, owner_url: str, http: str) -> None:
        """Until each service says that it can work and the door answers; else say who does not."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + _READY_S
        while True:
            waiting = await self._not_ready(owner_url, http)
            if not waiting:
                return
            for service in self.services:
                if service.complaint is not None:
                    raise SetupError(service.complaint)
            if loop.time() > give_up:
                raise SetupError(
                    f"Not ready after {_READY_S:g} s: {', '.join(waiting)}. "
                    f"Read the logs in {self.home / 'log'}."
                )
            await asyncio.sleep(0.2)

    async def _not_ready(self, owner_url: str, http: str) -> list[str]:
        beating = {row["instance"] for row in await heartbeats(owner_url) if row["ready"]}
        waiting = []
        for service in self.services:
            if service.name == "watcher":
                # It shares nothing with the others, not even the way to say that it lives.
                is_ready = service.process.is_running()
            elif service.name == "gateway":
                is_ready = await asyncio.to_thread(answers, f"{http}/readyz")
            else:
                is_ready = service.instance in beating
            if not is_ready:
                waiting.append(service.name)
        return waiting

    async def _stop(self) -> None:
        parts = [part for part in (self.kafka, self.postgres) if part is not None]
        if self.short_lived and self._is_ready:
            # Nobody will read on from here: an orderly end would only take time.
            killed = [service.process for service in self.services] + parts
            await asyncio.gather(*(asyncio.to_thread(one.kill) for one in killed))
            return
        await asyncio.gather(*map(_leave, self.services))
        await asyncio.gather(*(asyncio.to_thread(part.stop) for part in parts))
        forget_keys(self.home)


def up(home: Path, http_port: int, ready_file: Path | None) -> None:
    """Run one home until told to stop; raises SetupError where it cannot."""
    protocol = require_signed(read_settings().protocol, real_now().date())
    if _watcher_settings().email is None:
        protocol += "\nnobody is told when somebody was forgotten: set THROUGHCARE_WATCHER__EMAIL"
    if ready_file is not None:
        ready_file = ready_file.absolute()
        ready_file.unlink(missing_ok=True)
    run_alone(Up(home.absolute(), http_port, ready_file, protocol=protocol))


def _watcher_settings() -> WatcherSettings:
    try:
        return settings_from(os.environ)
    except SettingsError as error:
        raise SetupError(str(error)) from None


def run_alone(up: Up) -> None:
    """Hold the home while it runs; raises SetupError where it cannot."""
    with alone_in(up.home):
        try:
            asyncio.run(up.run())
        except* SetupError as group:
            raise first_of(group) from None


def first_of(group: BaseExceptionGroup[SetupError]) -> SetupError:
    """One sentence is enough: the first that was said."""
    error = group.exceptions[0]
    return first_of(error) if isinstance(error, BaseExceptionGroup) else error


@contextmanager
def alone_in(home: Path) -> Iterator[None]:
    """Hold the home; a second `up` in it is told so."""
    run = home / "run"
    try:
        run.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(
            f"{home} cannot be made ({error.strerror}): choose another --home."
        ) from None
    with (run / "up.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SetupError(
                f"Throughcare runs already in {home}: stop it with `throughcare down --home {home}`,"
                " or choose another --home."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


async def _leave(service: Service) -> None:
    if not await asyncio.to_thread(service.process.stop, signal.SIGTERM, SERVICES_LEAVE_S):
        tell(f"{service.name} did not leave within {SERVICES_LEAVE_S:g} s and was killed")


async def _make_topics(kafka_at: str) -> None:
    kafka = read_settings().kafka.model_copy(update={"bootstrap_servers": kafka_at})
    admin = await open_admin(kafka)
    try:
        await ensure_topics(admin, kafka)
    finally:
        await admin.close()
