"""Who may say what became of a person, who may have a case forgotten, and what the person says themselves."""

from collections.abc import Callable
from typing import Any

import pytest

from throughcare.contracts import care_commands as cc
from throughcare.contracts import intake_commands as ic
from throughcare.contracts import release_commands as rc
from throughcare.contracts import rights_commands as xc
from throughcare.contracts.codes import RECEIVER_TYPES, ROLES
from throughcare.contracts.kinds import Data
from throughcare.contracts.life_commands import ReopenCase
from throughcare.protocol.decision import Decided, Refused
from throughcare.protocol.roles import BY_ACCEPTANCE, MAY, NOT_THROUGH
from throughcare.tests.protocol.story import COORD, NGO, OFFER, ONE, PRISON, PSYCH, Story, consent

TWO = ("ngo-two", "ngo")
DEATH = rc.ReportDeath()
BACK = rc.ReportReincarceration(source_code="family")
FREED = rc.RecordRelease()
SAID: tuple[Data, ...] = (DEATH, BACK, FREED)
NO = Refused("referral-not-accepted")


def asked(story: Story) -> Any:
    """Ready for the three: free already for those that are about somebody who is."""
    return story.opened().consented().planned().referred(1)


def out(story: Story, command: Data) -> None:
    if command is not FREED:
        story.released()


@pytest.mark.parametrize("command", SAID)
def test_who_was_only_asked_does_not_say_what_became_of_the_person_and_nothing_changes(
    story: Story, command: Data
) -> None:
    asked(story)
    out(story, command)
    before = (dict(story.states), len(story.said))

    assert story.tell(command, *ONE) == NO
    assert (story.states, len(story.said)) == before


@pytest.mark.parametrize("command", SAID)
def test_who_said_no_or_was_never_asked_does_not_say_it_either(story: Story, command: Data) -> None:
    story.must(rc.DeclineReferral(referral_id=asked(story), reason_code="no-capacity"), *ONE)
    story.must(rc.AcceptReferral(referral_id=story.release.own.referrals[-1].id), *TWO)
    out(story, command)

    assert story.tell(command, *ONE) == NO  # another's yes is not its own
    assert story.tell(command, "rehab-one", "rehab-centre") == NO
    story.must(command, *TWO)


def _withdrawn(story: Story, one: Any) -> None:
    story.must(rc.WithdrawAcceptance(referral_id=one, reason_code="no-capacity"), *ONE)


def _asked_back(story: Story, one: Any) -> None:
    story.must(rc.CancelReferral(referral_id=one, reason_code="person-asked"), *PSYCH)
    story.must(cc.ConfirmCancellation(referral_id=one), *ONE)


def _closed_down(story: Story, one: Any) -> None:
    story.must(cc.SuspendReceiver(receiver="ngo-one", reason_code="closed"), *COORD)


def _nothing(story: Story, one: Any) -> None:
    pass


@pytest.mark.parametrize("since", [_nothing, _withdrawn, _asked_back, _closed_down])
@pytest.mark.parametrize("command", SAID)
def test_who_accepted_once_says_it_whatever_became_of_that(
    story: Story, command: Data, since: Callable[[Story, Any], None]
) -> None:
    story.opened().consented().planned()
    since(story, story.accepted(1))
    out(story, command)

    story.must(command, *ONE)


def test_the_coordinator_and_the_prison_say_it_without_a_referral(story: Story) -> None:
    health = ("kg-31", "prison-health")
    for command, speakers in (
        (FREED, (COORD, PRISON, health)),
        (BACK, (COORD, PRISON, health)),
        (DEATH, (COORD,)),
    ):
        for who in speakers:
            one = Story()
            asked(one)
            out(one, command)
            one.must(command, *who)
    # In two roles the one that may is enough.
    asked(story)
    story.must(DEATH, "ngo-one", "ngo", "protocol-coordinator")


def test_of_who_came_by_themselves_whoever_took_the_case_up_says_that_they_are_free(
    story: Story,
) -> None:
    story.opened(origin="self-presented", facility=None)
    assert story.tell(DEATH, *ONE) == NO

    story.must(FREED, *ONE)


def test_and_who_was_asked_for_a_place_does_not(story: Story) -> None:
    story.opened(origin="self-presented", facility=None).consented().planned().referred(1)

    assert story.tell(FREED, *ONE) == NO
    story.must(FREED, *TWO)


def test_of_who_comes_back_after_the_end_it_is_the_same(story: Story) -> None:
    story.opened()
    story.must(OFFER, *PSYCH)
    story.must(ic.RecordRefusal(), *PSYCH)
    story.must(ReopenCase(requested_by="client"), *ONE)
    story.must(OFFER, *ONE)
    story.must(consent(NGO), *ONE)
    assert story.tell(BACK, *ONE) == NO

    story.must(FREED, *ONE)


def test_an_acceptance_of_before_the_end_counts_no_more(story: Story) -> None:
    story.opened().consented().planned()
    story.accepted(1)
    story.must(ic.WithdrawConsent(received_how="sms"), "x", "client")
    story.must(ReopenCase(requested_by="client"), *ONE)

    assert story.tell(DEATH, *ONE) == NO


def test_only_receivers_need_an_acceptance_and_only_where_they_may_at_all() -> None:
    for model, roles in BY_ACCEPTANCE.items():
        assert roles == set(RECEIVER_TYPES)
        assert roles < MAY[model]


# -- being forgotten -----------------------------------------------------------------------------


@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_case_is_forgotten_by_the_word_of_these_and_nobody_else(story: Story, role: str) -> None:
    story.opened().consented()
    said = len(story.said)

    answer = story.tell(xc.ForgetCase(), "x", role)

    if role in {"prison-psych", "prison-health", "ngo", "dpo", "client"}:
        assert isinstance(answer, Decided)
    else:
        assert (answer, len(story.said)) == (Refused("role-may-not"), said)


# -- the person's own ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        ic.WithdrawConsent(received_how="in-person"),
        xc.ForgetCase(),
        xc.GiveFeedback(instrument_code="short-5", score_band=3),
        xc.FileComplaint(about=("pressure",)),
        xc.AskToSeeData(),
    ],
)
def test_what_the_person_says_with_their_code_they_may_say(story: Story, command: Data) -> None:
    story.opened().consented()

    story.must(command, "kg-31", "client")


def test_it_is_not_said_through_those_of_whom_it_may_not_be_heard() -> None:
    for model, roles in NOT_THROUGH.items():
        assert roles.isdisjoint(MAY[model])
        assert "client" in MAY[model]
