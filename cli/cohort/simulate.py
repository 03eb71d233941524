"""The cohort against the pure protocol: both halves of each case in memory, nothing else.

The same acts, rounds and deadlines as with the real services, so the same story. A case knows no
other, so each is lived through to its end before the next; ids come from a counter that begins
anew with each, and nothing is written down or sent.
"""

from collections import deque
from collections.abc import Sequence
from datetime import datetime
from functools import reduce
from typing import Any, NamedTuple
from uuid import UUID

from throughcare.cli.cohort.act import Act
from throughcare.cli.cohort.course import Course
from throughcare.contracts.care_commands import ConfirmRecipientTold
from throughcare.contracts.care_events import PermissionRecalled
from throughcare.contracts.codes import Role
from throughcare.contracts.commands import OWNER, HalfName
from throughcare.contracts.envelope import Message
from throughcare.contracts.kinds import Data, Event
from throughcare.contracts.release_commands import RunDeadlines
from throughcare.protocol.decision import Context, Decided, Decision
from throughcare.protocol.half import Half
from throughcare.protocol.intake import HALF as INTAKE
from throughcare.protocol.release import HALF as RELEASE

_HALVES: dict[HalfName, Half[Any]] = {"intake": INTAKE, "release": RELEASE}
_OTHER: dict[HalfName, HalfName] = {"intake": "release", "release": "intake"}
_SOURCE: dict[HalfName, str] = {"intake": "/services/intake", "release": "/services/release"}
_SYSTEM: frozenset[Role] = frozenset({"system"})
_CASE = UUID(int=0)


class _Id(UUID):
    """From a counter, one object an id: it equals itself alone, and asks no Python for that."""

    __slots__ = ()
    __eq__ = object.__eq__
    __hash__ = object.__hash__


#: No two cases meet, so all may use the same: making them would take longer than deciding.
_IDS = [_Id(int=number) for number in range(1, 257)]


class Said(NamedTuple):
    """An act and what the protocol answered."""

    act: Act
    decision: Decision


class Case:
    """Both halves of one case, joined without delay."""

    def __init__(self, version: str) -> None:
        self.case_ref = _CASE
        self.version = version
        self.states: dict[HalfName, Any] = {
            name: half.initial(_CASE) for name, half in _HALVES.items()
        }
        self.told: dict[HalfName, list[Message]] = {"intake": [], "release": []}
        self.new: list[Message] = []
        self._ids = 0
        self._due_of: object = None
        self._due_at: datetime | None = None

    def tell(
        self, data: Data, party: str | None, roles: frozenset[str],
        occurred_at: datetime, now: datetime,
    ) -> Decision:  # fmt: skip
        name = OWNER[type(data)]
        new_id = self._new_id
        context = Context(
            new_id(), self.case_ref, occurred_at, now, party, roles, new_id, self.version
        )
        decision = _HALVES[name].decide(self.states[name], data, context)
        if isinstance(decision, Decided) and decision.events:
            self._record(name, decision.events, context, decision.after)
        return decision

    def run_deadlines(self, now: datetime) -> None:
        """All that is due by now, and what falls due at once because of it."""
        while (due := self.due_at()) is not None and due <= now:
            self.tell(RunDeadlines(as_of=now), "throughcare", _SYSTEM, now, now)

    def due_at(self) -> datetime | None:
        state = self.states["release"]
        if state is not self._due_of:
            self._due_of, self._due_at = state, RELEASE.next_due_at(state)
        return self._due_at

    def seen(self) -> list[Message]:
        """What happened since this was asked the last time."""
        new, self.new = self.new, []
        return new

    def _record(
        self, name: HalfName, events: Sequence[Event], context: Context, after: Any
    ) -> None:
        """Own events first, then the other half hears them one by one and says what follows."""
        waiting = deque([(_OTHER[name], self._say(name, events, context, after))])
        while waiting:
            name, said = waiting.popleft()
            half = _HALVES[name]
            for message in said:
                if type(message.data) not in half.heeds:
                    continue
                self.states[name] = state = half.hear(self.states[name], message)
                system = context._replace(party=None, roles=_SYSTEM)
                if follows := half.react(state, message.data, system):
                    waiting.append((_OTHER[name], self._say(name, follows, context)))

    def _say(
        self, name: HalfName, events: Sequence[Event], context: Context, after: Any = None
    ) -> list[Message]:
        """`after`: the state after them, where whoever decided knows it."""
        told, source = self.told[name], _SOURCE[name]
        said = [
            Message(
                self._new_id(), source, event, self.case_ref, context.occurred_at,
                context.received_at, context.id, self.version, None, sequence,
            )
            for sequence, event in enumerate(events, len(told) + 1)
        ]  # fmt: skip
        self.states[name] = after or reduce(_HALVES[name].evolve, said, self.states[name])
        told += said
        self.new += said
        return said

    def _new_id(self) -> UUID:
        number = self._ids
        self._ids += 1
        if number >= len(_IDS):
            _IDS.append(_Id(int=number + 1))
        return _IDS[number]


class Life(NamedTuple):
    """What came of one case."""

    case: Case
    #: The moments at which something happened.
    points: list[datetime]
    said: list[Said]


def live(course: Course, until: datetime) -> Life:
    """One case, until nothing more happens by then."""
    case = Case(course.profile.version)
    points, said = [], []
    roles, tell = course.world.roles, case.tell
    while (now := _next(case, course)) is not None and now <= until:
        points.append(now)
        while acts := course.act(now):
            for act in acts:
                decision = tell(act.data, act.party, roles[act.party], act.occurred_at, now)
                said.append(Said(act, decision))
            _show(case, course, now)
        case.run_deadlines(now)
        _show(case, course, now)
    return Life(case, points, said)


def _next(case: Case, course: Course) -> datetime | None:
    due_at, acts_at = case.due_at(), course.next_at()
    if due_at is None or acts_at is None:
        return due_at or acts_at
    return min(due_at, acts_at)


def _show(case: Case, course: Course, now: datetime) -> None:
    new = case.seen()
    for message in new:
        if isinstance(message.data, PermissionRecalled):
            # A notice that arrives says so; here each arrives at once.
            told = ConfirmRecipientTold(referral_id=message.data.referral_id)
            case.tell(told, "throughcare", _SYSTEM, now, now)
    new += case.seen()
    if new:
        course.share(case.states["intake"], case.states["release"], new, now)


class Simulation:
    """A cohort lives until `until`, or until nothing more happens; all of it is kept."""

    def __init__(self, courses: Sequence[Course]) -> None:
        self.courses = courses
        self.cases: dict[int, Case] = {}
        self.points: list[datetime] = []
        self.said: list[Said] = []

    def run(self, until: datetime) -> None:
        points: set[datetime] = set()
        for course in self.courses:
            case, lived, said = live(course, until)
            self.cases[course.person.number] = case
            points.update(lived)
            self.said += said
        self.points = sorted(points)
