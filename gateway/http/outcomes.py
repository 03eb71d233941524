"""GET /v1/outcomes/{id}: what became of a message of one's own."""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from throughcare.gateway.http.doors import caller, doors_of, outcome_response, wait_of
from throughcare.gateway.http.openapi import OUTCOME_RESPONSES
from throughcare.gateway.problems import RefusedError
from throughcare.gateway.taking import answer_of
from throughcare.runtime import queries, unreadable

_SQL = queries.load("throughcare.gateway", "waiting.sql")
router = APIRouter()


@router.get(
    "/v1/outcomes/{id}",
    operation_id="getOutcome",
    summary="What became of a fact or command",
    responses=OUTCOME_RESPONSES,
)
async def get_outcome(request: Request, id: str) -> Response:
    """`id` is the last part of the Location that came with a fact or command."""
    who = await caller(request)
    try:
        known = UUID(id)
    except ValueError:
        raise RefusedError("no-such-outcome") from None
    if str(known) != id:
        raise RefusedError("no-such-outcome")
    doors = doors_of(request)
    async with doors.entrance.speak(who) as connection:
        row = await connection.fetchrow(_SQL["of_party"], known, who.party.party)
    if row is None:
        # Another party's, or never there: the same answer.
        raise RefusedError("no-such-outcome")
    answer = answer_of(row)
    if answer is None and (seconds := wait_of(request, 0.0)) > 0:
        future = doors.waiting.expect(known)
        await doors.waiting.look()  # it may have come meanwhile
        answer = await doors.waiting.wait(known, future, seconds)
    alias = unreadable.alias(doors.seal, who.party.party, row["alias"], "aliases")
    return outcome_response(request, known, answer, alias, status=200)
