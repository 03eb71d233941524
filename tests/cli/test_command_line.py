"""What a person in front of a terminal gets: help, exit codes, one sentence."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


def throughcare(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).parent / "throughcare", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_command_explains_itself() -> None:
    shown = throughcare("--help").stdout

    for command in ("up", "down", "status", "prefetch"):
        assert command in shown
        assert throughcare(command, "--help").returncode == 0


def test_status_of_an_empty_home_is_1_and_readable_by_programs(tmp_path: Path) -> None:
    done = throughcare("status", "--home", tmp_path, "--json")

    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert (found["running"], found["ready"], found["processes"]) == (False, False, {})


def test_down_where_nothing_runs_is_no_error(tmp_path: Path) -> None:
    done = throughcare("down", "--home", tmp_path)

    assert (done.returncode, done.stderr) == (0, "nothing runs there\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "tea"], "There is no service tea"),
        (["up", "--home", "/dev/null/home"], "cannot be made"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_exit_code_2(
    arguments: list[str], sentence: str
) -> None:
    done = throughcare(*arguments)

    assert done.returncode == 2
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
