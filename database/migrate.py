"""Bringing a database to the newest version: `migrate(url)`; safe to call at every start."""

import asyncio
from importlib.resources import files
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.util import await_only

_FOLDER = Path(str(files("throughcare.database")))


async def migrate(url: str) -> None:
    """Apply what is missing and all grants, as an owner of the database (`postgresql://…`)."""
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
