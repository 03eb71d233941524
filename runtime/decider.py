"""From messages to events and outcomes: load → decide → record, for one half of a case.

The half is pure (`protocol.answer.Seat`); this is the shell around it. The primary keys are the
fence: an outcome's id, an event's version and place, a heard event's version. Who read something
stale runs into one of them, and takes the same list again.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from copy import copy
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import msgspec
import orjson
from faust.types import TP

from throughcare.contracts.envelope import Message, decode, encode, instant
from throughcare.contracts.kinds import Data, Event, Outcome
from throughcare.contracts.topics import partition_of
from throughcare.runtime import queries
from throughcare.runtime.ids import new_id
from throughcare.runtime.journal import Journal, Row
from throughcare.runtime.pool import Connection
from throughcare.runtime.sorting import Advance, Input, hold_arguments

_SQL = queries.load("throughcare.runtime", "decider.sql")
_CACHE_MAX = 20_000
#: Deciders of one process: while the database writes for one, another decides.
LANES = 2


class Answer(Protocol):
    """What a half makes of a message; without an outcome it is held."""

    @property
    def events(self) -> Sequence[Event]: ...
    @property
    def outcome(self) -> Callable[[tuple[UUID, ...], int, int], Outcome] | None: ...
    @property
    def held(self) -> str: ...


class Seat(Protocol):
    """One half of a case, as the decider drives it: pure, and blind to where things are kept."""

    @property
    def service(self) -> str: ...
    @property
    def state_version(self) -> int: ...
    @property
    def initial(self) -> Callable[[UUID], Any]: ...
    @property
    def load(self) -> Callable[[bytes], Any]: ...
    @property
    def dump(self) -> Callable[[Any], bytes]: ...
    @property
    def evolve(self) -> Callable[[Any, Message], Any]: ...
    @property
    def hear(self) -> Callable[[Any, Message], Any]: ...

    def rule(self, state: Any, message: Message, new_id: Callable[[], UUID]) -> Answer: ...
    def discarded(self, source: str, id: str, type: str | None, letter: UUID) -> Outcome: ...
    def react(self, state: Any, event: Message, new_id: Callable[[], UUID]) -> Sequence[Event]: ...
    def reached(self, message: Message, version: int, heard_version: int) -> bool: ...
    def next_due_at(self, state: Any) -> datetime | None: ...
    def protocol_version(self, state: Any, message: Message) -> str: ...


#: Extra rows of a service, in the same transaction as the events they come from.
Project = Callable[[Connection, Sequence[Message]], Awaitable[None]]


class _Case(msgspec.Struct):
    """What is remembered of a case. A list changes copies, which count once it is committed."""

    ref: UUID
    partition: int
    #: Of its records.
    key: bytes
    state: Any
    version: int = 0
    heard_version: int = 0
    taken: int = 0
    changed: bool = False


class Decider:
    """The handler of a service that decides."""

    def __init__(
        self,
        seat: Seat,
        *,
        events: Journal,
        outcomes: Journal,
        commands_topic: str,
        project: Project | None = None,
        projected: Collection[type[Data]] = (),
    ) -> None:
        self._seat = seat
        self._events = events
        self._outcomes = outcomes
        self._commands_topic = commands_topic
        self._project = project
        self._projected = tuple(projected)
        self._sql = _SQL.for_schema(seat.service)
        self._source = f"/services/{seat.service}"
        self._cache: dict[UUID, _Case] = {}
        self._places: dict[int, tuple[int, int]] = {}
        self._pending: _Work | None = None

    def forget(self) -> None:
        self._cache.clear()
        self._places.clear()
        self._pending = None

    async def apply(
        self, connection: Connection, inputs: Sequence[Input], advance: Advance
    ) -> Collection[UUID]:
        work = _Work()
        await self._load(connection, inputs, work)
        for input in inputs:
            case = work.cases[input.message.case_ref]
            if input.tp.topic == self._commands_topic:
                self._rule(case, input, work)
            else:
                self._hear(case, input, work)
        arguments = self._arguments(work, advance)
        if self._project is not None and (
            matter := [m for m in work.messages if isinstance(m.data, self._projected)]
        ):
            async with connection.transaction():
                await self._project(connection, matter)
                await connection.execute(self._sql["record"], *arguments)
        else:  # one statement is one transaction
            await connection.execute(self._sql["record"], *arguments)
        self._pending = work
        return {input.message.case_ref for input, _ in work.held}

    async def discard(self, connection: Connection, tp: TP, raw: bytes, letter: UUID) -> None:
        """Answer a discarded command, readable or not, so that the next one has its turn."""
        try:
            record = orjson.loads(raw)
            id, case_ref = UUID(record["id"]), UUID(record["subject"])
            source, version = str(record["source"]), str(record["protocolversion"])
            at = instant(record["recordedtime"])
            type, number = str(record["type"]), record.get("commandnumber")
        except (ValueError, TypeError, KeyError):
            return
        if tp.topic != self._commands_topic:
            return
        work = _Work()
        await self._load_cases(connection, {case_ref}, work)
        case = work.cases[case_ref]
        if number is not None:
            case.taken = max(case.taken, int(number))
            case.changed = True
        outcome = Message(
            id=new_id(), source=self._source, case_ref=case_ref, occurred_at=at, recorded_at=at,
            data=self._seat.discarded(source, str(id), type, letter),
            correlation_id=id, causation_id=id, protocol_version=version,
            position=work.next_place(case.partition, events=0, outcomes=1)[1],
        )  # fmt: skip
        work.answer(case, outcome, id)
        nowhere = Advance(self._seat.service, "", {}, {})
        await connection.execute(self._sql["record"], *self._arguments(work, nowhere))
        self._pending = work

    def committed(self) -> None:
        work, self._pending = self._pending, None
        if work is None:
            return
        if len(self._cache) > _CACHE_MAX:
            self._cache.clear()
        for case_ref, case in work.cases.items():
            case.changed = False
            self._cache[case_ref] = case
        self._places.update(work.places)
        self._events.offer(work.events)
        self._outcomes.offer(work.outcomes)

    # -- load ---------------------------------------------------------------------------------

    async def _load(self, connection: Connection, inputs: Sequence[Input], work: "_Work") -> None:
        await self._load_cases(connection, {input.message.case_ref for input in inputs}, work)
        # The door numbers its commands; what has no number is known by its outcome.
        unnumbered = [
            i.message.id
            for i in inputs
            if i.message.number is None and i.tp.topic == self._commands_topic
        ]
        if unnumbered:
            rows = await connection.fetch(self._sql["read_answered"], unnumbered)
            work.answered.update(row["id"] for row in rows)

    async def _load_cases(
        self, connection: Connection, refs: Collection[UUID], work: "_Work"
    ) -> None:
        unknown = []
        for ref in refs:
            if (known := self._cache.get(ref)) is not None:
                work.cases[ref] = copy(known)
            else:
                work.cases[ref] = _Case(
                    ref, partition_of(ref), str(ref).encode(), self._seat.initial(ref)
                )
                unknown.append(ref)
        if unknown:
            for row in await connection.fetch(self._sql["read_cases"], unknown):
                case = work.cases[row["case_ref"]]
                case.version, case.taken = row["version"], row["taken"]
                case.heard_version = row["heard_version"]
                if row["state_version"] == self._seat.state_version:
                    case.state = self._seat.load(row["state"])
                else:
                    case.state = await self._refold(connection, case.ref)
        partitions = {case.partition for case in work.cases.values()}
        if missing := [p for p in partitions if p not in self._places]:
            for row in await connection.fetch(self._sql["read_places"], missing):
                self._places[row["partition"]] = (row["events"], row["outcomes"])
        work.places = {p: self._places[p] for p in partitions}

    async def _refold(self, connection: Connection, case_ref: UUID) -> Any:
        state = self._seat.initial(case_ref)
        for row in await connection.fetch(self._sql["read_history"], case_ref):
            fold = self._seat.evolve if row["own"] else self._seat.hear
            state = fold(state, decode(row["envelope"]))
        return state

    # -- decide -------------------------------------------------------------------------------

    def _rule(self, case: _Case, input: Input, work: "_Work") -> None:
        message = input.message
        if message.number is None:
            if message.id in work.answered:
                work.duplicate(input)
                return
        else:
            if message.number <= case.taken:
                work.duplicate(input)
                return
            if message.number > case.taken + 1:
                work.hold(input, "ahead")
                return
        if not self._seat.reached(message, case.version, case.heard_version):
            work.hold(input, "behind")
            return
        answer = self._seat.rule(case.state, message, new_id)
        if answer.outcome is None:
            work.hold(input, answer.held)
            return
        if message.number is not None:
            case.taken = message.number
        else:
            work.answered.add(message.id)
        case.changed = True
        event_ids = self._record(case, answer.events, message, work)
        place = work.next_place(case.partition, events=0, outcomes=1)[1]
        outcome = Message(
            id=new_id(),
            source=self._source,
            data=answer.outcome(event_ids, case.version, case.heard_version),
            case_ref=message.case_ref,
            occurred_at=message.recorded_at,
            recorded_at=message.recorded_at,
            correlation_id=message.correlation_id,
            causation_id=message.id,
            protocol_version=self._seat.protocol_version(case.state, message),
            position=place,
        )
        work.answer(case, outcome, message.id)
        work.release(input)

    def _hear(self, case: _Case, input: Input, work: "_Work") -> None:
        message = input.message
        sequence = message.sequence or 0
        work.release(input)
        if sequence <= case.heard_version:
            return
        case.heard_version = sequence
        case.changed = True
        case.state = self._seat.hear(case.state, message)
        work.heard.append((message.case_ref, sequence, input.raw))
        self._record(case, self._seat.react(case.state, message, new_id), message, work)

    def _record(
        self, case: _Case, events: Iterable[Event], cause: Message, work: "_Work"
    ) -> tuple[UUID, ...]:
        ids = []
        for event in events:
            case.version += 1
            place = work.next_place(case.partition, events=1, outcomes=0)[0]
            message = Message(
                id=new_id(),
                source=self._source,
                data=event,
                case_ref=cause.case_ref,
                occurred_at=cause.occurred_at,
                recorded_at=cause.recorded_at,
                correlation_id=cause.correlation_id,
                causation_id=cause.id,
                protocol_version=self._seat.protocol_version(case.state, cause),
                sequence=case.version,
                position=place,
            )
            case.state = self._seat.evolve(case.state, message)
            work.messages.append(message)
            work.events.append(Row(case.partition, place, case.key, encode(message)))
            ids.append(message.id)
        return tuple(ids)

    # -- record -------------------------------------------------------------------------------

    def _arguments(self, work: "_Work", advance: Advance) -> tuple[Any, ...]:
        changed = [case for case in work.cases.values() if case.changed]
        held = [input for input, _ in work.held if input.arrival is None]
        reasons = [reason for input, reason in work.held if input.arrival is None]
        held_columns = hold_arguments(held, "")
        seat = self._seat
        return (
            [row.partition for row in work.events],
            [row.position for row in work.events],
            [message.case_ref for message in work.messages],
            [message.sequence for message in work.messages],
            [row.envelope for row in work.events],
            work.answered_ids,
            [row.partition for row in work.outcomes],
            [row.position for row in work.outcomes],
            work.answered_refs,
            [row.envelope for row in work.outcomes],
            [ref for ref, _, _ in work.heard],
            [version for _, version, _ in work.heard],
            [raw for _, _, raw in work.heard],
            [case.ref for case in changed],
            [case.partition for case in changed],
            [case.version for case in changed],
            [case.heard_version for case in changed],
            [case.taken for case in changed],
            [seat.state_version] * len(changed),
            [seat.dump(case.state) for case in changed],
            [seat.next_due_at(case.state) for case in changed],
            *held_columns[:5],
            reasons,
            held_columns[6],
            [*work.arrivals, *advance.done],
            *advance.arguments(),
        )


class _Work:
    """What one list comes to, before it is written."""

    __slots__ = (
        "answered", "answered_ids", "answered_refs", "arrivals", "cases", "events", "heard",
        "held", "messages", "outcomes", "places",
    )  # fmt: skip

    def __init__(self) -> None:
        self.cases: dict[UUID, _Case] = {}
        #: The last place of each partition in both journals.
        self.places: dict[int, tuple[int, int]] = {}
        #: Commands without a number that have an outcome.
        self.answered: set[UUID] = set()
        #: What was decided, and the rows it is written to.
        self.messages: list[Message] = []
        self.events: list[Row] = []
        self.outcomes: list[Row] = []
        self.answered_ids: list[UUID] = []
        self.answered_refs: list[UUID] = []
        self.heard: list[tuple[UUID, int, bytes]] = []
        self.held: list[tuple[Input, str]] = []
        self.arrivals: list[int] = []

    def answer(self, case: _Case, outcome: Message, id: UUID) -> None:
        row = Row(case.partition, outcome.position or 0, case.key, encode(outcome))
        self.outcomes.append(row)
        self.answered_ids.append(id)
        self.answered_refs.append(case.ref)

    def next_place(self, partition: int, *, events: int, outcomes: int) -> tuple[int, int]:
        last_event, last_outcome = self.places[partition]
        place = (last_event + events, last_outcome + outcomes)
        self.places[partition] = place
        return place

    def hold(self, input: Input, reason: str) -> None:
        self.held.append((input, reason))

    def duplicate(self, input: Input) -> None:
        self.release(input)

    def release(self, input: Input) -> None:
        if input.arrival is not None:
            self.arrivals.append(input.arrival)
