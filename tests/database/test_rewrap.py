"""A new version of the organisations' keys: every case's key under it, no detail opened, stopped or not."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from throughcare.cli.vault import Progress, rewrap_all
from throughcare.services.intake.vault import KeyFile, Wrapped, new_key
from throughcare.tests.database import world as w
from throughcare.tests.gateway.ground import eventually
from throughcare.tests.support.parts import Database, Parts

_OLD, _NEW = os.urandom(32), os.urandom(32)


class Vault:
    """A database with cases' keys under the old version, and the file with both."""

    def __init__(self, database: Database, path: Path) -> None:
        self.database = database
        self.path = path
        self.keys: dict[UUID, bytes] = {}

    async def open(self) -> None:
        self.owner = await w.sign_in(self.database.url())
        self.path.write_bytes(_OLD)
        await self.owner.execute("DELETE FROM vault.keys")

    async def add(self, number: int) -> None:
        """Cases of two organisations, wrapped by whatever is newest."""
        keys = KeyFile.read(self.path)
        for at in range(number):
            case_ref, key = uuid4(), new_key()
            self.keys[case_ref] = key
            wrapped = await keys.wrap(key, f"org-{at % 2}", case_ref)
            await self.owner.execute(
                "INSERT INTO vault.keys VALUES ($1, $2, $3, now())", case_ref, *wrapped
            )
            await self.owner.execute(
                "INSERT INTO vault.details VALUES ($1, 'P1', 1, 'not opened by any key', 'x', now())",
                case_ref,
            )

    def add_version(self) -> KeyFile:
        self.path.write_bytes(_NEW + _OLD)
        return KeyFile.read(self.path)

    async def readable(self) -> int:
        """How many keys open with what stands in the file, each as it was."""
        keys = KeyFile.read(self.path)
        rows = await self.owner.fetch("SELECT case_ref, wrapped, wrapped_by FROM vault.keys")
        for row in rows:
            it = Wrapped(row["wrapped"], row["wrapped_by"])
            assert await keys.unwrap(it, row["case_ref"]) == self.keys[row["case_ref"]]
        return len(rows)

    async def under(self, version: str) -> int:
        found: int = await self.owner.fetchval(
            "SELECT count(*) FROM vault.keys WHERE split_part(wrapped_by, '/', 2) = $1", version
        )
        return found

    async def command(self, *more: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-Im", "throughcare.cli.main", "vault", "rewrap", *more,
            env={
                **os.environ,
                "THROUGHCARE_DATABASE__URL": self.database.url(),
                "THROUGHCARE_VAULT_KEY_FILE": str(self.path),
                "THROUGHCARE_HOME": str(self.path.parent),
            },
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip


@pytest.fixture(scope="module")
def database(parts: Parts) -> Database:
    return parts.new_database()


@pytest.fixture
async def vault(database: Database, tmp_path: Path) -> AsyncIterator[Vault]:
    made = Vault(database, tmp_path / "vault.key")
    await made.open()
    yield made
    await made.owner.close()


async def test_all_keys_come_under_the_newest_version_and_the_old_one_may_go(vault: Vault) -> None:
    await vault.add(7)
    keys = vault.add_version()
    await vault.add(1)

    assert await rewrap_all(vault.owner, keys, batch=3) == Progress(7, 0)

    assert await vault.under(keys.newest) == 8
    vault.path.write_bytes(_NEW)
    assert await vault.readable() == 8
    organisations = await vault.owner.fetch(
        "SELECT split_part(wrapped_by, '/', 1) AS one, count(*) FROM vault.keys GROUP BY 1 ORDER BY 1"
    )
    assert [tuple(row) for row in organisations] == [("org-0", 5), ("org-1", 3)]
    assert await rewrap_all(vault.owner, KeyFile.read(vault.path)) == Progress(0, 0)


async def test_stopped_in_the_middle_all_open_and_the_next_run_does_the_rest(vault: Vault) -> None:
    await vault.add(450)
    keys = vault.add_version()
    last = max(vault.keys)
    blocker = await w.sign_in(vault.database.url())
    transaction = blocker.transaction()
    await transaction.start()
    await blocker.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1::text, 4022))", str(last)
    )
    running = await vault.command()

    async def has_begun_the_last_batch() -> bool:
        return await vault.under(keys.newest) == 400

    await eventually(has_begun_the_last_batch)
    running.kill()
    await running.wait()
    # And the server misses whom it worked for.
    await vault.owner.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    )
    await transaction.rollback()
    await blocker.close()

    assert await vault.under(keys.newest) == 400
    assert await vault.readable() == 450
    again = await vault.command("--json")
    out, err = await again.communicate()

    assert (again.returncode, json.loads(out)) == (
        0, {"rewrapped": 50, "unreadable": 0, "left": 0, "version": keys.newest},
    )  # fmt: skip
    assert err.decode().splitlines() == ["50 wrapped anew, 0 unreadable"]
    assert await vault.readable() == 450


