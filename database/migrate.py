"""Bringing a database to the newest version: `migrate(url)`; safe to call at every start."""

import asyncio
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.util import await_only

from throughcare.runtime.errors import SetupError

_FOLDER = Path(str(files("throughcare.database")))


async def migrate(url: str) -> None:
    """Apply what is missing and all grants, as an owner of the database (`postgresql://…`).

    Raises SetupError where a migration that ran there was changed since: nothing is touched then.
    """
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.set_main_option("version_locations", str(_FOLDER / "versions"))
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = url
    await asyncio.to_thread(command.upgrade, config, "head")


def run_file(connection: Connection, name: str) -> None:
    """Run a whole file of statements in the migration's transaction."""
    driver = connection.connection.driver_connection
    assert driver is not None
    await_only(driver.execute((_FOLDER / name).read_text("utf-8")))


def require_unchanged(connection: Connection) -> None:
    """A line of defence that was mended in a migration would be missing where that ran before."""
    if connection.scalar(text("SELECT to_regclass('public.alembic_version')")) is None:
        return
    said = connection.scalar(
        text("SELECT obj_description('public.alembic_version'::regclass, 'pg_class')")
    )
    ran = dict(line.split(" ") for line in (said or "").splitlines())
    now = _digests()
    changed = sorted(name for name, digest in ran.items() if now.get(name) != digest)
    if changed or not ran:
        raise SetupError(
            f"This database was made by another {', '.join(changed) or 'state of the migrations'}: "
            "make it anew (before the first release migrations are mended where they stand), or "
            "go on with the version that made it."
        )


def note_digests(connection: Connection) -> None:
    """Write down, beside the version, what ran here: a line a file."""
    lines = "\n".join(f"{name} {digest}" for name, digest in _digests().items())
    connection.execute(text(f"COMMENT ON TABLE public.alembic_version IS '{lines}'"))


def _digests() -> dict[str, str]:
    return {
        path.name: sha256(path.read_bytes()).hexdigest()
        for path in sorted((_FOLDER / "migrations").glob("*.sql"))
    }
