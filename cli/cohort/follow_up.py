"""After the release: checks, people who are lost and return, and how cases end before their time.

And alarms: whom one addresses says that they have seen it, and does something about it.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from throughcare.cli.cohort import rates
from throughcare.cli.cohort.act import Act
from throughcare.cli.cohort.course import Course
from throughcare.cli.cohort.grid import plus
from throughcare.cli.cohort.world import receiver, type_of
from throughcare.contracts import intake_commands as intake
from throughcare.contracts import release_commands as commands
from throughcare.contracts import release_events as events
from throughcare.contracts.codes import ContactKind
from throughcare.contracts.kinds import Data
from throughcare.protocol.release.contact import tried_enough
from throughcare.protocol.release.rules import (
    asked,
    consent,
    counted_from,
    covers,
    plan_item,
    working_on,
)
from throughcare.protocol.release.state import (
    Candidate,
    Failed,
    Lost,
    Met,
    NotMet,
    Outside,
    TakingPart,
)

#: Whoever answers for the person does one thing after the other.
_ONE = "follow-up"
_DAY = timedelta(days=1)


class FollowUp:
    """The care receiver that answers for the person."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.world, self.grid, self.profile = course.world, course.grid, course.profile
        self._last = max(course.profile.checks)
        course.hears(
            {
                events.PersonReleased: self._released,
                events.FollowUpChecked: self._checked,
                events.EscalationRaised: self._not_checked,
                events.ContactLost: self._lost,
            }
        )

    def _says(self, data: Data, now: datetime) -> Iterator[Act]:
        one = self.course.responsible
        if one is not None:
            yield from self.course.by(one.receiver, data, now)

    def _released(self, _: events.PersonReleased, now: datetime) -> None:
        course, person = self.course, self.course.person
        outside = course.outside
        assert outside is not None
        since = counted_from(outside)
        released_on = self.grid.day_of(since)

        def on(day: int) -> datetime:
            """The evening of a day after the release, or of the next on which offices write."""
            return max(
                self.grid.evening(self.grid.office(plus(released_on, day))),
                self.grid.next_office(now),
            )

        for day in self.profile.checks:
            due_on = plus(released_on, day)
            check_on = self.grid.office_before(plus(due_on, 1))
            if (due_on - check_on).days > self.profile.early_days or self.grid.evening(
                check_on
            ) <= now:
                check_on = due_on
            if self.grid.evening(check_on) > now and course.happens(rates.CHECK_DONE):
                check = partial(self._check, day, since=since)
                course.plan(self.grid.evening(check_on), check, _ONE)
        if person.drifts_away is not None:
            for attempt in range(4):
                when = on(person.drifts_away + 3 * attempt)
                course.plan(when, partial(self._find_gone, attempt), _ONE)
        if person.withdraws is not None:
            course.plan(on(max(person.withdraws, 1)), self._withdraw)
        if person.reincarcerated is not None:
            course.plan(on(person.reincarcerated), self._back_inside)
        if person.dies is not None:
            course.plan(on(person.dies), self._died)

    def _checked(self, checked: events.FollowUpChecked, now: datetime) -> None:
        if checked.checkpoint_day == self._last:
            self.course.plan(self.grid.next_office(now), self._complete, _ONE)

    def _not_checked(self, raised: events.EscalationRaised, now: datetime) -> None:
        day = raised.step
        if raised.code not in ("D19", "D21") or day is None:
            return
        if self.course.happens(rates.CHECK_CAUGHT_UP):
            self.course.plan(self.grid.next_office(now), partial(self._check, day), _ONE)

    def _lost(self, _: events.ContactLost, now: datetime) -> None:
        if self.course.person.comes_back is not None:
            back_on = self.grid.office(plus(self.grid.day_of(now), self.course.person.comes_back))
            self.course.plan(self.grid.evening(back_on), self._come_back, _ONE)

    # -- checks --------------------------------------------------------------------------------

    def _check(self, day: int, now: datetime, since: datetime | None = None) -> Iterator[Act]:
        outside, one = self.course.outside, self.course.responsible
        if outside is None or one is None or isinstance(outside.contact, Lost):
            return
        if outside.checked_day >= day or since not in (None, counted_from(outside)):
            return
        yield from self._says(
            commands.CheckFollowUp(
                referral_id=one.id,
                checkpoint_day=day,
                contact_kind=self._kind(outside, now),
                still_engaged=isinstance(outside.contact, TakingPart),
            ),
            now,
        )

    def _kind(self, outside: Outside, now: datetime) -> ContactKind:
        away = self.course.person.drifts_away
        if isinstance(outside.contact, NotMet):
            return "none"
        if away is not None and self.grid.day_of(now) >= plus(
            self.grid.day_of(outside.released_at), away
        ):
            return "none"
        return self.course.rng.choice(("visit", "visit", "phone", "peer"))

    def _complete(self, now: datetime) -> Iterator[Act]:
        outside, one = self.course.outside, self.course.responsible
        if outside is None or one is None or outside.checked_day < self._last:
            return
        if isinstance(outside.contact, Met | TakingPart):
            yield from self._says(commands.CompleteFollowUp(referral_id=one.id), now)

    # -- loss ----------------------------------------------------------------------------------

    def _find_gone(self, attempt: int, now: datetime) -> Iterator[Act]:
        """Nobody knows where the person is: three attempts on three days, then it is said."""
        outside, one = self.course.outside, self.course.responsible
        if outside is None or one is None or isinstance(outside.contact, Lost):
            return
        if attempt < 3:
            means = ("phone", "visit", "peer")[attempt]
            yield from self._says(
                commands.RecordOutreach.model_validate(
                    {"referral_id": one.id, "means": means, "result": "not-reached"}
                ),
                now,
            )
        elif tried_enough(outside, self.profile.lost_rule, self.profile):
            yield from self._says(commands.DeclareContactLost(referral_id=one.id), now)

    def _come_back(self, now: datetime) -> Iterator[Act]:
        outside, one = self.course.outside, self.course.responsible
        if outside is not None and one is not None and isinstance(outside.contact, Lost):
            yield from self._says(commands.RecordAttendance(referral_id=one.id), now)

    # -- ends ----------------------------------------------------------------------------------

    def _withdraw(self, now: datetime) -> Iterator[Act]:
        how = self.course.rng.choice(("in-person", "phone", "messenger"))
        yield from self._says(intake.WithdrawConsent.model_validate({"received_how": how}), now)

    def _back_inside(self, now: datetime) -> Iterator[Act]:
        if self.course.outside is not None:
            source = self.course.rng.choice(("told-by-client", "family"))
            yield from self._says(
                commands.ReportReincarceration.model_validate({"source_code": source}), now
            )

    def _died(self, now: datetime) -> Iterator[Act]:
        if self.course.outside is not None:
            yield from self._says(commands.ReportDeath(), now)


