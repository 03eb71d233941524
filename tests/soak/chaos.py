"""The nemesis: kills a service every few seconds, and once each restarts the broker, restarts PostgreSQL, wipes the broker."""

import asyncio
import random
import signal
from collections import Counter
from pathlib import Path

from throughcare.cli.embedded.kafka import Kafka
from throughcare.cli.embedded.postgres import Postgres
from throughcare.cli.embedded.process import LockedProcess
from throughcare.cli.services import SERVICES


class Nemesis:
    """Does its worst until told to stop; counts what it did."""

    def __init__(self, home: Path, seed: int, every_s: float = 10.0) -> None:
        self.done: Counter[str] = Counter()
        self._home = home
        self._random = random.Random(seed)
        self._every_s = every_s

    async def rage(self, seconds: float) -> None:
        """Faults for `seconds`, the three great ones spread over the middle."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        great = [
            (loop.time() + seconds * 0.25, self.restart_kafka),
            (loop.time() + seconds * 0.45, self.restart_postgres),
            (loop.time() + seconds * 0.65, self.wipe_kafka),
        ]
        while (now := loop.time()) < end:
            if great and now >= great[0][0]:
                await great.pop(0)[1]()
            else:
                self.stop_a_service()
            await asyncio.sleep(min(self._every_s, max(0.0, end - loop.time())))

    def stop_a_service(self) -> None:
        name = self._random.choice(SERVICES)
        number = self._random.choice((signal.SIGKILL, signal.SIGTERM))
        process = LockedProcess(self._home / "run" / f"{name}.lock")
        process.send(number)
        self.done[number.name] += 1

    async def restart_kafka(self) -> None:
        """kill -9 of the broker; its supervisor starts it again."""
        await asyncio.to_thread(Kafka(self._home).kill)
        self.done["broker restart"] += 1

    async def restart_postgres(self) -> None:
        """kill -9 of the database; its supervisor starts it again."""
        await asyncio.to_thread(Postgres(self._home).kill)
        self.done["PostgreSQL restart"] += 1

    async def wipe_kafka(self) -> None:
        """An empty broker in the place of the old one, while everybody is connected."""
        hold = self._home / "run" / "kafka.hold"
        hold.touch()
        kafka = Kafka(self._home)
        try:
            await asyncio.to_thread(kafka.kill)
            await asyncio.to_thread(kafka.wipe)
        finally:
            hold.unlink()
        self.done["broker wipe"] += 1
