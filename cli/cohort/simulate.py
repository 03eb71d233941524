"""The cohort against the pure protocol: both halves of each case in memory, nothing else.

The same points, rounds and deadlines as with the real services, so the same story.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from throughcare.cli.cohort.act import Act
from throughcare.cli.cohort.cohort import acts_at, next_act_at
from throughcare.cli.cohort.course import Course
from throughcare.cli.cohort.grid import PROFILE
from throughcare.cli.cohort.world import PARTIES
from throughcare.contracts.codes import Role
from throughcare.contracts.commands import OWNER, HalfName
from throughcare.contracts.envelope import Message
from throughcare.contracts.intake_events import INTAKE_EVENTS
from throughcare.contracts.kinds import Data, Event
from throughcare.contracts.release_commands import RunDeadlines
from throughcare.protocol.decision import Context, Decided, Decision
from throughcare.protocol.half import Half
from throughcare.protocol.intake import HALF as INTAKE
from throughcare.protocol.release import HALF as RELEASE

_HALVES: dict[HalfName, Half[Any]] = {"intake": INTAKE, "release": RELEASE}
_OTHER: dict[HalfName, HalfName] = {"intake": "release", "release": "intake"}
_ROLES = {party.code: frozenset(party.roles) for party in PARTIES}
_SYSTEM: frozenset[Role] = frozenset({"system"})


class Said(NamedTuple):
    """An act and what the protocol answered."""

    act: Act
    decision: Decision


class Case:
    """Both halves of one case, joined without delay."""

    def __init__(self, number: int) -> None:
        self.case_ref = UUID(int=number)
        self.states: dict[HalfName, Any] = {
            name: half.initial(self.case_ref) for name, half in _HALVES.items()
        }
        self.told: dict[HalfName, list[Message]] = {"intake": [], "release": []}
        self.new: list[Message] = []
        self._ids = number << 32

    def tell(
        self, data: Data, party: str | None, roles: frozenset[Role],
        occurred_at: datetime, now: datetime,
    ) -> Decision:  # fmt: skip
        name = OWNER[type(data)]
        context = self._context(party, roles, occurred_at, now)
        decision = _HALVES[name].decide(self.states[name], data, context)
        if isinstance(decision, Decided):
            self._record(name, decision.events, context)
        return decision

    def run_deadlines(self, now: datetime) -> None:
        """All that is due by now, and what falls due at once because of it."""
        while (due := self.due_at()) is not None and due <= now:
            self.tell(RunDeadlines(as_of=now), "throughcare", _SYSTEM, now, now)

    def due_at(self) -> datetime | None:
        return RELEASE.next_due_at(self.states["release"])

    def seen(self) -> list[Message]:
        """What happened since this was asked the last time."""
        new, self.new = self.new, []
        return new

    def _record(self, name: HalfName, events: Sequence[Event], context: Context) -> None:
        """Own events first, then the other half hears them one by one and says what follows."""
        system = context._replace(party=None, roles=_SYSTEM)
        waiting = deque(self._say(name, events, context))
        while waiting:
            message = waiting.popleft()
            other = _OTHER[_writer(message)]
            half = _HALVES[other]
            self.states[other] = half.hear(self.states[other], message)
            follows = half.react(self.states[other], message.data, system)
            waiting.extend(self._say(other, follows, context))

    def _say(self, name: HalfName, events: Sequence[Event], context: Context) -> Iterator[Message]:
        for event in events:
            message = self._message(name, event, context)
            self.told[name].append(message)
            self.new.append(message)
            self.states[name] = _HALVES[name].evolve(self.states[name], message)
            yield message

    def _message(self, name: HalfName, event: Event, context: Context) -> Message:
        return Message(
            id=self._new_id(),
            source=f"/services/{name}",
            data=event,
            case_ref=self.case_ref,
            occurred_at=context.occurred_at,
            recorded_at=context.received_at,
            correlation_id=context.id,
            protocol_version=PROFILE.version,
            sequence=len(self.told[name]) + 1,
        )

    def _context(
        self, party: str | None, roles: frozenset[Role], occurred_at: datetime, now: datetime
    ) -> Context:
        return Context(
            id=self._new_id(),
            case_ref=self.case_ref,
            occurred_at=occurred_at,
            received_at=now,
            party=party,
            roles=roles,
            new_id=self._new_id,
            protocol_version=PROFILE.version,
        )

    def _new_id(self) -> UUID:
        self._ids += 1
        return UUID(int=self._ids)


def _writer(message: Message) -> HalfName:
    return "intake" if isinstance(message.data, INTAKE_EVENTS) else "release"


class Simulation:
    """A cohort lives until `until`, or until nothing more happens."""

    def __init__(self, courses: Sequence[Course]) -> None:
        self.courses = courses
        self.cases = {course.person.number: Case(course.person.number) for course in courses}
        self.points: list[datetime] = []
        self.rounds = 0
        self.said: list[Said] = []

    def run(self, until: datetime) -> None:
        for now in self._points(until):
            self.points.append(now)
            while acts := acts_at(self.courses, now):
                self.rounds += 1
                self._take(acts, now)
                self._show(now)
            for case in self.cases.values():
                case.run_deadlines(now)
            self._show(now)

    def _points(self, until: datetime) -> Iterator[datetime]:
        while True:
            moments = [case.due_at() for case in self.cases.values()]
            moments.append(next_act_at(self.courses))
            at = min((moment for moment in moments if moment is not None), default=None)
            if at is None or at > until:
                return
            yield at

    def _take(self, acts: Sequence[Act], now: datetime) -> None:
        for act in acts:
            decision = self.cases[act.person].tell(
                act.data, act.party, _ROLES[act.party], act.occurred_at, now
            )
            self.said.append(Said(act, decision))

    def _show(self, now: datetime) -> None:
        for course in self.courses:
            if new := self.cases[course.person.number].seen():
                course.see(new, now)
