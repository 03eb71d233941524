"""A hand-over without a name: the person brings a code, and the receiver says that it came."""

from datetime import timedelta

import pytest

from throughcare.contracts import consent_commands as sc
from throughcare.contracts import intake_events as ie
from throughcare.contracts import release_commands as rc
from throughcare.contracts import release_events as re
from throughcare.contracts.codes import Removal
from throughcare.protocol.decision import Refused
from throughcare.tests.protocol.countries import country
from throughcare.tests.protocol.story import (
    NGO,
    OFFER,
    ONE,
    PLAN,
    PROBATION,
    PSYCH,
    Story,
    consent,
)


@pytest.fixture
def by_code(story: Story) -> Story:
    story.opened().scheduled(60)
    story.must(OFFER, *PSYCH)
    story.must(consent(NGO, PROBATION, hand_over_by="code"), *PSYCH)
    return story.planned(*PLAN[:1])


def arrived(story: Story) -> rc.ConfirmCodeArrived:
    return rc.ConfirmCodeArrived(referral_id=story.release.own.referrals[0].id)


def test_a_code_that_arrives_after_the_release_is_the_first_contact(by_code: Story) -> None:
    by_code.accepted(1)
    by_code.released()
    by_code.after(hours=20)
    said = len(by_code.said)
    by_code.must(arrived(by_code), *ONE)

    assert by_code.types()[said:][:3] == ["code-arrived", "client-attended", "first-contact-made"]
    [contact] = by_code.events(re.FirstContactMade)
    assert contact.hours_since_release == 20
    assert "D17" not in by_code.codes()


def test_a_code_that_arrives_before_the_release_uses_up_no_first_contact(by_code: Story) -> None:
    by_code.accepted(1)
    by_code.must(arrived(by_code), *ONE)
    by_code.after(hours=1)
    by_code.released()

    assert by_code.events(re.CodeArrived)
    assert by_code.events(re.FirstContactMade) == []
    assert "D17" in by_code.codes()
    by_code.after(hours=1)
    by_code.must(arrived(by_code), *ONE)
    assert len(by_code.events(re.FirstContactMade)) == 1


def test_a_code_arrives_at_who_accepted_and_at_nobody_else(by_code: Story) -> None:
    by_code.referred(1)

    assert by_code.tell(arrived(by_code), *ONE) == Refused("referral-not-accepted")
    assert by_code.tell(arrived(by_code), "ngo-two", "ngo") == Refused("referral-unknown")
    assert by_code.tell(arrived(by_code), *PSYCH) == Refused("role-may-not")


def test_where_the_person_comes_by_name_there_is_no_code_to_arrive(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    story.accepted(1)

    assert story.tell(arrived(story), *ONE) == Refused("handed-over-by-name")


def test_a_consent_that_changes_stays_as_the_person_chose(by_code: Story) -> None:
    by_code.accepted(1)
    less = Removal(receiver_type="probation")
    by_code.must(sc.NarrowConsent(removed=(less,), received_how="phone"), *PSYCH)
    longer = (by_code.now + timedelta(days=350)).date()
    renewed = sc.RenewConsent(expires_on=longer, witness_role="ngo", signed_how="ink")
    by_code.must(renewed, *PSYCH)

    assert by_code.release.heard.consent.hand_over_by == "code"
    by_code.must(arrived(by_code), *ONE)


@pytest.mark.parametrize(
    ("code", "chosen", "way"),
    [
        ("TM", None, "code"),
        ("TM", "identity", "identity"),
        ("KG", None, "identity"),
        ("KG", "code", "code"),
        ("UZ", None, "identity"),
    ],
)
def test_it_is_a_choice_in_every_consent_and_turkmenistan_asks_for_no_name_by_itself(
    code: str, chosen: str | None, way: str
) -> None:
    of = country(code)
    story = Story(version=of.profile.version)
    story.opened()
    story.must(of.offer, *PSYCH)
    story.must(of.consents[0].model_copy(update={"hand_over_by": chosen}), *PSYCH)

    assert story.events(ie.ConsentGranted)[0].hand_over_by == way
    assert story.release.heard.consent.hand_over_by == way
