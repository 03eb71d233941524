"""From a decision to what is recorded: the events, and the outcome that whoever asked will read."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, assert_never
from uuid import UUID

from throughcare.contracts import outcomes
from throughcare.contracts.envelope import Message
from throughcare.contracts.kinds import Event, Outcome
from throughcare.protocol.decision import Context, Decided, Held, Refused, Superseded
from throughcare.protocol.half import Half


class Answer(NamedTuple):
    """What a message comes to."""

    events: Sequence[Event]
    #: Makes the outcome from the ids of the recorded events and the versions of both halves
    #: (own, heard). None: it is held, there is no outcome yet.
    outcome: Callable[[tuple[UUID, ...], int, int], Outcome] | None
    #: Why it is held.
    held: str = ""


class Seat:
    """A half as the runtime's decider drives it."""

    def __init__(self, half: Half[Any]) -> None:
        self.service: str = half.name
        self.state_version = half.state_version
        self.initial = half.initial
        self.evolve = half.evolve
        self.hear = half.hear
        self.dump = half.dump
        self.load = half.load
        self._half = half
        self._owns_intake = half.name == "intake"

    def next_due_at(self, state: Any) -> datetime | None:
        return self._half.next_due_at(state)

    def protocol_version(self, state: Any, message: Message) -> str:
        """The case's own version; the message's until the half knows of the case."""
        return self._half.protocol_version(state) or message.protocol_version

    def reached(self, message: Message, version: int, heard_version: int) -> bool:
        """Whether the versions that the door had seen are known here."""
        intake, release = self._both(version, heard_version)
        return intake >= message.seen_intake and release >= message.seen_release

    def rule(self, state: Any, message: Message, new_id: Callable[[], UUID]) -> Answer:
        decision = self._half.decide(state, message.data, _context(message, new_id))
        if isinstance(decision, Held):
            return Answer((), None, decision.code)
        events = decision.events if isinstance(decision, Decided) else ()

        def outcome(event_ids: tuple[UUID, ...], version: int, heard_version: int) -> Outcome:
            intake, release = self._both(version, heard_version)
            common: dict[str, Any] = {
                "answered_source": message.source,
                "answered_id": str(message.id),
                "answered_type": message.data.type,
                "intake_version": intake or None,
                "release_version": release or None,
            }
            match decision:
                case Decided():
                    return outcomes.Decided(event_ids=event_ids, **common)
                case Refused(code):
                    return outcomes.Refused(refusal_code=code, **common)
                case Superseded(code):
                    return outcomes.Superseded(reason_code=code, **common)
                case _:
                    assert_never(decision)

        return Answer(events, outcome)

    def discarded(self, source: str, id: str, type: str | None, letter: UUID) -> Outcome:
        """The outcome of a message that could not be handled and that a human then discarded."""
        return outcomes.DeadLettered(
            answered_source=source,
            answered_id=id,
            answered_type=type,
            dead_letter_id=letter,
            stage="decide",
        )

    def react(self, state: Any, event: Message, new_id: Callable[[], UUID]) -> Sequence[Event]:
        return self._half.react(state, event.data, _context(event, new_id))

    def _both(self, version: int, heard_version: int) -> tuple[int, int]:
        return (version, heard_version) if self._owns_intake else (heard_version, version)


def _context(message: Message, new_id: Callable[[], UUID]) -> Context:
    return Context(
        id=message.id,
        case_ref=message.case_ref,
        occurred_at=message.occurred_at,
        received_at=message.recorded_at,
        party=message.party,
        roles=frozenset(message.roles),
        new_id=new_id,
        protocol_version=message.protocol_version,
    )
