"""`throughcare status` and `throughcare down`: look at a home, or end what runs there."""

import asyncio
import json
from pathlib import Path
from signal import SIGTERM
from typing import Any

from throughcare.cli.embedded.process import LockedProcess
from throughcare.cli.services import SERVICES
from throughcare.cli.up import answers, heartbeats, stop_leftovers
from throughcare.runtime.errors import SetupError

_STOP_S = 40.0


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
    supervisor.send(SIGTERM)
    if not supervisor.wait(_STOP_S):
        raise SetupError(
            f"Throughcare did not stop within {_STOP_S:g} s: look with `throughcare status`, "
            f"then end process {supervisor.pid} by force."
        )
    return bool(stop_leftovers(home)) or was_running
