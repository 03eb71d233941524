"""Where a case stands for a reader, and who is told what: a party or a role, a template, a time."""

from datetime import date, timedelta
from typing import Any

import pytest

from throughcare.contracts import care_commands as cc
from throughcare.contracts import consent_commands as sc
from throughcare.contracts import facts
from throughcare.contracts import intake_commands as ic
from throughcare.contracts import release_commands as rc
from throughcare.contracts.codes import Removal
from throughcare.contracts.envelope import Message
from throughcare.contracts.release_events import CaseClosed
from throughcare.protocol import notices as rules
from throughcare.protocol.notices import KnownParties, Notice
from throughcare.protocol.stage import Course, follow, stage, stage_of
from throughcare.tests.protocol.story import NGO, OFFER, PSYCH, START, Story, consent

ONE = ("ngo-one", "ngo")
PRISON = ("kg-gsin", "prison-admin")


def _told(messages: list[Message]) -> list[tuple[str, Notice]]:
    """Every notice, with the name of the event it comes from."""
    known, told = KnownParties(), []
    for message in messages:
        told += [(message.data.name, notice) for notice in rules.notices(message, known)]
        known = rules.load(rules.dump(rules.hear(known, message)))
    return told


def _of(story: Story, template: str) -> list[Notice]:
    return [notice for _, notice in _told(story.said) if notice.template == template]


@pytest.fixture
def accepted(story: Story) -> Story:
    story.opened().scheduled(60).consented().planned()
    story.accepted(1)
    return story


# -- the stage -----------------------------------------------------------------------------------


def _both(story: Story) -> tuple[str, str]:
    course = Course()
    for message in story.said:
        course = follow(course, message.data)
    return stage(course), stage_of(story.intake, story.release)


def test_the_stage_of_events_is_the_stage_of_states(accepted: Story) -> None:
    story = accepted
    assert _both(story) == ("referring",) * 2
    story.must(rc.ConfirmReadiness(kit_gap="no-time"), "kg-31", "prison-health")
    assert _both(story) == ("ready",) * 2
    story.must(facts.PersonTransferred(to_facility="kg-27"), *PRISON)
    assert _both(story) == ("referring",) * 2
    story.released()
    assert _both(story) == ("released",) * 2
    for means in ("phone", "visit", "phone"):
        story.after(hours=20)
        outreach = {"means": means, "result": "not-reached"}
        referral_id = story.release.own.referrals[0].id
        story.must(rc.RecordOutreach.model_validate({"referral_id": referral_id, **outreach}), *ONE)
    story.must(rc.DeclareContactLost(referral_id=referral_id), *ONE)
    assert _both(story) == ("lost",) * 2
    story.attended(referral_id)
    assert _both(story) == ("in-contact",) * 2
    story.must(ic.WithdrawConsent(received_how="sms"), *ONE)
    assert _both(story) == ("closed",) * 2


def test_who_said_no_is_closed_for_every_reader_before_release_has_heard(story: Story) -> None:
    story.opened()
    story.connected = False
    story.must(ic.WithdrawConsent(received_how="sms"), *ONE)

    assert _both(story) == ("closed",) * 2


def test_the_streams_may_be_read_one_after_the_other(accepted: Story) -> None:
    accepted.released()
    course = Course()
    for source in ("/services/release", "/services/intake"):
        for message in accepted.said:
            if message.source == source:
                course = follow(course, message.data)

    assert stage(course) == "released"


# -- notices -------------------------------------------------------------------------------------


def test_an_enrolment_asks_the_facility_to_offer_consent(story: Story) -> None:
    story.enrolled()

    assert _told(story.said) == [
        ("case-opened", Notice("consent-to-offer", "prison-psych", facility="kg-31"))
    ]


def test_before_consent_nobody_outside_the_facility_is_told_anything(story: Story) -> None:
    story.enrolled().scheduled(10)
    story.after(days=40)

    assert {(n.to_role, n.to_party) for _, n in _told(story.said)} <= {
        ("prison-psych", None),
        ("prison-admin", None),
    }


