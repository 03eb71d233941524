"""POST /v1/facts and POST /v1/commands: one CloudEvent, and what became of it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

import asyncpg
from fastapi import APIRouter, Request
from starlette.responses import Response

from throughcare.contracts.kinds import Command, Fact
from throughcare.gateway.answers import Answer
from throughcare.gateway.cloudevents import Said, read_binary, read_structured
from throughcare.gateway.entrance import Caller, Entrance
from throughcare.gateway.http.doors import (
    Doors,
    body_of,
    caller,
    doors_of,
    language_of,
    outcome_response,
    request_id,
    wait_of,
)
from throughcare.gateway.http.openapi import MESSAGE_RESPONSES, request_body
from throughcare.gateway.metrics import DECIDED_IN, REFUSED, TAKEN
from throughcare.gateway.outcomes import tell
from throughcare.gateway.problems import RefusedError, problem
from throughcare.gateway.taking import Taken, take
from throughcare.runtime import crash
from throughcare.runtime.errors import StaleError
from throughcare.runtime.pool import Connection

#: Takes a message in a transaction of its own; None: the code is nobody's, and that is to be kept.
Taker = Callable[[Connection], Awaitable[Taken | None]]
router = APIRouter()
_TRIES = 8
_STRUCTURED = "application/cloudevents+json"


@router.post(
    "/v1/facts",
    operation_id="postFact",
    summary="Report a fact from custody",
    responses=MESSAGE_RESPONSES,
    openapi_extra=request_body("fact"),
)
async def post_fact(request: Request) -> Response:
    return await _post(request, "facts")


@router.post(
    "/v1/commands",
    operation_id="postCommand",
    summary="Ask for a step",
    responses=MESSAGE_RESPONSES,
    openapi_extra=request_body("command"),
)
async def post_command(request: Request) -> Response:
    return await _post(request, "commands")


async def _post(request: Request, door: Literal["facts", "commands"]) -> Response:
    who = await caller(request)
    said = _read(request.headers, await body_of(request))
    if not isinstance(said.data, Fact if door == "facts" else Command):
        raise RefusedError("wrong-door")
    _check_key(request.headers, said)
    taken, answer = await hand_in(request, who, said)
    if taken.id is None:
        REFUSED.labels("http", "no-case").inc()
        return problem("no-case", request_id(request), language_of(request))
    status = 200 if taken.again else 201
    return outcome_response(request, taken.id, answer, taken.alias, status=status)


async def hand_in(
    request: Request, who: Caller, said: Said, taker: Taker | None = None
) -> tuple[Taken, Answer | None]:
    """Take a message, and wait for what becomes of it as long as the request would."""
    doors, seconds = doors_of(request), wait_of(request)
    started = asyncio.get_running_loop().time()
    taken, future = await _take(doors, who, said, taker)
    TAKEN.labels("http", "again" if taken.again else "taken").inc()
    answer = taken.answer
    if future is not None and taken.id is not None:
        answer = await doors.waiting.wait(taken.id, future, seconds)
        if answer is not None and not taken.again:
            DECIDED_IN.observe(asyncio.get_running_loop().time() - started)
    return taken, answer


async def _take(
    doors: Doors, who: Caller, said: Said, taker: Taker | None
) -> "tuple[Taken, asyncio.Future[Answer | None] | None]":
    """Take it, and hand it over before the next one for the same name gets its turn."""

    async def by_name(connection: Connection) -> Taken:
        return await take(connection, who.party, said, seal=doors.seal)

    async with doors.turns.of(who.party, said):
        try:
            taken = await take_once(doors.entrance, who, taker or by_name)
        except RefusedError as error:
            if error.code == "no-such-case":
                await doors.entrance.deny(who)
            raise
        if taken.id is None or taken.answer is not None:
            return taken, None
        future = doors.waiting.expect(taken.id)
        if taken.relay is not None:
            doors.relay.offer([taken.relay])
    if taken.again:
        await doors.waiting.look()  # it may be decided long since
    return taken, future


def _read(headers: Mapping[str, str], raw: bytes) -> Said:
    media_type, _, parameters = headers.get("content-type", "").partition(";")
    media_type = media_type.strip().lower()
    charset = parameters.lower().replace(" ", "").replace('"', "")
    if "charset=" in charset and "charset=utf-8" not in charset:
        raise RefusedError("content-type-unsupported")
    if media_type == _STRUCTURED:
        return read_structured(raw)
    # In binary mode the type of the data may go without saying.
    if "ce-specversion" in headers and media_type in ("", "application/json"):
        return read_binary(headers, "ce-", raw)
    if media_type == "application/json":
        return read_structured(raw)
    raise RefusedError("content-type-unsupported")


def _check_key(headers: Mapping[str, str], said: Said) -> None:
    """The id of the message is its idempotency key; a header that says so too must agree."""
    key = headers.get("idempotency-key")
    if key is not None and key.strip().strip('"') != said.id:
        raise RefusedError("idempotency-key-mismatch")


async def take_once(entrance: Entrance, who: Caller, taker: Taker) -> Taken:
    """Take a message in a transaction of its own; again where somebody was there first."""
    for attempt in range(_TRIES):
        try:
            async with entrance.speak(who) as connection:
                taken = await taker(connection)
                if taken is not None and taken.answer and not taken.again and taken.id:
                    await tell(
                        connection, entrance.seal, [(who.party.party, taken.alias, taken.answer)]
                    )
            crash.point("door.after_commit")
        except (asyncpg.UniqueViolationError, asyncpg.DeadlockDetectedError, StaleError):
            await asyncio.sleep(0.005 * attempt)
        else:
            if taken is None:
                raise RefusedError("no-such-code")
            return taken
    raise RefusedError("unavailable")
