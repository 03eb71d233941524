"""What a person in front of a terminal gets: help, exit codes, one sentence."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
import typer
from rich.console import Console

from throughcare.cli.demo.show import print_timeline
from throughcare.cli.outside import require_database, require_kafka
from throughcare.cli.status import down
from throughcare.cli.timeline_command import _line, timeline
from throughcare.runtime.errors import SetupError
from throughcare.runtime.settings import Kafka


def throughcare(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).parent / "throughcare", *arguments],
        env={**os.environ, **environment},
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
        (["verify", "--home", "/nowhere/home"], "Nothing runs in /nowhere/home"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_exit_code_2(
    arguments: list[str], sentence: str
) -> None:
    done = throughcare(*arguments)

    assert done.returncode == 2
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"THROUGHCARE_SMTP__PORT": "abc"}, "THROUGHCARE_SMTP__PORT"),
        ({"THROUGHCARE_HTTP__PORT": "70000"}, "THROUGHCARE_HTTP__PORT"),
        ({"THROUGHCARE_LOG_LEVEL": "loud"}, "THROUGHCARE_LOG_LEVEL"),
        ({"THROUGHCARE_SMTP": "abc"}, "is set as a whole"),
        ({"THROUGHCARE_WATCHER__EVERY_S": "often"}, "THROUGHCARE_WATCHER__EVERY_S"),
    ],
)
def test_a_setting_that_does_not_fit_is_named_before_anything_starts(
    tmp_path: Path, environment: dict[str, str], sentence: str
) -> None:
    done = throughcare("up", "--home", tmp_path / "home", **environment)

    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert sentence in done.stderr
    assert not (tmp_path / "home").exists()


def test_a_service_names_the_setting_that_does_not_fit() -> None:
    done = throughcare("run", "intake", THROUGHCARE_DATABASE__POOL_MAX="many")

    assert done.returncode == 2
    assert "THROUGHCARE_DATABASE__POOL_MAX" in done.stderr
    assert "many" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "sentence"),
    [
        (["--http-port=70000"], {}, "is a number from 0 to 65535"),
        ([], {"THROUGHCARE_DATABASE__URL": "nonsense"}, "is no address of a PostgreSQL"),
        ([], {"THROUGHCARE_KAFKA__BOOTSTRAP_SERVERS": "host:port"}, "is no address of a Kafka"),
    ],
)
def test_what_cannot_be_reached_or_had_is_told_before_anything_starts(
    tmp_path: Path, arguments: list[str], environment: dict[str, str], sentence: str
) -> None:
    done = throughcare("up", "--home", tmp_path, *arguments, **environment)

    assert done.returncode == 2
    assert sentence in done.stderr
    assert "starting" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_of_the_pages_that_is_taken_is_told_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        done = throughcare("up", "--home", tmp_path, f"--http-port={port}")

    assert done.returncode == 2
    assert f"Port {port}, wanted for the pages and the API, is taken" in done.stderr
    assert "starting" not in done.stderr


async def test_a_database_or_a_broker_that_does_not_answer_is_one_sentence() -> None:
    with pytest.raises(SetupError, match="PostgreSQL does not answer"):
        await require_database("postgresql://nobody@127.0.0.1:1/nothing", patience_s=0)
    with pytest.raises(SetupError, match="Kafka does not answer"):
        await require_kafka(Kafka(bootstrap_servers="127.0.0.1:1"), patience_s=0)


def test_up_says_that_nobody_is_told_when_somebody_is_forgotten(tmp_path: Path) -> None:
    asked = ("up", "--home", tmp_path, "--http-port=70000")

    assert "set THROUGHCARE_WATCHER__EMAIL" in throughcare(*asked).stderr
    told = throughcare(*asked, THROUGHCARE_WATCHER__EMAIL="desk@example.org")
    assert "THROUGHCARE_WATCHER__EMAIL" not in told.stderr


def test_down_removes_what_holds_keys_also_of_one_that_was_killed(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    ready.write_text("{}")
    told = tmp_path / "home" / "run" / "up.json"
    told.parent.mkdir(parents=True)
    told.write_text(json.dumps({"ready_file": str(ready)}))

    down(tmp_path / "home")

    assert not ready.exists()
    assert not told.exists()


def test_a_timeline_that_is_not_to_be_seen_is_told_with_who_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    place = {"http": "http://x", "kafka": "k", "postgres": "p", "api_keys": {"monitor": "key"}}
    (run / "up.json").write_text(json.dumps(place))
    no = httpx2.Response(404, json={"title": "You have no such case."})
    monkeypatch.setattr(httpx2, "get", lambda *_, **__: no)

    for key, who in ((None, "as monitor: --as"), ("tc_other", "as whose key --key")):
        with pytest.raises(typer.Exit):
            timeline("31-004512", as_role="monitor", key=key, home=tmp_path)
        assert f"You have no such case. Asked {who}" in capsys.readouterr().err


def test_a_timeline_says_the_date_of_what_is_not_seen_in_full() -> None:
    entry = {"ordinal": 2, "kind": "event", "type": "org.throughcare.event.case-closed.v1"}

    assert _line({**entry, "occurred_on": "2026-03-04"}).split() == ["2026-03-04", "case-closed"]
    assert _line({**entry, "occurred_at": "2026-03-04T08:00:00Z"}).startswith("2026-03-04T08:00")


def test_a_timeline_says_yes_and_no_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    entry = {
        "day": 3,
        "kind": "event",
        "type": "org.throughcare.event.first-contact-made.v1",
        "data": {"accompanied": True, "unplanned": False},
    }

    print_timeline(Console(width=200), "K7FQ", [entry])

    assert "accompanied=yes  unplanned=no" in capsys.readouterr().out
    assert _line(entry).endswith("accompanied: yes, unplanned: no")
