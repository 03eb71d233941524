"""Receivers: who has no place, who does not answer, who closes; and people who do not come."""

from datetime import timedelta

import pytest

from throughcare.contracts import care_commands as care
from throughcare.contracts import care_events
from throughcare.contracts import life_commands as life
from throughcare.contracts import release_commands as release
from throughcare.contracts import release_events as events
from throughcare.contracts.codes import OutreachMeans
from throughcare.tests.journeys.person import Alarm, Person
from throughcare.tests.journeys.places import (
    AUDIT,
    COLONY,
    COORDINATOR,
    NEXT_NGO,
    NGO,
    PRISON,
)
from throughcare.tests.journeys.together import history
from throughcare.tests.journeys.world import World, day

#: How somebody is looked for.
_MEANS: tuple[OutreachMeans, ...] = ("phone", "visit", "peer")

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]


@history("Path I")
async def test_where_one_has_no_place_the_next_is_asked_and_a_place_later_may_be_waited_for(
    world: World,
) -> None:
    person = await Person(world, "KG27-0601").enrolled()
    await (await person.consented()).planned()
    await person.scheduled(days=90)
    first = await person.referred()
    assert await person.open_with(NGO) == ["answer-referral"]

    await person.does(NGO, release.DeclineReferral(referral_id=first, reason_code="no-capacity"))
    second = await person.offered_to(NEXT_NGO)
    assert await person.open_with(NGO) == []
    assert await person.is_unknown_to(NGO)
    assert await person.open_with(NEXT_NGO) == ["answer-referral"]
    assert (await person.told())[COLONY, "referral-answered"] == 1
    # The next one has no place either, but from a day on.
    free_on = day(world.now, 14)
    no = release.DeclineReferral(
        referral_id=second, reason_code="no-capacity", waiting_from=free_on
    )
    await person.does(NEXT_NGO, no)
    before = person.names[NEXT_NGO]
    assert await person.is_unknown_to(NEXT_NGO)
    await person.does(COLONY, care.WaitForPlace(referral_id=second))
    # It never said yes: it is asked again under another name.
    assert await person.offered_to(NEXT_NGO) == second
    assert person.names[NEXT_NGO] != before
    [waiting] = await person.recorded(care_events.WaitingPlaceTaken)
    assert waiting.waiting_until == free_on
    assert await person.stage() == "referring"

    await person.lives_on(days=14)
    await person.does(NEXT_NGO, release.AcceptReferral(referral_id=second))
    assert await person.open_with(NEXT_NGO) == ["book-appointment"]
    reasons = [one.reason_code for one in await person.recorded(events.ReferralDeclined)]
    assert reasons == ["no-capacity", "no-capacity"]
    assert "referral-expired" not in await person.sees(AUDIT)
    await person.moves_abroad()


@history("Path I")
async def test_where_everybody_said_no_the_coordinator_finds_somebody(world: World) -> None:
    person = await Person(world, "KG27-0602").enrolled()
    await (await person.consented()).planned()
    await person.scheduled(days=90)
    first = await person.referred()
    await person.does(NGO, release.DeclineReferral(referral_id=first, reason_code="not-eligible"))
    second = await person.offered_to(NEXT_NGO)
    no = release.DeclineReferral(referral_id=second, reason_code="out-of-area")
    await person.does(NEXT_NGO, no)

    await person.known_to(COORDINATOR)
    assert await person.is_refused(COORDINATOR, release.SendReferral(item=1)) == "no-receiver-left"
    # Nobody else took it up for a working day.
    await person.lives_on(days=2)
    assert Alarm("D08", None, 2, "protocol-coordinator", None) in await person.alarms()
    await person.moves_abroad()


@history("Path J")
async def test_a_receiver_that_stays_silent_gives_its_turn_to_the_next(world: World) -> None:
    person = await Person(world, "KG27-0603").enrolled()
    await (await person.consented()).planned()
    await person.scheduled(days=90)
    first = await person.referred()

    await person.lives_on(days=3)
    assert Alarm("D06", None, 1, "ngo", NGO) in await person.alarms()
    await person.lives_on(days=5)  # more than five working days in all

    second = await person.offered_to(NEXT_NGO)
    assert second != first
    happened = await person.sees(AUDIT)
    assert happened.count("referral-sent") == 2
    assert happened.index("referral-expired") < len(happened)
    # The silent one cannot take it any more, and does not learn who is asked now.
    late = release.AcceptReferral(referral_id=first)
    assert await person.is_refused(NGO, late) == "no-such-case"
    assert await person.is_unknown_to(NGO)
    await person.does(NEXT_NGO, release.AcceptReferral(referral_id=second))
    assert await person.stage() == "referring"
    await person.moves_abroad()


@history("Path T")
async def test_what_a_closed_centre_held_looks_for_another_and_nothing_more_goes_there(
    world: World,
) -> None:
    person = await Person(world, "KG27-0604").enrolled()
    await (await person.consented()).planned()
    await person.scheduled(days=60)
    held = await person.accepted()
    await person.does(COLONY, release.ConfirmReadiness(kit_gap="no-time"))
    assert await person.stage() == "ready"

    person.names[COORDINATOR] = await world.handed_to(COORDINATOR, person.case_ref)
    await person.does(COORDINATOR, care.SuspendReceiver(receiver=NGO, reason_code="closed"))

    assert await person.stage() == "referring"
    [gone] = await person.recorded(events.AcceptanceWithdrawn)
    assert (gone.referral_id, gone.reason_code) == (held, "service-closed")
    await person.offered_to(NEXT_NGO)
    told = await person.told()
    assert told[COLONY, "referral-answered"] >= 2  # the yes, and that it is over
    await person.moves_abroad()


