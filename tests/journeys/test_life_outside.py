"""After the gate: the way to day 180, and what happens to people on it."""

from uuid import UUID

import pytest

from throughcare.contracts import facts
from throughcare.contracts import medicine_commands as medicine
from throughcare.contracts import medicine_events as med
from throughcare.contracts import release_commands as release
from throughcare.contracts import release_events as events
from throughcare.tests.journeys.conftest import Deployment
from throughcare.tests.journeys.person import (
    PERMISSION,
    REHABILITATION,
    SUPPORT,
    TO_REHAB,
    Alarm,
    Person,
)
from throughcare.tests.journeys.places import (
    AUDIT,
    COLONY,
    COORDINATOR,
    METHADONE_COLONY,
    NGO,
    OAT_SITE,
    PRISON,
    REHAB,
)
from throughcare.tests.journeys.together import Histories, history
from throughcare.tests.journeys.world import World, day

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]


async def _outside(world: World, reference: str) -> tuple[Person, UUID]:
    """Released as planned, with an NGO that met the person the next day."""
    person = await Person(world, reference).enrolled()
    await (await person.consented()).planned()
    await person.scheduled(days=20)
    referral = await person.accepted()
    await person.waits_for_release()
    await person.walks_out()
    await person.lives_on(hours=24)
    await person.is_met(referral)
    return person, referral


@history("Path U", "Scenario 1")
async def test_a_woman_is_carried_from_the_clean_zone_through_rehabilitation_to_day_180(
    world: World,
) -> None:
    person = await Person(world, "KG27-0801").enrolled()
    assert await person.stage() == "opened"
    await person.consented(PERMISSION, TO_REHAB)
    assert await person.stage() == "consented"
    await person.planned(SUPPORT, REHABILITATION)
    await person.scheduled(days=40)
    support = await person.referred()
    assert await person.stage() == "referring"
    await person.does(NGO, release.AcceptReferral(referral_id=support))
    rehab = await person.accepted(2, REHAB)
    # Each has a name of its own for the case, and no other party's.
    assert len(set(person.names.values())) == len(person.names)
    await person.does(COLONY, release.ConfirmReadiness(kit_gap="person-declined"))
    await person.expected(support, days=41)
    assert await person.stage() == "ready"

    await person.waits_for_release()
    released_at = await person.walks_out()
    assert await person.stage() == "released"
    for party, referral in ((NGO, support), (REHAB, rehab)):
        await person.does(party, release.AcknowledgeRelease(referral_id=referral))
    await person.lives_on(hours=24)
    await person.is_met(support)
    assert await person.stage() == "in-contact"
    await person.is_met(rehab, REHAB)
    await person.lives_on(days=2)
    stay = release.EngageService(referral_id=rehab, criterion_code="treatment-started")
    await person.does(REHAB, stay)
    assert await person.stage() == "follow-up"
    for checkpoint in (7, 14, 21, 28, 30, 90, 180):
        await person.reaches_day(checkpoint, released_at)
        await person.is_checked(support, checkpoint)
    await person.does(NGO, release.CompleteFollowUp(referral_id=support))

    assert await person.stage() == "closed"
    happened = await person.sees(AUDIT)
    way = [
        "programme-enrolled", "consent-offered", "consent-granted", "needs-assessed",
        "plan-agreed", "release-scheduled", "readiness-confirmed", "appointment-booked",
        "person-released", "first-contact-made", "treatment-engaged", "follow-up-completed",
        "case-closed",
    ]  # fmt: skip
    assert [step for step in happened if step in way] == way
    assert happened.count("follow-up-checked") == 7
    # Nobody was late, so nobody was alarmed.
    assert await person.recorded(events.DeadlineMissed) == []
    assert await person.alarms() == []
    # The prison hears nothing of how it went on, and nobody but the monitor names the case any more.
    told = await person.told()
    assert (COLONY, "case-closed") not in told
    for party in (NGO, REHAB):
        assert told[party, "case-closed"] == 1
        assert await person.is_unknown_to(party)


@history("Path E", "Scenario 11")
async def test_after_a_death_in_custody_no_reminder_and_no_question_goes_out_any_more(
    world: World,
) -> None:
    person = await Person(world, "KG27-0802").enrolled()
    await (await person.consented(PERMISSION, TO_REHAB)).planned(SUPPORT, REHABILITATION)
    await person.scheduled(days=40)
    referral = await person.accepted()
    await person.expected(referral, days=41)
    await person.referred(2, REHAB)  # who will be reminded in two days
    told = await person.told()

    await person.tells(facts.PersonDied(place="custody", died_on=day(world.now)))

    assert await person.stage() == "closed"
    # The receivers learn that it is over; of why they learn nothing.
    ended = {(NGO, "case-closed"): 1, (REHAB, "case-closed"): 1}
    assert await person.told() - told == ended
    await person.lives_on(days=60)
    assert await person.told() - told == ended
    assert await person.alarms() == []
    left = await world.operator.fetchval(
        "SELECT count(*) FROM notifications.deliveries WHERE case_ref = $1 AND status = 'pending'",
        person.case_ref,
    )
    assert left == 0


