"""A case run by the pure protocol alone: both halves, one clock, ids in order."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from throughcare.contracts import facts
from throughcare.contracts import intake_commands as ic
from throughcare.contracts import intake_events as ie
from throughcare.contracts import release_commands as rc
from throughcare.contracts import release_events as re
from throughcare.contracts.codes import ConsentItem, PlanItem, Receiver
from throughcare.contracts.commands import OWNER
from throughcare.contracts.envelope import Message
from throughcare.contracts.events import WRITER
from throughcare.contracts.kinds import Data, Event
from throughcare.contracts.life_facts import ReleaseDateConfirmed
from throughcare.protocol.decision import Context, Decided, Decision, Refused, Superseded
from throughcare.protocol.half import Half
from throughcare.protocol.intake import HALF as INTAKE
from throughcare.protocol.refusals import REFUSALS
from throughcare.protocol.release import HALF as RELEASE
from throughcare.protocol.release.state import InCustody

CASE = UUID(int=0xCA5E)
#: Monday, 09:00 in Bishkek.
START = datetime(2026, 3, 2, 3, tzinfo=UTC)
VERSION = "kg-2026.1"
#: The id of the command in `given(...).when(command)`, and the first further one it may open.
COMMAND = UUID(int=0xC0)
NEXT = UUID(int=0xD1)


ONE = ("ngo-one", "ngo")
COORD = ("coord", "protocol-coordinator")
PRISON = ("kg-gsin", "prison-admin")


def local(day: date, hour: int = 18) -> datetime:
    """In Bishkek, six hours ahead."""
    return datetime(day.year, day.month, day.day, hour - 6, tzinfo=UTC)


def day_after(days: int) -> date:
    return (START + timedelta(days=days)).date()


@dataclass
class Story:
    """One case from its first word; `now` moves only when it is told to."""

    now: datetime = START
    said: list[Message] = field(default_factory=list)
    states: dict[str, Any] = field(
        default_factory=lambda: {h.name: h.initial(CASE) for h in (INTAKE, RELEASE)}
    )
    halves: dict[str, Half[Any]] = field(
        default_factory=lambda: {h.name: h for h in (INTAKE, RELEASE)}
    )
    ids: int = 0
    #: False: what one half says does not reach the other until `deliver`.
    connected: bool = True
    undelivered: list[Message] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=lambda: {INTAKE.name: 0, RELEASE.name: 0})
    #: All that a half said or heard, in the order in which it did.
    steps: list[tuple[str, Message]] = field(default_factory=list)
    #: The prison says again in time that the date stands, and cover is arranged for days off.
    confirms: bool = True
    version: str = VERSION

    # -- driving ---------------------------------------------------------------------------

    def new_id(self) -> UUID:
        self.ids += 1
        return UUID(int=self.ids)

    def context(
        self, party: str | None, roles: tuple[str, ...], at: datetime | None = None
    ) -> Context:
        return Context(
            id=self.new_id(),
            case_ref=CASE,
            occurred_at=at or self.now,
            received_at=self.now,
            party=party,
            roles=frozenset(roles),
            new_id=self.new_id,
            protocol_version=self.version,
        )

    def tell(
        self, data: Data, party: str | None, *roles: str, at: datetime | None = None
    ) -> Decision:
        """Have it decided by the half that owns it; what follows is passed on."""
        name = OWNER[type(data)]
        context = self.context(party, roles, at)
        decision = self.halves[name].decide(self.states[name], data, context)
        if isinstance(decision, Decided):
            self._record(name, decision.events, context)
        return decision

    def must(self, data: Data, party: str | None, *roles: str, at: datetime | None = None) -> UUID:
        """The same, where a refusal would be a mistake in the test. Returns the command's id."""
        expected_id = UUID(int=self.ids + 1)
        decision = self.tell(data, party, *roles, at=at)
        assert isinstance(decision, Decided), decision
        return expected_id

    def _record(self, name: str, events: tuple[Event, ...], context: Context) -> None:
        for event in events:
            message = Message(
                id=self.new_id(),
                source=f"/services/{name}",
                data=event,
                case_ref=CASE,
                occurred_at=context.occurred_at,
                recorded_at=context.received_at,
                correlation_id=context.id,
                protocol_version=self.version,
                sequence=self.versions[name] + 1,
            )
            self.versions[name] += 1
            self.said.append(message)
            self.steps.append((name, message))
            self.states[name] = self.halves[name].evolve(self.states[name], message)
            self.undelivered.append(message)
        if self.connected:
            self.deliver()

    def deliver(self) -> None:
        while self.undelivered:
            message = self.undelivered.pop(0)
            self.hand_over(message)

    def hand_over(self, message: Message) -> None:
        """To the half that did not say it."""
        other = "release" if message.source == "/services/intake" else "intake"
        half = self.halves[other]
        self.steps.append((other, message))
        self.states[other] = half.hear(self.states[other], message)
        context = self.context(None, ("system",), message.occurred_at)
        self._record(other, half.react(self.states[other], message.data, context), context)

    def until(self, moment: datetime) -> None:
        """Live on: whatever falls due on the way fires when it does."""
        while (due := RELEASE.next_due_at(self.states["release"])) is not None and due <= moment:
            self.now = max(self.now, due)
            if self.confirms and self._confirmed():
                continue
            self.must(rc.RunDeadlines(as_of=self.now), None, "system")
        self.now = max(self.now, moment)

    def _confirmed(self) -> bool:
        """What would only be noise here: a date is said once more, cover for days off is arranged."""
        own = self.release.own
        near = {d.code for d in own.live if d.due_at <= self.now}
        if "weekend-release" in near:
            waive = rc.WaiveDeadline(code="weekend-release", reason_code="done-outside")
            self.must(waive, *COORD)
            return True
        if "D11" not in near or not isinstance(own.person, InCustody):
            return False
        on = own.person.expected_on
        self.must(ReleaseDateConfirmed.model_validate({"expected_release_on": on}), *PRISON)
        return True

    def after(self, **span: float) -> None:
        self.until(self.now + timedelta(**span))

    # -- looking ---------------------------------------------------------------------------

    @property
    def intake(self) -> Any:
        return self.states["intake"]

    @property
    def release(self) -> Any:
        return self.states["release"]

    def events(self, kind: type[Event] | None = None) -> list[Any]:
        return [m.data for m in self.said if kind is None or isinstance(m.data, kind)]

    def types(self) -> list[str]:
        return [m.data.name for m in self.said]

    def live(self) -> dict[tuple[Any, ...], datetime]:
        return {(d.code, d.referral_id, d.step): d.due_at for d in self.release.own.live}

    def alarms(self) -> list[Any]:
        return list(self.release.own.escalations)

    def codes(self) -> set[str]:
        return {code for code, _, _ in self.live()}

    def missed(self) -> list[str]:
        return [event.code for event in self.events(re.DeadlineMissed)]

    def raised(self) -> list[tuple[str, int | None, int, str, str | None]]:
        return [
            (e.code, e.step, e.level, e.to_role, e.to_party)
            for e in self.events(re.EscalationRaised)
        ]

    # -- the straight way, in steps ----------------------------------------------------------

    def opened(self, **more: Any) -> "Story":
        command = {"origin": "facility", "reason_code": "self-request", "person_told": True}
        self.must(ic.OpenCase(**{**command, "facility": "kg-31", **more}), "kg-31", "prison-health")
        return self

    def enrolled(self) -> "Story":
        self.must(
            facts.ProgrammeEnrolled(programme_code="clean-zone", facility="kg-31"),
            "kg-gsin",
            "prison-admin",
        )
        return self

    def scheduled(self, days: int) -> "Story":
        on = (self.now + timedelta(days=days)).date()
        self.must(facts.ReleaseScheduled(expected_release_on=on), "kg-gsin", "prison-admin")
        return self

    def consented(self, *items: ConsentItem) -> "Story":
        self.must(OFFER, "kg-31", "prison-psych")
        self.must(consent(*(items or PERMISSIONS)), "kg-31", "prison-psych")
        return self

    def planned(self, *items: PlanItem) -> "Story":
        self.must(NEEDS, "kg-31", "prison-psych")
        self.must(ic.AgreePlan(items=items or PLAN, client_signed=True), "kg-31", "prison-psych")
        return self

    def referred(self, item: int = 1) -> UUID:
        return self.must(rc.SendReferral(item=item), "kg-31", "prison-psych")

    def accepted(self, item: int = 1, party: str = "ngo-one", role: str = "ngo") -> UUID:
        referral_id = self.referred(item)
        self.must(rc.AcceptReferral(referral_id=referral_id), party, role)
        return referral_id

    def released(self, at: datetime | None = None) -> "Story":
        self.must(facts.PersonReleased(), "kg-gsin", "prison-admin", at=at)
        return self

    def attended(
        self, referral_id: UUID, party: str = "ngo-one", role: str = "ngo", **more: Any
    ) -> "Story":
        self.must(rc.RecordAttendance(referral_id=referral_id), party, role, **more)
        return self


