"""Histories that live through one time: each goes on by itself, and when all of them wait, the clock moves on.

So half a year is stepped through once for everybody, and each history still reads from its beginning
to its end.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from datetime import UTC, datetime
from typing import Any

from throughcare.tests.journeys.world import World

#: Monday, 09:00 in Bishkek.
BEGIN = datetime(2026, 3, 9, 3, tzinfo=UTC)

Tell = Callable[[World], Coroutine[Any, Any, None]]


def history(*rows: str) -> Callable[[Tell], Callable[["Histories"], Awaitable[None]]]:
    """A test that is told together with all others; `rows`: what of the tables it stands for."""

    def register(tell: Tell) -> Callable[[Histories], Awaitable[None]]:
        async def test(histories: Histories) -> None:
            histories.outcome(tell)

        test.__name__, test.__qualname__ = tell.__name__, tell.__qualname__
        test.__module__, test.__doc__ = tell.__module__, tell.__doc__
        test.tell = tell  # type: ignore[attr-defined]
        return test

    return register


class Histories:
    """What became of each."""

    def __init__(self, world: World, told: dict[Tell, "asyncio.Task[None]"]) -> None:
        self.world = world
        self._told = told

    def outcome(self, tell: Tell) -> None:
        """Raises what the history raised."""
        self._told[tell].result()


class Together:
    """Lets histories wait for moments of one stepped clock."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._awake: set[asyncio.Task[None]] = set()
        self._waiting: list[tuple[datetime, asyncio.Task[None], asyncio.Event]] = []
        self._all_wait = asyncio.Event()

    async def live(self, tells: Iterable[Tell]) -> Histories:
        await self.world.until(BEGIN)
        self.world.wait = self._wait
        told = {tell: asyncio.create_task(tell(self.world), name=tell.__name__) for tell in tells}
        self._awake |= set(told.values())
        for task in told.values():
            task.add_done_callback(self._rests)
        try:
            while self._awake or self._waiting:
                if self._awake:
                    await self._all_wait.wait()
                    continue
                await self.world.settle()
                await self.world.step_to(min(moment for moment, _, _ in self._waiting))
                self._wake()
        finally:
            self.world.wait = None
            for task in told.values():
                task.cancel()  # one that is over stays as it is
            await asyncio.gather(*told.values(), return_exceptions=True)
        return Histories(self.world, told)

    async def _wait(self, moment: datetime) -> None:
        """Called by a history: on, once it is that moment for everybody."""
        task = asyncio.current_task()
        assert task in self._awake, "only a history itself waits, not a part of it"
        come = asyncio.Event()
        self._waiting.append((moment, task, come))
        self._rests(task)
        await come.wait()

    def _rests(self, task: "asyncio.Task[None]") -> None:
        self._awake.discard(task)
        if not self._awake:
            self._all_wait.set()

    def _wake(self) -> None:
        self._all_wait.clear()
        now = self.world.now
        for moment, task, come in self._waiting:
            if moment <= now:
                self._awake.add(task)
                come.set()
        self._waiting = [one for one in self._waiting if one[0] > now]
