"""Medicine lines over the gate: decided, confirmed, bridged, taken up, handed on, told of."""

from datetime import date, timedelta
from typing import Any

import pytest

from throughcare.contracts import facts
from throughcare.contracts import intake_commands as ic
from throughcare.contracts import medicine_commands as mc
from throughcare.contracts import medicine_events as me
from throughcare.contracts import release_commands as rc
from throughcare.contracts import release_events as re
from throughcare.contracts.care_commands import ConfirmCancellation
from throughcare.contracts.kinds import Command
from throughcare.protocol import release as half
from throughcare.protocol.decision import Decided, Refused
from throughcare.protocol.profiles import PROFILES
from throughcare.tests.protocol.medicine_story import (
    CENTRE,
    COORD,
    HEALTH,
    LEAFLET,
    PRISON,
    SITE,
    bridge,
    change_rules,
    confirm,
    opened,
    out_on_methadone,
    ready,
    site,
    stand,
    take,
    told,
    wanted,
)
from throughcare.tests.protocol.story import (
    DOSE,
    OAT,
    PERMISSIONS,
    PLAN,
    START,
    VERSION,
    Story,
    local,
)

pytestmark = pytest.mark.usefixtures("oat_in_one_colony")


# -- the way over the gate -----------------------------------------------------------------------


def test_a_line_goes_from_the_decision_to_the_first_day_at_the_site(inside: Story) -> None:
    story, referral_id, release_on = out_on_methadone(inside)
    story.until(local(release_on + timedelta(days=1), 10))
    taken = take(story, referral_id)

    assert [e.name for e in story.events(me.LineEvent)] == [
        "continuity-item-opened",
        "continuation-requested",
        "receiving-site-confirmed",
        "bridging-supplied",
        "community-dose-received",
    ]
    assert (taken.missed_days, taken.restart) == (0, False)
    assert stand(story) == "Continued"
    assert story.codes().isdisjoint({"D04", "D10", "D14", "D16", "D16b"})


def test_a_dose_at_the_site_is_the_witnessed_contact(inside: Story) -> None:
    story, referral_id, release_on = out_on_methadone(inside)
    story.until(local(release_on + timedelta(days=1), 10))
    take(story, referral_id)

    [contact] = story.events(re.FirstContactMade)
    assert contact.referral_id == referral_id


def test_a_dose_that_is_entered_after_a_later_visit_is_no_second_meeting(inside: Story) -> None:
    story, referral_id, release_on = out_on_methadone(inside)
    story.until(local(release_on + timedelta(days=1), 10))
    story.attended(referral_id, *SITE)
    dose = mc.RecordCommunityDose(referral_id=referral_id)
    story.must(dose, *SITE, at=story.now - timedelta(hours=1))

    assert stand(story) == "Continued"
    assert len(story.events(re.ClientAttended)) == 1


def test_needs_open_their_lines_and_no_line_twice(inside: Story) -> None:
    opened(inside, "tb")
    flags: Any = ("oat-now", "hiv-care", "tb-care", "housing")
    needs = ic.AssessNeeds(tool_code="form", tool_version="1", flags=flags)
    inside.must(needs, "kg-31", "prison-psych")
    inside.must(needs, "kg-31", "prison-psych")

    assert [e.line for e in inside.events(me.ContinuityItemOpened)] == ["tb", "oat", "art"]


def test_a_line_that_is_open_is_not_opened_again_and_one_that_ended_is(inside: Story) -> None:
    opened(opened(inside))
    assert len(inside.events(me.ContinuityItemOpened)) == 1

    inside.must(mc.DeclineContinuation(line="oat"), *HEALTH)
    inside.must(mc.DeclineContinuation(line="oat"), *HEALTH)
    opened(inside)
    assert stand(inside) == "DecisionPending"
    assert len(inside.events(me.ContinuationDeclinedByClient)) == 1


def test_nothing_begins_without_consent(story: Story) -> None:
    story.opened()
    assert story.tell(mc.OpenContinuityItem(line="oat"), *HEALTH) == Refused("no-consent")


def test_an_oat_decision_names_the_leaflet_and_others_need_none(inside: Story) -> None:
    opened(opened(inside), "art")
    assert inside.tell(mc.RequestContinuation(line="oat"), *HEALTH) == Refused("leaflet-not-named")

    inside.must(mc.RequestContinuation(line="art"), *HEALTH)
    inside.must(mc.RequestContinuation(line="oat", leaflet_version=LEAFLET), *HEALTH)
    said = inside.events(me.ContinuationRequested)
    assert [(e.line, e.leaflet_version) for e in said] == [("art", None), ("oat", LEAFLET)]
    assert said[0].decided_on == date(2026, 3, 2)


