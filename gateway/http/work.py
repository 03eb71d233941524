"""GET /v1/work: what the party that asks has open itself. No name stands in it, and nothing to search by."""

import base64
import hashlib
from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import asyncpg
import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from throughcare.contracts.envelope import rfc3339
from throughcare.gateway.http.doors import caller, doors_of
from throughcare.gateway.http.openapi import WORK_RESPONSES
from throughcare.gateway.problems import RefusedError
from throughcare.runtime import queries, unreadable
from throughcare.runtime.seal import Seal

_SQL = queries.load("throughcare.gateway", "work.sql")
_PAGE = 100
router = APIRouter()


class _Place(NamedTuple):
    """Behind this item the next page begins."""

    due: datetime | None = None
    subject: bytes = b""
    task: str = ""
    referral_id: str = ""


@router.get(
    "/v1/work",
    operation_id="getWork",
    summary="What you have open yourself",
    responses=WORK_RESPONSES,
)
async def get_work(
    request: Request, after: Annotated[str | None, Query(max_length=1000)] = None
) -> Response:
    """`after`: the `next` of the page before. A name is opened one by one, as a disclosure."""
    who = await caller(request)
    doors = doors_of(request)
    party, seal = who.party.party, doors.seal
    place = _Place() if after is None else _opened(seal, party, after)
    async with doors.entrance.speak(who) as connection:
        rows = await connection.fetch(_SQL["open_items"], party, *place, _PAGE + 1)
        page = rows[:_PAGE]
        opened = await connection.fetch(_SQL["opened"], list({row["case_ref"] for row in page}))
        body: dict[str, Any] = {
            "items": _items(page, seal, party, {row["opened"] for row in opened}),
            "openings_left": await connection.fetchval(_SQL["openings_left"]),
        }
    if len(rows) > _PAGE:
        body["next"] = _sealed(seal, party, page[-1])
    # Sealed twice the cursor is another one: what it stands behind is in the list already.
    said = orjson.dumps({**body, "next": "next" in body})
    headers = {
        "Cache-Control": "no-store",
        "ETag": f'"{hashlib.sha256(said).hexdigest()[:32]}"',
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(orjson.dumps(body), 200, headers, "application/json")


def _items(
    rows: Collection[asyncpg.Record], seal: Seal, party: str, opened: Collection[UUID]
) -> list[dict[str, Any]]:
    return [
        {
            "subject": subject,
            "task": row["task"],
            **({} if row["referral_id"] is None else {"referral_id": str(row["referral_id"])}),
            "due": rfc3339(row["due"]),
            "since": rfc3339(row["since"]),
            "urgent": row["urgent"],
            "opened": row["case_ref"] in opened,
        }
        for row in rows
        if (subject := unreadable.alias(seal, party, row["subject"], "aliases"))
    ]


# A cursor holds a name of a case: it is sealed, and good for who got it.


def _context(party: str) -> str:
    return f"gateway/work/{party}"


def _sealed(seal: Seal, party: str, row: asyncpg.Record) -> str:
    place = [
        row["due"].isoformat(), row["subject"].hex(), row["task"], str(row["referral_id"] or ""),
    ]  # fmt: skip
    return base64.urlsafe_b64encode(seal.seal(orjson.dumps(place), _context(party))).decode()


def _opened(seal: Seal, party: str, cursor: str) -> _Place:
    """Raises RefusedError for what is no cursor of this party's."""
    try:
        sealed = base64.b64decode(cursor.encode("ascii"), b"-_", validate=True)
        due, subject, *rest = orjson.loads(seal.open(sealed, _context(party)))
    except ValueError:
        raise RefusedError("parameter-invalid") from None
    return _Place(datetime.fromisoformat(due), bytes.fromhex(subject), *rest)
