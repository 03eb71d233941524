"""Where a case stands in release: the person's situation, the referrals, the live deadlines.

And what release has to remember of what intake said: consent and plan.
"""

from datetime import date, datetime
from uuid import UUID

from msgspec import json

from throughcare.contracts.codes import (
    AbsenceKind,
    CloseReason,
    DeadlineCode,
    HandOverBy,
    MedicineLine,
    NeedFlag,
    Origin,
    OutreachMeans,
    ReceiverType,
    Role,
    SenderCancelReason,
    ServiceType,
    Urgency,
)
from throughcare.protocol.record import Record
from throughcare.protocol.release.medicine_state import Kit, Line, Support
from throughcare.protocol.release.rights_state import Rights

#: Of the dumped form below.
STATE_VERSION = 7

# -- a referral ----------------------------------------------------------------------------------


class Sent(Record, frozen=True, tag="sent"):
    """Offered, no answer yet."""

    sent_at: datetime
    answer_due_at: datetime
    received: bool


class Accepted(Record, frozen=True, tag="accepted"):
    valid_until: date | None


class Booked(Record, frozen=True, tag="booked"):
    valid_until: date | None
    appointment_at: datetime


class Missed(Record, frozen=True, tag="missed"):
    """The appointment passed without the person; outreach follows."""

    valid_until: date | None
    noticed_at: datetime
    attempts: int
    #: Somebody met the person since, or spoke with them.
    reached: bool = False


class Attended(Record, frozen=True, tag="attended"):
    """The person was there."""


class Engaged(Record, frozen=True, tag="engaged"):
    engaged_at: datetime


class Failed(Record, frozen=True, tag="failed"):
    """Declined, expired, or the acceptance was withdrawn: the item looks for another receiver."""

    since: datetime
    #: Only the time it was kept for ran out: nobody said no.
    lapsed: bool = False
    #: It said no, and offered a place from this day on.
    waiting_from: date | None = None
    #: It had said yes before: it may know who the person is.
    knew: bool = False


class Cancelled(Record, frozen=True, tag="cancelled"):
    """Taken back, or over with the case."""

    knew: bool = False


class Finished(Record, frozen=True, tag="finished"):
    """The service is over; the receiver may still follow up."""

    ended_at: datetime


Stand = Sent | Accepted | Booked | Missed | Attended | Engaged | Failed | Cancelled | Finished
#: The receiver said yes and that still holds.
PLACED = (Accepted, Booked, Missed, Attended, Engaged)
#: Can still be cancelled: nobody has met the person there.
OPEN = (Sent, Accepted, Booked, Missed)
OVER = (Failed, Cancelled, Finished)


class Referral(Record, frozen=True):
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
    #: It said yes once: identity may have gone there.
    held: bool = False
    accepted_at: datetime | None = None
    #: Appointments that passed without the person.
    misses: int = 0
    #: When the sender asked for the place back, and why.
    recall_at: datetime | None = None
    recall_reason: SenderCancelReason | None = None


# -- the person ----------------------------------------------------------------------------------


class Absence(Record, frozen=True):
    """Out of the facility, and not free."""

    kind_code: AbsenceKind | None
    since: datetime


class InCustody(Record, frozen=True, tag="in-custody"):
    expected_on: date | None
    #: When the last date fact applied was said, and when it was learnt.
    date_said_at: datetime | None
    date_known_at: datetime | None
    #: When the last transfer applied happened.
    moved_at: datetime | None
    #: None: readiness is not confirmed; else the items that were left open for a named reason.
    gaps: tuple[int, ...] | None
    #: Medicine lines and the kit, where they were left open for a named reason.
    medicine_gaps: tuple[MedicineLine, ...] = ()
    kit_gap: bool = False
    #: Whether the medicines came along with the last transfer; None: not said.
    medicines_moved: bool | None = None
    absent: Absence | None = None
    #: When the last absence fact applied was said.
    absence_said_at: datetime | None = None
    #: A release was taken back then: word of that release is old.
    back_at: datetime | None = None


class LeftUnasked(Record, frozen=True, tag="left-unasked"):
    """Released before consent: closed as soon as nothing is under way."""

    released_at: datetime
    known_at: datetime
    #: What to go back to where there was no release after all.
    before: InCustody | None = None
    #: Somebody met the person after this release, before the case was closed and reopened.
    met: bool = False
    #: The facility said, too late to say it by itself, that it was no release.
    denied: bool = False


class NotMet(Record, frozen=True, tag="not-met"):
    """No care receiver has met the person since the release."""


class Met(Record, frozen=True, tag="met"):
    """A care receiver met the person."""


class TakingPart(Record, frozen=True, tag="taking-part"):
    """The person takes part in what the plan is for."""


