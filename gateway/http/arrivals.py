"""A hand-over without a name: the code that the person brings; and what the facility that they left may hear."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from throughcare.contracts.codes import MessageId
from throughcare.contracts.commands import COMMANDS
from throughcare.gateway.cloudevents import alias_from, read_said
from throughcare.gateway.http.details import answer_json, read_body
from throughcare.gateway.http.doors import caller, doors_of, outcome_response
from throughcare.gateway.http.messages import hand_in
from throughcare.gateway.http.openapi import model_body, said_responses
from throughcare.gateway.http.timeline import find_case
from throughcare.gateway.person import SQL, arrival_mark, give_arrival_code
from throughcare.gateway.problems import RefusedError
from throughcare.gateway.taking import mark_of
from throughcare.runtime import aliases

router = APIRouter()
_SOURCE = "/arrivals"
_FOUND = {"subject": "string", "referral_id": "string"}
#: What a receiver says when the code arrived, where the contracts have it.
_CONFIRM = next((model for model in COMMANDS if model.name == "confirm-code-arrived"), None)


class Bound(BaseModel):
    """The referral that the code is for."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    referral_id: UUID


class Arrived(BaseModel):
    """The code that a person brought, and an id of one's own for this message."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    code: Annotated[str, Field(min_length=1, max_length=60)]
    id: MessageId


@router.post(
    "/v1/cases/{alias:path}/arrival-codes",
    operation_id="postArrivalCode",
    summary="A code for the person to bring to who accepted, instead of a name",
    responses=said_responses({"code": "string"}, status=201),
    openapi_extra=model_body(Bound),
)
async def post_arrival_code(request: Request, alias: str) -> Response:
    who = await caller(request)
    bound = await read_body(request, Bound)
    doors = doors_of(request)
    case_ref = await find_case(doors.entrance, who, alias)
    code = await give_arrival_code(doors.entrance, doors.seal, who, case_ref, bound.referral_id)
    return answer_json({"code": code}, 201)


@router.post(
    "/v1/arrivals",
    operation_id="postArrival",
    summary="A person came with a code: whose it is among one's own cases",
    responses={
        **said_responses(_FOUND, status=200),
        202: {**said_responses(_FOUND, status=202)[202], "description": "Found; not decided yet."},
    },
    openapi_extra=model_body(Arrived),
)
async def post_arrival(request: Request) -> Response:
    who = await caller(request)
    body = await read_body(request, Arrived)
    doors = doors_of(request)
    async with doors.entrance.attempt(who) as connection:
        row = await connection.fetchrow(SQL["arrived"], arrival_mark(doors.seal, body.code))
        if row is None:
            raise RefusedError("no-such-code")
    alias = aliases.read(doors.seal, who.party.party, row["alias"])
    found = {"subject": alias, "referral_id": str(row["referral_id"])}
    if _CONFIRM is None:
        return answer_json(found)
    said = read_said(_CONFIRM.type, _SOURCE, body.id, {"referral_id": found["referral_id"]}, alias)
    taken, answer = await hand_in(request, who, said)
    assert taken.id is not None  # a case that is known takes what is said about it
    if answer is not None and answer.kind != "decided":
        return outcome_response(request, taken.id, answer, taken.alias, status=200)
    return answer_json(found, 202 if answer is None else 200, f"/v1/outcomes/{taken.id}")


@router.get(
    "/v1/cases/{alias:path}/arrival",
    operation_id="getArrival",
    summary="Whether the person arrived, for a facility that they left and allowed to hear it",
    responses=said_responses({"arrived": "boolean"}, status=200),
)
async def get_arrival(request: Request, alias: str) -> Response:
    """`alias` is the name that the facility had for the case."""
    who = await caller(request)
    doors = doors_of(request)
    name = alias_from(alias)
    async with doors.entrance.attempt(who) as connection:
        arrived: bool | None = None
        if name is not None:
            mark = mark_of(doors.seal, who.party.party, name)
            arrived = await connection.fetchval(SQL["arrival_of"], mark)
        if arrived is None:
            raise RefusedError("no-such-case")
    return answer_json({"arrived": arrived})
