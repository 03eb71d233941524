"""Everything tried after every step of a straight way: what generated histories meet rarely."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from throughcare.contracts import care_commands as cc
from throughcare.contracts import consent_commands as sc
from throughcare.contracts import facts
from throughcare.contracts import intake_commands as ic
from throughcare.contracts import life_commands as lc
from throughcare.contracts import life_facts as lf
from throughcare.contracts import medicine_commands as mc
from throughcare.contracts import release_commands as rc
from throughcare.contracts import rights_commands as xc
from throughcare.contracts.codes import Removal
from throughcare.contracts.kinds import Data
from throughcare.protocol.release import state as of_release
from throughcare.tests.protocol.medicine_story import HEALTH
from throughcare.tests.protocol.story import (
    COORD,
    NGO,
    OFFER,
    ONE,
    PLAN,
    PRISON,
    PROBATION,
    REHAB,
    Story,
    consent,
    day_after,
)

Act = Callable[[Story], object]

PSYCH = ("kg-31", "prison-psych")
STOP = ic.WithdrawConsent(received_how="phone")
FREED = facts.PersonReleased()
_OTHER = PLAN[0].model_copy(update={"item": 7})
_ANOTHER_PLAN = ic.AgreePlan(items=(_OTHER,), client_signed=True)
_GAPS = rc.ConfirmReadiness.model_validate(
    {"kit_gap": "no-time", "gaps": [{"item": n, "gap_reason": "no-time"} for n in (1, 2, 3)]}
)
_BACK = rc.ReportReincarceration(source_code="family")


def told(data: Data, party: str | None, role: str) -> Act:
    return lambda story: story.tell(data, party, role)


def several(*acts: Act) -> Act:
    return lambda story: [act(story) for act in acts]


def later(**span: float) -> Act:
    return lambda story: story.after(**span)


def apart(*acts: Act, heard: bool = True) -> Act:
    """Before the halves have heard each other; then they do, or not."""

    def act(story: Story) -> None:
        story.connected = False
        for one in acts:
            one(story)
        if heard:
            story.deliver()

    return act


def one_of(story: Story) -> UUID:
    return cast(UUID, story.release.own.referrals[0].id)


def to_one(make: Callable[[UUID], Data], party: str = ONE[0], role: str = ONE[1]) -> Act:
    """Of the first referral, where there is one."""

    def act(story: Story) -> None:
        if story.release.own.referrals:
            story.tell(make(one_of(story)), party, role)

    return act


def grid(ways: tuple[Act, ...], acts: tuple[Act, ...], first: Act) -> Iterator[Story]:
    """A story for each act after each step of a way."""
    for far in range(len(ways) + 1):
        for act in acts:
            story = Story()
            for step in (first, *ways[:far], act):
                step(story)
            yield story


# -- a case ----------------------------------------------------------------------------------------


def _lose(story: Story) -> None:
    one = one_of(story)
    for means in ("phone", "visit", "phone"):
        story.after(hours=20)
        tried = {"referral_id": one, "means": means, "result": "not-reached"}
        story.must(rc.RecordOutreach.model_validate(tried), *ONE)
    story.must(rc.DeclareContactLost(referral_id=one), *ONE)


#: The straight way of a case that was opened.
_WAY: tuple[Act, ...] = (
    lambda story: story.must(OFFER, *PSYCH),
    lambda story: story.must(consent(NGO, PROBATION), *PSYCH),
    lambda story: story.planned(*PLAN[:1]),
    lambda story: story.accepted(1),
    lambda story: story.must(rc.ConfirmReadiness(gaps=(), kit_gap="no-time"), *HEALTH),
    lambda story: story.released(),
    lambda story: story.attended(one_of(story)),
    to_one(lambda one: rc.EngageService(referral_id=one, criterion_code="other")),
    _lose,
)


def _checked(story: Story) -> None:
    person = story.release.own.person
    for day in (7, 14, 21, 28, 30, 90, 180):
        if isinstance(person, of_release.Outside):
            story.until(person.released_at + timedelta(days=day))
            done: dict[str, Any] = {"checkpoint_day": day, "contact_kind": "visit"}
            to_one(
                lambda one, done=done: rc.CheckFollowUp(  # type: ignore[misc]
                    referral_id=one, still_engaged=True, **done
                )
            )(story)
    to_one(lambda one: rc.CompleteFollowUp(referral_id=one))(story)


def _date_said_again(story: Story) -> None:
    on = (story.now + timedelta(days=20)).date()
    story.tell(facts.ReleaseScheduled(expected_release_on=on), *PRISON)
    story.after(days=18)
    story.tell(lf.ReleaseDateConfirmed(expected_release_on=on), *PRISON)


def _date_moved(story: Story) -> None:
    on = (story.now + timedelta(days=60)).date()
    story.tell(facts.ReleaseScheduled(expected_release_on=on), *PRISON)
    story.after(hours=1)
    story.tell(facts.ReleaseRescheduled(expected_release_on=None), *PRISON)


def _overdose(story: Story) -> None:
    report = mc.ReportOverdose(occurred_on=story.now.date(), setting="home")
    story.tell(report, "person", "client")


def _handed_into_custody(story: Story) -> None:
    story.tell(mc.OpenContinuityItem(line="art"), *HEALTH)
    story.tell(mc.RequestContinuation(line="art", leaflet_version="l1"), *HEALTH)
    back: dict[str, Any] = {"continuity_to": "kg-27", "person_agrees": True}
    story.tell(rc.ReportReincarceration(source_code="family", **back), *ONE)


_ASKED = told(OFFER, *PSYCH)
_YES = told(consent(NGO), *PSYCH)
_PLAN = told(ic.AgreePlan(items=PLAN[:1], client_signed=True), *PSYCH)
_OUT = told(FREED, *PRISON)
_STOPPED = told(STOP, "x", "client")
_FORGET = told(xc.ForgetCase(), "x", "client")
_AGAIN = told(lc.ReopenCase(requested_by="client"), *ONE)
_NOT_FREED = told(lf.ReleaseReversed(), *PRISON)
_VOID = told(lc.VoidCase(reason_code="duplicate"), *ONE)
_MOVED_OUT = told(lc.MoveOutOfScope(reason_code="left-country"), *ONE)
_DIED = told(facts.PersonDied(), *PRISON)

#: What anybody might do in any state of a case; most of it is refused in most of them.
_TRIED: tuple[Act, ...] = (
    _DIED,
    _VOID,
    _MOVED_OUT,
    _OUT,
    told(facts.PersonTransferred(to_facility="kg-27"), *PRISON),
    told(lf.AbsenceBegun(kind_code="court"), *PRISON),
    several(
        told(lf.AbsenceBegun(kind_code="court"), *PRISON),
        later(hours=1),
        told(lf.AbsenceEnded(), *PRISON),
    ),
    _date_moved,
    _date_said_again,
    _NOT_FREED,
    several(_STOPPED, _AGAIN),
    several(_STOPPED, _AGAIN, _ASKED, _YES, _PLAN),
    several(_STOPPED, apart(_AGAIN, _ASKED, _YES)),
    several(_STOPPED, apart(_AGAIN, _ASKED, _YES, _PLAN)),
    several(_STOPPED, apart(_AGAIN, _ASKED, told(ic.RecordRefusal(), *PSYCH))),
    several(_STOPPED, apart(_AGAIN, _FORGET)),
    several(_STOPPED, apart(_AGAIN, _ASKED, _YES, _FORGET)),
    several(_STOPPED, apart(_AGAIN, _ASKED, _YES, _PLAN, _FORGET)),
    # The gate speaks before the halves have heard each other.
    apart(_ASKED, _YES, _OUT),
    apart(_ASKED, _YES, _PLAN, _OUT),
    *(
        apart(*asked, _OUT, end, heard=False)
        for asked in ((), (_ASKED,), (_ASKED, _YES), (_ASKED, _YES, _PLAN))
        for end in (_DIED, _VOID, _MOVED_OUT, _NOT_FREED, told(_BACK, *COORD))
    ),
    _checked,
    several(later(hours=1), to_one(lambda one: rc.RecordAttendance(referral_id=one))),
    later(days=200),
    several(later(days=200), later(days=120)),
    told(OFFER, *PSYCH),
    told(ic.RecordRefusal(), *PSYCH),
    told(ic.AssessNeeds(tool_code="t", tool_version="1", flags=()), *PSYCH),
    several(told(_ANOTHER_PLAN, *PSYCH), told(rc.SendReferral(item=7), *PSYCH)),
    several(_PLAN, _OUT, told(rc.SendReferral(item=1), *PSYCH)),
    several(_OUT, _PLAN, told(rc.SendReferral(item=1), *PSYCH)),
    several(_OUT, _NOT_FREED),
    several(told(_GAPS, *HEALTH), told(rc.SendReferral(item=1), *PSYCH)),
    several(told(_GAPS, *HEALTH), told(_ANOTHER_PLAN, *PSYCH)),
    _STOPPED,
    told(
        sc.NarrowConsent(removed=(Removal(receiver_type="probation"),), received_how="phone"),
        *PSYCH,
    ),
    told(
        sc.WidenConsent(
            added=(REHAB,),
            language="ky-Cyrl",
            form_version="f1",
            witness_role="ngo",
            signed_how="ink",
        ),
        *PSYCH,
    ),
    told(
        sc.RenewConsent(expires_on=day_after(360), witness_role="ngo", signed_how="ink"),
        *PSYCH,
    ),
    told(rc.ReportDeath(), *ONE),
    told(_BACK, *COORD),
    _handed_into_custody,
    _overdose,
    told(cc.SuspendReceiver(receiver="ngo-one", reason_code="closed"), *COORD),
    to_one(lambda one: rc.WithdrawAcceptance(referral_id=one, reason_code="other")),
)


def cases() -> Iterator[Story]:
    yield from grid(_WAY, _TRIED, lambda story: story.opened())


# -- a referral ------------------------------------------------------------------------------------


def _booked(story: Story) -> None:
    at = story.now + timedelta(days=2)
    to_one(lambda one: rc.BookAppointment(referral_id=one, appointment_at=at))(story)


def _not_there(story: Story) -> None:
    story.after(days=3)
    story.must(rc.ReportMissedAppointment(referral_id=one_of(story)), *ONE)


#: The straight way of a referral that was sent.
_HANDED: tuple[Act, ...] = (
    to_one(lambda one: rc.AcknowledgeReferral(referral_id=one)),
    to_one(lambda one: rc.AcceptReferral(referral_id=one, valid_until=day_after(20))),
    _booked,
    _not_there,
    to_one(lambda one: rc.RecordAttendance(referral_id=one)),
    to_one(lambda one: rc.EngageService(referral_id=one, criterion_code="other")),
    to_one(lambda one: cc.EndService(referral_id=one, outcome_code="completed")),
)
_NO: Any = "no-capacity"


def _declined_for_now(story: Story) -> None:
    on = (story.now + timedelta(days=6)).date()
    no = {"reason_code": _NO, "waiting_from": on}
    to_one(lambda one: rc.DeclineReferral(referral_id=one, **no))(story)


_TRIED_WITH: tuple[Act, ...] = (
    to_one(lambda one: rc.DeclineReferral(referral_id=one, reason_code=_NO)),
    several(_declined_for_now, to_one(lambda one: cc.WaitForPlace(referral_id=one), *COORD)),
    to_one(lambda one: rc.WithdrawAcceptance(referral_id=one, reason_code="other")),
    to_one(lambda one: rc.CancelReferral(referral_id=one, reason_code="other"), *COORD),
    several(
        to_one(lambda one: rc.CancelReferral(referral_id=one, reason_code="other"), *COORD),
        to_one(lambda one: cc.ConfirmCancellation(referral_id=one)),
    ),
    to_one(lambda one: rc.AcceptReferral(referral_id=one)),
    to_one(lambda one: rc.RecordAttendance(referral_id=one)),
    to_one(lambda one: rc.AcknowledgeRelease(referral_id=one)),
    to_one(lambda one: rc.RecordOutreach(referral_id=one, means="phone", result="not-reached")),
    to_one(lambda one: mc.ReportRelapse(referral_id=one, reported_by="client")),
    to_one(lambda one: cc.EndService(referral_id=one, outcome_code="transferred")),
    told(sc.NarrowConsent(removed=(Removal(receiver_type="ngo"),), received_how="phone"), *PSYCH),
    told(cc.SuspendReceiver(receiver="ngo-one", reason_code="closed"), *COORD),
    several(_OUT, told(cc.SuspendReceiver(receiver="ngo-one", reason_code="closed"), *COORD)),
    _booked,
    later(days=30),
)


def referrals() -> Iterator[Story]:
    def sent(story: Story) -> None:
        story.opened().consented().planned().referred(1)

    yield from grid(_HANDED, _TRIED_WITH, sent)
    # Outside, and with nobody else to ask.
    alone = PLAN[0].model_copy(update={"receivers": PLAN[0].receivers[:1]})

    def sent_alone(story: Story) -> None:
        story.opened().consented().planned(alone).referred(1)

    for far in range(len(_HANDED) + 1):
        for act in _TRIED_WITH:
            story = Story()
            for step in (sent_alone, *_HANDED[:far], _OUT, act):
                step(story)
            yield story


# -- a recipient whose permission ended ------------------------------------------------------------


def recipients() -> Iterator[Story]:
    """It got more after it had been asked, and was asked again."""

    def accepted(story: Story) -> None:
        story.opened().consented().planned()
        story.accepted(1)

    def tell_it(story: Story) -> None:
        for one in story.release.own.recalls:
            story.tell(cc.ConfirmRecipientTold(referral_id=one.referral_id), *COORD)

    def answer(story: Story) -> None:
        for one in story.release.own.recalls:
            kept: dict[str, Any] = {"data_action": "deleted"}
            said = cc.AcknowledgeWithdrawal(referral_id=one.referral_id, **kept)
            story.tell(said, *ONE)

    less = told(
        sc.NarrowConsent(
            removed=(Removal(receiver_type="ngo", data_classes=("P1",)),), received_how="phone"
        ),
        *PSYCH,
    )
    # What is left reaches it again for another item, and that ends, too.
    more = told(
        sc.WidenConsent(
            added=(NGO,),
            language="ky-Cyrl",
            form_version="f1",
            witness_role="ngo",
            signed_how="ink",
        ),
        *PSYCH,
    )
    acts = ((), (tell_it,), (answer,), (tell_it, answer))
    for between in acts:
        for after in acts:
            story = Story()
            for step in (accepted, less, *between, more, _send_again, _STOPPED, *after):
                step(story)
            yield story


def _send_again(story: Story) -> None:
    again = PLAN[0].model_copy(update={"item": 8})
    story.tell(ic.AgreePlan(items=(PLAN[0], again), client_signed=True), *PSYCH)
    story.tell(rc.SendReferral(item=8), *PSYCH)
    for one in story.release.own.referrals:
        story.tell(rc.AcceptReferral(referral_id=one.id), one.receiver, one.receiver_type)
