"""`throughcare status` and `throughcare down`: look at a home, or end what runs there."""

import asyncio
import json
import signal
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import asyncpg

from throughcare.cli.embedded.process import LockedProcess
from throughcare.cli.services import SERVICES
from throughcare.runtime import queries
from throughcare.runtime.errors import SetupError

_SQL = queries.load("throughcare.cli")
_STOP_S = 40.0
#: A service that was asked to leave and has not after this many seconds is killed.
SERVICES_LEAVE_S = 15.0


def tell(line: str) -> None:
    """Progress, for whoever looks; data goes to stdout."""
    print(line, file=sys.stderr, flush=True)


def look(home: Path) -> dict[str, Any]:
    """What runs in a home: addresses without passwords, each process, and whether all is ready."""
    told = home / "run" / "up.json"
    up = json.loads(told.read_text()) if told.exists() else {}
    rows = asyncio.run(heartbeats(up["postgres"])) if up else []
    ready = {row["service"] for row in rows if row["ready"]}
    processes = {}
    for name in ("kafka", "postgres", *SERVICES):
        pid = LockedProcess(home / "run" / f"{name}.lock").pid
        if pid is not None:
            processes[name] = {"pid": pid, "ready": _is_ready(name, ready, up)}
    return {
        "home": str(home),
        "running": LockedProcess(home / "run" / "up.lock").is_running(),
        "ready": bool(up) and all(process["ready"] for process in processes.values()),
        "http": up.get("http"),
        "kafka": up.get("kafka"),
        "processes": processes,
    }


def _is_ready(name: str, ready: set[str], up: dict[str, Any]) -> bool:
    if name in ("kafka", "postgres", "watcher"):
        return True
    if name == "gateway":
        return bool(up) and answers(f"{up['http']}/readyz")
    return name in ready


def down(home: Path) -> bool:
    """Stop what runs in a home, and what a killed `up` left; False when nothing ran."""
    supervisor = LockedProcess(home / "run" / "up.lock")
    was_running = supervisor.is_running()
    supervisor.send(signal.SIGTERM)
    if not supervisor.wait(_STOP_S):
        raise SetupError(
            f"Throughcare did not stop within {_STOP_S:g} s: look with `throughcare status`, "
            f"then end process {supervisor.pid} by force."
        )
    stopped = stop_leftovers(home)
    forget_keys(home)
    return bool(stopped) or was_running


def forget_keys(home: Path) -> None:
    """Remove what `up` wrote down once it was ready: addresses with passwords, and API keys."""
    told = home / "run" / "up.json"
    if not told.exists():
        return
    if (ready_file := json.loads(told.read_text()).get("ready_file")) is not None:
        Path(ready_file).unlink(missing_ok=True)
    told.unlink()


def stop_leftovers(home: Path) -> list[str]:
    """Stop what a killed `up` left running in this home; returns the names."""
    stopped = []
    for name in (*SERVICES, "kafka", "postgres"):
        process = LockedProcess(home / "run" / f"{name}.lock")
        if process.is_running():
            number = signal.SIGINT if name == "postgres" else signal.SIGTERM
            process.stop(number, SERVICES_LEAVE_S)
            tell(f"stopped {name}, which was left from before")
            stopped.append(name)
    return stopped


async def heartbeats(url: str) -> list[asyncpg.Record]:
    """Who is alive; nobody, while the database does not answer."""
    try:
        connection = await asyncpg.connect(url, timeout=5)
    except (OSError, asyncpg.PostgresError, TimeoutError):
        return []
    try:
        rows: list[asyncpg.Record] = await connection.fetch(_SQL["heartbeats"])
        return rows
    finally:
        await connection.close()


def answers(url: str) -> bool:
    """Whether a GET gets a 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False
