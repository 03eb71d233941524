"""One person's way: what is seen of the case so far, and what somebody means to do about it."""

import heapq
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

from throughcare.cli.cohort.act import Act
from throughcare.cli.cohort.person import Person
from throughcare.cli.cohort.rates import Rate
from throughcare.cli.cohort.world import World
from throughcare.contracts.commands import OWNER
from throughcare.contracts.envelope import Message
from throughcare.contracts.intake_events import INTAKE_EVENTS
from throughcare.contracts.kinds import Data, Fact
from throughcare.protocol.intake import HALF as INTAKE
from throughcare.protocol.intake import state as of_intake
from throughcare.protocol.release import HALF as RELEASE
from throughcare.protocol.release import state as of_release
from throughcare.protocol.release.rules import responsible
from throughcare.protocol.release.state import Ended, InCustody, Outside, Referral, Unheard
from throughcare.protocol.stage import Stage, stage_of

_NOBODY = UUID(int=0)
_SOURCE = attrgetter("source")


#: What somebody will do at a moment, if it still makes sense then.
Intent = Callable[[datetime], Iterable[Act]]
#: What somebody makes of an event: of its data, and of the moment at which it is seen.
_Hear = Callable[[Any, datetime], None]
Hears = Mapping[type[Data], _Hear]


class _Planned(NamedTuple):
    at: datetime
    waits: bool
    #: The first planned is the first done.
    order: int
    do: Intent
    about: Hashable


class Course:
    """Acts are asked for at grid points; what came of them is shown before the next are.

    Whoever reacts looks at the case as its events tell it, so an act is a guess that the protocol
    may still refuse.
    """

    def __init__(self, person: Person, rng: Random, world: World) -> None:
        self.person = person
        self.rng = rng
        self.world, self.grid, self.profile = world, world.grid, world.profile
        self.intake = INTAKE.initial(_NOBODY)
        self.release = RELEASE.initial(_NOBODY)
        self._hears: defaultdict[type[Data], list[_Hear]] = defaultdict(list)
        self._hears_after_the_end: Hears = {}
        self._was_over = False
        self._agenda: list[_Planned] = []
        self._order = 0
        #: Decided on for this point, still to be said.
        self._left: list[Act] = []

    # -- the agenda ----------------------------------------------------------------------------

    def plan(
        self, at: datetime, do: Intent, about: Hashable = None, *, first: bool = False
    ) -> None:
        """Mean to do something; `about`: what it depends on, if on nothing else that is said then.

        All that is about something is said to release, by HTTP. `first`: before the rest.
        """
        self._order += 1
        heapq.heappush(self._agenda, _Planned(at, not first, self._order, do, about))

    def next_at(self) -> datetime | None:
        """The next moment at which somebody means to do something."""
        return self._agenda[0].at if self._agenda else None

    def act(self, now: datetime) -> list[Act]:
        """What is done now, all to one half and by one way: their order is the order of taking.

        Ask again, when these were decided and shown, until nothing comes.
        """
        if not self._left:
            self._left = self._act(now)
        if len(self._left) > 1:
            return self._first_lane()
        said, self._left = self._left, []
        return said

    def _first_lane(self) -> list[Act]:
        lane = _lane(self._left[0].data)
        count = next(
            (n for n, act in enumerate(self._left) if _lane(act.data) != lane), len(self._left)
        )
        said, self._left = self._left[:count], self._left[count:]
        return said

    def _act(self, now: datetime) -> list[Act]:
        """The first thing that somebody does now, and what others do that does not touch it."""
        acts: list[Act] = []
        touched: set[Hashable] = set()
        while self._agenda and self._agenda[0].at <= now:
            about = self._agenda[0].about
            if acts and (about is None or None in touched or about in touched):
                break
            planned = heapq.heappop(self._agenda)
            if done := list(planned.do(now)):
                acts += done
                touched.add(about)
        return acts

    # -- what is seen --------------------------------------------------------------------------

    def hears(self, hears: Hears) -> None:
        """Somebody who plays a party hears of these; of an event the first that asked hears first."""
        for kind, hear in hears.items():
            self._hears[kind].append(hear)

    def hears_after_the_end(self, hears: Hears) -> None:
        """And of these when the case is over: all that was planned until then is off."""
        self._hears_after_the_end = hears

    def see(self, events: Sequence[Message], now: datetime) -> None:
        """New events of the case: intake's in their order, then release's in theirs."""
        for event in sorted(events, key=_place):
            if _is_intakes(event):
                self.intake = INTAKE.evolve(self.intake, event)
                self.release = RELEASE.hear(self.release, event)
            else:
                self.release = RELEASE.evolve(self.release, event)
                self.intake = INTAKE.hear(self.intake, event)
        self._tell(sorted(events, key=_place), now)

    def share(
        self,
        intake: of_intake.State,
        release: of_release.State,
        events: Sequence[Message],
        now: datetime,
    ) -> None:
        """The same where both states are at hand already; a simulation folds nothing twice."""
        self.intake, self.release = intake, release
        # Of each half they come in their order.
        self._tell(sorted(events, key=_SOURCE), now)

    def _tell(self, events: Sequence[Message], now: datetime) -> None:
        if self.is_over and not self._was_over:
            self._agenda.clear()
            self._left.clear()
        self._was_over = self.is_over
        for event in events:
            kind = type(event.data)
            if self.is_over:
                if (hear := self._hears_after_the_end.get(kind)) is not None:
                    hear(event.data, now)
            elif kind in self._hears:
                for hear in self._hears[kind]:
                    hear(event.data, now)

    @property
    def stage(self) -> Stage:
        return stage_of(self.intake, self.release)

    @property
    def is_new(self) -> bool:
        """Nobody has opened the case yet."""
        return isinstance(self.release.heard, Unheard)

    @property
    def is_over(self) -> bool:
        return isinstance(self.release.own.person, Ended)

    @property
    def was(self) -> of_release.Situation | None:
        """Where the person was when the case ended."""
        person = self.release.own.person
        return person.was if isinstance(person, Ended) else None

    @property
    def inside(self) -> InCustody | None:
        person = self.release.own.person
        return person if isinstance(person, InCustody) else None

    @property
    def outside(self) -> Outside | None:
        person = self.release.own.person
        return person if isinstance(person, Outside) else None

    @property
    def responsible(self) -> Referral | None:
        """The care receiver that answers for the person."""
        return responsible(self.release, self.profile)

    def referral(self, referral_id: UUID) -> Referral:
        return next(one for one in self.release.own.referrals if one.id == referral_id)

    # -- chance --------------------------------------------------------------------------------

    def happens(self, rate: Rate) -> bool:
        return self.rng.random() < self.world.value(rate)

    def days(self, low: int, high: int) -> int:
        return self.rng.randint(low, high)

    def by(self, party: str, data: Data, occurred_at: datetime) -> Iterator[Act]:
        return iter((Act(self.person.number, party, data, occurred_at),))


def _lane(data: Data) -> tuple[str, bool]:
    return OWNER[type(data)], isinstance(data, Fact)


def _place(event: Message) -> tuple[str, int]:
    """Intake's first: the names of the two happen to lie in that order."""
    assert event.sequence is not None
    return event.source, event.sequence


def _is_intakes(event: Message) -> bool:
    return isinstance(event.data, INTAKE_EVENTS)
