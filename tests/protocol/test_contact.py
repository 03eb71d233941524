"""First contact, outreach, follow-up, loss: what counts as having met the person, and what not."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from throughcare.contracts import release_commands as rc
from throughcare.contracts import release_events as re
from throughcare.protocol.decision import Decided, Refused
from throughcare.protocol.stage import stage_of
from throughcare.tests.protocol.story import PLAN, Story

ONE = ("ngo-one", "ngo")
PROBATION = ("probation-one", "probation")


@pytest.fixture
def ready(story: Story) -> Story:
    story.opened().scheduled(60).consented().planned()
    story.accepted(1)
    return story


def _first(story: Story) -> UUID:
    referral_id: UUID = story.release.own.referrals[0].id
    return referral_id


def _outreach(story: Story, means: Any = "phone", result: Any = "not-reached") -> Decided | Any:
    return story.tell(
        rc.RecordOutreach(referral_id=_first(story), means=means, result=result), *ONE
    )


def _check(story: Story, day: int, kind: Any = "phone") -> rc.CheckFollowUp:
    return rc.CheckFollowUp(
        referral_id=_first(story), checkpoint_day=day, contact_kind=kind, still_engaged=True
    )


def _tried(story: Story) -> None:
    for means in ("phone", "visit", "phone"):
        assert isinstance(_outreach(story, means), Decided)
        story.after(hours=20)


# -- first contact -------------------------------------------------------------------------------


def test_a_visit_in_custody_does_not_use_up_first_contact(ready: Story) -> None:
    ready.attended(_first(ready))
    ready.after(days=60)
    ready.released()

    assert ready.events(re.FirstContactMade) == []
    assert ("D17", None, 48) in ready.live()
    ready.after(hours=5)
    ready.attended(_first(ready))
    [contact] = ready.events(re.FirstContactMade)
    assert contact.hours_since_release == 5


def test_a_visit_in_custody_that_is_entered_late_is_no_contact_either(ready: Story) -> None:
    visited = ready.now
    ready.after(days=60)
    ready.released()
    ready.after(hours=5)
    ready.attended(_first(ready), at=visited)

    assert ready.events(re.FirstContactMade) == []


def test_a_contact_that_is_known_before_the_release_is_counts_when_the_release_is(
    ready: Story,
) -> None:
    out_since = ready.now
    ready.after(hours=3)
    ready.attended(_first(ready))
    ready.after(hours=3)
    ready.released(at=out_since)

    [contact] = ready.events(re.FirstContactMade)
    assert contact.hours_since_release == 3
    assert ("D17", None, 48) not in ready.live()


def test_the_earliest_meeting_is_the_first_contact(ready: Story) -> None:
    second = ready.accepted(2, "rehab-one", "rehab-centre")
    ready.released()
    ready.after(hours=10)
    ready.attended(second, "rehab-one", "rehab-centre", at=ready.now - timedelta(hours=4))

    [contact] = ready.events(re.FirstContactMade)
    assert (contact.referral_id, contact.hours_since_release) == (second, 6)


def test_a_meeting_with_probation_is_no_contact_with_care(ready: Story) -> None:
    errand = ready.accepted(3, *PROBATION)
    ready.released()
    ready.attended(errand, *PROBATION)
    ready.must(rc.EngageService(referral_id=errand, criterion_code="other"), *PROBATION)

    assert ready.events(re.FirstContactMade) == []
    assert ("D17", None, 48) in ready.live()


def test_a_peer_who_meets_the_person_is_a_witness(ready: Story) -> None:
    ready.released()
    ready.after(hours=7)
    _outreach(ready, "peer", "met")

    [contact] = ready.events(re.FirstContactMade)
    assert contact.hours_since_release == 7


@pytest.mark.parametrize("result", ["reached", "not-reached"])
def test_a_call_is_no_contact(ready: Story, result: str) -> None:
    ready.released()
    _outreach(ready, "phone", result)

    assert ready.events(re.FirstContactMade) == []


def test_a_follow_up_visit_is_a_contact_too_and_a_call_is_not(ready: Story) -> None:
    ready.released()
    ready.after(days=7)
    ready.must(_check(ready, 7, "phone"), *ONE)
    assert ready.events(re.FirstContactMade) == []

    ready.after(days=7)
    ready.must(_check(ready, 14, "visit"), *ONE)
    assert len(ready.events(re.FirstContactMade)) == 1


def test_attendance_follows_an_acceptance(story: Story) -> None:
    story.opened().consented().planned()
    referral_id = story.referred(1)
    attend = rc.RecordAttendance(referral_id=referral_id)
    assert story.tell(attend, *ONE) == Refused("referral-not-accepted")

    cancel = rc.CancelReferral(referral_id=referral_id, reason_code="other")
    story.must(cancel, "kg-31", "prison-psych")
    assert story.tell(attend, *ONE) == Refused("referral-ended")


# -- taking part ---------------------------------------------------------------------------------


def test_taking_part_follows_a_visit_and_is_said_once(ready: Story) -> None:
    engage = rc.EngageService(referral_id=_first(ready), criterion_code="second-visit")
    ready.released()
    assert ready.tell(engage, *ONE) == Refused("referral-not-attended")

    ready.attended(_first(ready))
    ready.must(engage, *ONE)
    assert ready.tell(engage, *ONE) == Decided(())


def test_support_is_not_treatment_where_the_plan_holds_treatment(ready: Story) -> None:
    ready.released().attended(_first(ready))
    ready.must(rc.EngageService(referral_id=_first(ready), criterion_code="other"), *ONE)

    assert ready.events(re.TreatmentEngaged) == []


def test_an_errand_with_probation_is_no_taking_part_in_care(story: Story) -> None:
    story.opened().consented().planned(PLAN[0], PLAN[2])
    story.accepted(1)
    errand = story.accepted(3, *PROBATION)
    story.released().attended(_first(story)).attended(errand, *PROBATION)
    story.must(rc.EngageService(referral_id=errand, criterion_code="other"), *PROBATION)

    assert story.events(re.TreatmentEngaged) == []


def test_treatment_begun_in_custody_counts_once_the_person_was_seen_outside(ready: Story) -> None:
    rehab = ready.accepted(2, "rehab-one", "rehab-centre")
    who = ("rehab-one", "rehab-centre")
    ready.attended(rehab, *who)
    ready.must(rc.EngageService(referral_id=rehab, criterion_code="plan-signed"), *who)
    ready.after(days=60)
    ready.released().attended(_first(ready))
    assert ready.events(re.TreatmentEngaged) == []

    ready.after(days=2)
    ready.attended(rehab, *who)
    [engaged] = ready.events(re.TreatmentEngaged)
    assert engaged.engaged_at == ready.release.own.person.released_at


# -- outreach and loss ---------------------------------------------------------------------------


def test_outreach_begins_with_the_release(ready: Story) -> None:
    assert _outreach(ready) == Refused("person-not-released")
    ready.after(days=60)
    ready.released()

    early = rc.RecordOutreach(referral_id=_first(ready), means="phone", result="not-reached")
    assert ready.tell(early, *ONE, at=ready.now - timedelta(hours=1)) == Refused(
        "person-not-released"
    )


@pytest.mark.parametrize(
    ("attempts", "enough"),
    [
        ([("phone", 0), ("visit", 20), ("phone", 20)], True),
        ([("phone", 0), ("visit", 20)], False),  # two attempts
        ([("phone", 0), ("visit", 1), ("phone", 1)], False),  # one day
        ([("phone", 0), ("phone", 20), ("phone", 20)], False),  # one means
    ],
)
def test_lost_is_who_was_looked_for_often_enough_on_several_days_by_several_means(
    ready: Story, attempts: list[tuple[str, int]], enough: bool
) -> None:
    ready.released()
    for means, hours in attempts:
        ready.after(hours=hours)
        _outreach(ready, means)

    decision = ready.tell(rc.DeclareContactLost(referral_id=_first(ready)), *ONE)

    assert isinstance(decision, Decided) == enough
    assert enough or decision == Refused("too-few-attempts")


def test_reaching_the_person_starts_the_count_of_attempts_again(ready: Story) -> None:
    ready.released()
    _tried(ready)
    _outreach(ready, "phone", "reached")

    lost = rc.DeclareContactLost(referral_id=_first(ready))
    assert ready.tell(lost, *ONE) == Refused("too-few-attempts")


def test_who_is_lost_is_lost_once_and_comes_back_by_being_met(ready: Story) -> None:
    ready.released().attended(_first(ready))
    ready.after(hours=1)
    _tried(ready)
    lost = rc.DeclareContactLost(referral_id=_first(ready))
    ready.must(lost, *ONE)
    assert ready.tell(lost, *ONE) == Decided(())
    assert ready.tell(_check(ready, 7), *ONE) == Refused("contact-is-lost")
    complete = rc.CompleteFollowUp(referral_id=_first(ready))
    assert ready.tell(complete, *ONE) == Refused("contact-is-lost")

    ready.attended(_first(ready))
    assert stage_of(ready.intake, ready.release) == "in-contact"
    [said] = ready.events(re.ContactLost)
    assert (said.attempts, said.last_contact_at is None) == (3, False)


def test_the_last_contact_before_a_loss_is_one_with_care_outside(ready: Story) -> None:
    errand = ready.accepted(3, *PROBATION)
    ready.attended(_first(ready))  # in custody
    ready.after(days=60)
    ready.released()
    ready.attended(errand, *PROBATION)
    _tried(ready)
    ready.must(rc.DeclareContactLost(referral_id=_first(ready)), *ONE)

    [lost] = ready.events(re.ContactLost)
    assert lost.last_contact_at is None


def test_a_meeting_before_the_loss_that_was_known_then_does_not_undo_it(ready: Story) -> None:
    ready.released()
    ready.after(hours=2)
    met = ready.now
    ready.attended(_first(ready))
    ready.after(hours=1)
    _tried(ready)
    ready.must(rc.DeclareContactLost(referral_id=_first(ready)), *ONE)
    ready.attended(_first(ready), at=met)

    assert ready.events(re.ContactRegained) == []


def test_who_took_part_once_is_not_said_to_begin_again_after_a_loss(story: Story) -> None:
    story.opened().consented().planned(PLAN[0])
    story.accepted(1)
    story.released().attended(_first(story))
    story.must(rc.EngageService(referral_id=_first(story), criterion_code="other"), *ONE)
    story.after(hours=1)
    _tried(story)
    story.must(rc.DeclareContactLost(referral_id=_first(story)), *ONE)
    story.attended(_first(story))

    assert len(story.events(re.TreatmentEngaged)) == 1


# -- follow-up -----------------------------------------------------------------------------------


def test_checks_are_on_the_protocols_days_in_order_and_not_too_early(ready: Story) -> None:
    assert ready.tell(_check(ready, 7), *ONE) == Refused("person-not-released")
    ready.released()
    assert ready.tell(_check(ready, 8), *ONE) == Refused("check-unknown")
    assert ready.tell(_check(ready, 7), *ONE) == Refused("check-too-early")
    ready.after(days=4)
    ready.must(_check(ready, 7), *ONE)
    assert ready.tell(_check(ready, 7), *ONE) == Refused("check-already-done")


def test_the_end_needs_the_last_check_and_a_meeting(ready: Story) -> None:
    complete = rc.CompleteFollowUp(referral_id=_first(ready))
    assert ready.tell(complete, *ONE) == Refused("person-not-released")
    ready.released()
    assert ready.tell(complete, *ONE) == Refused("person-not-met")
    ready.attended(_first(ready))
    assert ready.tell(complete, *ONE) == Refused("last-check-not-done")


def test_each_receiver_confirms_once_that_it_knows_of_the_release(ready: Story) -> None:
    know = rc.AcknowledgeRelease(referral_id=_first(ready))
    assert ready.tell(know, *ONE) == Refused("person-not-released")
    ready.released()
    ready.must(know, *ONE)
    assert ready.tell(know, *ONE) == Decided(())


@pytest.mark.parametrize(
    "make",
    [
        lambda id: rc.RecordOutreach(referral_id=id, means="visit", result="met"),
        lambda id: rc.EngageService(referral_id=id, criterion_code="other"),
        lambda id: rc.ReportMissedAppointment(referral_id=id),
        lambda id: rc.AcknowledgeRelease(referral_id=id),
        lambda id: rc.CheckFollowUp(
            referral_id=id, checkpoint_day=7, contact_kind="visit", still_engaged=True
        ),
        lambda id: rc.DeclareContactLost(referral_id=id),
        lambda id: rc.CompleteFollowUp(referral_id=id),
    ],
)
def test_what_a_receiver_does_needs_a_referral_it_accepted(story: Story, make: Any) -> None:
    story.opened().consented().planned()
    referral_id = story.referred(1)

    assert story.tell(make(referral_id), *ONE) == Refused("referral-not-accepted")
    assert story.tell(make(UUID(int=998)), *ONE) == Refused("referral-unknown")


def test_declaring_a_loss_needs_a_release(ready: Story) -> None:
    lost = rc.DeclareContactLost(referral_id=_first(ready))
    assert ready.tell(lost, *ONE) == Refused("person-not-released")


@pytest.mark.parametrize("means", ["phone", "family-if-consented"])
def test_a_call_or_the_family_is_no_witnessed_contact(ready: Story, means: Any) -> None:
    released = ready.released()
    one = released.release.own.referrals[0]
    call = rc.RecordOutreach(referral_id=one.id, means=means, result="met")

    assert released.tell(call, one.receiver, one.receiver_type) == Refused(
        "meeting-not-by-this-means"
    )
    assert "D17" in released.codes()
