"""One service, one process: opens what it needs, runs its loops, leaves in order or at once.

Exit codes: 0 a planned stop, 2 something outside is not as it must be, 70 the process cannot go on
and wants to be started again as a new member of its group.
"""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any

import asyncpg
import uvloop
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from faust.types import TP
from prometheus_client import start_http_server

from throughcare.contracts.topics import TOPICS, Topic, read_by
from throughcare.runtime import crash, log, queries
from throughcare.runtime.agent import Agent, Handler
from throughcare.runtime.errors import Meaning, SetupError, fingerprint, meaning_of
from throughcare.runtime.journal import Journal, Producer
from throughcare.runtime.lanes import Lanes
from throughcare.runtime.pool import Pool, open_pool
from throughcare.runtime.seal import Seal
from throughcare.runtime.settings import Settings, read_settings
from throughcare.runtime.topics_admin import cluster_id, ensure_topics, open_admin
from throughcare.runtime.transport import App, make_app

_SQL = queries.load("throughcare.runtime", "agent.sql")
FORCED_EXIT = 70
#: A planned stop takes no longer: what is not done then is done by the next start.
_LEAVE_S = 12.0
#: Seconds without progress, work at hand, after which a process gives up on itself.
_STALLED_S = 45.0

Step = Callable[[], Awaitable[object]]


