"""The tests' own ground: a migrated database, and roles that can sign in."""

import asyncpg
import pytest

from throughcare.cli.services import LOGINS, role_of
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
