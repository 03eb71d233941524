"""`throughcare vault rewrap`: the cases' keys under the newest version of the organisations' keys.

No detail is opened for it, and all stay readable meanwhile. Exit codes: 0 none is left under another
version, 1 some are, 2 it could not be done.
"""

import asyncio
import json
import sys
from typing import NamedTuple
from uuid import UUID

import asyncpg
import typer

from throughcare.cli.at import at
from throughcare.cli.options import AsJson, Home
from throughcare.runtime import queries
from throughcare.services.intake.vault import KeyFile, SealedError, Wrapped

_SQL = queries.load("throughcare.cli", "vault.sql")
#: Keys in one transaction; a case waits for it that is entered just then.
_BATCH = 200
_NO_CASE = UUID(int=0)

app = typer.Typer(
    help="The organisations' keys, which wrap the key of each case.", no_args_is_help=True
)


class Progress(NamedTuple):
    """So far: wrapped anew, and what no version in the key file opens."""

    rewrapped: int = 0
    unreadable: int = 0


@app.callback()
def _commands() -> None:
    """Without it the one command would have no name."""


@app.command()
def rewrap(home: Home = None, as_json: AsJson = False) -> None:
    """Wrap the key of each case under the newest version in the vault's key file.

    As the owner of the database. Stopped in the middle, it goes on when it is started again.
    """
    address = at(home)
    keys = KeyFile.read(address.vault_key)

    async def work() -> tuple[Progress, int]:
        async with address.connect() as connection:
            done = await rewrap_all(connection, keys)
            return done, await connection.fetchval(_SQL["left"], keys.newest)

    done, left = asyncio.run(work())
    if as_json:
        print(json.dumps({**done._asdict(), "left": left, "version": keys.newest}))
    else:
        print(f"{done.rewrapped} keys wrapped anew, {left} left under other versions")
        if done.unreadable:
            print(
                f"{done.unreadable} do not open with any version in the key file: left as they are",
                file=sys.stderr,
            )
    if left:
        raise typer.Exit(1)


async def rewrap_all(
    connection: asyncpg.Connection, keys: KeyFile, *, batch: int = _BATCH
) -> Progress:
    """All that another version wraps, each batch in a transaction of its own."""
    done, after = Progress(), _NO_CASE
    while rows := await connection.fetch(_SQL["next"], keys.newest, after, batch):
        after = rows[-1]["case_ref"]
        anew = []
        for row in rows:
            was = Wrapped(row["wrapped"], row["wrapped_by"])
            try:
                key = await keys.unwrap(was, row["case_ref"])
            except SealedError:
                continue
            now = await keys.wrap(key, was.by.rpartition("/")[0], row["case_ref"])
            anew.append((row["case_ref"], was.key, now.key, now.by))
        count = (
            await connection.fetchval(_SQL["rewrap"], *map(list, zip(*anew, strict=True)))
            if anew
            else 0
        )
        done = Progress(done.rewrapped + count, done.unreadable + len(rows) - len(anew))
        print(f"{done.rewrapped} wrapped anew, {done.unreadable} unreadable", file=sys.stderr)
    return done
