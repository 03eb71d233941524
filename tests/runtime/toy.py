"""A toy half in intake's place: counts what it is told. Shows the shell without the protocol.

Run as a process of its own: `python -m throughcare.tests.runtime.toy`.
"""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

from throughcare.contracts import outcomes
from throughcare.contracts.envelope import Message
from throughcare.contracts.kinds import Command, Event, Outcome
from throughcare.contracts.topics import INTAKE_COMMANDS, INTAKE_EVENTS, INTAKE_OUTCOMES
from throughcare.protocol.answer import Answer
from throughcare.runtime.decider import LANES, Decider
from throughcare.runtime.process import Process, main

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class Add(Command):
    name: ClassVar[str] = "toy-add"
    amount: int
    how: str = "plainly"


class Added(Event):
    name: ClassVar[str] = "toy-added"
    amount: int


class ToySeat:
    service = "intake"
    state_version = 1

    def __init__(self) -> None:
        self.failures: Counter[UUID] = Counter()

    def initial(self, case_ref: UUID) -> list[int]:
        return []

    def load(self, dumped: bytes) -> list[int]:
        return list(json.loads(dumped))

    def dump(self, state: list[int]) -> bytes:
        return json.dumps(state).encode()

    def evolve(self, state: list[int], event: Message) -> list[int]:
        assert isinstance(event.data, Added)
        return [*state, event.data.amount]

    def hear(self, state: list[int], event: Message) -> list[int]:
        return state

    def rule(self, state: list[int], message: Message, new_id: Callable[[], UUID]) -> Answer:
        add = message.data
        assert isinstance(add, Add)
        if add.how == "poison":
            raise ValueError("a bug of ours")
        if add.how == "poison-until-mended":
            self.failures[message.id] += 1
            if self.failures[message.id] <= 2:  # in the list, and alone
                raise ValueError("a bug of ours, mended later")
        if add.how == "once":
            self.failures[message.id] += 1
            if self.failures[message.id] == 1:
                raise ConnectionError("gone for a moment")

        def outcome(ids: tuple[UUID, ...], version: int, heard: int) -> Outcome:
            return outcomes.Decided(
                answered_source=message.source, answered_id=str(message.id), event_ids=ids
            )

        return Answer((Added(amount=add.amount),), outcome)

    def discarded(self, source: str, id: str, type: str | None, letter: UUID) -> Outcome:
        return outcomes.DeadLettered(
            answered_source=source, answered_id=id, dead_letter_id=letter, stage="decide"
        )

    def react(
        self, state: list[int], event: Message, new_id: Callable[[], UUID]
    ) -> Sequence[Event]:
        return ()

    def reached(self, message: Message, version: int, heard_version: int) -> bool:
        return version >= message.seen_intake

    def next_due_at(self, state: Any) -> datetime | None:
        return None

    def protocol_version(self, state: Any, message: Message) -> str:
        return "toy-1"


async def build(process: Process) -> None:
    events = process.journal(INTAKE_EVENTS, "events")
    answers = process.journal(INTAKE_OUTCOMES, "outcomes")
    deciders = [
        Decider(ToySeat(), events=events, outcomes=answers, commands_topic=INTAKE_COMMANDS.name)
        for _ in range(LANES)
    ]
    await process.consume(deciders, [INTAKE_COMMANDS])


def command(
    case_ref: UUID, number: int | None, amount: int, id: UUID, how: str = "plainly"
) -> Message:
    return Message(
        id=id,
        source="/tests",
        data=Add(amount=amount, how=how),
        case_ref=case_ref,
        occurred_at=EPOCH,
        recorded_at=EPOCH,
        correlation_id=id,
        protocol_version="toy-1",
        party="tests",
        roles=("tests",),
        number=number,
    )


if __name__ == "__main__":
    main("intake", build)
