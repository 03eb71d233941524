"""Receivers: they answer, or stay silent; book, meet, miss, look for people, take them on."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import partial
from uuid import UUID

from throughcare.cli.cohort import rates
from throughcare.cli.cohort.act import Act
from throughcare.cli.cohort.course import Course
from throughcare.cli.cohort.grid import plus
from throughcare.contracts import release_commands as commands
from throughcare.contracts import release_events as events
from throughcare.contracts.codes import DeclineReason, OutreachMeans, OutreachResult, ReceiverType
from throughcare.contracts.kinds import Data
from throughcare.protocol.release.contact import FACE_TO_FACE
from throughcare.protocol.release.state import (
    PLACED,
    Accepted,
    Attended,
    Booked,
    Engaged,
    Missed,
    NotMet,
    Referral,
    Sent,
)

_DECLINES: tuple[DeclineReason, ...] = ("not-eligible", "out-of-area")
_MEANS: tuple[OutreachMeans, ...] = ("phone", "visit", "peer")
#: Somebody is there on days off, too.
_EVERY_DAY: tuple[ReceiverType, ...] = ("ngo", "drop-in", "oat-site")
_HOUR = timedelta(hours=1)
#: Who stayed away so often is not to be reached any more.
_AVOIDS = 2


class Care:
    """Every organisation that is asked about one case."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.world, self.grid, self.profile = course.world, course.grid, course.profile
        #: Appointments missed, by referral.
        self._missed: Counter[UUID] = Counter()
        course.hears(
            {
                events.ReferralSent: self._asked,
                events.ReferralAccepted: self._accepted,
                events.ReleaseScheduled: self._date_known,
                events.ReleaseRescheduled: self._date_known,
                events.PersonReleased: self._is_out,
                events.AppointmentBooked: self._booked,
                events.AppointmentMissed: self._stayed_away,
                events.ClientAttended: self._came,
                events.EscalationRaised: self._not_met,
            }
        )

    def _says(self, one: Referral, data: Data, when: datetime) -> Iterator[Act]:
        return self.course.by(one.receiver, data, when)

    # -- answering -----------------------------------------------------------------------------

    def _asked(self, sent: events.ReferralSent, now: datetime) -> None:
        course, id = self.course, sent.referral_id
        if course.happens(rates.SILENT):
            return
        morning, today = self.grid.morning, self.grid.day_of(now)
        if sent.urgency == "urgent":
            when = morning(plus(today, 1))
        elif sent.urgency == "short":
            when = morning(self.grid.working(plus(today, 1)))
        else:
            when = course.rng.choice((self.grid.next_evening(now), self.grid.next_office(now)))
            if when != self.grid.next_evening(now) and course.happens(rates.SAYS_RECEIVED):
                course.plan(self.grid.next_evening(now), partial(self._received, id), id)
        course.plan(when, partial(self._answer, id, self._reason_for_no(sent.receiver_type)), id)

    def _reason_for_no(self, kind: ReceiverType) -> DeclineReason | None:
        """Of those who find a place today, so many find one as the places grow fewer or more."""
        today = 1 - self.world.value(rates.NO_PLACE)
        places = min(today * self.world.capacity.get(kind, 1.0), 1.0)
        if self.course.rng.random() >= places:
            return "no-capacity"
        if self.course.happens(rates.DECLINED):
            return self.course.rng.choice(_DECLINES)
        return None

    def _received(self, id: UUID, now: datetime) -> Iterator[Act]:
        one = self.course.referral(id)
        if isinstance(one.stand, Sent):
            yield from self._says(one, commands.AcknowledgeReferral(referral_id=id), now)

    def _answer(self, id: UUID, no: DeclineReason | None, now: datetime) -> Iterator[Act]:
        one = self.course.referral(id)
        if not isinstance(one.stand, Sent):
            return
        if no is not None:
            answer: Data = commands.DeclineReferral(referral_id=id, reason_code=no)
        else:
            answer = commands.AcceptReferral(referral_id=id)
        yield from self._says(one, answer, now)

    def _accepted(self, accepted: events.ReferralAccepted, now: datetime) -> None:
        course, id = self.course, accepted.referral_id
        course.plan(self.grid.next_evening(now), partial(self._book, id), id)
        if course.happens(rates.ACCEPTANCE_WITHDRAWN):
            later = self.grid.next_office(now, course.days(1, 4))
            course.plan(later, partial(self._take_back, id), id)
        if course.outside is not None:
            self._expect(course.referral(id), now)

    def _take_back(self, id: UUID, now: datetime) -> Iterator[Act]:
        one = self.course.referral(id)
        if isinstance(one.stand, Accepted | Booked):
            yield from self._says(
                one, commands.WithdrawAcceptance(referral_id=id, reason_code="no-capacity"), now
            )

    # -- appointments --------------------------------------------------------------------------

    def _date_known(
        self, _: events.ReleaseScheduled | events.ReleaseRescheduled, now: datetime
    ) -> None:
        for one in self.course.release.own.referrals:
            if isinstance(one.stand, Accepted | Booked):
                self.course.plan(self.grid.next_evening(now), partial(self._book, one.id), one.id)

    def _booked(self, booked: events.AppointmentBooked, now: datetime) -> None:
        id, appointment_at = booked.referral_id, booked.appointment_at
        on = self.grid.evening(self.grid.day_of(appointment_at))
        self.course.plan(on, partial(self._appointment_over, id, appointment_at), id)

    def _stayed_away(self, missed: events.AppointmentMissed, now: datetime) -> None:
        id = missed.referral_id
        self._missed[id] += 1
        if self.course.outside is not None:
            self.course.plan(self._next_day(id, now), partial(self._look_for, id), id)

    def _next_day(self, id: UUID, now: datetime) -> datetime:
        """When somebody is there again."""
        if self.course.referral(id).receiver_type in _EVERY_DAY:
            return self.grid.evening(plus(self.grid.day_of(now), 1))
        return self.grid.next_evening(now)

    def _book(self, id: UUID, now: datetime) -> Iterator[Act]:
        """For the days right after the release; inside only once a date is known."""
        one, inside = self.course.referral(id), self.course.inside
        if not isinstance(one.stand, Accepted | Booked | Missed):
            return
        if inside is None:
            first = plus(self.grid.day_of(now), 1)
            if isinstance(one.stand, Missed) and one.stand.reached:
                first = max(first, self._own_day(one) or first)  # as the two agreed
        elif inside.expected_on is not None:
            first = plus(max(inside.expected_on, self.grid.day_of(now)), 1)
        else:
            return
        if one.receiver_type not in _EVERY_DAY:
            first = self.grid.working(first)
        appointment_at = self.grid.at(first, self.course.rng.choice((10, 11, 15)))
        if isinstance(one.stand, Booked) and one.stand.appointment_at == appointment_at:
            return
        yield from self._says(
            one, commands.BookAppointment(referral_id=id, appointment_at=appointment_at), now
        )

    def _appointment_over(self, id: UUID, appointment_at: datetime, now: datetime) -> Iterator[Act]:
        one, outside = self.course.referral(id), self.course.outside
        if not isinstance(one.stand, Booked) or one.stand.appointment_at != appointment_at:
            return
        if outside is None:
            return  # still inside: the next date brings another appointment
        if self._comes_by(one, appointment_at):
            yield from self._says(one, commands.RecordAttendance(referral_id=id), appointment_at)
        else:
            yield from self._says(one, commands.ReportMissedAppointment(referral_id=id), now)

    def _comes_by(self, one: Referral, moment: datetime) -> bool:
        """Whether the person comes to this service at all, and by then."""
        day, outside = self.course.person.comes.get(one.service_type), self.course.outside
        if day is None or outside is None or self._is_away(moment):
            return False
        return self.grid.day_of(moment) >= plus(self.grid.day_of(outside.released_at), day)

    def _own_day(self, one: Referral) -> date | None:
        day, outside = self.course.person.comes.get(one.service_type), self.course.outside
        if day is None or outside is None:
            return None
        return plus(self.grid.day_of(outside.released_at), day)

    def _is_away(self, moment: datetime) -> bool:
        away, outside = self.course.person.drifts_away, self.course.outside
        if away is None or outside is None:
            return False
        return self.grid.day_of(moment) >= plus(self.grid.day_of(outside.released_at), away)

    # -- after the release ---------------------------------------------------------------------

    def _is_out(self, _: events.PersonReleased, now: datetime) -> None:
        for one in self.course.release.own.referrals:
            if isinstance(one.stand, PLACED):
                self._released(one, now)

    def _released(self, one: Referral, now: datetime) -> None:
        course = self.course
        when = now if course.happens(rates.CONFIRMS_RELEASE) else self.grid.next_evening(now)
        course.plan(when, partial(self._confirm_release, one.id), one.id)
        if isinstance(one.stand, Accepted):
            course.plan(when, partial(self._book, one.id), one.id)
        self._expect(one, now)

    def _confirm_release(self, id: UUID, now: datetime) -> Iterator[Act]:
        one = self.course.referral(id)
        if one.owes_word and isinstance(one.stand, PLACED):
            yield from self._says(one, commands.AcknowledgeRelease(referral_id=id), now)

    def _expect(self, one: Referral, now: datetime) -> None:
        """The person comes on their own day, with or without an appointment."""
        day, outside = self.course.person.comes.get(one.service_type), self.course.outside
        if day is None or outside is None:
            return
        comes_on = plus(self.grid.day_of(outside.released_at), day)
        if day > 2:
            comes_on = self.grid.office(
                comes_on
            )  # only in the first days is somebody there every day
        when = (
            self.grid.evening(comes_on)
            if self.grid.evening(comes_on) > now
            else self.grid.next_evening(now)
        )
        self.course.plan(when, partial(self._meet, one.id), one.id)

    def _meet(self, id: UUID, now: datetime) -> Iterator[Act]:
        one, outside = self.course.referral(id), self.course.outside
        if not isinstance(one.stand, Accepted | Booked | Missed) or outside is None:
            return
        if self._is_away(now):
            return
        met_at = max(now - self.course.days(1, 8) * _HOUR, outside.released_at)
        yield from self._says(one, commands.RecordAttendance(referral_id=id), met_at)

    def _came(self, came: events.ClientAttended, now: datetime) -> None:
        course, id = self.course, came.referral_id
        one = course.referral(id)
        if course.outside is None or isinstance(one.stand, Engaged):
            return
        if one.service_type in ("documents", "allowance"):
            return
        if one.service_type == "psychosocial-support" and not course.happens(rates.SUPPORT_ENGAGED):
            return
        course.plan(self.grid.next_office(now, course.days(0, 1)), partial(self._engage, id), id)

    def _engage(self, id: UUID, now: datetime) -> Iterator[Act]:
        one = self.course.referral(id)
        if isinstance(one.stand, Attended) and not self._is_away(now):
            treats = one.service_type != "psychosocial-support"
            yield from self._says(
                one,
                commands.EngageService(
                    referral_id=id,
                    criterion_code="treatment-started" if treats else "second-visit",
                ),
                now,
            )

    # -- looking for people ----------------------------------------------------------------------

    def _not_met(self, raised: events.EscalationRaised, now: datetime) -> None:
        if raised.code == "D17" and raised.step == 48:
            self.course.plan(self.grid.next_evening(now), self._look_for_unmet)

    def _look_for_unmet(self, now: datetime) -> Iterator[Act]:
        outside, one = self.course.outside, self.course.responsible
        if one is not None and outside is not None and isinstance(outside.contact, NotMet):
            yield from self._try(one, len(outside.attempts), now)

    def _look_for(self, id: UUID, now: datetime) -> Iterator[Act]:
        """Three times at most, each by another means; reached, the person gets another appointment."""
        one = self.course.referral(id)
        if not isinstance(one.stand, Missed) or self.course.outside is None:
            return
        if one.stand.attempts >= len(_MEANS):
            return
        yield from self._try(one, one.stand.attempts, now)

    def _try(self, one: Referral, attempts: int, now: datetime) -> Iterator[Act]:
        course = self.course
        means = _MEANS[attempts % len(_MEANS)]
        result = self._result(one, means, now)
        if result == "not-reached":
            course.plan(self.grid.next_office(now), partial(self._look_for, one.id), one.id)
        else:
            course.plan(self.grid.next_evening(now), partial(self._book, one.id), one.id)
        yield from self._says(
            one,
            commands.RecordOutreach(referral_id=one.id, means=means, result=result),
            now,
        )

    def _result(self, one: Referral, means: OutreachMeans, now: datetime) -> OutreachResult:
        if self._is_away(now) or self._missed[one.id] >= _AVOIDS:
            return "not-reached"
        if self.course.happens(rates.OUTREACH_MEETS):
            return "met" if means in FACE_TO_FACE else "reached"
        return "reached" if self.course.happens(rates.OUTREACH_REACHES) else "not-reached"
