"""A case's life: begun in time, voided, out of reach, ended by what is known, and gone on with."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from throughcare.contracts import facts
from throughcare.contracts import intake_commands as ic
from throughcare.contracts import life_commands as lc
from throughcare.contracts import life_events as le
from throughcare.contracts import life_facts as lf
from throughcare.contracts import release_commands as rc
from throughcare.contracts import release_events as re
from throughcare.protocol import notices as rules
from throughcare.protocol.calendar import before_release
from throughcare.protocol.decision import Decided, Refused, Superseded
from throughcare.protocol.feed import silent_since
from throughcare.protocol.intake import HALF as INTAKE
from throughcare.protocol.notices import KnownParties, Notice
from throughcare.protocol.profiles import PROFILES
from throughcare.protocol.profiles.model import Span
from throughcare.protocol.stage import Course, follow, stage, stage_of
from throughcare.tests.protocol.story import (
    COORD,
    GRANTED,
    NGO,
    OFFER,
    OFFERED,
    ONE,
    OPENED,
    PLAN,
    PRISON,
    PSYCH,
    START,
    VERSION,
    Story,
    consent,
    day_after,
    given,
    local,
)

PROFILE = PROFILES[VERSION]
OLD = Superseded("older-than-applied")
BY_PERSON = lc.ReopenCase(requested_by="client")
BY_RECEIVER = lc.ReopenCase(requested_by="receiver")
STOP = ic.WithdrawConsent(received_how="phone")


def _stages(story: Story) -> tuple[str, str]:
    course = Course()
    for message in story.said:
        course = follow(course, message.data)
    return stage(course), stage_of(story.intake, story.release)


def _told(story: Story) -> list[Notice]:
    known = KnownParties()
    told: list[Notice] = []
    for message in story.said:
        told += rules.notices(message, known)
        known = rules.load(rules.dump(rules.hear(known, message)))
    return told


def _refused(story: Story) -> Story:
    story.must(OFFER, *PSYCH)
    story.must(ic.RecordRefusal(), *PSYCH)
    return story


# -- begun in time: D01, D02 ---------------------------------------------------------------------


def test_consent_is_offered_within_five_working_days(story: Story) -> None:
    story.opened()
    assert story.live()["D02", None, None] == local(date(2026, 3, 9))
    story.until(local(date(2026, 3, 9)))

    assert story.raised() == [("D02", None, 1, "prison-psych", None)]
    story.must(OFFER, *PSYCH)
    assert story.alarms() == []
    assert story.codes().isdisjoint({"D01", "D02"})


@pytest.mark.parametrize("days", [29, 1])
def test_near_the_release_consent_is_offered_the_same_day(story: Story, days: int) -> None:
    story.opened().scheduled(days)

    assert story.live()["D02", None, None] == local(day_after(0))


def test_a_date_that_becomes_known_late_hastens_the_offer_from_then_on(story: Story) -> None:
    story.opened()
    story.after(days=3)
    story.scheduled(20)

    assert story.live()["D02", None, None] == local(day_after(3))


def test_sixty_days_before_the_release_somebody_has_begun_with_the_person(story: Story) -> None:
    story.enrolled().scheduled(100)
    assert story.live()["D01", None, None] == local(day_after(40))

    late = Story().opened().scheduled(20)
    assert late.live()["D01", None, None] == local(day_after(0))
    late.after(days=1)
    assert ("D01", None, 1, "prison-psych", None) in late.raised()


def test_what_is_due_before_a_release_never_lies_before_its_grace_nor_after_its_buffer() -> None:
    on = date(2026, 5, 1)
    due: Callable[..., datetime] = lambda *a: before_release(PROFILE, on, *a)
    early, late = START, local(date(2026, 4, 29), 9)

    assert due(30, early, Span(2, "wd")) == local(date(2026, 4, 1))
    assert due(30, late, Span(2, "cd")) == local(date(2026, 5, 1))
    assert due(30, late, Span(1, "cd"), 1) == local(date(2026, 4, 30))
    assert due(30, late, Span(9, "cd"), 1) == local(date(2026, 4, 30))
    after = local(date(2026, 5, 3))
    assert due(7, after, Span(0, "h")) == after  # past: due now


# -- an end by what is known ---------------------------------------------------------------------


def _met(story: Story) -> UUID:
    referral_id: UUID = story.release.own.referrals[0].id
    story.attended(referral_id)
    return referral_id


def test_who_was_met_and_whom_nobody_saw_again_is_lost_thirty_days_after_the_last_check(
    released: Story,
) -> None:
    _met(released)
    released.after(days=209)
    assert released.events(re.CaseClosed) == []
    released.after(days=2)

    assert released.release.own.person.reason_code == "lost-to-follow-up"
    assert len(released.events(re.LossConfirmed)) == 1


@pytest.mark.parametrize("how", ["check-by-phone", "visit"])
def test_who_was_reached_late_in_the_follow_up_completed_it(released: Story, how: str) -> None:
    referral_id = _met(released)
    released.after(days=95)
    if how == "visit":
        released.attended(referral_id)
    else:
        _check(released, referral_id, 90, "phone")
    released.after(days=120)

    assert released.release.own.person.reason_code == "completed"
    [completed] = released.events(re.FollowUpCompleted)
    assert completed.engaged is False


def test_a_check_that_reached_nobody_is_no_sign_of_life(released: Story) -> None:
    referral_id = _met(released)
    released.after(days=178)
    _check(released, referral_id, 180, "none")
    released.after(days=40)

    assert released.release.own.person.reason_code == "lost-to-follow-up"


def test_a_visit_to_somebody_who_gives_no_care_does_not_end_it_well(story: Story) -> None:
    story.opened().consented().planned()
    ngo, probation = story.accepted(1), story.accepted(3, "probation-one", "probation")
    story.released().attended(ngo)
    story.after(days=120)
    story.attended(probation, "probation-one", "probation")
    story.after(days=120)

    assert story.release.own.person.reason_code == "lost-to-follow-up"


def test_while_something_is_undecided_nobodys_case_is_ended(released: Story) -> None:
    _met(released)
    released.now += timedelta(days=215)
    run = rc.RunDeadlines(as_of=released.now, escalate_only=True)
    released.must(run, None, "system")

    assert released.events(re.CaseClosed) == []
    assert "D22b" in {alarm.code for alarm in released.alarms()}


def _check(story: Story, referral_id: UUID, day: int, how: str) -> None:
    command = {"referral_id": referral_id, "checkpoint_day": day, "contact_kind": how}
    story.must(rc.CheckFollowUp.model_validate({**command, "still_engaged": True}), *ONE)


# -- voided, out of reach ------------------------------------------------------------------------


WAY: list[Callable[[Story], object]] = [
    lambda s: s.scheduled(30),
    lambda s: s.consented(),
    lambda s: s.planned(),
    lambda s: s.referred(1),
    lambda s: s.accepted(2, "rehab-one", "rehab-centre"),
    lambda s: s.released(),
    lambda s: s.attended(s.release.own.referrals[1].id, "rehab-one", "rehab-centre"),
]
ENDS: list[tuple[Any, tuple[str, str], str, str]] = [
    (lc.VoidCase(reason_code="duplicate"), PSYCH, "case-voided", "voided"),
    (lc.VoidCase(reason_code="wrong-person"), COORD, "case-voided", "voided"),
    (
        lc.MoveOutOfScope(reason_code="deported"),
        ("kg-31", "prison-health"),
        "case-moved-out-of-scope",
        "moved-out-of-scope",
    ),
    (facts.PersonDied(), PRISON, "person-died", "died"),
    (rc.ReportDeath(), COORD, "person-died", "died"),
]


@pytest.mark.parametrize("steps", range(8))
@pytest.mark.parametrize(("command", "who", "event", "reason"), ENDS)
def test_from_any_state_these_end_a_case_and_leave_no_promise(
    story: Story, steps: int, command: Any, who: tuple[str, str], event: str, reason: str
) -> None:
    story.opened()
    for step in WAY[:steps]:
        step(story)
    if isinstance(command, lc.MoveOutOfScope):
        who = ("coord", "protocol-coordinator")
    story.must(command, *who)

    assert event in story.types()
    assert story.release.own.person.reason_code == reason
    assert story.codes() == {"D28"}
    assert _stages(story) == ("closed",) * 2
    assert story.tell(command, *who) == Refused("case-closed")


def test_a_void_names_the_referrals_by_which_data_may_have_left_and_has_them_deleted(
    story: Story,
) -> None:
    story.opened().consented().planned()
    one = story.accepted(1)
    back = rc.WithdrawAcceptance(referral_id=one, reason_code="no-capacity")
    story.must(back, *ONE)  # it knew the person, and goes to ngo-two next
    two = story.accepted(2, "rehab-one", "rehab-centre")
    story.must(lc.VoidCase(reason_code="wrong-person"), *PSYCH)

    [voided] = story.events(le.CaseVoided)
    assert set(voided.disclosed_by) == {one, two}
    last = [n for n in _told(story) if n.last_word]
    assert {(n.template, n.to_party) for n in last} == {
        ("data-to-delete", "ngo-one"),
        ("data-to-delete", "rehab-one"),
        ("case-closed", "ngo-two"),
    }


def test_a_void_before_anything_was_shared_tells_nobody(story: Story) -> None:
    story.opened().scheduled(30)
    story.must(lc.VoidCase(reason_code="opened-in-error"), *PSYCH)

    assert story.events(le.CaseVoided)[0].disclosed_by == ()
    assert [n for n in _told(story) if n.last_word] == []


def test_the_administration_alone_voids_no_case(story: Story) -> None:
    story.opened()

    assert story.tell(lc.VoidCase(reason_code="duplicate"), *PRISON) == Refused("role-may-not")


@pytest.mark.parametrize("command", [facts.PersonDied(), lc.MoveOutOfScope(reason_code="deported")])
def test_receivers_learn_that_it_is_over_and_not_why(story: Story, command: Any) -> None:
    story.opened().consented().planned()
    story.accepted(1)
    story.must(command, *PRISON)

    assert [n for n in _told(story) if n.last_word] == [
        Notice("case-closed", "ngo", "ngo-one", last_word=True)
    ]
    [cancelled] = story.events(re.ReferralCancelled)
    assert cancelled.reason_code == "case-closed"


# -- back in custody -----------------------------------------------------------------------------


BACK = rc.ReportReincarceration(source_code="told-by-client")


@pytest.mark.parametrize("steps", range(6))
def test_who_is_in_custody_is_not_imprisoned_again(story: Story, steps: int) -> None:
    story.opened()
    for step in WAY[:steps]:
        step(story)

    assert story.tell(BACK, *COORD) == Refused("person-not-released")


@pytest.mark.parametrize("contact", ["not-met", "met", "engaged", "lost", "unasked"])
def test_a_new_imprisonment_ends_the_case_at_every_state_outside(
    story: Story, contact: str
) -> None:
    story.opened()
    if contact == "unasked":
        story.released()
    else:
        story.consented().planned()
        referral_id = story.accepted(1)
        story.released()
        if contact in ("met", "engaged"):
            story.attended(referral_id)
        if contact == "engaged":
            engage = rc.EngageService(referral_id=referral_id, criterion_code="placed")
            story.must(engage, *ONE)
        if contact == "lost":
            for means in ("phone", "visit", "phone"):
                story.now += timedelta(hours=20)
                tried = {"referral_id": referral_id, "means": means, "result": "not-reached"}
                story.must(rc.RecordOutreach.model_validate(tried), *ONE)
            story.must(rc.DeclareContactLost(referral_id=referral_id), *ONE)
    before = story.now - timedelta(days=12)
    assert story.tell(BACK, *COORD, at=before) == OLD
    story.must(BACK, *COORD)

    assert story.release.own.person.reason_code == "reincarcerated"
    assert story.codes() == {"D28"}


# -- reopened ------------------------------------------------------------------------------------


def test_who_said_no_may_ask_again_at_once_and_is_asked_anew(story: Story) -> None:
    _refused(story.opened().scheduled(60))
    assert _stages(story) == ("closed",) * 2
    assert story.tell(OFFER, *PSYCH) == Refused("case-closed")
    story.must(BY_PERSON, *PSYCH)

    assert _stages(story) == ("consent-pending",) * 2
    assert story.tell(consent(NGO), *PSYCH) == Refused("consent-not-offered")
    [resumed] = story.events(le.EpisodeResumed)
    assert resumed.previous_reason == "consent-refused"
    assert story.live()["D11b", None, None] == local(day_after(61))
    story.consented().planned()
    story.accepted(1)
    story.must(rc.ConfirmReadiness(kit_gap="no-time"), "kg-31", "prison-health")
    story.released()
    assert _stages(story) == ("released",) * 2


def test_a_refusal_is_offered_again_once_and_not_before_fourteen_days(story: Story) -> None:
    _refused(story.opened())
    story.now += timedelta(days=13)
    assert story.tell(BY_RECEIVER, *ONE) == Refused("refusal-too-recent")
    story.now += timedelta(days=1)
    story.must(BY_RECEIVER, *ONE)
    _refused(story)
    story.now += timedelta(days=20)

    assert story.tell(BY_RECEIVER, *ONE) == Refused("person-has-to-ask")
    story.must(BY_PERSON, *ONE)
    assert _stages(story) == ("consent-pending",) * 2


def test_a_stop_is_taken_back_by_the_person_alone(story: Story) -> None:
    story.opened().consented()
    story.must(STOP, *ONE)

    assert story.tell(BY_RECEIVER, *ONE) == Refused("person-has-to-ask")
    story.must(BY_PERSON, *ONE)
    assert story.release.heard.consent.__class__.__name__ == "NotAsked"
    assert story.tell(rc.SendReferral(item=1), *PSYCH) == Refused("no-plan")


@pytest.mark.parametrize("no", ["stop", "refusal"])
def test_a_no_counts_even_if_the_case_was_closed_for_something_else_meanwhile(
    story: Story, no: str
) -> None:
    story.opened().consented() if no == "stop" else story.opened()
    story.must(OFFER, *PSYCH) if no == "refusal" else None
    story.connected = False
    if no == "refusal":
        story.released()
        story.after(minutes=1)
        story.must(ic.RecordRefusal(), *PSYCH)
    else:
        story.must(STOP, *PSYCH)
        story.released()
        story.after(days=190)
    story.deliver()
    story.connected = True
    assert story.intake.heard.reason_code in ("released-before-consent", "lost-to-follow-up")

    refusal = "person-has-to-ask" if no == "stop" else "refusal-too-recent"
    assert story.tell(BY_RECEIVER, *ONE) == Refused(refusal)


def test_what_is_not_closed_or_not_open_is_not_reopened(story: Story) -> None:
    assert story.tell(BY_PERSON, *ONE) == Refused("case-not-open")
    story.opened()
    assert story.tell(BY_PERSON, *ONE) == Refused("case-not-closed")
    _refused(story)
    story.must(BY_PERSON, *ONE)
    assert story.tell(BY_PERSON, *ONE) == Refused("case-not-closed")


@pytest.mark.parametrize("end", ["died", "voided", "reincarcerated"])
def test_a_case_that_ended_for_good_stays_closed(story: Story, end: str) -> None:
    story.opened().consented().released()
    command: dict[str, Any] = {
        "died": facts.PersonDied(),
        "voided": lc.VoidCase(reason_code="duplicate"),
        "reincarcerated": BACK,
    }
    story.must(command[end], "x", "prison-health")

    assert story.tell(BY_PERSON, *ONE) == Refused("case-ended-for-good")


def test_once_identity_is_deleted_a_new_case_is_needed(story: Story) -> None:
    _refused(story.opened())
    story.now += timedelta(days=90)
    assert isinstance(Story.tell(story, BY_PERSON, *ONE), Decided)
    _refused(story)
    story.now += timedelta(days=91)

    assert story.tell(BY_PERSON, *ONE) == Refused("identity-purged")


def test_who_was_freed_before_consent_comes_back_and_is_followed(story: Story) -> None:
    story.opened().released()
    story.after(hours=1)
    assert story.release.own.person.reason_code == "released-before-consent"
    story.after(days=5)
    story.must(BY_RECEIVER, *ONE)
    assert _stages(story) == ("consent-pending",) * 2
    assert story.live() == {("D02c", None, None): local(day_after(19))}
    story.must(OFFER, *ONE)
    story.must(consent(NGO), *ONE)

    # the release was days ago: contact and checks count from when the person came
    [released] = story.events(re.PersonReleased)
    assert (released.released_at, released.counts_from) == (START, story.now)
    assert story.live()["D17", None, 72] == story.now + timedelta(hours=72)
    story.must(ic.AgreePlan(items=PLAN_ITEMS, client_signed=True), *ONE)
    story.attended(story.accepted(1))
    assert _stages(story) == ("in-contact",) * 2
    story.after(days=7)
    _check(story, story.release.own.referrals[0].id, 7, "visit")


def test_who_comes_back_and_is_not_asked_in_time_is_closed_again(story: Story) -> None:
    story.opened().released()
    story.after(hours=1)
    story.must(BY_PERSON, *ONE)
    story.after(days=15)

    reasons = [e.reason_code for e in story.events(re.CaseClosed)]
    assert reasons == ["released-before-consent"] * 2
    story.must(BY_PERSON, *ONE)  # and may still come once more
    assert _stages(story) == ("consent-pending",) * 2


def test_who_was_lost_and_comes_back_is_asked_anew_and_no_place_of_before_counts(
    released: Story,
) -> None:
    old = released.release.own.referrals[0].id
    released.after(days=181)
    assert released.release.own.person.reason_code == "lost-to-follow-up"
    released.must(BY_RECEIVER, *ONE)

    assert released.release.own.referrals == ()
    assert _stages(released) == ("consent-pending",) * 2
    attend = rc.RecordAttendance(referral_id=old)
    assert released.tell(attend, *ONE) == Refused("referral-unknown")
    released.must(OFFER, *ONE)
    expires = (released.now + timedelta(days=100)).date()
    released.must(consent(NGO, expires_on=expires), *ONE)
    assert released.missed().count("D22") == 2
    released.after(hours=1)
    assert released.events(re.CaseClosed)[-1] is released.events(re.CaseClosed)[0]
    assert _stages(released) == ("released",) * 2


def test_who_was_refused_inside_and_comes_back_outside_says_so_by_recording_the_release(
    story: Story,
) -> None:
    _refused(story.opened().scheduled(10))
    story.now += timedelta(days=20)
    story.must(BY_PERSON, *ONE)
    # the date has passed: no facility is asked about somebody who may be free
    assert story.codes() == {"D02b"}
    story.must(OFFER, *ONE)
    story.must(consent(NGO), *ONE)
    assert story.codes() == {"D11s", "D02d"}
    story.after(days=5)
    assert story.raised() == [("D11s", None, 2, "protocol-coordinator", None)]
    story.must(rc.RecordRelease(), *ONE, at=START + timedelta(days=9))

    assert _stages(story) == ("released",) * 2
    assert story.live()["D17", None, 48] == story.now + timedelta(hours=48)


def test_who_is_taken_back_after_coming_back_is_in_custody_again(story: Story) -> None:
    story.opened().released()
    story.after(hours=1)
    story.must(BY_PERSON, *ONE)
    story.must(lf.ReleaseReversed(), *PRISON)

    assert _stages(story) == ("consent-pending",) * 2
    assert story.release.own.person.__class__.__name__ == "InCustody"


def test_a_reopening_waits_for_nobody_between_the_halves(story: Story) -> None:
    _refused(story.opened())
    story.connected = False
    story.must(BY_PERSON, *PSYCH)
    # release has not heard of it, and intake goes on already
    story.must(OFFER, *PSYCH)
    story.must(consent(NGO), *PSYCH)
    story.deliver()

    assert _stages(story) == ("consented",) * 2


def test_a_reopening_that_release_hears_while_the_case_is_open_changes_nothing() -> None:
    reopened = le.CaseReopened(previous_reason="consent-refused", requested_by="client")
    states = given(OPENED, OFFERED, GRANTED)
    context = Story().context(None, ("system",))
    half = Story().halves["release"]

    followed = half.react(states.states["release"], reopened, context)
    assert not any(isinstance(event, le.EpisodeResumed) for event in followed)
    resumed = le.EpisodeResumed(previous_reason="consent-refused", resumed_at=START)
    assert (
        given(OPENED, resumed).states["release"].own.person
        == given(OPENED).states["release"].own.person
    )


def test_after_a_reopening_receivers_of_before_are_told_nothing_more(story: Story) -> None:
    story.opened().consented().planned()
    story.accepted(1)
    story.must(STOP, *ONE)
    before = len(_told(story))
    story.must(BY_PERSON, *ONE)
    story.must(OFFER, *ONE)
    story.must(consent(NGO), *ONE)
    story.released()

    assert [n for n in _told(story)[before:] if n.to_party is not None] == []


def test_a_case_that_goes_on_may_be_spoken_of_again(story: Story) -> None:
    _refused(story.opened())
    story.must(BY_PERSON, *ONE)

    told = [(m.data.name, rules.silences(m), rules.speaks_again(m)) for m in story.said]
    assert [name for name, silent, _ in told if silent] == ["case-closed"]
    assert [name for name, _, speaks in told if speaks] == ["episode-resumed"]


def test_a_prison_is_not_told_that_somebody_came_back(story: Story) -> None:
    _refused(story.opened().scheduled(10))
    story.now += timedelta(days=20)
    before = len(_told(story))
    story.must(BY_PERSON, *ONE)
    story.must(OFFER, *ONE)
    story.must(consent(NGO), *ONE)
    story.after(days=20)

    assert {n.to_role for n in _told(story)[before:]} == {"protocol-coordinator"}


# -- by themselves -------------------------------------------------------------------------------


def test_who_comes_by_themselves_long_after_a_release_is_followed_from_then_on(
    story: Story,
) -> None:
    story.opened(origin="self-presented", facility=None).consented().planned()
    story.must(rc.RecordRelease(), *ONE, at=story.now - timedelta(days=200))

    assert story.live()["D17", None, 72] == story.now + timedelta(hours=72)
    assert story.live()["D22", None, 180] == local(day_after(180))
    story.attended(story.accepted(1))
    [met] = story.events(re.FirstContactMade)
    assert met.hours_since_release == 200 * 24  # what is measured stays what it was
    assert _stages(story) == ("in-contact",) * 2


def test_who_comes_by_themselves_and_is_recorded_as_free_before_consent_is_given_time(
    story: Story,
) -> None:
    story.opened(origin="self-presented", facility=None)
    story.must(rc.RecordRelease(), *ONE, at=story.now - timedelta(days=2))
    story.after(days=3)
    story.consented()

    assert _stages(story) == ("released",) * 2


def test_who_comes_by_themselves_is_forgotten_where_nobody_asks(story: Story) -> None:
    story.opened(origin="self-presented", facility=None)
    assert story.codes() == {"D02b"}
    story.after(days=31)

    assert story.release.own.person.reason_code == "no-consent"


# -- a system that is silent ---------------------------------------------------------------------


def test_a_facility_whose_system_says_nothing_for_three_working_days_is_silent() -> None:
    friday = datetime(2026, 3, 6, 3, tzinfo=UTC)
    due = local(date(2026, 3, 11))

    assert silent_since(PROFILE, friday, due - timedelta(seconds=1)) is None
    assert silent_since(PROFILE, friday, due) == due


def test_a_half_that_knows_no_version_follows_nothing() -> None:
    moved = re.PersonTransferred(to_facility="kg-2", transferred_at=START)
    context = Story().context(None, ("system",))

    assert INTAKE.react(INTAKE.initial(context.case_ref), moved, context) == ()


PLAN_ITEMS = PLAN[:1]
