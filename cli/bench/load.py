"""The messages that are read in the bench, made once a row from a fixed seed."""

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from throughcare.cli.bench.halves import Add
from throughcare.contracts import facts
from throughcare.contracts import intake_commands as intake
from throughcare.contracts import release_commands as release
from throughcare.contracts.codes import ConsentItem, PlanItem, Receiver
from throughcare.contracts.envelope import Message
from throughcare.contracts.kinds import Data

START = datetime(2026, 3, 2, 3, tzinfo=UTC)
_VERSION = "kg-2026.1"


class Step(NamedTuple):
    """What somebody says about a case, and when."""

    data: Data
    party: str
    role: str
    day: float


#: What is said about one case, given the ids of the messages that will say it.
Script = Callable[[random.Random, Sequence[UUID]], Iterator[Step]]


def make(name: str, commands: int, seed: int) -> list[Message]:
    """About `commands` messages for a half, numbered as a door would, one of each case in turn.

    The same cases for every half.
    """
    script, each = _SCRIPTS[name]
    refs = random.Random(seed)
    chance = random.Random(seed + 1)
    cases = []
    for _ in range(commands // each):
        ids = [UUID(int=chance.getrandbits(128)) for _ in range(each)]
        ref = UUID(int=refs.getrandbits(128))
        steps = zip(ids, script(chance, ids), strict=True)
        cases.append([_message(ref, n, id, step) for n, (id, step) in enumerate(steps, 1)])
    return [message for turn in zip(*cases, strict=True) for message in turn]


def openings_for(commands: int, seed: int) -> list[Message]:
    """What intake was told about the cases of `make("release", commands, seed)`."""
    return make("intake", commands // _SCRIPTS["release"][1] * _SCRIPTS["intake"][1], seed)


def _message(ref: UUID, number: int, id: UUID, step: Step) -> Message:
    at = START + timedelta(days=step.day)
    return Message(
        id=id,
        source=f"/parties/{step.party}",
        data=step.data,
        case_ref=ref,
        occurred_at=at,
        recorded_at=at,
        correlation_id=id,
        protocol_version=_VERSION,
        party=step.party,
        roles=(step.role,),
        number=number,
    )


def _toy(chance: random.Random, ids: Sequence[UUID]) -> Iterator[Step]:
    for _ in ids:
        add = Add(
            amount=chance.randrange(100),
            reason_code="self-request",
            facility="kg-31",
            expected_on="2026-09-01",
        )
        yield Step(add, "kg-31", "prison-psych", 0)


def _intake(chance: random.Random, ids: Sequence[UUID]) -> Iterator[Step]:
    """Open, offer, consent, needs, plan: the straight way through intake."""

    def say(data: Data, day: int) -> Step:
        return Step(data, "kg-31", "prison-psych", day)

    opening = intake.OpenCase(
        origin="facility",
        reason_code="self-request",
        person_told=True,
        facility="kg-31",
        expected_release_on=date(2026, 6, 1) + timedelta(days=chance.randrange(90)),
    )
    yield say(opening, 0)
    offer = intake.OfferConsent(
        language="ky-Cyrl", form_version="f1", explained_orally=True, witness_role="ngo"
    )
    yield say(offer, 1)
    items = (
        ConsentItem(
            receiver_type="ngo", data_classes=("P1", "P2", "P3"), purposes=("handover", "social")
        ),
        ConsentItem(
            receiver_type="rehab-centre",
            party="rehab-one",
            data_classes=("P1", "P2", "P3"),
            purposes=("handover",),
        ),
    )
    consent = intake.RecordConsent(items=items, expires_on=date(2026, 12, 20), signed_how="ink")
    yield say(consent, 2)
    needs = intake.AssessNeeds(tool_code="asi", tool_version="5", flags=("opioid-risk", "housing"))
    yield say(needs, 3)
    ngos = tuple(Receiver(party=f"ngo-{n}", receiver_type="ngo") for n in ("one", "two"))
    plan = (
        PlanItem(item=1, service_type="psychosocial-support", mandatory=True, receivers=ngos),
        PlanItem(
            item=2,
            service_type="rehabilitation-residential",
            mandatory=False,
            receivers=(Receiver(party="rehab-one", receiver_type="rehab-centre"),),
        ),
    )
    yield say(intake.AgreePlan(items=plan, client_signed=True), 4)


def _release(chance: random.Random, ids: Sequence[UUID]) -> Iterator[Step]:
    """From the plan over the gate to the first check: every promise made, moved and kept."""
    out = 60 + chance.randrange(5)
    day = START.date() + timedelta(days=out)
    referral = ids[1]
    prison, ngo = ("kg-gsin", "prison-admin"), ("ngo-one", "ngo")
    yield Step(facts.ReleaseScheduled(expected_release_on=day), *prison, 5)
    yield Step(release.SendReferral(item=1), "kg-31", "prison-psych", 6)
    yield Step(release.AcknowledgeReferral(referral_id=referral), *ngo, 6.5)
    yield Step(release.AcceptReferral(referral_id=referral), *ngo, 7)
    visit = START + timedelta(days=out + 1)
    yield Step(release.BookAppointment(referral_id=referral, appointment_at=visit), *ngo, 8)
    yield Step(release.ConfirmReadiness(kit_gap="no-time"), "kg-31", "prison-health", 50)
    yield Step(facts.PersonReleased(), *prison, out)
    yield Step(release.AcknowledgeRelease(referral_id=referral), *ngo, out + 0.1)
    yield Step(release.RecordAttendance(referral_id=referral), *ngo, out + 1)
    engaged = release.EngageService(referral_id=referral, criterion_code="second-visit")
    yield Step(engaged, *ngo, out + 3)
    check = release.CheckFollowUp(
        referral_id=referral, checkpoint_day=7, contact_kind="visit", still_engaged=True
    )
    yield Step(check, *ngo, out + 7)


#: The script of each half, and how many messages it has.
_SCRIPTS: dict[str, tuple[Script, int]] = {
    "toy": (_toy, 10),
    "intake": (_intake, 5),
    "release": (_release, 11),
}
