"""GET /v1/owed: what a party that lost its permission still has to say about what it holds (D23)."""

import asyncpg
import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from throughcare.contracts.care_commands import AcknowledgeWithdrawal
from throughcare.contracts.envelope import rfc3339
from throughcare.gateway.http.doors import caller, doors_of
from throughcare.gateway.http.openapi import OWED_RESPONSES
from throughcare.runtime import queries, unreadable

_SQL = queries.load("throughcare.gateway", "owed.sql")
#: At a time; the next ones come once some are answered.
_AT_MOST = 200
router = APIRouter()


@router.get(
    "/v1/owed",
    operation_id="listOwed",
    summary="Which answers of one's own are open after permission ended",
    responses=OWED_RESPONSES,
)
async def list_owed(request: Request) -> Response:
    """The oldest first, 200 at most. An answer goes away once it was given."""
    who = await caller(request)
    entrance = doors_of(request).entrance
    async with entrance.speak(who) as connection:
        rows = await connection.fetch(_SQL["owed"], who.party.party, _AT_MOST)
        for row in rows:
            await connection.execute(_SQL["record_read"], row["case_ref"], who.party.party)
    body = {
        "owed": [
            _shown(row, subject)
            for row in rows
            if (
                subject := unreadable.alias(entrance.seal, who.party.party, row["alias"], "aliases")
            )
        ]
    }
    return Response(orjson.dumps(body), 200, {"Cache-Control": "no-store"}, "application/json")


def _shown(row: asyncpg.Record, subject: str) -> dict[str, str]:
    return {
        "subject": subject,
        "referral_id": str(row["referral_id"]),
        "asked": AcknowledgeWithdrawal.type,
        "due": rfc3339(row["due_at"]),
    }
