"""Inside: the prison says what it knows, its staff ask, plan, refer and make ready."""

from collections.abc import Iterator
from datetime import date, datetime
from functools import partial

from throughcare.cli.cohort import rates, world
from throughcare.cli.cohort.act import Act
from throughcare.cli.cohort.course import Course
from throughcare.cli.cohort.grid import (
    PROFILE,
    day_of,
    evening,
    next_evening,
    next_office,
    office,
    office_before,
    plus,
)
from throughcare.contracts import facts
from throughcare.contracts import intake_commands as intake
from throughcare.contracts import intake_events as said
from throughcare.contracts import release_commands as release
from throughcare.contracts import release_events as events
from throughcare.contracts.codes import Ground, ReadinessGap
from throughcare.contracts.envelope import Message
from throughcare.contracts.kinds import Data
from throughcare.protocol.intake.state import Consented, Offered, Opened, Unopened
from throughcare.protocol.release.rules import unplaced

_GROUND: dict[str, Ground] = {
    "planned": "end-of-term", "short": "parole", "amnesty": "amnesty"
}  # fmt: skip


#: So shortly before a release nothing waits for the next office day.
_HURRY_DAYS = 14


class Custody:
    """The prison service in all its roles, for one case."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.person = person = course.person
        self._moved = False
        self._reports = person.release_reported
        course.listeners.append(self.hear)
        if person.known_before:
            course.plan(evening(person.comes_in_on), self._begin)
            if person.scheduled_on == person.expected_on:
                course.plan(evening(person.expected_on), self._leaves_today)
            else:
                course.plan(evening(person.scheduled_on), self._schedule)
        else:
            course.plan(evening(person.scheduled_on), self._begin_by_amnesty)
        if person.transferred:
            middle = plus(person.comes_in_on, course.days(6, 25))
            course.plan(evening(office(middle)), self._transfer)
        if person.dies_in_custody:
            on = plus(person.comes_in_on, course.days(3, 40))
            course.plan(evening(office(on)), self._dies)

    def _says(self, data: Data, at: datetime) -> Iterator[Act]:
        outside = self.course.outside
        if outside is None or day_of(at) == day_of(outside.released_at):
            # A day after the release the prison has no part in the case any more.
            yield from self.course.by(world.PRISON.code, data, at)

    # -- the way in ----------------------------------------------------------------------------

    def _begin(self, now: datetime) -> Iterator[Act]:
        person = self.person
        if person.programme is not None:
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

    def hear(self, event: Message, now: datetime) -> None:
        course, person = self.course, self.person
        match event.data:
            case said.CaseOpened() if person.known_before and person.asked:
                course.plan(self._soon(now), self._offer)
            case said.ConsentOffered() if person.known_before:
                course.plan(self._soon(now), self._answer)
            case said.ConsentGranted() if person.known_before:
                course.plan(self._soon(now), self._plan)
            case said.PlanAgreed():
                hurries = course.outside is not None or not person.known_before
                course.plan(now if hurries else self._soon(now), self._refer)
            case events.PersonReleased():
                # What was not done before is done on the last evening.
                course.plan(now, self._plan)
            case (
                events.ReleaseScheduled(expected_release_on=on)
                | events.ReleaseRescheduled(new_on=date() as on)
            ):
                self._date_known(on, now)
            case events.ReadinessLost():
                course.plan(next_office(now), self._confirm)
            case events.EscalationRaised(code="D11b", to_role="prison-admin"):
                course.plan(next_office(now), self._report_late)
            case _:
                pass

    def _soon(self, now: datetime) -> datetime:
        """When staff go on: within a week, at once where the release is near."""
        inside = self.course.inside
        on = None if inside is None else inside.expected_on
        if on is not None and (on - day_of(now)).days < _HURRY_DAYS:
            return next_evening(now)
        return next_office(now, self.course.days(0, 1))

    # -- consent and plan ----------------------------------------------------------------------

    def _offer(self, now: datetime) -> Iterator[Act]:
        if isinstance(self.course.intake.own.case, Opened) or not self.person.known_before:
            language = self.course.rng.choice(("ky-Cyrl", "ru-Cyrl"))
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
        yield from self._says(
            intake.RecordConsent(
                items=self.person.consent,
                expires_on=plus(day_of(now), PROFILE.consent_max_days),
                signed_how="ink",
            ),
            now,
        )

    def _plan(self, now: datetime, scripted: bool = False) -> Iterator[Act]:
        case, person = self.course.intake.own.case, self.person
        if not scripted and not (isinstance(case, Consented) and case.plan_version == 0):
            return
        yield from self._says(
            intake.AssessNeeds(tool_code="needs-list", tool_version="1", flags=person.needs), now
        )
        yield from self._says(intake.AgreePlan(items=person.plan, client_signed=True), now)

    def _refer(self, now: datetime) -> Iterator[Act]:
        for item in self.person.plan:
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
        course.plan(max(evening(on), now), partial(self._walk_out, on))
        course.plan(max(evening(office_before(on)), next_evening(now)), self._confirm)
        if self.person.moves_by is not None and not self._moved:
            days = (on - day_of(now)).days
            says_on = office(plus(day_of(now), max(days // 2, 1)))
            course.plan(evening(says_on), self._reschedule)

    def _reschedule(self, now: datetime) -> Iterator[Act]:
        inside, moves_by = self.course.inside, self.person.moves_by
        if inside is None or inside.expected_on is None or moves_by is None or self._moved:
            return
        self._moved = True
        on = office(max(plus(inside.expected_on, moves_by), plus(day_of(now), 1)))
        yield from self._says(
            facts.ReleaseRescheduled(
                expected_release_on=on,
                reason_code="recalculated" if moves_by > 0 else "court",
                facility=self._colony,
            ),
            now,
        )

    def _transfer(self, now: datetime) -> Iterator[Act]:
        if not self._is_open or self.course.inside is None or self.person.colony == world.WOMEN:
            return
        to = world.MEN_FAR if self._colony == world.MEN else world.MEN
        yield from self._says(
            facts.PersonTransferred(
                from_facility=self._colony, to_facility=to, medicines_moved=True
            ),
            now,
        )

    def _dies(self, now: datetime) -> Iterator[Act]:
        if self._is_open and self.course.inside is not None:
            yield from self._says(facts.PersonDied(place="custody", died_on=day_of(now)), now)

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
        yield from self._says(release.ConfirmReadiness(gaps=gaps), now)

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
        if self.course.rng.random() < 0.75:
            yield from self._left(_GROUND[self.person.notice], evening(inside.expected_on))
            return
        on = office(plus(day_of(now), self.course.days(4, 12)))
        self._reports = True
        yield from self._says(
            facts.ReleaseRescheduled(
                expected_release_on=on, reason_code="correction", facility=self._colony
            ),
            now,
        )
