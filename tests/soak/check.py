"""The count: every promise against every place where its effect must stand, once and in order."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from throughcare.runtime import queries
from throughcare.tests.soak.ledger import Ledger

_SQL = queries.load("throughcare.tests.soak", "check.sql")


@dataclass
class Count:
    events: int = 0
    dead_letters: int = 0
    held: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    reordered: list[str] = field(default_factory=list)


Owner = Callable[[], Awaitable[Any]]


async def settle(owner: Owner, patience_s: float = 180) -> float:
    """Wait until nothing is under way any more; the seconds it took."""
    begun = time.monotonic()
    while time.monotonic() - begun < patience_s:
        if await (await owner()).fetchval(_SQL["settled"]):
            return time.monotonic() - begun
        await asyncio.sleep(0.5)
    return patience_s  # what is missing is counted


async def count(owner: Owner, ledger: Ledger) -> Count:
    connection = await owner()
    counted = Count(
        events=await connection.fetchval(_SQL["count_events"]),
        dead_letters=await connection.fetchval(_SQL["count_dead_letters"]),
        held=await connection.fetchval(_SQL["count_held"]),
    )
    kept = {
        (row["source"], row["their_id"]): row["outcome_kind"]
        for row in await connection.fetch(_SQL["commands"])
    }
    for promise, kind in ledger.promised.items():
        if promise not in kept:
            # What a door refuses itself needs no row.
            if kind != "refused":
                counted.lost.append(f"{promise} was promised {kind} and is not kept")
        elif kept[promise] is None:
            counted.lost.append(f"{promise} was promised {kind} and has no outcome")
        elif kind not in ("accepted", kept[promise]):
            counted.doubled.append(f"{promise} was told {kind}, then {kept[promise]}")
    for name in ("commands_without_effect", "events_without_entry", "places_missing"):
        counted.lost += [f"{name}: {dict(row)}" for row in await connection.fetch(_SQL[name])]
    for name in ("effects_twice", "entries_twice", "causes_twice"):
        counted.doubled += [f"{name}: {dict(row)}" for row in await connection.fetch(_SQL[name])]
    for name in ("decided_out_of_order", "entries_out_of_order"):
        counted.reordered += [f"{name}: {dict(row)}" for row in await connection.fetch(_SQL[name])]
    return counted
