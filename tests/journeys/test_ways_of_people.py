"""What people live through between the gate and the end of follow-up."""

from datetime import timedelta
from uuid import UUID

import pytest

from throughcare.contracts import facts
from throughcare.contracts import intake_commands as intake
from throughcare.contracts import release_commands as release
from throughcare.tests.journeys.conftest import Deployment
from throughcare.tests.journeys.person import Person
from throughcare.tests.journeys.world import (
    AUDIT,
    COLONY,
    COORDINATOR,
    NEXT_NGO,
    NGO,
    PRISON,
    World,
)

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]


async def test_a_person_is_carried_from_the_clean_zone_to_day_180(
    world: World, deployment: Deployment
) -> None:
    person = await Person(world, "KG27-0001").enrolled()
    assert await person.stage() == "opened"
    await person.consented()
    assert await person.stage() == "consented"
    await person.planned()
    await person.scheduled(days=40)
    referral = await person.referred()
    assert await person.stage() == "referring"
    # The NGO has a name of its own, and no other party's.
    assert len(set(person.names.values())) == len(person.names)

    await person.does(NGO, release.AcceptReferral(referral_id=referral))
    await person.does(COLONY, release.ConfirmReadiness())
    await person.does(
        NGO,
        release.BookAppointment(
            referral_id=referral, appointment_at=world.now + timedelta(days=41)
        ),
    )
    assert await person.stage() == "ready"

    await person.lives_on(days=40)
    released_at = world.now
    await person.walks_out()
    assert await person.stage() == "released"
    await person.does(NGO, release.AcknowledgeRelease(referral_id=referral))
    await person.lives_on(hours=26)
    await person.does(NGO, release.RecordAttendance(referral_id=referral))
    assert await person.stage() == "in-contact"
    await person.lives_on(days=2)
    await person.does(
        NGO, release.EngageService(referral_id=referral, criterion_code="second-visit")
    )
    assert await person.stage() == "follow-up"
    for checkpoint in (7, 14, 21, 28, 30, 90, 180):
        await world.until(released_at + timedelta(days=checkpoint))
        await person.does(
            NGO,
            release.CheckFollowUp(
                referral_id=referral,
                checkpoint_day=checkpoint,
                contact_kind="visit",
                still_engaged=True,
            ),
        )
    await person.does(NGO, release.CompleteFollowUp(referral_id=referral))

    assert await person.stage() == "closed"
    happened = await person.sees(AUDIT)
    way = [
        "programme-enrolled", "consent-offered", "consent-granted", "needs-assessed",
        "plan-agreed", "release-scheduled", "referral-sent", "referral-accepted",
        "readiness-confirmed", "appointment-booked", "person-released", "client-attended",
        "first-contact-made", "service-engaged", "treatment-engaged", "follow-up-completed",
        "case-closed",
    ]  # fmt: skip
    assert [step for step in happened if step in way] == way
    assert happened.count("follow-up-checked") == 7
    assert not {"deadline-missed", "escalation-raised"} & set(happened)
    assert happened.count("notice-sent") >= 4
    # Nobody but the monitor names the case any more.
    gone = await person.desk(NGO).client.get(f"/v1/cases/{person.names[NGO]}/timeline")
    assert (gone.status_code, gone.json()["code"]) == (404, "no-such-case")
    assert deployment.run("verify", "--json").returncode == 0


async def test_after_an_amnesty_today_an_alarm_stays_until_a_human_answers(world: World) -> None:
    person = await Person(world, "KG27-0002").enrolled()
    await (await person.consented()).planned()
    await person.tells(
        facts.ReleaseScheduled(
            expected_release_on=(world.now + timedelta(hours=6)).date(), ground_code="amnesty"
        )
    )
    await person.tells(facts.PersonReleased(ground_code="amnesty"))
    referral = await person.referred()
    sent = [
        entry
        for entry in await person.desk(NGO).timeline(person.names[NGO])
        if entry["type"].endswith("referral-sent.v1")
    ]
    assert sent[0]["data"]["urgency"] == "urgent"
    await person.does(NGO, release.AcceptReferral(referral_id=referral))
    released_at = world.now
    mail = {party: len(world.desks[party].mail()) for party in (NGO, COORDINATOR)}

    await person.lives_on(hours=49)
    alarm = await _alarm(person, NGO, step=48)
    assert len(world.desks[NGO].mail()) > mail[NGO]
    # Others' word for it is no acknowledgement: the coordinator's comes at 72 h.
    await world.until(released_at + timedelta(hours=73))
    person.names[COORDINATOR] = world.desks[COORDINATOR].code()
    late = await _alarm(person, COORDINATOR, step=72)
    assert len(world.desks[COORDINATOR].mail()) > mail[COORDINATOR]
    await person.lives_on(days=3)
    assert await _open_alarms(world, person) >= {alarm, late}

    for party, one in ((NGO, alarm), (COORDINATOR, late)):
        await person.does(party, release.AcknowledgeEscalation(escalation_id=one))
    assert not await _open_alarms(world, person) & {alarm, late}
    await person.does(NGO, release.RecordAttendance(referral_id=referral))
    happened = await person.sees(AUDIT)
    assert happened.count("escalation-acknowledged") == 2
    assert "first-contact-made" in happened
    await person.does(NGO, intake.WithdrawConsent(received_how="in-person"))


