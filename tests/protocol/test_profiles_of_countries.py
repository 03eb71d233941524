"""What sets five countries apart, each rule where it bites: in a decision, or in the data alone."""

from datetime import timedelta
from typing import Any

import pytest

from throughcare.contracts import intake_commands as ic
from throughcare.contracts import release_commands as rc
from throughcare.contracts.codes import RECEIVER_TYPES, ConsentItem, PlanItem, Receiver
from throughcare.protocol.decision import Refused
from throughcare.protocol.profiles import CURRENT, current
from throughcare.protocol.profiles.model import Span
from throughcare.protocol.profiles.words import case_label, forbidden, is_silent
from throughcare.protocol.roles import MAY
from throughcare.tests.protocol.story import OFFER, Story, consent

COUNTRIES = sorted(CURRENT)
WITH_OAT = {"KG", "KZ", "TJ"}
PSYCH = ("uz-1", "prison-psych")
#: All that any receiver of a plan below needs.
ALL_NGO = ConsentItem(
    receiver_type="ngo", data_classes=("P1", "P2", "P3"), purposes=("handover", "social")
)
MAHALLA = ConsentItem(
    receiver_type="mahalla",
    party="mahalla-7",
    data_classes=("P1", "P2"),
    purposes=("social",),
    asked_by_person=True,
)
PROBATION = ConsentItem(receiver_type="probation", data_classes=("P0",), purposes=("social",))
SUPPORT = PlanItem(
    item=1,
    service_type="psychosocial-support",
    mandatory=True,
    receivers=(Receiver(party="ngo-one", receiver_type="ngo"),),
)
NEIGHBOURS = PlanItem(
    item=2,
    service_type="community-support",
    mandatory=False,
    receivers=(Receiver(party="mahalla-7", receiver_type="mahalla"),),
)
ALLOWANCE = PlanItem(
    item=3,
    service_type="allowance",
    mandatory=False,
    receivers=(Receiver(party="probation-one", receiver_type="probation"),),
)


def _asked(country: str, language: str = "ru-Cyrl") -> Story:
    story = Story(version=CURRENT[country])
    story.must(
        ic.OpenCase(origin="facility", reason_code="self-request", person_told=True),
        "prison-1",
        "prison-health",
    )
    offer = OFFER.model_copy(update={"language": language})
    story.must(offer, "prison-1", "prison-psych")
    return story


def _agreed(country: str, *items: PlanItem, permissions: tuple[ConsentItem, ...]) -> Story:
    story = _asked(country)
    story.must(consent(*permissions), "prison-1", "prison-psych")
    return story.planned(*items)


@pytest.mark.parametrize("country", COUNTRIES)
def test_a_plan_may_hold_oat_in_three_of_five_countries(country: str) -> None:
    oat = PlanItem(item=2, service_type="oat", mandatory=True, pathway="oat")
    support = SUPPORT.model_copy(update={"receivers": ()})
    story = _asked(country)
    receiver: Any = "drop-in" if country == "TM" else "ngo"
    one = ConsentItem(receiver_type=receiver, data_classes=("P1",), purposes=("handover",))
    story.must(consent(one), "prison-1", "prison-psych")

    plan = ic.AgreePlan(items=(support, oat), client_signed=True)
    decision = story.tell(plan, "prison-1", "prison-psych")

    assert (decision == Refused("service-not-available")) == (country not in WITH_OAT)
    profile = current(country)
    assert profile.value("oat.community") == ("oat" in profile.services) == (country in WITH_OAT)


@pytest.mark.parametrize("country", COUNTRIES)
def test_a_plan_never_holds_oat_alone(country: str) -> None:
    paired = current(country).value("oat.paired_with")

    assert paired
    for service in set(paired) & set(current(country).services):
        assert current(country).services[service].psychosocial


def test_oat_in_prison_is_proposed_where_it_does_not_exist_and_named_by_facility_elsewhere() -> (
    None
):
    key = {country: current(country).by_name["oat.in_prison"] for country in COUNTRIES}

    assert all(one.value["default"] is False for one in key.values())
    assert key["KZ"].status == "proposed"
    assert key["KG"].status == key["TJ"].status == "tbc"  # which facilities, from which day
    assert key["TM"].status == key["UZ"].status == "sourced"  # there is none