class Process:
    """What a running service has in its hands."""

    settings: Settings
    pool: Pool
    producer: Producer
    admin: AIOKafkaAdminClient
    cluster_id: str
    seal: Seal
    lanes: Lanes | None = None
    app: App | None = None

    def __init__(self, service: str, settings: Settings) -> None:
        self.service = service
        self.settings = settings
        self.journals: list[Journal] = []
        self.stopping = asyncio.Event()
        self._log = log.get("process")
        self._loops: list[asyncio.Task[None]] = []
        self._wakes: dict[str, list[asyncio.Event]] = {}
        self._on_stop: list[Step] = []
        self._instance = settings.kafka.instance_id or f"{socket.gethostname()}-{os.getpid()}"
        self._failed: BaseException | None = None

    @property
    def owned(self) -> list[int]:
        """The partitions this process may write."""
        return sorted(self.lanes.owned) if self.lanes else []

    async def open(self) -> None:
        settings = self.settings
        self.seal = Seal.from_file(settings.sealing_key_file)
        self.pool = await open_pool(settings.database, self.service)
        self.admin = await open_admin(settings.kafka)
        await ensure_topics(self.admin, settings.kafka, TOPICS)
        self.cluster_id = await cluster_id(self.admin)
        self.producer = Producer(settings.kafka)

    def journal(self, topic: Topic, table: str) -> Journal:
        """Publish `<service>.<table>` on `topic` for the partitions this process owns."""
        clock = asyncio.get_running_loop().time
        made = Journal(topic, self.service, table, self.pool, self.producer, self.cluster_id, clock)
        self.journals.append(made)
        return made

    # -- loops --------------------------------------------------------------------------------

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """A loop of its own; if it ends by an error, the process ends."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._loop_ended)
        self._loops.append(task)

    def every(self, name: str, seconds: float, step: Step, *wakes: str) -> None:
        """Run `step` every so often, and at once when one of the channels `wakes` is notified."""
        event = asyncio.Event()
        for channel in wakes:
            self._wakes.setdefault(channel, []).append(event)
        self.spawn(name, self._repeat(name, seconds, step, event))

    async def _repeat(self, name: str, seconds: float, step: Step, event: asyncio.Event) -> None:
        while True:
            try:
                async with asyncio.timeout(seconds):
                    await event.wait()
            except TimeoutError:
                pass
            event.clear()
            try:
                await step()
            except Exception as error:
                if meaning_of(error) is Meaning.POISON:
                    raise
                self._log.warning("loop again", loop=name, error=fingerprint(error))
                await asyncio.sleep(min(seconds, 1.0))

    def on_stop(self, step: Step) -> None:
        self._on_stop.append(step)

    def _loop_ended(self, task: "asyncio.Task[None]") -> None:
        if task.cancelled() or self.stopping.is_set():
            return
        error = task.exception()
        self._log.error("loop ended", loop=task.get_name(), error=error and fingerprint(error))
        os._exit(FORCED_EXIT)

    async def _listen(self) -> None:
        """Wake loops when the database says so; polling goes on where this is down."""
        while True:
            try:
                connection = await asyncpg.connect(
                    self.settings.database.url.get_secret_value(), timeout=5
                )
                gone = asyncio.Event()
                connection.add_termination_listener(lambda _, gone=gone: gone.set())
                for channel in self._wakes:
                    await connection.add_listener(channel, self._woken)
                for events in self._wakes.values():
                    for event in events:
                        event.set()
                await gone.wait()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                pass
            await asyncio.sleep(0.5)

    def _woken(self, _c: object, _pid: int, channel: str, _payload: object) -> None:
        for event in self._wakes.get(channel, ()):
            event.set()

    # -- the Faust app ------------------------------------------------------------------------

    async def consume(
        self,
        handlers: Handler | Sequence[Handler],
        topics: Sequence[Topic] | None = None,
        pace_s: float = 0.0,
    ) -> None:
        """Start the service's agents on its topics, its journals and its watch; a lane a handler."""
        topics = read_by(self.service) if topics is None else topics
        self.lanes = lanes = Lanes(
            [
                Agent(
                    self.service,
                    self.pool,
                    handler,
                    journals={topic.name for topic in topics if topic.is_journal},
                    cluster_id=self.cluster_id,
                    seal=self.seal,
                )
                for handler in (handlers if isinstance(handlers, Sequence) else [handlers])
            ],
            pace_s,
        )
        names = tuple(topic.name for topic in topics)
        self.app = app = make_app(self.service, self.settings.kafka, names, self._offsets_of)

        @app.agent(app.lists, name=f"{self.service}/take")
        async def take(stream: Any) -> None:
            async for lists in stream:
                await lanes.take(lists)

        for number in range(len(lanes.agents)):
            self.spawn(f"lane {number}", lanes.work(number, app))
        for journal in self.journals:
            self.spawn(f"publish {journal.topic}", journal.publish_forever())
            self.spawn(f"mark {journal.topic}", journal.mark_forever())
            self.every(f"sweep {journal.topic}", 1.0, journal.sweep, "throughcare_gaps")
        self.every("letters", 1.0, lanes.settle_letters, "throughcare_letters")
        await app.start()
        self.spawn("faust", self._watch_faust(app))

    async def _offsets_of(self, tps: set[TP]) -> Mapping[TP, int]:
        assert self.lanes is not None
        offsets = await self.lanes.assigned(tps)
        for journal in self.journals:
            await journal.own(self.lanes.owned)
        return offsets

    async def _watch_faust(self, app: App) -> None:
        await app.wait_until_stopped()
        if not self.stopping.is_set():
            raise RuntimeError("Faust stopped by itself")

    # -- watch --------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Tell that we are alive, and leave when the cluster is another or nothing moves."""
        now = asyncio.get_running_loop().time
        #: What each agent had done when it last moved, and when that was.
        moved: dict[Agent, tuple[int, float]] = {}
        beats = 0
        while True:
            await asyncio.sleep(1.0)
            beats += 1
            owned = self.owned
            await self._beat(self.lanes is None or bool(owned), len(owned))
            if beats % 2 == 0:
                await self._check_cluster()
            for agent in self.lanes.agents if self.lanes else ():
                progress, since = moved.get(agent, (-1, 0.0))
                if agent.progress != progress or not self._has_work(agent):
                    moved[agent] = (agent.progress, now())
                elif now() - since > _STALLED_S:
                    self._log.error("stalled")
                    os._exit(FORCED_EXIT)

    def _has_work(self, agent: Agent) -> bool:
        if agent.busy or not self.owned:
            return True
        app = self.app
        return app is not None and any(
            (app.consumer.highwater(tp) or 0) > offset for tp, offset in agent.reached().items()
        )

    async def _beat(self, ready: bool, partitions: int) -> None:
        # A database that is away is seen by everybody else too.
        with contextlib.suppress(
            OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError
        ):
            await self.pool.execute(_SQL["beat"], self.service, self._instance, ready, partitions)

    async def _check_cluster(self) -> None:
        try:
            async with asyncio.timeout(5):
                found = await cluster_id(self.admin)
        except (KafkaError, OSError, TimeoutError):
            return
        if found != self.cluster_id:
            # Topic ids are out of reach here: a new cluster means "from the beginning", anew.
            self._log.error("another cluster")
            os._exit(FORCED_EXIT)

    # -- life ---------------------------------------------------------------------------------

    async def live(self) -> None:
        """Run until asked to stop."""
        if self._wakes:
            self.spawn("listen", self._listen())
        self.spawn("watch", self._watch())
        self._log.info("started")
        await self.stopping.wait()
        self._log.info("stopping")
        await self._close()

    async def _close(self) -> None:
        async with asyncio.timeout(_LEAVE_S):
            for step in self._on_stop:
                await step()
            if self.app is not None:
                await self.app.stop()
            for task in self._loops:
                task.cancel()
            await asyncio.gather(*self._loops, return_exceptions=True)
            await self.pool.execute(_SQL["unbeat"], self.service, self._instance)
            await self.producer.renew()
            await self.admin.close()
            await self.pool.close()


def main(service: str, build: Callable[[Process], Awaitable[None]]) -> None:
    """Run a service to its end; the exit code says how it ended."""
    try:
        settings = read_settings()
    except SetupError as error:
        print(f"throughcare {service}: {error}", file=sys.stderr)
        sys.exit(2)
    log.configure(service, settings.log_level)
    crash.arm(settings.crash_at)
    # A list makes tens of thousands of objects, hardly any of them in rings: to look for rings
    # every 700 objects took 7 % of the time.
    gc.freeze()
    gc.set_threshold(200_000, 20, 50)

    async def run() -> None:
        if settings.metrics_port is not None:
            start_http_server(settings.metrics_port, settings.http.host)
        process = Process(service, settings)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, process.stopping.set)
        await process.open()
        await build(process)
        await process.live()

    try:
        uvloop.run(run())
    except SetupError as error:
        print(f"throughcare {service}: {error}", file=sys.stderr)
        sys.exit(2)
    except TimeoutError:
        log.get("process").warning("left without waiting longer")
        os._exit(0)
    except Exception as error:  # noqa: BLE001 - its message may hold values; its place is told
        log.get("process").error("could not go on", error=fingerprint(error))
        os._exit(FORCED_EXIT)
