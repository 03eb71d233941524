"""Lanes: agents side by side, so that one decides while the database writes for the other.

A partition belongs to one lane, so what must stay in order does; lanes share no state.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from faust.types import TP

from throughcare.runtime.agent import Agent
from throughcare.runtime.transport import App, RecordLists


class Lanes:
    """The agents of one process, each with its share of the partitions."""

    def __init__(self, agents: Sequence[Agent]) -> None:
        self.agents = agents
        self._queues = [asyncio.Queue[RecordLists](1) for _ in agents]

    @property
    def owned(self) -> frozenset[int]:
        return frozenset().union(*(agent.owned for agent in self.agents))

    async def assigned(self, tps: Iterable[TP]) -> Mapping[TP, int]:
        """Take these partitions over; where to read on."""
        tps = list(tps)
        offsets: dict[TP, int] = {}
        for lane, agent in enumerate(self.agents):
            offsets.update(await agent.assigned([tp for tp in tps if self._lane(tp) == lane]))
        return offsets

    async def take(self, lists: RecordLists) -> None:
        """Hand each lane its share, and return as soon as all have room for it."""
        for lane, queue in enumerate(self._queues):
            share = {tp: run for tp, run in lists.records.items() if self._lane(tp) == lane}
            if share:
                await queue.put(RecordLists(lists.generation, share))

    async def work(self, lane: int, app: App) -> None:
        """Handle what comes into a lane, for ever."""
        while True:
            await self.agents[lane].take(await self._queues[lane].get(), app)

    async def settle_letters(self) -> None:
        for agent in self.agents:
            await agent.settle_letters()

    def _lane(self, tp: TP) -> int:
        return tp.partition % len(self.agents)
