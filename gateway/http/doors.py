"""What every handler of the HTTP door has in its hands, and what they do alike."""

import asyncio
import re
from typing import NamedTuple
from uuid import UUID
from weakref import WeakValueDictionary

from fastapi import Request
from starlette.responses import Response

from throughcare.gateway.answers import Answer, told
from throughcare.gateway.cloudevents import MAX_BYTES, Said
from throughcare.gateway.entrance import Caller, Entrance
from throughcare.gateway.gate import Gate
from throughcare.gateway.metrics import REFUSED
from throughcare.gateway.parties import Party
from throughcare.gateway.problems import Language, RefusedError, problem
from throughcare.gateway.relay import Relay
from throughcare.gateway.waiting import Waiting
from throughcare.runtime.pool import Pool
from throughcare.runtime.seal import Seal

_BODY_WITHIN_S = 10.0
WAIT_DEFAULT_S = 5.0
WAIT_MAX_S = 30.0
_PREFER_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,6})\"?\s*(?=$|[,;])", re.IGNORECASE)


class Turns:
    """One at a time for a party's name of a case.

    The row's lock would do that too, but whoever waits there holds a connection that others need.
    """

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    def of(self, party: Party, said: Said) -> asyncio.Lock:
        """The turn for a message; to be held until it is handed over."""
        return self._locks.setdefault((party.party, said.alias or said.id), asyncio.Lock())


class Doors(NamedTuple):
    #: The gateway's own connections: for what is nobody's request.
    pool: Pool
    entrance: Entrance
    gate: Gate
    relay: Relay
    waiting: Waiting
    turns: Turns

    @property
    def seal(self) -> Seal:
        """What names are hidden with, and codes marked."""
        return self.entrance.seal


def doors_of(request: Request) -> Doors:
    doors: Doors = request.app.state.doors
    return doors


def request_id(request: Request) -> UUID:
    """Made by the guard for each request; it finds the request in the logs."""
    return UUID(request.scope["throughcare.request_id"])


async def caller(request: Request) -> Caller:
    """The party whose key came with the request. Raises RefusedError."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise RefusedError("key-missing")
    found = await doors_of(request).entrance.who(key.strip())
    request.scope["throughcare.language"] = found.party.language
    return found


def language_of(request: Request) -> Language:
    """Russian if the request, or else the party, prefers it to English."""
    for tag in request.headers.get("accept-language", "").lower().split(","):
        match tag.strip().partition(";")[0].partition("-")[0]:
            case "ru":
                return "ru"
            case "en":
                return "en"
            case _:
                continue
    return "ru" if request.scope.get("throughcare.language") == "ru" else "en"


def refuse(request: Request, error: RefusedError) -> Response:
    """The problem that says why not."""
    REFUSED.labels("http", error.code).inc()
    headers = {}
    if error.code.startswith("key-"):
        headers["WWW-Authenticate"] = 'Bearer realm="throughcare"'
    if error.code in ("not-yet", "unavailable"):
        headers["Retry-After"] = "1"
    return problem(
        error.code,
        request_id(request),
        language_of(request),
        places=error.places,
        headers=headers,
    )


async def body_of(request: Request) -> bytes:
    """The body, bounded in size and time. Raises RefusedError."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_BODY_WITHIN_S):
            async for part in request.stream():
                size += len(part)
                if size > MAX_BYTES:
                    raise RefusedError("too-large")
                parts.append(part)
    except TimeoutError:
        raise RefusedError("too-slow") from None
    return b"".join(parts)


def wait_of(request: Request, default: float = WAIT_DEFAULT_S) -> float:
    """Seconds the caller would wait (RFC 7240 `Prefer`): `wait=N`, or none with `respond-async`."""
    prefer = ",".join(request.headers.getlist("prefer"))
    if (found := _PREFER_WAIT.search(prefer)) is not None:
        return min(float(found[1]), WAIT_MAX_S)
    return 0.0 if "respond-async" in prefer.lower() else default


def outcome_response(
    request: Request, id: UUID, said: Answer | None, alias: str | None, *, status: int
) -> Response:
    """What became of a message; `status` is that of a decided one."""
    location = f"/v1/outcomes/{id}"
    headers = {"Location": location, "Cache-Control": "no-store"}
    if said is None:
        headers["Retry-After"] = "1"
        return Response(
            b'{"outcome":"undecided","id":"%s"}' % str(id).encode(), 202, headers,
            "application/json",
        )  # fmt: skip
    if said.kind == "refused":
        return problem(
            said.refusal_code or "refused",
            request_id(request),
            language_of(request),
            headers=headers,
            extra={"outcome": location},
        )
    match said.kind:
        case "decided":
            code = status
        case "parked" | "dead-letter":
            code = 202  # kept, and it takes longer than anybody waits
        case _:
            code = 200
    return Response(told(said, alias), code, headers, "application/cloudevents+json")