def test_a_no_needs_no_leaflet_and_is_taken_by_whoever_carries_the_line_on(inside: Story) -> None:
    no = mc.DeclineContinuation(line="oat")
    site(wanted(inside))
    assert inside.tell(no, "site-two", "oat-site") == Refused("line-unknown")

    inside.must(no, *SITE)
    assert stand(inside) == "NotContinued"


def test_a_site_speaks_only_of_a_line_that_it_accepted(inside: Story) -> None:
    later = (START + timedelta(days=61)).date()
    sent = inside.referred(4)
    assert inside.tell(confirm(sent, later), *SITE) == Refused("referral-not-accepted")
    inside.must(rc.AcceptReferral(referral_id=sent), *SITE)
    assert inside.tell(confirm(sent, later), *SITE) == Refused("line-unknown")
    wanted(inside)
    assert inside.tell(confirm(sent, later), "site-two", "oat-site") == Refused("referral-unknown")
    assert inside.tell(confirm(sent, date(2026, 3, 1)), *SITE) == Refused("appointment-in-the-past")
    other = inside.accepted(1)
    assert inside.tell(confirm(other, later), "ngo-one", "ngo") == Refused(
        "referral-serves-no-line"
    )
    inside.must(rc.CancelReferral(referral_id=sent, reason_code="other"), *HEALTH)
    inside.must(ConfirmCancellation(referral_id=sent), *SITE)
    assert inside.tell(confirm(sent, later), *SITE) == Refused("referral-ended")


def test_the_day_of_the_site_can_be_moved_and_said_again(inside: Story) -> None:
    referral_id = site(wanted(inside))
    first, second = (START.date() + timedelta(days=n) for n in (61, 62))
    for on in (first, second, second):
        inside.must(confirm(referral_id, on), *SITE)

    assert [e.expected_on for e in inside.events(me.ReceivingSiteConfirmed)] == [first, second]


def test_the_supply_may_be_packed_before_the_site_says_yes(inside: Story) -> None:
    wanted(inside, "art")
    inside.must(bridge("art", START.date(), 28), *HEALTH)
    referral_id = inside.accepted(5, *CENTRE)
    inside.must(confirm(referral_id, START.date() + timedelta(days=70)), *CENTRE)

    assert stand(inside, "art") == "Bridged"
    assert inside.release.own.lines[0].stand.site == referral_id
    inside.must(bridge("art", START.date(), 20), *HEALTH)
    assert inside.release.own.lines[0].stand.site == referral_id


@pytest.mark.parametrize(
    "command",
    [
        mc.RequestContinuation(line="oat", leaflet_version=LEAFLET),
        mc.DeclineContinuation(line="oat"),
        mc.ReportContinuationUnavailable(line="oat", reason_code="site-full"),
        bridge("oat", START.date(), 0),
        mc.CloseDoseGap(line="oat"),
    ],
)
def test_a_step_of_a_line_that_nobody_opened_is_refused(inside: Story, command: Command) -> None:
    party = COORD if isinstance(command, mc.CloseDoseGap) else HEALTH
    assert inside.tell(command, *party) == Refused("line-unknown")


def test_steps_follow_their_order(inside: Story) -> None:
    late = Refused("line-step-not-now")
    opened(inside)
    assert inside.tell(bridge("oat", START.date(), 0), *HEALTH) == late
    assert inside.tell(mc.CloseDoseGap(line="oat"), *COORD) == late
    referral_id = site(inside)
    assert inside.tell(confirm(referral_id, START.date()), *SITE) == late
    gone = mc.ReportContinuationUnavailable(line="oat", reason_code="going-abroad")
    inside.must(gone, *HEALTH)
    inside.must(gone, *COORD)
    assert stand(inside) == "Unavailable"
    assert len(inside.events(me.ContinuationUnavailable)) == 1
    want = mc.RequestContinuation(line="oat", leaflet_version=LEAFLET)
    assert inside.tell(want, *HEALTH) == late
    assert inside.tell(mc.DeclineContinuation(line="oat"), *HEALTH) == late
    inside.until(local(date(2026, 5, 1), 9))
    inside.released()
    assert inside.tell(mc.RecordCommunityDose(referral_id=referral_id), *SITE) == late
    assert (
        inside.tell(mc.ReportDoseGap(referral_id=referral_id, from_on=date(2026, 5, 1)), *SITE)
        == late
    )
    inside.must(mc.OpenContinuityItem(line="oat"), *HEALTH)
    inside.must(want, *HEALTH)
    inside.must(want, *HEALTH)
    take(inside, referral_id)
    assert inside.tell(gone, *HEALTH) == late