async def test_a_receiver_that_stays_silent_gives_its_turn_to_the_next(world: World) -> None:
    person = await Person(world, "KG27-0003").enrolled()
    await (await person.consented()).planned()
    await person.scheduled(days=90)
    first = await person.referred()

    await person.lives_on(days=8)  # more than five working days

    second = await person.offered_to(NEXT_NGO)
    assert second != first
    happened = await person.sees(AUDIT)
    assert happened.count("referral-sent") == 2
    assert "referral-expired" in happened
    # The silent one cannot take it any more, and does not learn who is asked now.
    late = await person.desk(NGO).asks(person.names[NGO], release.AcceptReferral(referral_id=first))
    assert late.status_code in (404, 409), late.text
    await person.does(NEXT_NGO, release.AcceptReferral(referral_id=second))
    assert await person.stage() == "referring"
    await person.does(COLONY, intake.WithdrawConsent(received_how="in-person"))


async def test_consent_withdrawn_in_the_street_ends_it_and_only_that_is_told(world: World) -> None:
    person = await Person(world, "KG27-0004").enrolled()
    await (await person.consented()).planned()
    await person.scheduled(days=20)
    await person.referred()
    await person.lives_on(hours=2)
    before = {party: len(world.desks[party].mail()) for party in (NGO, NEXT_NGO, COORDINATOR)}
    notices = await _notices(world, person)

    await person.does(COLONY, intake.WithdrawConsent(received_how="phone"))

    assert await person.stage() == "closed"
    happened = await person.sees(AUDIT)
    for step in ("consent-withdrawn", "referral-cancelled", "case-closed"):
        assert step in happened
    told = [notice for notice in await _notices(world, person) if notice not in notices]
    assert told == [(NGO, "permission-ended")]
    after = {party: len(world.desks[party].mail()) for party in before}
    assert after == {**before, NGO: before[NGO] + 1}
    await person.lives_on(days=30)
    assert {party: len(world.desks[party].mail()) for party in before} == after


async def test_a_release_date_that_passes_without_a_word_raises_an_alarm(world: World) -> None:
    person = await Person(world, "KG27-0005").enrolled()
    await (await person.consented()).planned()
    await person.scheduled(days=10)
    await person.accepted()
    mail = len(world.desks[COORDINATOR].mail())

    await person.lives_on(days=10)
    assert "escalation-raised" not in await person.sees(AUDIT)
    await person.lives_on(days=2)

    assert "escalation-raised" in await person.sees(AUDIT)
    assert len(world.desks[COORDINATOR].mail()) == mail + 1
    person.names[COORDINATOR] = world.desks[COORDINATOR].code()
    alarm = await _alarm(person, COORDINATOR, step=None)
    await person.does(COORDINATOR, release.AcknowledgeEscalation(escalation_id=alarm))
    # Then the word comes after all.
    await person.desk(PRISON).emits(
        person.reference, facts.PersonReleased(), world.now - timedelta(days=2)
    )
    assert await person.stage() == "released"
    assert "escalation-cleared" in await person.sees(AUDIT)
    await person.does(NGO, intake.WithdrawConsent(received_how="in-person"))


async def _alarm(person: Person, party: str, step: int | None) -> UUID:
    """The alarm that a party finds addressed to it."""
    await person.world.settle()
    [alarm] = [
        entry["data"]
        for entry in await person.desk(party).timeline(person.names[party])
        if entry["type"].endswith("escalation-raised.v1")
        and entry["data"].get("step") == step
        and entry["data"]["code"] in ("D17", "D11b")
    ]
    return UUID(alarm["escalation_id"])


async def _notices(world: World, person: Person) -> list[tuple[str, str]]:
    """To whom something was, is or will be sent, and which template."""
    rows = await world.operator.fetch(
        "SELECT to_party, template FROM notifications.deliveries WHERE case_ref = $1",
        person.case_ref,
    )
    return [(row["to_party"], row["template"]) for row in rows]


async def _open_alarms(world: World, person: Person) -> set[UUID]:
    """Raised, and neither acknowledged nor over."""
    await world.settle()
    rows = await world.operator.fetch(
        "SELECT convert_from(envelope, 'UTF8')::jsonb #>> '{data,escalation_id}' AS alarm"
        " FROM release.events WHERE case_ref = $1",
        person.case_ref,
    )
    said = [row["alarm"] for row in rows if row["alarm"] is not None]
    return {UUID(alarm) for alarm in said if said.count(alarm) == 1}
