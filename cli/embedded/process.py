"""A process that can be found again: it holds a lock for as long as it lives.

A pid file alone lies after a crash, when the number may belong to somebody else. Here the started
process (with all its children) inherits an open file with a lock on it, so the lock is held exactly
as long as one of them runs, whoever asks and whatever became of the process that started it.
"""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

#: What this process started and has not seen end. They may outlive whoever started them, and each
#: must be waited for by its parent once it ended, whichever object finds that out.
_children: set[subprocess.Popen[bytes]] = set()


def _reap() -> None:
    for child in list(_children):
        if child.poll() is not None:
            _children.discard(child)


class LockedProcess:
    """One process, named by its lock file. Any number of objects may look at the same file."""

    def __init__(self, lock: Path) -> None:
        self._lock = lock
        self._child: subprocess.Popen[bytes] | None = None

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """One at a time may start or wipe what this is; everybody else waits here."""
        self._lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._lock.with_suffix(".changing").open("a") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            yield

    @property
    def pid(self) -> int | None:
        """The number of the running process, or None."""
        if not self.is_running():
            return None
        text = self._lock.read_text()
        return int(text) if text else None

    def is_running(self) -> bool:
        _reap()
        try:
            with self._lock.open("r") as handle:
                # Shared, so that two who look at once do not take each other for the process.
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def spawn(
        self,
        argv: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        user: int | None = None,
        cwd: Path | None = None,
    ) -> int:
        """Start it in a session of its own, so that Ctrl-C reaches only who supervises it."""
        for folder in (self._lock.parent, log.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._lock.open("a+") as handle, log.open("ab") as output:
            _take(handle)
            self._child = subprocess.Popen(
                [str(part) for part in argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=dict(os.environ if env is None else env),
                cwd=cwd,
                user=user,
                group=user,
                extra_groups=None if user is None else [],
                start_new_session=True,
                pass_fds=[handle.fileno()],
            )
            _children.add(self._child)
            handle.truncate(0)
            handle.write(str(self._child.pid))
        return self._child.pid

    @property
    def returncode(self) -> int | None:
        """How it ended, known only to the process that started it; negative is a signal."""
        return None if self._child is None else self._child.poll()

    def send(self, number: signal.Signals) -> None:
        if (pid := self.pid) is not None:
            os.kill(pid, number)

    def stop(self, number: signal.Signals, patience_s: float) -> bool:
        """Ask it to leave with a signal; after `patience_s` seconds kill it. True: it left by itself."""
        self.send(number)
        if self.wait(patience_s):
            return True
        self.kill()
        return False

    def kill(self) -> None:
        """kill -9 to it and its children, and wait until all are gone."""
        if (pid := self.pid) is not None:
            # It leads its own session, so its number names the group as well.
            os.killpg(pid, signal.SIGKILL)
            self.wait(10)

    def wait(self, patience_s: float) -> bool:
        """Wait until nothing of it runs; False when `patience_s` seconds were not enough."""
        give_up = time.monotonic() + patience_s
        while self.is_running():
            if time.monotonic() > give_up:
                return False
            time.sleep(0.02)
        return True


def _take(handle: IO[str], patience_s: float = 1.0) -> None:
    """Take the lock for the process to come; somebody may just be looking at it."""
    give_up = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.01)
