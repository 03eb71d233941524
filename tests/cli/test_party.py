"""`throughcare party`: nobody is half added, and a key that was revoked opens nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID

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
    return party_command(database_url, "add", *arguments, kafka=kafka, **environment)


def party_command(
    database_url: str, *arguments: str, kafka: str = "127.0.0.1:1", **environment: str
) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("THROUGHCARE_")}
    return subprocess.run(
        [Path(sys.executable).with_name("throughcare"), "party", *arguments],
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


async def _enters(database: Database, key: str) -> bool:
    connection = await asyncpg.connect(database.url("throughcare_door"))
    try:
        return bool(await connection.fetch("SELECT party FROM access.enter($1)", key))
    finally:
        await connection.close()


async def test_a_key_is_revoked_by_its_name_or_all_of_a_party_and_stays_so(
    database: Database, kafka: Kafka
) -> None:
    here = {"kafka": kafka.bootstrap_servers}
    one, two, three = (
        json.loads(add_party(database.url(), name, "--role=ngo", "--json", **here).stdout)
        for name in ("ngo-seven", "ngo-seven", "ngo-eight")
    )

    by_name = party_command(database.url(), "revoke", f"--key-id={one['key_id']}")
    entered = [await _enters(database, its["api_key"]) for its in (one, two, three)]
    of_party = party_command(database.url(), "revoke", "--party=ngo-seven")
    again = party_command(database.url(), "revoke", "--party=ngo-seven")
    listed = party_command(database.url(), "keys", "ngo-seven", "--json")
    shown = party_command(database.url(), "keys", "ngo-seven")

    assert (by_name.returncode, by_name.stderr) == (0, "")
    assert by_name.stdout == f"revoked {one['key_id']} of ngo-seven\n"
    assert entered == [False, True, True]
    assert len(of_party.stdout.splitlines()) == 2
    assert "ngo-seven has no key left." in of_party.stderr
    assert again.stdout == of_party.stdout
    keys = json.loads(listed.stdout)
    assert [key["key_id"] for key in keys] == [one["key_id"], two["key_id"]]
    assert keys[0]["revoked_at"] <= keys[1]["revoked_at"]
    assert one["api_key"] not in listed.stdout + shown.stdout
    assert shown.stdout.count("revoked ") == 2
    assert [await _enters(database, its["api_key"]) for its in (two, three)] == [False, True]


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (("revoke",), 2, "Name one key with --key-id, or all of a party with --party."),
        (("revoke", "--party=a", f"--key-id={UUID(int=1)}"), 2, "Name one key"),
        (("revoke", "--party=nobody"), 1, "There is no such key."),
        (("revoke", f"--key-id={UUID(int=1)}"), 1, "There is no such key."),
        (("revoke", "--key-id=x"), 2, "--key-id"),
        (("keys", "nobody"), 2, "There is no party nobody."),
    ],
)
def test_what_is_not_there_is_neither_listed_nor_revoked(
    database: Database, arguments: tuple[str, ...], status: int, sentence: str
) -> None:
    done = party_command(database.url(), *arguments)

    assert (done.returncode, done.stdout) == (status, "")
    assert sentence in done.stderr
