"""Keeps processes running: starts each again when it ends, at once the first time, then more slowly."""

import asyncio
import os
import secrets
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from throughcare.cli.embedded.process import LockedProcess
from throughcare.runtime.errors import SetupError

#: Seconds to wait before the first, second … start in a row; the last one stands for all further.
_PAUSES_S = (0.0, 0.5, 1.0, 2.0, 5.0, 15.0, 30.0)
#: Who ran this long begins the row anew.
_HEALTHY_S = 30.0
_LOOK_S = 0.05
_LOG_BYTES = 32 << 20
_SETUP_FAILED = 2

Tell = Callable[[str], None]


class Part(Protocol):
    """The embedded Kafka or PostgreSQL."""

    def start(self) -> None: ...
    def is_running(self) -> bool: ...


@dataclass
class Pause:
    """How long to wait before the next start."""

    starts: int = 0

    def next_s(self, lived_s: float) -> float:
        if lived_s >= _HEALTHY_S:
            self.starts = 0
        pause = _PAUSES_S[min(self.starts, len(_PAUSES_S) - 1)]
        self.starts += 1
        return pause


class Service:
    """One service of ours as a process; `keep` returns only when cancelled."""

    def __init__(self, name: str, home: Path, env: Mapping[str, str], tell: Tell) -> None:
        self.name = name
        self.restarts = 0
        self._home = home
        self._env = env
        self._tell = tell
        self._log = home / "log" / f"{name}.log"
        self.process = LockedProcess(home / "run" / f"{name}.lock")
        self._hold = home / "run" / f"{name}.hold"
        self.instance = self._new_instance()
        #: Why it cannot start, if it said so itself.
        self.complaint: str | None = None

    async def keep(self) -> None:
        clock = asyncio.get_running_loop().time
        pause = Pause()
        while True:
            if self._hold.exists():
                await asyncio.sleep(_LOOK_S)
                continue
            begun = clock()
            self._spawn()
            # A thread for each that waits would use up the few there are.
            while (code := self.process.returncode) is None:  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_S)
            self.restarts += 1
            self.complaint = self._last_words() if code == _SETUP_FAILED else None
            if code >= 0:
                # It gave itself up: what it was in its consumer group may be stuck. Killed from
                # outside it comes back as the same member, and need not wait for its own ghost.
                self.instance = self._new_instance()
            wait_s = pause.next_s(clock() - begun)
            why = f": {self.complaint}" if self.complaint else ""
            self._tell(
                f"{self.name} ended ({_ending(code)}{why}), starting it again in {wait_s:g} s"
            )
            await asyncio.sleep(wait_s)

    def argv(self) -> list[str]:
        # -P: the folder it starts in is no place to import from.
        return [sys.executable, "-P", "-m", "throughcare.cli.main", "run", self.name]

    def _spawn(self) -> None:
        if self._log.exists() and self._log.stat().st_size > _LOG_BYTES:
            self._log.replace(self._log.with_suffix(".log.1"))
        self.process.spawn(
            self.argv(),
            log=self._log,
            env={**self._env, "THROUGHCARE_KAFKA__INSTANCE_ID": self.instance},
            cwd=self._home,
        )

    def _new_instance(self) -> str:
        return f"{self.name}-{secrets.token_hex(4)}"

    def _last_words(self) -> str:
        lines = self._log.read_text("utf-8", "replace").splitlines()
        return next((line for line in reversed(lines) if line.strip()), "it did not say why")


async def keep_part(name: str, part: Part, home: Path, tell: Tell) -> None:
    """Start an embedded part again whenever it is gone, unless `run/<name>.hold` forbids it."""
    hold = home / "run" / f"{name}.hold"
    pause = Pause()
    clock = asyncio.get_running_loop().time
    begun = clock()
    while True:
        await asyncio.sleep(_LOOK_S * 4)
        if await asyncio.to_thread(part.is_running) or hold.exists():
            continue
        tell(f"{name} is gone, starting it again")
        await asyncio.sleep(pause.next_s(clock() - begun))
        begun = clock()
        try:
            await asyncio.to_thread(part.start)
        except SetupError as error:
            tell(str(error))


def _ending(code: int) -> str:
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    if code == os.EX_SOFTWARE:  # what a service leaves with when it cannot go on
        return "gave itself up"
    return f"exit code {code}"
