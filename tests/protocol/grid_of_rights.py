"""The same for rights and for the code: everything tried in each state of a case and a referral."""

from collections.abc import Iterator
from typing import Any

from throughcare.contracts import care_commands as cc
from throughcare.contracts import release_commands as rc
from throughcare.contracts import rights_commands as xc
from throughcare.tests.protocol.grid import FREED, PSYCH, STOP, Act, later, to_one, told
from throughcare.tests.protocol.story import (
    NGO,
    OFFER,
    ONE,
    PLAN,
    PRISON,
    Story,
    consent,
    day_after,
)

DPO = ("dpo-kg", "dpo")
COORDINATOR = ("coord", "protocol-coordinator")
CLIENT = ("x", "client")
ASK = told(xc.AskToSeeData(), *CLIENT)
SHOWN = told(xc.ConfirmDataShown(), *DPO)
DEMAND = told(xc.ReportLegalRequest(requester_kind="court", legal_basis_stated=True), *ONE)
LOOK = told(
    xc.ReportEmergencyAccess(reason_code="life-in-danger", data_classes=("P1",)),
    "site-one",
    "system",
)
FORGET = told(xc.ForgetCase(), *CLIENT)


def opinion(said: Any, party: str, role: str) -> Act:
    def act(story: Story) -> None:
        for one in story.release.own.rights.requests:
            story.tell(xc.DecideLegalRequest(request_id=one.id, opinion=said), party, role)

    return act


def review(story: Story) -> None:
    for one in story.release.own.rights.accesses:
        verdict: Any = "justified"
        story.tell(xc.ReviewEmergencyAccess(access_id=one.id, verdict=verdict), *DPO)


_WAYS: tuple[tuple[Act, ...], ...] = (
    (ASK, ASK, SHOWN, ASK),
    (DEMAND, opinion("disclose", *COORDINATOR), opinion("disclose", *DPO)),
    (DEMAND, opinion("refuse", *DPO)),
    (LOOK, review),
    (FORGET, ASK),
)


def rights() -> Iterator[Story]:
    """Inside, outside, after the end, and when nobody did anything for long."""
    for end in ((), (told(FREED, *PRISON),), (told(STOP, *CLIENT),)):
        for way in _WAYS:
            for after in ((), (later(days=100),)):
                story = Story()
                story.opened().consented()
                for act in (*end, *way, *after):
                    act(story)
                yield story


def arrivals() -> Iterator[Story]:
    """A code that arrives in each state of a referral."""

    def booked(story: Story) -> None:
        at = story.now.replace(hour=9)
        to_one(lambda one: rc.BookAppointment(referral_id=one, appointment_at=at))(story)

    def missed(story: Story) -> None:
        story.after(days=1)
        to_one(lambda one: rc.ReportMissedAppointment(referral_id=one))(story)

    came = to_one(lambda one: rc.ConfirmCodeArrived(referral_id=one))
    way: tuple[Act, ...] = (
        to_one(lambda one: rc.AcceptReferral(referral_id=one, valid_until=day_after(20))),
        booked,
        missed,
        to_one(lambda one: rc.RecordAttendance(referral_id=one)),
        to_one(lambda one: rc.EngageService(referral_id=one, criterion_code="other")),
        to_one(lambda one: cc.EndService(referral_id=one, outcome_code="completed")),
    )
    for far in range(len(way) + 1):
        story = Story()
        story.opened()
        story.must(OFFER, *PSYCH)
        story.must(consent(NGO, hand_over_by="code"), *PSYCH)
        story.planned(*PLAN[:1]).referred(1)
        for act in (*way[:far], came):
            act(story)
        yield story
