"""What the prison's calendar does to people: dates that move, days nobody foresaw, transfers."""

from datetime import UTC, date, datetime, timedelta

import pytest

from throughcare.contracts import facts, life_facts
from throughcare.contracts import life_events as life
from throughcare.contracts import medicine_events as med
from throughcare.contracts import release_commands as release
from throughcare.contracts import release_events as events
from throughcare.tests.journeys.person import Alarm, Person
from throughcare.tests.journeys.places import (
    AUDIT,
    COLONY,
    COORDINATOR,
    METHADONE_COLONY,
    NEXT_NGO,
    NGO,
    OAT_SITE,
    PRISON,
)
from throughcare.tests.journeys.together import history
from throughcare.tests.journeys.world import World, day

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]


@history("Path A")
async def test_when_the_date_comes_closer_others_are_asked_at_once_and_the_first_yes_holds(
    world: World,
) -> None:
    person = await Person(world, "KG27-0401").enrolled()
    await (await person.consented()).planned()
    await person.scheduled(days=90)
    first = await person.referred()
    [asked] = await person.recorded(events.ReferralSent)
    assert asked.urgency == "routine"
    told = await person.told()

    on = day(world.now, 10)
    await person.tells(facts.ReleaseRescheduled(expected_release_on=on, reason_code="recalculated"))
    # Who was asked learns that something changed, and from its timeline nothing but that.
    assert await person.told() - told == {(NGO, "case-updated"): 1}
    assert await person.reads(NGO, "release-rescheduled") == []
    [moved] = await person.recorded(events.ReleaseRescheduled)
    assert moved.change == "brought-forward"

    await person.does(COLONY, release.SendReferral(item=1, several=True))
    second = await person.offered_to(NEXT_NGO)
    assert (await person.recorded(events.ReferralSent))[-1].urgency == "short"
    await person.does(NEXT_NGO, release.AcceptReferral(referral_id=second))

    [gone] = await person.recorded(events.ReferralCancelled)
    assert (gone.referral_id, gone.reason_code) == (first, "placed-elsewhere")
    # Whose offer is over has no part in the case any more.
    late = release.AcceptReferral(referral_id=first)
    assert await person.is_refused(NGO, late) == "no-such-case"
    assert await person.is_unknown_to(NGO)
    assert await person.stage() == "referring"
    await person.moves_abroad()


@history("Path B")
async def test_after_an_amnesty_today_an_alarm_stays_until_a_human_answers(world: World) -> None:
    person = await Person(world, "KG27-0402").enrolled()
    await (await person.consented()).planned(needs=("housing", "opioid-risk"))
    await person.tells(
        facts.ReleaseScheduled(expected_release_on=day(world.now), ground_code="amnesty")
    )
    await person.tells(facts.PersonReleased(ground_code="amnesty"))
    released_at = world.now
    [released] = await person.recorded(events.PersonReleased)
    assert released.unplanned
    referral = await person.referred()
    [sent] = await person.reads(NGO, "referral-sent")
    assert sent["urgency"] == "urgent"
    await person.does(NGO, release.AcceptReferral(referral_id=referral))

    await person.lives_on(hours=50)
    assert Alarm("D17", 48, 1, "ngo", NGO) in await person.alarms()
    assert (await person.told())[NGO, "alarm"] >= 1
    # Others' word for it is no acknowledgement: the coordinator's comes at 72 h.
    await person.reaches_day(3.1, released_at)
    await person.known_to(COORDINATOR)
    await person.answers_alarm(NGO, "D17", 48)
    await person.answers_alarm(COORDINATOR, "D17", 72)
    # What nobody could do before the release is promised after it: the kit is still owed.
    assert "D13" in {one.code for one in await person.alarms()}

    await person.is_met(referral)
    happened = await person.sees(AUDIT)
    assert happened.count("escalation-acknowledged") == 2
    assert "first-contact-made" in happened
    await person.moves_abroad(NGO)


@history("Path B")
async def test_who_walks_out_before_anybody_asked_is_known_to_nobody_and_only_counted(
    world: World,
) -> None:
    person = await Person(world, "KG27-0403").enrolled()
    told = await person.told()

    await person.tells(facts.PersonReleased(ground_code="pardon"))
    await person.lives_on(days=1)

    assert await person.stage() == "closed"
    [closed] = await person.recorded(events.CaseClosed)
    assert closed.reason_code == "released-before-consent"
    assert not await person.told() - told
    assert await person.is_unknown_to(PRISON)
    assert "case-closed" in await person.sees(AUDIT)


@history("Path C")
async def test_a_release_that_is_put_off_outlives_a_kept_place_and_methadone_is_talked_of_again(
    world: World,
) -> None:
    person = await Person(world, "KG31-0404", colony=METHADONE_COLONY).enrolled()
    await person.scheduled(days=30)
    support, site = await person.on_methadone(until=day(world.now, 40))
    await person.is_awaited(site, day(world.now, 31))
    await person.has_a_kit()
    await person.does(METHADONE_COLONY, release.ConfirmReadiness())
    assert await person.stage() == "ready"
    told = await person.told()

    later = day(world.now, 120)
    await person.tells(facts.ReleaseRescheduled(expected_release_on=later, reason_code="court"))

    new = await person.told() - told
    assert {to for to, template in new if template == "case-updated"} == {NGO, OAT_SITE}
    assert await person.stage() == "referring"
    lines = [one.line for one in await person.recorded(med.ContinuityItemOpened)]
    assert lines == ["oat", "oat"]
    # The place was kept until a day, which passes; nobody said no, so the same one is asked again.
    await person.lives_on(days=41)
    [lapsed] = await person.recorded(life.AcceptanceLapsed)
    assert lapsed.referral_id == support
    assert await person.offered_to(NGO) != support

    await person.tells(facts.ReleaseRescheduled(reason_code="other"))
    assert (await person.recorded(events.ReleaseRescheduled))[-1].change == "cancelled"
    await person.moves_abroad()


