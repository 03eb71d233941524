"""The stepper: moves domain time from one occupied point to the next, never past what is under way.

At each point: the clock is put there, acts are said and settle, deadlines that are due by then run
and settle. Settled is one query, `barrier.sql`. So nothing depends on how fast anything was.

What happened is read where monitors read it, from the timeline's entries, as the operator: one
query a round for the whole cohort instead of a request a case, and the projection is tried on the
way. A party still acts under its own name for a case and with its own key, through the doors.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import chain, repeat
from uuid import UUID

from throughcare.cli.cohort.act import Act
from throughcare.cli.cohort.cohort import acts_at, next_act_at
from throughcare.cli.cohort.course import Course
from throughcare.cli.cohort.world import World
from throughcare.cli.demo.doors import Doors, Named
from throughcare.contracts.care_events import WaitingPlaceTaken
from throughcare.contracts.envelope import Message, decode
from throughcare.contracts.kinds import Fact
from throughcare.contracts.notification_events import NOTIFICATION_EVENTS
from throughcare.contracts.release_events import ReferralSent
from throughcare.contracts.topics import PARTITIONS, TOPICS
from throughcare.runtime import aliases, queries
from throughcare.runtime.errors import SetupError
from throughcare.runtime.ids import new_code
from throughcare.runtime.pool import Connection
from throughcare.runtime.seal import Seal

_SQL = queries.load("throughcare.cli.demo")
_BARRIER = queries.load("throughcare.cli.demo", "barrier.sql")
_READERS = [
    (topic.name, reader) for topic in TOPICS if topic.is_journal for reader in topic.readers
]
#: Real seconds before each look: looking costs the services time, too.
_PAUSES_S = (0.008, 0.005)
#: Before any case began.
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
#: Real seconds after which something must be wrong: services retry within a few. And for each case.
_STUCK_S = 60.0
_STUCK_CASE_S = 0.5


class StuckError(SetupError):
    """The deployment does not come to rest; the message says what is still under way."""


class Stepper:
    """Lets a cohort live through a running deployment."""

    def __init__(
        self,
        connection: Connection,
        seal: Seal,
        doors: Doors,
        courses: Sequence[Course],
        world: World,
    ) -> None:
        self._seal = seal
        self._prison, self._monitor = world.prison.code, world.monitor.code
        self._connection = connection
        self._doors = doors
        self._courses = courses
        self._by_case: dict[UUID, Course] = {}
        self._cases: dict[int, UUID] = {}
        self._names: dict[tuple[UUID, str], str] = {}
        self._said: defaultdict[int, int] = defaultdict(int)
        self._entry = 0
        self._settled = BEGINNING
        self.points = 0
        #: Everything that was said of each person's case, in the order the timeline learnt it.
        self.told: defaultdict[int, list[Message]] = defaultdict(list)
        #: The monitor's name of each person's case.
        self.audit: dict[int, str] = {}
        #: Acts of a party that has no name for the case (any more).
        self.nameless: list[Act] = []

    async def run(self, until: datetime, show: Callable[[datetime], None]) -> datetime:
        """Live until nothing more happens by then; returns the last point. Raises StuckError."""
        while (now := await self._next()) is not None and now <= until:
            await self._live(now)
            self.points += 1
            show(now)
        return self._settled

    def refused(self) -> dict[str, int]:
        """Steps that were answered with a no, by its code."""
        found: Counter[str] = Counter()
        for (status, code), count in self._doors.answers.items():
            if status >= 400:
                found[code or str(status)] += count
        return dict(found.most_common())

    async def _next(self) -> datetime | None:
        """The next occupied point."""
        due = await self._connection.fetchval(_SQL["next_due_at"])
        moments = [at for at in (due, next_act_at(self._courses)) if at is not None]
        return min(moments, default=None)

    async def _live(self, now: datetime) -> None:
        acts = acts_at(self._courses, now)
        if acts:
            await self._step(now, self._settled)
        while acts:
            await self._settle(await self._say(acts))
            await self._see(now)
            acts = acts_at(self._courses, now)
        due = await self._connection.fetchval(_SQL["next_due_at"])
        if due is not None and due <= now:
            await self._step(now, now)
            await self._settle(())
            await self._see(now)
        self._settled = now

    async def _step(self, at: datetime, settled: datetime) -> None:
        await self._connection.execute(_SQL["step_clock"], at, settled)

    async def _settle(self, facts: Sequence[str]) -> None:
        """Wait until nothing is under way; `facts`: ids of what went by Kafka."""
        topics, readers = [t for t, _ in _READERS], [r for _, r in _READERS]
        loop = asyncio.get_running_loop()
        give_up = loop.time() + _STUCK_S + _STUCK_CASE_S * len(self._courses)
        for pause in chain(_PAUSES_S, repeat(_PAUSES_S[-1])):
            # First: nothing was ever settled in less.
            await asyncio.sleep(pause)
            left = await self._connection.fetchval(
                _BARRIER["unsettled"], facts, topics, readers, PARTITIONS
            )
            if left is None:
                return
            if loop.time() > give_up:
                raise StuckError(f"This does not come to an end: {left}.")

    # -- saying --------------------------------------------------------------------------------

    async def _say(self, acts: Sequence[Act]) -> list[str]:
        """Say one round, all people at once; returns the ids of what went by Kafka."""
        lanes: defaultdict[int, list[Named]] = defaultdict(list)
        emitted: list[str] = []
        for named in await self._name(acts):
            if isinstance(named.act.data, Fact) and named.act.person % 3:
                # One topic, one partition: in the order in which it is said.
                await self._doors.emit(named)
                emitted.append(named.id)
            else:
                lanes[named.act.person].append(named)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._doors.flush())
            for lane in lanes.values():
                group.create_task(self._doors.say(lane))
        return emitted

    async def _name(self, acts: Sequence[Act]) -> list[Named]:
        """Each act with what its party calls the case; learnt from the notice that named it."""
        unknown = {
            case_ref
            for act in acts
            if (case_ref := self._cases.get(act.person)) is not None
            and (case_ref, act.party) not in self._names
        }
        if unknown:
            for row in await self._connection.fetch(_SQL["names"], list(unknown)):
                alias = aliases.read(self._seal, row["party"], row["alias"])
                self._names[row["case_ref"], row["party"]] = alias
        named = []
        for act in acts:
            alias = self._alias(act)
            if alias is None:
                self.nameless.append(act)
                continue
            self._said[act.person] += 1
            named.append(Named(act, alias, _id(act.person, self._said[act.person])))
        return named

    def _alias(self, act: Act) -> str | None:
        if act.party == self._prison:
            return _prison_reference(act.person)
        case_ref = self._cases.get(act.person)
        return None if case_ref is None else self._names.get((case_ref, act.party))

    # -- seeing --------------------------------------------------------------------------------

    async def _see(self, now: datetime) -> None:
        """Show everybody what happened to their case."""
        rows = await self._connection.fetch(_SQL["new_events"], self._entry)
        if not rows:
            return
        self._entry = rows[-1]["entry"]
        if any(row["case_ref"] not in self._by_case for row in rows):
            await self._know_cases()
        new: defaultdict[int, list[Message]] = defaultdict(list)
        for row in rows:
            message = decode(row["envelope"])
            number = self._by_case[row["case_ref"]].person.number
            self.told[number].append(message)
            if isinstance(message.data, ReferralSent | WaitingPlaceTaken):
                # Who is asked again may be asked under another name.
                self._names.pop((row["case_ref"], message.data.receiver), None)
            if not isinstance(message.data, NOTIFICATION_EVENTS):
                new[number].append(message)
        for course in self._courses:
            if events := new.get(course.person.number):
                course.see(events, now)

    async def _know_cases(self) -> None:
        """Whose the new cases are, by the first word about each. The monitor gets its name, too.

        Not by the prison's name for it: a case that is closed within the same round has none left.
        """
        left = {
            _id(course.person.number, 1): course
            for course in self._courses
            if course.person.number not in self._cases
        }
        found = await self._connection.fetch(_SQL["case_of"], self._prison, list(left))
        for row in found:
            course = left[row["their_id"]]
            self._cases[course.person.number] = row["case_ref"]
            self._by_case[row["case_ref"]] = course
        refs = [row["case_ref"] for row in found]
        codes = [aliases.hide(self._seal, self._monitor, new_code()) for _ in refs]
        for row in await self._connection.fetch(_SQL["name_for_audit"], self._monitor, refs, codes):
            if row["alias"]:
                self.audit[self._by_case[row["case_ref"]].person.number] = aliases.read(
                    self._seal, self._monitor, row["alias"]
                )


def _id(person: int, number: int) -> str:
    """The sender's id of what is said about a person as the first, second … thing."""
    return f"{person}-{number}"


def _prison_reference(person: int) -> str:
    """What the prison's own system calls the person's file."""
    return f"F-{person:04}"
