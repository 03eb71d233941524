"""The emergency kit: offered to everybody, explained a week before, in hand at the gate."""

from datetime import timedelta
from typing import Any

import pytest

from throughcare.contracts import facts
from throughcare.contracts import intake_commands as ic
from throughcare.contracts import medicine_commands as mc
from throughcare.contracts import medicine_events as me
from throughcare.contracts import release_commands as rc
from throughcare.contracts import release_events as re
from throughcare.contracts.kinds import Command
from throughcare.protocol import release as half
from throughcare.protocol.decision import Refused
from throughcare.protocol.profiles import PROFILES
from throughcare.tests.protocol.story import START, VERSION, Story, local

HEALTH = ("kg-31", "prison-health")
ONE = ("ngo-one", "ngo")
OFFER, TRAIN, NO = mc.OfferNaloxone(), mc.RecordOverdoseTraining(), mc.DeclineNaloxone()
OUT_OF_STOCK = mc.ReportNaloxoneUnavailable(reason_code="stock-out")
RELEASE_ON = START.date() + timedelta(days=60)


def issue(at: str = "before") -> mc.IssueNaloxone:
    return mc.IssueNaloxone.model_validate({"kits": 2, "at": at})


def change_rules(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    profile = PROFILES[VERSION]
    changed = profile._replace(medicine=profile.medicine._replace(**changes))
    monkeypatch.setattr(half, "PROFILES", {VERSION: changed})


@pytest.fixture
def inside(story: Story) -> Story:
    return story.opened().scheduled(60).consented().planned()


def does(story: Story, *commands: Command) -> Story:
    for command in commands:
        story.must(command, *HEALTH)
    return story


def kit(story: Story) -> str:
    return type(story.release.own.kit).__name__


def due(story: Story, code: str) -> Any:
    return story.live().get((code, None, None))


def assessed(story: Story, *flags: Any) -> Story:
    needs = ic.AssessNeeds(tool_code="form", tool_version="1", flags=flags)
    story.must(needs, "kg-31", "prison-psych")
    return story


# -- steps ---------------------------------------------------------------------------------------


def test_a_kit_is_offered_explained_and_issued(inside: Story) -> None:
    does(inside, OFFER, OFFER, mc.RecordOverdoseTraining(family_trained=True), TRAIN, issue())

    assert [e.name for e in inside.events(me.CareEvent)] == [
        "naloxone-offered",
        "overdose-training-done",
        "naloxone-issued",
    ]
    [trained] = inside.events(me.OverdoseTrainingDone)
    assert trained.family_trained
    [issued] = inside.events(me.NaloxoneIssued)
    assert (issued.kits, issued.at, issued.issued_on) == (2, "before", START.date())
    does(inside, OFFER)  # has one
    assert kit(inside) == "Issued"


@pytest.mark.parametrize("command", [TRAIN, issue(), NO, OUT_OF_STOCK])
def test_nothing_comes_before_the_offer(inside: Story, command: Command) -> None:
    assert inside.tell(command, *HEALTH) == Refused("kit-not-offered")


@pytest.mark.parametrize("command", [TRAIN, issue(), NO, OUT_OF_STOCK])
def test_an_answer_stands_until_it_is_offered_again(inside: Story, command: Command) -> None:
    does(inside, OFFER, NO)
    assert inside.tell(command, *HEALTH) == Refused("kit-step-not-now")
    does(inside, OFFER)
    assert kit(inside) == "Offered"
    does(inside, command)


@pytest.mark.parametrize("command", [OFFER, TRAIN, issue(), NO, OUT_OF_STOCK])
def test_a_kit_needs_consent_and_somebody_who_holds_the_person(
    story: Story, command: Command
) -> None:
    story.opened()
    assert story.tell(command, *HEALTH) == Refused("no-consent")
    story.consented().planned()
    does(story, OFFER)
    story.referred(1)
    assert story.tell(command, *ONE) == Refused("referral-unknown")


def test_a_receiver_that_accepted_gives_kits_outside(inside: Story) -> None:
    inside.accepted(1)
    does(inside, OFFER, TRAIN)
    assert inside.tell(issue("community"), *ONE) == Refused("person-not-released")
    inside.released()
    inside.must(issue("community"), *ONE)
    inside.must(OFFER, *ONE)

    assert kit(inside) == "Offered"


def test_out_of_stock_is_said_with_its_reason_and_is_over_with_a_new_offer(inside: Story) -> None:
    does(inside, OFFER, OUT_OF_STOCK, OUT_OF_STOCK)
    [gone] = inside.events(me.NaloxoneUnavailable)
    assert gone.reason_code == "stock-out"
    does(inside, OFFER, issue("release"))

    assert kit(inside) == "Issued"


def test_where_the_country_allows_none_it_is_unavailable_from_the_consent_on(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_rules(monkeypatch, kit_permitted=False)
    story.opened().scheduled(60)
    assert story.events(me.NaloxoneUnavailable) == []
    story.consented().planned()

    [gone] = story.events(me.NaloxoneUnavailable)
    assert gone.reason_code == "not-permitted"
    assert story.tell(OFFER, *HEALTH) == Refused("kit-not-permitted")
    assessed(story, "opioid-risk").accepted(1)
    assert story.codes().isdisjoint({"D12", "D13"})
    does(story, rc.ConfirmReadiness())
    story.released()
    story.must(mc.ReportNaloxoneUse(used_on=START.date()), *ONE)
    assert due(story, "D13") is None  # nobody can keep that promise


# -- use -----------------------------------------------------------------------------------------


def test_a_use_is_taken_from_anybody_without_a_name_and_a_kit_is_wanted_again(
    inside: Story,
) -> None:
    does(inside, OFFER, issue())
    inside.released()
    future = mc.ReportNaloxoneUse(used_on=START.date() + timedelta(days=1))
    assert inside.tell(future, "x", "client") == Refused("day-in-the-future")
    inside.must(mc.ReportNaloxoneUse(used_on=START.date()), "x", "client")

    used = inside.events(me.NaloxoneUsed)[-1]
    assert (used.by_kind, used.survived) == (None, None)
    assert due(inside, "D13") == inside.now + timedelta(hours=24)
    inside.accepted(1)
    inside.must(issue("community"), *ONE)
    assert due(inside, "D13") is None


def test_a_use_is_said_of_nobody_who_did_not_consent(story: Story) -> None:
    story.opened()
    use = mc.ReportNaloxoneUse(used_on=START.date())
    assert story.tell(use, "x", "client") == Refused("no-consent")


# -- deadlines (D12, D13) ------------------------------------------------------------------------


def test_d12_training_is_due_a_week_before_or_by_the_day_of_the_release(inside: Story) -> None:
    assert due(inside, "D12") is None
    does(inside, OFFER)
    assert due(inside, "D12") == local(RELEASE_ON - timedelta(days=7))
    inside.scheduled(5)
    assert due(inside, "D12") == local(START.date() + timedelta(days=5))
    does(inside, TRAIN)
    assert due(inside, "D12") is None
    assert due(inside, "D13") == local(START.date() + timedelta(days=5))


def test_d13_the_kit_is_in_hand_at_the_release(inside: Story) -> None:
    does(inside, OFFER)
    assert due(inside, "D13") == local(RELEASE_ON)
    does(inside, issue())
    assert inside.codes().isdisjoint({"D12", "D13"})


def test_no_date_no_deadline(story: Story) -> None:
    story.opened().consented().planned()
    does(story, OFFER)
    assert story.codes().isdisjoint({"D12", "D13"})


@pytest.mark.parametrize("flag", ["opioid-risk", "oat-now", "oat-interest"])
def test_a_need_that_was_assessed_asks_for_an_offer(inside: Story, flag: str) -> None:
    assessed(inside, "housing")
    assert due(inside, "D13") is None
    assessed(inside, flag)
    assert due(inside, "D12") == local(RELEASE_ON - timedelta(days=7))
    assert due(inside, "D13") == local(RELEASE_ON)
    does(inside, OFFER, NO)
    assert inside.codes().isdisjoint({"D12", "D13"})


@pytest.mark.parametrize("steps", [(OFFER,), (OFFER, TRAIN)])
def test_who_left_without_the_kit_gets_it_after_the_release(
    inside: Story, steps: tuple[Command, ...]
) -> None:
    inside.accepted(1)
    does(inside, *steps)
    inside.released()
    inside.after(minutes=1)
    assert ("D13", None, 1, "prison-health", None) in inside.raised()
    inside.must(issue("community"), *ONE)

    assert [a for a in inside.alarms() if a.code == "D13"] == []


def test_after_a_day_the_work_of_the_prison_is_that_of_who_took_the_case_on(
    inside: Story,
) -> None:
    inside.accepted(1)
    does(inside, OFFER, issue())
    inside.released()
    inside.after(days=2)
    inside.must(mc.ReportNaloxoneUse(used_on=START.date()), *ONE)
    inside.after(days=1)

    assert ("D13", None, 1, "ngo", "ngo-one") in inside.raised()


def test_a_promise_that_was_waived_and_comes_back_at_the_same_time_is_not_made_again(
    inside: Story,
) -> None:
    inside.accepted(1)
    inside.released()
    use = mc.ReportNaloxoneUse(used_on=START.date())
    inside.must(use, *ONE)
    waive = rc.WaiveDeadline(code="D13", reason_code="done-outside")
    inside.must(waive, "coord", "protocol-coordinator")
    inside.must(OFFER, *ONE)
    assert due(inside, "D13") == inside.now
    inside.must(use, *ONE)

    assert due(inside, "D13") is None


# -- readiness -----------------------------------------------------------------------------------

READY = rc.ConfirmReadiness()


@pytest.mark.parametrize(
    ("steps", "firm"),
    [
        ((), False),
        ((OFFER,), False),
        ((OFFER, TRAIN), True),
        ((OFFER, issue()), True),
        ((OFFER, NO), True),
        ((OFFER, OUT_OF_STOCK), True),
    ],
)
def test_ready_is_who_knows_what_to_do_has_the_kit_or_said_no(
    inside: Story, steps: tuple[Command, ...], firm: bool
) -> None:
    inside.accepted(1)
    does(inside, *steps)
    decision = inside.tell(READY, *HEALTH)

    assert (decision == Refused("kit-not-settled")) is not firm
    assert (inside.release.own.person.gaps == ()) is firm


def test_a_kit_that_is_open_may_be_named_as_a_gap(inside: Story) -> None:
    inside.accepted(1)
    does(inside, rc.ConfirmReadiness(kit_gap="not-available-in-region"))

    [confirmed] = inside.events(re.ReadinessConfirmed)
    assert confirmed.kit_gap == "not-available-in-region"
    assert inside.events(re.ReadinessLost) == []


def test_readiness_is_lost_when_the_kit_is_open_again(inside: Story) -> None:
    inside.accepted(1)
    does(inside, OFFER, NO, READY, OFFER)

    [lost] = inside.events(re.ReadinessLost)
    assert lost.reason_code == "medicine-open"


def test_a_release_before_consent_leaves_no_kit_open(story: Story) -> None:
    story.opened()
    story.must(facts.PersonReleased(), "kg-gsin", "prison-admin")
    story.after(days=1)

    assert story.release.own.kit is None
