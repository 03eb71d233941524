"""The person's rights and the looks past consent: in any state, and none changes where the case is."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from throughcare.contracts import facts
from throughcare.contracts import intake_commands as ic
from throughcare.contracts import release_commands as rc
from throughcare.contracts import rights_commands as xc
from throughcare.contracts import rights_events as xe
from throughcare.contracts.kinds import Data
from throughcare.contracts.life_commands import ReopenCase
from throughcare.protocol import notices as rules
from throughcare.protocol.decision import Decided, Refused
from throughcare.protocol.profiles import PROFILES
from throughcare.protocol.record import replace
from throughcare.protocol.release import HALF
from throughcare.protocol.release.promises import promises
from throughcare.protocol.release.state import Ended, Own
from throughcare.protocol.roles import MAY
from throughcare.protocol.stage import stage_of
from throughcare.tests.protocol.grid_of_rights import CLIENT, DPO
from throughcare.tests.protocol.medicine_story import told
from throughcare.tests.protocol.story import (
    COORD,
    OFFER,
    ONE,
    OPENED,
    PRISON,
    PSYCH,
    START,
    Story,
    given,
    local,
)

SITE = ("site-one", "system")
LOOKED = xc.ReportEmergencyAccess(reason_code="life-in-danger", data_classes=("P1", "P3"))
DEMANDED = xc.ReportLegalRequest(requester_kind="court", legal_basis_stated=True)
REFUSED = "case-not-open"


def opened(story: Story) -> None:
    story.opened()


def agreed(story: Story) -> None:
    story.opened().consented()


def free(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    story.accepted(1)
    story.released()


def stopped(story: Story) -> None:
    free(story)
    story.must(ic.WithdrawConsent(received_how="sms"), *CLIENT)


def long_closed(story: Story) -> None:
    stopped(story)
    story.after(days=80)


def refused(story: Story) -> None:
    story.opened()
    story.must(rc.ReportDeath(), *COORD)


STATES = (opened, agreed, free, stopped, long_closed, refused)
ALWAYS: tuple[tuple[Data, tuple[str, str], str], ...] = (
    (xc.AskToSeeData(), CLIENT, "data-access-requested"),
    (
        xc.CorrectEvent(target_event_id=UUID(int=7), field="day", reason_code="person-says-so"),
        ONE,
        "event-corrected",
    ),
    (xc.GiveFeedback(instrument_code="short-5", score_band=5), CLIENT, "client-feedback-given"),
    (xc.FileComplaint(about=("pressure",)), CLIENT, "complaint-filed"),
    (DEMANDED, ONE, "legal-request-received"),
    (LOOKED, SITE, "emergency-access-used"),
)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(("command", "who", "event"), ALWAYS)
def test_a_right_is_heard_in_every_state_and_moves_the_case_in_none(
    story: Story, state: Any, command: Data, who: tuple[str, str], event: str
) -> None:
    state(story)
    before = (stage_of(story.intake, story.release), story.release.own.person, story.intake)
    said = len(story.said)

    story.must(command, *who)

    assert story.types()[said] == event
    assert set(story.types()[said + 1 :]) <= {"deadlines-changed"}
    after = (stage_of(story.intake, story.release), story.release.own.person, story.intake)
    assert after == before


def test_who_guards_the_gate_takes_down_no_complaint_and_no_feedback(story: Story) -> None:
    story.opened()

    for command in (xc.FileComplaint(about=("conduct",)), ALWAYS[2][0]):
        assert story.tell(command, *PRISON) == Refused("role-may-not")
        assert "monitor" not in MAY[type(command)]


# -- D24: to see -------------------------------------------------------------------------------


def test_data_are_shown_within_seven_days_or_the_dpo_is_alarmed(story: Story) -> None:
    story.opened()
    story.must(xc.AskToSeeData(), *CLIENT)
    due_at = local(START.date() + timedelta(days=7))
    assert story.live()["D24", None, None] == due_at

    story.until(due_at)
    assert ("D24", None, 1, "dpo", None) in story.raised()
    story.must(xc.ConfirmDataShown(), *DPO)

    assert "D24" not in {alarm.code for alarm in story.alarms()}
    assert story.tell(xc.ConfirmDataShown(), *DPO) == Refused("nothing-asked-to-see")


def test_shown_in_time_it_is_a_promise_kept_and_may_be_asked_for_again(story: Story) -> None:
    story.opened()
    story.must(xc.AskToSeeData(), *CLIENT)
    story.after(days=1)
    assert story.tell(xc.AskToSeeData(), *ONE) == Decided(())
    story.must(xc.ConfirmDataShown(), *DPO)

    assert [key.code for key in story.events()[-1].met] == ["D24"]
    story.must(xc.AskToSeeData(), *CLIENT)
    assert "D24" in story.codes()


def test_what_was_asked_before_the_end_is_owed_after_it(story: Story) -> None:
    free(story)
    story.must(xc.AskToSeeData(), *CLIENT)
    story.must(LOOKED, *SITE)
    story.must(ic.WithdrawConsent(received_how="sms"), *CLIENT)

    assert {"D24", "D28", "D29"} <= story.codes()
    story.after(days=8)
    alarms = {alarm.code: alarm for alarm in story.alarms() if alarm.to_role == "dpo"}
    assert {"D24", "D29"} <= set(alarms)
    story.must(rc.AcknowledgeEscalation(escalation_id=alarms["D24"].id), *DPO)


def test_after_the_end_no_alarm_is_acknowledged_where_none_is_open(story: Story) -> None:
    refused(story)

    gone = rc.AcknowledgeEscalation(escalation_id=UUID(int=99))
    assert story.tell(gone, *COORD) == Refused("case-closed")
    assert story.tell(rc.RunDeadlines(as_of=story.now), None, "system") == Decided(())


@pytest.mark.parametrize("code", ["D24", "D28", "D29"])
def test_no_coordinator_takes_back_what_is_owed_to_the_person(story: Story, code: Any) -> None:
    story.opened()

    waive = rc.WaiveDeadline(code=code, reason_code="not-applicable")
    assert story.tell(waive, *COORD) == Refused("deadline-not-waivable")


# -- corrections, feedback, complaints ---------------------------------------------------------


def test_a_correction_stands_beside_the_event_and_edits_nothing(story: Story) -> None:
    free(story)
    before = story.release
    said = list(story.said)
    correction = ALWAYS[1][0]

    story.must(correction, *ONE)

    assert story.said[: len(said)] == said
    assert story.release == before
    [event] = story.events(xe.EventCorrected)
    assert (event.target_event_id, event.field) == (UUID(int=7), "day")


def test_a_complaint_says_each_thing_once(story: Story) -> None:
    story.opened()
    story.must(xc.FileComplaint(about=("pressure", "conduct", "pressure")), *CLIENT)

    [filed] = story.events(xe.ComplaintFiled)
    assert filed.about == ("pressure", "conduct")


# -- demands for data ----------------------------------------------------------------------------


@pytest.fixture
def demanded(story: Story) -> Story:
    free(story)
    story.must(DEMANDED, *ONE)
    return story


def _say(story: Story, opinion: Any, party: str, *roles: str) -> Any:
    received = story.events(xe.LegalRequestReceived)[0]
    said = xc.DecideLegalRequest(request_id=received.request_id, opinion=opinion)
    return story.tell(said, party, *roles)


def _decisions(story: Story) -> list[str]:
    return [event.decision for event in story.events(xe.LegalRequestDecided)]


def test_the_first_no_to_a_demand_decides_it(demanded: Story) -> None:
    _say(demanded, "disclose", *DPO)
    assert _decisions(demanded) == []
    _say(demanded, "refuse", *ONE)

    assert _decisions(demanded) == ["refused"]
    assert _say(demanded, "disclose", *COORD) == Refused("legal-request-unknown")


def test_a_demand_is_granted_by_two_parties_of_which_one_is_the_dpo(demanded: Story) -> None:
    _say(demanded, "disclose", *COORD)
    _say(demanded, "disclose", *ONE)
    assert _decisions(demanded) == []
    _say(demanded, "disclose", *DPO)

    assert _decisions(demanded) == ["disclosed"]
    opinions = demanded.events(xe.LegalRequestOpinionGiven)
    assert [(one.by_party, one.by_role) for one in opinions] == [
        ("coord", "protocol-coordinator"),
        ("ngo-one", "ngo"),
        ("dpo-kg", "dpo"),
    ]


def test_one_party_in_two_roles_is_one_party(demanded: Story) -> None:
    _say(demanded, "disclose", "dpo-kg", "dpo", "protocol-coordinator")
    assert _say(demanded, "disclose", "dpo-kg", "protocol-coordinator") == Decided(())

    assert _decisions(demanded) == []
    _say(demanded, "refuse", "dpo-kg", "dpo")
    assert _decisions(demanded) == ["refused"]


def test_who_has_no_name_and_who_has_no_part_decide_on_no_demand(demanded: Story) -> None:
    [received] = demanded.events(xe.LegalRequestReceived)
    said = xc.DecideLegalRequest(request_id=received.request_id, opinion="disclose")

    assert demanded.tell(said, None, "dpo") == Refused("legal-request-unknown")
    for role in ("prison-admin", "prison-health", "monitor", "client", "system"):
        assert demanded.tell(said, "x", role) == Refused("role-may-not")


def test_two_demands_are_decided_each_for_itself(demanded: Story) -> None:
    second = demanded.must(DEMANDED, *COORD)
    no = xc.DecideLegalRequest(request_id=second, opinion="refuse")
    demanded.must(no, *DPO)
    [first] = demanded.release.own.rights.requests

    assert first.id != second
    demanded.must(DEMANDED, *COORD)
    _say(demanded, "disclose", *DPO)
    assert [len(one.for_it) for one in demanded.release.own.rights.requests] == [1, 0]


# -- D29: looks past consent ---------------------------------------------------------------------


def test_a_look_past_consent_is_reviewed_within_three_days_or_the_dpo_is_alarmed(
    story: Story,
) -> None:
    free(story)
    first = story.must(LOOKED, *SITE)
    story.after(hours=1)
    second = story.must(LOOKED, "aids-one", "system")
    at = story.events(xe.EmergencyAccessUsed)[0].used_at
    assert story.live()["D29", None, 1] == at + timedelta(hours=72)
    assert story.live()["D29", None, 2] == at + timedelta(hours=73)

    story.must(xc.ReviewEmergencyAccess(access_id=first, verdict="justified"), *DPO)
    assert ("D29", None, 1) not in story.live()
    story.after(hours=73)

    assert [(a.code, a.step, a.to_role) for a in story.alarms() if a.code == "D29"] == [
        ("D29", 2, "dpo")
    ]
    story.must(xc.ReviewEmergencyAccess(access_id=second, verdict="not-justified"), *DPO)
    assert "D29" not in {alarm.code for alarm in story.alarms()}


def test_who_looked_does_not_review_it(story: Story) -> None:
    free(story)
    one = story.must(LOOKED, *SITE)
    review = xc.ReviewEmergencyAccess(access_id=one, verdict="justified")

    assert story.tell(review, SITE[0], "dpo") == Refused("access-reviewed-by-others")
    assert story.tell(review, None, "dpo") == Refused("access-unknown")
    assert story.tell(review, *COORD) == Refused("role-may-not")
    story.must(review, *DPO)
    assert story.tell(review, *DPO) == Refused("access-unknown")


def test_a_look_is_reported_by_the_gate_and_says_who_it_was(story: Story) -> None:
    free(story)

    assert story.tell(LOOKED, None, "system") == Refused("access-without-party")
    assert story.tell(LOOKED, *ONE) == Refused("role-may-not")


# -- who is told ---------------------------------------------------------------------------------


def test_demand_look_and_complaint_are_told_to_who_answers_for_data_and_to_nobody_else(
    story: Story,
) -> None:
    free(story)
    before, said = len(told(story)), len(story.said)
    for command, who, _ in ALWAYS:
        story.must(command, *who)

    assert [(event, template) for event, template, _ in told(story)[before:]] == [
        ("complaint-filed", "case-to-review"),
        ("complaint-filed", "case-to-review"),
        ("legal-request-received", "case-to-review"),
        ("emergency-access-used", "case-to-review"),
    ]
    known = rules.KnownParties()
    notices = [n for m in story.said[said:] for n in rules.notices(m, known)]
    assert {n.to_role for n in notices} == {"dpo", "protocol-coordinator"}
    assert all(n.last_word and n.to_party is None and n.facility is None for n in notices)
    [by] = [n.act_by for n in notices if n.act_by is not None]
    assert by == story.events(xe.EmergencyAccessUsed)[0].used_at + timedelta(hours=72)


# -- forgetting ----------------------------------------------------------------------------------

FORGET = xc.ForgetCase()


@pytest.mark.parametrize("state", STATES)
def test_a_case_is_forgotten_at_once_in_every_state_and_nothing_is_left_or_heard(
    story: Story, state: Any
) -> None:
    state(story)
    story.must(xc.AskToSeeData(), *CLIENT)

    story.must(FORGET, *CLIENT)

    assert story.types()[-1] == "case-forgotten"
    assert story.types().count("case-closed") == 1
    assert story.events(xe.CaseForgotten)[0].trigger == "asked"
    assert story.live() == {}
    assert (story.alarms(), HALF.next_due_at(story.release)) == ([], None)
    assert stage_of(story.intake, story.release) == "closed"
    said = len(story.said)
    for command, who in (
        (FORGET, CLIENT),
        (xc.AskToSeeData(), CLIENT),
        (facts.PersonReleased(), PRISON),
        (rc.RunDeadlines(as_of=story.now), (None, "system")),
        (ic.WithdrawConsent(received_how="sms"), CLIENT),
        (ReopenCase(requested_by="client"), ONE),
    ):
        assert story.tell(command, *who) == Refused(REFUSED)
    story.after(days=300)
    assert len(story.said) == said


def test_on_a_live_case_the_recipients_hear_first_that_permission_ended(story: Story) -> None:
    free(story)
    said = len(story.said)
    story.must(FORGET, *CLIENT)

    assert story.types()[said:] == [
        "permission-recalled",
        "referral-cancelled",
        "case-closed",
        "case-forgotten",
    ]
    assert story.events()[-2].reason_code == "consent-withdrawn"
    [notice] = [one for one in told(story) if one[0] in story.types()[said:]]
    assert notice == ("permission-recalled", "permission-ended", "ngo-one")


def test_a_closed_case_is_forgotten_by_itself_after_ninety_days(story: Story) -> None:
    refused(story)
    due_at = local(START.date() + timedelta(days=90))
    assert story.live() == {("D28", None, None): due_at}

    story.until(due_at - timedelta(minutes=1))
    assert "case-forgotten" not in story.types()
    story.until(due_at)

    assert story.types()[-2:] == ["deadline-missed", "case-forgotten"]
    assert story.events(xe.CaseForgotten)[0].trigger == "retention"


def test_of_a_forgotten_case_only_the_reason_of_its_end_is_left(story: Story) -> None:
    stopped(story)
    story.must(FORGET, *CLIENT)
    ended = Ended("consent-withdrawn", forgotten=True)

    assert story.release.own == Own(ended, None, (), (), (), ())
    # and so of one whose end nobody heard
    at = given(OPENED, xe.CaseForgotten(trigger="asked", forgotten_at=START))
    assert at.states["release"].own == story.release.own
    at.when(FORGET, *CLIENT).refused(REFUSED)


def test_recipients_that_still_owe_an_answer_hold_no_case_back(story: Story) -> None:
    stopped(story)
    assert story.release.own.recalls
    story.after(days=91)

    assert story.types()[-1] == "case-forgotten"
    assert story.live() == {}


def test_a_case_that_goes_on_is_not_forgotten(story: Story) -> None:
    stopped(story)
    story.after(days=80)
    story.must(ReopenCase(requested_by="client"), *ONE)

    assert "D28" not in story.codes()
    story.must(ic.WithdrawConsent(received_how="sms"), *CLIENT)
    assert story.live()["D28", None, None] > story.now + timedelta(days=89)


def test_while_something_is_undecided_nothing_is_forgotten_by_itself(story: Story) -> None:
    refused(story)
    story.now += timedelta(days=91)
    story.must(rc.RunDeadlines(as_of=story.now, escalate_only=True), None, "system")

    assert "case-forgotten" not in story.types()
    assert ("D28", None, 1, "dpo", None) in story.raised()
    story.must(rc.RunDeadlines(as_of=story.now), None, "system")
    assert story.types()[-1] == "case-forgotten"


def test_what_intake_says_before_it_has_heard_brings_no_forgotten_case_back(story: Story) -> None:
    stopped(story)
    story.connected = False
    story.must(ReopenCase(requested_by="client"), *ONE)
    story.must(FORGET, *CLIENT)
    said = story.types()
    story.deliver()

    assert story.types() == said
    assert stage_of(story.intake, story.release) == "closed"
    assert story.tell(OFFER, *PSYCH) == Refused(REFUSED)
    assert story.tell(facts.PersonReleased(), *PRISON) == Refused(REFUSED)


def test_what_ended_before_the_end_said_when_is_kept_until_somebody_asks(story: Story) -> None:
    refused(story)
    person = story.release.own.person
    assert person.closed_at == START
    own = replace(story.release.own, person=replace(person, closed_at=None))
    old = replace(story.release, own=own)
    assert list(promises(old, PROFILES["kg-2026.1"])) == []
