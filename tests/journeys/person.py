"""One person of the journeys: the steps that most ways begin with, and who calls them what."""

from datetime import timedelta
from uuid import UUID

from throughcare.contracts import facts
from throughcare.contracts import intake_commands as intake
from throughcare.contracts import release_commands as release
from throughcare.contracts.codes import ConsentItem, PlanItem, Receiver
from throughcare.contracts.kinds import Command, Fact
from throughcare.tests.journeys.world import (
    AUDIT,
    COLONY,
    NEXT_NGO,
    NGO,
    PRISON,
    Desk,
    World,
    day,
)

PERMISSION = ConsentItem(
    receiver_type="ngo", data_classes=("P1", "P2"), purposes=("handover", "social")
)
SUPPORT = PlanItem(
    item=1,
    service_type="psychosocial-support",
    mandatory=True,
    receivers=(
        Receiver(party=NGO, receiver_type="ngo"),
        Receiver(party=NEXT_NGO, receiver_type="ngo"),
    ),
)


class Person:
    """Known to the prison by its own reference, to everybody else by a code from their mail."""

    def __init__(self, world: World, reference: str) -> None:
        self.world = world
        self.reference = reference
        self.case_ref: UUID
        self.audit: str
        #: What each party calls the case.
        self.names = {PRISON: reference}

    def desk(self, party: str) -> Desk:
        return self.world.desks[party]

    async def tells(self, fact: Fact) -> None:
        """The prison says so, by Kafka."""
        await self.desk(PRISON).emits(self.reference, fact)

    async def does(self, party: str, command: Command) -> UUID:
        return await self.desk(party).does(self.names[party], command)

    async def sees(self, party: str) -> list[str]:
        await self.world.settle()
        return await self.desk(party).sees(self.names[party])

    async def stage(self) -> str:
        return await self.world.stage(self.case_ref)

    # -- the first steps -----------------------------------------------------------------------

    async def enrolled(self) -> "Person":
        """Into the clean zone: a case opens, and the colony's staff are asked to offer consent."""
        await self.tells(facts.ProgrammeEnrolled(programme_code="clean-zone", facility=COLONY))
        self.case_ref = await self.world.case(PRISON, self.reference)
        self.audit = await self.world.audited(self.case_ref)
        self.names[AUDIT] = self.audit
        self.names[COLONY] = self.desk(COLONY).code()
        return self

    async def consented(self) -> "Person":
        await self.does(
            COLONY,
            intake.OfferConsent(
                language="ky-Cyrl", form_version="f1", explained_orally=True, witness_role="ngo"
            ),
        )
        await self.does(
            COLONY,
            intake.RecordConsent(
                items=(PERMISSION,), expires_on=day(self.world.now, 300), signed_how="ink"
            ),
        )
        return self

    async def planned(self) -> "Person":
        await self.does(
            COLONY,
            intake.AssessNeeds(tool_code="asi", tool_version="5", flags=("housing", "opioid-risk")),
        )
        await self.does(COLONY, intake.AgreePlan(items=(SUPPORT,), client_signed=True))
        return self

    async def scheduled(self, days: int) -> "Person":
        on = day(self.world.now, days)
        await self.tells(facts.ReleaseScheduled(expected_release_on=on, facility=COLONY))
        return self

    async def referred(self) -> UUID:
        """Offered to the first of the plan, who gets a name for the case and nothing else."""
        await self.does(COLONY, release.SendReferral(item=1))
        return await self.offered_to(NGO)

    async def offered_to(self, party: str) -> UUID:
        """The offer as the receiver finds it: a code in its mail, the referral on its timeline."""
        await self.world.settle()
        self.names[party] = self.desk(party).code()
        return await self.desk(party).referral(self.names[party])

    async def accepted(self) -> UUID:
        referral = await self.referred()
        await self.does(NGO, release.AcceptReferral(referral_id=referral))
        return referral

    async def walks_out(self) -> None:
        await self.tells(facts.PersonReleased(facility=COLONY))

    async def lives_on(self, **span: float) -> None:
        await self.world.until(self.world.now + timedelta(**span))
