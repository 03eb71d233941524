"""What the watcher reads and writes. Its statements stand in queries.sql, read by its own few lines."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from importlib.resources import files
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

import asyncpg

from throughcare.services.watcher.case import Case, limit_at

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


def _statements() -> dict[str, str]:
    text = files("throughcare.services.watcher").joinpath("queries.sql").read_text("utf-8")
    parts = re.split(r"^-- ([a-z_]+) --\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


SQL: Mapping[str, str] = _statements()


class Stored(NamedTuple):
    """An event as it stands in a half's table."""

    partition: int
    position: int
    case_ref: UUID
    envelope: bytes
    #: Up to which position this partition was read before.
    read_to: int


async def next_events(connection: Connection, half: str, limit: int) -> list[Stored]:
    rows = await connection.fetch(SQL[f"next_{half}_events"], limit)
    return [Stored(*row) for row in rows]


async def read_cases(connection: Connection, refs: Sequence[UUID]) -> dict[UUID, Case]:
    cases = {ref: Case(ref) for ref in refs}
    for row in await connection.fetch(SQL["read_cases"], refs):
        alarms = json.loads(row["open_alarms"])
        cases[row["case_ref"]] = Case(
            row["case_ref"],
            row["consented"],
            row["closed"],
            row["expected_on"],
            row["released_at"],
            frozenset(row["care"]),
            row["met_at"],
            {key: datetime.fromisoformat(at) for key, at in alarms.items()},
            row["answered_at"],
        )
    return cases


async def write_cases(connection: Connection, cases: Iterable[Case]) -> None:
    rows = [
        {
            "case_ref": str(case.case_ref),
            "consented": case.consented,
            "closed": case.closed,
            "expected_on": _text(case.expected_on),
            "released_at": _text(case.released_at),
            "care": sorted(map(str, case.care)),
            "met_at": _text(case.met_at),
            "open_alarms": {key: at.isoformat() for key, at in case.open_alarms.items()},
            "answered_at": _text(case.answered_at),
            "limit_at": _text(limit_at(case)),
        }
        for case in cases
    ]
    await connection.execute(SQL["write_cases"], json.dumps(rows))


def _text(value: Any) -> str | None:
    return None if value is None else value.isoformat()
