"""The same protocol by the rules of Turkmenistan, Uzbekistan, Kazakhstan and Tajikistan."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import orjson
import pytest

from throughcare.contracts import facts
from throughcare.contracts import intake_commands as intake
from throughcare.contracts import medicine_commands as medicine
from throughcare.contracts import release_commands as release
from throughcare.contracts import release_events as events
from throughcare.contracts.codes import ConsentItem, PlanItem
from throughcare.contracts.medicine_events import ContinuationUnavailable, NaloxoneUnavailable
from throughcare.protocol.profiles import CURRENT, PROFILES
from throughcare.tests.journeys.person import METHADONE, PERMISSION, SUPPORT, Person, asking
from throughcare.tests.journeys.places import (
    KZ_NGO,
    KZ_OAT_SITE,
    KZ_PRISON,
    MAHALLA,
    TJ_NEXT_NGO,
    TJ_NGO,
    TJ_PRISON,
    TM_CENTRE,
    TM_PRISON,
    UZ_NGO,
    UZ_PRISON,
)
from throughcare.tests.journeys.together import history
from throughcare.tests.journeys.world import World, day

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]


def _held_in(world: World, prison: str, reference: str) -> Person:
    return Person(world, reference, colony=prison, prison=prison)


def _support(*parties: str) -> PlanItem:
    return SUPPORT.model_copy(update={"receivers": asking(*parties)})


@history("Scenario 4", "Path B")
async def test_forty_people_pardoned_for_tomorrow_are_all_expected_by_the_centre(
    world: World,
) -> None:
    centre = ConsentItem(receiver_type="drop-in", data_classes=("P1",), purposes=("handover",))
    item = PlanItem(
        item=1,
        service_type="drop-in-support",
        mandatory=True,
        receivers=asking(TM_CENTRE, kind="drop-in"),
    )
    people = [_held_in(world, TM_PRISON, f"TM-{number:03}") for number in range(40)]

    async def prepared(person: Person) -> None:
        await person.opened(origin="amnesty-batch")
        await person.does(
            TM_PRISON,
            facts.ReleaseScheduled(expected_release_on=day(world.now, 1), ground_code="pardon"),
        )
        # One page: whom to meet, and nothing else.
        await (await person.consented(centre)).planned(item)
        await person.does(TM_PRISON, release.SendReferral(item=1))

    async def expected(person: Person) -> None:
        referral = await person.offered_to(TM_CENTRE)
        [sent] = await person.recorded(events.ReferralSent)
        assert (sent.urgency, sent.receiver_type) == ("urgent", "drop-in")
        await person.does(TM_CENTRE, release.AcceptReferral(referral_id=referral))

    await asyncio.gather(*map(prepared, people))
    await asyncio.gather(*map(expected, people))
    await world.after(hours=24)
    await asyncio.gather(
        *(person.does(TM_PRISON, facts.PersonReleased(ground_code="pardon")) for person in people)
    )
    await world.after(hours=26)

    # Nothing that anybody there was sent or may read bears a word of the country's list.
    rendered = [*world.desks[TM_CENTRE].mail(), *world.desks[TM_PRISON].mail()]
    assert len(rendered) >= 80
    for person in people[:5]:
        for party in (TM_CENTRE, TM_PRISON):
            page = await person.desk(party).client.get(
                f"/v1/cases/{person.names[party]}/timeline", headers={"accept-language": "ru"}
            )
            rendered.append(page.text)
    denied = PROFILES[CURRENT["TM"]].by_name["words.denied"].value
    for text in rendered:
        found = [word for listed in denied.values() for word in listed if word in text.casefold()]
        assert found == []
    await asyncio.gather(*(person.moves_abroad(TM_CENTRE) for person in people))


@history("Scenario 5")
async def test_in_uzbekistan_oat_is_refused_with_a_reason_and_the_mahalla_gets_no_word_of_health(
    world: World,
) -> None:
    person = await _held_in(world, UZ_PRISON, "UZ-001").opened()
    await person.offered_consent()

    def mahalla(*classes: str) -> ConsentItem:
        return ConsentItem.model_validate(
            {
                "receiver_type": "mahalla",
                "party": MAHALLA,
                "data_classes": classes,
                "purposes": ("social",),
                "asked_by_person": True,
            }
        )

    def yes(*items: ConsentItem) -> intake.RecordConsent:
        return intake.RecordConsent(items=items, expires_on=day(world.now, 300), signed_how="ink")

    health = yes(PERMISSION, mahalla("P1", "P2", "P3"))
    assert await person.is_refused(UZ_PRISON, health) == "class-not-for-receiver"
    await person.does(UZ_PRISON, yes(PERMISSION, mahalla("P1", "P2")))

    # OAT: refused by rule, in words that a Russian-speaking colleague can read.
    plan = intake.AgreePlan(items=(_support(UZ_NGO), METHADONE), client_signed=True)
    answer = await person.desk(UZ_PRISON).asks(person.reference, plan)
    assert (answer.status_code, answer.json()["code"]) == (422, "service-not-available")
    assert "стран" in answer.json()["title"]
    helped = PlanItem(
        item=2,
        service_type="community-support",
        mandatory=False,
        receivers=asking(MAHALLA, kind="mahalla"),
    )
    await person.planned(_support(UZ_NGO), helped, needs=("oat-now", "housing"))
    # A line that the country cannot carry on is said to be one at once, and no kit is promised.
    [line] = await person.recorded(ContinuationUnavailable)
    assert (line.line, line.reason_code) == ("oat", "country-has-none")
    assert len(await person.recorded(NaloxoneUnavailable)) == 1

    await person.does(UZ_PRISON, facts.ReleaseScheduled(expected_release_on=day(world.now, 10)))
    await person.accepted(by=UZ_NGO)
    early = release.SendReferral(item=2, receiver=helped.receivers[0])
    assert await person.is_refused(UZ_PRISON, early) == "receiver-only-after-release"
    await person.lives_on(days=10)
    await person.does(UZ_PRISON, facts.PersonReleased())
    await person.does(UZ_NGO, release.SendReferral(item=2))
    offer = await person.offered_to(MAHALLA)
    await person.does(MAHALLA, release.AcceptReferral(referral_id=offer))
    # Its page says nothing of prison or health: only that somebody may be helped.
    seen = set(await person.sees(MAHALLA))
    assert not seen & {"continuation-unavailable", "needs-assessed", "naloxone-unavailable"}
    await person.moves_abroad(UZ_NGO)


@history("Scenario 6")
async def test_in_kazakhstan_no_methadone_is_given_along_but_a_site_outside_may_take_the_person(
    world: World,
) -> None:
    person = await _held_in(world, KZ_PRISON, "KZ-001").opened()
    dose = ConsentItem(receiver_type="oat-site", data_classes=("P1", "P3"), purposes=("dose",))
    site = METHADONE.model_copy(update={"receivers": asking(KZ_OAT_SITE, kind="oat-site")})
    await person.consented(PERMISSION, dose)
    await person.planned(_support(KZ_NGO), site, needs=("oat-interest",))
    await person.does(KZ_PRISON, facts.ReleaseScheduled(expected_release_on=day(world.now, 40)))
    await person.does(KZ_PRISON, medicine.OpenContinuityItem(line="oat"))
    wants = medicine.RequestContinuation(line="oat", leaflet_version="l1")
    await person.does(KZ_PRISON, wants)

    bridge = medicine.SupplyBridging(line="oat", last_supervised_on=day(world.now), supply_days=1)
    assert await person.is_refused(KZ_PRISON, bridge) == "medicine-not-given-here"

    referral = await person.accepted(3, KZ_OAT_SITE)
    on = day(world.now, 41)
    await person.does(
        KZ_OAT_SITE, medicine.ConfirmReceivingSite(referral_id=referral, expected_on=on)
    )
    assert (await person.recorded(events.ReferralSent))[0].receiver == KZ_OAT_SITE
    await person.moves_abroad()


@history("Scenario 7", "Path J")
async def test_in_tajikistan_five_working_days_of_silence_do_not_count_the_holidays(
    world: World,
) -> None:
    person = await _held_in(world, TJ_PRISON, "TJ-001").opened()
    await person.consented()
    await person.planned(_support(TJ_NGO, TJ_NEXT_NGO))
    await person.does(TJ_PRISON, facts.ReleaseScheduled(expected_release_on=day(world.now, 120)))
    await world.until(datetime(2026, 3, 16, 4, tzinfo=UTC))  # Monday, nine o'clock in Dushanbe
    await person.referred(to=TJ_NGO)

    await person.lives_on(days=12)

    # 17, 18, 19, 20 March; then a weekend and two days of Navruz; 25 March, at six in the evening.
    evening = datetime(2026, 3, 25, 13, tzinfo=UTC)
    assert await person.when(events.ReferralExpired) == [evening]
    first, second = await person.recorded(events.ReferralSent)
    assert (first.receiver, second.receiver) == (TJ_NGO, TJ_NEXT_NGO)
    assert second.sent_at - evening <= timedelta(days=1)
    assert date(2026, 3, 23) in PROFILES[CURRENT["TJ"]].holidays
    await person.moves_abroad()


@history("Scenario 15")
async def test_each_case_is_decided_by_the_version_of_its_own_country(world: World) -> None:
    people = [
        _held_in(world, prison, f"{prison}-version")
        for prison in (KZ_PRISON, TJ_PRISON, TM_PRISON, UZ_PRISON)
    ]
    for person in people:
        await person.opened()
    for person in people:
        country = person.prison[:2].upper()
        versions = {one.protocol_version for one in await world.recorded(person.case_ref)}
        assert versions == {CURRENT[country]}
        page = orjson.dumps(await person.desk(person.prison).timeline(person.reference))
        assert person.reference.encode() not in page
        await person.moves_abroad()
