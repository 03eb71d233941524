"""Promises after the first days: outreach, checks, loss; and how alarms run and are answered."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from throughcare.contracts import release_commands as rc
from throughcare.contracts import release_events as re
from throughcare.protocol.decision import Decided, Refused
from throughcare.protocol.release import HALF
from throughcare.tests.protocol.story import COORD, ONE, Story, local

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
    assert live["D18", referral_id, 3] == local(released.now.date() + timedelta(days=7))

    for done in range(1, 4):
        released.must(
            rc.RecordOutreach(referral_id=referral_id, means="phone", result="not-reached"),
            *ONE,
        )
        assert ("D18", referral_id, 1) not in released.live()
        assert (("D18", referral_id, 3) in released.live()) == (done < 3)


@pytest.mark.parametrize(("means", "result"), [("visit", "met"), ("phone", "reached")])
def test_who_was_found_need_not_be_looked_for_again(
    released: Story, means: Any, result: Any
) -> None:
    referral_id = _missed_appointment(released)
    released.must(rc.RecordOutreach(referral_id=referral_id, means=means, result=result), *ONE)

    assert ("D18", referral_id, 3) not in released.live()


def test_no_outreach_alarms_the_receiver(released: Story) -> None:
    _missed_appointment(released)
    released.after(hours=25)

    assert ("D18", 1, 1, "ngo", "ngo-one") in released.raised()


def test_a_visit_in_custody_that_was_missed_wants_no_outreach(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    story.accepted(1)
    _missed_appointment(story)

    assert "D18" not in story.codes()


# -- D19, D21, D22: follow-up --------------------------------------------------------------------


def test_one_check_is_promised_at_a_time(released: Story) -> None:
    released_on = released.now.date()
    promised = []
    for day in (7, 14, 21, 28, 30, 90, 180):
        checks = {k: v for k, v in released.live().items() if k[0] in ("D19", "D21")}
        promised += [(code, step, due) for (code, _, step), due in checks.items()]
        released.now = local(released_on + timedelta(days=day), 12)
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
        ("D21" if day in (30, 90, 180) else "D19", day, local(released_on + timedelta(days=day)))
        for day in (7, 14, 21, 28, 30, 90, 180)
    ]
    assert "D21" not in released.codes()


def test_a_missed_check_alarms_the_receiver_and_a_later_one_clears_it(released: Story) -> None:
    released.attended(released.release.own.referrals[0].id)
    released.after(days=8)
    assert released.raised()[-1] == ("D19", 7, 1, "ngo", "ngo-one")
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
    assert "D19" not in released.codes()
    assert "D21" not in released.codes()


def test_day_30_without_contact_and_without_attempts_is_an_alarm(released: Story) -> None:
    released.after(days=31)

    assert released.events(re.ContactLost) == []
    assert ("D22", 30, 2, "protocol-coordinator", None) in released.raised()


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

    assert ("D07", None, 2, "protocol-coordinator", None) in story.raised()
    assert story.events(re.ReferralExpired) == []
    assert ("D07", referral_id, None) in story.live()
    assert story.tell(only, None, "system") == Decided(())

    story.must(rc.RunDeadlines(as_of=story.now), None, "system")
    assert len(story.events(re.ReferralExpired)) == 1
    assert story.alarms() == []


def test_alarms_that_end_nothing_are_raised_all_the_same(released: Story) -> None:
    released.now += timedelta(hours=49)
    released.must(rc.RunDeadlines(as_of=released.now, escalate_only=True), None, "system")

    assert released.missed()[-2:] == ["D15", "D17"]


def test_a_coordinator_waives_a_promise_with_a_reason(released: Story) -> None:
    referral_id = _missed_appointment(released)
    waive = rc.WaiveDeadline(
        code="D18", referral_id=referral_id, step=3, reason_code="done-outside"
    )
    released.must(waive, *COORD)

    assert ("D18", referral_id, 3) not in released.live()
    assert released.tell(waive, *COORD) == Refused("deadline-unknown")
    released.after(days=8)
    assert ("D18", 3, 1, "ngo", "ngo-one") not in released.raised()


@pytest.mark.parametrize(
    "code", ["D02b", "D02c", "D02d", "D07b", "D07c", "D11b", "D17", "D22", "D22b", "D23"]
)
def test_promise_one_is_not_waived(released: Story, code: Any) -> None:
    waive = rc.WaiveDeadline(code=code, step=48, reason_code="person-asked")

    assert released.tell(waive, *COORD) == Refused("deadline-not-waivable")


def test_an_alarm_is_acknowledged_by_whom_it_addresses_or_a_coordinator(released: Story) -> None:
    released.after(hours=72)
    [mine] = [a for a in released.alarms() if (a.code, a.step) == ("D17", 48)]
    acknowledge = rc.AcknowledgeEscalation(escalation_id=mine.id)

    assert released.tell(acknowledge, "ngo-two", "ngo") == Refused("escalation-unknown")
    assert released.tell(acknowledge, "ngo-one", "probation") == Refused("escalation-unknown")
    assert released.tell(acknowledge, None, *COORD[1:]) == Refused("escalation-unknown")
    released.must(acknowledge, *ONE)
    assert released.tell(acknowledge, *ONE) == Decided(())
    [said] = released.events(re.EscalationAcknowledged)
    assert (said.by_role, said.by_party) == ("ngo", "ngo-one")

    [other] = [a for a in released.alarms() if (a.code, a.step) == ("D17", 72)]
    released.must(rc.AcknowledgeEscalation(escalation_id=other.id), *COORD)
    gone = rc.AcknowledgeEscalation(escalation_id=UUID(int=12345678))
    assert released.tell(gone, *COORD) == Refused("escalation-unknown")


def test_nothing_lives_once_the_case_is_closed_but_its_last_day(released: Story) -> None:
    released.must(rc.ReportDeath(), *ONE)

    assert released.codes() == {"D28"}
    assert HALF.next_due_at(released.release) == released.live()["D28", None, None]
