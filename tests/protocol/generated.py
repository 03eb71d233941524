"""One case told by everybody at once, chosen by chance: by whom, what, twice, late or never.

A history is a tuple of numbers, one a step. A step chooses by its own number alone, so that one
that breaks a rule can be made shorter by leaving steps out.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from random import Random
from typing import Any, cast
from uuid import UUID

from throughcare.contracts import care_commands as cc
from throughcare.contracts import facts
from throughcare.contracts import intake_commands as ic
from throughcare.contracts import life_commands as lc
from throughcare.contracts import life_facts as lf
from throughcare.contracts import medicine_commands as mc
from throughcare.contracts import release_commands as rc
from throughcare.contracts import rights_commands as xc
from throughcare.contracts.codes import Receiver
from throughcare.contracts.kinds import Data
from throughcare.protocol.decision import Held, Refused
from throughcare.protocol.profiles import CURRENT
from throughcare.protocol.refusals import REFUSALS
from throughcare.protocol.release import state as stands
from throughcare.protocol.roles import MAY
from throughcare.tests.protocol.countries import COUNTRIES, country
from throughcare.tests.protocol.story import NEEDS, Story

_PSYCH = ("kg-31", "prison-psych")
_HEALTH = ("kg-31", "prison-health")
_PRISON = ("kg-gsin", "prison-admin")
_COORD = ("coord", "protocol-coordinator")
_LINES: tuple[Any, ...] = ("oat", "oat", "art", "psychiatric")
_PROGRAMME: dict[str, Any] = {"programme_code": "atlantis"}
_FREED = facts.PersonReleased()
_NEEDS = (
    NEEDS,
    ic.AssessNeeds(tool_code="t", tool_version="1", flags=("oat-now", "opioid-risk")),
)
_MEDICINE_OF_CASE: tuple[Data, ...] = (
    mc.OfferNaloxone(),
    mc.RecordOverdoseTraining(),
    mc.IssueNaloxone(kits=1, at="before"),
    mc.DeclineNaloxone(),
    mc.ReportNaloxoneUnavailable(reason_code="stock-out"),
)
#: One step in so many is one of these.
_RARE = 50
_ENDS: tuple[tuple[Data, str], ...] = (
    (facts.PersonDied(), "prison-admin"),
    (rc.ReportDeath(), "ngo"),
    (rc.ReportReincarceration(source_code="family"), "ngo"),
    (ic.WithdrawConsent(received_how="phone"), "client"),
    (lc.VoidCase(reason_code="duplicate"), "ngo"),
    (lc.MoveOutOfScope(reason_code="left-country"), "ngo"),
    (xc.ForgetCase(), "client"),
)
_DPO = ("dpo-kg", "dpo")
#: Nothing of it changes the course, whatever state the case is in.
_RIGHTS: tuple[tuple[Data, tuple[str, str]], ...] = (
    (xc.AskToSeeData(), ("x", "client")),
    (xc.ConfirmDataShown(), _DPO),
    (
        xc.CorrectEvent(target_event_id=UUID(int=9), field="day", reason_code="other"),
        ("ngo-one", "ngo"),
    ),
    (xc.GiveFeedback(instrument_code="short-5", score_band=3), ("x", "client")),
    (xc.FileComplaint(about=("pressure", "conduct", "pressure")), ("x", "client")),
    (xc.ReportLegalRequest(requester_kind="court", legal_basis_stated=True), _COORD),
    (
        xc.ReportEmergencyAccess(reason_code="cannot-speak", data_classes=("P1",)),
        ("site-one", "system"),
    ),
)


class History:
    """What happens is in `story`; what everybody said, whatever became of it, in `told`."""

    def __init__(self, numbers: Sequence[int], check: Callable[["History"], None]) -> None:
        self.told: list[tuple[Data, str | None, str, Any]] = []
        self._numbers = numbers
        self._check = check
        self._by = Random(0)
        self.country = country("KG")
        self.story = Story()

    def run(self) -> "History":
        first, *others = self._numbers
        self._by.seed(first)
        self._begin()
        for nth, number in enumerate(others):
            self._by.seed(number)
            self._one(_ACTS)(self)
            if nth % 8 == 0:
                self._check(self)
        return self

    def _one(self, some: Sequence[Any]) -> Any:
        return some[int(self._by.random() * len(some))]

    def _below(self, many: int) -> int:
        return int(self._by.random() * many)

    def tell(self, data: Data, party: str | None, role: str, at: Any = None) -> None:
        self.told.append((data, party, role, at))
        decision = self.story.tell(data, party, role, at=at)
        if isinstance(decision, Refused):
            assert decision.code in REFUSALS
        elif not isinstance(decision, Held) and not isinstance(data, rc.RunDeadlines):
            assert MAY[type(data)] & {role}

    # -- how far it is when it begins --------------------------------------------------------------

    def _begin(self) -> None:
        """Some begin late, or the end of a case would hardly ever be reached."""
        code = self._one(("KG", "KG", *COUNTRIES))
        self.country = country(code)
        self.story = story = Story(version=CURRENT[code])
        story.connected = self._below(8) > 0
        if self.country.profile.programme_opens_case and self._below(4) == 0:
            story.enrolled()
        else:
            story.opened(origin=self._one(("facility", "facility", "self-presented")))
        if not story.connected:
            return
        if self._below(4) == 0:
            self._end_and_go_on()
        way = (
            self._scheduled,
            self._consented,
            self._planned,
            lambda: self._accepted(1),
            lambda: self._accepted(4),
            self._freed,
            self._met,
            lambda: story.after(days=27),
        )
        for step in way[: self._below(len(way) + 1)]:
            step()
        story.connected = self._below(6) > 0

    def _end_and_go_on(self) -> None:
        how = self._one(("refused", "freed", "withdrawn", "withdrawn"))
        if how == "refused":
            self.tell(self.country.offer, *_PSYCH)
            self.tell(ic.RecordRefusal(), *_PSYCH)
        elif how == "freed":
            self.tell(_FREED, *_PRISON)
            self.story.after(days=1)
        else:
            self._consented()
            self._planned()
            self._accepted(1)
            if self._below(2):
                self.tell(_FREED, *_PRISON)
            self.tell(ic.WithdrawConsent(received_how="phone"), "x", "client")
        self.tell(lc.ReopenCase(requested_by="client"), "ngo-one", "ngo")

    def _scheduled(self) -> None:
        on = self.story.now.date() + timedelta(days=self._one((1, 20, 90)))
        self.tell(facts.ReleaseScheduled(expected_release_on=on), *_PRISON)

    def _consented(self) -> None:
        self.tell(self.country.offer, *_PSYCH)
        by = self._one((None, None, "code"))
        said = self.country.consents[0].model_copy(update={"hand_over_by": by})
        self.tell(said, *_PSYCH)

    def _planned(self) -> None:
        self.tell(_NEEDS[self._below(2)], *_PSYCH)
        self.tell(self.country.plans[0], *_PSYCH)

    def _accepted(self, item: int) -> None:
        self.tell(rc.SendReferral(item=item), *_PSYCH)
        for one in self.story.release.own.referrals[-1:]:
            self._as(one, rc.AcceptReferral(referral_id=one.id))

    def _freed(self) -> None:
        """After a wait, for some: a consent given long before the release is asked about anew."""
        if self._below(3) == 0:
            self.story.after(days=70)
        self.tell(_FREED, *_PRISON)

    def _met(self) -> None:
        for one in self.story.release.own.referrals[:1]:
            self._as(one, rc.RecordAttendance(referral_id=one.id))

    def _as(self, one: Any, data: Data, at: Any = None) -> None:
        self.tell(data, one.receiver, one.receiver_type, at)

    # -- the prison --------------------------------------------------------------------------------

    def _day(self, low: int, high: int) -> Any:
        return self.story.now.date() + timedelta(days=low + self._below(high - low))

    def _phased(self) -> lf.ProgrammePhaseStarted:
        phase = self._one(("group", "work"))
        return lf.ProgrammePhaseStarted(**_PROGRAMME, phase_code=phase)

    def the_prison_says(self) -> None:
        late = self._one((0, 0, 0, 5, 40))
        on = getattr(self.story.release.own.person, "expected_on", None) or self._day(0, 9)
        said = self._one(
            (
                lambda: _FREED,
                lambda: _FREED,
                lambda: facts.ReleaseScheduled(expected_release_on=self._day(-2, 200)),
                lambda: facts.ReleaseRescheduled(expected_release_on=self._day(-2, 200)),
                lambda: facts.ReleaseRescheduled(expected_release_on=None),
                lambda: facts.PersonTransferred(
                    to_facility=self._one(("kg-31", "kg-27")),
                    medicines_moved=self._one((None, False, True)),
                ),
                lambda: lf.ReleaseDateConfirmed(expected_release_on=on),
                lambda: lf.AbsenceBegun(kind_code=self._one(("hospital", "court"))),
                lf.AbsenceEnded,
                lf.ReleaseReversed,
                lambda: facts.ProgrammeEnrolled(**_PROGRAMME),
                self._phased,
                lambda: lf.ProgrammeEnded(
                    **_PROGRAMME, how=self._one(("completed", "left", "removed"))
                ),
            )
        )()
        self.tell(said, *_PRISON, self.story.now - timedelta(hours=late))

    def the_programme_takes_or_not(self) -> None:
        apply, refuse = (
            lc.ApplyForProgramme(**_PROGRAMME),
            lc.RefuseProgrammeAdmission(**_PROGRAMME),
        )
        self.tell(self._one((apply, refuse)), "kg-31", "programme-coordinator")

    # -- whoever asks the person -------------------------------------------------------------------

    def the_psychologist_records(self) -> None:
        of = self.country
        self.tell(
            self._one(
                (
                    of.offer,
                    of.offer,
                    self._one(of.consents),
                    self._one(of.consents),
                    ic.RecordRefusal(),
                    self._one(of.narrower),
                    self._one(of.wider),
                    of.longer[0],
                    self._one(_NEEDS),
                    self._one(of.plans),
                    self._one(of.plans),
                )
            ),
            *_PSYCH,
        )

    def the_psychologist_does_it_all(self) -> None:
        self._consented()
        self._planned()

    def somebody_sends(self) -> None:
        receiver = None
        if self._below(4) == 0:
            party = self._one(tuple(self.country.parties))
            receiver = Receiver(party=party, receiver_type=self.country.parties[party])
        several = self._one((None, None, True, False))
        sent = rc.SendReferral(item=1 + self._below(5), receiver=receiver, several=several)
        self.tell(sent, *self._one((_PSYCH, _COORD)))

    def the_sender_turns_a_referral(self) -> None:
        for one in self._referral():
            said: tuple[Data, tuple[str, str]] = self._one(
                (
                    (cc.WaitForPlace(referral_id=one.id), _PSYCH),
                    (rc.CancelReferral(referral_id=one.id, reason_code="person-asked"), _PSYCH),
                    (cc.SuspendReceiver(receiver=one.receiver, reason_code="closed"), _COORD),
                )
            )
            self.tell(said[0], *said[1])

    # -- prison health -----------------------------------------------------------------------------

    def health_confirms(self) -> None:
        items = self._one(((), (1,), (1, 2, 3)))
        ready = {
            "gaps": [{"item": item, "gap_reason": "no-time"} for item in items],
            "kit_gap": self._one(("no-time", None)),
            "medicine_gaps": [
                {"line": one.line, "gap_reason": "no-time"} for one in self.story.release.own.lines
            ],
        }
        self.tell(rc.ConfirmReadiness.model_validate(ready), *_HEALTH)

    def health_sees_to_medicine(self) -> None:
        line = self._one(_LINES)
        none: Any = "country-has-none"
        self.tell(
            self._one(
                (
                    mc.OpenContinuityItem(line=line),
                    mc.OpenContinuityItem(line=line),
                    mc.RequestContinuation(line=line, leaflet_version="l1"),
                    mc.RequestContinuation(line=line, leaflet_version="l1"),
                    mc.DeclineContinuation(line=line),
                    mc.ReportContinuationUnavailable(line=line, reason_code=none),
                    self._packed(line),
                    self._packed(line),
                    self._one(_MEDICINE_OF_CASE),
                    self._one(_MEDICINE_OF_CASE),
                    mc.OfferNaloxone(),
                )
            ),
            *_HEALTH,
        )

    def _packed(self, line: Any) -> mc.SupplyBridging:
        supply = self._one((0, 7, 29))
        day = self._day(-4, 2)
        return mc.SupplyBridging(line=line, last_supervised_on=day, supply_days=supply)

    # -- receivers ---------------------------------------------------------------------------------

    def _referral(self) -> list[Any]:
        """One of them, or none where there is none; late ones rather than early ones."""
        some = self.story.release.own.referrals
        return [self._one(some[-3:])] if some else []

    def a_receiver_carries_medicine_on(self) -> None:
        for one in self._referral():
            day = self._day(-4, 2)
            self._as(
                one,
                self._one(
                    (
                        mc.ConfirmReceivingSite(referral_id=one.id, expected_on=day),
                        mc.RecordCommunityDose(referral_id=one.id, supply_days=self._below(3)),
                        mc.ReportDoseGap(referral_id=one.id, from_on=day),
                        mc.CloseDoseGap(line="oat"),
                        mc.IssueNaloxone(kits=1, at="community"),
                        mc.ReportNaloxoneUse(used_on=day),
                        mc.ReportRelapse(referral_id=one.id, reported_by="client"),
                        mc.ReportOverdose(occurred_on=day, referral_id=one.id),
                    )
                ),
            )

    def a_receiver_acts(self) -> None:
        self.story.after(hours=self._one((0, 0, 0, 1, 20, 24 * 7)))
        late = timedelta(hours=self._one((0, 0, 0, 0, 5, 50)))
        for one in self._referral():
            what = self._fitting(one) if self._below(3) else self._anything(one)
            foreign = self._below(12) == 0
            party = self._one(tuple(self.country.parties)) if foreign else one.receiver
            role = self.country.parties.get(party, one.receiver_type)
            self.tell(what, party, role, self.story.now - late)

    def _fitting(self, one: Any) -> Data:
        id_ = one.id
        match one.stand:
            case stands.Sent():
                some: tuple[Data, ...] = (
                    rc.AcceptReferral(referral_id=id_),
                    rc.AcceptReferral(referral_id=id_, valid_until=self._day(0, 90)),
                    rc.AcknowledgeReferral(referral_id=id_),
                    self._declined(id_),
                )
            case stands.Accepted() | stands.Missed():
                some = (self._booked(id_), rc.RecordAttendance(referral_id=id_))
            case stands.Booked():
                some = (
                    rc.ReportMissedAppointment(referral_id=id_),
                    rc.RecordAttendance(referral_id=id_),
                )
            case _:
                some = (
                    rc.EngageService(referral_id=id_, criterion_code="other"),
                    self._checked(id_),
                    rc.CompleteFollowUp(referral_id=id_),
                )
        return cast(Data, self._one(some))

    def _anything(self, one: Any) -> Data:
        id_ = one.id
        outcome = self._one(("completed", "left", "transferred"))
        return cast(
            Data,
            self._one(
                (
                    rc.AcknowledgeReferral(referral_id=id_),
                    rc.AcceptReferral(referral_id=id_, valid_until=self._day(-2, 90)),
                    self._declined(id_),
                    rc.WithdrawAcceptance(referral_id=id_, reason_code="other"),
                    cc.EndService(referral_id=id_, outcome_code=outcome),
                    cc.ConfirmCancellation(referral_id=id_),
                    self._booked(id_),
                    rc.ReportMissedAppointment(referral_id=id_),
                    self._tried(id_, self._one(("met", "reached", "not-reached"))),
                    rc.RecordAttendance(referral_id=id_),
                    rc.ConfirmCodeArrived(referral_id=id_),
                    rc.EngageService(referral_id=id_, criterion_code="other"),
                    rc.AcknowledgeRelease(referral_id=id_),
                    self._checked(id_),
                    rc.DeclareContactLost(referral_id=id_),
                    rc.CompleteFollowUp(referral_id=id_),
                )
            ),
        )

    def _declined(self, id_: UUID) -> rc.DeclineReferral:
        waiting = self._one((None, self._day(1, 9)))
        no: Any = "no-capacity"
        return rc.DeclineReferral(referral_id=id_, reason_code=no, waiting_from=waiting)

    def _booked(self, id_: UUID) -> rc.BookAppointment:
        at = self.story.now + timedelta(hours=self._below(72) - 4)
        return rc.BookAppointment(referral_id=id_, appointment_at=at)

    def _tried(self, id_: UUID, result: Any) -> rc.RecordOutreach:
        means = self._one(("phone", "visit", "peer"))
        return rc.RecordOutreach(referral_id=id_, means=means, result=result)

    def _checked(self, id_: UUID) -> rc.CheckFollowUp:
        day = self._one(self.country.profile.checks)
        kind = self._one(("visit", "visit", "phone", "none"))
        return rc.CheckFollowUp(
            referral_id=id_, checkpoint_day=day, contact_kind=kind, still_engaged=True
        )

    def the_follow_up_goes_to_its_end(self) -> None:
        for one in self.story.release.own.referrals[:1]:
            person = self.story.release.own.person
            for day in self.country.profile.checks:
                if isinstance(person, stands.Outside):
                    self.story.until(person.released_at + timedelta(days=day))
                    check: dict[str, Any] = {"referral_id": one.id, "checkpoint_day": day}
                    check |= {"contact_kind": "visit", "still_engaged": True}
                    self._as(one, rc.CheckFollowUp(**check))
            self._as(one, rc.CompleteFollowUp(referral_id=one.id))

    def outreach_is_in_vain(self) -> None:
        for means in ("phone", "visit", "phone"):
            for one in self.story.release.own.referrals[:1]:
                tried: dict[str, Any] = {"means": means, "result": "not-reached"}
                self._as(one, rc.RecordOutreach(referral_id=one.id, **tried))
            self.story.after(hours=20)
        for one in self.story.release.own.referrals[:1]:
            self._as(one, rc.DeclareContactLost(referral_id=one.id))

    def a_recipient_answers(self) -> None:
        for one in self.story.release.own.recalls[:1]:
            if self._below(2):
                self.tell(cc.ConfirmRecipientTold(referral_id=one.referral_id), *_COORD)
            else:
                kept: dict[str, Any] = {"data_action": "deleted"}
                answer = cc.AcknowledgeWithdrawal(referral_id=one.referral_id, **kept)
                role = self.country.parties[one.receiver]
                self.tell(answer, one.receiver, role)

    # -- rights ------------------------------------------------------------------------------------

    def somebody_uses_a_right(self) -> None:
        said, who = self._one(_RIGHTS)
        self.tell(said, *who)

    def somebody_decides_about_a_look_or_a_demand(self) -> None:
        rights = self.story.release.own.rights
        by = self._one((_DPO, _DPO, _COORD, ("ngo-one", "ngo")))
        for request in rights.requests[-1:]:
            opinion = self._one(("disclose", "disclose", "refuse"))
            self.tell(xc.DecideLegalRequest(request_id=request.id, opinion=opinion), *by)
        for access in rights.accesses[:1]:
            verdict = self._one(("justified", "not-justified"))
            review = xc.ReviewEmergencyAccess(access_id=access.id, verdict=verdict)
            self.tell(review, self._one((_DPO[0], access.party)), "dpo")

    # -- ends, and what comes after ----------------------------------------------------------------

    def something_rare_happens(self) -> None:
        if self._below(_RARE // 8) == 0:
            data, role = self._one(_ENDS)
            self.tell(data, "ngo-one", role)

    def somebody_wants_it_to_go_on(self) -> None:
        by = self._one(("client", "receiver"))
        self.tell(lc.ReopenCase(requested_by=by), "ngo-one", "ngo")

    # -- promises and alarms -----------------------------------------------------------------------

    def somebody_answers_an_alarm(self) -> None:
        alarms = self.story.release.own.escalations
        if alarms:
            one = self._one(alarms)
            role = self._one((one.to_role, _COORD[1]))
            said = rc.AcknowledgeEscalation(escalation_id=one.id)
            self.tell(said, one.to_party or "coord", role)

    def a_coordinator_waives(self) -> None:
        live = self.story.release.own.live
        if live:
            one = self._one(live)
            why: Any = "not-applicable"
            self.tell(
                rc.WaiveDeadline(
                    code=one.code, referral_id=one.referral_id, step=one.step, reason_code=why
                ),
                *_COORD,
            )

    # -- time and messages -------------------------------------------------------------------------

    def somebody_says_it_again(self) -> None:
        if self.told:
            self.tell(*self._one(self.told[-8:]))

    def somebodys_clock_is_wrong(self) -> None:
        if self.told:
            what, party, role, _ = self._one(self.told[-8:])
            self.tell(what, party, role, self.story.now + timedelta(minutes=self._one((5, 90))))

    def time_passes(self) -> None:
        self.story.after(hours=self._one((1, 5, 24, 24, 80, 24 * 20)))
        self._check(self)

    def time_passes_while_deadlines_wait(self) -> None:
        self.story.now += timedelta(hours=self._one((1, 30, 24 * 9, 24 * 200)))
        only = self._below(2) == 0
        self.tell(rc.RunDeadlines(as_of=self.story.now, escalate_only=only), None, "system")

    def the_clock_is_set_back(self) -> None:
        self.story.now -= timedelta(minutes=self._one((1, 30, 90)))

    def one_half_hears_a_little(self) -> None:
        """Each stream in its order; between the two there is none."""
        waits = self.story.undelivered
        source = self._one(("/services/intake", "/services/release"))
        for _ in range(1 + self._below(3)):
            message = next((one for one in waits if one.source == source), None)
            if message is not None:
                waits.remove(message)
                self.story.hand_over(message)

    def the_halves_hear_each_other(self) -> None:
        self.story.deliver()

    def the_halves_lose_sight_of_each_other(self) -> None:
        self.story.connected = self._below(4) > 0


_OFTEN: dict[Callable[[History], None], int] = {
    History.the_prison_says: 5,
    History.the_programme_takes_or_not: 1,
    History.the_psychologist_records: 4,
    History.the_psychologist_does_it_all: 2,
    History.somebody_sends: 3,
    History.the_sender_turns_a_referral: 2,
    History.health_confirms: 2,
    History.health_sees_to_medicine: 4,
    History.a_receiver_carries_medicine_on: 3,
    History.a_receiver_acts: 9,
    History.the_follow_up_goes_to_its_end: 1,
    History.outreach_is_in_vain: 1,
    History.a_recipient_answers: 1,
    History.somebody_uses_a_right: 1,
    History.somebody_decides_about_a_look_or_a_demand: 1,
    History.something_rare_happens: 2,
    History.somebody_wants_it_to_go_on: 1,
    History.somebody_answers_an_alarm: 1,
    History.a_coordinator_waives: 1,
    History.somebody_says_it_again: 2,
    History.somebodys_clock_is_wrong: 1,
    History.time_passes: 3,
    History.time_passes_while_deadlines_wait: 1,
    History.the_clock_is_set_back: 1,
    History.one_half_hears_a_little: 2,
    History.the_halves_hear_each_other: 1,
    History.the_halves_lose_sight_of_each_other: 1,
}
_ACTS = tuple(act for act, times in _OFTEN.items() for _ in range(times))


def numbers(seed: int, steps: int) -> tuple[int, ...]:
    """Of a history: it is as long as chance says, at most so many steps."""
    by = Random(seed)
    many = 1 + int(steps * by.random())
    return tuple(by.getrandbits(32) for _ in range(1 + many))


def shortest(broken: tuple[int, ...], breaks: Callable[[tuple[int, ...]], bool]) -> tuple[int, ...]:
    """Steps are left out as long as it still breaks a rule."""
    nth = len(broken) - 1
    while nth > 0:
        shorter = broken[:nth] + broken[nth + 1 :]
        if breaks(shorter):
            broken = shorter
        nth -= 1
    return broken
