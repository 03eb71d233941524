"""Where a medicine line, the emergency kit and a report about safety stand.

A line: a decision of the person, a receiving site, a supply that bridges the way, the first day
there. Beyond the machine of the domain, and why: `Bridged` still takes the site's word, since the
supply is often packed first; `Continued` can gap again, since the risk does not end with the
first dose; `NotContinued` and `Unavailable` can be opened anew, since people change their minds
and sites open. The kit can be offered again after any end: kits are used, stolen, out of date.
"""

from datetime import date, datetime
from uuid import UUID

from throughcare.contracts.codes import MedicineLine
from throughcare.protocol.record import Record


class DecisionPending(Record, frozen=True, tag="decision-pending"):
    opened_at: datetime


class ContinueRequested(Record, frozen=True, tag="continue-requested"):
    """The person wants to go on; no receiver has said yes to that."""


class SiteConfirmed(Record, frozen=True, tag="site-confirmed"):
    #: The referral whose receiver expects the person.
    site: UUID
    expected_on: date


class Bridged(Record, frozen=True, tag="bridged"):
    #: The last local day that what was given along reaches.
    covered_through: date
    #: None: no site has confirmed.
    site: UUID | None = None


class Continued(Record, frozen=True, tag="continued"):
    site: UUID
    taken_on: date
    covered_through: date


class GapOpen(Record, frozen=True, tag="gap-open"):
    #: The first local day without any.
    from_on: date
    site: UUID | None


class NotContinued(Record, frozen=True, tag="not-continued"):
    """By the person's own decision, or after a gap that nobody closed."""


class Unavailable(Record, frozen=True, tag="unavailable"):
    """Where the person goes, nobody gives it."""


LineStand = (
    DecisionPending
    | ContinueRequested
    | SiteConfirmed
    | Bridged
    | Continued
    | GapOpen
    | NotContinued
    | Unavailable
)
#: The person wants it to go on, and it has not gone on yet.
WANTED = (ContinueRequested, SiteConfirmed, Bridged)
#: The person takes it, or is to.
RUNNING = (*WANTED, Continued, GapOpen)


class Line(Record, frozen=True):
    line: MedicineLine
    stand: LineStand
    #: When the person decided to go on; a receiving site has to be found from then on.
    asked_at: datetime | None = None
    #: The release date that was known then.
    decided_for: date | None = None


class Offered(Record, frozen=True, tag="offered"):
    offered_at: datetime


class Trained(Record, frozen=True, tag="trained"):
    """Knows what to do; the kit itself follows, at the latest at the release."""


class Issued(Record, frozen=True, tag="issued"):
    """In the person's hands."""


class Declined(Record, frozen=True, tag="declined"):
    """The person does not want one."""


class KitUnavailable(Record, frozen=True, tag="kit-unavailable"):
    """None in stock, or none allowed."""


class Wanted(Record, frozen=True, tag="wanted"):
    """Used up, or needed more than before: to be offered again."""

    since: datetime


Kit = Offered | Trained | Issued | Declined | KitUnavailable | Wanted


class Support(Record, frozen=True):
    """Somebody is to see the person soon; why is in no state."""

    #: None: nobody held the case when it was said.
    referral_id: UUID | None
    since: datetime
    #: Hours rather than days.
    urgent: bool
