"""The person at a desk: a code of their own, the sheet of who was told what, and what they say with the code.

Codes come in bodies only: an address stands in logs.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from throughcare.contracts.codes import MessageId
from throughcare.gateway.cloudevents import read_said
from throughcare.gateway.http.details import answer_json, read_body
from throughcare.gateway.http.doors import (
    caller,
    doors_of,
    language_of,
    outcome_response,
)
from throughcare.gateway.http.messages import hand_in
from throughcare.gateway.http.openapi import (
    MESSAGE_RESPONSES,
    SHEET_RESPONSES,
    model_body,
    said_responses,
)
from throughcare.gateway.http.timeline import find_case
from throughcare.gateway.page import sheet
from throughcare.gateway.person import (
    PERSON_SAYS,
    SOURCE,
    give_person_code,
    read_sheet,
    take_said,
)
from throughcare.gateway.problems import RefusedError
from throughcare.gateway.taking import Taken
from throughcare.runtime.pool import Connection

router = APIRouter()


class _WithCode(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    code: Annotated[str, Field(min_length=1, max_length=60, description="The person's own code.")]


class CodeWanted(BaseModel):
    """Another code in place of the one that the person has."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    old_code: Annotated[str, Field(min_length=1, max_length=60)] | None = None


class SheetWanted(_WithCode):
    """The sheet of the person whose code it is."""

    language: Literal["en", "ru"] | None = None


class PersonSays(_WithCode):
    """What the person says: as for POST /v1/commands, without a subject."""

    type: Annotated[str, Field(max_length=200, json_schema_extra={"enum": sorted(PERSON_SAYS)})]
    id: MessageId
    data: Annotated[dict[str, Any], Field(default_factory=dict)]


@router.post(
    "/v1/cases/{alias:path}/person-code",
    operation_id="postPersonCode",
    summary="A code that only the person holds; another one only with the one they have",
    responses=said_responses({"code": "string"}, status=201),
    openapi_extra=model_body(CodeWanted),
)
async def post_person_code(request: Request, alias: str) -> Response:
    """Without a body the first one. Who lost theirs turns to whoever answers for data."""
    who = await caller(request)
    old = None
    if request.headers.get("content-length", "0") != "0":
        old = (await read_body(request, CodeWanted)).old_code
    doors = doors_of(request)
    case_ref = await find_case(doors.entrance, who, alias)
    code = await give_person_code(doors.entrance, doors.seal, who, case_ref, old)
    return answer_json({"code": code}, 201)


@router.post(
    "/v1/person/sheet",
    operation_id="postPersonSheet",
    summary="Who was told what about the person, when and why: as data, or as a page to print",
    responses=SHEET_RESPONSES,
    openapi_extra=model_body(SheetWanted),
)
async def post_person_sheet(request: Request) -> Response:
    who = await caller(request)
    wanted = await read_body(request, SheetWanted)
    doors = doors_of(request)
    found = await read_sheet(doors.entrance, doors.seal, who, wanted.code)
    language = wanted.language or language_of(request)
    if "text/html" in request.headers.get("accept", "").lower():
        html = sheet.page(found, language, who.party.country)
        headers = {**sheet.HEADERS, "Content-Language": language}
        return Response(html, 200, headers, "text/html")
    return answer_json(sheet.data(found, language))


@router.post(
    "/v1/person/commands",
    operation_id="postPersonCommand",
    summary="What the person says with their code, at any desk",
    responses=MESSAGE_RESPONSES,
    openapi_extra=model_body(PersonSays),
)
async def post_person_command(request: Request) -> Response:
    who = await caller(request)
    body = await read_body(request, PersonSays)
    said = read_said(body.type, SOURCE, body.id, body.data)
    if said.data.type not in PERSON_SAYS:
        raise RefusedError("not-for-the-person")
    seal = doors_of(request).seal

    async def by_code(connection: Connection) -> Taken | None:
        return await take_said(connection, seal, who, body.code, said)

    taken, answer = await hand_in(request, who, said, by_code)
    assert taken.id is not None  # a case that is known takes what is said about it
    status = 200 if taken.again else 201
    return outcome_response(request, taken.id, answer, None, status=status)
