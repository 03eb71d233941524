"""Inside: the prison says what it knows, its staff ask, plan, refer and make ready."""

from collections.abc import Iterator
from datetime import date, datetime
from functools import partial

from throughcare.cli.cohort import rates
from throughcare.cli.cohort.act import Act
from throughcare.cli.cohort.again import consents
from throughcare.cli.cohort.course import Course
from throughcare.cli.cohort.grid import plus
from throughcare.contracts import facts
from throughcare.contracts import intake_commands as intake
from throughcare.contracts import intake_events as said
from throughcare.contracts import life_events as life
from throughcare.contracts import release_commands as release
from throughcare.contracts import release_events as events
from throughcare.contracts.codes import GapReason, Ground, MedicineGap, ReadinessGap
from throughcare.contracts.kinds import Data
from throughcare.contracts.life_facts import ReleaseDateConfirmed
from throughcare.protocol.intake.state import Consented, Offered, Opened, Unopened
from throughcare.protocol.release.medicine_rules import kit_unsettled, unsettled
from throughcare.protocol.release.rules import unplaced

_GROUND: dict[str, Ground] = {
    "planned": "end-of-term", "short": "parole", "amnesty": "amnesty"
}  # fmt: skip


#: So shortly before a release nothing waits for the next office day.
_HURRY_DAYS = 30
#: The date is said again a week before, and on the last evening that offices write.
_CONFIRMS_BEFORE = 7
#: No earlier, or it counts for nothing (D11).
_SAID_IN_TIME = 4


