"""More people within an hour than one may open alone: declared by one, authorised by another beforehand."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import Response

from throughcare.gateway.http.details import answer_json, read_body
from throughcare.gateway.http.doors import caller, doors_of
from throughcare.gateway.http.openapi import NOTHING_RESPONSES, model_body, said_responses
from throughcare.gateway.person import SQL
from throughcare.gateway.problems import Place, RefusedError
from throughcare.runtime.ids import new_id

router = APIRouter()
_LONGEST = timedelta(hours=24)


_Moment = Annotated[
    AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC))
]


class Batch(BaseModel):
    """How many people at most, from when until when; real time, at most 24 hours."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    most: Annotated[int, Field(ge=1, le=1000)]
    from_at: Annotated[_Moment, Field(alias="from")]
    until: _Moment


@router.post(
    "/v1/batches",
    operation_id="postBatch",
    summary="Declare a day on which more people are opened than one may alone",
    responses=said_responses({"id": "string"}, status=201),
    openapi_extra=model_body(Batch),
)
async def post_batch(request: Request) -> Response:
    who = await caller(request)
    batch = await read_body(request, Batch)
    if not timedelta(0) < batch.until - batch.from_at <= _LONGEST:
        raise RefusedError("fields", places=[Place("/until", "out_of_range")])
    made = new_id()
    async with doors_of(request).entrance.speak(who) as connection:
        await connection.execute(SQL["declare_batch"], made, batch.most, batch.from_at, batch.until)
    return answer_json({"id": str(made)}, 201)


@router.post(
    "/v1/batches/{id}/authorisation",
    operation_id="postBatchAuthorisation",
    summary="Authorise what another one of the same party declared",
    status_code=204,
    responses=NOTHING_RESPONSES,
)
async def post_authorisation(request: Request, id: str) -> Response:
    who = await caller(request)
    async with doors_of(request).entrance.attempt(who) as connection:
        refusal: str | None = "no-such-batch"
        if (known := _read_id(id)) is not None:
            refusal = await connection.fetchval(SQL["authorise_batch"], known)
        if refusal is not None:
            raise RefusedError(refusal)
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


def _read_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
