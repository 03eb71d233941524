"""Promises: when each is due, what keeps it, and what happens where nobody does.

No release is forgotten: promise 1 stands here as tests.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from throughcare.contracts import facts
from throughcare.contracts import release_commands as rc
from throughcare.contracts import release_events as re
from throughcare.tests.protocol.story import COORD, ONE, PRISON, START, Story, day_after, local

# -- D02b, D02c: cases without consent -----------------------------------------------------------


def test_an_enrolment_that_nobody_followed_by_asking_is_forgotten_after_30_days(
    story: Story,
) -> None:
    story.enrolled()
    assert story.live()["D02b", None, None] == local(day_after(30))

    story.after(days=31)
    assert story.release.own.person.reason_code == "no-consent"
    assert story.now == START + timedelta(days=31)


def test_consent_keeps_the_case_of_an_enrolment(story: Story) -> None:
    story.enrolled().consented()

    met = [key.code for c in story.events(re.DeadlinesChanged) for key in c.met]
    assert met == ["D02", "D02b"]
    story.after(days=40)
    assert story.events(re.CaseClosed) == []


def test_a_case_opened_by_a_person_waits_for_consent_without_a_limit(story: Story) -> None:
    story.opened()
    story.after(days=300)

    assert story.live() == {}
    assert story.events(re.CaseClosed) == []


def test_a_case_released_before_consent_closes_at_once(story: Story) -> None:
    story.opened().released()

    assert story.live() == {("D02c", None, None): START}


# -- D07, D08: answers ---------------------------------------------------------------------------


def test_an_answer_is_due_in_five_working_days(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    referral_id = story.referred(1)

    # Monday 2 March; Sunday 8 March is a holiday that falls on a weekend.
    assert story.live()["D07", referral_id, None] == local(date(2026, 3, 9))


def test_working_days_skip_holidays(story: Story) -> None:
    story.now = datetime(2026, 4, 30, 3, tzinfo=UTC)  # Thursday before the first of May
    story.opened().scheduled(60).consented().planned()
    referral_id = story.referred(1)

    # 1 and 5 May are holidays, 2, 3 and 9 May weekend: 4, 6, 7, 8 and 11 May count.
    assert story.live()["D07", referral_id, None] == local(date(2026, 5, 11))


def test_near_the_release_an_answer_is_due_next_day_and_in_the_last_days_in_24_hours(
    story: Story,
) -> None:
    story.opened().scheduled(20).consented().planned()
    short = story.referred(1)
    assert story.live()["D07", short, None] == local(day_after(1))

    story.released()
    urgent = story.referred(2)
    assert story.live()["D07", urgent, None] == START + timedelta(hours=24)


def test_a_date_that_moves_closer_shortens_the_time_to_answer_from_then(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    referral_id = story.referred(1)
    story.after(days=1)
    story.scheduled(10)

    assert story.live()["D07", referral_id, None] == local(day_after(2))


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
    assert {(key.code, key.referral_id) for key in change.met} == {
        ("D06", referral_id),
        ("D07", referral_id),
    }


def test_an_offer_taken_back_drops_the_promise(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    cancel = rc.CancelReferral(referral_id=story.referred(1), reason_code="duplicate")
    story.must(cancel, "kg-31", "prison-psych")

    change = story.events(re.DeadlinesChanged)[-1]
    assert (len(change.met), {key.code for key in change.dropped}) == (0, {"D06", "D07"})


def test_silence_expires_the_offer_and_the_next_receiver_is_asked(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    first = story.referred(1)
    story.after(days=8)

    assert [event.referral_id for event in story.events(re.ReferralExpired)] == [first]
    sent = story.events(re.ReferralSent)[-1]
    assert (sent.receiver, sent.after_referral_id) == ("ngo-two", first)
    assert story.missed() == ["D06", "D07"]


def test_silence_of_all_leaves_a_task_and_then_an_alarm(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    story.referred(1)
    story.after(days=20)

    assert len(story.events(re.RerouteNeeded)) == 1
    assert story.missed() == ["D06", "D07", "D06", "D07", "D08"]
    assert story.raised()[-1] == ("D08", None, 2, "protocol-coordinator", None)


def test_an_offer_for_another_item_does_not_keep_the_promise_to_reroute(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    decline = {"reason_code": "no-capacity"}
    first = story.referred(1)
    story.must(rc.DeclineReferral.model_validate({"referral_id": first, **decline}), *ONE)
    last = story.release.own.referrals[-1].id
    no = rc.DeclineReferral.model_validate({"referral_id": last, **decline})
    story.must(no, "ngo-two", "ngo")
    story.referred(2)

    assert ("D08", last, None) in story.live()
    assert ("D08", first, None) not in story.live()


def test_a_new_offer_keeps_the_promise_to_reroute_and_clears_its_alarm(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    story.referred(1)
    story.after(days=20)
    assert [alarm.code for alarm in story.alarms()] == ["D08"]
    other = {"party": "ngo-nine", "receiver_type": "ngo"}
    story.must(rc.SendReferral.model_validate({"item": 1, "receiver": other}), *COORD)

    assert story.alarms() == []


# -- D11b: the date passed without a word --------------------------------------------------------


def test_a_date_that_passes_without_a_word_alarms_the_facility_and_the_coordinator(
    story: Story,
) -> None:
    story.opened().scheduled(10).consented()
    assert story.live()["D11b", None, None] == local(day_after(11))

    story.after(days=12)
    assert [alarm for alarm in story.raised() if alarm[0] == "D11b"] == [
        ("D11b", None, 1, "prison-admin", None),
        ("D11b", None, 2, "protocol-coordinator", None),
    ]


def test_without_consent_only_the_facility_is_alarmed(story: Story) -> None:
    story.opened().scheduled(10)
    story.after(days=12)

    assert {(code, role) for code, _, _, role, _ in story.raised()} == {
        ("D01", "prison-psych"),
        ("D02", "prison-psych"),
        ("D11b", "prison-admin"),
    }


def test_a_new_date_is_a_new_promise_and_clears_the_alarm_about_the_old(story: Story) -> None:
    story.opened().scheduled(10).consented()
    story.after(days=12)
    story.scheduled(5)

    assert story.alarms() == []
    assert story.live()["D11b", None, None] == local(day_after(18))
    story.after(days=7)
    assert len([alarm for alarm in story.raised() if alarm[0] == "D11b"]) == 4


def test_no_date_no_promise_about_it(story: Story) -> None:
    story.opened().scheduled(10).consented()
    story.must(facts.ReleaseRescheduled(), *PRISON)

    assert story.codes() == {"D02d"}


# -- D15, D17: the first days --------------------------------------------------------------------


def test_each_receiver_confirms_within_four_hours_that_it_knows(released: Story) -> None:
    referral_id = released.release.own.referrals[0].id
    assert released.live()["D15", referral_id, None] == released.now + timedelta(hours=4)

    released.after(hours=4)
    assert released.raised()[-1] == ("D15", None, 2, "protocol-coordinator", None)
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

    assert "D15" not in released.codes()
    assert any(key.code == "D15" for c in released.events(re.DeadlinesChanged) for key in c.met)


def test_a_release_that_nobody_took_on_is_the_coordinators_at_once(story: Story) -> None:
    story.opened().consented().released()
    assert story.live()["D15", None, None] == story.now

    story.after(minutes=1)
    assert story.raised() == [("D15", None, 2, "protocol-coordinator", None)]


def test_only_care_receivers_have_to_confirm_that_they_know(story: Story) -> None:
    story.opened().consented().planned()
    care = story.accepted(1)
    story.accepted(3, "probation-one", "probation")
    story.released()

    assert [key for key in story.live() if key[0] == "D15"] == [("D15", care, None)]


def test_probation_alone_is_nobody_who_took_it_on(story: Story) -> None:
    story.opened().consented().planned()
    story.accepted(3, "probation-one", "probation")
    story.released()

    assert ("D15", None, None) in story.live()


def test_two_days_without_contact_alarm_the_receiver_three_the_coordinator(
    released: Story,
) -> None:
    released.until(released.now + timedelta(hours=47))
    assert "D17" not in released.missed()

    released.after(hours=1)
    assert released.raised()[-1] == ("D17", 48, 1, "ngo", "ngo-one")
    released.after(hours=24)
    assert released.raised()[-1] == ("D17", 72, 2, "protocol-coordinator", None)


def test_where_no_receiver_is_there_to_be_alarmed_the_coordinator_is(story: Story) -> None:
    story.opened().consented().released()
    story.after(hours=48)

    assert story.raised()[-1] == ("D17", 48, 2, "protocol-coordinator", None)


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
    assert ("D17", 48, 1, "ngo", "ngo-one") in story.raised()
