"""One timed run: how fast one way works through the messages of a topic."""

import asyncio
import subprocess
from collections.abc import Sequence
from typing import NamedTuple

from throughcare.cli.bench.halves import Half
from throughcare.cli.bench.stage import SQL, Stage, cpu_seconds
from throughcare.runtime.errors import SetupError

Processes = Sequence[subprocess.Popen[bytes]]

OURS = "ours"
_VARIANTS = "throughcare.cli.bench.variants"
_PATIENCE_S = 120.0


class Figure(NamedTuple):
    """What a run came to: commands a second, and CPU time of its process(es) a command."""

    rate: float
    cpu_us: float = 0.0


class _Start(NamedTuple):
    at: float
    #: Commands that had been decided by then, published or not.
    decided: int
    cpu: float


def launch(stage: Stage, way: str, name: str, half: Half) -> subprocess.Popen[bytes]:
    if way == OURS:
        return stage.start("throughcare.cli.bench.ours", name, schema=half.schema)
    return stage.start(f"{_VARIANTS}.{way}", name, stage.new_group(), schema=half.schema)


async def race(stage: Stage, way: str, name: str, half: Half, commands: int) -> Figure:
    """Run one way over the preloaded topic, up to `commands` commands, and check what it wrote."""
    processes = [launch(stage, way, name, half)]
    try:
        return await watch(stage, processes, half, commands)
    finally:
        await stage.stop(processes)


async def watch(stage: Stage, processes: Processes, half: Half, commands: int) -> Figure:
    """The steady rate: from the first decided list to `commands` outcomes acknowledged.

    What was decided when we first looked does not count, so neither does starting up; what was
    decided by the end and not yet published does not count either. The topic holds more than
    `commands`, so that nobody runs dry before the end.
    """
    clock = asyncio.get_running_loop().time
    give_up = clock() + _PATIENCE_S
    start: _Start | None = None
    while True:
        if start is None and (decided := await _count(stage, half, "count_outcomes")):
            start = _Start(clock(), decided, sum(map(cpu_seconds, processes)))
        published = await stage.owner.fetchval(SQL["published"], half.outcomes.name)
        if published >= commands:
            break
        stage.must_run(processes)
        if clock() > give_up:
            raise SetupError(f"A run stood still at {published} of {commands} commands.")
        await asyncio.sleep(0.025)
    assert start is not None
    took, cpu = clock() - start.at, sum(map(cpu_seconds, processes)) - start.cpu
    # The figure of a run that left something undone would mean nothing.
    decided = await _count(stage, half, "count_outcomes")
    if decided < commands:
        raise SetupError("A run published more outcomes than it wrote.")
    if await _count(stage, half, "count_held"):
        raise SetupError("A run held commands back instead of deciding them.")
    counted = commands - start.decided
    if counted < commands / 3:
        raise SetupError("A run was over before it could be measured: take more commands.")
    return Figure(counted / took, cpu / (decided - start.decided) * 1e6)


async def _count(stage: Stage, half: Half, query: str) -> int:
    return int(await stage.owner.fetchval(SQL.for_schema(half.schema)[query]))
