"""`throughcare verify` and `throughcare timeline`, as an operator runs them."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import typer
from pytest_httpserver import HTTPServer
from typer.testing import CliRunner, Result

from throughcare.cli.timeline_command import timeline
from throughcare.cli.verify import verify
from throughcare.runtime.errors import SetupError
from throughcare.services.timeline.checkpoint import make_key, public_key_file
from throughcare.tests.timeline.conftest import Log, cases

_CASE = "K7FQ-2MPX"


@pytest.fixture(autouse=True)
def _no_deployment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("THROUGHCARE_DATABASE__URL", raising=False)
    monkeypatch.setenv("THROUGHCARE_HOME", str(tmp_path / "nothing-runs-here"))


async def _run(command: Any, *arguments: object) -> Result:
    app = typer.Typer()
    app.command()(command)
    texts = [str(argument) for argument in arguments]
    return await asyncio.to_thread(CliRunner().invoke, app, texts)


def _log_options(log: Log) -> list[object]:
    return ["--database", log.owner_url, "--key", public_key_file(log.key_file)]


async def test_a_whole_log_is_verified_with_exit_code_0(log: Log) -> None:
    await log.grow(cases(3), 40)

    result = await _run(verify, *_log_options(log), "--checkpoint", log.outside, "--json")

    report = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (report["verified"], report["leaves"], report["outside_size"]) == (True, 40, 40)


async def test_a_changed_log_has_exit_code_1_and_the_first_bad_leaf(log: Log) -> None:
    await log.grow(cases(3), 40)
    await log.owner.execute("UPDATE timeline.entries SET envelope = '{}' WHERE entry = 18")

    result = await _run(verify, *_log_options(log), "--checkpoint", log.outside / "latest")

    assert result.exit_code == 1
    assert "NOT verified, the first leaf concerned is 17" in result.stdout


async def test_a_dump_is_verified_where_its_database_is_not(log: Log, tmp_path: Path) -> None:
    await log.grow(cases(3), 40)
    await log.owner.execute("SELECT timeline.forget($1)", cases(3)[0])
    dump = tmp_path / "log.jsonl"
    made = await _run(verify, *_log_options(log), "--dump", dump)
    offline = ["--export", dump, "--key", str(log.key), "--checkpoint", log.outside]

    whole = await _run(verify, *offline)
    lines = dump.read_text().splitlines()
    dump.write_text("\n".join(lines[:-1]) + "\n")
    shorter = await _run(verify, *offline)

    assert made.exit_code == 0
    assert (whole.exit_code, "verified: the log is whole" in whole.stdout) == (0, True)
    assert shorter.exit_code == 1
    assert dump.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("place", [0, 39])
async def test_an_edited_dump_is_found_at_its_leaf(log: Log, tmp_path: Path, place: int) -> None:
    await log.grow(cases(3), 40)
    dump = tmp_path / "log.jsonl"
    await _run(verify, *_log_options(log), "--dump", dump)
    lines = dump.read_text().splitlines()
    at = next(n for n, line in enumerate(lines) if f'"leaf":{place},' in line)
    leaf = json.loads(lines[at])
    lines[at] = json.dumps({**leaf, "said": leaf["said"][:-4] + "AAAA"})
    dump.write_text("\n".join(lines))

    result = await _run(
        verify, "--export", dump, "--key", log.key, "--checkpoint", log.outside, "--json"
    )

    assert result.exit_code == 1
    assert json.loads(result.stdout)["first_bad_index"] == place


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "Nothing runs in"),
        (["--database", "postgresql://127.0.0.1:1/x"], "Name the public key"),
        (["--key", "nonsense", "--database", "postgresql://127.0.0.1:1/x"], "no such file"),
        (["--key", "{key}"], "Nothing runs in"),
        (["--key", "{key}", "--database", "postgresql://127.0.0.1:1/x"], "does not answer"),
        (["--key", "{key}", "--export", "/nowhere"], "cannot be read"),
        (["--key", "{key}", "--export", "{pub}"], "no export of a log"),
        (
            ["--key", "{key}", "--checkpoint", "/nowhere", "--database", "postgresql://h:1/x"],
            "cannot be read",
        ),
    ],
)
async def test_what_cannot_be_looked_at_is_one_clear_sentence(
    tmp_path: Path, options: list[str], sentence: str
) -> None:
    key = make_key(tmp_path / "log.pem")
    told = [option.format(key=key, pub=tmp_path / "log.pem.pub") for option in options]

    result = await _run(verify, *told)

    assert isinstance(result.exception, SetupError)
    assert sentence in str(result.exception)


async def test_a_role_that_may_not_read_the_log_is_told_so(log: Log) -> None:
    url = log.database.url("throughcare_intake")

    result = await _run(verify, "--database", url, "--key", log.key)

    assert isinstance(result.exception, SetupError)
    assert "may not read the log" in str(result.exception)


def _answer(server: HTTPServer, body: dict[str, Any], status: int = 200) -> None:
    server.expect_request(
        f"/v1/cases/{_CASE}/timeline", headers={"Authorization": "Bearer secret"}
    ).respond_with_json(body, status=status)


async def test_a_timeline_is_a_line_an_entry(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _deployment(httpserver, monkeypatch)
    event = {
        "ordinal": 1, "occurred_at": "2026-03-02T04:00:00Z", "kind": "event", "half": "release",
        "type": "org.throughcare.event.release-scheduled.v1", "version": 1,
        "data": {"expected_release_on": "2026-04-01", "referral_id": "x", "gaps": []},
    }  # fmt: skip
    refusal = {
        "ordinal": 2, "day": 3, "kind": "refusal", "half": "release",
        "type": "org.throughcare.outcome.refused.v1", "data": {"refusal_code": "case-closed\x1b[2J"},
    }  # fmt: skip
    _answer(httpserver, {"subject": _CASE, "entries": [event, refusal]})

    result = await _run(timeline, _CASE)

    assert result.stdout.splitlines() == [
        "2026-03-02T04:00:00Z   release-scheduled              expected_release_on: 2026-04-01",
        "day    3               refusal                        refusal_code: case-closed?[2J",
    ]


async def test_a_timeline_that_is_refused_has_exit_code_1_and_the_reason(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _deployment(httpserver, monkeypatch)
    _answer(httpserver, {"detail": "You have no such case."}, 404)

    result = await _run(timeline, _CASE)

    assert result.exit_code == 1
    assert "You have no such case." in result.output


async def test_a_gateway_that_is_not_there_is_one_clear_sentence(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _deployment(httpserver, monkeypatch)
    monkeypatch.setenv("THROUGHCARE_HTTP__PORT", "1")

    result = await _run(timeline, _CASE)

    assert isinstance(result.exception, SetupError)
    assert "does not answer" in str(result.exception)


def _deployment(server: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("THROUGHCARE_HOME")
    monkeypatch.setenv("THROUGHCARE_DATABASE__URL", "postgresql://127.0.0.1:1/x")
    monkeypatch.setenv("THROUGHCARE_HTTP__HOST", server.host)
    monkeypatch.setenv("THROUGHCARE_HTTP__PORT", str(server.port))
    monkeypatch.setenv("THROUGHCARE_API_KEY", "secret")
