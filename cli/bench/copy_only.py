"""The limit: the rows that a run wrote, put into the same tables by COPY and nothing else."""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

from throughcare.cli.bench.halves import Half
from throughcare.cli.bench.race import Figure
from throughcare.cli.bench.stage import SQL, Stage

_LIST = 500
_EVENTS = ("partition", "position", "case_ref", "version", "envelope")
_OUTCOMES = ("id", "partition", "position", "case_ref", "envelope")
_CASES = (
    "case_ref", "partition", "version", "heard_version", "taken", "state_version", "state",
)  # fmt: skip

Rows = Sequence[Sequence[Any]]


class Written(NamedTuple):
    """What a run of the small work wrote: an event, an outcome and a state a command."""

    events: Rows
    outcomes: Rows
    states: Rows


async def written(stage: Stage, half: Half) -> Written:
    """Read what stands there after a run."""
    sql = SQL.for_schema(half.schema)
    events = [tuple(row) for row in await stage.owner.fetch(sql["all_events"])]
    outcomes = [tuple(row) for row in await stage.owner.fetch(sql["all_outcomes"])]
    case = await stage.owner.fetchrow(sql["a_case"])
    assert case is not None
    states = [
        (case_ref, partition, version, 0, version, case["state_version"], case["state"])
        for partition, _, case_ref, version, _ in events
    ]
    return Written(events, outcomes, states)


async def copy_only(stage: Stage, half: Half, rows: Written) -> Figure:
    """Commands a second, in transactions of 500."""
    await stage.owner.execute(SQL.for_schema(half.schema)["empty_written"])
    copy = stage.owner.copy_records_to_table
    start = asyncio.get_running_loop().time()
    for at in range(0, len(rows.outcomes), _LIST):
        part = slice(at, at + _LIST)
        async with stage.owner.transaction():
            await copy(
                "events", schema_name=half.schema, columns=_EVENTS, records=rows.events[part]
            )
            await copy(
                "outcomes", schema_name=half.schema, columns=_OUTCOMES, records=rows.outcomes[part]
            )
            await copy("sink", schema_name="bench", columns=_CASES, records=rows.states[part])
    took = asyncio.get_running_loop().time() - start
    return Figure(len(rows.outcomes) / took)