class Custody:
    """The prison service in all its roles, for one case."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.world, self.grid, self.profile = course.world, course.grid, course.profile
        self.person = person = course.person
        self._moved = False
        self._reports = person.release_reported
        course.hears(
            {
                said.CaseOpened: self._opened,
                said.ConsentOffered: self._offered,
                said.ConsentGranted: self._granted,
                said.PlanAgreed: self._agreed,
                events.PersonReleased: self._released,
                life.EpisodeResumed: self._resumed,
                events.ReleaseScheduled: self._scheduled,
                events.ReleaseRescheduled: self._rescheduled,
                events.ReadinessLost: self._not_ready,
                events.EscalationRaised: self._asked_about,
            }
        )
        if person.known_before:
            course.plan(self.grid.evening(person.comes_in_on), self._begin)
            if person.scheduled_on == person.expected_on:
                course.plan(self.grid.evening(person.expected_on), self._leaves_today)
            else:
                course.plan(self.grid.evening(person.scheduled_on), self._schedule)
        else:
            course.plan(self.grid.evening(person.scheduled_on), self._begin_by_amnesty)
        if person.transferred:
            middle = plus(person.comes_in_on, course.days(6, 25))
            course.plan(self.grid.evening(self.grid.office(middle)), self._transfer)
        if person.dies_in_custody:
            on = plus(person.comes_in_on, course.days(3, 40))
            course.plan(self.grid.evening(self.grid.office(on)), self._dies)

    def _says(self, data: Data, at: datetime) -> Iterator[Act]:
        outside = self.course.outside
        if outside is None or self.grid.day_of(at) == self.grid.day_of(outside.released_at):
            # A day after the release the prison has no part in the case any more.
            yield from self.course.by(self.world.prison.code, data, at)

    # -- the way in ----------------------------------------------------------------------------

    def _begin(self, now: datetime) -> Iterator[Act]:
        person = self.person
        if person.programme is not None and self.profile.programme_opens_case:
            yield from self._says(
                facts.ProgrammeEnrolled(programme_code=person.programme, facility=person.colony),
                now,
            )
            return
        reason = self.course.rng.choice(("self-request", "health-staff-offer"))
        yield from self._says(
            intake.OpenCase.model_validate(
                {
                    "origin": "facility",
                    "reason_code": reason,
                    "person_told": True,
                    "facility": person.colony,
                }
            ),
            now,
        )

    def _begin_by_amnesty(self, now: datetime) -> Iterator[Act]:
        """The list came today and names somebody for tomorrow: all that can be done is done now."""
        person = self.person
        yield from self._says(
            intake.OpenCase(
                origin="amnesty-batch",
                reason_code="health-staff-offer",
                person_told=True,
                facility=person.colony,
                expected_release_on=person.expected_on,
            ),
            now,
        )
        if not person.asked:
            return
        yield from self._offer(now)
        yield from self._answer(now, scripted=True)
        if not person.refuses:
            yield from self._plan(now, scripted=True)

    def _opened(self, _: said.CaseOpened, now: datetime) -> None:
        if self.person.known_before and self.person.asked:
            self.course.plan(self._soon(now), self._offer)

    def _offered(self, _: said.ConsentOffered, now: datetime) -> None:
        if self.person.known_before:
            self.course.plan(self._soon(now), self._answer)

    def _granted(self, _: said.ConsentGranted, now: datetime) -> None:
        if self.person.known_before:
            self.course.plan(self._soon(now), self._plan)

    def _agreed(self, _: said.PlanAgreed, now: datetime) -> None:
        hurries = (
            self.course.outside is not None or not self.person.known_before or self._is_near(now)
        )
        self.course.plan(now if hurries else self.grid.next_evening(now), self._refer)

    def _released(self, _: events.PersonReleased, now: datetime) -> None:
        # What was not done before is done on the last evening.
        self.course.plan(now, self._plan)
        if self._waits_for_release:
            self.course.plan(now, self._refer)

    def _resumed(self, resumed: life.EpisodeResumed, now: datetime) -> None:
        if resumed.expected_release_on is not None:
            self._date_known(resumed.expected_release_on, now)

    def _scheduled(self, scheduled: events.ReleaseScheduled, now: datetime) -> None:
        self._date_known(scheduled.expected_release_on, now)

    def _rescheduled(self, moved: events.ReleaseRescheduled, now: datetime) -> None:
        if moved.new_on is not None:
            self._date_known(moved.new_on, now)

    def _not_ready(self, _: events.ReadinessLost, now: datetime) -> None:
        self.course.plan(self.grid.next_office(now), self._confirm)

    def _asked_about(self, raised: events.EscalationRaised, now: datetime) -> None:
        if raised.code == "D11b" and raised.to_role == "prison-admin":
            self.course.plan(self.grid.next_office(now), self._report_late)

    def _soon(self, now: datetime) -> datetime:
        """When staff go on: within a week, at once where the release is near."""
        if self._is_near(now):
            return self.grid.next_evening(now)
        return self.grid.next_office(now, self.course.days(0, 1))

    def _is_near(self, now: datetime) -> bool:
        inside = self.course.inside
        on = None if inside is None else inside.expected_on
        return on is not None and (on - self.grid.day_of(now)).days < _HURRY_DAYS

    @property
    def _waits_for_release(self) -> bool:
        """An item of the agreed plan is for somebody who may not be asked before."""
        case, rules = self.course.intake.own.case, self.profile.receivers
        return (
            isinstance(case, Consented)
            and case.plan_version > 0
            and any(
                not rules[one.receiver_type].before_release
                for item in self.person.plan
                for one in item.receivers
            )
        )

    # -- consent and plan ----------------------------------------------------------------------

    def _offer(self, now: datetime) -> Iterator[Act]:
        if isinstance(self.course.intake.own.case, Opened) or not self.person.known_before:
            language = self.course.rng.choice(self.world.languages)
            yield from self._says(
                intake.OfferConsent(
                    language=language,
                    form_version="consent-1",
                    explained_orally=True,
                    witness_role="ngo",
                ),
                now,
            )

    def _answer(self, now: datetime, scripted: bool = False) -> Iterator[Act]:
        if not scripted and not isinstance(self.course.intake.own.case, Offered):
            return
        if self.person.refuses:
            reason = self.course.rng.choice((None, "fear-of-registration", "no-trust"))
            yield from self._says(intake.RecordRefusal.model_validate({"reason_code": reason}), now)
            return
        yield from self._says(consents(self.course, now), now)

    def _plan(self, now: datetime, scripted: bool = False) -> Iterator[Act]:
        case, person = self.course.intake.own.case, self.person
        if not scripted and not (isinstance(case, Consented) and case.plan_version == 0):
            return
        yield from self._says(
            intake.AssessNeeds(tool_code="needs-list", tool_version="1", flags=person.needs), now
        )
        yield from self._says(intake.AgreePlan(items=person.plan, client_signed=True), now)

    def _refer(self, now: datetime) -> Iterator[Act]:
        """What nobody was asked for yet; some are asked once the person is out, and not before."""
        course, rules = self.course, self.profile.receivers
        sent = {one.item for one in course.release.own.referrals}
        for item in self.person.plan:
            may = course.outside is not None or any(
                rules[one.receiver_type].before_release for one in item.receivers
            )
            if may and item.item not in sent:
                yield from self._says(release.SendReferral(item=item.item), now)

    # -- dates ---------------------------------------------------------------------------------

    def _schedule(self, now: datetime) -> Iterator[Act]:
        person = self.person
        yield from self._says(
            facts.ReleaseScheduled(
                expected_release_on=person.expected_on,
                ground_code=_GROUND[person.notice],
                facility=self._colony,
            ),
            now,
        )

    @property
    def _is_open(self) -> bool:
        return not isinstance(self.course.intake.own.case, Unopened)

    @property
    def _colony(self) -> str:
        return self.course.release.own.facility or self.person.colony

    def _date_known(self, on: date, now: datetime) -> None:
        course = self.course
        course.plan(max(self.grid.evening(on), now), partial(self._walk_out, on))
        course.plan(
            max(self.grid.evening(self.grid.office_before(on)), self.grid.next_evening(now)),
            self._confirm,
        )
        last = max(self.grid.office_before(on), plus(on, -_SAID_IN_TIME))
        for day in (plus(on, -_CONFIRMS_BEFORE), last):
            if self.grid.evening(day) > now:
                course.plan(self.grid.evening(day), partial(self._date_stands, on))
        if self.person.moves_by is not None and not self._moved:
            days = (on - self.grid.day_of(now)).days
            says_on = self.grid.office(plus(self.grid.day_of(now), max(days // 2, 1)))
            course.plan(self.grid.evening(says_on), self._reschedule)

    def _reschedule(self, now: datetime) -> Iterator[Act]:
        inside, moves_by = self.course.inside, self.person.moves_by
        if inside is None or inside.expected_on is None or moves_by is None or self._moved:
            return
        self._moved = True
        on = self.grid.office(
            max(plus(inside.expected_on, moves_by), plus(self.grid.day_of(now), 1))
        )
        yield from self._says(
            facts.ReleaseRescheduled(
                expected_release_on=on,
                reason_code="recalculated" if moves_by > 0 else "court",
                facility=self._colony,
            ),
            now,
        )

    def _date_stands(self, on: date, now: datetime) -> Iterator[Act]:
        inside = self.course.inside
        if inside is None or inside.expected_on != on or not self._reports:
            return
        yield from self._says(
            ReleaseDateConfirmed(expected_release_on=on, facility=self._colony), now
        )

    def _transfer(self, now: datetime) -> Iterator[Act]:
        if (
            not self._is_open
            or self.course.inside is None
            or self.person.colony == self.world.women
        ):
            return
        to = self.world.men_far if self._colony == self.world.men else self.world.men
        yield from self._says(
            facts.PersonTransferred(
                from_facility=self._colony, to_facility=to, medicines_moved=True
            ),
            now,
        )

    def _dies(self, now: datetime) -> Iterator[Act]:
        if self._is_open and self.course.inside is not None:
            yield from self._says(
                facts.PersonDied(place="custody", died_on=self.grid.day_of(now)), now
            )

    # -- the gate ------------------------------------------------------------------------------

    def _confirm(self, now: datetime) -> Iterator[Act]:
        course, inside = self.course, self.course.inside
        if inside is None or inside.gaps is not None or inside.expected_on is None:
            return
        if not isinstance(course.intake.own.case, Consented):
            return
        if not course.intake.own.case.plan_version or not course.happens(rates.CONFIRMS_READINESS):
            return
        gaps = tuple(
            ReadinessGap(item=item, gap_reason="no-answer-yet") for item in unplaced(course.release)
        )
        medicine_gaps = tuple(
            MedicineGap(line=line, gap_reason="no-answer-yet") for line in unsettled(course.release)
        )
        kit_gap: GapReason | None = "no-time" if kit_unsettled(course.release) else None
        ready = release.ConfirmReadiness(gaps=gaps, medicine_gaps=medicine_gaps, kit_gap=kit_gap)
        yield from self._says(ready, now)

    def _leaves_today(self, now: datetime) -> Iterator[Act]:
        """By amnesty, the same day: nobody said a date before."""
        if self.course.inside is not None:
            yield from self._left("amnesty", now)

    def _walk_out(self, on: date, now: datetime) -> Iterator[Act]:
        inside = self.course.inside
        if inside is None or inside.expected_on != on or not self._reports:
            return
        yield from self._left(_GROUND[self.person.notice], now)

    def _left(self, ground: Ground, at: datetime) -> Iterator[Act]:
        return self._says(facts.PersonReleased(ground_code=ground, facility=self._colony), at)

    def _report_late(self, now: datetime) -> Iterator[Act]:
        """Asked by the alarm, the prison looks it up: gone on the day, or forgotten to say later."""
        inside = self.course.inside
        if inside is None or inside.expected_on is None:
            return
        if self.grid.evening(inside.expected_on) > now:
            return  # it moved since
        if self.course.rng.random() < 0.75:
            yield from self._left(
                _GROUND[self.person.notice], self.grid.evening(inside.expected_on)
            )
            return
        on = self.grid.office(plus(self.grid.day_of(now), self.course.days(4, 12)))
        self._reports = True
        yield from self._says(
            facts.ReleaseRescheduled(
                expected_release_on=on, reason_code="correction", facility=self._colony
            ),
            now,
        )
