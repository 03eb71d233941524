"""The tests' own ground: a migrated database, and roles that can sign in."""

import asyncpg
import pytest

from throughcare.cli.services import LOGINS, role_of
from throughcare.database.migrate import migrate
from throughcare.runtime.errors import SetupError
from throughcare.tests.support.parts import Database


@pytest.mark.parametrize("service", LOGINS)
async def test_each_service_signs_in_with_its_own_role(
    shared_database: Database, service: str
) -> None:
    connection = await asyncpg.connect(shared_database.url(role_of(service)))
    try:
        assert await connection.fetchval("SELECT current_user") == role_of(service)
        assert await connection.fetchval("SELECT mode FROM runtime.clock") == "real"
    finally:
        await connection.close()


async def test_nobody_signs_in_without_a_password(shared_database: Database) -> None:
    url = shared_database.url().replace(shared_database.server.secrets.get("postgres"), "guess")

    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(url)


async def test_a_migration_that_was_changed_after_it_ran_is_not_taken_for_applied(
    database: Database,
) -> None:
    await migrate(database.url())  # unchanged: as often as one likes
    connection = await asyncpg.connect(database.url())
    try:
        said = await connection.fetchval(
            "SELECT obj_description('public.alembic_version'::regclass, 'pg_class')"
        )
        name, digest = said.splitlines()[-1].split(" ")
        for other, named in (
            (said.replace(digest, "0" * 64), name),
            ("gone.sql 0", "gone.sql"),
            ("", "state"),
        ):
            await connection.execute(f"COMMENT ON TABLE public.alembic_version IS '{other}'")
            with pytest.raises(SetupError, match=named):
                await migrate(database.url())
    finally:
        await connection.close()
