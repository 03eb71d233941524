"""One person's way from enrolment to the end of follow-up, and what each step means."""

from datetime import UTC, datetime, timedelta

import pytest

from throughcare.contracts import facts
from throughcare.contracts import release_commands as rc
from throughcare.contracts import release_events as re
from throughcare.protocol.decision import Decided, Held, Refused
from throughcare.protocol.stage import stage_of
from throughcare.tests.protocol.story import OFFER, PLAN, Story

CHECKS = (7, 14, 21, 28, 30, 90, 180)
NGO = ("ngo-one", "ngo")


def _followed_up(story: Story, referral_id: object, days: tuple[int, ...] = CHECKS) -> None:
    released_at = story.release.own.person.released_at
    for day in days:
        story.until(released_at + timedelta(days=day, hours=1))
        story.must(
            rc.CheckFollowUp(
                referral_id=referral_id,  # type: ignore[arg-type]
                checkpoint_day=day,
                contact_kind="visit",
                still_engaged=True,
            ),
            *NGO,
        )


def test_from_the_clean_zone_to_the_end_of_follow_up(story: Story) -> None:
    stages = []

    def here() -> None:
        stages.append(stage_of(story.intake, story.release))

    story.enrolled().scheduled(days=60)
    here()
    story.consented()
    here()
    story.planned()
    here()
    support = story.accepted(1)
    rehab = story.accepted(2, "rehab-one", "rehab-centre")
    here()
    story.must(rc.ConfirmReadiness(kit_gap="no-time"), "kg-31", "prison-health")
    here()
    story.after(days=60)
    story.released()
    here()
    story.after(hours=20)
    story.attended(support)
    here()
    story.after(hours=3)
    story.attended(rehab, "rehab-one", "rehab-centre")
    story.must(
        rc.EngageService(referral_id=rehab, criterion_code="treatment-started"),
        "rehab-one",
        "rehab-centre",
    )
    here()
    _followed_up(story, support)
    story.must(rc.CompleteFollowUp(referral_id=support), *NGO)
    here()

    assert stages == [
        "opened",
        "consented",
        "planned",
        "referring",
        "ready",
        "released",
        "in-contact",
        "follow-up",
        "closed",
    ]
    assert story.release.own.person.reason_code == "completed"
    [contact] = story.events(re.FirstContactMade)
    assert (contact.referral_id, contact.hours_since_release) == (support, 20)
    [engaged] = story.events(re.TreatmentEngaged)
    assert (engaged.referral_id, engaged.days_since_release) == (rehab, 1)
    [released] = story.events(re.PersonReleased)
    assert not released.unplanned


def test_a_case_of_support_alone_reaches_follow_up_and_the_end(story: Story) -> None:
    story.opened().scheduled(30).consented().planned(PLAN[0])
    support = story.accepted(1)
    story.after(days=30)
    story.released().attended(support)
    story.must(rc.EngageService(referral_id=support, criterion_code="second-visit"), *NGO)
    _followed_up(story, support)
    story.must(rc.CompleteFollowUp(referral_id=support), *NGO)

    assert len(story.events(re.TreatmentEngaged)) == 1
    [completed] = story.events(re.FollowUpCompleted)
    assert completed.engaged


def test_who_was_met_and_never_took_part_still_reaches_the_end(story: Story) -> None:
    story.opened().scheduled(30).consented().planned()
    support = story.accepted(1)
    story.after(days=30)
    story.released().attended(support)
    _followed_up(story, support)
    story.must(rc.CompleteFollowUp(referral_id=support), *NGO)

    [completed] = story.events(re.FollowUpCompleted)
    assert not completed.engaged
    assert story.release.own.person.reason_code == "completed"


def test_somebody_who_comes_by_themselves_can_be_followed(story: Story) -> None:
    story.opened(origin="self-presented", facility=None).consented().planned()
    story.must(rc.RecordRelease(), *NGO, at=story.now - timedelta(days=2))
    support = story.accepted(1)
    story.attended(support)

    assert stage_of(story.intake, story.release) == "in-contact"


def test_nothing_is_decided_in_release_before_the_opening_is_heard(story: Story) -> None:
    story.connected = False
    story.opened()

    held = story.tell(facts.PersonReleased(), "kg-gsin", "prison-admin")
    assert held == Held("case-not-heard")

    story.deliver()
    assert isinstance(story.tell(facts.PersonReleased(), "kg-gsin", "prison-admin"), Decided)


def test_a_case_keeps_the_version_of_the_protocol_it_began_under(story: Story) -> None:
    for name, half in story.halves.items():
        assert half.protocol_version(story.states[name]) == ""

    story.opened()

    for name, half in story.halves.items():
        assert half.protocol_version(story.states[name]) == "kg-2026.1"


def test_a_message_that_names_another_version_does_not_change_the_cases(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.opened()
    monkeypatch.setattr("throughcare.tests.protocol.story.VERSION", "kg-1999.1")

    assert isinstance(story.tell(OFFER, "kg-31", "prison-psych"), Decided)


def test_an_unknown_version_of_the_protocol_opens_nothing() -> None:
    story = Story(version="kg-1999.1")

    decision = story.tell(
        facts.ProgrammeEnrolled(programme_code="clean-zone"), "kg-gsin", "prison-admin"
    )

    assert decision == Refused("protocol-version-unknown")


def test_all_due_times_lie_on_whole_hours_where_the_acts_do(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    story.accepted(1)
    story.after(days=60)
    story.released()
    story.after(days=200)

    for change in story.events(re.DeadlinesChanged):
        for put in change.put:
            at: datetime = put.due_at
            assert at.astimezone(UTC).replace(minute=0, second=0, microsecond=0) == at
