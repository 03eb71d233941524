"""What is known of a case, put where the timeline keeps it, without a service or a broker."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import asyncpg
import orjson

BEGIN = datetime(2026, 3, 1, 8, tzinfo=UTC)


class Step(NamedTuple):
    """One entry. `cause`: the message it came of; `kind`: of the leaf."""

    type: str
    cause: UUID | None = None
    data: Mapping[str, Any] = {}
    kind: str = "event"


async def tell(connection: asyncpg.Connection, case_ref: UUID, steps: Iterable[Step]) -> None:
    """A step a day, in this order; as the owner."""
    rows = []
    for day, step in enumerate(steps):
        at = BEGIN + timedelta(days=day)
        half = "notifications" if ".notice-" in step.type else "release"
        said = {
            "source": f"/services/{half}", "type": step.type, "time": at, "recordedtime": at,
            "sequence": day + 1 if step.kind == "event" else None,
            "causationid": step.cause, "data": step.data,
        }  # fmt: skip
        envelope = {name: value for name, value in said.items() if value is not None}
        rows.append((uuid4(), case_ref, step.kind, orjson.dumps(envelope)))
    await connection.executemany(
        "INSERT INTO timeline.entries (message_id, case_ref, kind, envelope)"
        " VALUES ($1, $2, $3, $4)", rows,
    )  # fmt: skip