class Alarms:
    """Whoever an escalation addresses, and the coordinator whose task a stuck referral is."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.world, self.grid, self.profile = course.world, course.grid, course.profile
        course.hears(
            {events.EscalationRaised: self._raised, events.RerouteNeeded: self._nobody_left}
        )

    def _raised(self, raised: events.EscalationRaised, now: datetime) -> None:
        if not self.course.happens(rates.ALARM_ACKNOWLEDGED):
            return
        party = raised.to_party or self._party_of(raised.to_role)
        hurries = raised.code == "D17" and raised.level == 1
        when = self.grid.next_evening(now) if hurries else self.grid.next_office(now)
        id = raised.escalation_id
        # Before others do what ends the alarm.
        self.course.plan(when, partial(self._acknowledge, id, party), id, first=True)

    def _nobody_left(self, needed: events.RerouteNeeded, now: datetime) -> None:
        id = needed.referral_id
        reroute = partial(self._reroute, id, needed.item)
        self.course.plan(self.grid.next_evening(now), reroute, id)

    def _party_of(self, role: str) -> str:
        return self.world.prison.code if role.startswith("prison") else self.world.coordinator.code

    def _acknowledge(self, id: UUID, party: str, now: datetime) -> Iterator[Act]:
        open_ = {one.id for one in self.course.release.own.escalations if not one.acknowledged}
        outside = self.course.outside
        gone = outside is not None and now > outside.released_at + _DAY
        if party == self.world.prison.code and gone:
            return  # it has no part in the case any more
        if id in open_:
            yield from self.course.by(party, commands.AcknowledgeEscalation(escalation_id=id), now)

    def _reroute(self, failed_id: UUID, number: int, now: datetime) -> Iterator[Act]:
        """The coordinator asks somebody the plan did not name, or says why nobody need be asked."""
        course, state = self.course, self.course.release
        item = plan_item(state, number)
        given = consent(state, self.grid.day_of(now))
        failed = course.referral(failed_id)
        if item is None or given is None or working_on(state.own, number) is not None:
            return
        if not isinstance(failed.stand, Failed):
            return
        tried = asked(state.own, number)
        for party in self.world.who_gives(item.service_type):
            one = Candidate(party.code, type_of(party))
            if party.code in tried or not covers(given, item, one, self.profile):
                continue
            if course.happens(rates.REROUTED_BY_COORDINATOR):
                yield from course.by(
                    self.world.coordinator.code,
                    commands.SendReferral(item=number, receiver=receiver(party)),
                    now,
                )
                return
        live = {(one.code, one.referral_id) for one in state.own.live}
        if ("D08", failed_id) in live:
            yield from course.by(
                self.world.coordinator.code,
                commands.WaiveDeadline(
                    code="D08", referral_id=failed_id, reason_code="not-applicable"
                ),
                now,
            )
