"""GET /demo and GET /demo/cases/{code}: only where settings allow it, and only on loopback."""

import time
from datetime import datetime
from importlib.resources import files

import asyncpg
import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from throughcare.gateway.http.doors import doors_of, language_of
from throughcare.gateway.page.render import (
    Alarm,
    Coming,
    Due,
    Known,
    case_page,
    gate_page,
    missing_page,
)
from throughcare.gateway.problems import Language, RefusedError
from throughcare.runtime import aliases, queries
from throughcare.runtime.seal import Seal
from throughcare.runtime.settings import Settings

_SQL = queries.load("throughcare.gateway.page")
_STYLE = files("throughcare.gateway.page").joinpath("style.css").read_bytes()
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
#: Whoever looks at the page reads as a monitor does; the log names the page.
_READER = "demo-page"
#: Real seconds without a step after which the demonstration is over.
_STILL_S = 20.0
_READING = ["GET", "HEAD"]
router = APIRouter(include_in_schema=False)


def is_wanted(settings: Settings) -> bool:
    """Whether the page may be served at all."""
    return settings.demo_page and settings.http.host in _LOOPBACK


class _Moving:
    """Whether domain time has moved lately: then the demonstration runs."""

    def __init__(self) -> None:
        self._seen: datetime | None = None
        self._moved_at = 0.0

    def at(self, now: datetime) -> bool:
        if now != self._seen:
            self._seen, self._moved_at = now, time.monotonic()
        return time.monotonic() - self._moved_at < _STILL_S


_moving = _Moving()


@router.api_route("/demo", methods=_READING)
async def gate_list(request: Request) -> Response:
    language = _language(request)
    pool, seal = doors_of(request).pool, doors_of(request).seal
    now: datetime = await pool.fetchval(_SQL["now"])
    coming = [_coming(row, _code(seal, row)) for row in await pool.fetch(_SQL["coming"])]
    known = [
        Known(_code(seal, row) or "", row["stage"] or "opened", row["ended_at"])
        for row in await pool.fetch(_SQL["known"])
    ]
    is_live = _moving.at(now)
    return _html(gate_page(language, now, coming, known, is_live=is_live), language)


@router.api_route("/demo/cases/{code}", methods=_READING)
async def case(request: Request, code: str) -> Response:
    language = _language(request)
    pool, seal = doors_of(request).pool, doors_of(request).seal
    monitors = [row["party"] for row in await pool.fetch(_SQL["monitors"])]
    hidden = [aliases.hide(seal, monitor, code) for monitor in monitors]
    case_ref = await pool.fetchval(_SQL["case_of_code"], monitors, hidden)
    if case_ref is None:
        return _html(missing_page(language), language, 404)
    async with pool.acquire() as connection, connection.transaction():
        steps = await connection.fetch(_SQL["audited"], case_ref, _READER)
        awaited = await connection.fetch(_SQL["awaited"], case_ref)
    everything = request.query_params.get("all") == "1"
    html = case_page(
        language,
        code,
        [{**step, "data": orjson.loads(step["data"])} for step in steps],
        [Due(row["code"], row["day"]) for row in awaited if row["taken_on"] is None],
        [Alarm(**row) for row in awaited if row["taken_on"] is not None],
        everything=everything,
    )
    return _html(html, language)


@router.api_route("/demo/style.css", methods=_READING)
async def style(request: Request) -> Response:
    _check_host(request)
    return Response(_STYLE, 200, {"Cache-Control": "max-age=300"}, "text/css")


def _language(request: Request) -> Language:
    _check_host(request)
    match request.query_params.get("lang"):
        case "ru":
            return "ru"
        case "en":
            return "en"
        case _:
            return language_of(request)


def _check_host(request: Request) -> None:
    """A page elsewhere must not read this one under a name that it made point here."""
    if request.url.hostname not in _LOOPBACK:
        raise RefusedError("not-found")


def _html(html: str, language: Language, status: int = 200) -> Response:
    return Response(html, status, {**_HEADERS, "Content-Language": language}, "text/html")


def _code(seal: Seal, row: asyncpg.Record) -> str | None:
    """What monitors call the case."""
    hidden: bytes | None = row["alias"]
    return aliases.read(seal, row["party"], hidden)


def _coming(row: asyncpg.Record, code: str | None) -> Coming:
    has = {
        "consent": row["consent"] == "granted",
        "plan": row["planned"],
        "receiver": row["placed"],
        "readiness": row["ready"],
    }
    lacks = tuple(name for name, there in has.items() if not there)
    return Coming(code, row["facility"], row["expected_release_on"], row["stage"], lacks)
