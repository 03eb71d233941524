"""Ways of custody: absences, a date said again, a release taken back, moved and cancelled dates."""

from datetime import date, timedelta
from typing import Any

import pytest

from throughcare.contracts import facts
from throughcare.contracts import intake_commands as ic
from throughcare.contracts import life_events as le
from throughcare.contracts import life_facts as lf
from throughcare.contracts import release_commands as rc
from throughcare.contracts import release_events as re
from throughcare.contracts.codes import PlanItem, Receiver
from throughcare.contracts.kinds import Fact
from throughcare.protocol import notices
from throughcare.protocol.decision import Decided, Held, Refused, Superseded
from throughcare.protocol.profiles import PROFILES
from throughcare.protocol.record import replace
from throughcare.protocol.release.life_promises import is_confirmed
from throughcare.protocol.release.state import Ended, InCustody, Outside, State, Unheard
from throughcare.protocol.release.ways import asks_again, in_custody, reverse
from throughcare.protocol.stage import Course, follow, stage, stage_of
from throughcare.tests.protocol.story import (
    COORD,
    GRANTED,
    NEEDS,
    ONE,
    OPENED,
    PRISON,
    START,
    VERSION,
    Story,
    day_after,
    given,
    local,
)

OLD = Superseded("older-than-applied")
HEALTH = ("kg-31", "prison-health")
PROFILE = PROFILES[VERSION]
COURT = lf.AbsenceBegun(kind_code="court")
BACK = lf.AbsenceEnded()
REVERSED = lf.ReleaseReversed(reason_code="recorded-in-error")


def _stages(story: Story) -> tuple[str, str]:
    course = Course()
    for message in story.said:
        course = follow(course, message.data)
    return stage(course), stage_of(story.intake, story.release)


@pytest.fixture
def ready(story: Story) -> Story:
    story.opened().scheduled(60).consented().planned()
    story.accepted(1)
    story.must(rc.ConfirmReadiness(kit_gap="no-time"), *HEALTH)
    return story


# -- absences ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["temporary-leave", "hospital", "court", None])
def test_who_leaves_for_a_while_is_not_released_and_no_deadline_moves(
    ready: Story, kind: Any
) -> None:
    before, stand = ready.live(), ready.release.own.referrals
    ready.must(lf.AbsenceBegun(kind_code=kind), *PRISON)

    assert ready.release.own.person.absent.kind_code == kind
    assert (ready.live(), ready.release.own.referrals) == (before, stand)
    assert _stages(ready) == ("ready",) * 2
    ready.must(BACK, *PRISON)
    assert ready.release.own.person.absent is None
    assert ready.live() == before
    assert ready.events(re.PersonReleased) == []


def test_a_date_that_passes_while_the_person_is_away_alarms_as_ever(ready: Story) -> None:
    ready.after(days=58)
    ready.must(COURT, *PRISON)
    ready.after(days=4)

    assert "D11b" in {code for code, *_ in ready.raised()}


def test_who_is_freed_by_a_court_need_not_come_back_first(ready: Story) -> None:
    ready.must(COURT, *PRISON)
    ready.must(facts.PersonReleased(ground_code="court"), *PRISON)

    assert _stages(ready) == ("released",) * 2


def test_from_hospital_to_court_is_another_absence_and_the_same_again_says_nothing(
    ready: Story,
) -> None:
    ready.must(lf.AbsenceBegun(kind_code="hospital"), *PRISON)
    ready.must(COURT, *PRISON)

    assert ready.tell(COURT, *PRISON) == Decided(())
    assert [e.kind_code for e in ready.events(le.AbsenceBegun)] == ["hospital", "court"]


def test_nobody_comes_back_who_was_not_away(ready: Story) -> None:
    assert ready.tell(BACK, *PRISON) == Refused("person-not-absent")
    ready.must(COURT, *PRISON)
    ready.must(BACK, *PRISON)
    assert ready.tell(BACK, *PRISON) == Decided(())


@pytest.mark.parametrize("fact", [COURT, BACK])
def test_an_older_word_of_an_absence_is_superseded(ready: Story, fact: Fact) -> None:
    ready.must(COURT, *PRISON)
    ready.must(BACK, *PRISON)

    assert ready.tell(fact, *PRISON, at=START - timedelta(hours=1)) == OLD


