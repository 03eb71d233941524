"""A service as a process of its own, as the tests start, stop and kill it."""

import os
import signal
import subprocess
import sys
from pathlib import Path


class Worker:
    """One process of a service."""

    def __init__(
        self, module: str, folder: Path, *, kafka: str, database: str, **extra: str
    ) -> None:
        key = folder / "sealing.key"
        if not key.exists():
            key.write_bytes(os.urandom(32))
        self._command = [sys.executable, "-m", module]
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("THROUGHCARE_")},
            "THROUGHCARE_KAFKA__BOOTSTRAP_SERVERS": kafka,
            "THROUGHCARE_DATABASE__URL": database,
            "THROUGHCARE_SEALING_KEY_FILE": str(key),
            **extra,
        }
        self._log = (folder / "worker.log").open("ab")
        self.log = folder / "worker.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, **extra: str) -> None:
        self.process = subprocess.Popen(
            self._command,
            env={**self._environment, **extra},
            stdout=self._log,
            stderr=self._log,
        )

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def end(self, number: int = signal.SIGTERM, patience_s: float = 30.0) -> int:
        """Send a signal and wait for the end; the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(patience_s)

    def ended_by_itself(self, patience_s: float = 30.0) -> int:
        assert self.process is not None
        return self.process.wait(patience_s)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._log.close()
