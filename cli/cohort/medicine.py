"""Medicines that go on over the gate and the emergency kit: prison health, and the sites outside."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from uuid import UUID

from throughcare.cli.cohort import rates
from throughcare.cli.cohort.act import Act
from throughcare.cli.cohort.course import Course
from throughcare.cli.cohort.grid import plus
from throughcare.contracts import intake_events as intake
from throughcare.contracts import medicine_commands as commands
from throughcare.contracts import medicine_events as med
from throughcare.contracts import release_events as events
from throughcare.contracts.codes import MedicineLine
from throughcare.contracts.kinds import Data
from throughcare.protocol.release.medicine_fold import find
from throughcare.protocol.release.medicine_rules import LINE_OF, serves, site_holds
from throughcare.protocol.release.medicine_state import (
    RUNNING,
    WANTED,
    Continued,
    DecisionPending,
    Offered,
    Trained,
)

#: One thing after the other, whoever does it.
_ONE = "medicine"
#: What a receiver hands out at a time, in days.
_HANDED_OUT: dict[MedicineLine, int] = {"oat": 0}
_MONTH = 28


class Medicine:
    def __init__(self, course: Course) -> None:
        self.course = course
        self.world, self.grid, self.profile = course.world, course.grid, course.profile
        course.hears(
            {
                intake.NeedsAssessed: self._assessed,
                med.ContinuityItemOpened: self._opened,
                med.ContinuationRequested: self._requested,
                events.ReferralAccepted: self._accepted,
                events.ReleaseScheduled: self._date_known,
                events.ReleaseRescheduled: self._date_known,
                events.ClientAttended: self._came,
            }
        )

    def _assessed(self, _: intake.NeedsAssessed, now: datetime) -> None:
        self.course.plan(self.grid.next_evening(now), self._offer, _ONE)
        self.course.plan(self.grid.next_office(now, 1), self._give, _ONE)

    def _opened(self, opened: med.ContinuityItemOpened, now: datetime) -> None:
        self.course.plan(self.grid.next_office(now), partial(self._decide, opened.line), _ONE)

    def _requested(self, asked: med.ContinuationRequested, now: datetime) -> None:
        self.course.plan(self.grid.next_office(now), partial(self._confirm, asked.line), _ONE)
        if asked.line != "oat":
            self.course.plan(self.grid.next_office(now), partial(self._pack, asked.line), _ONE)

    def _accepted(self, accepted: events.ReferralAccepted, now: datetime) -> None:
        served = LINE_OF.get(self.course.referral(accepted.referral_id).service_type)
        if served is not None:
            self.course.plan(self.grid.next_office(now), partial(self._confirm, served), _ONE)

    def _date_known(
        self, _: events.ReleaseScheduled | events.ReleaseRescheduled, now: datetime
    ) -> None:
        when = self.grid.next_office(now)
        for one in self.course.release.own.lines:
            self.course.plan(when, partial(self._confirm, one.line), _ONE)
            self.course.plan(when, partial(self._pack, one.line), _ONE)

    def _came(self, came: events.ClientAttended, now: datetime) -> None:
        if self.course.outside is not None:
            self.course.plan(now, partial(self._take, came.referral_id), _ONE)

    # -- inside --------------------------------------------------------------------------------

    def _health(self, data: Data, now: datetime) -> Iterator[Act]:
        if self.course.inside is not None:
            yield from self.course.by(self.world.prison.code, data, now)

    def _offer(self, now: datetime) -> Iterator[Act]:
        if self.course.release.own.kit is None and self.profile.medicine.kit_permitted:
            yield from self._health(commands.OfferNaloxone(), now)

    def _give(self, now: datetime) -> Iterator[Act]:
        kit = self.course.release.own.kit
        if isinstance(kit, Offered) and self.course.person.declines_kit:
            yield from self._health(commands.DeclineNaloxone(), now)
            return
        if isinstance(kit, Offered) and self.course.happens(rates.KIT_OUT_OF_STOCK):
            gone = commands.ReportNaloxoneUnavailable(reason_code="stock-out")
            yield from self._health(gone, now)
            return
        if isinstance(kit, Offered):
            yield from self._health(commands.RecordOverdoseTraining(), now)
        if isinstance(kit, Offered | Trained):
            yield from self._health(commands.IssueNaloxone(kits=1, at="before"), now)

    def _decide(self, line: MedicineLine, now: datetime) -> Iterator[Act]:
        one = find(self.course.release.own, line)
        if one is not None and isinstance(one.stand, DecisionPending):
            leaflet = "options-2026"
            if self.course.person.declines_medicine:
                yield from self._health(
                    commands.DeclineContinuation(line=line, leaflet_version=leaflet), now
                )
                return
            asked = commands.RequestContinuation(line=line, leaflet_version=leaflet)
            yield from self._health(asked, now)

    def _pack(self, line: MedicineLine, now: datetime) -> Iterator[Act]:
        """All but OAT, whose last dose is the one at the gate; anew with each new date."""
        one, inside = find(self.course.release.own, line), self.course.inside
        if one is None or not isinstance(one.stand, WANTED) or line == "oat":
            return
        if inside is None or inside.expected_on is None:
            return
        if (inside.expected_on - self.grid.day_of(now)).days > _MONTH - 7:
            again = self.grid.next_office(now, 7)
            self.course.plan(again, partial(self._pack, line), _ONE)
            return
        packed = commands.SupplyBridging(
            line=line, last_supervised_on=self.grid.day_of(now), supply_days=_MONTH
        )
        yield from self._health(packed, now)

    # -- outside -------------------------------------------------------------------------------

    def _confirm(self, line: MedicineLine, now: datetime) -> Iterator[Act]:
        course, one = self.course, find(self.course.release.own, line)
        site = serves(course.release, line)
        if one is None or site is None or not isinstance(one.stand, WANTED):
            return
        if site_holds(course.release, one.stand):
            return
        if course.inside is not None and course.inside.expected_on is None:
            return
        day = self.grid.day_of(now)
        if course.inside is not None and course.inside.expected_on is not None:
            day = max(day, course.inside.expected_on)
        expects = commands.ConfirmReceivingSite(referral_id=site.id, expected_on=plus(day, 1))
        yield from course.by(site.receiver, expects, now)

    def _take(self, id: UUID, now: datetime) -> Iterator[Act]:
        """Whoever comes to a site takes it there, or takes it along."""
        referral, outside = self.course.referral(id), self.course.outside
        line = LINE_OF.get(referral.service_type)
        one = None if line is None else find(self.course.release.own, line)
        if one is None or not isinstance(one.stand, RUNNING) or isinstance(one.stand, Continued):
            return
        if outside is None or referral.seen_at is None or referral.seen_at < outside.released_at:
            return
        taken = commands.RecordCommunityDose(
            referral_id=id, supply_days=_HANDED_OUT.get(one.line, _MONTH)
        )
        yield from self.course.by(referral.receiver, taken, referral.seen_at)
