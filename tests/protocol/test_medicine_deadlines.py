"""Deadlines of medicine lines, gaps in calendar days, and what readiness asks of them."""

from datetime import date, timedelta

import pytest

from throughcare.contracts import facts
from throughcare.contracts import medicine_commands as mc
from throughcare.contracts import medicine_events as me
from throughcare.contracts import release_commands as rc
from throughcare.contracts import release_events as re
from throughcare.contracts.codes import ServiceType
from throughcare.protocol import release as half
from throughcare.protocol.calendar import before_release
from throughcare.protocol.decision import Refused
from throughcare.protocol.profiles import PROFILES
from throughcare.protocol.profiles.model import ServiceRule, Span
from throughcare.tests.protocol.medicine_story import (
    HEALTH,
    LEAFLET,
    NAMED,
    OFFER_FIRST,
    PRISON,
    SITE,
    bridge,
    confirm,
    due,
    opened,
    out_on_methadone,
    ready,
    site,
    stand,
    take,
    wanted,
    with_feedback,
)
from throughcare.tests.protocol.story import (
    OAT,
    PLAN,
    START,
    VERSION,
    Story,
    local,
)

pytestmark = pytest.mark.usefixtures("oat_in_one_colony")


# -- deadlines before the release ----------------------------------------------------------------


def test_before_a_release_is_so_many_days_before_with_grace_for_who_came_late() -> None:
    profile, on = PROFILES[VERSION], date(2026, 5, 1)
    day, grace = timedelta(days=1), Span(24, "h")
    early, late = local(on - 60 * day, 9), local(on - 3 * day, 9)

    assert before_release(profile, on, 7, early, grace) == local(on - 7 * day)
    assert before_release(profile, on, 7, late, grace) == late + day
    assert before_release(profile, on, 7, local(on, 9), grace) == local(on)
    # What is past by then is due now.
    assert before_release(profile, on, 7, local(on, 9), grace, buffer_days=1) == local(on, 9)


def test_d04_the_person_decides_a_month_before_or_the_same_day(inside: Story) -> None:
    opened(opened(inside), "art")
    release_on = START.date() + timedelta(days=60)
    assert due(inside, "D04") == local(release_on - timedelta(days=30))
    assert due(inside, "D04", "art") is None

    inside.scheduled(20)
    assert due(inside, "D04") == local(START.date())
    inside.must(facts.ReleaseRescheduled(expected_release_on=None), *PRISON)
    assert due(inside, "D04") is None


def test_d04_missed_alarms_prison_health(inside: Story) -> None:
    opened(inside)
    inside.after(days=31)

    assert ("D04", 1, 1, "prison-health", None) in inside.raised()
    inside.must(mc.RequestContinuation(line="oat", leaflet_version=LEAFLET), *HEALTH)
    assert [a for a in inside.alarms() if a.code == "D04"] == []


def test_d10_the_site_confirms_a_week_before_and_a_place_that_is_lost_is_wanted_again(
    inside: Story,
) -> None:
    release_on = START.date() + timedelta(days=60)
    week_before = local(release_on - timedelta(days=7))
    referral_id = site(wanted(inside))
    assert due(inside, "D10") == week_before
    inside.must(confirm(referral_id, release_on + timedelta(days=1)), *SITE)
    assert due(inside, "D10") is None
    inside.must(rc.WithdrawAcceptance(referral_id=referral_id, reason_code="other"), *SITE)
    assert due(inside, "D10") == week_before


def test_d10_missed_alarms_the_site_and_prison_health(inside: Story) -> None:
    site(wanted(inside))
    inside.after(days=54)

    told = {(role, party) for code, _, _, role, party in inside.raised() if code == "D10"}
    assert told == {("oat-site", "site-one"), ("prison-health", None)}


