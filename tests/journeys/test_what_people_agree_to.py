"""Yes, no, only this one, and not any more: what people agree to, and what follows from it."""

import asyncio
from datetime import timedelta

import pytest

from throughcare.contracts import care_events as care
from throughcare.contracts import intake_commands as intake
from throughcare.contracts import intake_events as consent
from throughcare.contracts import life_commands as life
from throughcare.contracts import release_commands as release
from throughcare.contracts import release_events as events
from throughcare.contracts.care_commands import AcknowledgeWithdrawal
from throughcare.contracts.codes import Removal
from throughcare.contracts.consent_commands import NarrowConsent, RenewConsent, WidenConsent
from throughcare.contracts.consent_events import ConsentNarrowed
from throughcare.tests.journeys.person import (
    METHADONE,
    PERMISSION,
    REHABILITATION,
    SUPPORT,
    TO_OAT_SITE,
    TO_REHAB,
    Alarm,
    Person,
)
from throughcare.tests.journeys.places import (
    AUDIT,
    COLONY,
    COORDINATOR,
    METHADONE_COLONY,
    NEIGHBOUR,
    NEXT_NGO,
    NGO,
    OAT_SITE,
    PRISON,
    REHAB,
)
from throughcare.tests.journeys.together import history
from throughcare.tests.journeys.world import World, said

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]


@history("Path F", "Scenario 8")
async def test_who_says_no_is_told_of_to_nobody_and_nothing_is_left_but_a_count(
    world: World,
) -> None:
    person = await Person(world, "KG27-0501").enrolled()
    code = person.names[COLONY]
    await person.offered_consent()
    told = await person.told()

    await person.does(COLONY, intake.RecordRefusal())  # no reason is asked for

    assert await person.stage() == "closed"
    await person.lives_on(days=1)
    assert not await person.told() - told
    assert await person.alarms() == []
    # It is counted, and neither the prison's number nor the colony's code stands anywhere.
    [closed] = await person.recorded(events.CaseClosed)
    assert closed.reason_code == "consent-refused"
    assert await world.places_of(person.reference) == []
    assert await world.places_of(code) == []
    kept = await world.operator.fetchval(
        "SELECT count(*) FROM intake.permissions WHERE case_ref = $1", person.case_ref
    )
    assert kept == 0
    assert "consent-refused" in await person.sees(AUDIT)


@history("Path F")
async def test_who_said_no_may_be_asked_once_more_after_two_weeks_and_say_yes(
    world: World,
) -> None:
    person = await Person(world, "KG27-0511").enrolled()
    await person.offered_consent()
    await person.does(COLONY, intake.RecordRefusal(reason_code="fear-of-registration"))
    await person.lives_on(days=5)
    again = life.ReopenCase(requested_by="receiver")
    assert await person.is_refused(COLONY, again) == "refusal-too-recent"

    await person.lives_on(days=10)
    await person.does(COLONY, again)
    assert await person.stage() == "consent-pending"
    # From the beginning: nothing of before counts as a yes.
    assert await person.is_refused(COLONY, release.SendReferral(item=1)) == "no-plan"
    await (await person.consented()).planned()
    assert await person.stage() == "planned"
    await person.moves_abroad()


@history("Path G")
async def test_who_agrees_to_one_receiver_only_is_offered_to_no_other(world: World) -> None:
    person = await Person(world, "KG27-0502").enrolled()
    await person.consented(PERMISSION)
    await person.planned(SUPPORT, REHABILITATION)
    await person.scheduled(days=60)

    assert await person.is_refused(COLONY, release.SendReferral(item=2)) == "no-receiver-left"
    direct = release.SendReferral(item=2, receiver=REHABILITATION.receivers[0])
    assert await person.is_refused(COLONY, direct) == "consent-does-not-cover-receiver"
    await person.accepted()
    assert await world.name(person.case_ref, REHAB) is None

    # More of it is a new act: explained and signed like the first.
    await person.does(
        COLONY,
        WidenConsent(
            added=(TO_REHAB,),
            language="ky-Cyrl",
            form_version="f1",
            witness_role="ngo",
            signed_how="ink",
        ),
    )
    await person.accepted(2, REHAB)
    await person.moves_abroad()


