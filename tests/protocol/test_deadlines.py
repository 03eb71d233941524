"""Promises: when each is due, what keeps it, and what happens where nobody does.

No release is forgotten: promise 1 stands here as tests.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from throughcare.contracts import facts
from throughcare.contracts import intake_commands as ic
from throughcare.contracts import release_commands as rc
from throughcare.contracts import release_events as re
from throughcare.protocol.decision import Decided, Refused
from throughcare.protocol.release import HALF
from throughcare.tests.protocol.story import START, Story

ONE = ("ngo-one", "ngo")
COORD = ("coord", "protocol-coordinator")
PRISON = ("kg-gsin", "prison-admin")


def _local(day: date, hour: int = 18) -> datetime:
    """In Bishkek, six hours ahead."""
    return datetime(day.year, day.month, day.day, hour - 6, tzinfo=UTC)


def _day(days: int) -> date:
    return (START + timedelta(days=days)).date()


def _codes(story: Story) -> set[str]:
    return {code for code, _, _ in story.live()}


def _raised(story: Story) -> list[tuple[str, int | None, int, str, str | None]]:
    return [
        (e.code, e.step, e.level, e.to_role, e.to_party) for e in story.events(re.EscalationRaised)
    ]


def _missed(story: Story) -> list[str]:
    return [event.code for event in story.events(re.DeadlineMissed)]


# -- D02b, D02c: cases without consent -----------------------------------------------------------


def test_an_enrolment_that_nobody_followed_by_asking_is_forgotten_after_30_days(
    story: Story,
) -> None:
    story.enrolled()
    assert story.live() == {("D02b", None, None): _local(_day(30))}

    story.after(days=31)
    assert story.release.own.person.reason_code == "no-consent"
    assert story.now == START + timedelta(days=31)


def test_consent_keeps_the_case_of_an_enrolment(story: Story) -> None:
    story.enrolled().consented()

    [change] = [c for c in story.events(re.DeadlinesChanged) if c.met]
    assert [key.code for key in change.met] == ["D02b"]
    story.after(days=40)
    assert story.events(re.CaseClosed) == []


def test_a_case_opened_by_a_person_waits_for_consent_without_a_limit(story: Story) -> None:
    story.opened()

    assert story.live() == {}


def test_a_case_released_before_consent_closes_at_once(story: Story) -> None:
    story.opened().released()

    assert story.live() == {("D02c", None, None): START}


# -- D07, D08: answers ---------------------------------------------------------------------------


def test_an_answer_is_due_in_five_working_days(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    referral_id = story.referred(1)

    # Monday 2 March; Sunday 8 March is a holiday that falls on a weekend.
    assert story.live()["D07", referral_id, None] == _local(date(2026, 3, 9))


def test_working_days_skip_holidays(story: Story) -> None:
    story.now = datetime(2026, 4, 30, 3, tzinfo=UTC)  # Thursday before the first of May
    story.opened().scheduled(60).consented().planned()
    referral_id = story.referred(1)

    # 1 and 5 May are holidays, 2, 3 and 9 May weekend: 4, 6, 7, 8 and 11 May count.
    assert story.live()["D07", referral_id, None] == _local(date(2026, 5, 11))


def test_near_the_release_an_answer_is_due_next_day_and_in_the_last_days_in_24_hours(
    story: Story,
) -> None:
    story.opened().scheduled(20).consented().planned()
    short = story.referred(1)
    assert story.live()["D07", short, None] == _local(_day(1))

    story.released()
    urgent = story.referred(2)
    assert story.live()["D07", urgent, None] == START + timedelta(hours=24)


def test_a_date_that_moves_closer_shortens_the_time_to_answer_from_then(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    referral_id = story.referred(1)
    story.after(days=1)
    story.scheduled(10)

    assert story.live()["D07", referral_id, None] == _local(_day(2))


def test_a_date_that_moves_away_leaves_the_time_to_answer_as_it_was_told(story: Story) -> None:
    story.opened().scheduled(20).consented().planned()
    referral_id = story.referred(1)
    before = story.live()["D07", referral_id, None]
    story.after(hours=2)
    story.scheduled(90)

    assert story.live()["D07", referral_id, None] == before


def test_a_release_makes_an_open_offer_urgent(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    referral_id = story.referred(1)
    story.after(hours=5)
    story.released()

    assert story.live()["D07", referral_id, None] == story.now + timedelta(hours=24)


@pytest.mark.parametrize("answer", ["accept", "decline"])
def test_an_answer_keeps_the_promise(story: Story, answer: str) -> None:
    story.opened().scheduled(60).consented().planned()
    referral_id = story.referred(1)
    if answer == "accept":
        story.must(rc.AcceptReferral(referral_id=referral_id), *ONE)
    else:
        no = rc.DeclineReferral(referral_id=referral_id, reason_code="conflict")
        story.must(no, *ONE)

    change = story.events(re.DeadlinesChanged)[-1]
    assert [(key.code, key.referral_id) for key in change.met] == [("D07", referral_id)]


def test_an_offer_taken_back_drops_the_promise(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    cancel = rc.CancelReferral(referral_id=story.referred(1), reason_code="duplicate")
    story.must(cancel, "kg-31", "prison-psych")

    change = story.events(re.DeadlinesChanged)[-1]
    assert (len(change.met), [key.code for key in change.dropped]) == (0, ["D07"])


def test_silence_expires_the_offer_and_the_next_receiver_is_asked(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    first = story.referred(1)
    story.after(days=8)

    assert [event.referral_id for event in story.events(re.ReferralExpired)] == [first]
    sent = story.events(re.ReferralSent)[-1]
    assert (sent.receiver, sent.after_referral_id) == ("ngo-two", first)
    assert _missed(story) == ["D07"]


def test_silence_of_all_leaves_a_task_and_then_an_alarm(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    story.referred(1)
    story.after(days=20)

    assert len(story.events(re.RerouteNeeded)) == 1
    assert _missed(story) == ["D07", "D07", "D08"]
    assert _raised(story) == [("D08", None, 2, "protocol-coordinator", None)]


def test_a_new_offer_keeps_the_promise_to_reroute_and_clears_its_alarm(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    story.referred(1)
    story.after(days=20)
    other = {"party": "ngo-nine", "receiver_type": "ngo"}
    story.must(rc.SendReferral.model_validate({"item": 1, "receiver": other}), *COORD)

    assert len(story.events(re.EscalationCleared)) == 1
    assert story.alarms() == []


# -- D11b: the date passed without a word --------------------------------------------------------


def test_a_date_that_passes_without_a_word_alarms_the_facility_and_the_coordinator(
    story: Story,
) -> None:
    story.opened().scheduled(10).consented()
    assert story.live()["D11b", None, None] == _local(_day(11))

    story.after(days=12)
    assert _raised(story) == [
        ("D11b", None, 1, "prison-admin", None),
        ("D11b", None, 2, "protocol-coordinator", None),
    ]


def test_without_consent_only_the_facility_is_alarmed(story: Story) -> None:
    story.opened().scheduled(10)
    story.after(days=12)

    assert _raised(story) == [("D11b", None, 1, "prison-admin", None)]


def test_a_new_date_is_a_new_promise_and_clears_the_alarm_about_the_old(story: Story) -> None:
    story.opened().scheduled(10).consented()
    story.after(days=12)
    story.scheduled(5)

    assert story.alarms() == []
    assert story.live()["D11b", None, None] == _local(_day(18))
    story.after(days=7)
    assert len(_raised(story)) == 4


def test_no_date_no_promise_about_it(story: Story) -> None:
    story.opened().scheduled(10).consented()
    story.must(facts.ReleaseRescheduled(), *PRISON)

    assert story.live() == {}


# -- D15, D17: the first days --------------------------------------------------------------------


@pytest.fixture
def released(story: Story) -> Story:
    story.opened().scheduled(60).consented().planned()
    story.accepted(1)
    story.after(days=60)
    return story.released()


def test_each_receiver_confirms_within_four_hours_that_it_knows(released: Story) -> None:
    referral_id = released.release.own.referrals[0].id
    assert released.live()["D15", referral_id, None] == released.now + timedelta(hours=4)

    released.after(hours=4)
    assert _raised(released) == [("D15", None, 2, "protocol-coordinator", None)]
    released.must(rc.AcknowledgeRelease(referral_id=referral_id), *ONE)
    assert released.alarms() == []


@pytest.mark.parametrize("how", ["book", "attend", "outreach"])
def test_who_acts_on_the_release_has_shown_that_it_knows(released: Story, how: str) -> None:
    referral_id = released.release.own.referrals[0].id
    commands: dict[str, Any] = {
        "book": rc.BookAppointment(
            referral_id=referral_id, appointment_at=released.now + timedelta(hours=9)
        ),
        "attend": rc.RecordAttendance(referral_id=referral_id),
        "outreach": rc.RecordOutreach(referral_id=referral_id, means="phone", result="not-reached"),
    }
    released.must(commands[how], *ONE)

    assert "D15" not in _codes(released)
    assert any(key.code == "D15" for c in released.events(re.DeadlinesChanged) for key in c.met)


def test_a_release_that_nobody_took_on_is_the_coordinators_at_once(story: Story) -> None:
    story.opened().consented().released()
    assert story.live()["D15", None, None] == story.now

    story.after(minutes=1)
    assert _raised(story) == [("D15", None, 2, "protocol-coordinator", None)]


def test_probation_alone_is_nobody_who_took_it_on(story: Story) -> None:
    story.opened().consented().planned()
    story.accepted(3, "probation-one", "probation")
    story.released()

    assert ("D15", None, None) in story.live()


def test_two_days_without_contact_alarm_the_receiver_three_the_coordinator(
    released: Story,
) -> None:
    released.until(released.now + timedelta(hours=47))
    assert "D17" not in _missed(released)

    released.after(hours=1)
    assert _raised(released)[-1] == ("D17", 48, 1, "ngo", "ngo-one")
    released.after(hours=24)
    assert _raised(released)[-1] == ("D17", 72, 2, "protocol-coordinator", None)


def test_where_no_receiver_is_there_to_be_alarmed_the_coordinator_is(story: Story) -> None:
    story.opened().consented().released()
    story.after(hours=48)

    assert _raised(story)[-1] == ("D17", 48, 2, "protocol-coordinator", None)


def test_an_acceptance_is_no_contact(story: Story) -> None:
    story.opened().consented().planned().released()
    story.accepted(1)

    assert ("D17", None, 48) in story.live()


def test_contact_keeps_the_promise_and_clears_the_alarms(released: Story) -> None:
    released.after(hours=73)
    assert {alarm.code for alarm in released.alarms()} == {"D15", "D17"}
    released.attended(released.release.own.referrals[0].id)

    assert released.alarms() == []


def test_seventy_two_hours_after_any_release_there_is_a_contact_or_an_open_alarm(
    released: Story,
) -> None:
    released.after(hours=72)
    [one] = [alarm for alarm in released.alarms() if (alarm.code, alarm.step) == ("D17", 72)]
    assert not one.acknowledged

    released.must(rc.AcknowledgeEscalation(escalation_id=one.id), *COORD)
    released.after(days=20)
    [still] = [alarm for alarm in released.alarms() if alarm.id == one.id]
    assert still.acknowledged


def test_a_release_that_is_told_late_is_due_from_when_it_happened(story: Story) -> None:
    story.opened().consented().planned()
    story.accepted(1)
    happened = story.now
    story.after(hours=60)
    story.released(at=happened)

    assert story.live()["D17", None, 48] == happened + timedelta(hours=48)
    story.after(minutes=1)
    assert ("D17", 48, 1, "ngo", "ngo-one") in _raised(story)


# -- D18: after a missed appointment -------------------------------------------------------------


def _missed_appointment(story: Story) -> Any:
    referral_id = story.release.own.referrals[0].id
    at = story.now + timedelta(hours=1)
    story.must(rc.BookAppointment(referral_id=referral_id, appointment_at=at), *ONE)
    story.after(hours=1)
    story.must(rc.ReportMissedAppointment(referral_id=referral_id), *ONE)
    return referral_id


def test_a_missed_appointment_wants_outreach_in_a_day_and_three_attempts_in_a_week(
    released: Story,
) -> None:
    referral_id = _missed_appointment(released)
    live = released.live()
    assert live["D18", referral_id, 1] == released.now + timedelta(hours=24)
    assert live["D18", referral_id, 3] == _local(released.now.date() + timedelta(days=7))

    for done in range(1, 4):
        released.must(
            rc.RecordOutreach(referral_id=referral_id, means="phone", result="not-reached"),
            *ONE,
        )
        assert ("D18", referral_id, 1) not in released.live()
        assert (("D18", referral_id, 3) in released.live()) == (done < 3)


def test_no_outreach_alarms_the_receiver(released: Story) -> None:
    _missed_appointment(released)
    released.after(hours=25)

    assert ("D18", 1, 1, "ngo", "ngo-one") in _raised(released)


def test_a_visit_in_custody_that_was_missed_wants_no_outreach(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    story.accepted(1)
    _missed_appointment(story)

    assert "D18" not in _codes(story)


# -- D19, D21, D22: follow-up --------------------------------------------------------------------


def test_one_check_is_promised_at_a_time(released: Story) -> None:
    released_on = released.now.date()
    promised = []
    for day in (7, 14, 21, 28, 30, 90, 180):
        checks = {k: v for k, v in released.live().items() if k[0] in ("D19", "D21")}
        promised += [(code, step, due) for (code, _, step), due in checks.items()]
        released.now = _local(released_on + timedelta(days=day), 12)
        released.must(
            rc.CheckFollowUp(
                referral_id=released.release.own.referrals[0].id,
                checkpoint_day=day,
                contact_kind="visit",
                still_engaged=True,
            ),
            *ONE,
        )

    assert promised == [
        ("D21" if day in (30, 90, 180) else "D19", day, _local(released_on + timedelta(days=day)))
        for day in (7, 14, 21, 28, 30, 90, 180)
    ]
    assert "D21" not in _codes(released)


def test_a_missed_check_alarms_the_receiver_and_a_later_one_clears_it(released: Story) -> None:
    released.attended(released.release.own.referrals[0].id)
    released.after(days=8)
    assert _raised(released)[-1] == ("D19", 7, 1, "ngo", "ngo-one")
    assert ("D19", None, 14) in released.live()

    released.after(days=6)
    released.must(
        rc.CheckFollowUp(
            referral_id=released.release.own.referrals[0].id,
            checkpoint_day=14,
            contact_kind="phone",
            still_engaged=True,
        ),
        *ONE,
    )
    assert released.alarms() == []


def test_day_30_without_contact_is_a_loss_where_people_tried(released: Story) -> None:
    referral_id = released.release.own.referrals[0].id
    for means in ("phone", "visit", "phone"):
        released.after(days=2)
        released.must(
            rc.RecordOutreach.model_validate(
                {"referral_id": referral_id, "means": means, "result": "not-reached"}
            ),
            *ONE,
        )
    released.after(days=30)

    [lost] = released.events(re.ContactLost)
    assert (lost.attempts, lost.last_contact_at) == (3, None)
    assert "D19" not in _codes(released)
    assert "D21" not in _codes(released)


def test_day_30_without_contact_and_without_attempts_is_an_alarm(released: Story) -> None:
    released.after(days=31)

    assert released.events(re.ContactLost) == []
    assert ("D22", 30, 2, "protocol-coordinator", None) in _raised(released)


@pytest.mark.parametrize("tried", [True, False])
def test_day_180_without_contact_ends_the_case(released: Story, tried: bool) -> None:
    referral_id = released.release.own.referrals[0].id
    for means in ("phone", "visit", "phone") if tried else ():
        released.after(days=2)
        released.must(
            rc.RecordOutreach.model_validate(
                {"referral_id": referral_id, "means": means, "result": "not-reached"}
            ),
            *ONE,
        )
    released.after(days=181)

    assert len(released.events(re.ContactLost)) == 1
    assert len(released.events(re.LossConfirmed)) == 1
    assert released.release.own.person.reason_code == "lost-to-follow-up"


def test_who_comes_back_before_day_180_is_not_lost_for_good(released: Story) -> None:
    referral_id = released.release.own.referrals[0].id
    for means in ("phone", "visit", "phone"):
        released.after(days=2)
        released.must(
            rc.RecordOutreach.model_validate(
                {"referral_id": referral_id, "means": means, "result": "not-reached"}
            ),
            *ONE,
        )
    released.after(days=60)
    released.attended(referral_id)

    assert ("D22", None, 180) not in released.live()
    assert any(key.code == "D22" for c in released.events(re.DeadlinesChanged) for key in c.met)


# -- running, waiving, acknowledging -------------------------------------------------------------


def test_deadlines_take_effect_in_the_order_in_which_they_fell_due(story: Story) -> None:
    story.opened().consented().planned().released()
    story.referred(1)
    story.now += timedelta(days=60)
    story.must(rc.RunDeadlines(as_of=story.now), None, "system")

    due = [event.due_at for event in story.events(re.DeadlineMissed)]
    assert due == sorted(due)
    assert len(due) > 6


def test_nothing_falls_due_before_its_time(released: Story) -> None:
    ahead = rc.RunDeadlines(as_of=released.now + timedelta(days=300))

    assert released.tell(ahead, None, "system") == Decided(())


def test_running_deadlines_twice_says_nothing_new(released: Story) -> None:
    released.after(hours=80)
    again = rc.RunDeadlines(as_of=released.now)

    assert released.tell(again, None, "system") == Decided(())


def test_while_something_is_undecided_people_are_told_and_nothing_ends(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    referral_id = story.referred(1)
    story.now += timedelta(days=9)
    only = rc.RunDeadlines(as_of=story.now, escalate_only=True)
    story.must(only, None, "system")

    assert _raised(story) == [("D07", None, 2, "protocol-coordinator", None)]
    assert story.events(re.ReferralExpired) == []
    assert ("D07", referral_id, None) in story.live()
    assert story.tell(only, None, "system") == Decided(())

    story.must(rc.RunDeadlines(as_of=story.now), None, "system")
    assert len(story.events(re.ReferralExpired)) == 1
    assert story.alarms() == []


def test_alarms_that_end_nothing_are_raised_all_the_same(released: Story) -> None:
    released.now += timedelta(hours=49)
    released.must(rc.RunDeadlines(as_of=released.now, escalate_only=True), None, "system")

    assert _missed(released) == ["D15", "D17"]


def test_a_coordinator_waives_a_promise_with_a_reason(released: Story) -> None:
    referral_id = _missed_appointment(released)
    waive = rc.WaiveDeadline(
        code="D18", referral_id=referral_id, step=3, reason_code="done-outside"
    )
    released.must(waive, *COORD)

    assert ("D18", referral_id, 3) not in released.live()
    assert released.tell(waive, *COORD) == Refused("deadline-unknown")
    released.after(days=8)
    assert ("D18", 3, 1, "ngo", "ngo-one") not in _raised(released)


@pytest.mark.parametrize("code", ["D02b", "D02c", "D11b", "D17", "D22"])
def test_promise_one_is_not_waived(released: Story, code: Any) -> None:
    waive = rc.WaiveDeadline(code=code, step=48, reason_code="person-asked")

    assert released.tell(waive, *COORD) == Refused("deadline-not-waivable")


def test_an_alarm_is_acknowledged_by_whom_it_addresses_or_a_coordinator(released: Story) -> None:
    released.after(hours=72)
    [mine] = [a for a in released.alarms() if (a.code, a.step) == ("D17", 48)]
    acknowledge = rc.AcknowledgeEscalation(escalation_id=mine.id)

    assert released.tell(acknowledge, "ngo-two", "ngo") == Refused("escalation-unknown")
    assert released.tell(acknowledge, None, "ngo") == Refused("escalation-unknown")
    released.must(acknowledge, *ONE)
    assert released.tell(acknowledge, *ONE) == Decided(())
    [said] = released.events(re.EscalationAcknowledged)
    assert (said.by_role, said.by_party) == ("ngo", "ngo-one")

    [other] = [a for a in released.alarms() if (a.code, a.step) == ("D17", 72)]
    released.must(rc.AcknowledgeEscalation(escalation_id=other.id), *COORD)
    gone = rc.AcknowledgeEscalation(escalation_id=UUID(int=12345678))
    assert released.tell(gone, *COORD) == Refused("escalation-unknown")


def test_nothing_lives_once_the_case_is_closed(released: Story) -> None:
    released.must(ic.WithdrawConsent(received_how="sms"), *ONE)

    assert released.live() == {}
    assert HALF.next_due_at(released.release) is None