@history("Path P")
async def test_after_a_death_outside_nobody_is_asked_why_and_no_check_is_missed(
    world: World,
) -> None:
    person, _ = await _outside(world, "KG27-0803")
    told = await person.told()

    await person.does(NGO, release.ReportDeath())

    assert await person.stage() == "closed"
    alarms = await person.alarms()
    await person.lives_on(days=40)
    assert await person.alarms() == alarms
    assert await person.told() - told == {(NGO, "case-closed"): 1}
    [died] = await person.recorded(events.PersonDied)
    assert died.model_dump(exclude_none=True) == {"place": "community"}


@history("Path M", "Scenario 13")
async def test_who_is_arrested_again_on_day_12_is_nobodys_failure_and_keeps_the_medicine(
    world: World,
) -> None:
    person = await Person(world, "KG31-0804", colony=METHADONE_COLONY).enrolled()
    await person.scheduled(days=20)
    support, site = await person.on_methadone()
    await person.waits_for_release()
    released_at = await person.walks_out()
    await person.lives_on(hours=24)
    await person.does(OAT_SITE, medicine.RecordCommunityDose(referral_id=site))
    await person.is_met(support)
    await person.reaches_day(12, released_at)
    told = await person.told()

    # Only if the person wants it does anybody inside hear of the medicine.
    unasked = release.ReportReincarceration(source_code="family", continuity_to=METHADONE_COLONY)
    assert await person.is_refused(NGO, unasked) == "custody-handover-not-agreed"
    await person.does(NGO, unasked.model_copy(update={"person_agrees": True}))

    assert await person.stage() == "closed"
    [closed] = await person.recorded(events.CaseClosed)
    assert closed.reason_code == "reincarcerated"
    [handed] = await person.recorded(med.ContinuityHandedIntoCustody)
    assert (handed.to_facility, handed.lines) == (METHADONE_COLONY, ("oat",))
    assert await person.told() - told == {
        (NGO, "case-closed"): 1,
        (OAT_SITE, "case-closed"): 1,
        (METHADONE_COLONY, "case-moved"): 1,
    }
    # Day 12 lies before the day by which treatment should begin: that promise was never broken.
    await person.lives_on(days=30)
    missed = {one.code for one in await person.recorded(events.DeadlineMissed)}
    assert not missed & {"D20", "D22"}


@history("Path N")
async def test_a_relapse_that_is_told_brings_support_and_stays_between_the_two(
    world: World,
) -> None:
    person, referral = await _outside(world, "KG27-0805")
    stage = await person.stage()
    told = await person.told()

    await person.does(NGO, medicine.ReportRelapse(referral_id=referral, reported_by="client"))

    assert await person.stage() == stage
    assert "relapse-reported" in await person.sees(NGO)
    assert "relapse-reported" not in await person.sees(AUDIT)
    assert not await person.told() - told
    # Who was told sees the person within three days, or is asked why not; of a cause nothing is said.
    await person.lives_on(days=4)
    assert Alarm("D17b", None, 1, "ngo", NGO) in await person.alarms()
    await person.known_to(COORDINATOR)
    seen = await person.sees(COORDINATOR)
    assert "escalation-raised" in seen
    assert "relapse-reported" not in seen
    await person.is_met(referral)
    assert "escalation-cleared" in await person.sees(AUDIT)
    assert "case-closed" not in await person.sees(AUDIT)
    await person.moves_abroad(NGO)


@history("Path O")
async def test_who_survived_an_overdose_is_seen_within_a_day_and_gets_a_kit_again(
    world: World,
) -> None:
    person, referral = await _outside(world, "KG27-0806")
    survived = medicine.ReportOverdose(occurred_on=day(world.now), referral_id=referral)

    await person.does(NGO, survived)

    assert await person.stage() == "in-contact"
    # The plan is looked at anew; why, only the NGO knows.
    told = await person.told()
    assert told[COORDINATOR, "case-to-review"] == 1
    await person.known_to(COORDINATOR)
    for party in (COORDINATOR, AUDIT):
        assert "overdose-reported" not in await person.sees(party)
    await person.lives_on(hours=25)
    alarms = {(one.code, one.to_party) for one in await person.alarms()}
    assert {("D17b", NGO), ("D13", NGO)} <= alarms

    await person.does(NGO, medicine.OfferNaloxone())
    await person.does(NGO, medicine.IssueNaloxone(kits=1, at="community"))
    await person.is_met(referral)
    cleared = await person.recorded(events.EscalationCleared)
    assert len(cleared) >= 2
    # Who leads the case inside the prison hears none of it.
    assert not {to for to, _ in await person.told() - told} & {PRISON, COLONY}
    await person.moves_abroad(NGO)


async def test_what_all_of_them_lived_through_can_be_proved(
    histories: Histories, deployment: Deployment
) -> None:
    assert deployment.run("verify", "--json").returncode == 0