@history("Path H", "Scenario 9")
async def test_after_a_withdrawal_three_recipients_hear_one_word_and_owe_an_answer(
    world: World,
) -> None:
    person = await Person(world, "KG31-0503", colony=METHADONE_COLONY).enrolled()
    await person.consented(PERMISSION, TO_REHAB, TO_OAT_SITE)
    await person.planned(SUPPORT, REHABILITATION, METHADONE)
    await person.scheduled(days=40)
    held = {
        NGO: await person.accepted(),
        REHAB: await person.accepted(2, REHAB),
        OAT_SITE: await person.accepted(3, OAT_SITE),
    }
    told = await person.told()

    await person.does(METHADONE_COLONY, intake.WithdrawConsent(received_how="phone"))

    assert await person.stage() == "closed"
    assert await person.told() - told == {(party, "permission-ended"): 1 for party in held}
    assert {one.receiver for one in await person.recorded(care.PermissionRecalled)} == set(held)
    assert len(await person.recorded(care.RecipientTold)) == 3
    after = await person.told()
    # One says what it did with the data; it reads nothing by that name any more.
    deleted = AcknowledgeWithdrawal(referral_id=held[NGO], data_action="deleted")
    await person.does(NGO, deleted)
    assert await person.is_unknown_to(NGO)
    await person.lives_on(days=30)
    # What the others owe is asked for, and only the coordinator and who answers for data hear of it.
    late = [
        one
        for one in await person.recorded(events.EscalationRaised)
        if (one.code, one.step, one.to_role) == ("D23", 72, "protocol-coordinator")
    ]
    assert sorted(str(one.referral_id) for one in late) == sorted(
        str(held[party]) for party in (REHAB, OAT_SITE)
    )
    later = await person.told() - after
    assert {template for _, template in later} == {"alarm"}
    assert not {to for to, _ in later} & {*held, PRISON, COLONY, METHADONE_COLONY}


@history("Path H")
async def test_who_takes_back_one_permission_keeps_the_rest_and_only_that_receiver_hears(
    world: World,
) -> None:
    person = await Person(world, "KG27-0504").enrolled()
    await person.consented(PERMISSION, TO_REHAB)
    await person.planned(SUPPORT, REHABILITATION)
    await person.scheduled(days=60)
    await person.accepted()
    rehab = await person.accepted(2, REHAB)
    told = await person.told()

    await person.does(
        COLONY,
        NarrowConsent(removed=(Removal(receiver_type="rehab-centre"),), received_how="in-person"),
    )

    assert await person.stage() == "referring"
    assert len(await person.recorded(ConsentNarrowed)) == 1
    # The coordinator hears that an item has nobody now; the NGO, nothing.
    new = await person.told() - told
    assert new == {(REHAB, "permission-ended"): 1, (COORDINATOR, "reroute-needed"): 1}
    [gone] = await person.recorded(events.ReferralCancelled)
    assert (gone.referral_id, gone.reason_code) == (rehab, "consent-withdrawn")
    await person.moves_abroad()


@history("Path H")
async def test_consent_withdrawn_in_the_street_ends_it_whoever_hears_it(world: World) -> None:
    person = await Person(world, "KG27-0505").enrolled()
    await (await person.consented()).planned()
    await person.scheduled(days=20)
    referral = await person.accepted()
    await person.lives_on(days=1)
    await person.walks_out()
    await person.is_met(referral)
    told = await person.told()

    await person.does(NGO, intake.WithdrawConsent(received_how="in-person"))

    assert await person.stage() == "closed"
    # What they give goes on between the two; here it is over.
    assert await person.told() - told == {(NGO, "permission-ended"): 1}
    assert await person.is_unknown_to(NGO)


@history("Path S")
async def test_a_case_opened_for_the_wrong_person_is_void_and_who_got_data_deletes_them(
    world: World,
) -> None:
    person = await Person(world, "KG27-0506").enrolled()
    await (await person.consented(PERMISSION, TO_REHAB)).planned(SUPPORT, REHABILITATION)
    await person.scheduled(days=60)
    await person.accepted()
    await person.referred(2, REHAB)
    told = await person.told()

    await person.does(COLONY, life.VoidCase(reason_code="wrong-person"))

    assert await person.stage() == "closed"
    # Who was only asked had nothing of the person to delete.
    assert await person.told() - told == {(NGO, "data-to-delete"): 1, (REHAB, "case-closed"): 1}


@history("Path H")
async def test_who_said_stop_is_not_asked_again_but_may_come_back_and_is_written_for_again(
    world: World,
) -> None:
    person = await Person(world, "KG27-0512").enrolled()
    await (await person.consented()).planned()
    await person.scheduled(days=60)
    await person.accepted()
    await person.does(COLONY, intake.WithdrawConsent(received_how="in-person"))
    await person.lives_on(days=2)
    asks = life.ReopenCase(requested_by="receiver")
    assert await person.is_refused(COLONY, asks) == "person-has-to-ask"

    await person.does(COLONY, life.ReopenCase(requested_by="client"))
    told = await person.told()
    await (await person.consented()).planned()
    await person.accepted()

    assert (await person.told() - told)[NGO, "referral-offered"] == 1
    assert await person.stage() == "referring"
    await person.moves_abroad()


