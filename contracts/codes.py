"""The codes that messages are made of: closed lists, patterned references, dates and moments.

There is no type for free text and none for identity: what is not here cannot be said on a topic.
"""

from datetime import UTC, datetime
from typing import Annotated, Literal, get_args
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

Role = Literal[
    "prison-admin",  # prison administration, special part: dates and movements
    "prison-health",
    "prison-psych",  # prison psychologist or social worker
    "programme-coordinator",  # of a programme in custody, such as a clean zone
    "protocol-coordinator",  # neutral, of a region: re-routes and answers escalations
    "ngo",
    "oat-site",
    "narcology",
    "aids-centre",
    "rehab-centre",
    "drop-in",
    "mahalla",
    "probation",
    "monitor",  # counts and drawn timelines only
    "client",  # the person, through whoever takes it down
    "dpo",
    "commenter",  # says what it thinks of a draft of the protocol; takes no step and sees no case
    "system",  # the protocol itself: deadlines
]
ROLES: tuple[Role, ...] = get_args(Role)

#: Who can receive a referral. There is no police role and no register among them.
ReceiverType = Literal[
    "ngo",
    "oat-site",
    "narcology",
    "aids-centre",
    "rehab-centre",
    "drop-in",
    "mahalla",
    "probation",
    "programme-coordinator",
]
RECEIVER_TYPES: tuple[ReceiverType, ...] = get_args(ReceiverType)

DataClass = Literal[
    "P0",  # process: reference, stage, deadline
    "P1",  # identity and the way to reach the person
    "P2",  # social needs
    "P3",  # health in connection with drug use
    "P4",  # HIV, tuberculosis, hepatitis, psychiatric
    "P5",  # custody: facility, expected date
]

Purpose = Literal[
    "place",  # find a place: no identity
    "handover",  # hand over to a receiver that accepted
    "dose",  # keep a medicine going
    "reach",  # find the person again after a missed appointment
    "social",  # documents, housing, allowance
    "safety",  # overdose prevention
    "emerg",
    "stat",
    "qa",
]

#: Why somebody looked past consent; reviewed afterwards (D29).
EmergencyReason = Literal["life-in-danger", "cannot-speak", "medicine-to-check"]

EmergencyVerdict = Literal["justified", "not-justified"]

#: How a receiver knows that the person is theirs: by a name, or by a code that the person brings.
HandOverBy = Literal["identity", "code"]

#: What of an event is said to be wrong; what is right is said by an event of its own.
CorrectedField = Literal[
    "day", "time", "place", "receiver", "service", "reason", "number", "person", "other"
]
CorrectionReason = Literal["recorded-in-error", "person-says-so", "source-corrected", "other"]
ComplaintAbout = Literal[
    "consent", "data-shared", "pressure", "conduct", "not-helped", "too-late", "other"
]
#: Who wants data that the person did not allow them.
RequesterKind = Literal["court", "prosecutor", "investigator", "authority", "private", "other"]
LegalOpinion = Literal["refuse", "disclose"]
LegalDecision = Literal["refused", "disclosed"]
ForgetTrigger = Literal["asked", "retention"]

ServiceType = Literal[
    "psychosocial-support",
    "peer-support",
    "case-management",
    "community-support",
    "drop-in-support",
    "harm-reduction",
    "oat",
    "narcology-outpatient",
    "detox",
    "rehabilitation-residential",
    "rehabilitation-outpatient",
    "rehabilitation-short-term",
    "relapse-prevention",
    "art",
    "tb-treatment",
    "hepatitis-treatment",
    "mental-health",
    "housing",
    "documents",
    "allowance",
    "employment",
    "family-support",
]

Origin = Literal["facility", "programme", "self-presented", "amnesty-batch"]
OpenedReason = Literal["programme-participant", "self-request", "health-staff-offer"]
Ground = Literal["end-of-term", "parole", "amnesty", "pardon", "health", "court", "other"]
DateChange = Literal["brought-forward", "postponed", "cancelled"]
DateChangeReason = Literal["amnesty", "pardon", "court", "recalculated", "correction", "other"]
DeathPlace = Literal["custody", "community"]

SignedHow = Literal["ink", "e-sign", "thumb"]
RefusalScope = Literal["all", "sharing-only"]
RefusalReason = Literal["fear-of-registration", "no-need", "no-trust", "other"]
WithdrawnHow = Literal["in-person", "phone", "sms", "paper", "messenger", "other"]

NeedFlag = Literal[
    "opioid-risk",
    "oat-now",
    "oat-interest",
    "alcohol",
    "hiv-care",
    "tb-care",
    "mental-health",
    "housing",
    "documents",
    "income",
    "family",
    "pregnancy",
    "child-care",
    "safety",
]
Pathway = Literal["oat", "abstinence", "both", "none"]

#: Why an item has no support beside the medicine.
PairGap = Literal["person-declined", "not-available-in-region"]