NEEDS = ic.AssessNeeds(tool_code="t", tool_version="1", flags=("housing",))
OFFER = ic.OfferConsent(
    language="ky-Cyrl", form_version="f1", explained_orally=True, witness_role="ngo"
)
NGO = ConsentItem(
    receiver_type="ngo", data_classes=("P1", "P2", "P3"), purposes=("handover", "social")
)
REHAB = ConsentItem(
    receiver_type="rehab-centre",
    party="rehab-one",
    data_classes=("P1", "P2", "P3"),
    purposes=("handover",),
)
PROBATION = ConsentItem(receiver_type="probation", data_classes=("P0",), purposes=("social",))
PERMISSIONS = (NGO, REHAB, PROBATION)
DOSE = ConsentItem(receiver_type="oat-site", data_classes=("P1", "P3"), purposes=("dose",))
PLAN = (
    PlanItem(
        item=1,
        service_type="psychosocial-support",
        mandatory=True,
        receivers=(
            Receiver(party="ngo-one", receiver_type="ngo"),
            Receiver(party="ngo-two", receiver_type="ngo"),
        ),
    ),
    PlanItem(
        item=2,
        service_type="rehabilitation-residential",
        mandatory=False,
        receivers=(Receiver(party="rehab-one", receiver_type="rehab-centre"),),
    ),
    PlanItem(
        item=3,
        service_type="documents",
        mandatory=False,
        receivers=(Receiver(party="probation-one", receiver_type="probation"),),
    ),
)


