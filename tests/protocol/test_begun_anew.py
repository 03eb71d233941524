"""A case that goes on, or a release that was none: what stays of before, and what is asked anew."""

from datetime import timedelta

from throughcare.contracts import care_commands as cc
from throughcare.contracts import care_events as ce
from throughcare.contracts import facts
from throughcare.contracts import intake_commands as ic
from throughcare.contracts import life_commands as lc
from throughcare.contracts import life_facts as lf
from throughcare.contracts import medicine_commands as mc
from throughcare.contracts import medicine_events as me
from throughcare.contracts import release_commands as rc
from throughcare.protocol.decision import Decided, Refused
from throughcare.protocol.stage import stage_of
from throughcare.tests.protocol.medicine_story import HEALTH, SITE, out_on_methadone, stand, wanted
from throughcare.tests.protocol.story import COORD, DOSE, NGO, OAT, ONE, PLAN, PRISON, Story


def _withdrawn(story: Story) -> Story:
    story.must(ic.WithdrawConsent(received_how="phone"), "x", "client")
    return story


def _again(story: Story) -> Story:
    story.must(lc.ReopenCase(requested_by="client"), *ONE)
    return story


def _settled(story: Story) -> Story:
    """A line, a kit, needs and a referral of an episode that then ended."""
    wanted(story.opened().scheduled(60).consented(NGO, DOSE).planned(*PLAN[:1], OAT))
    story.must(mc.OfferNaloxone(), *HEALTH)
    story.accepted(1)
    return _withdrawn(story)


def test_lines_kit_needs_and_referrals_of_the_former_episode_are_decided_anew(
    story: Story,
) -> None:
    _again(_settled(story))

    own = story.release.own
    assert (own.referrals, own.lines, own.kit, own.support) == ((), (), None, ())
    assert story.release.heard.needs == story.intake.own.needs == ()
    assert story.codes() == {"D02b", "D11b", "D23"}  # asked or ended, a date, and what is owed


def test_a_line_of_the_former_episode_is_opened_by_needs_that_are_assessed_again(
    story: Story,
) -> None:
    _again(_settled(story)).consented(NGO, DOSE)
    needs = ic.AssessNeeds(tool_code="t", tool_version="1", flags=("oat-now",))
    story.must(needs, "kg-31", "prison-psych")

    assert stand(story) == "DecisionPending"


def test_a_move_without_medicines_in_the_former_episode_alarms_nobody_in_the_next(
    story: Story,
) -> None:
    story.opened().scheduled(60)
    moved = facts.PersonTransferred(to_facility="kg-27", medicines_moved=False)
    story.must(moved, *PRISON)
    _again(_withdrawn(story)).consented(NGO, DOSE)
    story.must(mc.OpenContinuityItem(line="art"), *HEALTH)

    assert "D16b" not in story.codes()


def test_a_recipient_of_the_former_episode_can_still_answer_and_is_asked_until_it_does(
    story: Story,
) -> None:
    _again(_settled(story))
    [recalled] = story.events(ce.PermissionRecalled)
    assert ("D23", recalled.referral_id, 24) in story.live()

    answer = cc.AcknowledgeWithdrawal(referral_id=recalled.referral_id, data_action="deleted")
    assert story.tell(answer, "ngo-two", "ngo") == Refused("referral-unknown")
    story.must(answer, *ONE)

    assert "D23" not in story.codes()


def test_what_a_recipient_of_the_former_episode_leaves_unanswered_alarms_those_who_answer_for_it(
    story: Story,
) -> None:
    _again(_settled(story))
    story.after(days=7)

    assert {one.to_role for one in story.alarms() if one.code == "D23"} == {COORD[1], "dpo"}


def test_a_receiver_that_closed_stays_closed_in_the_next_episode(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    story.accepted(1)
    story.must(cc.SuspendReceiver(receiver="ngo-one", reason_code="closed"), *COORD)
    _again(_withdrawn(story)).consented().planned()

    story.referred(1)

    assert [one.receiver for one in story.release.own.referrals] == ["ngo-two"]


def test_a_gap_of_a_release_that_was_none_is_no_gap_and_the_person_is_asked_again(
    inside: Story,
) -> None:
    story, _, _ = out_on_methadone(inside)
    story.after(days=4)
    assert stand(story) == "GapOpen"

    story.must(lf.ReleaseReversed(), "coord", "protocol-coordinator")

    assert [opened.line for opened in story.events(me.ContinuityItemOpened)] == ["oat", "oat"]
    assert stand(story) == "DecisionPending"
    assert "D16" not in story.codes()


def test_a_supply_packed_for_a_release_that_was_none_stays_packed(inside: Story) -> None:
    story, referral_id, _ = out_on_methadone(inside)

    story.must(lf.ReleaseReversed(), *PRISON)

    assert stand(story) == "Bridged"
    assert not story.events(me.DoseGapOpened)
    assert story.release.own.lines[0].stand.site == referral_id


def test_nobody_is_to_see_a_person_who_never_left(story: Story) -> None:
    story.opened().scheduled(60).consented(NGO, DOSE).planned(*PLAN[:1], OAT)
    story.accepted(1)
    story.released()
    report = mc.ReportOverdose(occurred_on=story.now.date(), setting="home")
    story.must(report, "person", "client")
    assert "D17b" in story.codes()

    story.must(lf.ReleaseReversed(), *PRISON)
    story.after(hours=1)
    story.released()

    assert "D17b" not in story.codes()


def test_an_appointment_missed_in_custody_is_made_up_for_from_the_release_on(
    story: Story,
) -> None:
    story.opened().scheduled(60).consented().planned()
    one = story.accepted(1)
    at = story.now + timedelta(days=1)
    story.must(rc.BookAppointment(referral_id=one, appointment_at=at), *ONE)
    story.after(days=2)
    story.must(rc.ReportMissedAppointment(referral_id=one), *ONE)
    story.after(days=10)

    story.released()

    assert story.live()["D18", one, 1] > story.now
    assert isinstance(story.tell(rc.RunDeadlines(as_of=story.now), None, "system"), Decided)
    assert not [one for one in story.alarms() if one.code == "D18"]


def test_a_site_of_the_former_episode_confirms_nothing_in_the_next(story: Story) -> None:
    _again(_settled(story)).consented(NGO, DOSE).planned(*PLAN[:1], OAT)
    wanted(story)

    line = next(one for one in story.release.own.lines)
    assert type(line.stand).__name__ == "ContinueRequested"
    assert SITE[0] not in {one.receiver for one in story.release.own.referrals}


def test_a_release_after_which_the_person_was_met_is_not_taken_back_in_the_next_episode(
    released: Story,
) -> None:
    story = released
    story.attended(story.release.own.referrals[0].id)

    _again(_withdrawn(story))

    assert story.tell(lf.ReleaseReversed(), *PRISON) == Refused("person-already-met")


def test_a_case_that_goes_on_is_for_a_reader_one_that_is_being_asked(story: Story) -> None:
    _again(_settled(story))

    assert stage_of(story.intake, story.release) == "consent-pending"


def test_a_release_that_is_called_off_asks_nobody_about_oat_anew(inside: Story) -> None:
    wanted(inside)

    inside.must(facts.ReleaseRescheduled(expected_release_on=None), *PRISON)

    assert stand(inside) == "ContinueRequested"