@history("Path V")
async def test_of_a_yes_and_a_no_on_two_sheets_of_paper_the_one_that_shares_less_holds(
    world: World,
) -> None:
    person = await Person(world, "KG27-0507").enrolled()
    await person.consented()
    await person.planned()
    await person.scheduled(days=60)
    await person.accepted()

    # Both colleagues were without a line; the second sheet is typed in later.
    await person.does(COLONY, intake.RecordRefusal())

    assert await person.stage() == "closed"
    assert len(await person.recorded(consent.ConsentWithdrawn)) == 1


@history("Path V")
async def test_what_two_colleagues_enter_at_the_same_moment_counts_once(world: World) -> None:
    person = await Person(world, "KG27-0508").enrolled()
    await (await person.consented()).planned()
    await person.scheduled(days=60)
    referral = await person.referred()
    accept = release.AcceptReferral(referral_id=referral)
    decline = release.DeclineReferral(referral_id=referral, reason_code="no-capacity")

    desk, name = person.desk(NGO), person.names[NGO]
    answers = await asyncio.gather(desk.asks(name, accept), desk.asks(name, decline))

    assert sorted(answer.status_code for answer in answers) == [201, 409]
    one = (await person.recorded(events.ReferralAccepted)) + (
        await person.recorded(events.ReferralDeclined)
    )
    assert len(one) == 1
    await person.moves_abroad()


@history("Path W")
async def test_who_demands_data_finds_no_door_for_it_and_learns_nothing(world: World) -> None:
    person = await Person(world, "KG27-0509").enrolled()
    await (await person.consented()).planned()
    await person.scheduled(days=60)
    await person.accepted()
    demand = {
        **said(release.RecordRelease(), person.reference, world.now),
        "type": "org.throughcare.command.demand-data.v1",
        "data": {"requester_kind": "police"},
    }

    # There is no such command, for no party and under no name.
    for party in (PRISON, NEIGHBOUR, COORDINATOR):
        answer = await person.desk(party).post(demand, "commands")
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown-type")
    # Who has nothing to do with the case is told the same as of a case that never was.
    for party in (NEIGHBOUR, NEXT_NGO, COORDINATOR):
        for name in (person.reference, person.names[NGO], "KG27-NOBODY"):
            answer = await person.desk(party).client.get(f"/v1/cases/{name}/timeline")
            assert (answer.status_code, answer.json()["code"]) == (404, "no-such-case")
    told = await person.told()
    await person.lives_on(hours=1)
    assert not await person.told() - told
    await person.moves_abroad()


@history("Path H")
async def test_a_permission_ends_on_its_last_day_unless_it_is_renewed(world: World) -> None:
    person = await Person(world, "KG27-0510").enrolled()
    await person.offered_consent()
    last = (world.now + timedelta(days=20)).date()
    yes = intake.RecordConsent(items=(PERMISSION,), expires_on=last, signed_how="thumb")
    await person.does(COLONY, yes)
    await person.planned()
    await person.scheduled(days=60)
    await person.accepted()

    await person.lives_on(days=22)

    assert await person.stage() == "closed"
    [closed] = await person.recorded(events.CaseClosed)
    assert closed.reason_code == "consent-expired"
    assert (NGO, "permission-ended") in await person.told()


@history()
async def test_a_yes_given_long_before_the_release_is_asked_about_again_outside(
    world: World,
) -> None:
    person = await Person(world, "KG27-0513").enrolled()
    await (await person.consented()).planned()
    await person.scheduled(days=75)
    referral = await person.accepted()
    await person.waits_for_release()
    await person.walks_out()
    assert "renew-consent" not in await person.open_with(NGO)  # first somebody meets the person

    await person.is_met(referral)

    assert "renew-consent" in await person.open_with(NGO)
    await person.lives_on(days=7)
    alarm = Alarm("consent-again", None, 2, "protocol-coordinator", None)
    assert alarm in await person.alarms()
    await person.known_to(COORDINATOR)
    assert "acknowledge-alarm" in await person.open_with(COORDINATOR)
    # The consent holds, and what it carries goes on; the person is asked late, and keeps it so.
    [granted] = await person.recorded(consent.ConsentGranted)
    again = RenewConsent(expires_on=granted.expires_on, witness_role="ngo", signed_how="ink")
    await person.does(NGO, again)
    assert await person.stage() == "in-contact"
    assert "renew-consent" not in await person.open_with(NGO)
    [raised] = [
        one for one in await person.recorded(events.EscalationRaised) if one.code == alarm.code
    ]
    cleared = await person.recorded(events.EscalationCleared)
    assert raised.escalation_id in {one.escalation_id for one in cleared}