@pytest.mark.parametrize(
    ("country", "receivers"),
    [
        ("KZ", {"ngo", "narcology", "oat-site", "rehab-centre", "aids-centre", "probation"}),
        ("TJ", {"ngo", "narcology", "oat-site", "rehab-centre", "aids-centre"}),
        ("TM", {"drop-in"}),
        ("UZ", {"mahalla", "narcology", "aids-centre", "ngo", "probation"}),
    ],
)
def test_a_country_has_its_own_receivers(country: str, receivers: set[Any]) -> None:
    assert set(current(country).receivers) == receivers
    for other in set(RECEIVER_TYPES) - receivers:
        story = _asked(country)
        item = ConsentItem(receiver_type=other, data_classes=("P1",), purposes=("social",))
        refused = story.tell(consent(item), "prison-1", "prison-psych")
        assert refused == Refused("receiver-type-not-allowed")


def test_mahalla_committees_exist_in_one_country_only() -> None:
    assert [c for c in COUNTRIES if "mahalla" in current(c).receivers] == ["UZ"]
    assert [c for c in COUNTRIES if "community-support" in current(c).services] == ["UZ"]


@pytest.mark.parametrize("more", ["P0", "P3", "P4", "P5"])
def test_a_mahalla_committee_learns_identity_and_social_needs_and_no_more(more: Any) -> None:
    story = _asked("UZ")
    item = MAHALLA.model_copy(update={"data_classes": ("P1", "P2", more)})

    assert story.tell(consent(item), *PSYCH) == Refused("class-not-for-receiver")


def test_a_mahalla_committee_is_named_by_the_person() -> None:
    story = _asked("UZ")
    anybody = MAHALLA.model_copy(update={"party": None})

    assert story.tell(consent(anybody), *PSYCH) == Refused("receiver-not-named")
    story.must(consent(MAHALLA, ALL_NGO), *PSYCH)


def test_a_mahalla_committee_hears_nothing_before_the_release() -> None:
    story = _agreed("UZ", SUPPORT, NEIGHBOURS, permissions=(ALL_NGO, MAHALLA))
    by_name = rc.SendReferral(item=2, receiver=NEIGHBOURS.receivers[0])

    assert story.tell(rc.SendReferral(item=2), *PSYCH) == Refused("no-receiver-left")
    assert story.tell(by_name, *PSYCH) == Refused("receiver-only-after-release")

    story.released()
    story.must(rc.SendReferral(item=2), *PSYCH)


def test_a_visit_of_the_mahalla_committee_is_no_contact_with_care() -> None:
    assert not current("UZ").receivers["mahalla"].care
    assert all(not current(c).receivers["probation"].care for c in ("KG", "KZ", "UZ"))


@pytest.mark.parametrize("country", COUNTRIES)
def test_probation_never_learns_a_name_health_or_needs(country: str) -> None:
    rule = current(country).receivers.get("probation")

    assert rule is None or rule.classes == {"P0"}
    assert current(country).value("probation.may_learn") == ["attendance"]


def test_consent_to_narcology_names_what_it_may_entail_in_law() -> None:
    item = ConsentItem(receiver_type="narcology", data_classes=("P1", "P3"), purposes=("handover",))
    story = _asked("UZ")

    assert story.tell(consent(item), *PSYCH) == Refused("legal-effect-not-explained")
    story.must(consent(item, legal_effect_explained=True), *PSYCH)

    text = current("UZ").value("consent.legal_effect")["text"]
    assert set(text) == {"en", "ru", "uz"}
    assert _asked("KG").tell(consent(item), *PSYCH) != Refused("legal-effect-not-explained")


def test_an_allowance_is_asked_for_within_a_month_where_the_law_says_so() -> None:
    story = _agreed("UZ", SUPPORT, ALLOWANCE, permissions=(ALL_NGO, PROBATION))
    story.released()
    due = story.live()["D31", None, 3]
    assert (due.date() - story.now.date()).days == 28

    referral_id = story.must(rc.SendReferral(item=3), *PSYCH)
    probation = ("probation-one", "probation")
    story.must(rc.AcceptReferral(referral_id=referral_id), *probation)
    assert "D31" in story.codes()
    story.must(rc.RecordAttendance(referral_id=referral_id), *probation)
    assert "D31" not in story.codes()


