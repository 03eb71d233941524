"""A process that is found again by its lock, whatever became of who started it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from throughcare.cli.embedded.process import LockedProcess


@pytest.fixture
def lock(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "run" / "sleeper.lock"
    yield path
    LockedProcess(path).kill()


def _sleep(lock: Path, *, child: bool = False) -> LockedProcess:
    process = LockedProcess(lock)
    command = "sleep 60 & wait" if child else "exec sleep 60"
    process.spawn(["sh", "-c", command], log=lock.parent / "log")
    return process


def test_is_found_by_whoever_looks_at_its_lock(lock: Path) -> None:
    started = _sleep(lock)

    assert LockedProcess(lock).pid == started.pid


def test_is_gone_once_it_was_stopped(lock: Path) -> None:
    _sleep(lock)

    left_by_itself = LockedProcess(lock).stop(signal.SIGTERM, 10)

    assert left_by_itself
    assert LockedProcess(lock).pid is None


def test_a_number_left_in_the_file_names_nobody(lock: Path) -> None:
    lock.parent.mkdir()
    lock.write_text(str(os.getpid()))

    assert LockedProcess(lock).pid is None


def test_outlives_who_started_it(lock: Path) -> None:
    starter = (
        "import sys; from pathlib import Path\n"
        "from throughcare.cli.embedded.process import LockedProcess\n"
        "lock = Path(sys.argv[1])\n"
        "LockedProcess(lock).spawn(['sleep', '60'], log=lock.parent / 'log')\n"
    )
    subprocess.run([sys.executable, "-c", starter, lock], check=True)

    assert LockedProcess(lock).is_running()


def test_kill_reaches_its_children_too(lock: Path) -> None:
    process = _sleep(lock, child=True)
    # The shell alone is not enough: its child holds the lock as well.
    time.sleep(0.2)

    process.kill()

    assert not process.is_running()


def test_is_killed_when_it_does_not_leave(lock: Path) -> None:
    process = LockedProcess(lock)
    process.spawn(["sh", "-c", "trap '' TERM; while :; do sleep 1; done"], log=lock.parent / "log")
    time.sleep(0.2)

    assert not process.stop(signal.SIGTERM, 0.3)
    assert not process.is_running()


def test_a_second_one_is_not_started(lock: Path) -> None:
    _sleep(lock)

    with pytest.raises(BlockingIOError):
        LockedProcess(lock).spawn(["sleep", "60"], log=lock.parent / "log")
