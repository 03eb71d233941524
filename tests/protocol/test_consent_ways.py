"""Consent after the first yes: less, more, longer, over; and what recipients owe afterwards."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from throughcare.contracts import care_commands as cc
from throughcare.contracts import care_events as ce
from throughcare.contracts import consent_commands as sc
from throughcare.contracts import consent_events as se
from throughcare.contracts import intake_commands as ic
from throughcare.contracts import intake_events as ie
from throughcare.contracts import release_commands as rc
from throughcare.contracts import release_events as re
from throughcare.contracts.codes import ConsentItem, PlanItem, Receiver, Removal
from throughcare.protocol.decision import Context, Decided, Refused
from throughcare.protocol.intake import changing
from throughcare.protocol.intake import consent as consenting
from throughcare.protocol.profiles import PROFILES
from throughcare.protocol.profiles.model import Profile, ReceiverRule, ServiceRule
from throughcare.protocol.release import care_promises
from throughcare.protocol.release import referral as referring
from throughcare.protocol.release.state import Ended, Outside
from throughcare.protocol.stage import stage_of
from throughcare.tests.protocol.story import (
    COORD,
    GRANTED,
    NGO,
    OFFER,
    OFFERED,
    ONE,
    OPENED,
    PERMISSIONS,
    PLAN,
    PROBATION,
    PSYCH,
    REHAB,
    START,
    VERSION,
    Story,
    consent,
    given,
)

KG = PROFILES[VERSION]
ONLY_ONE = NGO.model_copy(update={"party": "ngo-one"})
ONLY_TWO = NGO.model_copy(update={"party": "ngo-two"})
TWO = ("ngo-two", "ngo")


def less(*removed: Removal) -> sc.NarrowConsent:
    return sc.NarrowConsent(removed=removed, received_how="phone")


def more(*added: ConsentItem, **fields: Any) -> sc.WidenConsent:
    command = {
        "added": added,
        "language": "ru-Cyrl",
        "form_version": "f1",
        "witness_role": "ngo",
        "signed_how": "ink",
    }
    return sc.WidenConsent.model_validate({**command, **fields})


def longer(days: int, **fields: Any) -> sc.RenewConsent:
    until = (START + timedelta(days=days)).date()
    command = {"expires_on": until, "witness_role": "ngo", "signed_how": "ink"}
    return sc.RenewConsent.model_validate({**command, **fields})


NOT_THE_NGO = Removal(receiver_type="ngo")
REFUSED = ie.ConsentRefused(refusal_scope="all")


@pytest.fixture
def out(story: Story) -> Story:
    """Out, with two receivers that accepted."""
    story.opened().scheduled(60).consented().planned()
    story.accepted(1)
    story.accepted(2, "rehab-one", "rehab-centre")
    story.after(days=60)
    return story.released()


# -- narrower ------------------------------------------------------------------------------------


def test_taking_back_one_receiver_leaves_the_others(out: Story) -> None:
    out.must(less(NOT_THE_NGO), *ONE)

    [said] = out.events(se.ConsentNarrowed)
    assert said.items == (REHAB, PROBATION)
    [gone] = out.events(re.ReferralCancelled)
    assert (gone.referral_id, gone.reason_code) == (
        out.release.own.referrals[0].id,
        "consent-withdrawn",
    )
    assert stage_of(out.intake, out.release) == "released"


def test_taking_back_a_class_that_a_service_needs_ends_the_referral(out: Story) -> None:
    out.must(less(Removal(receiver_type="rehab-centre", data_classes=("P3",))), *ONE)

    [recalled] = out.events(ce.PermissionRecalled)
    assert recalled.receiver == "rehab-one"


def test_a_class_that_nobody_uses_is_taken_back_without_ending_anything(out: Story) -> None:
    out.must(less(Removal(receiver_type="ngo", data_classes=("P3",))), *ONE)

    assert out.events(ce.PermissionRecalled) == []
    assert out.events(se.ConsentNarrowed)[0].items[0].data_classes == ("P1", "P2")


def test_one_receiver_out_of_any_of_its_kind_takes_back_the_kind(out: Story) -> None:
    out.must(less(Removal(receiver_type="ngo", party="ngo-two")), *ONE)

    assert [one.receiver_type for one in out.events(se.ConsentNarrowed)[0].items] == [
        "rehab-centre",
        "probation",
    ]


def test_another_party_of_the_kind_keeps_what_was_agreed_by_name() -> None:
    named = GRANTED.model_copy(update={"items": (ONLY_ONE, ONLY_TWO)})
    given(OPENED, OFFERED, named).when(
        less(Removal(receiver_type="ngo", party="ngo-two")), *PSYCH
    ).then(
        se.ConsentNarrowed(
            consent_id=GRANTED.consent_id,
            items=(ONLY_ONE,),
            expires_on=GRANTED.expires_on,
            received_how="phone",
        )
    )


@pytest.mark.parametrize(
    "removed",
    [NOT_THE_NGO, Removal(receiver_type="ngo", data_classes=("P1", "P2", "P3"))],
)
def test_taking_back_the_last_item_is_a_withdrawal(removed: Removal) -> None:
    given(OPENED, OFFERED, GRANTED).when(less(removed), *PSYCH).then(
        ie.ConsentWithdrawn(consent_id=GRANTED.consent_id, received_how="phone")
    )


def test_taking_back_what_was_never_given_changes_nothing() -> None:
    removed = Removal(receiver_type="aids-centre")
    given(OPENED, OFFERED, GRANTED).when(less(removed), *PSYCH).then_nothing_new()
    given(OPENED, OFFERED).when(less(removed), *PSYCH).then_nothing_new()
    closed = re.CaseClosed(reason_code="completed")
    given(OPENED, OFFERED, GRANTED, closed).when(less(removed), *PSYCH).then_nothing_new()
    given().when(less(removed), *PSYCH).refused("case-not-open")


@pytest.mark.parametrize("role", ["probation", "prison-admin", "ngo", "client"])
def test_whoever_hears_it_passes_it_on(out: Story, role: str) -> None:
    assert isinstance(out.tell(less(NOT_THE_NGO), "anybody", role), Decided)


def test_an_item_that_lost_its_receiver_asks_the_next_that_is_still_allowed(story: Story) -> None:
    story.opened().scheduled(60).consented(ONLY_ONE, ONLY_TWO).planned()
    story.accepted(1)
    story.must(less(Removal(receiver_type="ngo", party="ngo-one")), *ONE)

    assert story.events(re.ReferralSent)[-1].receiver == "ngo-two"


def test_where_somebody_met_the_person_nobody_else_is_asked(story: Story) -> None:
    story.opened().scheduled(60).consented(ONLY_ONE, ONLY_TWO).planned()
    story.attended(story.accepted(1))
    story.must(less(Removal(receiver_type="ngo", party="ngo-one")), *ONE)

    assert len(story.events(re.ReferralSent)) == 1
    assert len(story.events(re.ReferralCancelled)) == 1


# -- wider ---------------------------------------------------------------------------------------


def test_a_new_act_lets_a_stuck_item_reach_a_receiver_nobody_had_named(story: Story) -> None:
    story.opened().scheduled(60).consented(ONLY_ONE).planned()
    first = story.referred(1)
    no = rc.DeclineReferral(referral_id=first, reason_code="no-capacity")
    story.must(no, *ONE)
    assert story.events(re.RerouteNeeded)[0].reason_code == "consent-does-not-cover"

    story.must(more(ONLY_TWO), *PSYCH)

    sent = story.events(re.ReferralSent)[-1]
    assert (sent.receiver, sent.after_referral_id) == ("ngo-two", first)
    assert story.alarms() == []


def test_wider_permission_asks_nobody_where_nothing_is_stuck(story: Story) -> None:
    story.opened().scheduled(60).consented(ONLY_ONE).planned()
    story.referred(1)
    story.must(more(REHAB), *PSYCH)
    assert len(story.events(re.ReferralSent)) == 1


def test_wider_permission_for_others_leaves_a_stuck_item_stuck(story: Story) -> None:
    story.opened().scheduled(60).consented(ONLY_ONE).planned()
    no = rc.DeclineReferral(referral_id=story.referred(1), reason_code="no-capacity")
    story.must(no, *ONE)
    story.must(more(REHAB), *PSYCH)
    story.planned(*PLAN[1:])
    story.must(more(ONLY_TWO), *PSYCH)

    assert len(story.events(re.ReferralSent)) == 1


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (more(NGO, language="uz-Latn"), "language-not-offered"),
        (more(NGO, witness_role="prison-admin"), "witness-decides-privileges"),
        (
            more(PROBATION.model_copy(update={"data_classes": ("P3",)})),
            "class-not-for-receiver",
        ),
        (longer(299), "consent-shorter"),
        (longer(366), "consent-too-long"),
        (longer(310, witness_role="prison-admin"), "witness-decides-privileges"),
    ],
)
def test_more_or_longer_is_asked_as_carefully_as_the_first_time(command: Any, code: str) -> None:
    given(OPENED, OFFERED, GRANTED).when(command, *PSYCH).refused(code)


@pytest.mark.parametrize("command", [more(NGO), longer(310)])
def test_without_a_yes_there_is_nothing_to_widen_or_renew(command: Any) -> None:
    given(OPENED, OFFERED).when(command, *PSYCH).refused("no-consent")
    given().when(command, *PSYCH).refused("case-not-open")
    given(OPENED, OFFERED, GRANTED).when(command, "office", "probation").refused("role-may-not")


# -- the last day --------------------------------------------------------------------------------


def test_a_renewed_consent_moves_its_last_day(story: Story) -> None:
    story.opened().scheduled(60).consented()
    before = story.live()["D02d", None, None]
    story.must(longer(330), *PSYCH)

    assert story.live()["D02d", None, None] - before == timedelta(days=30)
    assert story.intake.own.case.expires_on == (START + timedelta(days=330)).date()


def test_the_case_closes_when_its_consent_runs_out_and_somebody_was_reminded(
    story: Story,
) -> None:
    until = (START + timedelta(days=150)).date()
    story.opened().scheduled(60).must(OFFER, *PSYCH)
    story.must(consent(*PERMISSIONS, expires_on=until), *PSYCH)
    out = story.planned()
    out.accepted(1)
    out.accepted(2, "rehab-one", "rehab-centre")
    out.after(days=60)
    out.released()
    out.attended(out.release.own.referrals[0].id)
    out.until(START + timedelta(days=152))

    reminders = [e for e in out.events(ce.DeadlineReminded) if e.code == "D02d"]
    assert [(one.number, one.to_role, one.to_party) for one in reminders] == [
        (1, "ngo", "ngo-one"),
        (2, "ngo", "ngo-one"),
    ]
    [closed] = out.events(re.CaseClosed)
    assert closed.reason_code == "consent-expired"
    assert {one.receiver for one in out.events(ce.PermissionRecalled)} == {"ngo-one", "rehab-one"}
    assert out.types()[-1] == "consent-expired" or "consent-expired" in out.types()
    assert stage_of(out.intake, out.release) == "closed"
    assert out.tell(OFFER, *PSYCH) == Refused("case-closed")


def test_in_custody_the_prison_is_reminded_of_the_last_day(story: Story) -> None:
    story.opened().consented()
    story.until(START + timedelta(days=280))

    [reminder] = story.events(ce.DeadlineReminded)
    assert (reminder.code, reminder.to_role, reminder.to_party) == ("D02d", "prison-psych", None)


def test_after_the_last_day_nothing_of_the_consent_is_left() -> None:
    expired = se.ConsentExpired(consent_id=GRANTED.consent_id)
    ended = given(OPENED, OFFERED, GRANTED, expired)
    plan = ic.AgreePlan(items=PLAN, client_signed=True)
    ended.when(OFFER, *PSYCH).refused("consent-withdrawn")
    ended.when(plan, *PSYCH).refused("consent-withdrawn")
    ended.when(consent(NGO), *PSYCH).refused("consent-withdrawn")
    ended.when(ic.WithdrawConsent(received_how="sms"), *PSYCH).then_nothing_new()


# -- a no, and a yes beside it -------------------------------------------------------------------


def test_of_a_yes_and_a_no_on_paper_what_shares_less_holds() -> None:
    given(OPENED, OFFERED, GRANTED).when(ic.RecordRefusal(), *PSYCH).then(
        ie.ConsentWithdrawn(consent_id=GRANTED.consent_id, received_how="paper")
    )


def test_a_no_from_before_the_yes_is_history() -> None:
    given(OPENED, OFFERED, GRANTED).when(
        ic.RecordRefusal(), *PSYCH, at=START - timedelta(days=1), received_at=START
    ).refused("consent-already-given")


# -- countries: legal effects, and receivers at the person's wish --------------------------------

HOME = ConsentItem(
    receiver_type="mahalla",
    party="mahalla-nine",
    data_classes=("P1", "P2"),
    purposes=("social",),
    asked_by_person=True,
)
LEGAL = KG.by_name["consent.legal_effect"]._replace(value={"receivers": ["narcology"], "text": {}})
AT_HOME = ReceiverRule(
    care=False,
    classes=frozenset({"P1", "P2"}),
    named_only=True,
    before_release=False,
    at_wish=True,
)
ELSEWHERE: Profile = KG._replace(
    receivers={**KG.receivers, "mahalla": AT_HOME},
    services={
        **KG.services,
        "community-support": ServiceRule(
            frozenset({"mahalla"}), frozenset({"P1", "P2"}), "social", False, False
        ),
    },
    by_name={**KG.by_name, "consent.legal_effect": LEGAL},
)
CLINIC = ConsentItem(receiver_type="narcology", data_classes=("P1", "P3"), purposes=("handover",))


def _context(now: Any = START) -> Context:
    ids = iter(range(900, 999))
    return Context(
        UUID(int=899), UUID(int=1), now, now, "kg-31", frozenset({"prison-psych"}),
        lambda: UUID(int=next(ids)), VERSION,
    )  # fmt: skip


def _wrong(item: ConsentItem, **fields: Any) -> Any:
    state = given(OPENED, OFFERED).states["intake"]
    return consenting.grant(state, consent(item, **fields), _context(), ELSEWHERE)


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (HOME.model_copy(update={"asked_by_person": None}), "only-at-the-persons-wish"),
        (HOME.model_copy(update={"asked_by_person": False}), "only-at-the-persons-wish"),
        (HOME.model_copy(update={"party": None}), "receiver-not-named"),
        (HOME.model_copy(update={"data_classes": ("P1", "P3")}), "class-not-for-receiver"),
        (CLINIC, "legal-effect-not-explained"),
    ],
)
def test_what_may_harm_the_person_is_never_agreed_in_passing(item: ConsentItem, code: str) -> None:
    assert _wrong(item) == Refused(code)


def test_what_was_explained_or_wished_for_is_agreed() -> None:
    [granted] = _wrong(CLINIC, legal_effect_explained=True)
    assert granted.legal_effect_explained
    [granted] = _wrong(HOME)
    assert granted.items == (HOME,)


def test_widening_explains_the_legal_effect_too() -> None:
    state = given(OPENED, OFFERED, GRANTED).states["intake"]
    assert changing.widen(state, more(CLINIC), _context(), ELSEWHERE) == Refused(
        "legal-effect-not-explained"
    )


def test_where_the_person_comes_home_to_nobody_hears_anything_before_the_release() -> None:
    item = PlanItem(
        item=1,
        service_type="community-support",
        mandatory=True,
        receivers=(Receiver(party="mahalla-nine", receiver_type="mahalla"),),
    )
    granted = GRANTED.model_copy(update={"items": (HOME,)})
    plan = ie.PlanAgreed(plan_version=1, items=(item,))
    before = given(OPENED, OFFERED, granted, plan).states["release"]
    named = rc.SendReferral(item=1, receiver=item.receivers[0])

    assert referring.send(before, rc.SendReferral(item=1), _context(), ELSEWHERE) == Refused(
        "no-receiver-left"
    )
    assert referring.send(before, named, _context(), ELSEWHERE) == Refused(
        "receiver-only-after-release"
    )
    out = re.PersonReleased(released_at=START, known_at=START, unplanned=True)
    after = given(OPENED, OFFERED, granted, plan, out).states["release"]
    assert isinstance(after.own.person, Outside)
    sent: Any = referring.send(after, named, _context(), ELSEWHERE)
    assert sent[0].receiver == "mahalla-nine"


# -- D23: what recipients owe --------------------------------------------------------------------


def test_a_withdrawal_with_three_referrals_open_asks_three_recipients(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    for item in (1, 2, 3):
        story.referred(item)
    story.must(ic.WithdrawConsent(received_how="sms"), *ONE)

    assert {e.receiver for e in story.events(ce.PermissionRecalled)} == {
        "ngo-one",
        "rehab-one",
        "probation-one",
    }
    due = {step: at - story.now for (code, _, step), at in story.live().items() if code == "D23"}
    assert due == {24: timedelta(hours=24), 72: timedelta(hours=72)}
    assert len(story.live()) == 6 + 1
    assert story.codes() == {"D23", "D28"}


def test_who_declined_never_knew_and_is_not_asked(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    no = rc.DeclineReferral(referral_id=story.referred(1), reason_code="no-capacity")
    story.must(no, *ONE)
    story.must(ic.WithdrawConsent(received_how="sms"), *ONE)

    assert [e.receiver for e in story.events(ce.PermissionRecalled)] == ["ngo-two"]


def test_who_accepted_and_gave_the_place_up_is_asked(story: Story) -> None:
    story.opened().scheduled(60).consented().planned()
    gone = rc.WithdrawAcceptance(referral_id=story.accepted(1), reason_code="other")
    story.must(gone, *ONE)
    story.must(ic.WithdrawConsent(received_how="sms"), *ONE)

    assert {e.receiver for e in story.events(ce.PermissionRecalled)} == {"ngo-one", "ngo-two"}


def test_a_closed_case_keeps_asking_its_recipients_and_promises_nothing_else(out: Story) -> None:
    out.must(ic.WithdrawConsent(received_how="sms"), *ONE)
    assert isinstance(out.release.own.person, Ended)
    first, second = (one.id for one in out.release.own.referrals)

    out.after(hours=25)
    assert out.raised()[-2:] == [("D23", 24, 2, "protocol-coordinator", None)] * 2
    told = cc.ConfirmRecipientTold(referral_id=first)
    out.must(told, *COORD)
    assert out.tell(told, *COORD) == Decided(())
    assert len(out.alarms()) == 1
    answer = cc.AcknowledgeWithdrawal(referral_id=second, data_action="kept-by-law")
    out.must(answer, "rehab-one", "rehab-centre")
    assert {key[1] for key in out.live()} == {first, None}

    out.after(hours=50)
    assert {(a.code, a.step, a.to_role) for a in out.alarms()} == {
        ("D23", 72, "protocol-coordinator"),
        ("D23", 72, "dpo"),
    }
    out.must(rc.AcknowledgeEscalation(escalation_id=out.alarms()[0].id), *COORD)
    out.must(cc.AcknowledgeWithdrawal(referral_id=first, data_action="deleted"), *ONE)

    assert (out.codes(), out.alarms()) == ({"D28"}, [])
    late = cc.AcknowledgeWithdrawal(referral_id=first, data_action="deleted")
    assert out.tell(late, *ONE) == Refused("case-closed")


def test_nothing_else_is_heard_of_a_closed_case_that_recipients_still_owe(out: Story) -> None:
    out.must(ic.WithdrawConsent(received_how="sms"), *ONE)
    one = out.release.own.referrals[0].id

    assert out.tell(rc.RecordAttendance(referral_id=one), *ONE) == Refused("case-closed")
    waive = rc.WaiveDeadline(code="D23", referral_id=one, step=24, reason_code="person-asked")
    assert out.tell(waive, *COORD) == Refused("case-closed")


def test_a_recipient_answers_for_itself_alone(out: Story) -> None:
    first = out.release.own.referrals[0].id
    answer = cc.AcknowledgeWithdrawal(referral_id=first, data_action="deleted")
    assert out.tell(answer, *ONE) == Refused("nothing-to-acknowledge")
    nobody = cc.ConfirmRecipientTold(referral_id=first)
    assert out.tell(nobody, *COORD) == Refused("nothing-to-acknowledge")

    out.must(less(NOT_THE_NGO), *ONE)
    assert out.tell(answer, *TWO) == Refused("referral-unknown")
    assert out.tell(answer, "rehab-one", "rehab-centre") == Refused("referral-unknown")
    out.must(answer, *ONE)


def test_a_recipient_that_is_being_asked_is_not_asked_twice(out: Story) -> None:
    out.must(less(NOT_THE_NGO), *ONE)
    out.must(ic.WithdrawConsent(received_how="sms"), *ONE)

    asked = [e.receiver for e in out.events(ce.PermissionRecalled)]
    assert sorted(asked) == ["ngo-one", "rehab-one"]
    assert len(out.live()) == 4 + 1


def test_what_a_recipient_owes_from_before_is_owed_after_any_end(out: Story) -> None:
    out.must(less(NOT_THE_NGO), *ONE)
    out.after(hours=30)
    alarms = [a.code for a in out.alarms()]
    assert "D23" in alarms
    out.must(rc.ReportDeath(), "rehab-one", "rehab-centre")

    assert out.codes() == {"D23", "D28"}
    assert [a.code for a in out.alarms()] == ["D23"]


def test_who_got_more_since_is_asked_again(out: Story) -> None:
    out.must(less(NOT_THE_NGO), *ONE)
    out.must(more(NGO), *PSYCH)
    out.must(rc.SendReferral(item=1, several=False), *COORD)
    assert out.release.own.referrals[-1].receiver == "ngo-one"
    out.must(ic.WithdrawConsent(received_how="sms"), *ONE)

    asked = [e.receiver for e in out.events(ce.PermissionRecalled)]
    assert sorted(asked) == ["ngo-one", "ngo-one", "rehab-one"]
    assert [one.receiver for one in out.release.own.recalls].count("ngo-one") == 1


def test_who_had_given_the_place_up_is_asked_when_its_permission_ends(story: Story) -> None:
    story.opened().scheduled(60).consented(ONLY_ONE, ONLY_TWO).planned()
    gone = rc.WithdrawAcceptance(referral_id=story.accepted(1), reason_code="other")
    story.must(gone, *ONE)
    story.must(less(Removal(receiver_type="ngo", party="ngo-one")), *ONE)

    assert [e.receiver for e in story.events(ce.PermissionRecalled)] == ["ngo-one"]
    assert story.events(re.ReferralCancelled) == []


def test_between_the_last_day_and_its_deadline_nobody_new_is_asked(story: Story) -> None:
    story.opened().scheduled(330).consented().planned()
    story.now = START + timedelta(days=299)
    one = story.referred(1)
    story.now += timedelta(days=2)
    story.must(rc.DeclineReferral(referral_id=one, reason_code="no-capacity"), *ONE)

    assert len(story.events(re.ReferralSent)) == 1
    assert story.events(re.RerouteNeeded)[0].reason_code == "consent-does-not-cover"


def test_who_is_asked_only_outside_is_owed_nothing_inside() -> None:
    item = PlanItem(
        item=1,
        service_type="community-support",
        mandatory=True,
        receivers=(Receiver(party="mahalla-nine", receiver_type="mahalla"),),
    )
    granted = GRANTED.model_copy(update={"items": (HOME,)})
    plan = ie.PlanAgreed(plan_version=1, items=(item,))
    before = given(OPENED, OFFERED, granted, plan).states["release"]
    out = re.PersonReleased(released_at=START, known_at=START, unplanned=True)
    after = given(OPENED, OFFERED, granted, plan, out).states["release"]

    assert "D05" not in {
        one.code for one in care_promises.offered(before, before.own.person, ELSEWHERE)
    }
    assert "D05" in {one.code for one in care_promises.offered(after, after.own.person, ELSEWHERE)}


def test_what_is_said_of_a_consent_that_is_no_more_changes_nothing() -> None:
    late = se.ConsentNarrowed(
        consent_id=GRANTED.consent_id,
        items=(NGO,),
        expires_on=GRANTED.expires_on,
        received_how="sms",
    )
    withdrawn = ie.ConsentWithdrawn(received_how="sms")
    state = given(OPENED, OFFERED, GRANTED, withdrawn, late).states["intake"]
    assert state == given(OPENED, OFFERED, GRANTED, withdrawn).states["intake"]


def test_a_consent_closed_for_another_reason_did_not_run_out() -> None:
    state = given(OPENED, OFFERED, GRANTED).states["intake"]
    done = re.CaseClosed(reason_code="completed")
    assert changing.close_expired(state, done) == ()
    assert changing.close_expired(state, GRANTED) == ()
