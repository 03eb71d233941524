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


class _Progress(NamedTuple):
    at: float
    done: int
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


def _progress(processes: Processes, done: int) -> _Progress:
    at = asyncio.get_running_loop().time()
    return _Progress(at, done, sum(map(cpu_seconds, processes)))


async def watch(stage: Stage, processes: Processes, half: Half, commands: int) -> Figure:
    """The steady rate, from the first outcomes published to `commands` of them.

    What was done when we first looked does not count, so starting up does not either. The topic
    holds more than `commands`, so that nobody runs dry before the end.
    """
    first: _Progress | None = None
    give_up = asyncio.get_running_loop().time() + _PATIENCE_S
    while True:
        row = await stage.owner.fetchrow(SQL["published"], half.events.name, half.outcomes.name)
        assert row is not None
        reached = _progress(processes, row["outcomes"])
        if first is None and reached.done:
            first = reached
        if reached.done >= commands and row["events"]:
            break
        stage.must_run(processes)
        if reached.at > give_up:
            raise SetupError(f"A run stood still at {reached.done} of {commands} commands.")
        await asyncio.sleep(0.01)
    assert first is not None
    # The figure of a run that left something undone would mean nothing.
    if await _count(stage, half, "count_outcomes") < commands:
        raise SetupError("A run published more outcomes than it wrote.")
    if await _count(stage, half, "count_held"):
        raise SetupError("A run held commands back instead of deciding them.")
    counted = reached.done - first.done
    if counted < commands / 3:
        raise SetupError("A run was over before it could be measured: take more commands.")
    return Figure(counted / (reached.at - first.at), (reached.cpu - first.cpu) / counted * 1e6)


async def _count(stage: Stage, half: Half, query: str) -> int:
    return int(await stage.owner.fetchval(SQL.for_schema(half.schema)[query]))