class Lost(Record, frozen=True, tag="lost"):
    #: The last contact known when contact was lost; any later one regains it.
    last_contact_at: datetime | None


Contact = NotMet | Met | TakingPart | Lost


class Attempt(Record, frozen=True):
    at: datetime
    means: OutreachMeans


class Outside(Record, frozen=True, tag="outside"):
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
    #: What to go back to where there was no release after all.
    before: InCustody | None = None
    #: Contact and follow-up count from here; None: from the release.
    counts_from: datetime | None = None
    #: The latest check in which the person was reached; 0: none.
    reached_day: int = 0
    #: The facility said, too late to say it by itself, that it was no release.
    denied: bool = False
    #: When care first met the person, or met them again after a loss.
    met_at: datetime | None = None


class Ended(Record, frozen=True, tag="ended"):
    reason_code: CloseReason
    #: Where the person was: a case may be reopened.
    was: InCustody | LeftUnasked | Outside | None = None
    closed_at: datetime | None = None
    #: Nothing but the reason is left of it, and nothing is heard of it any more.
    forgotten: bool = False


Situation = InCustody | LeftUnasked | Outside | Ended


# -- promises ------------------------------------------------------------------------------------


class Deadline(Record, frozen=True):
    code: DeadlineCode
    referral_id: UUID | None
    step: int | None
    due_at: datetime
    #: When it began: None where nobody is reminded and no alarm climbs.
    since: datetime | None = None
    #: How many reminders went out.
    reminded: int = 0


class Recall(Record, frozen=True):
    """A recipient whose permission ended and who has not said what became of the data."""

    referral_id: UUID
    receiver: str
    recalled_at: datetime
    told: bool = False


class Escalation(Record, frozen=True):
    id: UUID
    code: DeadlineCode
    referral_id: UUID | None
    step: int | None
    level: int
    to_role: Role
    to_party: str | None
    acknowledged: bool
    climbs_at: datetime | None = None


class Own(Record, frozen=True):
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
    lines: tuple[Line, ...] = ()
    #: None: nobody has spoken of it yet.
    kit: Kit | None = None
    support: tuple[Support, ...] = ()
    #: When the case was reopened the last time.
    resumed_at: datetime | None = None
    recalls: tuple[Recall, ...] = ()
    #: Receivers that closed: nothing of this case goes to them any more.
    suspended: tuple[str, ...] = ()
    rights: Rights = Rights()


# -- what intake said ----------------------------------------------------------------------------


class Permission(Record, frozen=True):
    receiver_type: ReceiverType
    party: str | None
    data_classes: tuple[str, ...]
    purposes: tuple[str, ...]


class NotAsked(Record, frozen=True, tag="not-asked"):
    """No answer of the person is known."""


class Granted(Record, frozen=True, tag="granted"):
    consent_id: UUID
    expires_on: date
    permissions: tuple[Permission, ...]
    #: The facility may hear how it went on after the release.
    feedback_to_facility: bool = False
    hand_over_by: HandOverBy = "identity"
    #: When the person last said yes: gave it, made it more, or let it last.
    signed_at: datetime | None = None
    #: When they last took part of it back.
    narrowed_at: datetime | None = None


class Stopped(Record, frozen=True, tag="stopped"):
    """Refused or withdrawn."""


Consent = NotAsked | Granted | Stopped


class Candidate(Record, frozen=True):
    party: str
    receiver_type: ReceiverType


class Item(Record, frozen=True):
    item: int
    service_type: ServiceType
    mandatory: bool
    receivers: tuple[Candidate, ...]


class Unheard(Record, frozen=True, tag="unheard"):
    """The opening has not arrived."""


class Opening(Record, frozen=True, tag="opening"):
    protocol_version: str
    origin: Origin
    facility: str | None
    #: When the opening was recorded.
    opened_at: datetime
    consent: Consent
    plan: tuple[Item, ...]
    #: Of the last assessment of needs, and when it was recorded.
    needs: tuple[NeedFlag, ...] = ()
    assessed_at: datetime | None = None
    #: Since the case was opened, or opened again, somebody asked.
    offered: bool = False
    #: When each was recorded.
    consented_at: datetime | None = None
    planned_at: datetime | None = None


Heard = Unheard | Opening


class State(Record, frozen=True):
    own: Own
    heard: Heard


_ENCODER = json.Encoder()
_DECODER = json.Decoder(State)
_INITIAL = State(
    Own(InCustody(None, None, None, None, None), None, (), (), (), ()),
    Unheard(),
)


def initial(case_ref: UUID) -> State:
    return _INITIAL


def dump(state: State) -> bytes:
    return _ENCODER.encode(state)


def load(raw: bytes) -> State:
    return _DECODER.decode(raw)
