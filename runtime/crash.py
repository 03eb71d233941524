"""Crash points: places where the tests may end, stop or break a process. A no-op unless armed."""

import os
import signal
from typing import NamedTuple

#: Every crash point there is, and where it stands. A test fails if one never fired.
POINTS = frozenset(
    {
        "door.before_commit",
        "door.after_commit",
        "relay.after_send",
        "agent.after_decode",
        "agent.before_record",
        "agent.after_record",
        "agent.before_offset",
        "publisher.before_send",
        "publisher.after_ack",
        "publisher.after_mark",
        "outcome.before_store",
        "outcome.after_store",
        "delivery.after_attempt_row",
        "delivery.after_send",
        "log.after_append",
        "log.after_sign",
    }
)


class CrashError(Exception):
    """What an armed point with RAISE throws."""


class _Armed(NamedTuple):
    nth: int
    how: str


_armed: dict[str, _Armed] = {}
_passed: dict[str, int] = {}


def arm(spec: str) -> None:
    """Arm from `name:nth:HOW`, separated by commas; HOW is KILL, TERM, STOP, RAISE or EXIT."""
    for part in filter(None, (p.strip() for p in spec.split(","))):
        name, nth, how = part.split(":")
        if name not in POINTS or how not in ("KILL", "TERM", "STOP", "RAISE", "EXIT"):
            raise ValueError(f"no such crash point: {part}")
        _armed[name] = _Armed(int(nth), how)


def point(name: str) -> None:
    """Pass a crash point."""
    if not _armed or name not in _armed:
        return
    _passed[name] = _passed.get(name, 0) + 1
    nth, how = _armed[name]
    if _passed[name] != nth:
        return
    match how:
        case "RAISE":
            raise CrashError(name)
        case "EXIT":
            os._exit(70)
        case _:
            os.kill(os.getpid(), getattr(signal, f"SIG{how}"))