def test_d10_with_no_site_goes_to_the_coordinator_and_a_line_no_service_carries_has_none(
    inside: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = PROFILES[VERSION]
    less: dict[ServiceType, ServiceRule] = dict(profile.services)
    del less["mental-health"]
    monkeypatch.setattr(half, "PROFILES", {VERSION: profile._replace(services=less)})
    wanted(wanted(inside), "psychiatric")
    assert due(inside, "D10", "psychiatric") is None
    inside.after(days=54)

    told = {(level, role) for code, _, level, role, _ in inside.raised() if code == "D10"}
    assert told == {(2, "protocol-coordinator"), (1, "prison-health")}


def test_d14_the_supply_reaches_a_week_past_the_release_and_is_packed_anew_when_it_moves(
    inside: Story,
) -> None:
    wanted(inside, "art")
    release_on = START.date() + timedelta(days=10)
    inside.scheduled(10)
    assert due(inside, "D14", "art") == local(release_on)
    inside.must(bridge("art", START.date(), 16), *HEALTH)
    assert due(inside, "D14", "art") == local(release_on)
    inside.must(bridge("art", START.date(), 17), *HEALTH)
    assert due(inside, "D14", "art") is None

    inside.scheduled(11)
    assert due(inside, "D14", "art") == local(release_on + timedelta(days=1))


def test_d14_oat_reaches_the_day_of_release_unless_the_site_expects_the_person(
    inside: Story,
) -> None:
    wanted(inside)
    release_on = START.date() + timedelta(days=60)
    assert due(inside, "D14") == local(release_on)
    inside.must(bridge("oat", START.date(), 5), *HEALTH)
    assert due(inside, "D14") == local(release_on)


def test_who_left_without_supply_is_an_alarm_at_the_gate(inside: Story) -> None:
    wanted(inside, "art")
    inside.after(days=3)
    inside.released()
    inside.after(hours=1)

    assert ("D14", 2, 1, "prison-health", None) in inside.raised()


# -- gaps (D16) ----------------------------------------------------------------------------------


def test_two_days_later_is_a_gap_of_one_day_and_no_alarm(inside: Story) -> None:
    """Scenario 2."""
    story, referral_id, release_on = out_on_methadone(inside)
    story.until(local(release_on + timedelta(days=2), 10))
    taken = take(story, referral_id)
    story.after(days=1)

    assert (taken.missed_days, taken.restart) == (1, False)
    assert "D16" not in story.missed()
    assert story.events(me.DoseGapOpened) == []


@pytest.mark.parametrize(
    ("days", "missed", "restart"),
    [(0, 0, False), (1, 0, False), (2, 1, False), (3, 2, False), (4, 3, True), (9, 8, True)],
)
def test_more_than_two_days_missed_and_the_medicine_begins_anew(
    inside: Story, days: int, missed: int, restart: bool
) -> None:
    """KG guideline of 2015."""
    story, referral_id, release_on = out_on_methadone(inside)
    story.until(local(release_on + timedelta(days=days), 10))
    taken = take(story, referral_id)

    assert (taken.missed_days, taken.restart) == (missed, restart)


def test_four_days_later_is_a_gap_of_three_and_the_alarm_came_before_the_second_day_was_over(
    inside: Story,
) -> None:
    """Scenario 2; a day counts as missed from noon, when the morning's round is over."""
    story, referral_id, release_on = out_on_methadone(inside)
    second = release_on + timedelta(days=2)
    story.until(local(second, 11))
    assert "D16" not in story.missed()
    story.until(local(second, 12))
    told = {(level, role, party) for c, _, level, role, party in story.raised() if c == "D16"}
    assert told == {(1, "oat-site", "site-one"), (2, "protocol-coordinator", None)}
    [gap] = story.events(me.DoseGapOpened)
    assert gap.from_on == release_on + timedelta(days=1)

    story.until(local(release_on + timedelta(days=4), 10))
    taken = take(story, referral_id)
    assert (taken.missed_days, taken.restart) == (3, True)
    assert [a for a in story.alarms() if a.code == "D16"] == []


def test_gaps_count_calendar_days_over_any_weekend(inside: Story) -> None:
    """The release is a Friday, and Friday, 1 May, a holiday."""
    story, _, release_on = out_on_methadone(inside)
    assert release_on.isoweekday() == 5
    assert due(story, "D16") == local(release_on + timedelta(days=2), 12)


def test_the_days_taken_along_put_the_alarm_off(inside: Story) -> None:
    wanted(inside, "art")
    inside.must(bridge("art", START.date(), 14), *HEALTH)
    inside.released()

    assert due(inside, "D16", "art") == local(START.date() + timedelta(days=16), 12)


def test_where_nothing_was_said_of_doses_the_best_case_is_assumed(inside: Story) -> None:
    wanted(wanted(inside), "hcv")
    inside.released()

    assert due(inside, "D16") == local(START.date() + timedelta(days=2), 12)
    assert due(inside, "D16", "hcv") is None  # its gaps alarm nobody


def test_the_facility_hears_of_a_gap_later_only_if_the_person_agreed(story: Story) -> None:
    for agreed in (False, True):
        story = Story()
        story.opened().scheduled(60)
        story.must(OFFER_FIRST, "kg-31", "prison-psych")
        story.must(with_feedback(agreed), "kg-31", "prison-psych")
        story.planned(*PLAN, OAT)
        wanted(story).released()
        story.after(days=3)
        told = {role for code, _, _, role, _ in story.raised() if code == "D16"}
        assert told == {"protocol-coordinator"} | ({"prison-health"} if agreed else set())


def test_a_gap_that_is_not_closed_ends_the_line(inside: Story) -> None:
    story, referral_id, _ = out_on_methadone(inside)
    story.after(days=5)
    close = mc.CloseDoseGap(line="oat")
    assert story.tell(close, "ngo-one", "ngo") == Refused("line-unknown")
    story.must(confirm(referral_id, story.now.date() + timedelta(days=1)), *SITE)
    assert stand(story) == "GapOpen"

    story.must(close, *SITE)
    assert stand(story) == "NotContinued"
    assert [a for a in story.alarms() if a.code == "D16"] == []


def test_a_line_that_went_on_can_gap_again(inside: Story) -> None:
    story, referral_id, release_on = out_on_methadone(inside)
    story.after(days=1)
    take(story, referral_id)
    take(story, referral_id)
    assert len(story.events(me.CommunityDoseReceived)) == 1
    story.after(days=10)
    today = release_on + timedelta(days=11)

    def gap(days: int) -> mc.ReportDoseGap:
        return mc.ReportDoseGap(referral_id=referral_id, from_on=today + timedelta(days=days))

    assert story.tell(gap(1), *SITE) == Refused("day-in-the-future")
    assert story.tell(gap(-10), *SITE) == Refused("gap-before-last-dose")
    story.must(gap(-1), *SITE)
    story.must(gap(-1), *SITE)
    assert len(story.events(me.DoseGapOpened)) == 1
    story.until(local(today, 12))
    assert "D16" in story.missed()
    taken = take(story, referral_id, days=3)
    assert (taken.missed_days, taken.restart) == (1, False)
    assert taken.covered_through == today + timedelta(days=3)
    story.after(days=2)
    assert take(story, referral_id).missed_days == 0


def test_a_gap_of_a_line_that_never_began_outside_can_be_reported(inside: Story) -> None:
    story, referral_id, release_on = out_on_methadone(inside)
    same_day = mc.ReportDoseGap(referral_id=referral_id, from_on=release_on)
    assert story.tell(same_day, *SITE) == Refused("gap-before-last-dose")
    story.after(days=1)
    from_on = release_on + timedelta(days=1)
    story.must(mc.ReportDoseGap(referral_id=referral_id, from_on=from_on), *SITE)
    assert due(story, "D16") == local(release_on + timedelta(days=2), 12)
    story.after(days=2)
    assert len(story.events(me.DoseGapOpened)) == 1


# -- readiness -----------------------------------------------------------------------------------


def test_ready_is_who_knows_how_each_medicine_goes_on_or_why_not(inside: Story) -> None:
    inside.accepted(1)
    wanted(inside)
    assert inside.tell(ready(), *HEALTH) == Refused("medicine-not-settled")
    inside.must(NAMED, *HEALTH)

    [confirmed] = inside.events(re.ReadinessConfirmed)
    assert [gap.line for gap in confirmed.medicine_gaps] == ["oat"]
    assert inside.events(re.ReadinessLost) == []


@pytest.mark.parametrize("way", ["confirmed", "bridged", "declined", "unavailable"])
def test_each_firm_end_of_a_line_is_good_enough_to_leave(inside: Story, way: str) -> None:
    inside.accepted(1)
    referral_id = site(wanted(inside))
    later = START.date() + timedelta(days=61)
    match way:
        case "confirmed":
            inside.must(confirm(referral_id, later), *SITE)
        case "bridged":
            inside.must(bridge("oat", START.date(), 0), *HEALTH)
        case "declined":
            inside.must(mc.DeclineContinuation(line="oat"), *HEALTH)
        case _:
            gone = mc.ReportContinuationUnavailable(line="oat", reason_code="site-full")
            inside.must(gone, *HEALTH)
    inside.must(ready(), *HEALTH)

    assert inside.release.own.person.gaps == ()


def test_readiness_is_lost_with_the_site_and_with_a_new_line(inside: Story) -> None:
    inside.accepted(1)
    referral_id = site(wanted(inside))
    inside.must(confirm(referral_id, START.date() + timedelta(days=61)), *SITE)
    inside.must(ready(), *HEALTH)
    inside.must(rc.WithdrawAcceptance(referral_id=referral_id, reason_code="other"), *SITE)
    inside.must(NAMED, *HEALTH)
    opened(inside, "art")

    reasons = [event.reason_code for event in inside.events(re.ReadinessLost)]
    assert reasons == ["medicine-open", "medicine-open"]