@pytest.mark.parametrize(
    "fact", [COURT, BACK, lf.ReleaseDateConfirmed(expected_release_on=date(2026, 5, 1))]
)
def test_ways_of_custody_end_with_the_release_and_with_the_case(ready: Story, fact: Fact) -> None:
    ready.released()
    assert ready.tell(fact, *PRISON) == Refused("person-already-released")
    assert ready.tell(fact, *PRISON, at=START - timedelta(hours=1)) == OLD
    ready.must(facts.PersonDied(), *PRISON)
    assert ready.tell(fact, *PRISON) == Refused("case-closed")


# -- a release taken back ------------------------------------------------------------------------


def test_a_release_recorded_in_error_is_taken_back_with_every_place_kept(ready: Story) -> None:
    ready.after(days=10)
    ready.released()
    assert "D17" in ready.codes()
    ready.must(REVERSED, *PRISON)

    person = ready.release.own.person
    assert (person.expected_on, person.gaps) == (day_after(60), None)
    assert ready.release.own.referrals[0].stand.__class__.__name__ == "Accepted"
    assert not ready.release.own.referrals[0].owes_word
    assert _stages(ready) == ("referring",) * 2
    assert ready.codes().isdisjoint({"D15", "D17", "D19", "D22"})
    assert ready.live()["D11b", None, None] == local(day_after(61))
    ready.must(rc.ConfirmReadiness(kit_gap="no-time"), *HEALTH)
    assert _stages(ready) == ("ready",) * 2


def test_who_is_taken_back_at_the_gate_and_freed_later_is_promised_everything_anew(
    ready: Story,
) -> None:
    ready.after(days=10)
    ready.released()
    ready.after(hours=49)
    ready.must(lf.ReleaseReversed(reason_code="re-detained-at-gate"), *COORD)
    assert ready.alarms() == []
    ready.after(days=5)
    ready.released()

    assert ready.live()["D17", None, 48] == ready.now + timedelta(hours=48)
    assert ready.live()["D19", None, 7] > ready.now
    assert len(ready.events(re.PersonReleased)) == 2


def test_the_release_that_was_taken_back_is_old_when_it_is_said_again(ready: Story) -> None:
    ready.after(days=1)
    happened = ready.now
    ready.released()
    ready.after(hours=1)
    ready.must(REVERSED, *PRISON)

    assert ready.tell(facts.PersonReleased(), *PRISON, at=happened) == OLD
    assert ready.tell(REVERSED, *PRISON) == Decided(())
    ready.after(hours=1)
    assert ready.tell(REVERSED, *PRISON) == Refused("person-not-released")


def test_what_was_not_released_is_not_taken_back(ready: Story) -> None:
    assert ready.tell(REVERSED, *PRISON) == Refused("person-not-released")
    ready.released()
    assert ready.tell(REVERSED, *PRISON, at=START - timedelta(hours=1)) == OLD


def test_once_somebody_met_the_person_coming_back_is_a_new_imprisonment(ready: Story) -> None:
    ready.released().attended(ready.release.own.referrals[0].id)

    assert ready.tell(REVERSED, *PRISON) == Refused("person-already-met")
    ready.must(facts.PersonDied(), *PRISON)
    assert ready.tell(REVERSED, *PRISON) == Refused("case-closed")


@pytest.mark.parametrize("met", [False, True])
def test_a_prison_that_denies_a_release_late_is_answered_alike_whoever_met_the_person(
    ready: Story, met: bool
) -> None:
    ready.released()
    if met:
        ready.attended(ready.release.own.referrals[0].id)
    ready.after(hours=24)
    before = ready.release.own

    answer = ready.tell(REVERSED, *PRISON)

    assert isinstance(answer, Decided)
    [said] = answer.events
    assert said == le.ReversalReported(said_at=ready.now, reason_code="recorded-in-error")
    # Nor of a moment before the release, of which it would be told in time that it is old.
    early = START - timedelta(hours=1)
    assert ready.tell(REVERSED, *PRISON, at=early) == Decided(())
    # Nothing moves by it, and saying it again every night tells nobody anything more.
    person = ready.release.own.person
    assert isinstance(person, Outside)
    assert replace(person, denied=False) == before.person
    assert ready.release.own.live == before.live
    assert ready.tell(REVERSED, *PRISON) == Decided(())
    ready.must(facts.PersonDied(), *PRISON)
    assert ready.tell(REVERSED, *PRISON) == Decided(())
    assert ready.tell(REVERSED, *PRISON, at=early) == Decided(())
    assert ready.tell(facts.ReleaseScheduled(expected_release_on=day_after(9)), *PRISON) == Refused(
        "case-closed"
    )


