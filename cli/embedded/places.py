"""Where things are kept, and which ports are free."""

import os
import secrets
import shutil
import socket
from pathlib import Path

from throughcare.runtime.errors import SetupError

#: Outside the range from which Linux and macOS take ports for outgoing connections (32768 and up):
#: a client that keeps calling a stopped server on a port of that range can end up connected to
#: itself, and the server then finds its port taken.
_FIRST_PORT, _LAST_PORT = 20_000, 32_000
_HIGHEST_PORT = 65_535
_LEAST_FREE_BYTES = 1 << 30


def default_home() -> Path:
    """Where one person's Throughcare lives when no --home is given."""
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root, and another user could not reach root's own folder.
        return Path("/var/lib/throughcare")
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "throughcare"


def cache_folder() -> Path:
    """What can be fetched again: Kafka's jars. Copy it to a machine without a network."""
    if chosen := os.environ.get("THROUGHCARE_CACHE"):
        return Path(chosen)
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "throughcare"


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the servers do: a port whose last connections still linger is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    for _ in range(1_000):
        port = _FIRST_PORT + secrets.randbelow(_LAST_PORT - _FIRST_PORT)
        if is_free(port):
            return port
    raise SetupError(
        f"No free port was found between {_FIRST_PORT} and {_LAST_PORT}: stop what holds them."
    )


def choose_port(wanted: int, remembered: Path, what: str) -> int:
    """`wanted` or nothing; for 0 the port of last time if it is free, else another one."""
    if not 0 <= wanted <= _HIGHEST_PORT:
        raise SetupError(f"A port, here of {what}, is a number from 0 to {_HIGHEST_PORT}.")
    if wanted:
        require_free(wanted, what)
        port = wanted
    else:
        last = int(remembered.read_text()) if remembered.exists() else 0
        port = last if last and is_free(last) else free_port()
    remembered.parent.mkdir(parents=True, exist_ok=True)
    remembered.write_text(str(port))
    return port


def require_free(port: int, what: str) -> None:
    if not is_free(port):
        raise SetupError(
            f"Port {port}, wanted for {what}, is taken: stop what listens there, or choose another."
        )


def require_space(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < _LEAST_FREE_BYTES:
        raise SetupError(
            f"Only {free >> 20} MiB are free on the disk of {folder}, and 1024 are needed: "
            "free some, or put --home elsewhere."
        )


def end_of(log: Path, lines: int = 15) -> str:
    """The last lines of a log, for who must find out what went wrong."""
    try:
        return "\n".join(log.read_text("utf-8", "replace").splitlines()[-lines:])
    except OSError:
        return ""
