"""Whoever may connect may listen: a notification wakes, and says nothing."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FOLDERS = ("cli", "database", "gateway", "runtime", "services")


def test_no_notification_carries_anything() -> None:
    found = [
        (path.relative_to(ROOT).as_posix(), said.strip())
        for folder in _FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".sql", ".py")
        for said in re.findall(r"pg_notify\(\s*'[a-z_]+'\s*,([^)]*)", path.read_text("utf-8"))
    ]

    assert len(found) >= 8
    assert {said for _, said in found} == {"''"}, found
