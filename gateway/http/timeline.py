"""GET /v1/cases/{alias}/timeline: what happened to a case, as far as the reader may know."""

import asyncio
import re
from typing import Annotated, NamedTuple
from uuid import UUID

import asyncpg
import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from throughcare.contracts.envelope import rfc3339
from throughcare.gateway.cloudevents import alias_from
from throughcare.gateway.entrance import Caller, Entrance
from throughcare.gateway.http.doors import caller, doors_of, wait_of
from throughcare.gateway.http.openapi import TIMELINE_RESPONSES
from throughcare.gateway.parties import Party
from throughcare.gateway.problems import RefusedError
from throughcare.runtime import aliases, queries
from throughcare.runtime.pool import Connection

_SQL = queries.load("throughcare.gateway", "timeline.sql")
router = APIRouter()
_VERSIONS = re.compile(r"(?:intake\.(\d{1,9}))?,?(?:release\.(\d{1,9}))?")


class Versions(NamedTuple):
    intake: int
    release: int


@router.get(
    "/v1/cases/{alias:path}/timeline",
    operation_id="getTimeline",
    summary="What happened to a case",
    responses=TIMELINE_RESPONSES,
)
async def get_timeline(
    request: Request,
    alias: str,
    min_version: Annotated[str | None, Query(alias="min-version", max_length=60)] = None,
) -> Response:
    """`min-version`, as in `intake.3,release.2`: wait until both halves have come so far.

    No further than outcomes of your own have told you: beyond that the answer is `not-yet`.
    """
    who = await caller(request)
    entrance = doors_of(request).entrance
    wanted = _wanted(min_version)
    case_ref = await find_case(entrance, who, alias)
    if wanted is not None:
        await _reach(entrance, who, case_ref, wanted, wait_of(request))
    async with entrance.speak(who) as connection:
        body = await read_timeline(connection, who.party, alias, case_ref)
    return Response(orjson.dumps(body), 200, {"Cache-Control": "no-store"}, "application/json")


async def find_case(entrance: Entrance, who: Caller, alias: str) -> UUID:
    """The case that a party calls so. What it may not see is, to it, not there; the log knows."""
    name = alias_from(alias)
    async with entrance.attempt(who) as connection:
        case_ref: UUID | None = None
        if name is not None:
            hidden = aliases.hide(entrance.seal, who.party.party, name)
            case_ref = await connection.fetchval(_SQL["resolve"], who.party.party, hidden)
        if case_ref is None:
            raise RefusedError("no-such-case")
    return case_ref


async def read_timeline(
    connection: Connection, party: Party, alias: str, case_ref: UUID
) -> dict[str, object]:
    """The timeline as the database shows it to a party; the reading is a leaf with the same commit."""
    rows = await connection.fetch(_SQL["shown"], case_ref, party.party)
    # How far it has come would tell others of steps that they are not shown.
    reached = {"intake": rows[0]["intake_version"], "release": rows[0]["release_version"]}
    return {
        "subject": alias,
        **({"versions": reached} if rows[0]["cares"] else {}),
        "entries": [_entry(row) for row in rows if row["ordinal"] is not None],
    }


def _entry(row: asyncpg.Record) -> dict[str, object]:
    """Moments and a version only of what is seen in full; of the rest a date (UTC), for a monitor a day."""
    said = {name: row[name] for name in ("kind", "type", "half")}
    data = {} if row["data"] is None else {"data": orjson.loads(row["data"])}
    if row["day"] is not None:
        return {"ordinal": row["ordinal"], "day": row["day"], **said, **data}
    if row["occurred_at"] is None:
        return {"ordinal": row["ordinal"], "occurred_on": row["occurred_on"].isoformat(), **said}
    times = {name: rfc3339(row[name]) for name in ("occurred_at", "recorded_at")}
    return {"ordinal": row["ordinal"], **times, **said, "version": row["version"], **data}


def _wanted(text: str | None) -> Versions | None:
    if text is None:
        return None
    found = _VERSIONS.fullmatch(text)
    if found is None or not text:
        raise RefusedError("parameter-invalid")
    return Versions(int(found[1] or 0), int(found[2] or 0))


async def _reach(
    entrance: Entrance, who: Caller, case_ref: UUID, wanted: Versions, seconds: float
) -> None:
    """Wait until the timeline has come as far as wanted. Raises RefusedError `not-yet`.

    Also at once where the party wants more than it was told: nobody finds out by asking how far a case has come.
    """
    async with entrance.speak(who) as connection:
        told = await connection.fetchrow(_SQL["told"], case_ref, who.party.party)
    assert told is not None
    if wanted.intake > told["intake"] or wanted.release > told["release"]:
        raise RefusedError("not-yet")
    loop = asyncio.get_running_loop()
    give_up = loop.time() + seconds
    pause = 0.01
    while True:
        async with entrance.speak(who) as connection:
            row = await connection.fetchrow(_SQL["reached"], case_ref)
        assert row is not None
        if row["intake_version"] >= wanted.intake and row["release_version"] >= wanted.release:
            return
        if loop.time() + pause > give_up:
            raise RefusedError("not-yet")
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, 0.2)