@history("Path C")
async def test_a_release_date_that_passes_without_a_word_raises_an_alarm(world: World) -> None:
    person = await Person(world, "KG27-0405").enrolled()
    await (await person.consented()).planned()
    await person.scheduled(days=10)
    referral = await person.accepted()
    await person.expected(referral, days=11)

    await person.lives_on(days=10)
    assert "D11b" not in {one.code for one in await person.alarms()}
    await person.lives_on(days=2)

    silent = [one for one in await person.alarms() if one.code == "D11b"]
    assert {(one.level, one.to_role) for one in silent} == {
        (1, "prison-admin"), (2, "protocol-coordinator"),
    }  # fmt: skip
    await person.known_to(COORDINATOR)
    await person.answers_alarm(COORDINATOR, "D11b")
    # Then the word comes after all.
    late = facts.PersonReleased()
    await person.desk(PRISON).emits(person.reference, late, world.now - timedelta(days=2))
    assert await person.stage() == "released"
    assert "escalation-cleared" in await person.sees(AUDIT)
    await person.moves_abroad(NGO)


@history("Path D", "Scenario 10")
async def test_who_is_moved_to_where_no_methadone_is_given_does_not_just_stop_taking_it(
    world: World,
) -> None:
    person = await Person(world, "KG31-0406", colony=METHADONE_COLONY).enrolled()
    await person.scheduled(days=28)
    _, site = await person.on_methadone()
    await person.is_awaited(site, day(world.now, 29))
    await person.has_a_kit()
    await person.does(METHADONE_COLONY, release.ConfirmReadiness())
    await person.lives_on(days=14)
    assert await person.stage() == "ready"

    await person.tells(
        facts.PersonTransferred(
            from_facility=METHADONE_COLONY, to_facility=COLONY, medicines_moved=False
        )
    )

    assert await person.stage() == "referring"
    assert [one.reason_code for one in await person.recorded(events.ReadinessLost)] == [
        "transferred"
    ]
    # At once, not with the next deadline.
    await person.lives_on(minutes=5)
    urgent = {one for one in await person.alarms() if one.code == "D16b"}
    assert {(one.level, one.to_role) for one in urgent} == {
        (1, "prison-health"), (2, "protocol-coordinator"),
    }  # fmt: skip
    # The new colony answers for the person now, and was told so.
    await person.known_to(COLONY)
    await person.answers_alarm(COLONY, "D16b", 1)
    told = await person.told()
    assert told[METHADONE_COLONY, "case-left"] == told[COLONY, "case-moved"] == 1
    # The old one finishes what it has to within a day, and then has nothing to do with the person.
    await person.lives_on(hours=23)
    assert not await person.is_unknown_to(METHADONE_COLONY)
    await person.lives_on(hours=2)
    assert await person.is_unknown_to(METHADONE_COLONY)
    await person.moves_abroad(COLONY)


@history("Scenario 3")
async def test_a_release_on_a_friday_before_a_holiday_is_seen_two_weeks_ahead(
    world: World,
) -> None:
    friday = date(2026, 5, 8)  # Saturday the 9th is a holiday, too
    person = await Person(world, "KG27-0407").enrolled()
    await (await person.consented()).planned()
    referral = await person.accepted()
    await person.tells(facts.ReleaseScheduled(expected_release_on=friday, facility=COLONY))

    # Two weeks before, at the end of the day in Bishkek.
    await world.until(datetime(2026, 4, 24, 12, tzinfo=UTC))
    assert "weekend-release" not in {one.code for one in await person.alarms()}
    await world.until(datetime(2026, 4, 24, 12, 1, tzinfo=UTC))
    assert Alarm("weekend-release", None, 1, "prison-health", None) in await person.alarms()

    # Somebody who expects the person on a day off is cover, and the alarm is over.
    saturday = datetime(2026, 5, 9, 5, tzinfo=UTC)
    book = release.BookAppointment(referral_id=referral, appointment_at=saturday)
    await person.does(NGO, book)
    assert "escalation-cleared" in await person.sees(AUDIT)
    await person.moves_abroad()


@history("Path C")
async def test_a_release_that_was_none_is_taken_back_and_its_promises_with_it(
    world: World,
) -> None:
    person = await Person(world, "KG27-0408").enrolled()
    await (await person.consented()).planned()
    await person.scheduled(days=60)
    await person.accepted()
    await person.walks_out()
    assert await person.stage() == "released"
    # Two days on the prison has no part in the case any more; that it was none it may still say,
    # to the coordinator, who asks there.
    await person.lives_on(hours=30)
    assert await person.is_unknown_to(PRISON)
    told = await person.told()

    none = life_facts.ReleaseReversed(reason_code="recorded-in-error")
    await person.tells(none)

    assert await person.stage() == "released"
    assert await person.told() - told == {(COORDINATOR, "case-to-review"): 1}
    assert await person.is_unknown_to(PRISON)
    await person.known_to(COORDINATOR)
    assert "reversal-reported" in await person.sees(COORDINATOR)
    told = await person.told()

    await person.does(COORDINATOR, none)

    assert await person.stage() == "referring"
    assert await person.told() - told == {(NGO, "case-updated"): 1}
    # The prison has the case again, by its own number.
    await person.tells(facts.ReleaseRescheduled(expected_release_on=day(world.now, 40)))
    assert not await person.is_unknown_to(PRISON)
    await person.lives_on(days=4)
    assert "D17" not in {one.code for one in await person.alarms()}
    await person.moves_abroad()