def test_a_dose_outside_comes_after_the_release(inside: Story) -> None:
    referral_id = site(wanted(inside))
    dose = mc.RecordCommunityDose(referral_id=referral_id)
    gap = mc.ReportDoseGap(referral_id=referral_id, from_on=START.date())
    assert inside.tell(dose, *SITE) == Refused("person-not-released")
    assert inside.tell(gap, *SITE) == Refused("person-not-released")
    inside.released()
    before = inside.now - timedelta(hours=1)
    assert inside.tell(dose, *SITE, at=before) == Refused("person-not-released")
    other = inside.accepted(1)
    assert inside.tell(dose, "site-two", "oat-site") == Refused("referral-unknown")
    for command in (
        mc.RecordCommunityDose(referral_id=other),
        mc.ReportDoseGap(referral_id=other, from_on=START.date()),
    ):
        assert inside.tell(command, "ngo-one", "ngo") == Refused("referral-serves-no-line")


# -- the country's rules -------------------------------------------------------------------------


def test_where_there_is_no_oat_in_the_community_the_line_is_unavailable_at_once(
    inside: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_rules(monkeypatch, oat_community=False)
    opened(opened(inside), "art")

    assert stand(inside) == "Unavailable"
    assert stand(inside, "art") == "DecisionPending"
    [gone] = inside.events(me.ContinuationUnavailable)
    assert gone.reason_code == "country-has-none"
    again = mc.OpenContinuityItem(line="oat")
    assert inside.tell(again, *HEALTH) == Refused("service-not-available")


def test_where_prisons_give_no_oat_none_is_supplied_and_the_community_still_takes_over(
    inside: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scenario 6."""
    change_rules(monkeypatch, oat_in_prison_default=False, oat_facilities={})
    referral_id = site(wanted(inside))

    supply = inside.tell(bridge("oat", START.date(), 0), *HEALTH)
    assert supply == Refused("medicine-not-given-here")
    inside.must(confirm(referral_id, START.date() + timedelta(days=61)), *SITE)
    assert stand(inside) == "SiteConfirmed"
    assert not any(code == "D14" for code, _, _ in inside.live())
    wanted(inside, "art").must(bridge("art", START.date(), 7), *HEALTH)


@pytest.mark.parametrize(
    ("facility", "given"),
    [("kg-31", True), ("kg-5", True), ("kg-9", False), ("kg-7", False), (None, False)],
)
def test_a_facility_gives_oat_from_its_first_day_on(facility: str | None, given: bool) -> None:
    named = {"kg-31": date(2026, 1, 1), "kg-5": None, "kg-9": date(2027, 1, 1)}
    country = PROFILES[VERSION].medicine._replace(oat_facilities=named)

    assert country.oat_at(facility, START.date()) is given


def test_a_supply_is_neither_of_tomorrow_nor_longer_than_the_country_allows(
    inside: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_rules(monkeypatch, oat_in_prison_default=True, oat_supply_max=2)
    wanted(wanted(inside), "art")
    tomorrow = START.date() + timedelta(days=1)

    assert inside.tell(bridge("oat", tomorrow, 0), *HEALTH) == Refused("day-in-the-future")
    assert inside.tell(bridge("oat", START.date(), 3), *HEALTH) == Refused("supply-too-long")
    assert inside.tell(bridge("art", START.date(), 29), *HEALTH) == Refused("supply-too-long")
    inside.must(bridge("oat", START.date(), 2), *HEALTH)
    inside.must(bridge("art", START.date(), 28), *HEALTH)
    reach = [e.covered_through - START.date() for e in inside.events(me.BridgingSupplied)]
    assert reach == [timedelta(days=2), timedelta(days=28)]


# -- moved (path D, scenario 10) -----------------------------------------------------------------


def moved(to: str, medicines: bool | None = None) -> facts.PersonTransferred:
    return facts.PersonTransferred(to_facility=to, medicines_moved=medicines)


def test_moved_to_where_it_is_not_given_the_medicine_would_stop(inside: Story) -> None:
    """Scenario 10."""
    inside.accepted(1)
    referral_id = site(wanted(inside))
    inside.must(confirm(referral_id, START.date() + timedelta(days=61)), *SITE)
    inside.must(ready(), *HEALTH)
    inside.after(days=46)
    inside.must(moved("kg-7"), *PRISON)
    inside.after(minutes=1)

    assert [e.reason_code for e in inside.events(re.ReadinessLost)] == ["transferred"]
    told = {(level, role) for code, _, level, role, _ in inside.raised() if code == "D16b"}
    assert told == {(1, "prison-health"), (2, "protocol-coordinator")}
    inside.must(moved("kg-5"), *PRISON)
    assert [a for a in inside.alarms() if a.code == "D16b"] == []


def test_moved_to_where_it_is_given_alarms_nobody(inside: Story) -> None:
    wanted(inside)
    inside.must(moved("kg-5", medicines=True), *PRISON)

    assert "D16b" not in inside.codes()


def test_moved_without_the_medicines_alarms_for_each_line_that_runs(inside: Story) -> None:
    wanted(wanted(inside, "art"), "tb")
    inside.must(mc.DeclineContinuation(line="tb"), *HEALTH)
    inside.must(moved("kg-5", medicines=False), *PRISON)

    assert {key for key in inside.live() if key[0] == "D16b"} == {("D16b", None, 2)}


# -- postponed (path C) --------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "again"), [(120, False), (121, True)])
def test_a_release_that_moves_by_more_than_sixty_days_has_the_person_decide_on_oat_anew(
    inside: Story, days: int, again: bool
) -> None:
    wanted(wanted(inside), "art")
    inside.scheduled(days)

    assert stand(inside) == ("DecisionPending" if again else "ContinueRequested")
    assert stand(inside, "art") == "ContinueRequested"
    if again:
        inside.must(mc.RequestContinuation(line="oat", leaflet_version=LEAFLET), *HEALTH)
        assert stand(inside) == "ContinueRequested"


def test_a_decision_is_not_asked_for_again_while_no_date_is_known(story: Story) -> None:
    story.opened().consented(*PERMISSIONS, DOSE).planned(*PLAN, OAT)
    wanted(story).scheduled(200)
    assert stand(story) == "ContinueRequested"

    story.must(facts.ReleaseRescheduled(expected_release_on=None), *PRISON)
    wanted(story, "art")
    assert stand(story) == "ContinueRequested"


# -- into custody (path M) -----------------------------------------------------------------------


def back(**more: Any) -> rc.ReportReincarceration:
    return rc.ReportReincarceration(source_code="told-by-client", **more)


def test_the_line_goes_on_inside_only_with_the_persons_yes(inside: Story) -> None:
    story, referral_id, _ = out_on_methadone(inside)
    story.after(days=1)
    take(story, referral_id)
    to = {"continuity_to": "kg-27"}
    assert story.tell(back(**to), *SITE) == Refused("custody-handover-not-agreed")
    story.must(back(**to, person_agrees=True), *SITE)

    [handed] = story.events(me.ContinuityHandedIntoCustody)
    assert (handed.to_facility, handed.lines) == ("kg-27", ("oat",))
    assert story.types()[-2:] == ["case-closed", "deadlines-changed"]
    assert ("continuity-handed-into-custody", "case-moved", "kg-27") in told(story)


def test_nothing_is_handed_over_where_nothing_runs_or_nobody_asked(inside: Story) -> None:
    inside.released()
    to = back(continuity_to="kg-27", person_agrees=True)
    assert inside.tell(to, *COORD) == Refused("no-line-runs")
    inside.must(back(), *COORD)

    assert inside.events(me.ContinuityHandedIntoCustody) == []


# -- who is told ---------------------------------------------------------------------------------


def test_a_site_is_asked_to_confirm_whichever_came_first(inside: Story) -> None:
    site(wanted(inside))
    assert ("referral-accepted", "confirmation-wanted", "site-one") in told(inside)

    centre = inside.accepted(5, *CENTRE)
    assert ("referral-accepted", "confirmation-wanted", "aids-one") not in told(inside)
    wanted(inside, "art")
    assert ("continuation-requested", "confirmation-wanted", "aids-one") in told(inside)
    inside.must(confirm(centre, START.date() + timedelta(days=70)), *CENTRE)
    assert ("receiving-site-confirmed", "referral-answered", "kg-31") in told(inside)


def test_no_notice_of_a_line_says_what_it_is_about(inside: Story) -> None:
    story, referral_id, _ = out_on_methadone(inside)
    story.after(days=4)
    take(story, referral_id)

    words = {word for _, template, _ in told(story) for word in template.split("-")}
    assert words.isdisjoint({"oat", "dose", "medicine", "gap", "site", "naloxone", "methadone"})


def test_a_line_is_told_to_nobody_who_was_only_asked(inside: Story) -> None:
    inside.referred(4)
    wanted(inside)

    assert [n for _, n, party in told(inside) if party == "site-one"] == ["referral-offered"]


def test_a_decision_about_a_line_is_deterministic_and_the_state_survives_its_dump(
    inside: Story,
) -> None:
    story, referral_id, _ = out_on_methadone(inside)
    state = story.release
    assert half.HALF.load(half.HALF.dump(state)) == state
    context = story.context("site-one", ("oat-site",))
    command = mc.RecordCommunityDose(referral_id=referral_id)
    first = half.HALF.decide(state, command, context)
    assert isinstance(first, Decided)
    assert first == half.HALF.decide(state, command, context)
