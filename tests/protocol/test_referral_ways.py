"""A referral's other ways: ended, taken back in two steps, waited for, called openly, re-routed."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from throughcare.contracts import care_commands as cc
from throughcare.contracts import care_events as ce
from throughcare.contracts import intake_commands as ic
from throughcare.contracts import release_commands as rc
from throughcare.contracts import release_events as re
from throughcare.contracts.codes import PlanItem, Receiver
from throughcare.protocol.decision import Decided, Refused
from throughcare.protocol.release.state import Engaged, Finished, Lost, Sent
from throughcare.protocol.stage import stage_of
from throughcare.tests.protocol.story import COORD, ONE, PLAN, PSYCH, Story, day_after, local

TWO = ("ngo-two", "ngo")
SENDER = PSYCH
SUPPORT_BY_THREE = PlanItem(
    item=1,
    service_type="psychosocial-support",
    mandatory=True,
    receivers=tuple(
        Receiver(party=party, receiver_type="ngo")
        for party in ("ngo-one", "ngo-two", "ngo-three", "ngo-four")
    ),
)


def ended(referral_id: UUID, outcome: str) -> cc.EndService:
    return cc.EndService.model_validate({"referral_id": referral_id, "outcome_code": outcome})


def declined(referral_id: UUID, waiting_from: date | None = None) -> rc.DeclineReferral:
    return rc.DeclineReferral(
        referral_id=referral_id, reason_code="no-capacity", waiting_from=waiting_from
    )


@pytest.fixture
def planned(story: Story) -> Story:
    return story.opened().scheduled(60).consented().planned()


@pytest.fixture
def in_contact(released: Story) -> Story:
    return released.attended(released.release.own.referrals[0].id)


def _receivers(story: Story) -> list[str]:
    return [sent.receiver for sent in story.events(re.ReferralSent)]


# -- the end of a service ------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["completed", "left", "other"])
def test_a_service_that_ended_is_followed_up_by_who_gave_it(
    in_contact: Story, outcome: str
) -> None:
    one = in_contact.release.own.referrals[0].id
    in_contact.must(ended(one, outcome), *ONE)

    assert isinstance(in_contact.release.own.referrals[0].stand, Finished)
    assert _receivers(in_contact) == ["ngo-one"]
    in_contact.after(days=6)
    check = rc.CheckFollowUp(
        referral_id=one, checkpoint_day=7, contact_kind="visit", still_engaged=False
    )
    in_contact.must(check, *ONE)
    in_contact.after(days=9)
    assert in_contact.raised()[-1] == ("D19", 14, 1, "ngo", "ngo-one")
    assert stage_of(in_contact.intake, in_contact.release) == "in-contact"


@pytest.mark.parametrize("outcome", ["transferred", "excluded"])
def test_who_still_needs_the_service_is_passed_on(in_contact: Story, outcome: str) -> None:
    in_contact.must(ended(in_contact.release.own.referrals[0].id, outcome), *ONE)

    assert _receivers(in_contact) == ["ngo-one", "ngo-two"]


def test_a_death_that_a_service_reports_closes_the_case(in_contact: Story) -> None:
    in_contact.must(ended(in_contact.release.own.referrals[0].id, "died"), *ONE)

    assert "person-died" in in_contact.types()
    assert in_contact.events(re.CaseClosed)[0].reason_code == "died"


def test_a_service_ends_only_after_it_began_and_once(planned: Story) -> None:
    one = planned.referred(1)
    assert planned.tell(ended(one, "left"), *ONE) == Refused("referral-not-attended")
    assert planned.tell(ended(one, "left"), *TWO) == Refused("referral-unknown")
    planned.must(rc.AcceptReferral(referral_id=one), *ONE)
    assert planned.tell(ended(one, "left"), *ONE) == Refused("referral-not-attended")
    planned.attended(one)
    planned.must(ended(one, "left"), *ONE)
    assert planned.tell(ended(one, "left"), *ONE) == Refused("referral-ended")
    engage = rc.EngageService(referral_id=one, criterion_code="other")
    assert planned.tell(engage, *ONE) == Refused("referral-ended")


def test_a_person_who_comes_back_to_a_service_that_ended_was_met(released: Story) -> None:
    one = released.release.own.referrals[0].id
    released.attended(one)
    released.must(ended(one, "left"), *ONE)
    released.after(days=3)
    released.attended(one)

    assert released.release.own.referrals[0].seen_at == released.now
    assert isinstance(released.release.own.referrals[0].stand, Finished)


# -- taken back in two steps ---------------------------------------------------------------------


def _cancel(referral_id: UUID) -> rc.CancelReferral:
    return rc.CancelReferral(referral_id=referral_id, reason_code="person-asked")


def test_an_offer_nobody_accepted_is_taken_back_at_once(planned: Story) -> None:
    planned.must(_cancel(planned.referred(1)), *SENDER)

    assert len(planned.events(re.ReferralCancelled)) == 1


def test_a_place_that_somebody_holds_is_over_when_they_confirm(planned: Story) -> None:
    one = planned.accepted(1)
    confirm = cc.ConfirmCancellation(referral_id=one)
    assert planned.tell(confirm, *ONE) == Refused("no-cancellation-requested")
    planned.must(_cancel(one), *SENDER)
    assert planned.tell(_cancel(one), *SENDER) == Decided(())

    assert planned.events(re.ReferralCancelled) == []
    assert ("D07c", one, None) in planned.live()
    assert planned.tell(confirm, *TWO) == Refused("referral-unknown")
    planned.must(confirm, *ONE)
    [gone] = planned.events(re.ReferralCancelled)
    assert gone.reason_code == "person-asked"
    assert "D07c" not in planned.codes()


def test_silence_agrees_to_a_cancellation_after_a_day(planned: Story) -> None:
    planned.must(_cancel(planned.accepted(1)), *SENDER)
    planned.after(hours=23)
    assert planned.events(re.ReferralCancelled) == []
    planned.after(hours=1)

    assert len(planned.events(re.ReferralCancelled)) == 1


def test_a_person_who_came_meanwhile_keeps_the_place(planned: Story) -> None:
    one = planned.accepted(1)
    planned.must(_cancel(one), *SENDER)
    planned.attended(one)
    planned.after(days=2)

    assert planned.events(re.ReferralCancelled) == []
    confirm = cc.ConfirmCancellation(referral_id=one)
    assert planned.tell(confirm, *ONE) == Refused("no-cancellation-requested")


# -- a place to wait for -------------------------------------------------------------------------


def test_a_no_with_a_waiting_place_leaves_the_choice_to_the_sender(planned: Story) -> None:
    one = planned.referred(1)
    planned.must(declined(one, day_after(20)), *ONE)

    assert _receivers(planned) == ["ngo-one"]
    assert ("D08", one, None) in planned.live()


def test_the_sender_waits_and_the_receiver_answers_by_that_day(planned: Story) -> None:
    one = planned.referred(1)
    planned.must(declined(one, day_after(20)), *ONE)
    planned.must(cc.WaitForPlace(referral_id=one), *SENDER)

    assert "D08" not in planned.codes()
    assert planned.live()["D07", one, None] == local(day_after(20))
    assert isinstance(planned.release.own.referrals[0].stand, Sent)
    planned.after(days=10)
    planned.must(rc.AcceptReferral(referral_id=one), *ONE)


def test_a_waiting_place_that_does_not_come_goes_on_to_the_next(planned: Story) -> None:
    one = planned.referred(1)
    planned.must(declined(one, day_after(20)), *ONE)
    planned.must(cc.WaitForPlace(referral_id=one), *SENDER)
    planned.after(days=21)

    assert _receivers(planned) == ["ngo-one", "ngo-two"]


def test_the_sender_may_ask_the_next_instead(planned: Story) -> None:
    one = planned.referred(1)
    planned.must(declined(one, day_after(20)), *ONE)
    planned.must(rc.SendReferral(item=1), *SENDER)

    assert _receivers(planned) == ["ngo-one", "ngo-two"]
    wait = cc.WaitForPlace(referral_id=one)
    assert planned.tell(wait, *SENDER) == Refused("item-has-open-referral")


def test_only_a_place_that_was_offered_and_is_still_to_come_is_waited_for(planned: Story) -> None:
    one = planned.referred(1)
    wait = cc.WaitForPlace(referral_id=one)
    unknown = cc.WaitForPlace(referral_id=UUID(int=999))
    assert planned.tell(unknown, *SENDER) == Refused("referral-unknown")
    assert planned.tell(wait, *SENDER) == Refused("no-waiting-place")
    planned.must(declined(one, day_after(3)), *ONE)
    planned.after(days=4)
    assert planned.tell(wait, *SENDER) == Refused("no-waiting-place")


def test_waiting_needs_the_plan_and_the_permission_of_today(planned: Story) -> None:
    one = planned.referred(1)
    planned.must(declined(one, day_after(320)), *ONE)
    wait = cc.WaitForPlace(referral_id=one)
    planned.must(cc.SuspendReceiver(receiver="ngo-one", reason_code="closed"), *COORD)
    assert planned.tell(wait, *SENDER) == Refused("receiver-suspended")
    planned.must(ic.AgreePlan(items=_other_numbers(), client_signed=True), *SENDER)

    no_item = planned.release.own.referrals[0].item
    assert no_item not in {item.item for item in planned.release.heard.plan}


def _other_numbers() -> tuple[PlanItem, ...]:
    return tuple(item.model_copy(update={"item": item.item + 10}) for item in PLAN)


def test_a_place_for_an_item_that_left_the_plan_is_not_waited_for(planned: Story) -> None:
    one = planned.referred(1)
    planned.must(declined(one, day_after(20)), *ONE)
    planned.must(ic.AgreePlan(items=_other_numbers(), client_signed=True), *SENDER)

    wait = cc.WaitForPlace(referral_id=one)
    assert planned.tell(wait, *SENDER) == Refused("plan-item-unknown")


def test_a_place_is_not_waited_for_beyond_the_persons_permission(planned: Story) -> None:
    one = planned.referred(1)
    planned.must(declined(one, day_after(400)), *ONE)
    planned.now = planned.now + timedelta(days=301)

    wait = cc.WaitForPlace(referral_id=one)
    assert planned.tell(wait, *SENDER) == Refused("no-consent")


# -- several at once -----------------------------------------------------------------------------


@pytest.fixture
def many(story: Story) -> Story:
    return story.opened().scheduled(20).consented().planned(SUPPORT_BY_THREE)


def test_where_time_is_short_several_are_asked_and_the_first_yes_wins(many: Story) -> None:
    many.referred(1)
    assert _receivers(many) == ["ngo-one", "ngo-two", "ngo-three"]
    assert len(many.events(re.PlacementStarted)) == 1
    second = many.release.own.referrals[1].id
    many.must(rc.AcceptReferral(referral_id=second), *TWO)

    gone = {(e.referral_id, e.reason_code) for e in many.events(re.ReferralCancelled)}
    others = {one.id for one in many.release.own.referrals} - {second}
    assert gone == {(one, "placed-elsewhere") for one in others}
    late = rc.AcceptReferral(referral_id=many.release.own.referrals[0].id)
    assert many.tell(late, *ONE) == Refused("referral-ended")


def test_a_no_among_several_asks_nobody_new_until_all_have_said_no(many: Story) -> None:
    many.referred(1)
    for one in many.release.own.referrals[:2]:
        many.must(declined(one.id), one.receiver, "ngo")
    assert len(_receivers(many)) == 3
    assert "D08" not in many.codes()
    last = many.release.own.referrals[2]
    many.must(declined(last.id), last.receiver, "ngo")

    assert _receivers(many)[3:] == ["ngo-four"]


def test_a_waiting_place_among_several_stops_none_of_the_others(many: Story) -> None:
    many.referred(1)
    many.must(declined(many.release.own.referrals[0].id, day_after(10)), *ONE)

    assert "D08" not in many.codes()
    many.must(rc.AcceptReferral(referral_id=many.release.own.referrals[1].id), *TWO)


def test_with_time_enough_one_is_asked_after_the_other_unless_told_otherwise(story: Story) -> None:
    story.opened().scheduled(60).consented().planned(SUPPORT_BY_THREE)
    story.referred(1)
    assert _receivers(story) == ["ngo-one"]
    story.must(_cancel(story.release.own.referrals[0].id), *SENDER)
    story.must(rc.SendReferral(item=1, several=True), *SENDER)

    assert len(_receivers(story)) == 4


def test_a_sender_may_ask_one_alone_also_where_time_is_short(many: Story) -> None:
    many.must(rc.SendReferral(item=1, several=False), *SENDER)

    assert _receivers(many) == ["ngo-one"]


def test_a_receiver_that_is_named_is_asked_alone(many: Story) -> None:
    two = Receiver(party="ngo-two", receiver_type="ngo")
    many.must(rc.SendReferral(item=1, receiver=two), *SENDER)

    assert _receivers(many) == ["ngo-two"]


# -- a receiver closes ---------------------------------------------------------------------------


def test_what_a_closed_receiver_holds_looks_for_another(planned: Story) -> None:
    planned.accepted(1)
    closed = cc.SuspendReceiver(receiver="ngo-one", reason_code="closed")
    planned.must(closed, *COORD)

    assert _receivers(planned) == ["ngo-one", "ngo-two"]
    assert [e.reason_code for e in planned.events(re.AcceptanceWithdrawn)] == ["service-closed"]
    assert planned.tell(closed, *COORD) == Decided(())


def test_whom_it_was_serving_needs_another_as_well(in_contact: Story) -> None:
    one = in_contact.release.own.referrals[0].id
    in_contact.must(rc.EngageService(referral_id=one, criterion_code="other"), *ONE)
    assert isinstance(in_contact.release.own.referrals[0].stand, Engaged)
    in_contact.must(cc.SuspendReceiver(receiver="ngo-one", reason_code="suspended"), *COORD)

    assert _receivers(in_contact) == ["ngo-one", "ngo-two"]


def test_an_offer_to_a_closed_receiver_is_over_and_nobody_sends_it_more(planned: Story) -> None:
    planned.referred(1)
    planned.must(cc.SuspendReceiver(receiver="ngo-one", reason_code="other"), *COORD)

    assert planned.events(re.ReferralCancelled)[0].reason_code == "receiver-suspended"
    assert _receivers(planned) == ["ngo-one", "ngo-two"]
    planned.must(_cancel(planned.release.own.referrals[-1].id), *SENDER)
    named = rc.SendReferral(item=1, receiver=Receiver(party="ngo-one", receiver_type="ngo"))
    assert planned.tell(named, *COORD) == Refused("receiver-suspended")


def test_what_had_ended_at_a_closed_receiver_stays_ended(planned: Story) -> None:
    planned.must(declined(planned.referred(1)), *ONE)
    planned.must(cc.SuspendReceiver(receiver="ngo-one", reason_code="closed"), *COORD)

    assert _receivers(planned) == ["ngo-one", "ngo-two"]


def test_only_a_coordinator_suspends_and_only_who_is_in_the_case(planned: Story) -> None:
    closed = cc.SuspendReceiver(receiver="ngo-nine", reason_code="closed")
    assert planned.tell(closed, *COORD) == Refused("receiver-not-in-case")
    assert planned.tell(closed, *ONE) == Refused("role-may-not")


# -- visits inside, late entries, no-shows -------------------------------------------------------


def _booked(story: Story, referral_id: UUID, hours: int) -> None:
    at = story.now + timedelta(hours=hours)
    book = rc.BookAppointment(referral_id=referral_id, appointment_at=at)
    story.must(book, *ONE)


def test_a_visit_in_custody_uses_up_neither_the_appointment_nor_the_first_contact(
    planned: Story,
) -> None:
    one = planned.accepted(1)
    planned.attended(one)
    planned.after(days=60)
    planned.released()

    assert "D17" in planned.codes()
    _booked(planned, one, 24)
    planned.after(hours=24)
    planned.attended(one)
    [met] = planned.events(re.FirstContactMade)
    assert met.hours_since_release == 24
    again = rc.BookAppointment(referral_id=one, appointment_at=planned.now + timedelta(days=1))
    assert planned.tell(again, *ONE) == Refused("referral-already-attended")


def test_a_meeting_entered_after_the_alarm_clears_it(released: Story) -> None:
    one = released.release.own.referrals[0].id
    met_at = released.now + timedelta(hours=5)
    released.after(hours=80)
    assert "D17" in {alarm.code for alarm in released.alarms()}
    released.attended(one, at=met_at)

    assert "D17" not in {alarm.code for alarm in released.alarms()}
    assert released.events(re.FirstContactMade)[0].hours_since_release == 5


def test_after_three_missed_appointments_a_phone_call_does_not_end_the_search(
    released: Story,
) -> None:
    one = released.release.own.referrals[0].id
    for missed in (1, 2, 3):
        _booked(released, one, 2)
        released.after(hours=3)
        released.must(rc.ReportMissedAppointment(referral_id=one), *ONE)
        spoke = rc.RecordOutreach(referral_id=one, means="phone", result="reached")
        released.must(spoke, *ONE)
        assert (("D18", one, 3) in released.live()) == (missed == 3)
    for means in ("phone", "visit"):
        outreach = {"referral_id": one, "means": means, "result": "not-reached"}
        released.must(rc.RecordOutreach.model_validate(outreach), *ONE)
    assert ("D18", one, 3) not in released.live()


def test_who_stays_away_three_times_is_lost_at_day_30_and_regained_at_day_75(
    released: Story,
) -> None:
    one = released.release.own.referrals[0].id
    out_at = released.now
    for day, means in enumerate(("phone", "visit", "phone"), start=1):
        _booked(released, one, 2)
        released.after(hours=3)
        released.must(rc.ReportMissedAppointment(referral_id=one), *ONE)
        outreach = {"referral_id": one, "means": means, "result": "not-reached"}
        released.must(rc.RecordOutreach.model_validate(outreach), *ONE)
        released.until(out_at + timedelta(days=day))
    released.until(out_at + timedelta(days=31))
    assert isinstance(released.release.own.person.contact, Lost)
    released.until(out_at + timedelta(days=75))
    released.attended(one)

    assert len(released.events(re.ContactRegained)) == 1
    assert stage_of(released.intake, released.release) == "in-contact"


def test_two_answers_to_one_offer_keep_the_first(planned: Story) -> None:
    one = planned.referred(1)
    planned.must(rc.AcceptReferral(referral_id=one), *ONE)

    assert planned.tell(declined(one), *ONE) == Refused("referral-already-answered")


# -- support without treatment -------------------------------------------------------------------


def test_a_plan_of_support_alone_is_followed_to_its_end(story: Story) -> None:
    story.opened().scheduled(60).consented().planned(PLAN[0])
    one = story.accepted(1)
    story.after(days=60)
    story.released()
    story.attended(one)
    assert "D20" not in story.codes()
    for day in (7, 14, 21, 28, 30, 90, 180):
        story.until(story.release.own.person.released_at + timedelta(days=day))
        check: Any = {
            "referral_id": one,
            "checkpoint_day": day,
            "contact_kind": "visit",
            "still_engaged": True,
        }
        story.must(rc.CheckFollowUp.model_validate(check), *ONE)
    story.must(rc.CompleteFollowUp(referral_id=one), *ONE)

    assert story.events(re.CaseClosed)[0].reason_code == "completed"


def test_a_plan_revised_after_the_release_ends_what_it_no_longer_holds(released: Story) -> None:
    released.referred(2)
    released.must(ic.AgreePlan(items=PLAN[:1], client_signed=True), *PSYCH)

    assert released.events(re.ReferralCancelled)[0].reason_code == "plan-revised"
    assert stage_of(released.intake, released.release) == "released"
    assert released.events(ce.PermissionRecalled) == []


def test_a_service_for_an_item_that_left_the_plan_is_passed_on_to_nobody(released: Story) -> None:
    one = released.release.own.referrals[0].id
    released.attended(one)
    released.must(ic.AgreePlan(items=_other_numbers(), client_signed=True), *PSYCH)
    released.must(ended(one, "transferred"), *ONE)

    assert _receivers(released) == ["ngo-one"]
    assert released.events(re.RerouteNeeded) == []


def test_where_the_date_came_closer_others_are_asked_beside_who_has_not_answered(
    story: Story,
) -> None:
    story.opened().scheduled(60).consented().planned(SUPPORT_BY_THREE)
    story.referred(1)
    story.scheduled(10)
    again = rc.SendReferral(item=1, receiver=Receiver(party="ngo-one", receiver_type="ngo"))
    assert story.tell(rc.SendReferral(item=1), *SENDER) == Refused("item-has-open-referral")
    twice = again.model_copy(update={"several": True})
    assert story.tell(twice, *SENDER) == Refused("receiver-already-asked")
    story.must(rc.SendReferral(item=1, several=True), *SENDER)

    assert _receivers(story) == ["ngo-one", "ngo-two", "ngo-three"]
    story.must(rc.AcceptReferral(referral_id=story.release.own.referrals[0].id), *ONE)
    more = rc.SendReferral(item=1, several=True)
    assert story.tell(more, *SENDER) == Refused("item-has-open-referral")


def test_a_receiver_whose_service_ended_is_asked_again_only_by_name(in_contact: Story) -> None:
    in_contact.must(ended(in_contact.release.own.referrals[0].id, "completed"), *ONE)
    named = rc.SendReferral(item=1, receiver=Receiver(party="ngo-one", receiver_type="ngo"))
    in_contact.must(named, *COORD)

    assert _receivers(in_contact) == ["ngo-one", "ngo-one"]
