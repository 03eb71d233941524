"""`throughcare prepare`: what must stand before the services start. Safe to run again at any time."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

from throughcare.cli.logins import allow_logins
from throughcare.cli.outside import require_database, require_kafka
from throughcare.cli.protocol.gate import require_signed
from throughcare.cli.secret_files import read_secret
from throughcare.cli.services import LOGINS, role_of
from throughcare.cli.status import tell
from throughcare.database.migrate import migrate
from throughcare.runtime.clock import real_now
from throughcare.runtime.settings import read_settings
from throughcare.runtime.topics_admin import ensure_topics


class PasswordFolder:
    """One file a service: `intake_password`, `release_password` …"""

    def __init__(self, folder: Path, roles: Iterable[str]) -> None:
        self._passwords = {
            role: read_secret(folder / f"{role.removeprefix('throughcare_')}_password")
            for role in roles
        }

    def get(self, role: str) -> str:
        return self._passwords[role]


async def prepare(passwords: Path | None) -> None:
    """Bring the database to the newest version, let the services sign in, make the topics.

    The database is reached as its owner. Without a folder of passwords the logins stay as they
    are: somebody else gives them out.
    """
    settings = read_settings()
    # All of them first: a folder that lacks one changes nothing.
    folder = None if passwords is None else PasswordFolder(passwords, map(role_of, LOGINS))
    url = settings.database.url.get_secret_value()
    await require_database(url)
    admin = await require_kafka(settings.kafka)
    try:
        tell("migrating the database")
        await migrate(url)
        if folder is not None:
            tell("letting the services sign in")
            await allow_logins(url, folder)
        tell("making the topics")
        await ensure_topics(admin, settings.kafka)
    finally:
        await admin.close()
    tell("prepared")


def run(passwords: Path | None) -> None:
    tell(require_signed(read_settings().protocol, real_now().date()))
    asyncio.run(prepare(passwords))
