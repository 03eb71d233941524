"""A medicine that must not stop has somebody outside in every country: each line, to its first dose."""

from datetime import timedelta

import pytest

from throughcare.cli.protocol.text import compose
from throughcare.contracts import facts
from throughcare.contracts import intake_commands as ic
from throughcare.contracts import medicine_commands as mc
from throughcare.contracts import medicine_events as me
from throughcare.contracts import release_commands as rc
from throughcare.contracts import release_events as re
from throughcare.contracts.codes import ConsentItem, MedicineLine, PlanItem, Receiver, ServiceType
from throughcare.protocol.calendar import local_day
from throughcare.protocol.decision import Refused
from throughcare.protocol.profiles import CURRENT, current
from throughcare.protocol.profiles.model import Profile
from throughcare.protocol.profiles.words import forbidden
from throughcare.protocol.release.medicine_rules import LINE_OF
from throughcare.tests.protocol.story import OFFER, START, Story, consent

COUNTRIES = sorted(CURRENT)
#: Lines that every country carries on, whatever else it has.
EVERYWHERE: tuple[MedicineLine, ...] = ("tb", "hcv", "psychiatric")
SERVICE_OF: dict[MedicineLine, ServiceType] = {line: service for service, line in LINE_OF.items()}
ALL = [(country, line) for country in COUNTRIES for line in EVERYWHERE]
HEALTH = ("prison-1", "prison-health")
PSYCH = ("prison-1", "prison-psych")
#: Where the person goes: whatever the country has for it.
SITE = "site-one"


def _receiver(profile: Profile, line: MedicineLine) -> Receiver:
    kind = min(profile.services[SERVICE_OF[line]].receivers)
    return Receiver(party=SITE, receiver_type=kind)


def _inside(country: str, line: MedicineLine, *more: ConsentItem) -> Story:
    """Consent and a plan with the service, 60 days before the release; nothing sent."""
    profile, story = current(country), Story(version=CURRENT[country])
    service, receiver = profile.services[SERVICE_OF[line]], _receiver(profile, line)
    given = more or (
        ConsentItem(
            receiver_type=receiver.receiver_type,
            party=SITE,
            data_classes=tuple(sorted(service.classes)),
            purposes=(service.purpose, "handover"),
        ),
    )
    support = PlanItem(item=1, service_type="psychosocial-support", mandatory=False)
    item = PlanItem(item=2, service_type=SERVICE_OF[line], mandatory=True, receivers=(receiver,))
    opening = ic.OpenCase(origin="facility", reason_code="self-request", person_told=True)
    story.must(opening, *HEALTH)
    on = local_day(profile, START + timedelta(days=60))
    story.must(facts.ReleaseScheduled(expected_release_on=on), "prison-1", "prison-admin")
    story.must(OFFER.model_copy(update={"language": "ru-Cyrl"}), *PSYCH)
    story.must(consent(*given, legal_effect_explained=True), *PSYCH)
    return story.planned(support, item)


@pytest.mark.parametrize(("country", "line"), ALL)
def test_a_line_opened_in_custody_is_confirmed_and_goes_on_outside(
    country: str, line: MedicineLine
) -> None:
    story, profile = _inside(country, line), current(country)
    site = (SITE, _receiver(profile, line).receiver_type)
    story.must(mc.OpenContinuityItem(line=line), *HEALTH)
    story.must(mc.RequestContinuation(line=line), *HEALTH)
    referral_id = story.must(rc.SendReferral(item=2), *PSYCH)
    story.must(rc.AcceptReferral(referral_id=referral_id), *site)
    first_day = local_day(profile, story.now + timedelta(days=61))
    story.must(mc.ConfirmReceivingSite(referral_id=referral_id, expected_on=first_day), *site)
    story.after(days=59)
    today = local_day(profile, story.now)
    bridge = mc.SupplyBridging(line=line, last_supervised_on=today, supply_days=10)
    story.must(bridge, *HEALTH)
    story.released()
    story.after(days=1)
    dose = mc.RecordCommunityDose(referral_id=referral_id, supply_days=28)
    story.must(dose, *site)

    [taken] = story.events(me.CommunityDoseReceived)
    assert (taken.line, taken.missed_days, taken.restart) == (line, 0, False)
    assert story.events(re.FirstContactMade)
    assert not story.events(me.DoseGapOpened)
    assert "D10" not in story.missed()


@pytest.mark.parametrize(("country", "line"), [one for one in ALL if one[0] != "TM"])
def test_a_line_goes_to_nobody_whom_consent_does_not_let_know_of_it(
    country: str, line: MedicineLine
) -> None:
    kind = _receiver(current(country), line).receiver_type
    less = ConsentItem(
        receiver_type=kind, party=SITE, data_classes=("P1",), purposes=("dose", "handover")
    )
    story = _inside(country, line, less)

    assert story.tell(rc.SendReferral(item=2), *PSYCH) == Refused("no-receiver-left")


@pytest.mark.parametrize(("country", "line"), ALL)
def test_who_may_serve_a_line_is_asked_to_be_confirmed_by_the_country(
    country: str, line: MedicineLine
) -> None:
    profile = current(country)
    key = profile.by_name[f"services.{SERVICE_OF[line]}"]

    assert key.status == "tbc"
    for receiver in key.value["receivers"]:
        assert profile.receivers[receiver].care
        if "P4" in key.value["classes"]:
            about = profile.by_name[f"receivers.{receiver}"]
            assert about.status != "sourced"  # what it may get has to be signed


@pytest.mark.parametrize("line", SERVICE_OF)
def test_where_a_centre_only_goes_along_it_is_told_nothing_of_what_ails_the_person(
    line: MedicineLine,
) -> None:
    if ("TM", line) in ALL:
        assert current("TM").services[SERVICE_OF[line]].classes == {"P1"}


@pytest.mark.parametrize("country", COUNTRIES)
def test_the_document_of_each_country_names_these_services_in_words_that_it_allows(
    country: str,
) -> None:
    text = compose(country, "ru").text()  # raises for a word that the country forbids

    for called in ("туберкулёза", "гепатита", "психиатрическая и психологическая помощь"):
        assert called in text
    assert forbidden(current(country), text) is None
