"""The dead-man watcher's process. It needs PostgreSQL and a mail relay, and nothing else of ours.

Settings come from the same environment as the services', read by its own few lines:
THROUGHCARE_DATABASE__URL, THROUGHCARE_SMTP__HOST, __PORT, __SENDER, __USERNAME, __PASSWORD,
__STARTTLS; and THROUGHCARE_WATCHER__EMAIL (who is told; nobody, if unset), __EVERY_S (seconds from
look to look), __PATIENCE_S (seconds to wait for PostgreSQL), __SERVICES (who has to be heard of),
__FEED_SILENT_DAYS (working days without a fact of a prison that used to send them).
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Mapping
from typing import NamedTuple

import asyncpg

from throughcare.services.watcher import feed, mail
from throughcare.services.watcher.look import look
from throughcare.services.watcher.mail import Count, Smtp
from throughcare.services.watcher.store import SQL, Connection

_SERVICES = "intake,release,notifications,timeline,gateway"
_HOUR_S = 3600.0
#: Seconds between looks, however often the domain clock is stepped.
_AT_MOST_EVERY_S = 1.0


class SettingsError(Exception):
    """One sentence, and what to do about it."""


class Settings(NamedTuple):
    database_url: str
    smtp: Smtp
    email: str | None
    every_s: float
    #: Seconds without PostgreSQL: at the start to give up, later to tell somebody.
    patience_s: float
    services: tuple[str, ...]
    feed_silent_days: int = feed.DAYS


def settings_from(environ: Mapping[str, str]) -> Settings:
    """Read the environment; names are those of the services. Raises SettingsError."""
    said = {name.upper(): value for name, value in environ.items()}

    def value(name: str, default: str = "") -> str:
        return said.get(f"THROUGHCARE_{name}", default)

    try:
        return Settings(
            value("DATABASE__URL", "postgresql://127.0.0.1:5432/throughcare"),
            Smtp(
                value("SMTP__HOST", "127.0.0.1"),
                int(value("SMTP__PORT", "25")),
                value("SMTP__SENDER", "notices@throughcare.invalid"),
                value("SMTP__USERNAME") or None,
                value("SMTP__PASSWORD") or None,
                value("SMTP__STARTTLS", "false").lower() in ("1", "true", "yes", "on"),
            ),
            value("WATCHER__EMAIL") or None,
            float(value("WATCHER__EVERY_S", "10")),
            float(value("WATCHER__PATIENCE_S", "20")),
            tuple(filter(None, value("WATCHER__SERVICES", _SERVICES).split(","))),
            int(value("WATCHER__FEED_SILENT_DAYS", str(feed.DAYS))),
        )
    except ValueError:
        raise SettingsError(
            "A setting is no number: look at THROUGHCARE_SMTP__PORT, THROUGHCARE_WATCHER__EVERY_S, "
            "THROUGHCARE_WATCHER__PATIENCE_S and THROUGHCARE_WATCHER__FEED_SILENT_DAYS."
        ) from None


class Watcher:
    """Looks every few seconds, and at once when the domain clock is stepped."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stopping = asyncio.Event()
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._started = self._loop.time()
        self._looked_at: float | None = None
        self._told_unreachable = -_HOUR_S

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()

    async def live(self) -> None:
        """Look until stopped. Raises SettingsError if PostgreSQL is not there at the start."""
        while not self._stopping.is_set():
            try:
                await self._watch()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
                await self._without_database(type(error).__name__)

    async def _without_database(self, error: str) -> None:
        since = self._started if self._looked_at is None else self._looked_at
        say("unreachable", error=error)
        if self._loop.time() - since > self._settings.patience_s:
            if self._looked_at is None:
                raise SettingsError(
                    "PostgreSQL does not answer at the address in THROUGHCARE_DATABASE__URL "
                    f"({error}): start it, or correct the address."
                )
            await self._tell_unreachable()
        await self._wait_for(self._stopping, 1.0)

    async def _wait_for(self, event: asyncio.Event, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), seconds)

    async def _watch(self) -> None:
        connection: Connection = await asyncpg.connect(
            self._settings.database_url,
            timeout=5,
            command_timeout=60,
            server_settings={"application_name": "throughcare-watcher", "jit": "off"},
        )
        try:
            await connection.add_listener("throughcare_clock", lambda *_: self._wake.set())
            while not self._stopping.is_set():
                self._wake.clear()
                found = await look(
                    connection,
                    self._settings.services,
                    self._loop.time() - self._started,
                    self._settings.feed_silent_days,
                )
                self._looked_at = self._loop.time()
                if found.alarms:
                    say("alarms", open=len(found.alarms))
                await self._tell(connection)
                # A clock stepped a hundred times a second must not be looked at as often.
                await self._wait_for(self._stopping, min(_AT_MOST_EVERY_S, self._settings.every_s))
                await self._wait_for(self._wake, self._settings.every_s)
        finally:
            with contextlib.suppress(OSError, asyncpg.InterfaceError, TimeoutError):
                await connection.close(timeout=2)

    async def _tell(self, connection: Connection) -> None:
        """Mail what is open, if a kind of it was not mailed for an hour."""
        if self._settings.email is None:
            return
        rows = await connection.fetch(SQL["to_mail"])
        due = [row["kind"] for row in rows if row["due"]]
        if not due:
            return
        counts = [Count(row["kind"], row["open"]) for row in rows]
        if await self._mail(mail.text(counts)):
            await connection.execute(SQL["mailed"], [count.kind for count in counts])

    async def _tell_unreachable(self) -> None:
        now = self._loop.time()
        if self._settings.email is None or now - self._told_unreachable < _HOUR_S:
            return
        if await self._mail("The database does not answer. Nothing can be watched.\n"):
            self._told_unreachable = now

    async def _mail(self, body: str) -> bool:
        assert self._settings.email is not None
        try:
            await asyncio.to_thread(mail.send, self._settings.smtp, self._settings.email, body)
        except OSError as error:
            say("mail failed", error=type(error).__name__)
            return False
        return True


def say(event: str, **values: object) -> None:
    """A log line: JSON on stderr, like the services'."""
    print(json.dumps({"service": "watcher", "event": event, **values}), file=sys.stderr, flush=True)


async def run(settings: Settings) -> None:
    watcher = Watcher(settings)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, watcher.stop)
    say("started")
    await watcher.live()
    say("stopping")


def main() -> None:
    """Watch until stopped; exit code 0 after a planned stop, 2 if something outside is not as it must be."""
    try:
        asyncio.run(run(settings_from(os.environ)))
    except SettingsError as error:
        print(f"throughcare watcher: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