async def test_what_does_not_open_is_counted_never_named_and_stops_nothing(vault: Vault) -> None:
    await vault.add(5)
    spoilt = min(vault.keys)
    await vault.owner.execute(
        "UPDATE vault.keys SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1)"
        " WHERE case_ref = $1", spoilt,
    )  # fmt: skip
    before = await vault.owner.fetchval(
        "SELECT wrapped FROM vault.keys WHERE case_ref = $1", spoilt
    )
    vault.add_version()

    process = await vault.command()
    out, err = await process.communicate()

    said = out.decode() + err.decode()
    assert process.returncode == 1
    assert "4 keys wrapped anew, 1 left under other versions" in said
    assert "1 do not open with any version in the key file: left as they are" in said
    assert str(spoilt) not in said
    assert "org-" not in said
    after = await vault.owner.fetchval("SELECT wrapped FROM vault.keys WHERE case_ref = $1", spoilt)
    assert after == before


async def test_with_a_wrong_key_nothing_is_changed_and_the_right_one_still_opens_all(
    vault: Vault,
) -> None:
    await vault.add(3)
    vault.path.write_bytes(os.urandom(32))

    process = await vault.command("--json")
    out, _ = await process.communicate()

    assert process.returncode == 1
    said = json.loads(out)
    assert (said["rewrapped"], said["unreadable"], said["left"]) == (0, 3, 3)
    vault.path.write_bytes(_OLD)
    assert await vault.readable() == 3


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"short", "32 random bytes a version"), (None, "cannot be read")],
    ids=["no-keys", "no-file"],
)
async def test_a_key_file_that_is_none_is_told_in_one_sentence(
    vault: Vault, content: bytes | None, sentence: str
) -> None:
    if content is None:
        vault.path.unlink()
    else:
        vault.path.write_bytes(content)

    process = await vault.command()
    _, err = await process.communicate()

    assert process.returncode == 2
    assert sentence in err.decode()
    assert "Traceback" not in err.decode()


async def test_a_key_that_changed_meanwhile_is_left_as_it_is(vault: Vault) -> None:
    """Destroyed, or wrapped anew by another run, between the reading and the writing."""
    await vault.add(2)
    rewrap = "SELECT vault.rewrap($1, $2, 'mine', 'org/1')"
    case_ref = min(vault.keys)

    assert await vault.owner.fetchval(rewrap, case_ref, b"another") is False
    assert await vault.owner.fetchval(rewrap, uuid4(), b"") is False
    assert await vault.readable() == 2


async def test_a_key_is_wrapped_anew_before_or_after_an_entry_and_not_within_it(
    vault: Vault,
) -> None:
    await vault.add(1)
    (case_ref,) = vault.keys
    entering = await w.sign_in(vault.database.url())
    transaction = entering.transaction()
    await transaction.start()
    await entering.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1::text, 4022))", str(case_ref)
    )

    late = asyncio.create_task(rewrap_all(vault.owner, vault.add_version()))
    done, _ = await asyncio.wait([late], timeout=0.2)
    assert not done
    await transaction.commit()

    assert await late == Progress(1, 0)
    await entering.close()


async def test_nobody_who_signs_in_wraps_a_key_or_reads_one(vault: Vault) -> None:
    door = await w.sign_in(vault.database.url("throughcare_door"))
    gateway = await w.sign_in(vault.database.url("throughcare_gateway"))
    for connection in (door, gateway):
        for call in (
            "wrapped_otherwise('', gen_random_uuid(), 1)",
            "rewrap(gen_random_uuid(), '', '', '')",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f"SELECT * FROM vault.{call}")  # noqa: S608
        await connection.close()
