"""The application: its routes, and every error of the framework as a problem."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp

from throughcare.gateway.http import (
    arrivals,
    batches,
    details,
    emergency,
    messages,
    outcomes,
    owed,
    person,
    probes,
    timeline,
    transparency,
    work,
)
from throughcare.gateway.http.doors import Doors, language_of, refuse, request_id
from throughcare.gateway.http.guard import Guard, failed
from throughcare.gateway.page import demo
from throughcare.gateway.problems import RefusedError, problem
from throughcare.runtime.process import Process

_FRAMEWORK = {404: "not-found", 405: "method-not-allowed"}


def application(process: Process, doors: Doors) -> ASGIApp:
    app = FastAPI(
        title="Throughcare",
        version="1",
        summary="Carries the thread between prison and care.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # Its records would hold exception messages.
        telemetry={"logs": False, "tracing": False, "metrics": False},
    )
    app.state.process = process
    app.state.doors = doors
    for part in (
        details, emergency, person, arrivals, batches, messages, outcomes, owed, timeline,
        transparency, work, probes,
    ):  # fmt: skip
        app.include_router(part.router)
    if demo.is_wanted(process.settings):
        app.include_router(demo.router)
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(HTTPException, _framework)
    app.add_exception_handler(RequestValidationError, _parameters)
    app.add_exception_handler(Exception, failed)
    return Guard(app)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    return refuse(request, error)


async def _framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _FRAMEWORK.get(error.status_code, "bad-request")
    headers = {k: v for k, v in (error.headers or {}).items() if k.lower() == "allow"}
    return problem(code, request_id(request), language_of(request), headers=headers)


async def _parameters(request: Request, _: Exception) -> Response:
    return problem("parameter-invalid", request_id(request), language_of(request))