@history("Path K")
async def test_who_does_not_come_is_looked_for_the_next_day_and_given_another_time(
    world: World,
) -> None:
    person = await Person(world, "KG27-0605").enrolled()
    await (await person.consented()).planned()
    await person.scheduled(days=20)
    referral = await person.accepted()
    await person.waits_for_release()
    await person.walks_out()
    await person.expected(referral, hours=24)
    await person.lives_on(hours=26)
    await person.does(NGO, release.ReportMissedAppointment(referral_id=referral))
    told = await person.told()

    await person.lives_on(hours=25)
    assert Alarm("D18", 1, 1, "ngo", NGO) in await person.alarms()
    phoned = release.RecordOutreach(referral_id=referral, means="phone", result="reached")
    await person.does(NGO, phoned)
    await person.expected(referral, hours=22)
    await person.lives_on(hours=22)
    await person.is_met(referral)

    assert await person.stage() == "in-contact"
    # Nobody in the prison hears who came and who did not.
    assert not {to for to, _ in await person.told() - told} & {PRISON, COLONY}
    assert "escalation-cleared" in await person.sees(AUDIT)
    await person.moves_abroad(NGO)


@history("Scenario 12")
async def test_who_stayed_away_three_times_is_lost_at_day_30_and_welcome_at_day_75(
    world: World,
) -> None:
    person = await Person(world, "KG27-0606").enrolled()
    await (await person.consented()).planned()
    await person.scheduled(days=20)
    referral = await person.accepted()
    await person.waits_for_release()
    released_at = await person.walks_out()
    for means, days in zip(_MEANS, (1, 3, 7), strict=True):
        await person.expected(referral, hours=1)
        await person.reaches_day(days, released_at)
        await person.does(NGO, release.ReportMissedAppointment(referral_id=referral))
        await person.does(
            NGO,
            release.RecordOutreach(referral_id=referral, means=means, result="not-reached"),
        )

    await person.reaches_day(31, released_at)
    assert await person.stage() == "lost"
    [lost] = await person.recorded(events.ContactLost)
    assert (lost.last_contact_at, lost.attempts) == (None, 3)
    assert (await person.when(events.ContactLost))[0] - released_at < timedelta(days=31)
    check = release.CheckFollowUp(
        referral_id=referral, checkpoint_day=30, contact_kind="none", still_engaged=False
    )
    assert await person.is_refused(NGO, check) == "contact-is-lost"

    await person.reaches_day(75, released_at)
    await person.is_met(referral)
    assert await person.stage() == "in-contact"
    # Lost at day 30 stays on the record beside the return; lost at day 180 never comes.
    happened = await person.sees(AUDIT)
    assert happened.index("contact-lost") < happened.index("contact-regained")
    assert "loss-confirmed" not in happened
    await person.moves_abroad(NGO)


@history("Path L")
async def test_who_is_never_found_again_is_let_go_after_half_a_year_and_the_prison_hears_nothing(
    world: World,
) -> None:
    person = await Person(world, "KG27-0607").enrolled()
    await (await person.consented()).planned()
    await person.scheduled(days=20)
    referral = await person.accepted()
    await person.waits_for_release()
    released_at = await person.walks_out()
    for means, days in zip(_MEANS, (1, 2, 3), strict=True):
        await person.reaches_day(days, released_at)
        tried = release.RecordOutreach(referral_id=referral, means=means, result="not-reached")
        await person.does(NGO, tried)
    early = release.DeclareContactLost(referral_id=referral)
    await person.does(NGO, early)  # three attempts, three days, three means
    assert await person.stage() == "lost"
    told = await person.told()

    await person.reaches_day(181, released_at)

    assert await person.stage() == "closed"
    [closed] = await person.recorded(events.CaseClosed)
    assert closed.reason_code == "lost-to-follow-up"
    later = await person.told() - told
    assert later[NGO, "case-closed"] == 1
    assert not {to for to, _ in later} & {PRISON, COLONY}
    # Months later the person stands at the door: asked anew, not begun anew.
    await person.reaches_day(240, released_at)
    await person.does(NGO, life.ReopenCase(requested_by="client"))
    assert await person.stage() == "consent-pending"
    await person.moves_abroad(NGO)


@history("Path L")
async def test_nobody_is_lost_before_they_were_looked_for(world: World) -> None:
    person = await Person(world, "KG27-0608").enrolled()
    await (await person.consented()).planned()
    await person.scheduled(days=20)
    referral = await person.accepted()
    await person.waits_for_release()
    await person.walks_out()
    lost = release.DeclareContactLost(referral_id=referral)
    for _ in range(3):  # by the same means on the same day
        tried = release.RecordOutreach(referral_id=referral, means="phone", result="not-reached")
        await person.does(NGO, tried)

    assert await person.is_refused(NGO, lost) == "too-few-attempts"
    assert await person.stage() == "released"
    await person.moves_abroad(NGO)
