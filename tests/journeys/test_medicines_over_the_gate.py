"""Medicines and the emergency kit over the gate: no day without by accident, no name said anywhere."""

from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from throughcare.contracts import medicine_commands as medicine
from throughcare.contracts import medicine_events as events
from throughcare.contracts import release_commands as release
from throughcare.tests.journeys.person import Alarm, Person
from throughcare.tests.journeys.places import (
    AUDIT,
    COLONY,
    METHADONE_COLONY,
    NGO,
    OAT_SITE,
)
from throughcare.tests.journeys.together import history
from throughcare.tests.journeys.world import World, day

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]

_BISHKEK = ZoneInfo("Asia/Bishkek")


async def _released_on_methadone(world: World, reference: str) -> tuple[Person, UUID, datetime]:
    """The last supervised dose on the day of the release, and nothing to take home."""
    person = await Person(world, reference, colony=METHADONE_COLONY).enrolled()
    await person.scheduled(days=40)
    _, site = await person.on_methadone()
    await person.is_awaited(site, day(world.now, 41))
    await person.has_a_kit()
    await person.does(METHADONE_COLONY, release.ConfirmReadiness())
    await person.waits_for_release()
    last = medicine.SupplyBridging(line="oat", last_supervised_on=day(world.now), supply_days=0)
    await person.does(METHADONE_COLONY, last)
    return person, site, await person.walks_out()


@history("Scenario 2")
async def test_a_first_dose_two_days_after_the_release_is_one_day_without_and_no_alarm(
    world: World,
) -> None:
    person, site, released_at = await _released_on_methadone(world, "KG31-0701")

    await person.reaches_day(2, released_at)  # nine in the morning
    await person.does(OAT_SITE, medicine.RecordCommunityDose(referral_id=site))

    [dose] = await person.recorded(events.CommunityDoseReceived)
    assert (dose.missed_days, dose.restart) == (1, False)
    assert "D16" not in {one.code for one in await person.alarms()}
    # Whoever was given a dose was met.
    assert await person.stage() == "in-contact"
    await person.moves_abroad(NGO)


@history("Scenario 2", "Path K")
async def test_who_has_not_come_by_the_second_noon_is_looked_for_before_a_dose_is_too_late(
    world: World,
) -> None:
    person, site, released_at = await _released_on_methadone(world, "KG31-0702")

    await person.reaches_day(4, released_at)
    alarms = [one for one in await person.alarms() if one.code == "D16"]
    assert Alarm("D16", 1, 1, "oat-site", OAT_SITE) in alarms
    assert Alarm("D16", 1, 2, "protocol-coordinator", None) in alarms
    second_day = released_at.astimezone(_BISHKEK).date() + timedelta(days=2)
    noon = datetime.combine(second_day, time(12), _BISHKEK)
    assert [gap - noon for gap in await person.when(events.DoseGapOpened)] == [timedelta()]

    await person.does(OAT_SITE, medicine.RecordCommunityDose(referral_id=site))
    [dose] = await person.recorded(events.CommunityDoseReceived)
    assert (dose.missed_days, dose.restart) == (3, True)
    # Which medicine it is stands in nobody's mail.
    letters = person.mail(OAT_SITE) + person.mail(NGO) + person.mail(METHADONE_COLONY)
    assert letters
    assert not any("methadone" in text.lower() or "oat" in text.lower() for text in letters)
    await person.moves_abroad(NGO)


@history("Path Q")
async def test_who_goes_where_no_methadone_is_given_hears_of_it_in_time_and_gets_a_kit(
    world: World,
) -> None:
    person = await Person(world, "KG31-0703", colony=METHADONE_COLONY).enrolled()
    await person.scheduled(days=40)
    await person.consented()
    await person.planned(needs=("oat-now", "opioid-risk"))
    abroad = medicine.ReportContinuationUnavailable(line="oat", reason_code="going-abroad")

    await person.does(METHADONE_COLONY, abroad)

    [said] = await person.recorded(events.ContinuationUnavailable)
    assert (said.line, said.reason_code) == ("oat", "going-abroad")
    await person.accepted()
    # The kit is the one thing that nobody may forget now.
    ready = release.ConfirmReadiness()
    assert await person.is_refused(METHADONE_COLONY, ready) == "kit-not-settled"
    await person.has_a_kit()
    await person.does(METHADONE_COLONY, ready)
    assert await person.stage() == "ready"
    await person.moves_abroad()


@history("Path R")
async def test_where_no_kit_is_left_the_reason_is_kept_and_the_person_still_goes_prepared(
    world: World,
) -> None:
    person = await Person(world, "KG27-0704").enrolled()
    await (await person.consented()).planned(needs=("housing", "opioid-risk"))
    await person.scheduled(days=30)
    await person.accepted()
    await person.does(COLONY, medicine.OfferNaloxone())
    await person.does(COLONY, medicine.RecordOverdoseTraining())

    await person.does(COLONY, medicine.ReportNaloxoneUnavailable(reason_code="stock-out"))

    [said] = await person.recorded(events.NaloxoneUnavailable)
    assert said.reason_code == "stock-out"
    # Monitors count it, with its reason.
    assert {"reason_code": "stock-out"} in await person.reads(AUDIT, "naloxone-unavailable")
    await person.does(COLONY, release.ConfirmReadiness())
    assert await person.stage() == "ready"
    # And outside, whoever has kits gives one all the same.
    await person.waits_for_release()
    await person.walks_out()
    await person.does(NGO, medicine.OfferNaloxone())
    await person.does(NGO, medicine.IssueNaloxone(kits=2, at="community"))
    await person.moves_abroad(NGO)
