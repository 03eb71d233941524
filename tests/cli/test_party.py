"""`throughcare party add`: nobody is half added."""

import json
import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from throughcare.cli.embedded.kafka import Kafka
from throughcare.gateway.parties import NewParty, _check
from throughcare.runtime.errors import SetupError
from throughcare.tests.support.parts import Database


def add_party(
    database_url: str, *arguments: str, kafka: str = "127.0.0.1:1", **environment: str
) -> subprocess.CompletedProcess[str]:
    """At a broker that is not there, unless one is named."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("THROUGHCARE_")}
    return subprocess.run(
        [Path(sys.executable).with_name("throughcare"), "party", "add", *arguments],
        env={
            **kept,
            "THROUGHCARE_DATABASE__URL": database_url,
            "THROUGHCARE_KAFKA__BOOTSTRAP_SERVERS": kafka,
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


async def test_a_party_is_not_added_while_its_topics_cannot_be_made(database: Database) -> None:
    done = add_party(database.url(), "ngo-one", "--role=ngo")

    assert (done.returncode, done.stdout) == (2, "")
    assert "Kafka does not answer" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    connection = await asyncpg.connect(database.url())
    try:
        assert await connection.fetchval("SELECT count(*) FROM gateway.parties") == 0
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"party": "NGO One"}, "The name does not fit"),
        ({"roles": ("tsar",)}, "--role is one of prison-admin, .*, monitor"),
        ({"roles": ("client",)}, "--role is one of"),
        ({"roles": ("system",)}, "--role is one of"),
        ({"roles": ()}, "--role is one of"),
        ({"roles": ("ngo", "monitor")}, "--role monitor goes with no other"),
        ({"facilities": ("IK 27",)}, "--facility is a code"),
        ({"country": "kgz"}, "--country is two capital letters"),
        ({"language": "xx"}, "--language is one of en, ru"),
        ({"email": "desk"}, "--email is no address"),
        ({"email": "desk@ngo.kg\nBcc: all@ngo.kg"}, "--email is no address"),
        ({"webhook_url": "ftp://ngo.kg/hook"}, "--webhook-url is no https"),
        ({"webhook_url": "https://me:pw@ngo.kg/hook"}, "--webhook-url is no https"),
        ({"webhook_url": "http://ngo.kg/hook"}, "--webhook-url begins with https"),
    ],
)
def test_what_cannot_be_of_a_party_is_named_by_its_option(
    wanted: dict[str, object], sentence: str
) -> None:
    good = NewParty(
        "ngo-one", ("ngo",), ("kg-ik-27",), "KG", "ru", "desk@ngo.kg", "https://ngo.kg/hook"
    )

    _check(good)
    with pytest.raises(SetupError, match=sentence):
        _check(good._replace(**wanted))  # type: ignore[arg-type]


async def test_a_party_that_is_there_gets_another_key_and_no_other_options(
    database: Database, kafka: Kafka, tmp_path: Path
) -> None:
    (tmp_path / "key").write_bytes(os.urandom(32))
    here = {"kafka": kafka.bootstrap_servers, "THROUGHCARE_SEALING_KEY_FILE": str(tmp_path / "key")}
    first_way = ("ngo-six", "--role=ngo", "--country=TJ", "--webhook-url=https://ngo.example/hook")

    first = add_party(database.url(), *first_way, "--json", **here)
    again = add_party(database.url(), *first_way, "--json", **here)
    other = add_party(database.url(), "ngo-six", "--role=rehab-centre", "--country=KG", **here)

    assert first.returncode == 0, first.stderr
    told, later = json.loads(first.stdout), json.loads(again.stdout)
    assert told["webhook_secret"].startswith("whsec_")
    assert "webhook_secret" not in later  # the first one stands
    assert later["country"] == "TJ"
    assert later["api_key"] != told["api_key"]
    assert (other.returncode, other.stdout) == (2, "")
    assert "ngo-six is there already, with another --role, --country" in other.stderr
    connection = await asyncpg.connect(database.url())
    try:
        assert await connection.fetchval("SELECT count(*) FROM gateway.api_keys") == 2
    finally:
        await connection.close()
