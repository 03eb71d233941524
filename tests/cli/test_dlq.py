"""`throughcare dlq`: dead letters of a deployment that may not even run."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from throughcare.runtime.ids import new_id
from throughcare.runtime.seal import Seal
from throughcare.tests.support.parts import Database

TOPIC = "throughcare.release.commands.v1"


def dlq(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("THROUGHCARE_")}
    return subprocess.run(
        [Path(sys.executable).with_name("throughcare"), "dlq", *arguments],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"THROUGHCARE_HOME": "/nowhere/home"}, "Nothing runs in /nowhere/home"),
        (
            {"THROUGHCARE_DATABASE__URL": "postgresql://nobody@127.0.0.1:1/nothing"},
            "PostgreSQL does not answer",
        ),
    ],
)
def test_where_there_is_nothing_to_look_at_one_sentence_says_so(
    environment: dict[str, str], sentence: str
) -> None:
    done = dlq("list", **environment)

    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1


async def test_what_a_letter_holds_is_shown_to_who_asks_for_it_and_has_the_key(
    database: Database, tmp_path: Path
) -> None:
    key = tmp_path / "sealing.key"
    key.write_bytes(os.urandom(32))
    letter, raw = new_id(), b"what nobody could read"
    connection = await asyncpg.connect(database.url())
    try:
        await connection.execute(
            "INSERT INTO release.dead_letters"
            " (id, topic, partition, kafka_offset, class, code, fingerprint, sealed, mark)"
            " VALUES ($1, $2, 3, 14, 'decode', 'not-json', 'not-json', $3, '\\x00')",
            letter,
            TOPIC,
            Seal.from_file(key).seal(raw, f"release/{TOPIC}"),
        )
    finally:
        await connection.close()
    here = {
        "THROUGHCARE_DATABASE__URL": database.url(),
        "THROUGHCARE_SEALING_KEY_FILE": str(key),
    }

    listed = dlq("list", **here)
    shown = dlq("show", str(letter), **here)
    opened = dlq("show", str(letter)[:13], "--open", "--json", **here)
    unknown = dlq("show", "ffffffff", **here)
    told = dlq("discard", str(letter), "--reason", "Mr X rang", **here)

    assert listed.returncode == 1
    assert str(letter) in listed.stdout
    assert shown.returncode == 0
    assert raw.decode() not in listed.stdout + shown.stdout
    assert json.loads(opened.stdout)["raw"] == raw.decode()
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "No dead letter begins with that" in unknown.stderr
    # Whom it names would be kept.
    assert (told.returncode, told.stdout) == (2, "")
    assert "--reason is a code" in told.stderr


async def test_where_no_letter_is_open_it_says_so(database: Database) -> None:
    done = dlq("list", THROUGHCARE_DATABASE__URL=database.url())

    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "No dead letter is open.\n"


@pytest.mark.parametrize(
    ("case_ref", "sentence"),
    [(None, "no case waits for it"), (new_id(), "its case stands still as before")],
)
async def test_a_replay_that_fails_says_whether_a_case_stands_behind_it(
    database: Database, case_ref: UUID | None, sentence: str
) -> None:
    letter = new_id()
    connection = await asyncpg.connect(database.url())
    try:
        await connection.execute(
            "INSERT INTO release.dead_letters"
            " (id, topic, partition, kafka_offset, case_ref, class, code, fingerprint, sealed, mark)"
            " VALUES ($1, $2, 3, 14, $3, 'decode', 'not-json', 'not-json', '\\x00', '\\x00')",
            letter,
            TOPIC,
            case_ref,
        )
        operator = asyncio.create_task(
            asyncio.to_thread(dlq, "replay", str(letter), THROUGHCARE_DATABASE__URL=database.url())
        )
        failed = "UPDATE 0"
        while failed == "UPDATE 0" and not operator.done():  # as its service would, failing again
            failed = await connection.execute(
                "UPDATE release.dead_letters SET status = 'open' WHERE status = 'replaying'"
            )
            await asyncio.sleep(0.02)
        done = await operator
    finally:
        await connection.close()

    assert (done.returncode, done.stdout) == (1, "open\n")
    assert sentence in done.stderr