def test_an_allowance_that_nobody_asked_for_is_told_before_the_month_is_over() -> None:
    story = _agreed("UZ", SUPPORT, ALLOWANCE, permissions=(ALL_NGO, PROBATION))
    story.released()

    story.after(days=29)

    assert story.missed().count("D31") == 1
    levels = {(code, level, role) for code, _, level, role, _ in story.raised()}
    assert ("D31", 2, "protocol-coordinator") in levels


@pytest.mark.parametrize("country", sorted(set(COUNTRIES) - {"UZ"}))
def test_no_allowance_is_promised_where_no_law_sets_a_limit(country: str) -> None:
    assert "deadlines.D31.due" not in current(country).by_name


def test_an_idea_of_a_programme_is_seen_in_planning_and_nobody_is_enrolled() -> None:
    profile = current("TJ")

    assert profile.value("programme_rules.atlantis-women")["state"] == "idea"
    assert not profile.programmes


def test_a_living_block_holds_thirty_to_forty_people() -> None:
    rule = current("KG").value("programme_rules.clean-zone")

    assert rule["places"] == [30, 40]
    assert current("KG").value("programme_rules.atlantis")["planned_days"] == [120, 180]
    assert current("KG").programmes == {"atlantis", "clean-zone", "social-rehab-centre"}


def test_a_country_offers_what_it_is_said_to_offer() -> None:
    assert {
        "detox",
        "rehabilitation-short-term",
        "relapse-prevention",
        "rehabilitation-residential",
        "oat",
    } <= set(current("TJ").services)
    pilots = current("KZ").value("life.pilots")
    assert pilots == {"oat": {"ends_on": None, "places": None, "waiting_date": True}}
    assert current("KZ").by_name["life.pilots"].status == "tbc"


def test_where_words_are_to_be_neutral_all_of_them_are() -> None:
    profile = current("TM")

    assert case_label(profile, "ru") == "клиент центра"
    assert case_label(profile, "tk") == "merkeziň müşderisi"
    assert case_label(profile, "tg") == case_label(profile, "en") == "client of the centre"
    assert case_label(current("KG"), "ru") == "случай поддержки"
    assert forbidden(profile, "Нарколог") == "нарко"
    assert forbidden(profile, "neşekeş") == "neşe"
    assert forbidden(profile, "встреча в центре") is None
    assert is_silent(profile, "oat")
    assert not is_silent(profile, "data")
    assert not is_silent(current("KG"), "oat")
    assert not any("P3" in rule.classes for rule in profile.receivers.values())


@pytest.mark.parametrize("country", COUNTRIES)
def test_each_country_has_its_clock_its_days_and_its_languages(country: str) -> None:
    profile = current(country)

    hours = {"KG": 6}.get(country, 5)
    assert profile.zone.utcoffset(Story().now.replace(tzinfo=None)) == timedelta(hours=hours)
    assert profile.weekend == {6, 7}
    assert len(profile.holidays) >= 7
    assert profile.by_name["calendar.holidays"].status == "tbc"
    assert "ru-Cyrl" in profile.languages
    assert profile.value("monitoring_body")["ru"]


def test_scripts_are_languages_of_their_own() -> None:
    assert current("UZ").languages == {"uz-Latn", "uz-Cyrl", "ru-Cyrl"}
    assert current("TM").languages == {"tk-Latn", "ru-Cyrl"}
    refused = Story(version="tm-2026.1")
    refused.must(
        ic.OpenCase(origin="facility", reason_code="self-request", person_told=True), *PSYCH
    )
    assert refused.tell(OFFER, *PSYCH) == Refused("language-not-offered")


@pytest.mark.parametrize("country", COUNTRIES)
def test_every_deadline_of_the_protocol_has_a_value_and_an_alarm(country: str) -> None:
    profile = current(country)
    codes = {name.split(".")[1] for name in profile.by_name if name.startswith("deadlines.")}

    assert {f"D{number:02}" for number in range(1, 31)} <= codes
    for code in codes:
        assert any(name.startswith(f"deadlines.{code}.escalates") for name in profile.by_name)
    assert profile.span("D07", "routine") == Span(5, "wd")


@pytest.mark.parametrize("country", COUNTRIES)
def test_naloxone_on_release_is_claimed_for_no_country(country: str) -> None:
    key = current(country).by_name["naloxone.on_release"]

    assert (key.value, key.status) == ("unavailable", "tbc")


def test_a_commenter_on_drafts_takes_no_step_of_any_case() -> None:
    assert not any("commenter" in roles for roles in MAY.values())
