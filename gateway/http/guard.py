"""Before any handler: what no request may be, and no error that leaves as anything but a problem."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from throughcare.gateway.cloudevents import MAX_BYTES
from throughcare.gateway.http.doors import language_of, refuse, request_id
from throughcare.gateway.problems import RefusedError, problem
from throughcare.runtime import log
from throughcare.runtime.errors import Meaning, fingerprint, meaning_of
from throughcare.runtime.ids import new_id

_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
#: To who may ask again: a dependency or this process is away for a moment. Seconds.
_SOON = {"Retry-After": "2"}


class Guard:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._log = log.get("http")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        scope["throughcare.request_id"] = str(new_id())
        started = False

        async def say(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _add_headers(message)
            await send(message)

        request = Request(scope, receive)
        try:
            check_head(request)
            await self._app(scope, receive, say)
        except RefusedError as error:
            if not started:
                await refuse(request, error)(scope, receive, say)
        except asyncio.CancelledError:
            # The process stops, and this is all that is left of the request: uvicorn would say 500.
            if not started:
                gone = problem(
                    "unavailable", request_id(request), language_of(request), headers=_SOON
                )
                await gone(scope, receive, say)
        except Exception as error:  # noqa: BLE001 - told by `failed`, which the application calls first
            self._log.error(
                "request failed", request=str(request_id(request)), error=fingerprint(error)
            )
            if not started:
                await (await failed(request, error))(scope, receive, say)


async def failed(request: Request, error: Exception) -> Response:
    """The problem for what no handler expected; a dependency that is away may be back soon."""
    code = "unavailable" if meaning_of(error) is not Meaning.POISON else "internal"
    return problem(code, request_id(request), language_of(request), headers=_SOON)


def check_head(request: Request) -> None:
    """What can be refused before a byte of the body is read. Raises RefusedError."""
    headers = request.headers
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise RefusedError("content-encoding-unsupported")
    if (length := headers.get("content-length")) is not None:
        if not length.isdecimal() or len(length) > 15:
            raise RefusedError("header-invalid")
        if int(length) > MAX_BYTES:
            raise RefusedError("too-large")


def _add_headers(message: MutableMapping[str, Any]) -> None:
    message["headers"] = [*message.get("headers", ()), *_HEADERS]
