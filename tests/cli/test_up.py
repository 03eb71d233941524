"""`throughcare up`: from nothing to ready, through a crash, to a planned stop."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from throughcare.cli.embedded.process import LockedProcess
from throughcare.cli.services import SERVICES

pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]
_COMMAND = Path(sys.executable).parent / "throughcare"


class Running:
    def __init__(self, home: Path) -> None:
        self.home = home
        self.ready_file = home / "ready.json"
        self.progress = home / "progress"
        with self.progress.open("w") as progress:
            self.process = subprocess.Popen(
                [
                    _COMMAND,
                    "up",
                    f"--home={home}",
                    "--http-port=0",
                    f"--ready-file={self.ready_file}",
                ],
                stderr=progress,
            )

    def ready(self) -> dict[str, Any]:
        _until(lambda: self.ready_file.exists() or self.process.poll() is not None)
        assert self.process.poll() is None, self.progress.read_text()
        found: dict[str, Any] = json.loads(self.ready_file.read_text())
        return found

    def service(self, name: str) -> LockedProcess:
        return LockedProcess(self.home / "run" / f"{name}.lock")

    def status(self) -> dict[str, Any]:
        done = subprocess.run(
            [_COMMAND, "status", f"--home={self.home}", "--json"],
            capture_output=True,
            check=False,
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found


def _until(condition: Callable[[], object], patience_s: float = 180) -> None:
    give_up = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.1)


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with tempfile.TemporaryDirectory(prefix="throughcare-home-") as folder:
        made = Running(Path(folder))
        try:
            yield made
        finally:
            made.process.kill()
            made.process.wait()
            subprocess.run([_COMMAND, "down", f"--home={folder}"], check=True)


def test_everything_answers_once_the_ready_file_is_there(running: Running) -> None:
    ready = running.ready()

    with urllib.request.urlopen(f"{ready['http']}/readyz", timeout=10) as response:
        assert response.status == 200
    assert set(ready["api_keys"]) >= {"prison-admin", "prison-health", "ngo", "monitor"}
    # It holds keys.
    assert running.ready_file.stat().st_mode & 0o777 == 0o600
    status = running.status()
    assert (status["running"], status["ready"]) == (True, True)
    assert set(status["processes"]) == {"kafka", "postgres", *SERVICES}


def test_a_killed_service_is_back_without_being_asked_for(running: Running) -> None:
    running.ready()
    before = running.service("intake").pid

    running.service("intake").kill()

    _until(lambda: running.service("intake").pid not in (before, None))
    _until(lambda: running.status()["ready"])


def test_a_second_one_in_the_same_home_is_told_so(running: Running) -> None:
    running.ready()

    second = subprocess.run(
        [_COMMAND, "up", f"--home={running.home}"], capture_output=True, text=True, check=False
    )

    assert second.returncode == 2
    assert "runs already" in second.stderr


def test_a_planned_stop_leaves_within_30_seconds_and_leaves_nothing(running: Running) -> None:
    running.ready()
    begun = time.monotonic()

    os.kill(running.process.pid, signal.SIGTERM)

    assert running.process.wait(60) == 0
    assert time.monotonic() - begun < 30
    assert running.status()["processes"] == {}
    # Both hold keys and the database's password.
    assert not running.ready_file.exists()
    assert not (running.home / "run" / "up.json").exists()
