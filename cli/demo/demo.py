"""A run of the demo: everything is started, the cohort lives, what came of it is told."""

import asyncio
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import asyncpg
import httpx2
from rich.console import Console

from throughcare.cli.checker import check
from throughcare.cli.cohort.cohort import START, end_of, make_cohort
from throughcare.cli.cohort.course import Course
from throughcare.cli.cohort.world import World
from throughcare.cli.demo.doors import Doors
from throughcare.cli.demo.report import Report, tell_checked, tell_story
from throughcare.cli.demo.show import Live, print_report, print_timeline
from throughcare.cli.demo.stepper import Stepper
from throughcare.cli.keys import write_json
from throughcare.cli.mailbox import Mailbox, start_mailbox
from throughcare.cli.up import Places, Up, run_alone
from throughcare.cli.verify import verify_home
from throughcare.gateway.parties import NewParty, add_party, topics_of
from throughcare.protocol.profiles import current
from throughcare.runtime import queries
from throughcare.runtime.errors import SetupError
from throughcare.runtime.pool import Connection
from throughcare.runtime.seal import Seal
from throughcare.runtime.settings import Kafka
from throughcare.runtime.topics_admin import ensure_topics, open_admin

_SQL = queries.load("throughcare.cli.demo")
#: Real seconds that the log and the marks may need to catch up with the last events.
_LOG_S = 10.0


@dataclass(frozen=True)
class Wish:
    """What was asked for."""

    cases: int
    seed: int
    #: Of follow-up after the last release.
    days: int
    http_port: int
    home: Path | None
    json_file: Path | None
    leave: bool
    country: str = "KG"