def test_a_prison_takes_a_release_back_by_itself_until_its_day_is_over(ready: Story) -> None:
    ready.released()
    ready.after(hours=23)
    ready.must(REVERSED, *PRISON)
    assert ready.events(le.ReversalReported) == []
    assert isinstance(ready.release.own.person, InCustody)


def test_what_a_prison_denied_late_the_coordinator_decides(ready: Story) -> None:
    ready.released()
    ready.after(days=3)
    ready.must(REVERSED, *PRISON)
    assert _stages(ready) == ("released",) * 2

    ready.must(REVERSED, *COORD)

    assert _stages(ready) == ("referring",) * 2
    ready.after(days=1)
    ready.released()
    ready.after(days=2)
    # Of another release it is said anew.
    ready.must(REVERSED, *PRISON)
    assert len(ready.events(le.ReversalReported)) == 2


def test_a_prison_that_is_a_coordinator_too_denies_a_release_as_a_prison(ready: Story) -> None:
    ready.released()
    ready.after(days=3)
    ready.must(REVERSED, PRISON[0], *PRISON[1:], "protocol-coordinator")
    assert _stages(ready) == ("released",) * 2


def test_who_died_in_custody_was_never_released_and_the_prison_is_told_that_it_is_over(
    ready: Story,
) -> None:
    ready.must(facts.PersonDied(), *PRISON)
    ready.after(days=3)
    assert ready.tell(REVERSED, *PRISON) == Refused("case-closed")
    assert ready.tell(REVERSED, *COORD) == Refused("case-closed")


def test_the_coordinator_is_told_that_a_release_is_denied(ready: Story) -> None:
    ready.released()
    ready.after(days=3)
    ready.must(REVERSED, *PRISON)

    told = notices.notices(ready.said[-1], notices.KnownParties(released=True))
    assert told == (notices.Notice("case-to-review", "protocol-coordinator"),)


def test_a_release_before_consent_that_was_none_leads_back_to_asking(story: Story) -> None:
    story.opened().scheduled(90)
    story.now += timedelta(hours=1)
    story.released()
    story.must(lf.ReleaseReversed(facility="kg-27"), *PRISON)

    assert story.release.own.person.expected_on == day_after(90)
    assert story.release.own.facility == "kg-27"
    assert "D02c" not in story.codes()
    story.consented()
    assert _stages(story) == ("consented",) * 2


def test_a_release_heard_before_consent_and_taken_back_after_it_keeps_the_date(
    story: Story,
) -> None:
    story.opened().scheduled(90)
    story.connected = False
    story.consented()
    story.released()
    story.deliver()
    story.connected = True
    story.must(REVERSED, *PRISON)

    assert story.release.own.person.expected_on == day_after(90)


def test_what_custody_says_changes_nobody_who_is_outside() -> None:
    """However a stream came to hold it."""
    out = re.PersonReleased(released_at=START, known_at=START, unplanned=True)
    said = [
        le.AbsenceBegun(said_at=START),
        le.AbsenceEnded(said_at=START),
        le.ReleaseDateConfirmed(expected_release_on=day_after(1), said_at=START),
    ]
    first = given(OPENED, GRANTED, out)
    assert given(OPENED, GRANTED, out, *said).states == first.states
    inside = given(OPENED, le.ReleaseReversed(said_at=START), le.ReversalReported(said_at=START))
    assert inside.states == given(OPENED).states


def test_a_closed_case_has_no_ways_of_custody() -> None:
    assert in_custody(Ended("died"), START) == Refused("case-closed")
    state = State(replace(given().states["release"].own, person=Ended("died")), Unheard())
    context = Story().context(PRISON[0], PRISON[1:])
    assert reverse(state, REVERSED, context, PROFILE) == Refused("case-closed")
    assert not is_confirmed(None, day_after(9), 7, PROFILE)


# -- dates ---------------------------------------------------------------------------------------


