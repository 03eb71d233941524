"""consent-again: a yes given long before the release is asked about anew once somebody met the person."""

from datetime import timedelta
from typing import Any

import pytest

from throughcare.contracts import care_events as ce
from throughcare.contracts import consent_commands as sc
from throughcare.contracts import intake_commands as ic
from throughcare.contracts import release_commands as rc
from throughcare.contracts import release_events as re
from throughcare.contracts.codes import Removal
from throughcare.protocol.calendar import after
from throughcare.protocol.profiles import PROFILES
from throughcare.protocol.release.state import Granted, Lost, Outside
from throughcare.tests.protocol.story import COORD, ONE, PSYCH, REHAB, START, VERSION, Story

KG = PROFILES[VERSION]
KEY = ("consent-again", None, None)


def out(story: Story, days: int) -> Any:
    """Consent on the first day, released so many days later; the referral of the NGO."""
    story.opened().scheduled(days).consented().planned()
    referral = story.accepted(1)
    story.after(days=days)
    story.released()
    return referral


def renewed(days: int = 300) -> sc.RenewConsent:
    last = (START + timedelta(days=days)).date()
    return sc.RenewConsent(expires_on=last, witness_role="ngo", signed_how="ink")


WIDER = sc.WidenConsent(
    added=(REHAB,), language="ru-Cyrl", form_version="f1", witness_role="ngo",
    signed_how="ink",
)  # fmt: skip
LESS = sc.NarrowConsent(removed=(Removal(receiver_type="rehab-centre"),), received_how="phone")
STOP = ic.WithdrawConsent(received_how="in-person")


def kept(story: Story) -> bool:
    return any(
        key.code == "consent-again"
        for change in story.events(re.DeadlinesChanged)
        for key in change.met
    )


def test_who_meets_the_person_has_three_working_days_to_ask_about_an_old_consent(
    story: Story,
) -> None:
    referral = out(story, 61)
    assert "consent-again" not in story.codes()  # nobody who could ask has met them
    story.attended(referral)

    assert story.live()[KEY] == after(KG, story.now, KG.span("consent-again"))


def test_a_consent_of_sixty_days_is_not_asked_about_again(story: Story) -> None:
    story.attended(out(story, 60))

    assert "consent-again" not in story.codes()


def test_the_days_count_from_the_last_yes_and_to_the_release(story: Story) -> None:
    story.opened().scheduled(90).consented().planned()
    referral = story.accepted(1)
    story.after(days=40)
    story.must(renewed(), *PSYCH)
    story.after(days=50)
    story.released().attended(referral)
    story.after(days=20)

    assert "consent-again" not in story.codes()
    assert story.missed().count("consent-again") == 0


def test_part_taken_back_in_custody_makes_no_old_consent_new(story: Story) -> None:
    story.opened().scheduled(90).consented().planned()
    referral = story.accepted(1)
    story.after(days=40)
    story.must(LESS, *PSYCH)
    story.after(days=50)
    story.released().attended(referral)

    assert "consent-again" in story.codes()


@pytest.mark.parametrize("answer", [renewed(), WIDER, LESS], ids=lambda one: one.name)
def test_whatever_the_person_answers_outside_keeps_it(story: Story, answer: Any) -> None:
    story.attended(out(story, 90)).after(hours=3)
    story.must(answer, *ONE)

    assert "consent-again" not in story.codes()
    assert kept(story)
    story.after(days=10)
    assert "consent-again" not in story.missed()


def test_who_says_stop_is_asked_nothing_more(story: Story) -> None:
    story.attended(out(story, 90)).after(hours=3)
    story.must(STOP, *ONE)
    story.after(days=10)

    assert "consent-again" not in {*story.codes(), *story.missed()}


def test_part_taken_back_before_anybody_met_the_person_is_an_answer_as_well(story: Story) -> None:
    referral = out(story, 90)
    story.after(hours=1)
    story.must(LESS, *ONE)
    story.attended(referral)

    assert "consent-again" not in story.codes()


def test_missed_it_alarms_the_coordinator_and_ends_and_stops_nothing(story: Story) -> None:
    referral = out(story, 90)
    story.attended(referral).after(days=8)

    levels = [one for one in story.raised() if one[0] == "consent-again"]
    assert levels == [("consent-again", None, 2, "protocol-coordinator", None)]
    assert isinstance(story.release.heard.consent, Granted)
    assert isinstance(story.release.own.person, Outside)
    assert story.events(ce.PermissionRecalled) == []
    assert story.events(re.ReferralCancelled) == []
    story.must(rc.EngageService(referral_id=referral, criterion_code="plan-signed"), *ONE)

    story.must(renewed(), *ONE)  # late, and it clears the alarm
    assert "consent-again" not in {alarm.code for alarm in story.alarms()}


def test_a_coordinator_may_waive_it(story: Story) -> None:
    story.attended(out(story, 90))
    story.must(rc.WaiveDeadline(code="consent-again", reason_code="done-outside"), *COORD)
    story.after(days=20)

    assert "consent-again" not in story.missed()


def test_whoever_is_lost_is_looked_for_first_and_asked_when_they_come(story: Story) -> None:
    referral = out(story, 90)
    story.attended(referral).after(hours=2)
    for means in ("phone", "visit", "peer"):
        story.after(days=1)
        story.must(
            rc.RecordOutreach.model_validate(
                {"referral_id": referral, "means": means, "result": "not-reached"}
            ),
            *ONE,
        )
    story.must(rc.DeclareContactLost(referral_id=referral), *ONE)
    assert isinstance(story.release.own.person.contact, Lost)
    assert "consent-again" not in story.codes()

    story.after(days=3)
    story.attended(referral)
    assert story.live()[KEY] == after(KG, story.now, KG.span("consent-again"))


def test_who_came_by_themselves_and_said_yes_outside_is_not_asked_twice(story: Story) -> None:
    story.opened(origin="self-presented", facility=None).consented().planned()
    referral = story.accepted(1)
    story.must(rc.RecordRelease(), *ONE, at=story.now - timedelta(days=200))
    story.attended(referral)

    assert "consent-again" not in story.codes()


def test_the_consent_may_stay_as_long_as_it_was(story: Story) -> None:
    story.attended(out(story, 90))
    before = story.live()["D02d", None, None]
    story.must(renewed(300), *ONE)

    assert story.live()["D02d", None, None] == before
    assert "consent-again" not in story.codes()
