"""Whatever anybody does, in whatever order, twice, late or never: no history breaks the rules."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from throughcare.contracts import facts
from throughcare.contracts import intake_commands as ic
from throughcare.contracts import release_commands as rc
from throughcare.contracts.codes import ConsentItem, Receiver
from throughcare.contracts.envelope import decode, encode
from throughcare.contracts.kinds import Data
from throughcare.protocol.decision import Decided, Refused
from throughcare.protocol.profiles import PROFILES
from throughcare.protocol.refusals import REFUSALS
from throughcare.protocol.release.promises import key_of, promises
from throughcare.protocol.release.state import Ended, Opening, Outside
from throughcare.protocol.roles import MAY
from throughcare.protocol.stage import Course, follow, stage, stage_of
from throughcare.tests.protocol.story import (
    CASE,
    NGO,
    OFFER,
    PLAN,
    PROBATION,
    REHAB,
    START,
    VERSION,
    Story,
    consent,
)

PROFILE = PROFILES[VERSION]
PARTIES = {
    "ngo-one": "ngo",
    "ngo-two": "ngo",
    "ngo-nine": "ngo",
    "rehab-one": "rehab-centre",
    "probation-one": "probation",
}
ONLY_ONE = NGO.model_copy(update={"party": "ngo-one"})

_days = st.integers(-2, 200)
_dates = _days.map(lambda n: (START + timedelta(days=n)).date())
_permissions: st.SearchStrategy[tuple[ConsentItem, ...]] = st.sampled_from(
    [(NGO, REHAB, PROBATION), (NGO,), (ONLY_ONE, REHAB), ()]
)
_said_by_prison: st.SearchStrategy[Data] = st.one_of(
    st.builds(facts.ReleaseScheduled, expected_release_on=_dates),
    st.builds(facts.ReleaseRescheduled, expected_release_on=st.none() | _dates),
    st.builds(facts.PersonTransferred, to_facility=st.sampled_from(["kg-31", "kg-27"])),
    st.just(facts.PersonReleased()),
    st.just(facts.PersonReleased()),
    st.just(facts.ProgrammeEnrolled(programme_code="atlantis")),
)
_said_to_intake: st.SearchStrategy[Data] = st.one_of(
    st.just(OFFER),
    st.builds(lambda items: consent(*items), _permissions),
    st.just(ic.RecordRefusal()),
    st.just(ic.AssessNeeds(tool_code="t", tool_version="1", flags=("housing",))),
    st.sampled_from(
        [
            ic.AgreePlan(items=PLAN, client_signed=True),
            ic.AgreePlan(items=PLAN[:1], client_signed=True),
            ic.AgreePlan(items=PLAN[1:], client_signed=True),
        ]
    ),
)
_others = st.sampled_from([Receiver(party="ngo-nine", receiver_type="ngo")])
_sent: st.SearchStrategy[Data] = st.builds(
    rc.SendReferral, item=st.integers(1, 4), receiver=st.none() | st.none() | _others
)
_rare: st.SearchStrategy[Data] = st.sampled_from(
    [
        facts.PersonDied(),
        rc.ReportDeath(),
        rc.ReportReincarceration(source_code="family"),
        ic.WithdrawConsent(received_how="phone"),
        rc.RecordRelease(),
    ]
)


def _of_referral(referral_id: UUID, now: Any) -> st.SearchStrategy[Data]:
    one = st.just(referral_id)
    return st.one_of(
        st.builds(rc.AcknowledgeReferral, referral_id=one),
        st.builds(rc.AcceptReferral, referral_id=one, valid_until=st.none() | _dates),
        st.builds(rc.AcceptReferral, referral_id=one),
        st.builds(rc.DeclineReferral, referral_id=one, reason_code=st.just("no-capacity")),
        st.builds(rc.WithdrawAcceptance, referral_id=one, reason_code=st.just("other")),
        st.builds(rc.CancelReferral, referral_id=one, reason_code=st.just("person-asked")),
        st.builds(
            rc.BookAppointment,
            referral_id=one,
            appointment_at=st.integers(-5, 72).map(lambda h: now + timedelta(hours=h)),
        ),
        st.builds(rc.ReportMissedAppointment, referral_id=one),
        st.builds(
            rc.RecordOutreach,
            referral_id=one,
            means=st.sampled_from(["phone", "visit", "peer"]),
            result=st.sampled_from(["met", "reached", "not-reached", "not-reached"]),
        ),
        st.builds(rc.RecordAttendance, referral_id=one),
        st.builds(rc.RecordAttendance, referral_id=one),
        st.builds(rc.EngageService, referral_id=one, criterion_code=st.just("other")),
        st.builds(rc.AcknowledgeRelease, referral_id=one),
        st.builds(
            rc.CheckFollowUp,
            referral_id=one,
            checkpoint_day=st.sampled_from(PROFILE.checks),
            contact_kind=st.sampled_from(["visit", "phone", "none"]),
            still_engaged=st.booleans(),
        ),
        st.builds(rc.DeclareContactLost, referral_id=one),
        st.builds(rc.CompleteFollowUp, referral_id=one),
    )


class Histories(RuleBasedStateMachine):
    """One case, told by everybody at once."""

    def __init__(self) -> None:
        super().__init__()
        self.story = Story()
        self.told: list[tuple[Data, str | None, str, Any]] = []

    def tell(self, data: Data, party: str | None, role: str, at: Any = None) -> None:
        self.told.append((data, party, role, at))
        decision = self.story.tell(data, party, role, at=at)
        if isinstance(decision, Refused):
            assert decision.code in REFUSALS
        elif isinstance(decision, Decided) and not isinstance(data, rc.RunDeadlines):
            assert MAY[type(data)] & {role}

    @initialize(programme=st.booleans(), heard=st.integers(0, 5), far=st.integers(0, 7))
    def begin(self, programme: bool, heard: int, far: int) -> None:
        """Some histories begin late, or the end of a case would hardly ever be reached."""
        story = self.story
        story.enrolled() if programme else story.opened()
        way: list[Callable[[], object]] = [
            lambda: story.consented(),
            lambda: story.planned(),
            lambda: story.accepted(1),
            lambda: story.accepted(2, "rehab-one", "rehab-centre"),
            lambda: story.released(),
            lambda: story.attended(story.release.own.referrals[0].id),
            lambda: story.after(days=27),
        ]
        for step in way[:far]:
            step()
        story.connected = heard > 0

    @rule(data=_said_by_prison, late=st.integers(0, 40))
    def the_prison_says(self, data: Data, late: int) -> None:
        at = self.story.now - timedelta(hours=late)
        self.tell(data, "kg-gsin", "prison-admin", at)

    @rule(data=_said_to_intake)
    def the_psychologist_records(self, data: Data) -> None:
        self.tell(data, "kg-31", "prison-psych")

    @rule()
    def the_psychologist_does_it_all(self) -> None:
        self.tell(OFFER, "kg-31", "prison-psych")
        self.tell(consent(NGO, REHAB, PROBATION), "kg-31", "prison-psych")
        self.tell(ic.AgreePlan(items=PLAN, client_signed=True), "kg-31", "prison-psych")

    @rule(data=_sent, coordinator=st.booleans())
    def somebody_sends(self, data: Data, coordinator: bool) -> None:
        self.tell(data, "x", "protocol-coordinator" if coordinator else "prison-health")

    @rule(
        gaps=st.lists(
            st.sampled_from([1, 2, 3]).map(lambda n: {"item": n, "gap_reason": "no-time"}),
            max_size=3,
        )
    )
    def health_confirms(self, gaps: Any) -> None:
        self.tell(rc.ConfirmReadiness.model_validate({"gaps": gaps}), "kg-31", "prison-health")

    @rule(data=st.data(), late=st.sampled_from([0, 0, 0, 5, 50]))
    def a_receiver_acts(self, data: st.DataObject, late: int) -> None:
        self._receiver(data, late)

    @rule(data=st.data())
    def a_receiver_acts_on_time(self, data: st.DataObject) -> None:
        self._receiver(data, 0)

    @rule(data=st.data(), hours=st.sampled_from([1, 20, 24 * 7]))
    def a_receiver_acts_some_time_later(self, data: st.DataObject, hours: int) -> None:
        self.story.after(hours=hours)
        self._receiver(data, 0)

    @rule()
    def outreach_is_in_vain(self) -> None:
        for means in ("phone", "visit", "phone"):
            for one in self.story.release.own.referrals[:1]:
                tried = {"referral_id": one.id, "means": means, "result": "not-reached"}
                outreach = rc.RecordOutreach.model_validate(tried)
                self.tell(outreach, one.receiver, PARTIES[one.receiver])
            self.story.after(hours=20)

    def _receiver(self, data: st.DataObject, late: int) -> None:
        referrals = self.story.release.own.referrals
        if not referrals:
            return
        one = data.draw(st.sampled_from(referrals))
        command = data.draw(_of_referral(one.id, self.story.now))
        party = data.draw(st.sampled_from([one.receiver, one.receiver, one.receiver, "ngo-two"]))
        role = "ngo" if isinstance(command, rc.CancelReferral) else PARTIES[party]
        self.tell(command, party, role, self.story.now - timedelta(hours=late))

    @rule(data=_rare, odds=st.integers(0, 60))
    def something_rare_happens(self, data: Data, odds: int) -> None:
        if odds == 0:
            role = "prison-admin" if isinstance(data, facts.PersonDied) else "ngo"
            self.tell(data, "ngo-one", role)

    @rule(data=st.data())
    def somebody_answers_an_alarm(self, data: st.DataObject) -> None:
        alarms = self.story.alarms()
        if alarms:
            one = data.draw(st.sampled_from(alarms))
            party = one.to_party or "coord"
            role = data.draw(st.sampled_from([one.to_role, "protocol-coordinator"]))
            self.tell(rc.AcknowledgeEscalation(escalation_id=one.id), party, role)

    @rule(data=st.data())
    def a_coordinator_waives(self, data: st.DataObject) -> None:
        live = self.story.release.own.live
        if live:
            one = data.draw(st.sampled_from(live))
            waive = rc.WaiveDeadline(
                code=one.code,
                referral_id=one.referral_id,
                step=one.step,
                reason_code="not-applicable",
            )
            self.tell(waive, "coord", "protocol-coordinator")

    @rule(data=st.data())
    def somebody_says_it_again(self, data: st.DataObject) -> None:
        if self.told:
            what, party, role, at = data.draw(st.sampled_from(self.told[-8:]))
            self.tell(what, party, role, at)

    @rule(hours=st.sampled_from([1, 5, 24, 24, 80, 24 * 20]))
    def time_passes(self, hours: int) -> None:
        self.story.after(hours=hours)
        self.no_release_is_forgotten()

    @rule(hours=st.sampled_from([1, 30, 24 * 9]), only=st.booleans())
    def time_passes_while_deadlines_wait(self, hours: int, only: bool) -> None:
        self.story.now += timedelta(hours=hours)
        run = rc.RunDeadlines(as_of=self.story.now, escalate_only=only)
        self.tell(run, None, "system")

    @rule()
    def the_halves_hear_each_other(self) -> None:
        self.story.deliver()

    @rule(connected=st.integers(0, 3))
    def the_halves_lose_sight_of_each_other(self, connected: int) -> None:
        self.story.connected = connected > 0

    # -- what holds after every step -----------------------------------------------------------

    @invariant()
    def there_is_exactly_one_live_set(self) -> None:
        state = self.story.release
        live = [key_of(one) for one in state.own.live]
        assert len(live) == len(set(live))
        if not isinstance(state.heard, Opening):
            assert live == []
            return
        done = {(*key_of(one), one.due_at) for one in state.own.done}
        wanted = {
            (*key_of(one), one.due_at)
            for one in promises(state, PROFILE)
            if (*key_of(one), one.due_at) not in done
        }
        assert {(*key_of(one), one.due_at) for one in state.own.live} == wanted

    def no_release_is_forgotten(self) -> None:
        """72 h after a release, once deadlines ran: contact, or an alarm that stays."""
        state = self.story.release
        person = state.own.person
        if not isinstance(person, Outside) or type(person.contact).__name__ != "NotMet":
            return
        if self.story.now >= person.released_at + timedelta(hours=72):
            assert any((a.code, a.step) == ("D17", 72) for a in state.own.escalations)

    def teardown(self) -> None:
        """Once a history, since it looks back on the whole of it."""
        self.a_state_is_the_fold_of_its_events_however_the_streams_were_mixed()
        self.what_was_said_can_be_read_and_nothing_is_said_after_the_end()
        self.what_happens_once_happens_once()
        self.a_readers_stage_is_the_same_from_events_and_from_states()

    def a_state_is_the_fold_of_its_events_however_the_streams_were_mixed(self) -> None:
        story = self.story
        pending = {message.id for message in story.undelivered}
        for name, half in story.halves.items():
            own = [m for m in story.said if m.source == f"/services/{name}"]
            heard = [
                m for m in story.said if m.source != f"/services/{name}" and m.id not in pending
            ]
            first = second = half.initial(CASE)
            for message in own:
                first = half.evolve(first, message)
            for message in heard:
                first = half.hear(first, message)
                second = half.hear(second, message)
            for message in own:
                second = half.evolve(second, message)
            assert first == second == story.states[name]
            assert half.load(half.dump(story.states[name])) == story.states[name]

    def what_was_said_can_be_read_and_nothing_is_said_after_the_end(self) -> None:
        names = [m.data.name for m in self.story.said if m.source == "/services/release"]
        assert names.count("case-closed") <= 1
        assert "case-closed" not in names[:-1]
        for message in self.story.said:
            assert decode(encode(message)) == message

    def what_happens_once_happens_once(self) -> None:
        names = [m.data.name for m in self.story.said]
        for once in (
            "case-opened",
            "consent-granted",
            "person-released",
            "placement-started",
            "first-contact-made",
            "treatment-engaged",
        ):
            assert names.count(once) <= 1, once

    @invariant()
    def nobody_holds_a_case_without_consent_and_no_item_has_two_receivers(self) -> None:
        names = [m.data.name for m in self.story.said]
        if "referral-sent" in names:
            assert names.index("consent-granted") < names.index("referral-sent")
        if "person-released" in names:
            assert "consent-granted" in names
        working = [
            one.item
            for one in self.story.release.own.referrals
            if one.stand.__class__.__name__ not in ("Failed", "Cancelled")
        ]
        assert len(working) == len(set(working))
        said_no: set[tuple[int, str]] = set()
        for one in self.story.release.own.referrals:
            assert (one.item, one.receiver) not in said_no
            if one.stand.__class__.__name__ == "Failed":
                said_no.add((one.item, one.receiver))

    def a_readers_stage_is_the_same_from_events_and_from_states(self) -> None:
        if self.story.undelivered:
            return
        course = Course()
        for message in self.story.said:
            course = follow(course, message.data)
        assert stage(course) == stage_of(self.story.intake, self.story.release)

    @invariant()
    def an_ended_case_promises_nothing(self) -> None:
        own = self.story.release.own
        if isinstance(own.person, Ended):
            assert (own.live, own.done, own.escalations) == ((), (), ())


def _histories(many: int, steps: int) -> settings:
    return settings(
        max_examples=many,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def test_no_history_breaks_the_rules() -> None:
    run_state_machine_as_test(Histories, settings=_histories(150, 45))


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_no_history_of_very_many_breaks_the_rules() -> None:
    run_state_machine_as_test(Histories, settings=_histories(10_000, 60))
