"""Where a case stands in intake, and how its events lead there."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Literal, assert_never
from uuid import UUID

from pydantic import Field, TypeAdapter

from throughcare.contracts import intake_events as events
from throughcare.contracts import release_events
from throughcare.contracts.kinds import Data

IntakeEvent = (
    events.CaseOpened
    | events.ProgrammeAdmitted
    | events.ConsentOffered
    | events.ConsentGranted
    | events.ConsentRefused
    | events.ConsentWithdrawn
    | events.NeedsAssessed
    | events.PlanAgreed
    | events.PlanRevised
)

#: Of the dumped form below.
STATE_VERSION = 1


@dataclass(frozen=True, slots=True)
class Unopened:
    situation: Literal["unopened"] = "unopened"


@dataclass(frozen=True, slots=True)
class Opened:
    """Nobody has asked the person yet."""

    situation: Literal["opened"] = "opened"


@dataclass(frozen=True, slots=True)
class Offered:
    situation: Literal["offered"] = "offered"


@dataclass(frozen=True, slots=True)
class Consented:
    consent_id: UUID
    expires_on: date
    #: 0: no plan yet.
    plan_version: int
    situation: Literal["consented"] = "consented"


@dataclass(frozen=True, slots=True)
class SaidNo:
    situation: Literal["said-no"] = "said-no"


@dataclass(frozen=True, slots=True)
class Withdrawn:
    situation: Literal["withdrawn"] = "withdrawn"


Situation = Annotated[
    Unopened | Opened | Offered | Consented | SaidNo | Withdrawn, Field(discriminator="situation")
]


@dataclass(frozen=True, slots=True)
class Own:
    """The fold of intake's own events."""

    case: Situation
    protocol_version: str
    #: Programmes the person was admitted to, in order.
    programmes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """The fold of what release said."""

    closed: bool


@dataclass(frozen=True, slots=True)
class State:
    own: Own
    heard: Heard


_STATE: TypeAdapter[State] = TypeAdapter(State)
_INITIAL = State(Own(Unopened(), "", ()), Heard(closed=False))


def initial(case_ref: UUID) -> State:
    return _INITIAL


def dump(state: State) -> bytes:
    return _STATE.dump_json(state)


def load(raw: bytes) -> State:
    return _STATE.validate_json(raw)


def apply(own: Own, event: IntakeEvent, protocol_version: str) -> Own:
    """One own event; the version counts with the opening only."""
    match event:
        case events.CaseOpened():
            return replace(own, case=Opened(), protocol_version=protocol_version)
        case events.ProgrammeAdmitted():
            return replace(own, programmes=(*own.programmes, event.programme_code))
        case events.ConsentOffered():
            return replace(own, case=Offered())
        case events.ConsentGranted():
            return replace(own, case=Consented(event.consent_id, event.expires_on, 0))
        case events.ConsentRefused():
            return replace(own, case=SaidNo())
        case events.ConsentWithdrawn():
            return replace(own, case=Withdrawn())
        case events.NeedsAssessed():
            return own
        case events.PlanAgreed() | events.PlanRevised():
            if isinstance(own.case, Consented):
                return replace(own, case=replace(own.case, plan_version=event.plan_version))
            return own
        case _:
            assert_never(event)


def listen(heard: Heard, event: Data) -> Heard:
    return Heard(closed=True) if isinstance(event, release_events.CaseClosed) else heard
