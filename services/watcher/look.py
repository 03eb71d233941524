"""One look: read what was said since, find what is wrong, write it down, tell somebody."""

import json
from collections.abc import Callable, Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg

from throughcare.services.watcher import feed, store
from throughcare.services.watcher.case import Case, read
from throughcare.services.watcher.store import SQL, Connection, Stored

_STRETCH = 500

#: What can be wrong, the worst first; and how a mail says it.
KINDS = {
    "nobody-met": "released, and nobody has the thread",
    "date-passed": "a date passed without a word, and nobody has the thread",
    "case-halted": "cases stand still in a service",
    "events-missing": "a hole in what is stored",
    "event-unreadable": "stored events cannot be read",
    "check-broken": "a check could not be made",
    "service-silent": "services are silent",
    "feed-silent": "prisons that sent facts are silent, and people there wait for a release",
    "commands-waiting": "something taken is undecided for five minutes",
    "journal-unsaid": "journals are not published for five minutes",
    "reader-behind": "readers stand still for five minutes",
    "checkpoint-old": "the log is unsigned for ten minutes",
}


class Alarm(NamedTuple):
    kind: str
    subject: str


class Found(NamedTuple):
    """What one look came to."""

    alarms: frozenset[Alarm]
    #: Kinds that were looked at; others keep what they had.
    seen: frozenset[str]


class _Read(NamedTuple):
    moved: int
    alarms: set[Alarm]


async def look(
    connection: Connection, services: Sequence[str], up_s: float, feed_days: int = feed.DAYS
) -> Found:
    """Read on, check, and write down; `up_s`: seconds this process has been up.

    `feed_days`: working days that a prison's system may be silent.
    """
    alarms: set[Alarm] = set()
    for half in ("intake", "release"):
        try:
            alarms |= await _read_all(connection, half)
        except asyncpg.PostgresError:
            alarms.add(Alarm("check-broken", f"read {half}"))
    async with connection.transaction():
        await connection.fetch(SQL["hold_state"])
        found = await _check(connection, alarms, services, up_s, feed_days)
        kinds = [alarm.kind for alarm in found.alarms]
        subjects = [alarm.subject for alarm in found.alarms]
        await connection.execute(SQL["raise_alarms"], kinds, subjects)
        await connection.execute(SQL["clear_alarms"], kinds, subjects, sorted(found.seen))
        await connection.execute(SQL["end_look"], up_s)
    return found


async def _read_all(connection: Connection, half: str) -> set[Alarm]:
    """Read a half to its end, a stretch a transaction."""
    alarms: set[Alarm] = set()
    while True:
        async with connection.transaction():
            await connection.fetch(SQL["hold_state"])
            said = await _read_on(connection, half)
        alarms |= said.alarms
        if not said.moved:
            return alarms


async def _read_on(connection: Connection, half: str) -> _Read:
    """Fold the next stretch of each partition; a hole stops its partition until it is filled."""
    alarms: set[Alarm] = set()
    reached: dict[int, int] = {}
    taken: list[Stored] = []
    for event in await store.next_events(connection, half, _STRETCH):
        before = reached.get(event.partition, event.read_to)
        if event.position != before + 1:
            alarms.add(Alarm("events-missing", f"{half}/{event.partition}"))
            continue
        reached[event.partition] = event.position
        taken.append(event)
    if not taken:
        return _Read(0, alarms)
    cases = await store.read_cases(connection, list({event.case_ref for event in taken}))
    changed: dict[UUID, Case] = {}
    for event in taken:
        case = cases[event.case_ref]
        try:
            after = read(case, json.loads(event.envelope))
        except (KeyError, TypeError, ValueError, AttributeError):
            # It is read once: an open row stays until a human closes it.
            alarms.add(Alarm("event-unreadable", f"{half}/{event.partition}/{event.position}"))
            continue
        if after is not case:
            cases[event.case_ref] = changed[event.case_ref] = after
    if changed:
        await store.write_cases(connection, changed.values())
    await connection.execute(SQL["move_cursors"], half, list(reached), list(reached.values()))
    return _Read(len(reached), alarms)


async def _check(
    connection: Connection,
    alarms: set[Alarm],
    services: Sequence[str],
    up_s: float,
    feed_days: int,
) -> Found:
    seen = {"events-missing", "check-broken"}

    async def check(name: str, kinds: set[str], *arguments: object) -> None:
        try:
            async with connection.transaction():
                rows = await connection.fetch(SQL[name], *arguments)
        except asyncpg.PostgresError:
            alarms.add(Alarm("check-broken", name))
            return
        alarms.update(Alarm(row["kind"], row["subject"]) for row in rows)
        seen.update(kinds)

    await check("check_promise", {"nobody-met", "date-passed"})
    await check("check_halted", {"case-halted"})
    await check("check_undecided", {"commands-waiting"})
    await check("check_services", {"service-silent"}, list(services), up_s)
    await check("check_checkpoint", {"checkpoint-old"}, up_s)
    try:
        async with connection.transaction():
            alarms |= await _silent(connection, feed_days)
        seen.add("feed-silent")
    except asyncpg.PostgresError:
        alarms.add(Alarm("check-broken", "feeds"))
    try:
        async with connection.transaction():
            alarms |= await _standing_still(connection)
        seen |= {"journal-unsaid", "reader-behind"}
    except asyncpg.PostgresError:
        alarms.add(Alarm("check-broken", "behind"))
    return Found(frozenset(alarms), frozenset(seen))


async def _silent(connection: Connection, days: int) -> set[Alarm]:
    rows = await connection.fetch(SQL["feeds"], feed.REGULAR)
    return {
        Alarm("feed-silent", row["party"])
        for row in rows
        if feed.silent_at(row["last_at"], days) <= row["real_now"]
    }


async def _standing_still(connection: Connection) -> set[Alarm]:
    behind = await connection.fetch(SQL["behind"])
    columns: list[Callable[[asyncpg.Record], object]] = [
        lambda row: row["kind"],
        lambda row: row["subject"],
        lambda row: row["mark"],
    ]
    marked = await connection.fetch(
        SQL["mark"], *([column(row) for row in behind] for column in columns)
    )
    return {Alarm(row["kind"], row["subject"]) for row in marked if row["stands"]}
