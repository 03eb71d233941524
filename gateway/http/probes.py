"""/livez, /readyz, /metrics: for whoever runs it; no key, no log."""

import asyncio

import asyncpg
import orjson
from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import PlainTextResponse, Response

from throughcare.gateway.http.doors import doors_of
from throughcare.runtime import queries
from throughcare.runtime.process import Process

_SQL = queries.load("throughcare.gateway", "probes.sql")
router = APIRouter()
_NO_STORE = {"Cache-Control": "no-store"}


@router.get("/livez", operation_id="livez", summary="The process runs")
async def livez() -> Response:
    return Response(b'{"status":"ok"}', 200, _NO_STORE, "application/json")


@router.get("/readyz", operation_id="readyz", summary="Messages can be taken and decided",
            responses={503: {"description": "Not at the moment."}})  # fmt: skip
async def readyz(request: Request) -> Response:
    process: Process = request.app.state.process
    checks = {"postgres": await _database_answers(request), "kafka": bool(process.owned)}
    ready = all(checks.values()) and not process.stopping.is_set()
    body = {"status": "ok" if ready else "unavailable",
            "checks": {name: "ok" if fine else "failed" for name, fine in checks.items()}}  # fmt: skip
    return Response(orjson.dumps(body), 200 if ready else 503, _NO_STORE, "application/json")


async def _database_answers(request: Request) -> bool:
    try:
        async with asyncio.timeout(2):
            await doors_of(request).pool.fetchval(_SQL["answers"])
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
        return False
    return True


@router.get("/metrics", operation_id="metrics", summary="Metrics for Prometheus",
            response_class=PlainTextResponse)  # fmt: skip
async def metrics() -> Response:
    return Response(generate_latest(), 200, _NO_STORE, CONTENT_TYPE_LATEST)