OAT = PlanItem(
    item=4,
    service_type="oat",
    mandatory=False,
    pathway="oat",
    receivers=(
        Receiver(party="site-one", receiver_type="oat-site"),
        Receiver(party="site-two", receiver_type="oat-site"),
    ),
)

OPENED = ie.CaseOpened(
    origin="facility", reason_code="self-request", opened_by="kg-31", facility="kg-31"
)
OFFERED = ie.ConsentOffered(
    language="ky-Cyrl",
    form_version="f1",
    explained_orally=True,
    interpreter=False,
    witness_role="ngo",
)
GRANTED = ie.ConsentGranted(
    consent_id=COMMAND,
    items=(NGO,),
    expires_on=(START + timedelta(days=300)).date(),
    signed_how="ink",
    feedback_to_facility=False,
    hand_over_by="identity",
)
PSYCH = ("kg-31", "prison-psych")


def consent(*items: ConsentItem, **more: Any) -> ic.RecordConsent:
    fields = {"expires_on": (START + timedelta(days=300)).date(), "signed_how": "ink"}
    return ic.RecordConsent(items=items, **{**fields, **more})


class _Then:
    """What a decision has to be."""

    def __init__(self, decision: Decision) -> None:
        self.decision = decision

    def then(self, *events: Event) -> None:
        assert Decided(events) == self.decision

    def then_nothing_new(self) -> None:
        assert Decided(()) == self.decision

    def refused(self, code: str) -> None:
        assert Refused(code) == self.decision
        assert code in REFUSALS

    def superseded(self) -> None:
        assert Superseded("older-than-applied") == self.decision


class given:  # noqa: N801 - reads as a sentence: given(...).when(...).then(...)
    """The events of a case so far, of both halves in any order."""

    def __init__(self, *events: Event) -> None:
        self.states: dict[str, Any] = {h.name: h.initial(CASE) for h in (INTAKE, RELEASE)}
        for event in events:
            message = Message(
                id=UUID(int=1),
                source="/test",
                data=event,
                case_ref=CASE,
                occurred_at=START,
                recorded_at=START,
                correlation_id=UUID(int=1),
                protocol_version=VERSION,
            )
            for half in (INTAKE, RELEASE):
                step = half.evolve if WRITER[type(event)] == half.name else half.hear
                self.states[half.name] = step(self.states[half.name], message)

    def when(
        self,
        data: Data,
        party: str | None = None,
        *roles: str,
        at: datetime = START,
        received_at: datetime | None = None,
    ) -> _Then:
        half: Half[Any] = INTAKE if OWNER[type(data)] == "intake" else RELEASE
        context = Context(
            id=COMMAND,
            case_ref=CASE,
            occurred_at=at,
            received_at=received_at or at,
            party=party,
            roles=frozenset(roles),
            new_id=_ids(),
            protocol_version=VERSION,
        )
        return _Then(half.decide(self.states[half.name], data, context))


def _ids() -> Callable[[], UUID]:
    numbers = count(NEXT.int)
    return lambda: UUID(int=next(numbers))
