"""Where a case stands in intake, and how its events lead there."""

from datetime import date
from typing import assert_never
from uuid import UUID

from msgspec import json

from throughcare.contracts import intake_events as events
from throughcare.contracts import release_events
from throughcare.contracts.kinds import Data
from throughcare.protocol.record import Record, replace

IntakeEvent = (
    events.CaseOpened
    | events.ProgrammeEnrolled
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


class Unopened(Record, frozen=True, tag="unopened"):
    """No case yet."""


class Opened(Record, frozen=True, tag="opened"):
    """Nobody has asked the person yet."""


class Offered(Record, frozen=True, tag="offered"):
    """Asked; no answer yet."""


class Consented(Record, frozen=True, tag="consented"):
    consent_id: UUID
    expires_on: date
    #: 0: no plan yet.
    plan_version: int


class SaidNo(Record, frozen=True, tag="said-no"):
    """The person refused."""


class Withdrawn(Record, frozen=True, tag="withdrawn"):
    """The person gave or was asked for consent, and said stop."""


Situation = Unopened | Opened | Offered | Consented | SaidNo | Withdrawn


class Own(Record, frozen=True):
    """The fold of intake's own events."""

    case: Situation
    protocol_version: str
    #: Programmes the person was admitted to, in order.
    programmes: tuple[str, ...]


class Heard(Record, frozen=True):
    """The fold of what release said."""

    closed: bool


class State(Record, frozen=True):
    own: Own
    heard: Heard


_ENCODER = json.Encoder()
_DECODER = json.Decoder(State)
_INITIAL = State(Own(Unopened(), "", ()), Heard(closed=False))


def initial(case_ref: UUID) -> State:
    return _INITIAL


def dump(state: State) -> bytes:
    return _ENCODER.encode(state)


def load(raw: bytes) -> State:
    return _DECODER.decode(raw)


def apply(own: Own, event: IntakeEvent, protocol_version: str) -> Own:
    """One own event; the version counts with the opening only."""
    match event:
        case events.CaseOpened():
            return replace(own, case=Opened(), protocol_version=protocol_version)
        case events.ProgrammeEnrolled():
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
