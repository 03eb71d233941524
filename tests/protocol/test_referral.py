"""Referrals: one receiver at a time, answered by that receiver alone, followed by the next."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from throughcare.contracts import intake_commands as ic
from throughcare.contracts import release_commands as rc
from throughcare.contracts import release_events as re
from throughcare.contracts.codes import ConsentItem, PlanItem, Receiver
from throughcare.contracts.kinds import Command
from throughcare.protocol.decision import Decided, Refused
from throughcare.tests.protocol.story import NGO, PLAN, REHAB, START, Story

SENDER = ("kg-31", "prison-psych")
ONE = ("ngo-one", "ngo")
TWO = ("ngo-two", "ngo")


@pytest.fixture
def planned(story: Story) -> Story:
    return story.opened().scheduled(60).consented().planned()


def _decline(referral_id: UUID) -> rc.DeclineReferral:
    return rc.DeclineReferral(referral_id=referral_id, reason_code="no-capacity")


def _accept(referral_id: UUID) -> rc.AcceptReferral:
    return rc.AcceptReferral(referral_id=referral_id)


def _last(story: Story) -> Any:
    return story.release.own.referrals[-1]


# -- sending -------------------------------------------------------------------------------------


def test_the_first_referral_starts_the_placement(planned: Story) -> None:
    first = planned.referred(1)
    planned.referred(2)

    [started] = planned.events(re.PlacementStarted)
    assert started.referral_id == first


def test_the_offer_takes_the_commands_id_and_names_no_more_than_needed(planned: Story) -> None:
    referral_id = planned.referred(1)

    [sent] = planned.events(re.ReferralSent)
    assert (sent.referral_id, sent.receiver, sent.urgency) == (referral_id, "ngo-one", "routine")
    assert sent.after_referral_id is None


def test_no_referral_without_a_plan(story: Story) -> None:
    story.opened().consented()

    assert story.tell(rc.SendReferral(item=1), *SENDER) == Refused("no-plan")


def test_no_referral_outside_the_plan(planned: Story) -> None:
    assert planned.tell(rc.SendReferral(item=9), *SENDER) == Refused("plan-item-unknown")


def test_one_referral_at_a_time_for_an_item(planned: Story) -> None:
    planned.referred(1)

    assert planned.tell(rc.SendReferral(item=1), *SENDER) == Refused("item-has-open-referral")


def test_the_plans_list_is_followed_only_as_far_as_consent_reaches(story: Story) -> None:
    second = NGO.model_copy(update={"party": "ngo-two"})
    story.opened().consented(second).planned()

    story.referred(1)

    assert _last(story).receiver == "ngo-two"


@pytest.mark.parametrize(
    "permission",
    [
        REHAB,  # another kind of receiver
        NGO.model_copy(update={"party": "ngo-nine"}),  # another receiver
        NGO.model_copy(update={"purposes": ("social",)}),  # another purpose
        NGO.model_copy(update={"data_classes": ("P2",)}),  # not what is needed
    ],
)
def test_consent_has_to_reach_receiver_classes_and_purpose(
    story: Story, permission: ConsentItem
) -> None:
    story.opened().consented(permission).planned()
    named = rc.SendReferral(item=1, receiver=Receiver(party="ngo-one", receiver_type="ngo"))

    assert story.tell(rc.SendReferral(item=1), *SENDER) == Refused("no-receiver-left")
    assert story.tell(named, *SENDER) == Refused("consent-does-not-cover-receiver")


def test_classes_and_purpose_are_not_pieced_together_from_two_permissions(story: Story) -> None:
    purpose = NGO.model_copy(update={"data_classes": ("P2",)})
    classes = NGO.model_copy(update={"purposes": ("social",)})
    story.opened().consented(purpose, classes).planned()

    assert story.tell(rc.SendReferral(item=1), *SENDER) == Refused("no-receiver-left")


def test_consent_that_ran_out_carries_nothing(planned: Story) -> None:
    referral_id = planned.referred(2)
    planned.now += timedelta(days=301)

    assert planned.tell(rc.SendReferral(item=1), *SENDER) == Refused("no-consent")
    accept = _accept(referral_id)
    assert planned.tell(accept, "rehab-one", "rehab-centre") == Refused("no-consent")


def test_a_coordinator_may_choose_a_receiver_that_the_plan_does_not_list(planned: Story) -> None:
    other = rc.SendReferral(item=1, receiver=Receiver(party="ngo-nine", receiver_type="ngo"))
    planned.must(other, "coord", "protocol-coordinator")

    assert _last(planned).receiver == "ngo-nine"


def test_a_receiver_that_does_not_provide_the_service_is_not_asked(planned: Story) -> None:
    misfit = Receiver(party="probation-one", receiver_type="probation")

    assert planned.tell(rc.SendReferral(item=1, receiver=misfit), *SENDER) == Refused(
        "receiver-does-not-fit-service"
    )


def test_who_declined_is_not_asked_again_for_the_same_item(planned: Story) -> None:
    first = planned.referred(1)
    planned.must(_decline(first), *ONE)
    planned.must(_decline(_last(planned).id), *TWO)
    again = rc.SendReferral(item=1, receiver=Receiver(party="ngo-one", receiver_type="ngo"))

    assert planned.tell(again, *SENDER) == Refused("receiver-already-asked")


@pytest.mark.parametrize(
    ("days", "urgency"),
    [(60, "routine"), (30, "routine"), (29, "short"), (3, "short"), (2, "urgent")],
)
def test_the_nearer_the_release_the_more_urgent(story: Story, days: int, urgency: str) -> None:
    story.opened().scheduled(days).consented().planned().referred(1)

    assert _last(story).urgency == urgency


def test_without_a_date_a_referral_is_routine_and_after_the_release_urgent(story: Story) -> None:
    story.opened().consented().planned().referred(1)
    assert _last(story).urgency == "routine"

    story.released().referred(2)
    assert _last(story).urgency == "urgent"


# -- answers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda id: rc.AcknowledgeReferral(referral_id=id),
        _accept,
        _decline,
        lambda id: rc.WithdrawAcceptance(referral_id=id, reason_code="no-capacity"),
        lambda id: rc.BookAppointment(referral_id=id, appointment_at=START + timedelta(days=9)),
        lambda id: rc.RecordAttendance(referral_id=id),
        lambda id: rc.CompleteFollowUp(referral_id=id),
    ],
)
def test_another_partys_referral_looks_like_one_that_never_was(planned: Story, make: Any) -> None:
    referral_id = planned.referred(1)

    assert planned.tell(make(referral_id), *TWO) == Refused("referral-unknown")
    assert planned.tell(make(UUID(int=999)), *ONE) == Refused("referral-unknown")


def test_a_receiver_says_that_it_has_seen_the_offer_once(planned: Story) -> None:
    referral_id = planned.referred(1)
    seen = rc.AcknowledgeReferral(referral_id=referral_id)
    planned.must(seen, *ONE)

    assert planned.tell(seen, *ONE) == Decided(())
    assert len(planned.events(re.ReferralReceived)) == 1
    planned.must(_accept(referral_id), *ONE)


@pytest.mark.parametrize("answer", [_accept, _decline])
def test_a_referral_is_answered_once(planned: Story, answer: Any) -> None:
    referral_id = planned.accepted(1)

    assert planned.tell(answer(referral_id), *ONE) == Refused("referral-already-answered")
    planned.must(rc.WithdrawAcceptance(referral_id=referral_id, reason_code="other"), *ONE)
    assert planned.tell(answer(referral_id), *ONE) == Refused("referral-ended")


def test_after_a_no_the_next_of_the_plans_list_is_asked(planned: Story) -> None:
    first = planned.referred(1)
    planned.must(_decline(first), *ONE)

    sent = planned.events(re.ReferralSent)[-1]
    assert (sent.receiver, sent.after_referral_id) == ("ngo-two", first)
    planned.referred(2)
    assert planned.events(re.ReferralSent)[-1].after_referral_id is None


def test_after_the_last_no_a_coordinator_has_a_task(planned: Story) -> None:
    planned.must(_decline(planned.referred(1)), *ONE)
    last = _last(planned).id
    planned.must(_decline(last), *TWO)

    [task] = planned.events(re.RerouteNeeded)
    assert (task.referral_id, task.reason_code) == (last, "no-receiver-left")
    assert ("D08", last, None) in planned.live()


def test_where_consent_reaches_no_next_receiver_the_task_says_so(story: Story) -> None:
    story.opened().consented(NGO.model_copy(update={"party": "ngo-one"})).planned()
    story.must(_decline(story.referred(1)), *ONE)

    [task] = story.events(re.RerouteNeeded)
    assert task.reason_code == "consent-does-not-cover"


def test_a_withdrawn_acceptance_goes_on_to_the_next_receiver(planned: Story) -> None:
    referral_id = planned.accepted(1)
    planned.must(rc.WithdrawAcceptance(referral_id=referral_id, reason_code="no-capacity"), *ONE)

    assert _last(planned).receiver == "ngo-two"


def test_what_was_never_accepted_cannot_be_withdrawn(planned: Story) -> None:
    withdraw = rc.WithdrawAcceptance(referral_id=planned.referred(1), reason_code="other")

    assert planned.tell(withdraw, *ONE) == Refused("referral-not-accepted")


def test_after_the_first_visit_it_is_a_service_and_no_longer_an_offer(planned: Story) -> None:
    referral_id = planned.accepted(1)
    planned.attended(referral_id)
    withdraw = rc.WithdrawAcceptance(referral_id=referral_id, reason_code="other")
    cancel = rc.CancelReferral(referral_id=referral_id, reason_code="other")

    for command, who in ((withdraw, ONE), (cancel, SENDER)):
        assert planned.tell(command, *who) == Refused("referral-already-attended")


def test_the_sender_takes_an_offer_back(planned: Story) -> None:
    referral_id = planned.referred(1)
    cancel = rc.CancelReferral(referral_id=referral_id, reason_code="person-asked")
    planned.must(cancel, *SENDER)

    assert planned.tell(cancel, *SENDER) == Refused("referral-ended")
    withdraw = rc.WithdrawAcceptance(referral_id=referral_id, reason_code="other")
    assert planned.tell(withdraw, *ONE) == Refused("referral-ended")
    assert planned.events(re.RerouteNeeded) == []
    assert len(planned.events(re.ReferralSent)) == 1
    unknown = rc.CancelReferral(referral_id=UUID(int=999), reason_code="other")
    assert planned.tell(unknown, *SENDER) == Refused("referral-unknown")


def test_a_revised_plan_cancels_what_it_no_longer_holds(planned: Story) -> None:
    first, second = planned.referred(1), planned.referred(2)
    planned.planned(PLAN[0])

    [cancelled] = planned.events(re.ReferralCancelled)
    assert (cancelled.referral_id, cancelled.reason_code) == (second, "plan-revised")
    assert first != second


def test_a_no_to_an_item_that_the_plan_dropped_needs_no_reroute(planned: Story) -> None:
    """The offer was attended in the meantime, so the revision left it alone."""
    referral_id = planned.referred(2)
    other = ic.AgreePlan(items=PLAN[:1], client_signed=True)
    planned.connected = False
    planned.must(other, *SENDER)
    planned.must(_decline(referral_id), "rehab-one", "rehab-centre")
    planned.deliver()

    assert ("D08", referral_id, None) not in planned.live()


# -- appointments --------------------------------------------------------------------------------


def test_an_appointment_lies_ahead_and_follows_the_acceptance(planned: Story) -> None:
    referral_id = planned.referred(1)
    ahead = planned.now + timedelta(days=1)
    book = rc.BookAppointment(referral_id=referral_id, appointment_at=ahead)
    assert planned.tell(book, *ONE) == Refused("referral-not-accepted")

    planned.must(_accept(referral_id), *ONE)
    past = rc.BookAppointment(referral_id=referral_id, appointment_at=planned.now)
    assert planned.tell(past, *ONE) == Refused("appointment-in-the-past")
    planned.must(book, *ONE)
    planned.must(book, *ONE)  # another time for the same appointment

    planned.must(rc.WithdrawAcceptance(referral_id=referral_id, reason_code="other"), *ONE)
    assert planned.tell(book, *ONE) == Refused("referral-ended")


def test_an_appointment_is_missed_after_its_time_and_only_if_there_was_one(
    planned: Story,
) -> None:
    referral_id = planned.accepted(1)
    missed = rc.ReportMissedAppointment(referral_id=referral_id)
    assert planned.tell(missed, *ONE) == Refused("no-appointment")

    at = planned.now + timedelta(hours=2)
    planned.must(rc.BookAppointment(referral_id=referral_id, appointment_at=at), *ONE)
    assert planned.tell(missed, *ONE) == Refused("appointment-not-yet")
    planned.after(hours=2)
    planned.must(missed, *ONE)
    assert _last(planned).stand.attempts == 0
    again = planned.now + timedelta(days=1)
    planned.must(rc.BookAppointment(referral_id=referral_id, appointment_at=again), *ONE)
    assert _last(planned).stand.appointment_at == again


# -- readiness -----------------------------------------------------------------------------------

READY = rc.ConfirmReadiness(kit_gap="no-time")
HEALTH = ("kg-31", "prison-health")


def _gap(*items: int) -> rc.ConfirmReadiness:
    return rc.ConfirmReadiness.model_validate(
        {
            "gaps": [{"item": item, "gap_reason": "waiting-place"} for item in items],
            "kit_gap": "no-time",
        }
    )


def test_ready_is_who_has_a_place_for_each_mandatory_item(planned: Story) -> None:
    assert planned.tell(READY, *HEALTH) == Refused("not-ready")
    planned.referred(1)
    assert planned.tell(READY, *HEALTH) == Refused("not-ready")

    planned.must(_accept(_last(planned).id), *ONE)
    planned.must(READY, *HEALTH)
    assert planned.tell(READY, *HEALTH) == Refused("already-ready")


def test_a_gap_that_is_named_does_not_hold_readiness_up(planned: Story) -> None:
    planned.must(_gap(1), *HEALTH)

    assert planned.events(re.ReadinessLost) == []


def test_readiness_needs_a_plan_and_comes_before_the_release(story: Story) -> None:
    story.opened().consented()
    assert story.tell(READY, *HEALTH) == Refused("no-plan")

    story.planned().released()
    assert story.tell(READY, *HEALTH) == Refused("person-already-released")


def test_readiness_is_lost_with_the_place(planned: Story) -> None:
    referral_id = planned.accepted(1)
    planned.must(READY, *HEALTH)
    planned.must(rc.WithdrawAcceptance(referral_id=referral_id, reason_code="other"), *ONE)

    assert [event.reason_code for event in planned.events(re.ReadinessLost)] == ["referral-lost"]


def test_readiness_is_lost_when_the_place_ends_before_the_new_date(planned: Story) -> None:
    referral_id = planned.referred(1)
    until = planned.now.date() + timedelta(days=61)
    planned.must(rc.AcceptReferral(referral_id=referral_id, valid_until=until), *ONE)
    planned.must(READY, *HEALTH)
    planned.scheduled(70)

    [lost] = planned.events(re.ReadinessLost)
    assert lost.reason_code == "acceptance-too-short"


def test_readiness_is_lost_when_the_plan_gains_a_mandatory_item(planned: Story) -> None:
    planned.accepted(1)
    planned.must(READY, *HEALTH)
    more = PlanItem(item=4, service_type="housing", mandatory=True)
    planned.planned(*PLAN, more)

    [lost] = planned.events(re.ReadinessLost)
    assert lost.reason_code == "plan-revised"


@pytest.mark.parametrize(
    ("command", "role"),
    [
        (rc.SendReferral(item=1), "probation"),
        (_accept(UUID(int=1)), "prison-health"),
        (READY, "ngo"),
        (rc.RunDeadlines(as_of=START), "protocol-coordinator"),
        (rc.WaiveDeadline(code="D07", reason_code="data-error"), "ngo"),
    ],
)
def test_a_step_that_is_not_the_roles_is_refused(
    planned: Story, command: Command, role: str
) -> None:
    assert planned.tell(command, "somebody", role) == Refused("role-may-not")
