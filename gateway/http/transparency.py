"""GET /v1/transparency: counts of a whole deployment, for anybody; nothing in it is about one person."""

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from throughcare.gateway.http.doors import doors_of
from throughcare.gateway.http.openapi import said_responses
from throughcare.runtime import queries

_SQL = queries.load("throughcare.gateway", "transparency.sql")
router = APIRouter()
#: Demands and looks past consent are told exactly: they are about who made them.
_EXACT = frozenset({"legal-requests", "emergency-access", "disclosures"})
#: Of what people say or ask, no count of fewer than these is told (K25, domain's indicators).
SMALLEST = 5


@router.get(
    "/v1/transparency",
    operation_id="getTransparency",
    summary="How often data was demanded, given out, looked at in an emergency, complained of, forgotten",
    responses=said_responses({"counts": "object", "hidden_below": "integer"}, status=200),
)
async def transparency(request: Request) -> Response:
    """No key is needed. Up to the end of the last month; a small count of what people say or ask is null."""
    counts: dict[str, dict[str, int | None]] = {}
    for row in await doors_of(request).pool.fetch(_SQL["counts"]):
        few = row["what"] not in _EXACT and row["n"] < SMALLEST
        counts.setdefault(row["what"], {})[row["code"]] = None if few else row["n"]
    body = orjson.dumps({"counts": counts, "hidden_below": SMALLEST})
    return Response(body, 200, {"Cache-Control": "max-age=300"}, "application/json")
