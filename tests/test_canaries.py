"""After all other tests: what they sealed as identity and health stands nowhere else.

Every test that enters details marks each value with `CANARY`. Here all that the run left is searched:
the brokers' files, the databases' files and write-ahead log, every table, logs, mails and what the
processes tell about themselves. Refusals and addresses are checked where they are made.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from throughcare.tests.support.parts import Parts

pytestmark = pytest.mark.after_all

_CANARY = b"CANARY"
_HEX = _CANARY.hex().encode()
_CHUNK = 1 << 22
#: What a search of these would find is its own question.
_NOT_OURS = frozenset({".py", ".pyc", ".sql", ".jar"})


def _holds(path: Path) -> bool:
    """Whether a file holds the mark, as it is or as hexadecimal digits."""
    with path.open("rb") as file:
        tail = b""
        while chunk := file.read(_CHUNK):
            window = tail + chunk
            if _CANARY in window or _HEX in window:
                return True
            tail = window[-len(_HEX) :]
    return False


def _files(*folders: Path) -> Iterator[Path]:
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink() and path.suffix not in _NOT_OURS:
                yield path


async def _databases(parts: Parts) -> list[str]:
    server = parts.begin_postgres().result()
    connection = await asyncpg.connect(server.url("postgres"))
    try:
        rows = await connection.fetch("SELECT datname FROM pg_database WHERE datallowconn")
    finally:
        await connection.close()
    return [server.url(row["datname"]) for row in rows]


@pytest.fixture
def homes(parts: Parts, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Where this run wrote anything."""
    brokers = Path(tempfile.gettempdir()).glob("throughcare-gateway-*")
    return [parts.home, tmp_path_factory.getbasetemp(), *brokers]


async def test_something_was_sealed_and_it_is_found_when_it_lies_open(
    postgres: object, parts: Parts, tmp_path: Path
) -> None:
    sealed = 0
    for url in await _databases(parts):
        connection = await asyncpg.connect(url)
        if await connection.fetchval("SELECT to_regclass('vault.details') IS NOT NULL"):
            sealed += await connection.fetchval("SELECT count(*) FROM vault.details")
        await connection.close()
    if not sealed:
        pytest.skip("no test of this run entered anything")
    open_book = tmp_path / "open"
    open_book.write_bytes(b"x" * (_CHUNK - 3) + _CANARY)
    assert _holds(open_book)
    open_book.unlink()


async def test_no_file_of_broker_database_log_or_mail_holds_what_was_sealed(
    postgres: object, parts: Parts, homes: list[Path]
) -> None:
    for url in await _databases(parts):
        connection = await asyncpg.connect(url)
        await connection.execute("CHECKPOINT")
        await connection.close()
    found = []
    for path in _files(*homes):
        try:
            if _holds(path):
                found.append(path.name if path.parent in homes else str(path))
        except FileNotFoundError:
            continue  # a running server tidies up
    assert found == []


async def test_no_table_of_any_database_holds_what_was_sealed(
    postgres: object, parts: Parts
) -> None:
    found = []
    for url in await _databases(parts):
        connection = await asyncpg.connect(url)
        tables = await connection.fetch(
            "SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n"
            " ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'm') AND n.nspname !~ '^(pg_|information)'"
        )
        for table in tables:
            # As text a column of bytes is hexadecimal.
            hits = await connection.fetchval(
                f"SELECT count(*) FROM {table['name']} t WHERE t::text LIKE '%CANARY%'"  # noqa: S608
                f" OR t::text LIKE '%{_HEX.decode()}%'"
            )
            found += [table["name"]] if hits else []
        asked = await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE '%CANARY%'"
        )
        found += ["pg_stat_activity"] if asked else []
        await connection.close()
    assert found == []


def test_no_process_tells_what_was_sealed_in_its_title_or_environment() -> None:
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) == os.getpid():
            continue
        try:
            line = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue  # gone, or somebody else's
        assert _CANARY not in line, process.name
