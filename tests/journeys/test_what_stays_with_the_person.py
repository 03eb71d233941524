"""What is the person's own: who they are, who was told, and that it can be destroyed."""

import asyncio
from typing import Any
from uuid import UUID

import httpx2
import pytest

from throughcare.contracts import release_commands as release
from throughcare.contracts import rights_commands as rights
from throughcare.contracts import rights_events as said
from throughcare.contracts.codes import ConsentItem
from throughcare.contracts.release_events import CaseClosed, CodeArrived, FirstContactMade
from throughcare.tests.journeys.person import METHADONE, PERMISSION, SUPPORT, TO_OAT_SITE, Person
from throughcare.tests.journeys.places import (
    AUDIT,
    COLONY,
    DATA_OFFICE,
    NGO,
    OAT_SITE,
)
from throughcare.tests.journeys.together import history
from throughcare.tests.journeys.world import World

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]

_IDENTITY = {"given_name": "CANARY-Бермет", "phones": ["+996 700 112233"], "reach": "CANARY-сестра"}
_HEALTH = {"medicines": [{"line": "oat", "name": "CANARY-methadone", "dose": "60 mg"}]}
#: To be found again and to keep a medicine going, besides being handed over.
_TO_REACH = ConsentItem(receiver_type="ngo", data_classes=("P1",), purposes=("handover", "reach"))


async def _enters(person: Person, data_class: str, details: dict[str, Any]) -> httpx2.Response:
    return await person.desk(COLONY).client.put(
        f"/v1/cases/{person.names[COLONY]}/details/{data_class}", json=details
    )


async def _asks(person: Person, party: str, purpose: str, *classes: str) -> httpx2.Response:
    return await person.desk(party).client.post(
        f"/v1/cases/{person.names[party]}/disclosures",
        json={"data_classes": classes, "purpose": purpose},
    )


def _no(answer: httpx2.Response) -> str:
    return str(answer.json()["code"])


@history()
async def test_who_a_person_is_leaves_only_to_whom_they_allowed_it_and_who_said_yes(
    world: World,
) -> None:
    person = await Person(world, "KG27-0901").enrolled()
    assert _no(await _enters(person, "P1", _IDENTITY)) == "no-consent"
    await person.consented(PERMISSION, TO_OAT_SITE)
    await person.planned(SUPPORT, METHADONE, needs=("oat-now", "housing"))
    for data_class, details in (("P1", _IDENTITY), ("P3", _HEALTH)):
        assert (await _enters(person, data_class, details)).status_code == 200

    referral = await person.referred()
    assert _no(await _asks(person, NGO, "handover", "P1")) == "referral-not-accepted"
    await person.does(NGO, release.AcceptReferral(referral_id=referral))
    told = await _asks(person, NGO, "handover", "P1")
    assert told.json()["details"]["P1"] == _IDENTITY
    # The medicine is the site's, whatever the NGO may wish to know.
    assert _no(await _asks(person, NGO, "handover", "P3")) == "consent-does-not-cover-receiver"
    await person.accepted(3, OAT_SITE)
    dose = await _asks(person, OAT_SITE, "dose", "P1", "P3")
    assert dose.json()["details"]["P3"] == _HEALTH

    # In the street the person says stop: from then on nobody is told anything more.
    await person.does(NGO, rights.ForgetCase())
    for party in (NGO, OAT_SITE, COLONY):
        answer = await _asks(person, party, "handover", "P1")
        assert answer.status_code in (404, 409), answer.text
    await person.lives_on(days=1)
    await world.settle()

    assert {party: await person.is_unknown_to(party) for party in (NGO, OAT_SITE, COLONY, AUDIT)} \
        == dict.fromkeys((NGO, OAT_SITE, COLONY, AUDIT), True)  # fmt: skip
    assert await _is_gone(world, person.case_ref)
    [forgotten] = await person.recorded(said.CaseForgotten)
    assert forgotten.trigger == "asked"
    for name in (person.reference, person.names[NGO], person.names[OAT_SITE]):
        assert await world.places_of(name) == []


async def _is_gone(world: World, case_ref: UUID) -> bool:
    """Erasing runs in real time, after everything about the case has come to rest."""
    for _ in range(100):
        if await world.operator.fetchval(
            "SELECT done_at IS NOT NULL FROM vault.erased WHERE case_ref = $1", case_ref
        ):
            break
        await asyncio.sleep(0.1)
    row = await world.operator.fetchrow(
        "SELECT (SELECT done_at IS NOT NULL FROM vault.erased WHERE case_ref = $1) AS done,"
        " (SELECT count(*) FROM vault.keys WHERE case_ref = $1)"
        " + (SELECT count(*) FROM gateway.aliases WHERE case_ref = $1)"
        " + (SELECT count(*) FROM timeline.secrets WHERE case_ref = $1) AS standing",
        case_ref,
    )
    assert row is not None
    return bool(row["done"]) and row["standing"] == 0


@history()
async def test_ninety_days_after_its_end_a_case_is_forgotten_by_itself(world: World) -> None:
    person = await Person(world, "KG27-0902").enrolled()
    await person.consented()
    assert (await _enters(person, "P1", _IDENTITY)).status_code == 200
    await person.moves_abroad(COLONY)
    [closed] = await person.when(CaseClosed)

    await person.reaches_day(89, closed)
    assert not await person.recorded(said.CaseForgotten)
    await person.reaches_day(92, closed)

    [forgotten] = await person.recorded(said.CaseForgotten)
    assert forgotten.trigger == "retention"
    assert await _is_gone(world, person.case_ref)
    assert await person.is_unknown_to(AUDIT)


@history()
async def test_in_an_emergency_the_site_looks_and_answers_for_it_within_three_days(
    world: World,
) -> None:
    person = await Person(world, "KG27-0903").enrolled()
    await person.on_methadone()
    for data_class, details in (("P1", _IDENTITY), ("P3", _HEALTH)):
        assert (await _enters(person, data_class, details)).status_code == 200

    async def breaks(party: str) -> httpx2.Response:
        return await person.desk(party).client.post(
            f"/v1/cases/{person.names[party]}/emergency-access",
            json={"data_classes": ["P1", "P3"], "reason_code": "medicine-to-check"},
        )

    assert _no(await breaks(NGO)) == "class-not-for-role"
    assert (await breaks(OAT_SITE)).json()["details"]["P3"] == _HEALTH
    [used] = await person.recorded(said.EmergencyAccessUsed)
    assert used.reason_code == "medicine-to-check"

    # Nobody has looked at it after three days: whoever answers for data is alarmed.
    await person.lives_on(days=4)
    assert ("D29", "dpo") in {(one.code, one.to_role) for one in await person.alarms()}
    await person.known_to(DATA_OFFICE)
    assert person.mail(DATA_OFFICE)


@history()
async def test_who_wants_to_come_without_a_name_brings_a_code(world: World) -> None:
    person = await Person(world, "KG27-0904").enrolled()
    await person.consented(_TO_REACH, by="code")
    await person.planned()
    referral = await person.accepted()
    assert _no(await _enters(person, "P1", _IDENTITY)) == "no-identity-by-code"
    assert _no(await _asks(person, NGO, "handover", "P1")) == "no-identity-by-code"
    await person.scheduled(days=10)
    await person.waits_for_release()
    await person.walks_out()
    await person.does(NGO, release.ConfirmCodeArrived(referral_id=referral))

    assert await person.recorded(CodeArrived)
    assert await person.recorded(FirstContactMade)