Urgency = Literal["routine", "short", "urgent"]
DeclineReason = Literal[
    "no-capacity",
    "not-eligible",
    "out-of-area",
    "service-closed",
    "needs-other-service",
    "conflict",
]
SenderCancelReason = Literal["person-asked", "plan-revised", "duplicate", "other"]
#: "case-closed" also after a death: a receiver does not learn why.
CancelReason = Literal[
    "person-asked",
    "plan-revised",
    "duplicate",
    "other",
    "consent-withdrawn",
    "case-closed",
    "placed-elsewhere",  # several were asked, another was first
    "receiver-suspended",
]
AcceptanceWithdrawnReason = Literal["no-capacity", "service-closed", "not-eligible", "other"]
RerouteReason = Literal["no-receiver-left", "consent-does-not-cover"]
MissedReason = Literal["no-show", "receiver-closed", "person-called-off"]
EngagementCriterion = Literal["second-visit", "treatment-started", "plan-signed", "placed", "other"]

ServiceOutcome = Literal["completed", "left", "transferred", "excluded", "died", "other"]
SuspensionReason = Literal["closed", "suspended", "other"]
DataAction = Literal["deleted", "kept-by-law"]

OutreachMeans = Literal["phone", "visit", "peer", "family-if-consented"]
OutreachResult = Literal[
    "met",  # face to face: a witnessed contact
    "reached",  # spoke with the person, did not see them
    "not-reached",
]
ContactKind = Literal["visit", "phone", "peer", "none"]
GapReason = Literal[
    "no-answer-yet",
    "no-receiver",
    "waiting-place",
    "person-declined",
    "not-available-in-region",
    "no-time",
]
ReadinessLostReason = Literal[
    "referral-lost", "transferred", "acceptance-too-short", "plan-revised", "medicine-open"
]
#: A kind of medicine that must not stop at the gate. Its name and dose stand nowhere.
MedicineLine = Literal["oat", "art", "tb", "hcv", "psychiatric"]
#: In the order of their numbers from 1: a deadline names its line by that number.
MEDICINE_LINES: tuple[MedicineLine, ...] = get_args(MedicineLine)
LineUnavailableReason = Literal[
    "country-has-none", "region-has-none", "site-full", "going-abroad", "other"
]
KitPlace = Literal["release", "before", "community"]
KitUnavailableReason = Literal["stock-out", "not-permitted"]
#: Who used a kit; the person who was helped stays unsaid.
KitUser = Literal["client", "peer", "family", "staff", "bystander"]
ReportedBy = Literal["client", "receiver"]
SafetySetting = Literal["home", "street", "facility", "other"]
ReincarcerationSource = Literal["told-by-client", "family", "facility"]
WaiveReason = Literal["not-applicable", "done-outside", "person-asked", "data-error"]

ReversalReason = Literal["recorded-in-error", "re-detained-at-gate"]
#: Out of the facility, and not free.
AbsenceKind = Literal["temporary-leave", "hospital", "court"]
VoidReason = Literal["duplicate", "wrong-person", "opened-in-error"]
OutOfScopeReason = Literal["left-country", "deported", "moved-region-no-service"]
ReopenedBy = Literal["client", "receiver"]
ProgrammeEnd = Literal["completed", "left", "removed"]
ProgrammeReason = Literal[
    "no-place", "not-eligible", "own-wish", "rules", "health", "transferred", "released", "other"
]

CloseReason = Literal[
    "completed",
    "lost-to-follow-up",
    "consent-refused",
    "consent-withdrawn",
    "consent-expired",
    "no-consent",  # a programme case that nobody asked within its days
    "released-before-consent",
    "reincarcerated",
    "died",
    "voided",
    "moved-out-of-scope",
]

#: Numbers of the protocol's deadlines; a letter marks a second promise under the same number.
DeadlineCode = Literal[
    "D02b",  # a programme case without consent is forgotten
    "D02c",  # released before consent: closed once nothing is under way
    "D02d",  # the last day of the consent: the case closes with it
    "D03",  # consent -> needs and plan
    "D05",  # plan -> each mandatory item offered; step = item
    "D06",  # referral sent -> received
    "D07",  # referral sent -> answered
    "D07c",  # cancellation requested -> confirmed by who holds the place
    "D08",  # declined or expired -> re-routed
    "D09",  # a first appointment within the time for contact
    "D11b",  # the release date passed without a word
    "D15",  # released -> each receiver confirms that it knows
    "D17",  # released -> first contact; step = hours
    "D18",  # appointment missed -> outreach; step = attempts wanted
    "D19",  # weekly checks of the risk window; step = day
    "D20",  # released -> takes part in treatment; step = day
    "D21",  # later checks; step = day
    "D22",  # no contact -> lost, loss confirmed; step = day
    "D04",  # medicine: the person decides whether to go on; step = line
    "D10",  # medicine: a receiving site confirms the first day; step = line
    "D12",  # emergency training
    "D13",  # emergency kit in hand
    "D14",  # medicine: supply at release; step = line
    "D16",  # medicine: first day at the receiving site, else a gap; step = line
    "D16b",  # medicine: moved to where it is not given; step = line
    "D17b",  # extra support asked for -> the receiver met the person
    "D01",  # the date comes near -> somebody has begun with the person
    "D02",  # case opened -> consent offered
    "D07b",  # a place was kept until a day -> released by then, or asked again
    "D11",  # the date is near -> confirmed; step = days before it
    "D11s",  # somebody came by themselves -> their release recorded
    "D22b",  # met, and nobody ended the follow-up -> ended by what is known
    "weekend-release",  # free before days without service -> cover arranged
    "consent-again",  # released under an old consent, and met -> asked about it anew
    "D31",  # released -> allowance asked for, where the law sets a limit; step = item of the plan
    "D23",  # permission ended -> recipient told, acknowledged; step = hours
    "D24",  # the person asked to see their data -> shown
    "D28",  # closed -> forgotten
    "D29",  # emergency access -> reviewed; step = which access of the case
]
EscalationLevel = Annotated[int, Field(ge=1, le=3)]

PartyCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,40}$")]
FacilityCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,40}$")]
RegionCode = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z0-9]{1,8}){0,3}$")]
#: A code from a country's or an organisation's own list: a programme, a phase, a form, a tool.
LocalCode = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]+([._-][a-z0-9]+)*$", max_length=40)
]
#: Language with its script, as in `ky-Cyrl`.
LanguageTag = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}-[A-Z][a-z]{3}$")]
ProtocolVersion = Annotated[
    str, StringConstraints(pattern=r"^[a-z]{2}-[0-9]{4}\.[0-9]{1,3}(-[a-z0-9]{1,12})?$")
]
#: A type on the wire, as in `org.throughcare.command.open-case.v1`.
WireType = Annotated[
    str,
    StringConstraints(
        pattern=r"^org\.throughcare\.(fact|command|event|outcome)\.[a-z0-9-]+\.v[0-9]+$",
        max_length=120,
    ),
]
#: The `source` of a CloudEvent: a URI reference without query or blanks.
SourceRef = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9:/._~-]*$|^/[A-Za-z0-9:/._~-]*$", max_length=200
    ),
]
#: The id of a message, as its sender made it; ours are UUIDs, a foreign sender's need not be.
MessageId = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9:/._~-]*$", max_length=100)
]
RefusalCode = Annotated[str, StringConstraints(pattern=r"^[a-z]+(-[a-z0-9]+)*$", max_length=60)]
ItemNumber = Annotated[int, Field(ge=1, le=50)]
CheckpointDay = Annotated[int, Field(ge=1, le=400)]
#: Of a stream of events: 1, 2, 3 …; 0 is "none yet".
StreamVersion = Annotated[int, Field(ge=0)]


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


#: An instant, kept in UTC whatever zone it was said in.
Moment = Annotated[AwareDatetime, AfterValidator(_utc)]


class Part(BaseModel):
    """A piece of a message that is no message itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Receiver(Part):
    party: PartyCode
    receiver_type: ReceiverType


class ConsentItem(Part):
    """One permission: to whom, what, what for."""

    receiver_type: ReceiverType
    #: None: any receiver of the type, because the person said so.
    party: PartyCode | None = None
    data_classes: Annotated[tuple[DataClass, ...], Field(min_length=1, max_length=6)]
    purposes: Annotated[tuple[Purpose, ...], Field(min_length=1, max_length=9)]
    #: The person asked for this receiver, unprompted: some are offered to nobody.
    asked_by_person: bool | None = None


class Removal(Part):
    """What is taken back of a consent."""

    receiver_type: ReceiverType
    #: None: every receiver of the type.
    party: PartyCode | None = None
    #: None: whatever it might get.
    data_classes: Annotated[tuple[DataClass, ...], Field(min_length=1, max_length=6)] | None = None


class PlanItem(Part):
    #: Number of the item within the plan; kept when the plan is revised.
    item: ItemNumber
    service_type: ServiceType
    mandatory: bool
    pathway: Pathway = "none"
    #: In the order in which the person wants them asked.
    receivers: Annotated[tuple[Receiver, ...], Field(max_length=10)] = ()


class ReadinessGap(Part):
    item: ItemNumber
    gap_reason: GapReason


class MedicineGap(Part):
    line: MedicineLine
    gap_reason: GapReason


class DeadlineKey(Part):
    """Which promise: the code, what it is about and which step of it."""

    code: DeadlineCode
    #: The referral it is about; None where it is about the release.
    referral_id: UUID | None = None
    #: Hours, attempts, day or number of the medicine line, as the code says.
    step: int | None = None


class DeadlineDue(DeadlineKey):
    due_at: Moment
    #: When the promise began, where somebody is reminded of it and its alarm climbs.
    since: Moment | None = None
