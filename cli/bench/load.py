"""The messages that are read in the bench, made once a row from a fixed seed."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from throughcare.cli.bench.halves import Add
from throughcare.contracts import intake_commands as intake
from throughcare.contracts.codes import ConsentItem, PlanItem, Receiver
from throughcare.contracts.envelope import Message
from throughcare.contracts.kinds import Command

START = datetime(2026, 3, 2, 3, tzinfo=UTC)
_VERSION = "kg-2026.1"


def make(name: str, commands: int, seed: int) -> list[Message]:
    """About `commands` commands for a half, case by case in turn, as a door would number them."""
    chance = random.Random(seed)
    script = {"toy": _toy, "intake": _intake}[name]
    a_case = len(list(script(chance)))
    refs = [UUID(int=chance.getrandbits(128)) for _ in range(commands // a_case)]
    steps = {ref: list(script(chance)) for ref in refs}
    return [
        _message(ref, number, *steps[ref][number - 1], UUID(int=chance.getrandbits(128)))
        for number in range(1, a_case + 1)
        for ref in refs
    ]


_Step = tuple[Command, str, str]


def _message(ref: UUID, number: int, data: Command, party: str, role: str, id: UUID) -> Message:
    at = START + timedelta(hours=number)
    return Message(
        id=id,
        source=f"/parties/{party}",
        data=data,
        case_ref=ref,
        occurred_at=at,
        recorded_at=at,
        correlation_id=id,
        protocol_version=_VERSION,
        party=party,
        roles=(role,),
        number=number,
    )


def _toy(chance: random.Random) -> Iterator[_Step]:
    for _ in range(10):
        add = Add(
            amount=chance.randrange(100),
            reason_code="self-request",
            facility="kg-31",
            expected_on="2026-09-01",
        )
        yield add, "kg-31", "prison-psych"


_NGOS = [f"ngo-{n:02}" for n in range(20)]


def _intake(chance: random.Random) -> Iterator[_Step]:
    """Open, offer, consent, needs, plan: the straight way through intake."""
    ngos = chance.sample(_NGOS, 2)
    release_on = date(2026, 6, 1) + timedelta(days=chance.randrange(90))
    who = ("kg-31", "prison-psych")
    yield (
        intake.OpenCase(
            origin="facility",
            reason_code="self-request",
            person_told=True,
            facility="kg-31",
            expected_release_on=release_on,
        ),
        *who,
    )
    yield (
        intake.OfferConsent(
            language="ky-Cyrl", form_version="f1", explained_orally=True, witness_role="ngo"
        ),
        *who,
    )
    yield (
        intake.RecordConsent(
            items=(
                ConsentItem(
                    receiver_type="ngo",
                    data_classes=("P1", "P2", "P3"),
                    purposes=("handover", "social"),
                ),
                ConsentItem(
                    receiver_type="rehab-centre",
                    party="rehab-one",
                    data_classes=("P1", "P2", "P3"),
                    purposes=("handover",),
                ),
            ),
            expires_on=date(2026, 12, 20),
            signed_how="ink",
        ),
        *who,
    )
    yield (
        intake.AssessNeeds(tool_code="asi", tool_version="5", flags=("opioid-risk", "housing")),
        *who,
    )
    yield (
        intake.AgreePlan(
            items=(
                PlanItem(
                    item=1,
                    service_type="psychosocial-support",
                    mandatory=True,
                    receivers=tuple(Receiver(party=n, receiver_type="ngo") for n in ngos),
                ),
                PlanItem(
                    item=2,
                    service_type="rehabilitation-residential",
                    mandatory=False,
                    receivers=(Receiver(party="rehab-one", receiver_type="rehab-centre"),),
                ),
            ),
            client_signed=True,
        ),
        *who,
    )
