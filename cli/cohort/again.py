"""Consent that changes, releases that were none, cases that go on after their end."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from throughcare.cli.cohort import rates
from throughcare.cli.cohort.act import Act
from throughcare.cli.cohort.course import Course
from throughcare.cli.cohort.grid import plus
from throughcare.contracts import care_commands, consent_commands, facts, life_commands, life_facts
from throughcare.contracts import care_events as care
from throughcare.contracts import intake_commands as intake
from throughcare.contracts import intake_events as said
from throughcare.contracts import life_events as life
from throughcare.contracts import release_commands as release
from throughcare.contracts import release_events as events
from throughcare.contracts.codes import Removal
from throughcare.contracts.kinds import Data
from throughcare.protocol.intake.state import Consented, Opened
from throughcare.protocol.release.state import OVER, InCustody, NotMet

#: Days before the consent's last day on which staff think of it.
_NOTICE = 10


class Again:
    """What the person changes their mind about, and what the prison takes back."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.world, self.grid, self.profile = course.world, course.grid, course.profile
        self._reversed = not course.person.reversed
        self._reopened = self._is_inside = False
        #: Who gave care last, and so is the one to whom the person turns again.
        self._known_to: str | None = None
        course.hears(
            {
                said.ConsentGranted: self._granted,
                events.ReferralAccepted: self._accepted,
                events.AcceptanceWithdrawn: self._gone,
                life.AcceptanceLapsed: self._gone,
                events.ReferralCancelled: self._gone,
                events.PersonReleased: self._released,
                events.DeadlinesChanged: self._ask_again,
                life.ReleaseReversed: self._back,
                life.EpisodeResumed: self._resumed,
                care.PermissionRecalled: self._recalled,
            }
        )
        course.hears_after_the_end(
            {care.PermissionRecalled: self._recalled, events.CaseClosed: self._closed}
        )

    def _granted(self, granted: said.ConsentGranted, now: datetime) -> None:
        person = self.course.person
        if person.renews and person.consent_days:
            soon = self.grid.next_office(self.grid.evening(plus(granted.expires_on, -_NOTICE)))
            self.course.plan(soon, self._renew)

    def _accepted(self, accepted: events.ReferralAccepted, now: datetime) -> None:
        self._known_to = self.course.referral(accepted.referral_id).receiver

    def _gone(
        self,
        over: events.AcceptanceWithdrawn | life.AcceptanceLapsed | events.ReferralCancelled,
        now: datetime,
    ) -> None:
        """Who has no part in the case any more is not asked about it; at its end it still has one."""
        if getattr(over, "reason_code", None) in ("case-closed", "consent-withdrawn"):
            return
        receiver = self.course.referral(over.referral_id).receiver
        if self._known_to == receiver and not any(
            one.receiver == receiver and not isinstance(one.stand, OVER)
            for one in self.course.release.own.referrals
        ):
            self._known_to = None

    def _released(self, _: events.PersonReleased, now: datetime) -> None:
        if self.course.person.narrows is not None:
            on = plus(self.grid.day_of(now), self.course.person.narrows)
            self.course.plan(self.grid.evening(self.grid.office(on)), self._narrow)
        if not self._reversed:
            self._reversed = True
            self.course.plan(now, self._reverse)

    def _back(self, _: life.ReleaseReversed, now: datetime) -> None:
        self.course.plan(self.grid.next_office(now), self._schedule_anew)

    def _resumed(self, resumed: life.EpisodeResumed, now: datetime) -> None:
        if resumed.expected_release_on is None and self._is_inside:
            self.course.plan(self.grid.next_office(now), self._schedule_anew)

    def _closed(self, closed: events.CaseClosed, now: datetime) -> None:
        reopens = self.course.person.reopens
        if closed.reason_code not in self.profile.life.reopen_reasons or reopens is None:
            return
        if not self._reopened:
            self._reopened = True
            on = self.grid.office(plus(self.grid.day_of(now), reopens))
            self.course.plan(self.grid.evening(on), self._reopen)

    # -- consent -------------------------------------------------------------------------------

    def _renew(self, now: datetime) -> Iterator[Act]:
        case, by = self.course.intake.own.case, self._who_asks
        last = plus(self.grid.day_of(now), self.profile.consent_max_days)
        if isinstance(case, Consented) and by is not None and last > case.expires_on:
            yield from self.course.by(
                by,
                consent_commands.RenewConsent(
                    expires_on=last, witness_role="ngo", signed_how="ink"
                ),
                now,
            )

    def _ask_again(self, changed: events.DeadlinesChanged, now: datetime) -> None:
        """Whoever met the person asks on the next day that offices write, or forgets it."""
        due = any(one.code == "consent-again" for one in changed.put)
        if due and self.course.happens(rates.ASKED_AGAIN):
            self.course.plan(self.grid.next_office(now), self._renew)

    def _narrow(self, now: datetime) -> Iterator[Act]:
        """The last receiver that was named; where all are of one kind, a kind of data of theirs."""
        case, by = self.course.intake.own.case, self.course.responsible
        if not isinstance(case, Consented) or by is None:
            return
        last = case.items[-1]
        if len(case.items) > 1:
            removed = Removal(receiver_type=last.receiver_type, party=last.party)
        elif len(last.data_classes) > 1:
            gone = last.data_classes[-1:]
            removed = Removal(receiver_type=last.receiver_type, data_classes=gone)
        else:
            return
        yield from self.course.by(
            by.receiver,
            consent_commands.NarrowConsent(removed=(removed,), received_how="in-person"),
            now,
        )

    def _recalled(self, recalled: care.PermissionRecalled, now: datetime) -> None:
        when = self.grid.next_evening(now)
        self.course.plan(when, partial(self._deletes, recalled), recalled.referral_id)

    def _deletes(self, recalled: care.PermissionRecalled, now: datetime) -> Iterator[Act]:
        owes = {one.receiver for one in self.course.release.own.recalls}
        if recalled.receiver in owes:
            yield from self.course.by(
                recalled.receiver,
                care_commands.AcknowledgeWithdrawal(
                    referral_id=recalled.referral_id, data_action="deleted"
                ),
                now,
            )

    # -- a release that was none ---------------------------------------------------------------

    def _reverse(self, now: datetime) -> Iterator[Act]:
        outside = self.course.outside
        if outside is not None and isinstance(outside.contact, NotMet):
            yield from self._prison(
                life_facts.ReleaseReversed(reason_code="recorded-in-error"), now
            )

    def _schedule_anew(self, now: datetime) -> Iterator[Act]:
        if self.course.inside is not None:
            on = self.grid.office(plus(self.grid.day_of(now), self.course.days(7, 21)))
            yield from self._prison(
                facts.ReleaseRescheduled(expected_release_on=on, reason_code="recalculated"), now
            )

    def _prison(self, data: Data, now: datetime) -> Iterator[Act]:
        yield from self.course.by(self.world.prison.code, data, now)

    # -- after the end -------------------------------------------------------------------------

    @property
    def _who_asks(self) -> str | None:
        """Inside the prison's staff; outside an NGO or centre that knew the person."""
        if self.course.inside is not None:
            return self.world.prison.code
        one = self.course.responsible
        known = self._known_to if one is None else one.receiver
        if known is not None and "ngo" in self.world.roles[known]:
            return known
        return None

    def _reopen(self, now: datetime) -> Iterator[Act]:
        """Whoever the person turns to: the NGO that knew them, else the prison, if still inside."""
        self._is_inside = isinstance(self.course.was, InCustody)
        by = self.world.prison.code if self._is_inside else self._who_asks
        if by is not None:
            yield from self.course.by(by, life_commands.ReopenCase(requested_by="client"), now)
            self.course.plan(self.grid.next_evening(now), partial(self._offer, by))

    def _offer(self, by: str, now: datetime) -> Iterator[Act]:
        """Asked anew by whoever took the case up; the rest goes as it would have gone."""
        case = self.course.intake.own.case
        if not isinstance(case, Opened) or self.course.is_over:
            return
        yield from self.course.by(
            by,
            intake.OfferConsent(
                language=self.course.rng.choice(self.world.languages),
                form_version="consent-1",
                explained_orally=True,
                witness_role="ngo",
            ),
            now,
        )
        yield from self.course.by(by, consents(self.course, now), now)
        yield from self.course.by(
            by,
            intake.AssessNeeds(
                tool_code="needs-list", tool_version="1", flags=self.course.person.needs
            ),
            now,
        )
        yield from self.course.by(
            by, intake.AgreePlan(items=self.course.person.plan, client_signed=True), now
        )
        if by == self.world.prison.code:
            return
        yield from self.course.by(by, release.RecordRelease(), now)
        for item in self.course.person.plan:
            yield from self.course.by(by, release.SendReferral(item=item.item), now)


def consents(course: Course, now: datetime) -> intake.RecordConsent:
    """As the person signs it."""
    days = course.profile.consent_max_days
    return intake.RecordConsent(
        items=course.person.consent,
        expires_on=plus(course.grid.day_of(now), course.person.consent_days or days),
        signed_how="ink",
        legal_effect_explained=True if course.profile.legal_effect else None,
    )
