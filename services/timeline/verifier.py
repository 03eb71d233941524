"""Verifying a log in its database, against the checkpoints that somebody holds outside of it.

Everything is computed anew from the stored bytes; nothing the log says of itself is believed.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from throughcare.runtime import queries
from throughcare.runtime.errors import SetupError
from throughcare.runtime.pool import Connection
from throughcare.services.timeline.audit import Audit, Held, Report
from throughcare.services.timeline.checkpoint import NoteError, VerifierKey
from throughcare.services.timeline.folder import LATEST
from throughcare.services.timeline.leaves import NO_CASE
from throughcare.services.timeline.merkle import HASH, WIDTH, TileAt
from throughcare.services.timeline.store import read_tiles

_SQL = queries.load("throughcare.services.timeline", "verify.sql")
BATCH = 4_000


# -- checkpoints held outside ---------------------------------------------------------------------


def notes_in(places: Iterable[Path]) -> list[tuple[str, str]]:
    """The checkpoint files there: (place, text). A folder stands for all it holds.

    Raises SetupError where one cannot be read.
    """
    found = []
    for place in places:
        try:
            # Other names are those of files that are just being written.
            files = (
                sorted([*place.glob("*.txt"), *place.glob(LATEST)]) if place.is_dir() else [place]
            )
            found += [(str(file), file.read_text("utf-8")) for file in files]
        except (OSError, UnicodeDecodeError):
            raise SetupError(f"The checkpoints in {place} cannot be read.") from None
    return found


def _open_notes(
    key: VerifierKey, outside: Sequence[tuple[str, str]], inside: Sequence[tuple[int, str]]
) -> tuple[list[Held], list[tuple[str, str]]]:
    """Those whose signature holds, and what is wrong with the others."""
    held, bad = [], []
    for place, text in outside:
        try:
            held.append(Held(key.open(text), place, outside=True))
        except NoteError as error:
            bad.append(("signature", f"{place}: {error}"))
    newest = 0
    for size, text in inside:
        place = f"the database's checkpoint {size}"
        try:
            checkpoint = key.open(text)
        except NoteError as error:
            bad.append(("signature", f"{place}: {error}"))
            continue
        held.append(Held(checkpoint, place, outside=False))
        if checkpoint.size != size or size < newest:
            bad.append(("size-fell", f"{place} was signed after {newest}"))
        newest = max(newest, size)
    return held, bad


def begin(
    key: VerifierKey, outside: Sequence[tuple[str, str]], inside: Sequence[tuple[int, str]]
) -> Audit:
    """An audit that knows these checkpoints; `inside`: those of the log itself, by size."""
    held, bad = _open_notes(key, outside, inside)
    audit = Audit(held)
    for code, text in bad:
        audit.problem(code, None, text)
    if not any(one.outside for one in held):
        audit.report.notes.append(
            "no checkpoint from outside: who holds database and key could have rewritten all of it"
        )
    return audit


# -- in the database ------------------------------------------------------------------------------


async def verify_database(url: str, key: VerifierKey, outside: Sequence[tuple[str, str]]) -> Report:
    """Verify the log in a database, as a role that may read the schema `timeline`.

    Raises SetupError where the database cannot be read.
    """
    async with snapshot(url) as connection:
        name = await connection.fetchval(_SQL["export_snapshot"])
        async with snapshot(url, name) as reader:
            return await _verify(connection, reader, key, outside)


@asynccontextmanager
async def snapshot(url: str, name: str | None = None) -> AsyncIterator[Connection]:
    """One unmoving view of a log that goes on growing; by its name the same for a second reader.

    Raises SetupError in one sentence.
    """
    try:
        connection = await asyncpg.connect(url, timeout=5, server_settings={"jit": "off"})
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        raise SetupError(f"The database does not answer ({type(error).__name__}).") from None
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            if name is not None:
                # A utility statement takes no parameters; the name is PostgreSQL's own.
                await connection.execute(f"SET TRANSACTION SNAPSHOT '{name}'")
            yield connection
    except asyncpg.InsufficientPrivilegeError:
        raise SetupError("This database role may not read the log.") from None
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
        raise SetupError("There is no log in this database.") from None
    finally:
        await connection.close()


async def _verify(
    connection: Connection,
    reader: Connection,
    key: VerifierKey,
    outside: Sequence[tuple[str, str]],
) -> Report:
    end = await connection.fetchrow(_SQL["log_end"])
    assert end is not None
    notes = [(row["size"], row["note"]) for row in await connection.fetch(_SQL["checkpoints"])]
    audit = begin(key, outside, notes)
    audit.report.waiting = end["waiting"]
    growing: dict[TileAt, bytes] = {}
    async for rows in _leaves(reader):
        await _learn(connection, audit, {row["case_ref"] for row in rows})
        growing.update(audit.take(rows))
        whole = {at: tile for at, tile in growing.items() if len(tile) == WIDTH * HASH}
        for at in whole:
            del growing[at]
        await _compare_tiles(connection, audit, whole)
    await _compare_tiles(connection, audit, growing)
    audit.expect_end(end["size"])
    for row in await connection.fetch(_SQL["entries_without_leaf"]):
        audit.problem("leaf-missing", None, f"entry {row['entry']} has no leaf")
    await _compare_sources(connection, audit)
    soon = [row["case_ref"] for row in await connection.fetch(_SQL["forgotten_soon"])]
    return audit.finish(soon)


async def _leaves(reader: Connection) -> AsyncIterator[list[asyncpg.Record]]:
    """All leaves; the server reads the next ones while we compute."""
    asked = asyncio.create_task(reader.fetch(_SQL["leaves"], -1, BATCH))
    try:
        while rows := await asked:
            asked = asyncio.create_task(reader.fetch(_SQL["leaves"], rows[-1]["index"], BATCH))
            await asyncio.sleep(0)  # lets the question leave
            yield rows
    finally:
        asked.cancel()


async def _learn(connection: Connection, audit: Audit, cases: set[str | None]) -> None:
    if audit.knows_too_many():
        audit.let_go()
    unknown = [
        case for case in {*cases, str(NO_CASE)} if case is not None and not audit.knows(case)
    ]
    if unknown:
        rows = await connection.fetch(_SQL["secrets"], unknown)
        audit.know({row["case_ref"]: row["secret"] for row in rows})


async def _compare_tiles(
    connection: Connection, audit: Audit, computed: Mapping[TileAt, bytes]
) -> None:
    """The kept hashes prove nothing, but the signer's consistency proofs are made of them."""
    if audit.has_gap:
        return
    kept = await read_tiles(connection, computed)
    for at in sorted(computed):
        if kept.get(at) != computed[at]:
            first = at.number * WIDTH ** (at.level + 1)
            audit.problem("tile", first, f"tile {at.number} of level {at.level} does not fit")


async def _compare_sources(connection: Connection, audit: Audit) -> None:
    """What the services keep and what the log is about must be the same bytes, both ways."""
    if not await connection.fetchval(_SQL["may_read_sources"]):
        audit.report.notes.append("what the services decided was not compared: this role may not")
        return
    for row in await connection.fetch(_SQL["said_without_entry"]):
        place = f"{row['topic']}[{row['partition']}] {row['position']}"
        audit.problem("not-in-the-log", None, f"{place} stands in no log")
    for row in await connection.fetch(_SQL["entry_without_saying"]):
        audit.problem("nobody-said-it", row["index"], f"no service said leaf {row['index']}")
