"""`throughcare emit`: what is wrong with a file is said by line, whatever else is wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

#: An address book whose ports nobody listens on.
NOWHERE = {
    "THROUGHCARE_DATABASE__URL": "postgresql://nobody@127.0.0.1:1/nothing",
    "THROUGHCARE_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "THROUGHCARE_HTTP__PORT": "1",
}
GOOD: dict[str, Any] = {
    "type": "org.throughcare.fact.release-scheduled.v1",
    "subject": "KG27-1",
    "data": {"expected_release_on": "2026-12-24"},
}


def emit(*arguments: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("THROUGHCARE_")}
    return subprocess.run(
        [Path(sys.executable).with_name("throughcare"), "emit", *arguments],
        env={**kept, **NOWHERE},
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
        {**GOOD, "data": {**GOOD["data"], "name": "A. B."}},
    ]

    done = emit("-", "--key", "k", "--json", stdin="\n\n".join(map(json.dumps, lines)))

    assert done.returncode == 1
    # Blank lines count, as they do in an editor.
    assert [(line["number"], line["code"]) for line in json.loads(done.stdout)] == [
        (1, "no-answer"),
        (3, "not-an-object"),
        (5, "too-large"),
        (7, "no-subject"),
        (9, "unknown-type"),
        (11, "data-does-not-fit-the-schema"),
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["-", "--to", "pigeon"], "--to is kafka or http"),
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
