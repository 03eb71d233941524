"""Passwords for the services' database roles, where this machine is who gives them out."""

from collections.abc import Iterable
from typing import Protocol
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from throughcare.cli.services import LOGINS, role_of
from throughcare.runtime import queries

_SQL = queries.load("throughcare.cli")


class Passwords(Protocol):
    """Where a role's password is found."""

    def get(self, name: str, /) -> str: ...


async def allow_logins(
    owner_url: str, secrets: Passwords, roles: Iterable[str] = tuple(map(role_of, LOGINS))
) -> None:
    """Let each role sign in with its own secret; roles belong to the server, not to a database."""
    connection = await asyncpg.connect(owner_url)
    try:
        for role in roles:
            await connection.execute(
                await connection.fetchval(_SQL["login_statement"], role, secrets.get(role))
            )
    finally:
        await connection.close()


def url_for(owner_url: str, role: str, password: str) -> str:
    """The same database, signed in to as another role."""
    parts = urlsplit(owner_url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{role}:{quote(password)}@{place}"))
