"""`throughcare emit`: what is wrong with a file is said by line, whatever else is wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from throughcare.cli.emit import Line, Told, _heard, _read
from throughcare.tests.support.parts import Database

#: An address book whose ports nobody listens on.
NOWHERE = {
    "THROUGHCARE_DATABASE__URL": "postgresql://nobody@127.0.0.1:1/nothing",
    "THROUGHCARE_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "THROUGHCARE_HTTP__PORT": "1",
}
GOOD: dict[str, Any] = {
    "type": "org.throughcare.fact.release-scheduled.v1",
    "subject": "KG27-1",
    "time": "2026-03-02T09:30:00+06:00",
    "data": {"expected_release_on": "2026-12-24"},
}


def emit(
    *arguments: str | Path, stdin: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("THROUGHCARE_")}
    return subprocess.run(
        [Path(sys.executable).with_name("throughcare"), "emit", *arguments],
        env={**kept, **NOWHERE, **environment},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


def test_bad_lines_are_named_by_number_even_where_nobody_answers() -> None:
    lines: list[Any] = [
        GOOD,
        [1, 2],
        {**GOOD, "padding": "x" * 70_000},
        {**GOOD, "subject": 7},
        {**GOOD, "type": "org.throughcare.event.release-scheduled.v1"},
        {**GOOD, "data": {**GOOD["data"], "release_on": "2026-12-24"}},
        {k: v for k, v in GOOD.items() if k != "time"},
        {**GOOD, "id": "one"},
        {**GOOD, "id": "one", "subject": "KG27-2"},
    ]

    done = emit("-", "--key", "k", "--json", stdin="\n\n".join(map(json.dumps, lines)))

    assert done.returncode == 1
    # Blank lines count, as they do in an editor.
    found = json.loads(done.stdout)
    assert [(line["number"], line["code"], line["at"]) for line in found] == [
        (1, "no-answer", ""),
        (3, "not-an-object", ""),
        (5, "too-large", ""),
        (7, "attribute-invalid", "/subject"),
        (9, "unknown-type", ""),
        (11, "schema", "/data/release_on"),
        (13, "time-missing", "/time"),
        (15, "no-answer", ""),
        (17, "idempotency-key-reused", "/id"),
    ]


def test_a_bad_line_is_told_with_the_place_in_it() -> None:
    done = emit("-", "--key", "k", stdin=json.dumps({**GOOD, "time": "2 March"}))

    assert done.stderr == "line 1: bad attribute-invalid /time\n"
    assert done.stdout == "1 bad\n"


def test_a_file_without_a_line_says_that_nothing_was_sent() -> None:
    done = emit("-", "--key", "k", stdin="\n\n")

    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "There is no line in it: nothing was sent.\n"


def test_the_same_line_makes_the_same_message_whenever_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "facts.jsonl"
    file.write_text(json.dumps(GOOD))

    assert _read(file, "p1", "http") == _read(file, "p1", "http")
    assert "time" not in _read_one(tmp_path, {"type": _OPEN, "data": OPEN_CASE}).event


_OPEN = "org.throughcare.command.open-case.v1"
OPEN_CASE = {
    "origin": "facility",
    "reason_code": "self-request",
    "person_told": True,
    "facility": "kg-ik-27",
}


def _read_one(folder: Path, line: dict[str, Any]) -> Line:
    file = folder / "one.jsonl"
    file.write_text(json.dumps(line))
    (read,), bad = _read(file, "p1", "http")
    assert bad == []
    return read


def test_one_outcome_answers_every_line_that_says_the_same() -> None:
    waiting = {("/p1/emit", "one"): [1, 4], ("/p1/emit", "two"): [2]}
    outcome = {
        "type": "org.throughcare.outcome.refused.v1",
        "data": {
            "answered_source": "/p1/emit",
            "answered_id": "one",
            "refusal_code": "schema",
            "places": [{"pointer": "/data/expected_release_on", "rule": "missing"}],
        },
    }

    told = _heard(json.dumps(outcome).encode(), waiting)

    at = "/data/expected_release_on"
    assert told == [Told(1, "refused", "schema", at), Told(4, "refused", "schema", at)]
    assert waiting == {("/p1/emit", "two"): [2]}


async def test_a_key_speaks_for_its_own_party_only(database: Database) -> None:
    connection = await asyncpg.connect(database.url())
    try:
        await connection.execute(
            "INSERT INTO gateway.parties (party, roles) VALUES ('ngo-one', '{ngo}'), ('p-two', '{ngo}')"
        )
        await connection.execute(
            "INSERT INTO gateway.api_keys VALUES (sha256('k1'::bytea), 'ngo-one')"
        )
    finally:
        await connection.close()
    here = {"THROUGHCARE_DATABASE__URL": database.url()}

    other = emit("-", "--key", "k1", "--party", "p-two", stdin=json.dumps(GOOD), **here)
    unknown = emit("-", "--key", "k2", stdin=json.dumps(GOOD), **here)
    own = emit("-", "--key", "k1", "--json", stdin=json.dumps(GOOD), **here)

    assert other.returncode == unknown.returncode == 2
    assert "The API key is ngo-one's, and --party says p-two" in other.stderr
    assert "The API key is not valid here" in unknown.stderr
    assert json.loads(own.stdout)[0]["code"] == "no-answer"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["-", "--to", "pigeon"], "--to is kafka or http"),
        (["-", "--wait", "nan"], "--wait is a number of seconds"),
        (["-", "--wait", "-1"], "--wait is a number of seconds"),
        (["-", "--party", "No One"], "--party is no party's name"),
        (["/nowhere/facts.jsonl", "--key", "k"], "The file cannot be read"),
        (["-"], "No API key for prison-admin"),
        (["-", "--to", "kafka"], "Kafka does not answer"),
    ],
)
def test_what_has_to_be_set_up_first_is_one_sentence_and_exit_code_2(
    arguments: list[str], sentence: str
) -> None:
    done = emit(*arguments, stdin=json.dumps(GOOD))

    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
