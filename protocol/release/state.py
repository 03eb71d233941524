"""Where a case stands in release: the person's situation, the referrals, the live deadlines.

And what release has to remember of what intake said: consent and plan.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, TypeAdapter

from throughcare.contracts.codes import (
    CloseReason,
    DeadlineCode,
    Origin,
    OutreachMeans,
    ReceiverType,
    Role,
    ServiceType,
    Urgency,
)

#: Of the dumped form below.
STATE_VERSION = 1

# -- a referral ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sent:
    """Offered, no answer yet."""

    sent_at: datetime
    answer_due_at: datetime
    received: bool
    at: Literal["sent"] = "sent"


@dataclass(frozen=True, slots=True)
class Accepted:
    valid_until: date | None
    at: Literal["accepted"] = "accepted"


@dataclass(frozen=True, slots=True)
class Booked:
    valid_until: date | None
    appointment_at: datetime
    at: Literal["booked"] = "booked"


@dataclass(frozen=True, slots=True)
class Missed:
    """The appointment passed without the person; outreach follows."""

    valid_until: date | None
    noticed_at: datetime
    attempts: int
    at: Literal["missed"] = "missed"


@dataclass(frozen=True, slots=True)
class Attended:
    at: Literal["attended"] = "attended"


@dataclass(frozen=True, slots=True)
class Engaged:
    engaged_at: datetime
    at: Literal["engaged"] = "engaged"


@dataclass(frozen=True, slots=True)
class Failed:
    """Declined, expired, or the acceptance was withdrawn: the item looks for another receiver."""

    since: datetime
    at: Literal["failed"] = "failed"


@dataclass(frozen=True, slots=True)
class Cancelled:
    at: Literal["cancelled"] = "cancelled"


Stand = Annotated[
    Sent | Accepted | Booked | Missed | Attended | Engaged | Failed | Cancelled,
    Field(discriminator="at"),
]
#: The receiver said yes and that still holds.
PLACED = (Accepted, Booked, Missed, Attended, Engaged)
#: Can still be cancelled: nobody has met the person there.
OPEN = (Sent, Accepted, Booked, Missed)
OVER = (Failed, Cancelled)


@dataclass(frozen=True, slots=True)
class Referral:
    id: UUID
    item: int
    service_type: ServiceType
    mandatory: bool
    receiver: str
    receiver_type: ReceiverType
    urgency: Urgency
    stand: Stand
    #: The receiver held a place at the release and has not shown yet that it knows of it.
    owes_word: bool = False
    #: The last time the receiver met the person.
    seen_at: datetime | None = None


# -- the person ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InCustody:
    expected_on: date | None
    #: When the last date fact applied was said, and when it was learnt.
    date_said_at: datetime | None
    date_known_at: datetime | None
    #: When the last transfer applied happened.
    moved_at: datetime | None
    #: None: readiness is not confirmed; else the items that were left open for a named reason.
    gaps: tuple[int, ...] | None
    situation: Literal["in-custody"] = "in-custody"


@dataclass(frozen=True, slots=True)
class LeftUnasked:
    """Released before consent: closed as soon as nothing is under way."""

    released_at: datetime
    known_at: datetime
    situation: Literal["left-unasked"] = "left-unasked"


@dataclass(frozen=True, slots=True)
class NotMet:
    contact: Literal["not-met"] = "not-met"


@dataclass(frozen=True, slots=True)
class Met:
    contact: Literal["met"] = "met"


@dataclass(frozen=True, slots=True)
class TakingPart:
    contact: Literal["taking-part"] = "taking-part"


@dataclass(frozen=True, slots=True)
class Lost:
    #: The last contact known when contact was lost; any later one regains it.
    last_contact_at: datetime | None
    contact: Literal["lost"] = "lost"


Contact = Annotated[NotMet | Met | TakingPart | Lost, Field(discriminator="contact")]


@dataclass(frozen=True, slots=True)
class Attempt:
    at: datetime
    means: OutreachMeans


@dataclass(frozen=True, slots=True)
class Outside:
    released_at: datetime
    known_at: datetime
    unplanned: bool
    contact: Contact
    #: In vain, since the person was last met or reached.
    attempts: tuple[Attempt, ...]
    #: The latest check done; 0: none.
    checked_day: int
    #: Whether the person ever took part in a service.
    engaged: bool
    situation: Literal["outside"] = "outside"


@dataclass(frozen=True, slots=True)
class Ended:
    reason_code: CloseReason
    situation: Literal["ended"] = "ended"


Situation = Annotated[InCustody | LeftUnasked | Outside | Ended, Field(discriminator="situation")]


# -- promises ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Deadline:
    code: DeadlineCode
    referral_id: UUID | None
    step: int | None
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Escalation:
    id: UUID
    code: DeadlineCode
    referral_id: UUID | None
    step: int | None
    level: int
    to_role: Role
    to_party: str | None
    acknowledged: bool


@dataclass(frozen=True, slots=True)
class Own:
    """The fold of release's own events."""

    person: Situation
    #: Where the person is or was last held; None: only intake has said.
    facility: str | None
    referrals: tuple[Referral, ...]
    #: Exactly the promises that hold at the moment.
    live: tuple[Deadline, ...]
    #: Fired or waived: not promised again unless the due time moves.
    done: tuple[Deadline, ...]
    escalations: tuple[Escalation, ...]


# -- what intake said ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Permission:
    receiver_type: ReceiverType
    party: str | None
    data_classes: tuple[str, ...]
    purposes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotAsked:
    consent: Literal["not-asked"] = "not-asked"


@dataclass(frozen=True, slots=True)
class Granted:
    consent_id: UUID
    expires_on: date
    permissions: tuple[Permission, ...]
    consent: Literal["granted"] = "granted"


@dataclass(frozen=True, slots=True)
class Stopped:
    """Refused or withdrawn."""

    consent: Literal["stopped"] = "stopped"


Consent = Annotated[NotAsked | Granted | Stopped, Field(discriminator="consent")]


@dataclass(frozen=True, slots=True)
class Candidate:
    party: str
    receiver_type: ReceiverType


@dataclass(frozen=True, slots=True)
class Item:
    item: int
    service_type: ServiceType
    mandatory: bool
    receivers: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Unheard:
    heard: Literal["unheard"] = "unheard"


@dataclass(frozen=True, slots=True)
class Opening:
    protocol_version: str
    origin: Origin
    facility: str | None
    #: When the opening was recorded.
    opened_at: datetime
    consent: Consent
    plan: tuple[Item, ...]
    heard: Literal["opening"] = "opening"


Heard = Annotated[Unheard | Opening, Field(discriminator="heard")]


@dataclass(frozen=True, slots=True)
class State:
    own: Own
    heard: Heard


_STATE: TypeAdapter[State] = TypeAdapter(State)
_INITIAL = State(
    Own(InCustody(None, None, None, None, None), None, (), (), (), ()),
    Unheard(),
)


def initial(case_ref: UUID) -> State:
    return _INITIAL


def dump(state: State) -> bytes:
    return _STATE.dump_json(state, exclude_defaults=False)


def load(raw: bytes) -> State:
    return _STATE.validate_json(raw)
