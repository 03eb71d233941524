"""What the prison says: dates, transfers, the release, in whatever order it arrives."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import pytest

from throughcare.contracts import facts
from throughcare.contracts import intake_commands as ic
from throughcare.contracts import release_commands as rc
from throughcare.contracts import release_events as re
from throughcare.contracts.kinds import Fact
from throughcare.protocol.decision import Decided, Refused, Superseded
from throughcare.protocol.stage import stage_of
from throughcare.tests.protocol.story import NGO, OFFER, START, Story, consent

PRISON = ("kg-gsin", "prison-admin")
OLD = Superseded("older-than-applied")


def _on(days: int) -> date:
    return (START + timedelta(days=days)).date()


def test_the_first_date_is_set_and_the_next_changes_it(story: Story) -> None:
    story.opened().scheduled(60)
    story.scheduled(40)
    story.must(facts.ReleaseRescheduled(expected_release_on=_on(70)), *PRISON)
    story.must(facts.ReleaseRescheduled(), *PRISON)

    assert [
        event.name
        for event in story.events()
        if event.name.startswith(("release-sch", "release-resch"))
    ] == [
        "release-scheduled",
        *["release-rescheduled"] * 3,
    ]
    changes = story.events(re.ReleaseRescheduled)
    assert [change.change for change in changes] == ["brought-forward", "postponed", "cancelled"]


@pytest.mark.parametrize("kind", [facts.ReleaseScheduled, facts.ReleaseRescheduled])
def test_the_same_date_again_says_nothing_new(story: Story, kind: type[Fact]) -> None:
    story.opened().scheduled(60)

    same = kind.model_validate({"expected_release_on": _on(60)})

    assert story.tell(same, *PRISON) == Decided(())


def test_the_opening_may_bring_the_date(story: Story) -> None:
    story.opened(expected_release_on=_on(50))

    [said] = story.events(re.ReleaseScheduled)
    assert said.expected_release_on == _on(50)


@pytest.mark.parametrize("kind", [facts.ReleaseScheduled, facts.ReleaseRescheduled])
def test_a_date_before_the_day_it_was_said_is_refused(story: Story, kind: type[Fact]) -> None:
    story.opened()
    past = kind.model_validate({"expected_release_on": _on(-1)})
    today = kind.model_validate({"expected_release_on": _on(0)})

    assert story.tell(past, *PRISON) == Refused("release-date-in-the-past")
    assert isinstance(story.tell(today, *PRISON), Decided)


@pytest.mark.parametrize("kind", [facts.ReleaseScheduled, facts.ReleaseRescheduled])
def test_an_older_date_is_superseded(story: Story, kind: type[Fact]) -> None:
    story.opened().scheduled(60)
    earlier = kind.model_validate({"expected_release_on": _on(90)})

    assert story.tell(earlier, *PRISON, at=START - timedelta(hours=1)) == OLD


def test_facts_lead_to_the_same_state_in_any_order_of_arrival() -> None:
    said = [
        (facts.ReleaseScheduled(expected_release_on=_on(60)), 1),
        (facts.ReleaseRescheduled(expected_release_on=_on(50)), 2),
        (facts.PersonTransferred(to_facility="kg-27"), 3),
        (facts.PersonTransferred(to_facility="kg-10"), 4),
        (facts.PersonReleased(), 5),
    ]
    ends = set()
    for order in permutations(said):
        story = Story().opened().consented()
        story.now += timedelta(days=1)
        for fact, hour in order:
            story.tell(fact, *PRISON, at=START + timedelta(hours=hour))
        person = story.release.own.person
        ends.add((type(person).__name__, person.released_at))

    assert ends == {("Outside", START + timedelta(hours=5))}


def test_a_transfer_moves_the_case_and_loses_readiness(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    story.accepted(1)
    story.must(rc.ConfirmReadiness(kit_gap="no-time"), "kg-31", "prison-health")
    story.must(facts.PersonTransferred(to_facility="kg-27", medicines_moved=False), *PRISON)

    [moved] = story.events(re.PersonTransferred)
    assert (moved.from_facility, moved.to_facility) == ("kg-31", "kg-27")
    [lost] = story.events(re.ReadinessLost)
    assert lost.reason_code == "transferred"
    assert story.release.own.person.gaps is None


def test_a_transfer_of_who_was_not_ready_loses_nothing(story: Story) -> None:
    story.opened()
    moved = facts.PersonTransferred(to_facility="kg-27", from_facility="kg-5")
    story.must(moved, *PRISON)

    assert story.events(re.ReadinessLost) == []
    [said] = story.events(re.PersonTransferred)
    assert said.from_facility == "kg-5"


def test_who_was_moved_can_be_moved_back(story: Story) -> None:
    story.opened()
    story.must(facts.PersonTransferred(to_facility="kg-27"), *PRISON)
    again = facts.PersonTransferred(to_facility="kg-27")
    assert story.tell(again, *PRISON) == Decided(())

    story.must(facts.PersonTransferred(to_facility="kg-31"), *PRISON)
    assert [e.to_facility for e in story.events(re.PersonTransferred)] == ["kg-27", "kg-31"]


def test_a_transfer_to_where_the_person_is_says_nothing_new(story: Story) -> None:
    story.opened()

    assert story.tell(facts.PersonTransferred(to_facility="kg-31"), *PRISON) == Decided(())


def test_an_older_transfer_is_superseded(story: Story) -> None:
    story.opened()
    story.must(facts.PersonTransferred(to_facility="kg-27"), *PRISON)

    earlier = facts.PersonTransferred(to_facility="kg-10")

    assert story.tell(earlier, *PRISON, at=START - timedelta(hours=1)) == OLD


def test_a_release_without_readiness_is_unplanned(story: Story) -> None:
    story.opened().consented().released()

    [released] = story.events(re.PersonReleased)
    assert released.unplanned


def test_the_release_counts_from_when_it_happened(story: Story) -> None:
    story.opened().consented()
    happened = story.now
    story.after(hours=10)
    story.released(at=happened)

    [released] = story.events(re.PersonReleased)
    assert (released.released_at, released.known_at) == (happened, story.now)


def test_a_second_word_of_the_release_says_nothing_new_and_an_earlier_one_is_superseded(
    story: Story,
) -> None:
    story.opened().consented().released()
    again = facts.PersonReleased()

    assert story.tell(again, *PRISON) == Decided(())
    assert story.tell(again, *PRISON, at=START - timedelta(hours=1)) == OLD


@pytest.mark.parametrize(
    "fact",
    [
        facts.ReleaseScheduled(expected_release_on=_on(60)),
        facts.ReleaseRescheduled(expected_release_on=_on(60)),
        facts.PersonTransferred(to_facility="kg-27"),
    ],
)
def test_custody_facts_end_with_the_release(story: Story, fact: Fact) -> None:
    story.opened().consented().released()

    assert story.tell(fact, *PRISON) == Refused("person-already-released")
    assert story.tell(fact, *PRISON, at=START - timedelta(hours=1)) == OLD


def test_a_release_before_consent_closes_the_case(story: Story) -> None:
    story.opened().released()
    story.after(hours=1)

    assert len(story.events(re.PersonReleasedBeforeConsent)) == 1
    assert story.release.own.person.reason_code == "released-before-consent"
    assert story.events(re.PersonReleased) == []


def test_consent_that_was_on_its_way_at_the_release_still_counts(story: Story) -> None:
    story.opened()
    story.must(OFFER, "kg-31", "prison-psych")
    story.connected = False
    story.must(consent(NGO), "kg-31", "prison-psych")
    story.released()  # release has not heard the consent yet
    story.deliver()

    [released] = story.events(re.PersonReleased)
    assert (released.released_at, released.unplanned) == (START, True)
    story.after(hours=2)
    assert not any(event.name == "case-closed" for event in story.events())


def test_word_of_the_release_is_repeated_before_the_case_is_closed(story: Story) -> None:
    story.opened().released()

    assert story.tell(facts.PersonReleased(), *PRISON) == Decided(())
    moved = facts.PersonTransferred(to_facility="kg-27")
    assert story.tell(moved, *PRISON) == Refused("person-already-released")


def test_a_death_closes_the_case_and_cancels_what_is_open(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    referral_id = story.accepted(1)
    story.must(facts.PersonDied(died_on=_on(0)), *PRISON)

    assert [event.name for event in story.events()][-4:] == [
        "person-died",
        "referral-cancelled",
        "case-closed",
        "deadlines-changed",
    ]
    [cancelled] = story.events(re.ReferralCancelled)
    assert (cancelled.referral_id, cancelled.reason_code) == (referral_id, "case-closed")
    assert story.codes() == {"D28"}


def test_a_death_outside_is_reported_by_who_learns_of_it(story: Story) -> None:
    story.opened().consented().planned().released()
    story.must(rc.ReportDeath(), "coord", "protocol-coordinator")

    [died] = story.events(re.PersonDied)
    assert died.place == "community"


def test_reincarceration_closes_the_case_after_a_release_only(story: Story) -> None:
    story.opened().consented().planned()
    back = rc.ReportReincarceration(source_code="family")

    story.accepted(1)
    assert story.tell(back, "ngo-one", "ngo") == Refused("person-not-released")
    story.released()
    story.must(back, "ngo-one", "ngo")
    assert story.release.own.person.reason_code == "reincarcerated"


@pytest.mark.parametrize(
    "fact", [facts.PersonReleased(), facts.PersonDied(), facts.PersonTransferred(to_facility="x1")]
)
def test_a_closed_case_changes_no_more(story: Story, fact: Fact) -> None:
    story.opened().consented().released()
    story.must(facts.PersonDied(), *PRISON)

    assert story.tell(fact, *PRISON) == Refused("case-closed")


def test_a_closed_case_has_no_deadlines_to_run(story: Story) -> None:
    story.opened().consented().released()
    story.must(facts.PersonDied(), *PRISON)

    run = rc.RunDeadlines(as_of=datetime(2027, 1, 1, tzinfo=UTC))

    assert story.tell(run, None, "system") == Decided(())


def test_a_refusal_closes_the_case(story: Story) -> None:
    story.enrolled()
    story.must(OFFER, "kg-31", "prison-psych")
    story.must(ic.RecordRefusal(), "kg-31", "prison-psych")

    assert story.release.own.person.reason_code == "consent-refused"
    again = ic.WithdrawConsent(received_how="sms")
    assert story.tell(again, "ngo-one", "ngo") == Decided(())
    assert story.tell(OFFER, "kg-31", "prison-psych") == Refused("case-closed")


@pytest.mark.parametrize("steps", range(7))
def test_a_withdrawal_at_any_state_cancels_what_is_open_and_closes(
    story: Story, steps: int
) -> None:
    way: list[Callable[[], object]] = [
        lambda: story.scheduled(30),
        lambda: story.consented(),
        lambda: story.planned(),
        lambda: story.referred(1),
        lambda: story.accepted(2, "rehab-one", "rehab-centre"),
        lambda: story.released(),
    ]
    story.opened()
    for step in way[:steps]:
        step()
    story.must(ic.WithdrawConsent(received_how="phone"), "probation-one", "probation")

    assert story.release.own.person.reason_code == "consent-withdrawn"
    cancelled = story.events(re.ReferralCancelled)
    assert len(cancelled) == max(0, min(steps, 5) - 3)
    assert {event.reason_code for event in cancelled} <= {"consent-withdrawn"}
    assert stage_of(story.intake, story.release) == "closed"


def test_what_was_under_way_after_the_end_changes_nothing(story: Story) -> None:
    story.opened()
    story.must(OFFER, "kg-31", "prison-psych")
    story.connected = False
    story.must(facts.PersonDied(), *PRISON)
    story.must(consent(NGO), "kg-31", "prison-psych")
    story.deliver()

    assert story.release.own.person.reason_code == "died"
    assert story.tell(ic.WithdrawConsent(received_how="sms"), "ngo-one", "ngo") == Decided(())


def test_a_withdrawal_that_is_heard_after_the_end_ends_nothing_twice(story: Story) -> None:
    story.opened().consented()
    story.connected = False
    story.must(facts.PersonDied(), *PRISON)
    story.must(ic.WithdrawConsent(received_how="sms"), "ngo-one", "ngo")
    story.deliver()

    assert len(story.events(re.CaseClosed)) == 1
