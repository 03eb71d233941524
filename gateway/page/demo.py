"""GET /demo and GET /demo/cases/{code}: only where settings allow it, and only on loopback."""

import time
from datetime import datetime
from importlib.resources import files
from typing import Any

import asyncpg
import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from throughcare.contracts.release_events import (
    CaseClosed,
    DeadlineMissed,
    DeadlinesChanged,
    DeadlineWaived,
    EscalationAcknowledged,
    EscalationCleared,
    EscalationRaised,
)
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
from throughcare.gateway.views import Entry, Reader, shown
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
_READER = Reader("demo-page", frozenset({"monitor"}), frozenset())
#: A promise that is past, whatever became of it.
_PAST = frozenset({DeadlineMissed.type, DeadlineWaived.type})
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
        await connection.execute(_SQL["record_read"], case_ref, _READER.party)
        rows = await connection.fetch(_SQL["entries"], case_ref)
    entries = [_entry(row) for row in rows]
    everything = request.query_params.get("all") == "1"
    html = case_page(
        language,
        code,
        shown(entries, _READER),
        _awaited(entries),
        _alarms(entries),
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


def _entry(row: asyncpg.Record) -> Entry:
    return Entry(
        row["ordinal"], row["occurred_at"], row["recorded_at"], row["kind"], row["type"],
        row["half"], row["version"], orjson.loads(row["data"] or "{}"), row["causation"],
    )  # fmt: skip


def _awaited(entries: list[Entry]) -> list[Due]:
    """The live promises, the nearest first: what was put and neither kept, missed nor dropped."""
    live: dict[tuple[Any, ...], datetime] = {}
    for entry in entries:
        if entry.type == CaseClosed.type:
            return []
        if entry.type in _PAST:
            live.pop(_key(entry.data), None)
        if entry.type != DeadlinesChanged.type:
            continue
        for ended in (*entry.data.get("met", ()), *entry.data.get("dropped", ())):
            live.pop(_key(ended), None)
        for put in entry.data.get("put", ()):
            live[_key(put)] = datetime.fromisoformat(put["due_at"])
    begin = entries[0].occurred_at if entries else None
    nearest = sorted(live.items(), key=lambda item: item[1])[:4]
    return [Due(key[0], (at - begin).days) for key, at in nearest if begin is not None]


def _alarms(entries: list[Entry]) -> list[Alarm]:
    """What is still wrong: raised and not cleared, of each the highest level; the oldest first."""
    raised: dict[tuple[Any, ...], Entry] = {}
    taken_on = set()
    for entry in entries:
        match entry.type:
            case CaseClosed.type:
                return []
            case EscalationRaised.type:
                raised[_key(entry.data)] = entry
            case EscalationAcknowledged.type:
                taken_on.add(entry.data["escalation_id"])
            case EscalationCleared.type:
                raised = {
                    key: one
                    for key, one in raised.items()
                    if one.data["escalation_id"] != entry.data["escalation_id"]
                }
    return [
        Alarm(
            one.data["code"],
            (one.occurred_at - entries[0].occurred_at).days,
            one.data["escalation_id"] in taken_on,
        )
        for one in raised.values()
    ]


def _key(promise: dict[str, Any]) -> tuple[Any, ...]:
    return promise["code"], promise.get("referral_id"), promise.get("step")
