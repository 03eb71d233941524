"""A case with medicine lines: who takes the steps, and what is looked at."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from throughcare.contracts import intake_commands as ic
from throughcare.contracts import medicine_commands as mc
from throughcare.contracts import medicine_events as me
from throughcare.contracts import release_commands as rc
from throughcare.contracts.codes import ConsentItem, MedicineLine, PlanItem, Receiver
from throughcare.protocol import notices as rules
from throughcare.protocol import release as half
from throughcare.protocol.notices import KnownParties
from throughcare.protocol.profiles import PROFILES
from throughcare.protocol.release import medicine_rules
from throughcare.tests.protocol.story import (
    DOSE,
    PERMISSIONS,
    START,
    VERSION,
    Story,
    local,
)

HEALTH = ("kg-31", "prison-health")
SITE = ("site-one", "oat-site")
CENTRE = ("aids-one", "aids-centre")
PRISON = ("kg-gsin", "prison-admin")
COORD = ("coord", "protocol-coordinator")
HIV = ConsentItem(receiver_type="aids-centre", data_classes=("P1", "P4"), purposes=("dose",))
ART = PlanItem(
    item=5,
    service_type="art",
    mandatory=False,
    receivers=(Receiver(party="aids-one", receiver_type="aids-centre"),),
)
LEAFLET = "leaflet-2026"


def change_rules(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """As if the country's medicine rules said something else."""
    profile = PROFILES[VERSION]
    changed = profile._replace(medicine=profile.medicine._replace(**changes))
    monkeypatch.setattr(half, "PROFILES", {VERSION: changed})


def opened(story: Story, line: MedicineLine = "oat") -> Story:
    story.must(mc.OpenContinuityItem(line=line), *HEALTH)
    return story


def wanted(story: Story, line: MedicineLine = "oat") -> Story:
    opened(story, line)
    story.must(mc.RequestContinuation(line=line, leaflet_version=LEAFLET), *HEALTH)
    return story


def site(story: Story) -> UUID:
    return story.accepted(4, *SITE)


def confirm(referral_id: UUID, on: date) -> mc.ConfirmReceivingSite:
    return mc.ConfirmReceivingSite(referral_id=referral_id, expected_on=on)


def bridge(line: MedicineLine, on: date, days: int) -> mc.SupplyBridging:
    return mc.SupplyBridging(line=line, last_supervised_on=on, supply_days=days)


def stand(story: Story, line: MedicineLine = "oat") -> str:
    [one] = [one for one in story.release.own.lines if one.line == line]
    return type(one.stand).__name__


def out_on_methadone(story: Story) -> tuple[Story, UUID, date]:
    """Scenario 2: the site expects the person; the last dose inside on the day of the release."""
    referral_id = site(wanted(story))
    release_on = (START + timedelta(days=60)).date()
    story.until(local(release_on, 9))
    story.must(confirm(referral_id, release_on + timedelta(days=1)), *SITE)
    story.must(bridge("oat", release_on, 0), *HEALTH)
    story.released()
    return story, referral_id, release_on


def take(story: Story, referral_id: UUID, days: int = 0) -> me.CommunityDoseReceived:
    story.must(mc.RecordCommunityDose(referral_id=referral_id, supply_days=days), *SITE)
    taken: me.CommunityDoseReceived = story.events(me.CommunityDoseReceived)[-1]
    return taken


def due(story: Story, code: str, line: MedicineLine = "oat") -> Any:
    return story.live().get((code, None, medicine_rules.number(line)))


def told(story: Story) -> list[tuple[str, str, str | None]]:
    known, heard = KnownParties(), []
    for message in story.said:
        for notice in rules.notices(message, known):
            heard.append((message.data.name, notice.template, notice.to_party or notice.facility))
        known = rules.load(rules.dump(rules.hear(known, message)))
    return heard


def ready(**more: Any) -> rc.ConfirmReadiness:
    return rc.ConfirmReadiness.model_validate({"kit_gap": "no-time", **more})


NAMED = ready(medicine_gaps=[{"line": "oat", "gap_reason": "no-answer-yet"}])


def with_feedback(agreed: bool) -> ic.RecordConsent:
    return ic.RecordConsent(
        items=(*PERMISSIONS, DOSE),
        expires_on=(START + timedelta(days=300)).date(),
        signed_how="ink",
        feedback_to_facility=agreed,
    )


OFFER_FIRST = ic.OfferConsent(
    language="ky-Cyrl", form_version="f1", explained_orally=True, witness_role="ngo"
)
