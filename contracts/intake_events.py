"""What intake decided: opening, programme, consent, needs and plan.

† marks what is said without the person's consent; it reaches no party's projection.
"""

from datetime import date
from typing import Annotated, ClassVar
from uuid import UUID

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
    PartyCode,
    PlanItem,
    RefusalReason,
    RefusalScope,
    RegionCode,
    Role,
    SignedHow,
    WithdrawnHow,
)
from throughcare.contracts.consent_events import CONSENT_EVENTS
from throughcare.contracts.kinds import Event
from throughcare.contracts.life_events import LIFE_INTAKE_EVENTS


class CaseOpened(Event):
    """† A case of any support need began; it says nothing about which."""

    name: ClassVar[str] = "case-opened"
    origin: Origin
    #: None where a fact opened the case.
    reason_code: OpenedReason | None = None
    opened_by: PartyCode | None = None
    facility: FacilityCode | None = None
    region: RegionCode | None = None
    expected_release_on: date | None = None


class ProgrammeEnrolled(Event):
    """† Says nothing about consent, and consent says nothing about it."""

    name: ClassVar[str] = "programme-enrolled"
    programme_code: LocalCode
    phase_code: LocalCode | None = None
    facility: FacilityCode | None = None
    planned_end_on: date | None = None


class ConsentOffered(Event):
    """† The person was asked, in this language and form."""

    name: ClassVar[str] = "consent-offered"
    language: LanguageTag
    form_version: LocalCode
    explained_orally: bool
    interpreter: bool
    witness_role: Role


class ConsentGranted(Event):
    name: ClassVar[str] = "consent-granted"
    consent_id: UUID
    items: tuple[ConsentItem, ...]
    expires_on: date
    signed_how: SignedHow
    feedback_to_facility: bool
    #: Of a receiver whose service may have effects in law.
    legal_effect_explained: bool | None = None
    #: "code": who the person is, no receiver is told. None: it was said before there was a choice.
    hand_over_by: HandOverBy | None = None


class ConsentRefused(Event):
    """† The person said no. Nothing was shared, and the reason is theirs."""

    name: ClassVar[str] = "consent-refused"
    refusal_scope: RefusalScope
    reason_code: RefusalReason | None = None


class ConsentWithdrawn(Event):
    """All of it: nothing is sent to anybody from here on, save that permission ended."""

    name: ClassVar[str] = "consent-withdrawn"
    #: None: there was none yet to withdraw.
    consent_id: UUID | None = None
    received_how: WithdrawnHow


class NeedsAssessed(Event):
    name: ClassVar[str] = "needs-assessed"
    tool_code: LocalCode
    tool_version: LocalCode
    flags: tuple[NeedFlag, ...]


class PlanAgreed(Event):
    name: ClassVar[str] = "plan-agreed"
    plan_version: Annotated[int, Field(ge=1)]
    items: tuple[PlanItem, ...]
    #: Why a medicine item goes without a support item of its own.
    unpaired_reason: PairGap | None = None


class PlanRevised(Event):
    name: ClassVar[str] = "plan-revised"
    plan_version: Annotated[int, Field(ge=2)]
    items: tuple[PlanItem, ...]
    unpaired_reason: PairGap | None = None


INTAKE_EVENTS: tuple[type[Event], ...] = (
    CaseOpened,
    ProgrammeEnrolled,
    ConsentOffered,
    ConsentGranted,
    ConsentRefused,
    ConsentWithdrawn,
    NeedsAssessed,
    PlanAgreed,
    PlanRevised,
    *LIFE_INTAKE_EVENTS,
    *CONSENT_EVENTS,
)
