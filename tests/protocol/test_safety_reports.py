"""A relapse or what somebody survived brings more support, and nothing else to anybody."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from throughcare.contracts import medicine_commands as mc
from throughcare.contracts import medicine_events as me
from throughcare.contracts import release_commands as rc
from throughcare.contracts import release_events as re
from throughcare.protocol import notices as rules
from throughcare.protocol.decision import Refused
from throughcare.protocol.notices import KnownParties
from throughcare.tests.protocol.story import START, Story, local

ONE = ("ngo-one", "ngo")
COORD = ("coord", "protocol-coordinator")
CLIENT = ("ngo-one", "client")


@pytest.fixture
def out(story: Story) -> Story:
    """Released, met the day after, with an NGO and a centre that accepted."""
    story.opened().scheduled(60).consented().planned()
    first = story.accepted(1)
    story.accepted(2, "rehab-one", "rehab-centre")
    story.after(days=60)
    story.released()
    story.after(days=1)
    story.attended(first)
    story.after(days=2)
    return story


def first(story: Story) -> UUID:
    one: UUID = story.release.own.referrals[0].id
    return one


def relapse(story: Story) -> mc.ReportRelapse:
    return mc.ReportRelapse(referral_id=first(story), reported_by="client")


def survived(story: Story, **more: Any) -> mc.ReportOverdose:
    return mc.ReportOverdose(occurred_on=story.now.date(), **more)


def due(story: Story, referral_id: UUID | None) -> Any:
    return story.live().get(("D17b", referral_id, None))


def told_of(story: Story, since: int) -> list[tuple[str, str, str | None]]:
    known, told = KnownParties(), []
    for n, message in enumerate(story.said):
        if n >= since:
            told += [
                (message.data.name, notice.template, notice.to_party)
                for notice in rules.notices(message, known)
            ]
        known = rules.hear(known, message)
    return told


def test_a_relapse_ends_nothing_and_takes_nothing_away(out: Story) -> None:
    before = out.release.own
    out.must(relapse(out), *ONE)
    after = out.release.own

    assert (after.person, after.referrals, after.lines) == (
        before.person,
        before.referrals,
        before.lines,
    )
    assert out.events(re.CaseClosed) == []
    assert due(out, first(out)) == local(out.now.date() + timedelta(days=3))


def test_nobody_is_told_of_a_relapse(out: Story) -> None:
    since = len(out.said)
    out.must(relapse(out), *ONE)

    assert told_of(out, since) == []


def test_extra_support_is_given_by_meeting_the_person_again(out: Story) -> None:
    out.must(relapse(out), *ONE)
    out.after(hours=5)
    out.attended(out.release.own.referrals[1].id, "rehab-one", "rehab-centre")
    assert due(out, first(out)) is not None  # another's visit is no support by this one
    out.attended(first(out))

    assert due(out, first(out)) is None
    changed = out.events(re.DeadlinesChanged)[-1]
    assert "D17b" in {key.code for key in changed.met}


def test_extra_support_that_was_not_given_alarms_the_receiver_and_the_coordinator(
    out: Story,
) -> None:
    out.must(relapse(out), *ONE)
    out.after(days=4)

    told = {(level, role, party) for c, _, level, role, party in out.raised() if c == "D17b"}
    assert told == {(1, "ngo", "ngo-one"), (2, "protocol-coordinator", None)}


def test_what_was_survived_asks_for_a_meeting_within_a_day_a_kit_and_a_look_at_the_plan(
    out: Story,
) -> None:
    out.must(survived(out, referral_id=first(out), setting="home"), *ONE)

    day = out.now + timedelta(hours=24)
    assert due(out, first(out)) == day
    assert out.live()[("D13", None, None)] == day
    assert len(out.events(me.PlanReviewProposed)) == 1
    out.must(mc.IssueNaloxone(kits=1, at="community"), *ONE)
    assert "D13" not in out.codes()


def test_of_what_was_survived_only_a_review_without_a_cause_leaves(out: Story) -> None:
    since = len(out.said)
    out.must(survived(out, referral_id=first(out)), *ONE)
    assert told_of(out, since) == [("plan-review-proposed", "case-to-review", None)]
    out.after(days=2)

    told = told_of(out, since)
    assert {template for _, template, _ in told} == {"case-to-review", "alarm"}
    assert {name for name, _, _ in told} == {"plan-review-proposed", "escalation-raised"}


def test_one_alarm_serves_every_cause(out: Story) -> None:
    other = Story()
    other.__dict__.update(out.__dict__, said=list(out.said), states=dict(out.states))
    out.must(relapse(out), *ONE)
    other.must(survived(other, referral_id=first(other)), *ONE)
    out.after(days=4)
    other.after(days=4)

    def alarms(story: Story) -> list[Any]:
        return [raised for raised in story.raised() if raised[0] == "D17b"]

    assert alarms(out) == alarms(other)


@pytest.mark.parametrize("who", [CLIENT, COORD])
def test_the_person_or_a_coordinator_says_so_and_who_answers_for_the_case_sees_the_person(
    out: Story, who: tuple[str, str]
) -> None:
    out.must(survived(out), *who)

    [said] = out.events(me.OverdoseReported)
    assert said.referral_id == first(out)


def test_where_nobody_holds_the_case_it_is_the_coordinators(story: Story) -> None:
    story.opened().scheduled(60).consented().planned().released()
    story.must(survived(story), *COORD)
    assert due(story, None) is not None
    story.after(days=2)

    told = [(level, role) for code, _, level, role, _ in story.raised() if code == "D17b"]
    assert told == [(2, "protocol-coordinator")]
    story.attended(story.accepted(1))
    assert [a for a in story.alarms() if a.code == "D17b"] == []


def test_a_receiver_that_gave_the_case_up_is_not_asked_to_see_the_person(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    referral_id = story.accepted(1)
    story.released()
    story.must(survived(story, referral_id=referral_id), *ONE)
    story.must(rc.WithdrawAcceptance(referral_id=referral_id, reason_code="no-capacity"), *ONE)
    story.after(days=2)

    told = {(role, party) for code, _, _, role, party in story.raised() if code == "D17b"}
    assert told == {("protocol-coordinator", None)}


def test_who_reports_holds_the_person_outside(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    sent = story.referred(1)

    def asked(command: Any, *who: str) -> Any:
        return story.tell(command, *who)

    mine = mc.ReportRelapse(referral_id=sent, reported_by="receiver")
    theirs = mc.ReportOverdose(occurred_on=START.date(), referral_id=sent)
    nobody = mc.ReportOverdose(occurred_on=START.date())
    for command in (mine, theirs):
        assert asked(command, "ngo-two", "ngo") == Refused("referral-unknown")
        assert asked(command, *ONE) == Refused("referral-not-accepted")
    assert asked(nobody, *ONE) == Refused("referral-unknown")
    story.must(rc.AcceptReferral(referral_id=sent), *ONE)
    for command in (mine, theirs):
        assert asked(command, *ONE) == Refused("person-not-released")


def test_the_day_of_what_was_survived_lies_between_the_release_and_today(out: Story) -> None:
    def on(days: int) -> mc.ReportOverdose:
        return mc.ReportOverdose(
            occurred_on=out.now.date() + timedelta(days=days), referral_id=first(out)
        )

    assert out.tell(on(1), *ONE) == Refused("day-in-the-future")
    assert out.tell(on(-4), *ONE) == Refused("person-not-released")
    out.must(on(-3), *ONE)


def test_an_hour_is_never_put_off_by_days(out: Story) -> None:
    out.must(survived(out, referral_id=first(out)), *ONE)
    out.after(hours=1)
    out.must(relapse(out), *ONE)
    out.must(survived(out, referral_id=first(out)), *ONE)

    assert due(out, first(out)) == out.now + timedelta(hours=23)
    assert out.live()[("D13", None, None)] == out.now + timedelta(hours=23)
    out.after(hours=1)
    out.attended(first(out))
    out.after(hours=1)
    out.must(relapse(out), *ONE)
    assert due(out, first(out)) == local(out.now.date() + timedelta(days=3))
