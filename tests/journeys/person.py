"""One person of the journeys: the steps that most ways begin with, and who calls them what."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from throughcare.contracts import facts, life_commands, life_facts
from throughcare.contracts import intake_commands as intake
from throughcare.contracts import medicine_commands as medicine
from throughcare.contracts import release_commands as release
from throughcare.contracts import release_events as events
from throughcare.contracts.codes import (
    ConsentItem,
    HandOverBy,
    NeedFlag,
    PlanItem,
    Receiver,
    ReceiverType,
)
from throughcare.contracts.kinds import Command, Event, Fact
from throughcare.tests.journeys.places import (
    AUDIT,
    COLONY,
    COUNTRY,
    LANGUAGE,
    NEXT_NGO,
    NGO,
    OAT_SITE,
    PRISON,
    REHAB,
)
from throughcare.tests.journeys.world import Desk, World, day

E = TypeVar("E", bound=Event)

#: Any NGO, for a meeting and for everyday help.
PERMISSION = ConsentItem(
    receiver_type="ngo", data_classes=("P1", "P2"), purposes=("handover", "social")
)
TO_REHAB = ConsentItem(
    receiver_type="rehab-centre", data_classes=("P1", "P3"), purposes=("handover",)
)
TO_OAT_SITE = ConsentItem(receiver_type="oat-site", data_classes=("P1", "P3"), purposes=("dose",))
NEEDS: tuple[NeedFlag, ...] = ("housing",)


def asking(*parties: str, kind: ReceiverType = "ngo") -> tuple[Receiver, ...]:
    """The plan's list: in this order the person wants them asked."""
    return tuple(Receiver(party=party, receiver_type=kind) for party in parties)


SUPPORT = PlanItem(
    item=1,
    service_type="psychosocial-support",
    mandatory=True,
    receivers=asking(NGO, NEXT_NGO),
)
REHABILITATION = PlanItem(
    item=2,
    service_type="rehabilitation-residential",
    mandatory=False,
    receivers=asking(REHAB, kind="rehab-centre"),
)
METHADONE = PlanItem(
    item=3,
    service_type="oat",
    mandatory=False,
    pathway="oat",
    receivers=asking(OAT_SITE, kind="oat-site"),
)


class Alarm(NamedTuple):
    code: str
    step: int | None
    level: int
    to_role: str
    to_party: str | None


