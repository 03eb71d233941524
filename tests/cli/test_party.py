"""`throughcare party add`: nobody is half added."""

import os
import subprocess
import sys
from pathlib import Path

import asyncpg

from throughcare.tests.support.parts import Database


def add_party(database: Database) -> subprocess.CompletedProcess[str]:
    """At a broker that is not there."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("THROUGHCARE_")}
    return subprocess.run(
        [Path(sys.executable).with_name("throughcare"), "party", "add", "ngo-one", "--role=ngo"],
        env={
            **kept,
            "THROUGHCARE_DATABASE__URL": database.url(),
            "THROUGHCARE_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1",
        },
        capture_output=True,
        text=True,
        check=False,
    )


async def test_a_party_is_not_added_while_its_topics_cannot_be_made(database: Database) -> None:
    done = add_party(database)

    assert (done.returncode, done.stdout) == (2, "")
    assert "Kafka does not answer" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    connection = await asyncpg.connect(database.url())
    try:
        assert await connection.fetchval("SELECT count(*) FROM gateway.parties") == 0
    finally:
        await connection.close()
