"""Lanes: agents side by side, so that one decides while the database writes for the other.

A partition belongs to one lane, so what must stay in order does; lanes share no state.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from faust.types import TP

from throughcare.runtime.agent import Agent
from throughcare.runtime.transport import App, RecordLists

#: Lists that may wait in a lane; they are handled as one up to so many records, since larger lists
#: are no faster and take longer to be seen.
_WAITING_MAX = 8
_LIST_MAX = 2_000


class Lanes:
    """The agents of one process, each with its share of the partitions.

    `pace_s` is the least time between the ends of two lists of a lane: who only hears has time,
    and what comes meanwhile goes into one transaction.
    """

    def __init__(self, agents: Sequence[Agent], pace_s: float = 0.0) -> None:
        self.agents = agents
        self._pace_s = pace_s
        self._queues = [asyncio.Queue[RecordLists](_WAITING_MAX) for _ in agents]

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
        queue, now = self._queues[lane], asyncio.get_running_loop().time
        ended = 0.0
        while True:
            lists = await queue.get()
            if (rest := ended + self._pace_s - now()) > 0:
                await asyncio.sleep(rest)
            await self.agents[lane].take(_with_what_waits(lists, queue), app)
            ended = now()

    async def settle_letters(self) -> None:
        for agent in self.agents:
            await agent.settle_letters()

    def _lane(self, tp: TP) -> int:
        return tp.partition % len(self.agents)


def _with_what_waits(lists: RecordLists, queue: "asyncio.Queue[RecordLists]") -> RecordLists:
    """What waits, as one list; what an older generation fetched is not ours any more."""
    while sum(map(len, lists.records.values())) < _LIST_MAX and not queue.empty():
        more = queue.get_nowait()
        if more.generation != lists.generation:
            lists = more
            continue
        records = dict(lists.records)
        for tp, run in more.records.items():
            records[tp] = [*records[tp], *run] if tp in records else run
        lists = RecordLists(lists.generation, records)
    return lists
