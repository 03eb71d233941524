"""What is decided in a row of the bench: a toy as small as can be, or a half of the real protocol."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import ClassVar, NamedTuple, cast
from uuid import UUID

import orjson

from throughcare.contracts import outcomes
from throughcare.contracts.envelope import Message
from throughcare.contracts.kinds import Command, Data, Event, Outcome
from throughcare.contracts.topics import COMMANDS_OF, EVENTS_OF, OUTCOMES_OF, Topic
from throughcare.protocol import intake, release
from throughcare.protocol.answer import Answer
from throughcare.protocol.answer import Seat as HalfSeat
from throughcare.runtime.decider import Project, Seat
from throughcare.services.intake.store import PERMISSION_EVENTS, keep_permissions
from throughcare.services.release.store import SEAM_EVENTS, keep_seam


class Add(Command):
    """Stands for the smallest command there could be, with the fields of a small one."""

    name: ClassVar[str] = "bench-add"
    amount: int
    reason_code: str
    facility: str
    expected_on: str


class Added(Event):
    name: ClassVar[str] = "bench-added"
    amount: int
    total: int
    reason_code: str
    facility: str
    expected_on: str


Tally = tuple[int, int]


class ToySeat:
    """Adds up what a case is told: the work around a decision, with next to no decision in it."""

    service = "intake"
    state_version = 1

    def initial(self, case_ref: UUID) -> Tally:
        return (0, 0)

    def load(self, dumped: bytes) -> Tally:
        count, total = orjson.loads(dumped)
        return (count, total)

    def dump(self, state: Tally) -> bytes:
        return orjson.dumps(state)

    def evolve(self, state: Tally, event: Message) -> Tally:
        return (state[0] + 1, cast(Added, event.data).total)

    def hear(self, state: Tally, event: Message) -> Tally:
        return state

    def rule(self, state: Tally, message: Message, new_id: Callable[[], UUID]) -> Answer:
        add = cast(Add, message.data)
        added = Added(
            amount=add.amount,
            total=state[1] + add.amount,
            reason_code=add.reason_code,
            facility=add.facility,
            expected_on=add.expected_on,
        )

        def outcome(ids: tuple[UUID, ...], version: int, heard: int) -> Outcome:
            return outcomes.Decided(
                answered_source=message.source,
                answered_id=str(message.id),
                answered_type=add.type,
                event_ids=ids,
                intake_version=version,
            )

        return Answer((added,), outcome)

    def discarded(self, source: str, id: str, type: str | None, letter: UUID) -> Outcome:
        raise NotImplementedError("nothing is discarded in the bench")

    def react(self, state: Tally, event: Message, new_id: Callable[[], UUID]) -> Sequence[Event]:
        return ()

    def reached(self, message: Message, version: int, heard_version: int) -> bool:
        return version >= message.seen_intake

    def next_due_at(self, state: Tally) -> datetime | None:
        return None

    def protocol_version(self, state: Tally, message: Message) -> str:
        return message.protocol_version


class Half(NamedTuple):
    """Who decides, in which schema, from which topic to which."""

    seat: Seat
    project: Project | None
    projected: Collection[type[Data]]

    @property
    def schema(self) -> str:
        return self.seat.service

    @property
    def commands(self) -> Topic:
        return COMMANDS_OF[self.schema]

    @property
    def events(self) -> Topic:
        return EVENTS_OF[self.schema]

    @property
    def outcomes(self) -> Topic:
        return OUTCOMES_OF[self.schema]


HALVES = {
    "toy": Half(ToySeat(), None, ()),
    "intake": Half(HalfSeat(intake.HALF), keep_permissions, PERMISSION_EVENTS),
    "release": Half(HalfSeat(release.HALF), keep_seam, SEAM_EVENTS),
}
