"""Commands to intake: opening, programme, consent, needs and plan."""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from throughcare.contracts.codes import (
    ConsentItem,
    FacilityCode,
    HandOverBy,
    LanguageTag,
    LocalCode,
    NeedFlag,
    OpenedReason,
    Origin,
    PairGap,
    PlanItem,
    RefusalReason,
    RefusalScope,
    RegionCode,
    Role,
    SignedHow,
    WithdrawnHow,
)
from throughcare.contracts.consent_commands import CONSENT_COMMANDS
from throughcare.contracts.kinds import Command


class OpenCase(Command):
    """Open a case for any support need. No identity: the opener keeps the link on its own slip."""

    name: ClassVar[str] = "open-case"
    origin: Origin
    reason_code: OpenedReason
    #: The person was told, by word of mouth, that a case is opened.
    person_told: bool
    facility: FacilityCode | None = None
    region: RegionCode | None = None
    expected_release_on: date | None = None
    #: The programme the person is in at the moment, if any.
    programme_code: LocalCode | None = None


class OfferConsent(Command):
    name: ClassVar[str] = "offer-consent"
    language: LanguageTag
    form_version: LocalCode
    explained_orally: bool
    witness_role: Role
    interpreter: bool = False


class RecordConsent(Command):
    """The person signed: these receivers, these classes of data, these purposes."""

    name: ClassVar[str] = "record-consent"
    items: Annotated[tuple[ConsentItem, ...], Field(max_length=30)]
    expires_on: date
    signed_how: SignedHow
    #: The facility may later hear "handed over: yes or no".
    feedback_to_facility: bool = False
    #: The paragraph on what a referral may entail in law was read to the person.
    legal_effect_explained: bool | None = None
    #: None: as the country does it unless the person says otherwise.
    hand_over_by: HandOverBy | None = None


class RecordRefusal(Command):
    """The person said no. A reason is never required."""

    name: ClassVar[str] = "record-refusal"
    refusal_scope: RefusalScope = "all"
    reason_code: RefusalReason | None = None


class WithdrawConsent(Command):
    """The person said stop, to whomever. Always accepted."""

    name: ClassVar[str] = "withdraw-consent"
    received_how: WithdrawnHow


class AssessNeeds(Command):
    """Flags only; scores stay in the clinic."""

    name: ClassVar[str] = "assess-needs"
    tool_code: LocalCode
    tool_version: LocalCode
    flags: Annotated[tuple[NeedFlag, ...], Field(max_length=14)]


class AgreePlan(Command):
    """The plan the person agreed to; said again, it revises the one before."""

    name: ClassVar[str] = "agree-plan"
    items: Annotated[tuple[PlanItem, ...], Field(min_length=1, max_length=20)]
    client_signed: bool
    #: Why a medicine item goes without a support item of its own.
    unpaired_reason: PairGap | None = None


INTAKE_COMMANDS: tuple[type[Command], ...] = (
    OpenCase,
    OfferConsent,
    RecordConsent,
    RecordRefusal,
    WithdrawConsent,
    AssessNeeds,
    AgreePlan,
    *CONSENT_COMMANDS,
)
