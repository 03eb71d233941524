"""What is promised before a release, and the ladder: reminded, missed, one level up."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from throughcare.contracts import care_events as ce
from throughcare.contracts import facts
from throughcare.contracts import intake_commands as ic
from throughcare.contracts import release_commands as rc
from throughcare.contracts import release_events as re
from throughcare.contracts.codes import PlanItem, Receiver
from throughcare.protocol.calendar import after, before_release, midnight_after
from throughcare.protocol.profiles import PROFILES
from throughcare.protocol.profiles.model import Span
from throughcare.protocol.release import HALF
from throughcare.tests.protocol.story import (
    COORD,
    NEEDS,
    OFFER,
    ONE,
    PERMISSIONS,
    PLAN,
    PRISON,
    PSYCH,
    START,
    VERSION,
    Story,
    consent,
    day_after,
    local,
)

KG = PROFILES[VERSION]
HOUR = timedelta(hours=1)


def _of(story: Story, code: str) -> list[Any]:
    return [alarm for alarm in story.raised() if alarm[0] == code]


def _reminders(story: Story, code: str) -> list[Any]:
    return [e for e in story.events(ce.DeadlineReminded) if e.code == code]


# -- before the release --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days_left", "due"),
    [
        (90, local(day_after(60))),  # a month before
        (31, local(day_after(2))),  # began late: two working days
        (1, local(day_after(1))),  # and never after the release
    ],
)
def test_what_is_due_before_a_release_has_its_offset_its_grace_and_its_end(
    days_left: int, due: datetime
) -> None:
    grace = Span(2, "wd")
    assert before_release(KG, day_after(days_left), 30, START, grace) == due


def test_a_buffer_keeps_days_free_before_the_release() -> None:
    grace = Span(2, "wd")
    assert before_release(KG, day_after(10), 30, START, grace, 9) == local(day_after(1))


def test_what_is_past_when_it_begins_is_due_at_once() -> None:
    assert before_release(KG, day_after(-5), 30, START, Span(2, "wd")) == START


@pytest.mark.parametrize(
    ("begins", "hours", "ends"),
    [
        (datetime(2026, 3, 3, 3, tzinfo=UTC), 4, datetime(2026, 3, 3, 7, tzinfo=UTC)),
        # Tuesday 16:00 and four hours: Wednesday 11:00
        (datetime(2026, 3, 3, 10, tzinfo=UTC), 4, datetime(2026, 3, 4, 5, tzinfo=UTC)),
        # Friday 20:00: Monday is the first hour of work, and 9 March 2026 is one
        (datetime(2026, 3, 6, 14, tzinfo=UTC), 4, datetime(2026, 3, 9, 7, tzinfo=UTC)),
        # longer than a day
        (datetime(2026, 3, 3, 3, tzinfo=UTC), 10, datetime(2026, 3, 4, 4, tzinfo=UTC)),
    ],
)
def test_hours_of_work_pass_only_while_offices_work(
    begins: datetime, hours: int, ends: datetime
) -> None:
    assert after(KG, begins, Span(hours, "wh")) == ends


def test_a_day_is_over_at_local_midnight() -> None:
    assert midnight_after(KG, date(2026, 3, 2)) == datetime(2026, 3, 2, 18, tzinfo=UTC)


def test_needs_and_plan_are_due_a_month_before_the_release(story: Story) -> None:
    story.opened().scheduled(90).consented()
    assert story.live()["D03", None, None] == local(day_after(60))
    story.must(ic.AgreePlan(items=PLAN, client_signed=True), *PSYCH)
    assert "D03" in story.codes()
    story.must(NEEDS, *PSYCH)
    assert "D03" not in story.codes()
    assert "D03" in [key.code for e in story.events(re.DeadlinesChanged) for key in e.met]


def test_a_date_brought_forward_gives_two_days_and_then_the_same_day(story: Story) -> None:
    story.opened().scheduled(90).consented()
    story.must(facts.ReleaseRescheduled(expected_release_on=day_after(20)), *PRISON)
    assert story.live()["D03", None, None] == local(day_after(2))
    story.after(hours=1)
    story.must(facts.ReleaseRescheduled(expected_release_on=day_after(1)), *PRISON)
    assert story.live()["D03", None, None] == local(day_after(0))


def test_no_date_no_promise_of_a_plan_and_no_consent_none_either(story: Story) -> None:
    story.opened()
    assert "D03" not in story.codes()
    story.consented()
    assert "D03" not in story.codes()


def test_who_leaves_without_a_plan_gets_one_the_same_day(story: Story) -> None:
    story.opened().scheduled(90).consented().released()
    assert story.live()["D03", None, None] == local(day_after(0))
    story.after(days=1)

    assert _of(story, "D03")[0] == ("D03", None, 2, "protocol-coordinator", None)


def test_late_in_the_evening_the_same_day_is_the_next(story: Story) -> None:
    story.opened().scheduled(90).consented()
    story.after(hours=12)
    story.released()

    assert story.live()["D03", None, None] == local(day_after(1))


def test_mandatory_items_are_offered_within_three_working_days(story: Story) -> None:
    story.opened().scheduled(90).consented().planned()
    assert {key: at for key, at in story.live().items() if key[0] == "D05"} == {
        ("D05", None, 1): local(day_after(3))
    }
    story.referred(1)
    assert "D05" not in story.codes()


def test_three_weeks_before_the_release_referrals_have_been_sent(story: Story) -> None:
    story.opened().scheduled(22).consented().planned()
    assert story.live()["D05", None, 1] == local(day_after(1))


def test_without_a_date_referrals_are_sent_all_the_same(story: Story) -> None:
    story.opened().consented().planned()
    assert story.live()["D05", None, 1] == local(day_after(3))


def test_after_the_release_they_are_sent_the_same_day(story: Story) -> None:
    story.opened().scheduled(90).consented().planned().released()
    assert story.live()["D05", None, 1] == local(day_after(0))


def test_an_offer_that_was_taken_back_is_owed_again(story: Story) -> None:
    story.opened().scheduled(90).consented().planned()
    cancel = rc.CancelReferral(referral_id=story.referred(1), reason_code="duplicate")
    story.must(cancel, *PSYCH)
    assert ("D05", None, 1) in story.live()


def test_a_receiver_says_that_it_has_the_offer_within_two_working_days(story: Story) -> None:
    story.opened().scheduled(90).consented().planned()
    one = story.referred(1)
    assert story.live()["D06", one, None] == local(day_after(2))
    story.must(rc.AcknowledgeReferral(referral_id=one), *ONE)
    assert "D06" not in story.codes()


@pytest.mark.parametrize(("days", "hours"), [(20, 4), (1, 2)])
def test_where_time_is_short_within_hours_of_work(story: Story, days: int, hours: int) -> None:
    story.opened().scheduled(days).consented().planned(*PLAN[:1])
    one = story.referred(1)
    assert story.live()["D06", one, None] == START + hours * HOUR


def test_a_first_appointment_is_booked_two_weeks_before(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    one = story.accepted(1)
    assert story.live()["D09", one, None] == local(day_after(46))
    _book(story, one, local(day_after(61), 12))
    assert "D09" not in story.codes()
    assert [k.code for e in story.events(re.DeadlinesChanged) for k in e.met][-1] == "D09"


@pytest.mark.parametrize(("day", "kept"), [(59, False), (60, True), (63, True), (64, False)])
def test_the_appointment_lies_between_the_release_and_72_hours_after(
    story: Story, day: int, kept: bool
) -> None:
    story.opened().scheduled(60).consented().planned()
    _book(story, story.accepted(1), local(day_after(day), 12))
    assert ("D09" not in story.codes()) == kept


def test_one_appointment_is_enough_and_help_without_care_is_none(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    story.accepted(3, "probation-one", "probation")
    assert "D09" not in story.codes()
    story.accepted(2, "rehab-one", "rehab-centre")
    one = story.accepted(1)
    assert "D09" in story.codes()
    _book(story, one, local(day_after(61), 12))
    assert "D09" not in story.codes()


def _book(story: Story, one: UUID, at: datetime) -> None:
    story.must(rc.BookAppointment(referral_id=one, appointment_at=at), *ONE)


def test_an_acceptance_says_when_it_was_given() -> None:
    story = Story()
    story.opened().scheduled(60).consented().planned()
    story.accepted(1)
    assert all(event.accepted_at == story.now for event in story.events(re.ReferralAccepted))


def test_treatment_begins_within_three_weeks(released: Story) -> None:
    on = (released.now + timedelta(days=21)).date()
    assert released.live()["D20", None, 21] == local(on)
    released.until(local(on))
    assert _of(released, "D20") == [("D20", 21, 2, "protocol-coordinator", None)]
    waive = rc.WaiveDeadline(code="D20", step=21, reason_code="person-asked")
    assert released.tell(waive, *COORD).__class__.__name__ == "Refused"


def test_taking_part_keeps_the_promise_of_treatment(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    one = story.accepted(2, "rehab-one", "rehab-centre")
    story.after(days=60)
    story.released()
    story.attended(one, "rehab-one", "rehab-centre")
    engage = rc.EngageService(referral_id=one, criterion_code="placed")
    story.must(engage, "rehab-one", "rehab-centre")
    assert "D20" not in story.codes()


@pytest.mark.parametrize("code", ["D03", "D05", "D20"])
def test_a_coordinator_waives_the_new_promises_with_a_reason(story: Story, code: Any) -> None:
    story.opened().scheduled(60).consented()
    if code != "D03":
        story.planned()
    if code == "D20":
        story.released()
    [key] = [key for key in story.live() if key[0] == code]
    story.must(rc.WaiveDeadline(code=code, step=key[2], reason_code="not-applicable"), *COORD)
    assert code not in story.codes()


# -- L0 ------------------------------------------------------------------------------------------


def test_whose_turn_it_is_is_reminded_at_half_and_four_fifths_of_the_time(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    story.referred(1)
    story.must(rc.AcknowledgeReferral(referral_id=story.release.own.referrals[0].id), *ONE)
    due = story.live()["D07", story.release.own.referrals[0].id, None]
    whole = due - story.now
    assert whole == 177 * HOUR  # 88.5 and 141.6 of them, to the next whole hour
    half, late = story.now + 89 * HOUR, story.now + 142 * HOUR

    story.until(half - timedelta(seconds=1))
    assert _reminders(story, "D07") == []
    story.until(half)
    [first] = _reminders(story, "D07")
    assert (first.number, first.to_role, first.to_party, first.due_at) == (1, *ONE[::-1], due)
    story.until(late)
    assert [one.number for one in _reminders(story, "D07")] == [1, 2]
    story.after(days=30)
    assert len([e for e in _reminders(story, "D07") if e.referral_id == first.referral_id]) == 2


def test_who_did_it_is_not_reminded(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    story.accepted(1)
    story.after(days=6)
    assert _reminders(story, "D07") == []


def test_nobody_is_reminded_of_what_lasts_less_than_a_day(story: Story) -> None:
    story.opened().scheduled(1).consented()
    story.after(hours=8)
    assert _reminders(story, "D03") == []


def test_after_an_outage_one_reminder_stands_for_all_that_were_due(story: Story) -> None:
    story.opened().scheduled(60).consented()
    story.now = local(day_after(29), 12)
    story.must(rc.RunDeadlines(as_of=story.now), None, "system")
    assert [one.number for one in _reminders(story, "D03")] == [2]
    assert story.tell(rc.RunDeadlines(as_of=story.now), None, "system").__class__.__name__
    assert len(_reminders(story, "D03")) == 1


def test_a_reminder_changes_no_promise(story: Story) -> None:
    story.opened().scheduled(60).consented()
    before = story.live()
    story.until(START + timedelta(days=16))
    assert len(_reminders(story, "D03")) == 1
    assert story.live() == before
    assert _reminders(story, "D03")[0].to_role == "prison-psych"


def test_outside_whoever_answers_for_the_person_is_reminded(released: Story) -> None:
    released.after(days=12)
    [reminder] = _reminders(released, "D20")
    assert (reminder.to_role, reminder.to_party) == ("ngo", "ngo-one")


def test_where_nobody_answers_for_the_person_the_coordinator_is_reminded(story: Story) -> None:
    story.opened().scheduled(60).consented().planned().released()
    story.after(days=12)
    assert _reminders(story, "D20")[0].to_role == "protocol-coordinator"


# -- L1, L2 --------------------------------------------------------------------------------------


def test_what_is_missed_by_as_much_again_goes_to_the_coordinator(story: Story) -> None:
    story.opened().scheduled(60).consented()
    whole = story.live()["D03", None, None] - story.now
    story.until(START + whole)
    assert _of(story, "D03") == [("D03", None, 1, "prison-health", None)]
    story.scheduled(60)
    assert story.alarms() == []


def test_an_alarm_climbs_once_while_its_cause_stands(story: Story) -> None:
    story.opened().scheduled(90).consented().planned()
    one = story.referred(1)
    due = story.live()["D06", one, None]
    story.until(due + (due - START) - timedelta(seconds=1))
    assert _of(story, "D06") == [("D06", None, 1, "ngo", "ngo-one")]
    story.until(due + (due - START))
    assert _of(story, "D06")[1:] == [("D06", None, 2, "protocol-coordinator", None)]
    story.must(rc.AcknowledgeReferral(referral_id=one), *ONE)
    assert story.alarms() == []


def test_who_answered_in_time_is_not_passed_on(story: Story) -> None:
    story.opened().scheduled(90).consented().planned()
    one = story.referred(1)
    story.until(story.live()["D06", one, None])
    story.must(rc.AcknowledgeReferral(referral_id=one), *ONE)
    story.until(local(day_after(6)))
    assert len(_of(story, "D06")) == 1


def test_where_there_is_no_time_the_coordinator_hears_at_once(story: Story) -> None:
    story.opened().scheduled(1).consented().planned(*PLAN[:1])
    story.referred(1)
    story.after(hours=2)
    assert _of(story, "D06")[:2] == [
        ("D06", None, 1, "ngo", "ngo-one"),
        ("D06", None, 2, "protocol-coordinator", None),
    ]
    story.after(hours=3)
    first = {e.referral_id for e in story.events(re.EscalationRaised) if e.code == "D06"}
    assert len([alarm for alarm in _of(story, "D06") if alarm[2] == 2]) == len(first)


def test_probation_is_never_alarmed_nor_reminded(story: Story) -> None:
    story.opened().scheduled(90).consented().planned()
    story.referred(3)
    story.after(days=10)
    told = {alarm[3] for alarm in story.raised()}
    told |= {e.to_role for e in story.events(ce.DeadlineReminded)}
    assert not told & {"probation", "mahalla", "monitor"}
    assert ("D06", None, 2, "protocol-coordinator", None) in story.raised()


def test_where_nobody_is_below_and_no_time_is_left_one_alarm_is_enough(story: Story) -> None:
    both = PlanItem(
        item=1,
        service_type="documents",
        mandatory=False,
        receivers=(Receiver(party="probation-one", receiver_type="probation"),),
    )
    support = PLAN[0].model_copy(update={"item": 2, "mandatory": False})
    story.opened().scheduled(1).consented().planned(both, support)
    story.referred(1)
    story.after(hours=2)
    assert _of(story, "D06") == [("D06", None, 2, "protocol-coordinator", None)]


def test_what_comes_next_by_itself_is_never_in_the_past(story: Story) -> None:
    story.opened().scheduled(60)
    story.must(OFFER, *PSYCH)
    story.must(consent(*PERMISSIONS), *PSYCH)
    story.planned()
    story.referred(1)
    for days in range(1, 70, 3):
        story.until(START + timedelta(days=days))
        next_at = HALF.next_due_at(story.release)
        assert next_at is None or next_at > story.now
