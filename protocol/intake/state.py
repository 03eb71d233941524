"""Where a case stands in intake, and how its events lead there."""

from datetime import date, datetime
from typing import Literal, assert_never
from uuid import UUID

from msgspec import json

from throughcare.contracts import consent_events, life_events, release_events
from throughcare.contracts import intake_events as events
from throughcare.contracts.codes import (
    CloseReason,
    ConsentItem,
    DataClass,
    NeedFlag,
    Purpose,
    ReceiverType,
)
from throughcare.contracts.envelope import Message
from throughcare.contracts.rights_events import CaseForgotten
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
    | life_events.CaseReopened
    | life_events.ProgrammeApplied
    | life_events.ProgrammeAdmissionRefused
    | life_events.ProgrammePhaseStarted
    | life_events.ProgrammeCompleted
    | life_events.ProgrammeLeft
    | life_events.ProgrammeRemoved
    | life_events.ProgrammeMoved
    | life_events.ProgrammeOverfilled
    | consent_events.ConsentNarrowed
    | consent_events.ConsentWidened
    | consent_events.ConsentRenewed
    | consent_events.ConsentExpired
)

#: Of the dumped form below.
STATE_VERSION = 4


class Unopened(Record, frozen=True, tag="unopened"):
    """No case yet."""


class Opened(Record, frozen=True, tag="opened"):
    """Nobody has asked the person yet."""


class Offered(Record, frozen=True, tag="offered"):
    """Asked; no answer yet."""


class Allowed(Record, frozen=True):
    """One permission."""

    receiver_type: ReceiverType
    party: str | None
    data_classes: tuple[DataClass, ...]
    purposes: tuple[Purpose, ...]
    asked_by_person: bool | None = None


class Consented(Record, frozen=True, tag="consented"):
    consent_id: UUID
    expires_on: date
    #: 0: no plan yet.
    plan_version: int
    items: tuple[Allowed, ...] = ()
    #: The person's last yes.
    signed_at: datetime | None = None


class SaidNo(Record, frozen=True, tag="said-no"):
    """The person refused."""


class Withdrawn(Record, frozen=True, tag="withdrawn"):
    """The person gave or was asked for consent, and said stop."""


class Expired(Record, frozen=True, tag="expired"):
    """The consent's last day is over."""


Situation = Unopened | Opened | Offered | Consented | SaidNo | Withdrawn | Expired


class Enrolment(Record, frozen=True):
    """The latest of one programme."""

    programme_code: str
    stand: Literal["applied", "admitted", "in-phase", "completed", "left", "removed", "refused"]
    #: When the last that was applied of it happened.
    said_at: datetime
    phase_code: str | None = None


class Own(Record, frozen=True):
    """The fold of intake's own events."""

    case: Situation
    protocol_version: str
    #: Programmes the person was admitted to, in order.
    programmes: tuple[str, ...]
    enrolments: tuple[Enrolment, ...] = ()
    #: How often the person said no, and how often the case was reopened.
    refusals: int = 0
    reopened: int = 0
    #: What the needs were last found to be.
    needs: tuple[NeedFlag, ...] = ()


class Heard(Record, frozen=True):
    """The fold of what release said."""

    #: How often release closed it, and the last time: why, and when that was recorded.
    closings: int = 0
    reason_code: CloseReason | None = None
    closed_at: datetime | None = None
    forgotten: bool = False


class State(Record, frozen=True):
    own: Own
    heard: Heard


_ENCODER = json.Encoder()
_DECODER = json.Decoder(State)
_INITIAL = State(Own(Unopened(), "", ()), Heard())


def initial(case_ref: UUID) -> State:
    return _INITIAL


def dump(state: State) -> bytes:
    return _ENCODER.encode(state)


def load(raw: bytes) -> State:
    return _DECODER.decode(raw)


def apply(
    own: Own, event: IntakeEvent, protocol_version: str, occurred_at: datetime | None = None
) -> Own:
    """One own event; the version counts with the opening only."""
    match event:
        case events.CaseOpened():
            return replace(own, case=Opened(), protocol_version=protocol_version)
        case events.ProgrammeEnrolled():
            return replace(own, programmes=(*own.programmes, event.programme_code))
        case events.ConsentOffered():
            return replace(own, case=Offered())
        case events.ConsentGranted():
            items = _allowed(event.items)
            case = Consented(event.consent_id, event.expires_on, 0, items, occurred_at)
            return replace(own, case=case)
        case (
            consent_events.ConsentNarrowed()
            | consent_events.ConsentWidened()
            | consent_events.ConsentRenewed()
        ):
            return _changed(own, event, occurred_at)
        case consent_events.ConsentExpired():
            return replace(own, case=Expired())
        case events.ConsentRefused():
            return replace(own, case=SaidNo(), refusals=own.refusals + 1)
        case events.ConsentWithdrawn():
            return replace(own, case=Withdrawn())
        case events.NeedsAssessed():
            return replace(own, needs=event.flags)
        case events.PlanAgreed() | events.PlanRevised():
            if isinstance(own.case, Consented):
                return replace(own, case=replace(own.case, plan_version=event.plan_version))
            return own
        case life_events.CaseReopened():
            return replace(own, case=Opened(), reopened=own.reopened + 1, needs=())
        case (
            life_events.ProgrammeApplied()
            | life_events.ProgrammeAdmissionRefused()
            | life_events.ProgrammePhaseStarted()
            | life_events.ProgrammeCompleted()
            | life_events.ProgrammeLeft()
            | life_events.ProgrammeRemoved()
            | life_events.ProgrammeMoved()
            | life_events.ProgrammeOverfilled()
        ):
            return own  # folded in `programme.py`, which knows when they happened
        case _:
            assert_never(event)


def listen(heard: Heard, event: Message) -> Heard:
    match event.data:
        case release_events.CaseClosed(reason_code=reason):
            return replace(
                heard,
                closings=heard.closings + 1,
                reason_code=reason,
                closed_at=event.recorded_at,
            )
        case CaseForgotten():
            return replace(heard, forgotten=True)
        case _:
            return heard


def is_closed(state: State) -> bool:
    """Ended, and not reopened since. Counted, since the two streams come in any order."""
    return state.heard.closings > state.own.reopened


def _allowed(items: tuple[ConsentItem, ...]) -> tuple[Allowed, ...]:
    return tuple(
        Allowed(one.receiver_type, one.party, one.data_classes, one.purposes, one.asked_by_person)
        for one in items
    )


def _changed(
    own: Own,
    event: consent_events.ConsentNarrowed
    | consent_events.ConsentWidened
    | consent_events.ConsentRenewed,
    occurred_at: datetime | None,
) -> Own:
    if not isinstance(own.case, Consented):
        return own
    case = replace(own.case, items=_allowed(event.items), expires_on=event.expires_on)
    if not isinstance(event, consent_events.ConsentNarrowed):
        case = replace(case, signed_at=occurred_at)
    return replace(own, case=case)
