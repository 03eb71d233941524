"""Who a person is, in and out: PUT …/details/{class} and POST …/disclosures.

Nothing of it stands in an address, a log line or an error: a refusal names the field, never its value.
"""

from typing import Annotated, Any, Literal, TypeVar

import orjson
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import Response

from throughcare.contracts.codes import Purpose
from throughcare.gateway import strict_json
from throughcare.gateway.gate import Disclosed
from throughcare.gateway.http.doors import body_of, caller, doors_of
from throughcare.gateway.http.openapi import model_body, said_responses
from throughcare.gateway.http.timeline import find_case
from throughcare.gateway.problems import Place, RefusedError
from throughcare.services.intake.details import DETAILS, Details

router = APIRouter()
_NO_STORE = {"Cache-Control": "no-store"}
_Model = TypeVar("_Model", bound=BaseModel)


#: What the vault holds; P0 and P5 are what a timeline tells.
SealedClass = Literal["P1", "P2", "P3", "P4"]


class Wanted(BaseModel):
    """Which classes, for what."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    data_classes: Annotated[tuple[SealedClass, ...], Field(min_length=1, max_length=4)]
    purpose: Purpose


@router.put(
    "/v1/cases/{alias:path}/details/{data_class}",
    operation_id="putDetails",
    summary="Enter what is known of a person, of one class; again to correct it",
    responses=said_responses({"data_class": "string", "version": "integer"}, status=200),
    openapi_extra=model_body(*DETAILS.values()),
)
async def put_details(request: Request, alias: str, data_class: str) -> Response:
    who = await caller(request)
    model = DETAILS.get(data_class)
    if model is None:
        raise RefusedError("no-such-class")
    details: Details = await read_body(request, model)
    doors = doors_of(request)
    case_ref = await find_case(doors.entrance, who, alias)
    version = await doors.gate.enter(who, case_ref, details)
    return answer_json({"data_class": data_class, "version": version})


@router.post(
    "/v1/cases/{alias:path}/disclosures",
    operation_id="postDisclosure",
    summary="Be told who a person is, for a purpose that the person allowed",
    responses=said_responses(
        {"disclosure": "string", "purpose": "string", "until": "string", "notice": "object",
         "details": "object"}, status=201,
    ),
    openapi_extra=model_body(Wanted),
)  # fmt: skip
async def post_disclosure(request: Request, alias: str) -> Response:
    who = await caller(request)
    wanted = await read_body(request, Wanted)
    doors = doors_of(request)
    case_ref = await find_case(doors.entrance, who, alias)
    said = await doors.gate.disclose(who, case_ref, wanted.data_classes, wanted.purpose)
    return answer_json(told(said), 201)


async def read_body(request: Request, model: type[_Model]) -> _Model:
    """The body as a model. Raises RefusedError that names fields and rules, never a value."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise RefusedError("json-needed")
    try:
        return model.model_validate_json(orjson.dumps(strict_json.loads(await body_of(request))))
    except ValidationError as error:
        found = error.errors(include_input=False, include_context=False, include_url=False)
        # An unknown name may be data that stands in the wrong place: it is not repeated.
        places = [
            Place("" if one["type"] == "extra_forbidden" else _pointer(one["loc"]), one["type"])
            for one in found[:20]
        ]
        raise RefusedError("fields", places=places) from None


def _pointer(location: tuple[int | str, ...]) -> str:
    return "".join(f"/{part}" for part in location)


def told(said: Disclosed) -> dict[str, Any]:
    body: dict[str, Any] = {
        "disclosure": str(said.id),
        "purpose": said.purpose,
        "notice": said.notice._asdict(),
        "details": said.details,
    }
    return body if said.until is None else {**body, "until": said.until.isoformat()}


def answer_json(body: object, status: int = 200, location: str | None = None) -> Response:
    headers = _NO_STORE if location is None else {**_NO_STORE, "Location": location}
    return Response(orjson.dumps(body), status, headers, "application/json")