class Person:
    """Known to the prison by its own reference, to everybody else by a code from their mail."""

    def __init__(
        self, world: World, reference: str, *, colony: str = COLONY, prison: str = PRISON
    ) -> None:
        self.world = world
        self.reference = reference
        self.colony = colony
        self.prison = prison
        self.case_ref: UUID
        self.audit: str
        #: What each party calls the case.
        self.names = {prison: reference}

    def desk(self, party: str) -> Desk:
        return self.world.desks[party]

    # -- saying --------------------------------------------------------------------------------

    async def tells(self, fact: Fact) -> None:
        """The prison says so, by Kafka; and it is decided."""
        their_id = await self.desk(self.prison).emits(self.reference, fact)
        outcome = await self.world.operator.fetchrow(
            "SELECT outcome_kind, outcome FROM gateway.commands WHERE party = $1 AND their_id = $2",
            self.prison,
            their_id,
        )
        assert outcome is not None
        assert outcome["outcome_kind"] == "decided", outcome["outcome"]

    async def does(self, party: str, command: Command | Fact) -> UUID:
        return await self.desk(party).does(self.names[party], command)

    async def is_refused(self, party: str, command: Command | Fact) -> str:
        """The code of the no, which comes with a sentence to read."""
        answer = await self.desk(party).asks(self.names[party], command)
        assert answer.status_code in (403, 404, 409, 422), answer.text
        told = answer.json()
        assert len(told["title"]) > 10, told
        return str(told["code"])

    # -- looking -------------------------------------------------------------------------------

    async def sees(self, party: str) -> list[str]:
        await self.world.settle()
        return await self.desk(party).sees(self.names[party])

    async def reads(self, party: str, name: str) -> list[dict[str, Any]]:
        """The data of what happened under this name, as far as the party may read it."""
        await self.world.settle()
        return [
            entry.get("data", {})
            for entry in await self.desk(party).timeline(self.names[party])
            if entry["type"].split(".")[3] == name
        ]

    async def is_unknown_to(self, party: str) -> bool:
        """Whether the name that the party had leads nowhere (any more)."""
        name = self.names.get(party, self.reference)
        answer = await self.desk(party).client.get(f"/v1/cases/{name}/timeline")
        return (answer.status_code, answer.json().get("code")) == (404, "no-such-case")

    async def stage(self) -> str:
        return await self.world.stage(self.case_ref)

    async def recorded(self, kind: type[E]) -> list[E]:
        """What was decided of this kind, whoever may still see it."""
        await self.world.settle()
        said = await self.world.recorded(self.case_ref)
        return [message.data for message in said if isinstance(message.data, kind)]

    async def open_with(self, party: str) -> list[str]:
        """What the party finds in its work list of this person: the tasks, as they fall due."""
        await self.world.settle()
        answer = await self.desk(party).client.get("/v1/work")
        assert answer.status_code == 200, answer.text
        items = answer.json()["items"]
        return [item["task"] for item in items if item["subject"] == self.names[party]]

    async def when(self, kind: type[Event]) -> list[datetime]:
        """When it took effect, as the doors' clock has it."""
        await self.world.settle()
        said = await self.world.recorded(self.case_ref)
        return [message.recorded_at for message in said if isinstance(message.data, kind)]

    async def alarms(self) -> list[Alarm]:
        return [
            Alarm(one.code, one.step, one.level, one.to_role, one.to_party)
            for one in await self.recorded(events.EscalationRaised)
        ]

    async def told(self) -> Counter[tuple[str, str]]:
        """To whom something about the case was sent, and after which template."""
        await self.world.settle()
        rows = await self.world.operator.fetch(
            "SELECT to_party, template FROM notifications.deliveries"
            " WHERE case_ref = $1 AND status = 'sent'",
            self.case_ref,
        )
        return Counter((row["to_party"], row["template"]) for row in rows)

    def mail(self, party: str) -> list[str]:
        """The messages at a party's desk that bear its name for the case."""
        return [text for text in self.desk(party).mail() if self.names[party] in text]

    async def known_to(self, party: str) -> str:
        """What a party calls the case, since something about it was to be told there."""
        await self.world.settle()
        name = await self.world.name(self.case_ref, party)
        assert name is not None, f"{party} has no name for the case"
        self.names[party] = name
        return name

    # -- the first steps -----------------------------------------------------------------------

    async def enrolled(self) -> "Person":
        """Into the clean zone: a case opens, and the colony's staff are asked to offer consent."""
        await self.tells(facts.ProgrammeEnrolled(programme_code="clean-zone", facility=self.colony))
        await self._named()
        await self.known_to(self.colony)
        assert self.mail(self.colony)
        return self

    async def opened(self, **more: Any) -> "Person":
        """By the prison's own staff, where an enrolment opens no case."""
        fields = {"origin": "facility", "reason_code": "self-request", "facility": self.colony}
        await self.does(self.prison, intake.OpenCase(person_told=True, **{**fields, **more}))
        await self._named()
        return self

    async def _named(self) -> None:
        self.case_ref = await self.world.case(self.prison, self.reference)
        self.audit = await self.world.audited(self.case_ref)
        self.names[AUDIT] = self.audit

    async def offered_consent(self) -> "Person":
        await self.does(
            self.colony,
            intake.OfferConsent(
                language=LANGUAGE[COUNTRY[self.colony]],
                form_version="f1",
                explained_orally=True,
                witness_role="ngo",
            ),
        )
        return self

    async def consented(self, *items: ConsentItem, by: HandOverBy | None = None) -> "Person":
        """`by`: how the person wants to be handed over, where it is not the country's own way."""
        await self.offered_consent()
        await self.does(
            self.colony,
            intake.RecordConsent(
                items=items or (PERMISSION,),
                expires_on=day(self.world.now, 300),
                signed_how="ink",
                hand_over_by=by,
            ),
        )
        return self

    async def planned(self, *items: PlanItem, needs: tuple[NeedFlag, ...] = NEEDS) -> "Person":
        await self.does(
            self.colony, intake.AssessNeeds(tool_code="asi", tool_version="5", flags=needs)
        )
        await self.does(
            self.colony, intake.AgreePlan(items=items or (SUPPORT,), client_signed=True)
        )
        return self

    async def scheduled(self, days: int) -> "Person":
        on = day(self.world.now, days)
        await self.tells(facts.ReleaseScheduled(expected_release_on=on, facility=self.colony))
        return self

    async def referred(self, item: int = 1, to: str = NGO) -> UUID:
        """Offered to the next of the plan, who gets a name for the case and nothing else."""
        await self.does(self.colony, release.SendReferral(item=item))
        return await self.offered_to(to)

    async def offered_to(self, party: str) -> UUID:
        """The offer as the receiver finds it: a code in its mail, the referral on its timeline."""
        await self.known_to(party)
        assert self.mail(party), f"{party} has not been written to"
        return await self.desk(party).referral(self.names[party])

    async def accepted(self, item: int = 1, by: str = NGO, until: date | None = None) -> UUID:
        referral = await self.referred(item, by)
        await self.does(by, release.AcceptReferral(referral_id=referral, valid_until=until))
        return referral

    async def expected(self, referral: UUID, by: str = NGO, **span: float) -> datetime:
        """An appointment, so long from now."""
        at = self.world.now + timedelta(**span)
        await self.does(by, release.BookAppointment(referral_id=referral, appointment_at=at))
        return at

    async def on_methadone(self, until: date | None = None) -> tuple[UUID, UUID]:
        """The person goes on with it; an NGO and an OAT site said yes, the NGO until a day."""
        await self.consented(PERMISSION, TO_OAT_SITE)
        await self.planned(SUPPORT, METHADONE, needs=("oat-now", "housing"))
        await self.does(self.colony, medicine.RequestContinuation(line="oat", leaflet_version="l1"))
        return await self.accepted(until=until), await self.accepted(3, OAT_SITE)

    async def is_awaited(self, site: UUID, on: date) -> None:
        """The OAT site says from which day it expects the person."""
        await self.does(OAT_SITE, medicine.ConfirmReceivingSite(referral_id=site, expected_on=on))

    async def has_a_kit(self) -> None:
        for step in (
            medicine.OfferNaloxone(),
            medicine.RecordOverdoseTraining(),
            medicine.IssueNaloxone(kits=1, at="release"),
        ):
            await self.does(self.colony, step)

    # -- time ----------------------------------------------------------------------------------

    async def waits_for_release(self) -> None:
        """The date comes; a week and a day before it the prison says that it stands."""
        on = (await self.recorded(events.ReleaseScheduled))[-1].expected_release_on
        for days in (7, 1, 0):
            left = (on - day(self.world.now)).days - days
            if left > 0:
                await self.lives_on(days=left)
            if days:
                await self.tells(life_facts.ReleaseDateConfirmed(expected_release_on=on))

    async def walks_out(self) -> datetime:
        await self.tells(facts.PersonReleased(facility=self.colony))
        return self.world.now

    async def lives_on(self, **span: float) -> None:
        await self.world.until(self.world.now + timedelta(**span))

    async def reaches_day(self, days: float, since: datetime) -> None:
        await self.world.until(since + timedelta(days=days))

    # -- afterwards ----------------------------------------------------------------------------

    async def is_met(self, referral: UUID, by: str = NGO) -> None:
        await self.does(by, release.RecordAttendance(referral_id=referral))

    async def is_checked(self, referral: UUID, checkpoint: int, by: str = NGO) -> None:
        await self.does(
            by,
            release.CheckFollowUp(
                referral_id=referral,
                checkpoint_day=checkpoint,
                contact_kind="visit",
                still_engaged=True,
            ),
        )

    async def answers_alarm(self, party: str, code: str, step: int | None = None) -> None:
        """The alarm stands on the timeline of whom it addresses, who takes it on."""
        [alarm] = [
            one
            for one in await self.reads(party, "escalation-raised")
            if (one.get("code"), one.get("step")) == (code, step)
        ]
        answer = release.AcknowledgeEscalation(escalation_id=alarm["escalation_id"])
        await self.does(party, answer)

    async def moves_abroad(self, party: str | None = None) -> None:
        """The end of a history whose point has been made, without another word to anybody."""
        await self.does(
            party or self.colony, life_commands.MoveOutOfScope(reason_code="left-country")
        )