@dataclass
class Demo:
    wish: Wish
    #: Where it says how far it is.
    progress: Console
    #: Where it tells the end.
    out: Console
    world: World = field(init=False)
    report: Report = field(init=False)
    _home: Path = field(init=False)
    _mailbox: Mailbox = field(init=False)
    _keys: dict[str, str] = field(default_factory=dict)
    _courses: list[Course] = field(default_factory=list)
    _began: float = 0.0
    _finished: bool = False
    #: Who stepped, once the cohort has begun to live.
    stepper: Stepper | None = None

    def run(self) -> bool:
        """Run to the end, or until Ctrl-C; whether all was told and it was good."""
        wish = self.wish
        self._began = time.monotonic()
        self.world = World(current(wish.country))
        self.report = Report(seed=wish.seed, cases=wish.cases, days=wish.days)
        self._home = (wish.home or _fresh_home()).absolute()
        try:
            self._home.mkdir(mode=0o711, parents=True, exist_ok=True)
            self._mailbox = start_mailbox(self._home / "mailbox")
            try:
                run_alone(self._up())
            finally:
                self._mailbox.stop()
        except OSError as error:
            raise SetupError(
                f"{self._home} cannot be used ({error.strerror}): choose another --home."
            ) from None
        finally:
            if wish.home is None:
                shutil.rmtree(self._home, ignore_errors=True)
        return self._finished and self.report.is_good

    def _up(self) -> Up:
        return Up(
            self._home,
            self.wish.http_port,
            env={
                "THROUGHCARE_SMTP__HOST": self._mailbox.host,
                "THROUGHCARE_SMTP__PORT": str(self._mailbox.port),
                "THROUGHCARE_DEMO_PAGE": "true",
            },
            # With a home of its own it is as durable as any.
            short_lived=self.wish.home is None,
            role_parties=False,
            prepare=self._prepare,
            then=self._then,
        )

    # -- before and after --------------------------------------------------------------------

    async def _prepare(self, places: Places) -> None:
        """Make the cohort's parties, each with a desk whose mail can be read."""
        kafka = Kafka(bootstrap_servers=places.kafka)
        connection = await asyncpg.connect(places.postgres)
        try:
            if await connection.fetchval(_SQL["is_used"]):
                raise SetupError(
                    f"{self._home} holds cases already: the demo needs a home of its own."
                )
            admin = await open_admin(kafka)
            try:
                names = [party.code for party in self.world.parties]
                # All at once: one by one the broker takes its time for each.
                await ensure_topics(admin, kafka, [t for name in names for t in topics_of(name)])
                for party in self.world.parties:
                    self._keys[party.code] = await add_party(
                        connection,
                        admin,
                        kafka,
                        NewParty(
                            party.code,
                            party.roles,
                            party.facilities,
                            country=self.wish.country,
                            language=party.language,
                            email=f"desk@{party.code}.invalid",
                        ),
                    )
            finally:
                await admin.close()
        finally:
            await connection.close()

    async def _then(self, places: Places) -> None:
        self._time("started")
        connection = await asyncpg.connect(places.postgres, server_settings={"jit": "off"})
        try:
            stepper = await self._live(connection, places)
            await self._tell(connection, stepper)
        finally:
            await connection.close()
        await self._show(stepper, places)
        self._finished = True
        if not self.wish.leave:
            self.out.print(f"page   {places.http}/demo", highlight=False)
            self.out.print(f"mail   {self._mailbox.folder}", highlight=False)
            ends = "stops it" if self.wish.home else "stops it and throws it away"
            self.progress.print(f"Ctrl-C {ends}", style="dim")
            await asyncio.Event().wait()

    async def _live(self, connection: Connection, places: Places) -> Stepper:
        world = self.world
        self._courses = make_cohort(self.wish.cases, Random(self.wish.seed), world)
        begin, end = world.grid.evening(START), end_of(self.wish.days, world)
        async with Doors(places.http, places.kafka, self._keys) as doors:
            seal = Seal.from_file(self._home / "keys" / "sealing.key")
            stepper = self.stepper = Stepper(connection, seal, doors, self._courses, world)
            self.progress.print(f"watch it live: {places.http}/demo", highlight=False)
            with Live(self.progress, self._courses, begin, end) as live:
                last = await stepper.run(end, live.show)
        self._time("lived")
        self.report.points = stepper.points
        self.report.first_day, self.report.last_day = str(begin.date()), str(last.date())
        self.report.refused = stepper.refused()
        if stepper.nameless:
            found = f"{len(stepper.nameless)} acts of parties that have no name for the case"
            self.report.found.append(found)
        return stepper

    def _time(self, what: str) -> None:
        """Real seconds since the last thing that was timed."""
        gone = time.monotonic() - self._began
        self.report.seconds[what] = round(gone - sum(self.report.seconds.values()), 1)

    async def _tell(self, connection: Connection, stepper: Stepper) -> None:
        """Count, verify and write it down."""
        give_up = asyncio.get_running_loop().time() + _LOG_S
        while await connection.fetchval(_SQL["is_catching_up"]):
            if asyncio.get_running_loop().time() > give_up:
                break
            await asyncio.sleep(0.05)
        tell_story(self.report, self._courses, stepper.told)
        tell_checked(self.report, await check(connection))
        found = await asyncio.to_thread(verify_home, self._home)
        self.report.verified, self.report.leaves = found.verified, found.leaves
        self.report.found += [f"{one.code}: {one.text}" for one in found.problems]
        self._time("told")
        if self.wish.json_file is not None:
            write_json(self.wish.json_file, self.report.to_json())

    async def _show(self, stepper: Stepper, places: Places) -> None:
        print_report(self.out, self.report)
        number = _most_told(stepper)
        if number is None:
            return
        alias = stepper.audit[number]
        async with httpx2.AsyncClient(base_url=places.http, timeout=30) as client:
            answer = await client.get(
                f"/v1/cases/{alias}/timeline",
                headers={"authorization": f"Bearer {self._keys[self.world.monitor.code]}"},
            )
        if answer.status_code == 200:
            print_timeline(self.out, alias, answer.json()["entries"])


def _fresh_home() -> Path:
    home = Path(tempfile.mkdtemp(prefix="throughcare-demo-"))
    # As root PostgreSQL runs as another user, who must pass through.
    home.chmod(0o711)
    return home


def _most_told(stepper: Stepper) -> int | None:
    """The person whose way had the most to it: an alarm, another receiver, the end."""
    return max(
        stepper.audit,
        key=lambda number: (len({type(m.data) for m in stepper.told[number]}), -number),
        default=None,
    )
