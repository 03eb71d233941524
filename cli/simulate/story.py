"""What one life says, read once from its first event to its last."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from throughcare.cli.cohort.course import Course
from throughcare.cli.cohort.simulate import Life
from throughcare.contracts import intake_events as intake
from throughcare.contracts import life_events as life
from throughcare.contracts import medicine_events as med
from throughcare.contracts import release_events as events
from throughcare.contracts.codes import MedicineLine
from throughcare.contracts.kinds import Data

#: Ends that say nothing about the care.
_OUT = ("died", "reincarcerated", "moved-out-of-scope", "voided")


class Story:
    """What counts of it. Times in UTC."""

    def __init__(self, life_: Life, course: Course) -> None:
        self.released: events.PersonReleased | None = None
        self.contacts: list[tuple[datetime, bool]] = []
        self.first_hours: int | None = None
        self.closed_at: datetime | None = None
        self.reason: str | None = None
        self.treated: list[datetime] = []
        self.wanted: dict[MedicineLine, bool] = {}
        self.doses: dict[MedicineLine, med.CommunityDoseReceived] = {}
        self.gaps: set[MedicineLine] = set()
        self.kit = False
        self._treats: set[UUID] = set()
        self._services = course.profile.services
        self.granted = any(
            isinstance(one.data, intake.ConsentGranted) for one in life_.case.told["intake"]
        )
        flags = next(
            (one.data.flags for one in reversed(life_.case.told["intake"])
             if isinstance(one.data, intake.NeedsAssessed)), (),
        )  # fmt: skip
        self.at_risk = not course.profile.medicine.kit_flags.isdisjoint(flags)
        self.plans_treatment = any(
            self._services[item.service_type].treatment for item in course.person.plan
        )
        for message in life_.case.told["release"]:
            if (read := _READ.get(type(message.data))) is not None:
                read(self, message.data, message.recorded_at)

    @property
    def _inside(self) -> bool:
        return self.released is None

    def _left(self, released: events.PersonReleased, _: datetime) -> None:
        self.released = self.released or released

    def _back(self, _: life.ReleaseReversed, __: datetime) -> None:
        self.released = self.first_hours = None
        self.contacts.clear()

    def _sent(self, sent: events.ReferralSent, _: datetime) -> None:
        if self._services[sent.service_type].treatment:
            self._treats.add(sent.referral_id)

    def _met_first(self, first: events.FirstContactMade, now: datetime) -> None:
        if self.first_hours is None:
            self.first_hours = first.hours_since_release
        self.contacts.append((now, True))

    def _met_again(self, _: events.ContactRegained, now: datetime) -> None:
        self.contacts.append((now, True))

    def _lost(self, _: events.ContactLost, now: datetime) -> None:
        self.contacts.append((now, False))

    def _engaged(self, engaged: events.ServiceEngaged, _: datetime) -> None:
        if engaged.referral_id in self._treats:
            self.treated.append(engaged.engaged_at)

    def _closed(self, closed: events.CaseClosed, now: datetime) -> None:
        self.closed_at, self.reason = now, closed.reason_code

    def _resumed(self, _: life.EpisodeResumed, __: datetime) -> None:
        self.closed_at = self.reason = None

    def _wants(self, asked: med.ContinuationRequested, _: datetime) -> None:
        if self._inside:
            self.wanted.setdefault(asked.line, False)

    def _arranged(
        self, arranged: med.ReceivingSiteConfirmed | med.BridgingSupplied, _: datetime
    ) -> None:
        if self._inside and arranged.line in self.wanted:
            self.wanted[arranged.line] = True

    def _wants_no_more(
        self, over: med.ContinuationDeclinedByClient | med.ContinuationUnavailable, _: datetime
    ) -> None:
        if self._inside:
            self.wanted.pop(over.line, None)

    def _took(self, dose: med.CommunityDoseReceived, _: datetime) -> None:
        self.doses.setdefault(dose.line, dose)

    def _gap(self, gap: med.DoseGapOpened, _: datetime) -> None:
        self.gaps.add(gap.line)

    def _has_kit(self, issued: med.NaloxoneIssued, _: datetime) -> None:
        if self._inside or issued.at == "release":
            self.kit = True

    def is_out(self, by: datetime) -> bool:
        """Gone for a reason that says nothing about the care, by then."""
        return self.reason in _OUT and self.closed_at is not None and self.closed_at <= by

    def is_lost(self, by: datetime) -> bool:
        """Never met, or lost again, by then."""
        seen = [found for at, found in self.contacts if at <= by]
        return not (seen and seen[-1])


#: What of a life says something, and how it is read: one event and when it was recorded.
_READ: dict[type[Data], Callable[[Story, Any, datetime], None]] = {
    events.PersonReleased: Story._left,
    life.ReleaseReversed: Story._back,
    events.ReferralSent: Story._sent,
    events.FirstContactMade: Story._met_first,
    events.ContactRegained: Story._met_again,
    events.ContactLost: Story._lost,
    events.ServiceEngaged: Story._engaged,
    events.CaseClosed: Story._closed,
    life.EpisodeResumed: Story._resumed,
    med.ContinuationRequested: Story._wants,
    med.ReceivingSiteConfirmed: Story._arranged,
    med.BridgingSupplied: Story._arranged,
    med.ContinuationDeclinedByClient: Story._wants_no_more,
    med.ContinuationUnavailable: Story._wants_no_more,
    med.CommunityDoseReceived: Story._took,
    med.DoseGapOpened: Story._gap,
    med.NaloxoneIssued: Story._has_kit,
}