def test_an_offer_tells_the_receiver_until_when_to_answer(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    referral_id = story.referred(1)

    assert _of(story, "referral-offered") == [
        Notice("referral-offered", "ngo", "ngo-one", act_by=story.live()["D07", referral_id, None])
    ]


def test_an_answer_goes_back_to_the_facility_and_after_the_release_to_the_coordinator(
    accepted: Story,
) -> None:
    assert _of(accepted, "referral-answered") == [
        Notice("referral-answered", "prison-psych", facility="kg-31")
    ]
    accepted.released()
    accepted.accepted(2, "rehab-one", "rehab-centre")
    assert _of(accepted, "referral-answered")[-1] == Notice(
        "referral-answered", "protocol-coordinator"
    )


def test_a_release_tells_who_accepted_by_when_to_confirm_and_who_was_asked_that_it_is_urgent(
    accepted: Story,
) -> None:
    accepted.referred(2)
    accepted.accepted(3, "probation-one", "probation")
    accepted.released()

    by = accepted.now + timedelta(hours=4)
    assert _of(accepted, "case-urgent") == [
        Notice("case-urgent", "ngo", "ngo-one", act_by=by),
        Notice("case-urgent", "rehab-centre", "rehab-one"),
        Notice("case-urgent", "probation", "probation-one", act_by=by),
    ]


def test_a_moved_date_tells_the_receivers(accepted: Story) -> None:
    accepted.scheduled(30)

    assert _of(accepted, "case-updated") == [Notice("case-updated", "ngo", "ngo-one")]


def test_a_transfer_tells_the_health_service_of_the_new_place(accepted: Story) -> None:
    accepted.must(facts.PersonTransferred(to_facility="kg-27"), *PRISON)

    assert _of(accepted, "case-moved") == [Notice("case-moved", "prison-health", facility="kg-27")]
    assert _of(accepted, "case-left") == [Notice("case-left", "prison-health", facility="kg-31")]


def test_an_alarm_goes_to_whom_it_names(accepted: Story) -> None:
    accepted.until(accepted.now + timedelta(days=62))
    accepted.released()
    accepted.after(hours=73)

    assert set(_of(accepted, "alarm")) == {
        Notice("alarm", "prison-admin", facility="kg-31"),
        Notice("alarm", "protocol-coordinator"),
        Notice("alarm", "ngo", "ngo-one"),
    }


def test_silence_tells_the_receiver_that_the_offer_is_over_and_a_task_the_coordinator(
    story: Story,
) -> None:
    story.opened().scheduled(90).consented().planned()
    story.referred(1)
    story.after(days=20)

    assert [n.to_party for n in _of(story, "referral-ended")] == ["ngo-one", "ngo-two"]
    assert _of(story, "reroute-needed") == [Notice("reroute-needed", "protocol-coordinator")]


def test_an_offer_taken_back_tells_its_receiver(story: Story) -> None:
    story.opened().consented().planned()
    cancel = rc.CancelReferral(referral_id=story.referred(1), reason_code="duplicate")
    story.must(cancel, "kg-31", "prison-psych")
    story.must(facts.PersonDied(), *PRISON)

    assert _of(story, "referral-ended") == [Notice("referral-ended", "ngo", "ngo-one")]
    assert _of(story, "case-closed") == []


@pytest.mark.parametrize("intake_first", [True, False])
def test_a_withdrawal_tells_each_receiver_once_that_permission_ended_in_whatever_order(
    accepted: Story, intake_first: bool
) -> None:
    accepted.accepted(2, "rehab-one", "rehab-centre")
    accepted.referred(3)
    before = len(accepted.said)
    accepted.must(ic.WithdrawConsent(received_how="sms"), *ONE)
    past, end = accepted.said[:before], accepted.said[before:]
    if not intake_first:
        end = sorted(end, key=lambda m: m.source, reverse=True)

    assert [n for _, n in _told(past + end) if n.last_word] == [
        Notice("permission-ended", "ngo", "ngo-one", last_word=True),
        Notice("permission-ended", "rehab-centre", "rehab-one", last_word=True),
        Notice("permission-ended", "probation", "probation-one", last_word=True),
    ]
    assert not any(n.template == "case-closed" for _, n in _told(past + end))


def test_the_end_of_a_case_tells_its_receivers_and_not_why(accepted: Story) -> None:
    before = len(accepted.said)
    accepted.must(facts.PersonDied(died_on=date(2026, 3, 2)), *PRISON)

    told = [notice for name, notice in _told(accepted.said)][len(_told(accepted.said[:before])) :]
    assert told == [Notice("case-closed", "ngo", "ngo-one", last_word=True)]


@pytest.mark.parametrize(
    ("end", "silent"),
    [("no-consent", True), ("consent-refused", True), ("completed", False), ("died", False)],
)
def test_a_case_that_ended_before_anything_was_shared_falls_silent(
    accepted: Story, end: Any, silent: bool
) -> None:
    closed = accepted.said[-1]._replace(data=CaseClosed(reason_code=end))

    assert rules.silences(closed) == silent
    assert (rules.notices(closed, KnownParties()) == ()) or not silent


def test_an_accepted_place_that_is_withdrawn_is_told_to_the_sender(accepted: Story) -> None:
    referral_id = accepted.release.own.referrals[0].id
    accepted.must(rc.WithdrawAcceptance(referral_id=referral_id, reason_code="other"), *ONE)

    assert len(_of(accepted, "referral-answered")) == 2
    accepted.scheduled(20)
    assert [n.to_party for n in _of(accepted, "case-updated")] == ["ngo-two"]


def test_a_facility_named_with_a_date_is_the_one_to_tell(story: Story) -> None:
    story.opened(facility=None)
    on = (story.now + timedelta(days=9)).date()
    story.must(facts.ReleaseScheduled(expected_release_on=on, facility="kg-10"), *PRISON)
    later = on + timedelta(days=1)
    moved = facts.ReleaseRescheduled(expected_release_on=later, facility="kg-11")
    story.must(moved, *PRISON)
    story.after(days=12)

    assert Notice("alarm", "prison-admin", facility="kg-11") in _of(story, "alarm")
    assert {notice.facility for notice in _of(story, "alarm")} == {"kg-11"}


def test_a_date_without_a_facility_leaves_the_one_that_is_known(story: Story) -> None:
    story.opened().scheduled(5)
    story.after(days=7)

    assert {notice.facility for notice in _of(story, "alarm")} == {"kg-31"}


def test_only_the_receiver_whose_referral_ended_is_told_so(accepted: Story) -> None:
    cancel = rc.CancelReferral(referral_id=accepted.referred(2), reason_code="duplicate")
    accepted.must(cancel, "kg-31", "prison-psych")

    assert _of(accepted, "referral-ended") == [
        Notice("referral-ended", "rehab-centre", "rehab-one")
    ]


def test_before_consent_a_release_is_told_to_nobody(story: Story) -> None:
    story.opened().released()
    story.after(hours=1)

    assert _told(story.said) == []


def test_an_opening_that_is_heard_late_does_not_undo_a_transfer(story: Story) -> None:
    story.opened()
    story.must(facts.PersonTransferred(to_facility="kg-27"), *PRISON)
    known = KnownParties()
    for message in reversed(story.said):
        known = rules.hear(known, message)

    assert known.facility == "kg-27"


def test_who_owes_an_answer_is_told_once_that_permission_ended(accepted: Story) -> None:
    accepted.must(ic.WithdrawConsent(received_how="sms"), *ONE)

    assert [n.to_party for n in _of(accepted, "permission-ended")] == ["ngo-one"]
    assert _of(accepted, "case-closed") == []


def test_of_part_of_a_permission_that_ended_only_its_recipient_is_told(accepted: Story) -> None:
    accepted.accepted(2, "rehab-one", "rehab-centre")
    gone = sc.NarrowConsent(removed=(Removal(receiver_type="ngo"),), received_how="sms")
    accepted.must(gone, *ONE)

    told = Notice("permission-ended", "ngo", "ngo-one", last_word=True)
    assert _of(accepted, "permission-ended") == [told]


def test_who_gave_a_place_up_before_is_told_as_well(accepted: Story) -> None:
    one = accepted.release.own.referrals[0].id
    accepted.must(rc.WithdrawAcceptance(referral_id=one, reason_code="other"), *ONE)
    accepted.must(ic.WithdrawConsent(received_how="sms"), *ONE)

    told = {n.to_party for n in _of(accepted, "permission-ended")}
    assert told == {"ngo-one", "ngo-two"}


def test_a_consent_that_ran_out_ends_permission_and_says_so_once(story: Story) -> None:
    until = (START + timedelta(days=100)).date()
    story.opened().must(OFFER, *PSYCH)
    story.must(consent(NGO, expires_on=until), *PSYCH)
    accepted = story.planned()
    accepted.accepted(1)
    accepted.released()
    accepted.attended(accepted.release.own.referrals[0].id)
    accepted.until(accepted.now + timedelta(days=105))

    assert [n.to_party for n in _of(accepted, "permission-ended")] == ["ngo-one"]
    assert _of(accepted, "case-closed") == []


def test_what_recipients_owe_is_an_alarm_also_after_the_end(accepted: Story) -> None:
    accepted.must(ic.WithdrawConsent(received_how="sms"), *ONE)
    accepted.after(hours=25)

    assert _of(accepted, "alarm")[-1] == Notice("alarm", "protocol-coordinator", last_word=True)


def test_a_reminder_says_by_when_to_whose_turn_it_is(story: Story) -> None:
    story.opened().scheduled(60).consented()
    due = story.live()["D03", None, None]
    story.after(days=16)

    assert _of(story, "reminder") == [Notice("reminder", "prison-psych", None, "kg-31", due)]


def test_a_receiver_is_reminded_as_the_party_it_is(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    one = story.referred(1)
    due = story.live()["D07", one, None]
    story.after(days=4)

    assert Notice("reminder", "ngo", "ngo-one", act_by=due) in _of(story, "reminder")


def test_whoever_holds_a_place_is_asked_to_give_it_back(accepted: Story) -> None:
    one = accepted.release.own.referrals[0].id
    cancel = rc.CancelReferral(referral_id=one, reason_code="person-asked")
    accepted.must(cancel, "kg-31", "prison-psych")

    assert _of(accepted, "cancellation-to-confirm") == [
        Notice("cancellation-to-confirm", "ngo", "ngo-one")
    ]


def test_a_waiting_place_is_offered_again_to_who_offered_it(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    one = story.referred(1)
    on = (story.now + timedelta(days=20)).date()
    story.must(
        rc.DeclineReferral(referral_id=one, reason_code="no-capacity", waiting_from=on), *ONE
    )
    story.must(cc.WaitForPlace(referral_id=one), "kg-31", "prison-psych")
    due = story.live()["D07", one, None]

    assert _of(story, "referral-offered")[-1] == Notice(
        "referral-offered", "ngo", "ngo-one", act_by=due
    )
    story.must(ic.WithdrawConsent(received_how="sms"), *ONE)
    assert [n.to_party for n in _of(story, "permission-ended")] == ["ngo-one"]


def test_the_end_of_a_service_is_told_to_who_sent_the_person(accepted: Story) -> None:
    one = accepted.release.own.referrals[0].id
    accepted.attended(one)
    accepted.must(cc.EndService(referral_id=one, outcome_code="left"), *ONE)

    assert _of(accepted, "referral-answered")[-1].to_role == "prison-psych"