def test_a_date_brought_forward_makes_answers_urgent_in_time(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    referral_id = story.referred(1)
    story.after(hours=1)
    story.scheduled(10)

    # path A: more than 72 hours, less than 30 days; one working day to answer
    assert story.live()["D07", referral_id, None] == local(date(2026, 3, 3))
    story.must(rc.DeclineReferral(referral_id=referral_id, reason_code="no-capacity"), *ONE)
    assert story.events(re.ReferralSent)[-1].urgency == "short"


def test_without_a_date_nothing_that_counts_from_it_is_promised(ready: Story) -> None:
    ready.must(facts.ReleaseRescheduled(), *PRISON)

    assert ready.codes().isdisjoint({"D01", "D11", "D11b", "weekend-release"})
    assert _stages(ready) == ("ready",) * 2


def _accepted_until(story: Story, days: int) -> Any:
    story.opened().scheduled(60).consented().planned()
    referral_id = story.referred(1)
    accept = rc.AcceptReferral(referral_id=referral_id, valid_until=day_after(days))
    story.must(accept, *ONE)
    story.must(rc.ConfirmReadiness(kit_gap="no-time"), *HEALTH)
    return referral_id


def test_a_place_is_kept_while_no_date_is_known_until_its_day_and_then_asked_for_again(
    story: Story,
) -> None:
    referral_id = _accepted_until(story, 70)
    story.must(facts.ReleaseRescheduled(), *PRISON)
    assert story.live()["D07b", referral_id, None] == local(day_after(70))
    story.after(days=69)
    assert _stages(story) == ("ready",) * 2
    story.after(days=2)

    [lapsed] = story.events(le.AcceptanceLapsed)
    assert lapsed.referral_id == referral_id
    [lost] = story.events(re.ReadinessLost)
    assert lost.reason_code == "referral-lost"
    # nobody said no: the first of the plan's list is asked again
    again = story.events(re.ReferralSent)[-1]
    assert (again.receiver, again.after_referral_id) == ("ngo-one", referral_id)


def test_a_release_taken_back_and_a_place_that_lapsed_are_told_to_who_held_it(
    story: Story,
) -> None:
    _accepted_until(story, 70)
    story.released()
    story.must(lf.ReleaseReversed(facility="kg-27"), *PRISON)
    story.must(facts.ReleaseRescheduled(), *PRISON)
    story.must(facts.PersonTransferred(to_facility="kg-9"), *PRISON)
    story.after(days=71)

    known = notices.KnownParties()
    told = []
    for message in story.said:
        told += [(message.data.name, n) for n in notices.notices(message, known)]
        known = notices.hear(known, message)
    of: dict[str, list[notices.Notice]] = {}
    for name, notice in told:
        of.setdefault(name, []).append(notice)
    assert of["release-reversed"] == [notices.Notice("case-updated", "ngo", "ngo-one")]
    assert of["person-transferred"][1] == notices.Notice(
        "case-left", "prison-health", facility="kg-27"
    )
    assert of["acceptance-lapsed"] == [
        notices.Notice("referral-ended", "ngo", "ngo-one"),
        notices.Notice("referral-answered", "prison-psych", facility="kg-9"),
    ]


def test_who_was_held_nowhere_known_left_nowhere(story: Story) -> None:
    story.opened(facility=None)
    story.must(facts.PersonTransferred(to_facility="kg-9"), *PRISON)
    moved = story.said[-1]

    told = notices.notices(moved, notices.KnownParties())
    assert [n.template for n in told] == ["case-moved"]


def test_a_place_that_lapses_with_nobody_left_to_ask_is_the_coordinators(story: Story) -> None:
    _accepted_until(story, 70)
    story.must(facts.ReleaseRescheduled(), *PRISON)
    story.after(days=71)
    for party in ("ngo-one", "ngo-two"):
        last = story.release.own.referrals[-1].id
        no = rc.DeclineReferral(referral_id=last, reason_code="no-capacity")
        story.must(no, party, "ngo")

    [needed] = story.events(re.RerouteNeeded)
    assert needed.reason_code == "no-receiver-left"


def test_a_postponed_date_loses_a_place_that_does_not_last_until_it(story: Story) -> None:
    _accepted_until(story, 70)
    story.scheduled(90)

    [lost] = story.events(re.ReadinessLost)
    assert lost.reason_code == "acceptance-too-short"


def test_after_the_release_a_place_lapses_no_more(story: Story) -> None:
    _accepted_until(story, 70)
    story.released()

    assert "D07b" not in story.codes()


@pytest.mark.parametrize(
    ("old", "new", "again"), [(0, 61, True), (61, 0, True), (0, 60, False), (0, None, False)]
)
def test_a_date_that_moved_by_more_than_60_days_asks_again_about_medicines(
    old: int, new: int | None, again: bool
) -> None:
    moved = None if new is None else day_after(new)
    assert asks_again(PROFILE, day_after(old), moved) is again
    assert not asks_again(PROFILE, None, moved)


# -- D11: the date is said again -----------------------------------------------------------------


def test_the_date_is_confirmed_seven_days_and_one_day_before(ready: Story) -> None:
    ready.confirms = False
    assert ready.live()["D11", None, 7] == local(day_after(53))
    assert ready.live()["D11", None, 1] == local(day_after(59))
    ready.after(days=51)
    same = lf.ReleaseDateConfirmed(expected_release_on=day_after(60))
    ready.must(same, *PRISON)

    assert [step for code, _, step in ready.live() if code == "D11"] == [1]
    met = [(k.code, k.step) for c in ready.events(re.DeadlinesChanged) for k in c.met]
    assert ("D11", 7) in met
    assert ready.tell(same, *PRISON) == Decided(())
    ready.after(days=9)
    assert ("D11", 1, 1, "prison-admin", None) in ready.raised()
    assert ("D11", 7, 1, "prison-admin", None) not in ready.raised()


@pytest.mark.parametrize("kind", [facts.ReleaseScheduled, facts.ReleaseRescheduled])
def test_the_same_date_said_again_counts_as_a_confirmation(ready: Story, kind: type[Fact]) -> None:
    ready.confirms = False
    ready.after(days=55)
    assert "D11" in {a.code for a in ready.alarms()}
    ready.must(kind.model_validate({"expected_release_on": day_after(60)}), *PRISON)

    assert "D11" not in {a.code for a in ready.alarms()}


def test_a_date_said_again_long_before_says_nothing(ready: Story) -> None:
    same = lf.ReleaseDateConfirmed(expected_release_on=day_after(60))
    ready.after(days=40)

    assert ready.tell(same, *PRISON) == Decided(())
    assert ready.tell(same, *PRISON, at=START - timedelta(hours=1)) == OLD


def test_what_differs_from_the_known_date_confirms_nothing(ready: Story) -> None:
    other = lf.ReleaseDateConfirmed(expected_release_on=day_after(61))

    assert ready.tell(other, *PRISON) == Refused("release-date-differs")


def test_a_word_that_comes_after_a_confirmation_but_was_said_before_is_old(ready: Story) -> None:
    ready.after(days=55)
    assert len(ready.events(le.ReleaseDateConfirmed)) == 1  # on day 53
    moved = facts.ReleaseRescheduled(expected_release_on=day_after(70))

    assert ready.tell(moved, *PRISON, at=ready.now - timedelta(days=3)) == OLD


def test_a_date_that_becomes_known_near_its_day_needs_no_further_word(story: Story) -> None:
    story.opened().consented().scheduled(3)

    assert ("D11", None, 7) not in story.live()
    assert "D11" not in story.codes()  # said three days before counts for the last day as well


def test_before_consent_nobody_relies_on_the_date(story: Story) -> None:
    story.opened().scheduled(60)

    assert story.codes().isdisjoint({"D11", "weekend-release"})


# -- weekend-release -----------------------------------------------------------------------------


def _weekend(on: date, story: Story) -> Any:
    story.opened().consented().planned()
    story.must(facts.ReleaseScheduled(expected_release_on=on), *PRISON)
    return story.live().get(("weekend-release", None, None))


@pytest.mark.parametrize(
    ("on", "alarm"),
    [
        (date(2026, 5, 8), date(2026, 4, 24)),  # a Friday, and a holiday on Saturday
        (date(2026, 4, 30), date(2026, 4, 16)),  # the day before the first of May
        (date(2026, 5, 10), date(2026, 4, 26)),  # a Sunday
        (date(2026, 4, 29), None),  # a Wednesday before a working day
    ],
)
def test_a_release_before_days_off_is_raised_fourteen_days_before(
    story: Story, on: date, alarm: date | None
) -> None:
    assert _weekend(on, story) == (None if alarm is None else local(alarm))


def test_a_friday_before_a_holiday_asks_the_facility_for_cover(
    story: Story,
) -> None:
    story.confirms = False
    on = date(2026, 5, 8)
    _weekend(on, story)
    referral_id = story.accepted(1)
    story.until(local(date(2026, 4, 24)))

    told = [role for code, _, _, role, _ in story.raised() if code == "weekend-release"]
    assert told == ["prison-health"]
    for too_early_or_late in (date(2026, 5, 7), date(2026, 5, 12)):
        at = local(too_early_or_late)
        story.must(rc.BookAppointment(referral_id=referral_id, appointment_at=at), *ONE)
        assert "weekend-release" in {alarm.code for alarm in story.alarms()}
    saturday = rc.BookAppointment(referral_id=referral_id, appointment_at=local(date(2026, 5, 9)))
    story.must(saturday, *ONE)
    assert story.alarms() == []


def test_cover_by_somebody_who_gives_no_care_is_none(story: Story) -> None:
    _weekend(date(2026, 5, 8), story)
    referral_id = story.accepted(3, "probation-one", "probation")
    at = local(date(2026, 5, 8))
    book = rc.BookAppointment(referral_id=referral_id, appointment_at=at)
    story.must(book, "probation-one", "probation")

    assert "weekend-release" in story.codes()


def test_a_date_moved_to_a_working_day_needs_no_cover(story: Story) -> None:
    _weekend(date(2026, 5, 8), story)
    story.must(facts.ReleaseRescheduled(expected_release_on=date(2026, 4, 29)), *PRISON)

    assert "weekend-release" not in story.codes()


# -- an amnesty ----------------------------------------------------------------------------------


def test_an_amnesty_today_frees_with_no_notice_and_leaves_the_missing_steps_as_work(
    story: Story,
) -> None:
    story.opened().scheduled(300).consented()
    story.must(facts.PersonReleased(ground_code="amnesty"), *PRISON)

    [released] = story.events(re.PersonReleased)
    assert (released.unplanned, released.ground_code) == (True, "amnesty")
    assert story.live()["D03", None, None] == local(story.now.date())
    # nobody in the facility is left who may, but the coordinator is
    story.must(NEEDS, "ngo-one", "ngo")
    story.must(ic.AgreePlan(items=PLAN_ONE, client_signed=True), *COORD)
    assert "D05" in story.codes()
    referral_id = story.must(rc.SendReferral(item=1), *COORD)
    assert story.codes().isdisjoint({"D03", "D05"})
    assert story.live()["D07", referral_id, None] == story.now + timedelta(hours=24)


def test_needs_are_assessed_after_the_release_as_well(story: Story) -> None:
    story.opened().consented().released()
    needs = ic.AssessNeeds(tool_code="t", tool_version="1", flags=("housing",))

    assert isinstance(story.tell(needs, "ngo-one", "ngo"), Decided)


def test_what_an_unplanned_release_left_undone_alarms_the_coordinator(story: Story) -> None:
    story.opened().consented().released()
    story.after(hours=25)
    assert ("D03", None, 2, "protocol-coordinator", None) in story.raised()
    story.must(NEEDS, "ngo-one", "ngo")
    story.must(ic.AgreePlan(items=PLAN_ONE, client_signed=True), *COORD)
    assert "D03" not in {alarm.code for alarm in story.alarms()}
    story.after(hours=25)

    assert "D05" in {code for code, *_ in story.raised()}


def test_a_date_brought_forward_to_today_leaves_urgent_hours_only(story: Story) -> None:
    story.opened().scheduled(300).consented().planned()
    today = facts.ReleaseRescheduled(expected_release_on=day_after(0), reason_code="amnesty")
    story.must(today, *PRISON)
    referral_id = story.referred(1)

    assert story.events(re.ReleaseRescheduled)[-1].change == "brought-forward"
    assert story.live()["D07", referral_id, None] == story.now + timedelta(hours=24)


def test_an_amnesty_opens_no_case_for_anybody(story: Story) -> None:
    for fact in (
        facts.PersonReleased(ground_code="amnesty"),
        facts.ReleaseRescheduled(expected_release_on=day_after(0), reason_code="pardon"),
    ):
        assert story.tell(fact, *PRISON) == Held("case-not-heard")

    assert story.said == []


PLAN_ONE = (
    PlanItem(
        item=1,
        service_type="psychosocial-support",
        mandatory=True,
        receivers=(Receiver(party="ngo-one", receiver_type="ngo"),),
    ),
)
