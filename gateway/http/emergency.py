"""POST …/emergency-access: the glass is broken, and somebody looks at it within 72 hours (D29)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from throughcare.contracts.codes import EmergencyReason
from throughcare.contracts.rights_commands import ReportEmergencyAccess
from throughcare.gateway.cloudevents import Said, alias_from
from throughcare.gateway.http.details import SealedClass, answer_json, read_body, told
from throughcare.gateway.http.doors import caller, doors_of
from throughcare.gateway.http.openapi import model_body, said_responses
from throughcare.gateway.http.timeline import find_case
from throughcare.gateway.taking import ToRelay, take
from throughcare.runtime.pool import Connection

router = APIRouter()


class Emergency(BaseModel):
    """Which classes, and why it cannot wait."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    data_classes: Annotated[tuple[SealedClass, ...], Field(min_length=1, max_length=4)]
    reason_code: EmergencyReason


@router.post(
    "/v1/cases/{alias:path}/emergency-access",
    operation_id="postEmergencyAccess",
    summary="In a medical emergency: the least that is needed, looked at by somebody within 72 hours",
    responses=said_responses(
        {"disclosure": "string", "purpose": "string", "notice": "object", "details": "object"},
        status=201,
    ),
    openapi_extra=model_body(Emergency),
)
async def post_emergency_access(request: Request, alias: str) -> Response:
    who = await caller(request)
    wanted = await read_body(request, Emergency)
    doors = doors_of(request)
    case_ref = await find_case(doors.entrance, who, alias)
    name = alias_from(alias)
    relayed: list[ToRelay] = []

    async def report(connection: Connection, disclosure: UUID) -> None:
        """Whoever reviews it hears of it, or nothing is handed out."""
        gate = who.party._replace(roles=("system",))
        command = ReportEmergencyAccess(
            reason_code=wanted.reason_code, data_classes=tuple(sorted(set(wanted.data_classes)))
        )
        said = Said("/gate", str(disclosure), name, None, command, disclosure.bytes)
        taken = await take(connection, gate, said, seal=doors.seal)
        if taken.relay is not None:
            relayed.append(taken.relay)

    said = await doors.gate.break_glass(
        who, case_ref, wanted.data_classes, wanted.reason_code, report
    )
    doors.relay.offer(relayed)
    return answer_json(told(said), 201)
