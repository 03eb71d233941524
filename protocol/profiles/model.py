"""A country's rules as decisions read them, and where each value comes from."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from throughcare.contracts.codes import (
    DataClass,
    DeadlineCode,
    MedicineLine,
    NeedFlag,
    Purpose,
    ReceiverType,
    Role,
    ServiceType,
    Urgency,
)

if TYPE_CHECKING:
    from throughcare.protocol.profiles.care import CareRules
    from throughcare.protocol.profiles.life import LifeRules

Status = Literal["sourced", "proposed", "tbc"]


class Key(NamedTuple):
    """One value of a profile file, with its dotted name."""

    name: str
    value: Any
    source: str
    status: Status
    #: Where it stands.
    file: str = ""
    line: int = 0


class Span(NamedTuple):
    amount: int
    #: Elapsed hours; calendar days; working days of the country; hours in which its offices work.
    unit: Literal["h", "cd", "wd", "wh"]


class ReceiverRule(NamedTuple):
    #: A meeting with it after release is a witnessed contact.
    care: bool
    classes: frozenset[DataClass]
    #: Permission has to name it: "any of the kind" will not do.
    named_only: bool = False
    #: It may be asked while the person is still in custody.
    before_release: bool = True
    #: Only if the person asks for it.
    at_wish: bool = False


class ServiceRule(NamedTuple):
    receivers: frozenset[ReceiverType]
    #: What a receiver needs to do the work, and what for: consent has to cover both.
    classes: frozenset[DataClass]
    purpose: Purpose
    treatment: bool
    psychosocial: bool


class Alarm(NamedTuple):
    level: int
    #: "receiver": whoever holds the referral, else the protocol's coordinator.
    to: Role | Literal["receiver"]
    only_consented: bool = False


class LostRule(NamedTuple):
    attempts: int
    days: int
    means: int


class MedicineRules(NamedTuple):
    """Medicines that must not stop, the emergency kit, safety reports."""

    oat_community: bool
    #: A facility that is not named; named ones with the first day, None: which day is not known.
    oat_in_prison_default: bool
    oat_facilities: Mapping[str, date | None]
    #: Longest supply given along, in days; None: no limit is known.
    oat_supply_max: int | None
    supply_max: int | None
    #: D14: shortest supply of everything but OAT, in days.
    supply_min: int
    #: KG guideline of 2015: more missed days than this, and the medicine begins anew.
    restart_if_missed_days_gt: int
    #: Lines whose gaps alarm.
    gap_lines: frozenset[MedicineLine]
    #: Local hour from which a day without any counts as missed: the morning's round is over.
    missed_from_hour: int
    kit_permitted: bool
    #: Flags of need for which somebody has to offer the kit.
    kit_flags: frozenset[NeedFlag]
    #: D04, D10, D12, D13: days before the release; grace by the track of the case.
    decide_before: int
    decide_grace: Mapping[Urgency, Span]
    confirm_before: int
    confirm_grace: Mapping[Urgency, Span]
    train_before: int
    kit_before: int
    #: A release that moved by more days than this has the person decide about OAT anew.
    ask_again_after_days: int
    #: D17b: to the next meeting after a report.
    support: Span
    contact: Span
    #: Elapsed hours after a release in which the facility may still be told of the case.
    facility_hours: int

    def oat_at(self, facility: str | None, on: date) -> bool:
        """Whether the facility gives OAT on a local day."""
        if facility is None or facility not in self.oat_facilities:
            return self.oat_in_prison_default
        since = self.oat_facilities[facility]
        return since is None or since <= on


class _Values(NamedTuple):
    """What a profile holds."""

    country: str
    version: str
    zone: ZoneInfo
    #: ISO numbers of the days of the weekend.
    weekend: frozenset[int]
    holidays: frozenset[date]
    #: Local hour at which a day counted in calendar or working days is over.
    day_ends_hour: int
    languages: frozenset[str]
    receivers: Mapping[ReceiverType, ReceiverRule]
    services: Mapping[ServiceType, ServiceRule]
    programmes: frozenset[str]
    programme_opens_case: bool
    consent_max_days: int
    witness_never: frozenset[Role]
    short_below_days: int
    urgent_below_hours: int
    #: D02b
    forget_unasked: Span
    #: D07, D08
    answer: Mapping[Urgency, Span]
    reroute: Mapping[Urgency, Span]
    #: D11b, D15
    passed: Span
    confirm_release: Span
    #: D17: hours since the release.
    contact_hours: tuple[int, ...]
    #: D18
    outreach_first: Span
    outreach_all: Span
    #: D19, D21: days since the release.
    weekly_checks: tuple[int, ...]
    later_checks: tuple[int, ...]
    early_days: int
    #: D22: days since the release.
    lost_days: int
    loss_confirmed_days: int
    lost_rule: LostRule
    medicine: MedicineRules
    #: Ways of custody, programmes, reopening, the end of a case.
    life: "LifeRules"
    alarms: Mapping[tuple[DeadlineCode, int | None], tuple[Alarm, ...]]
    keys: tuple[Key, ...]
    #: Consent that changes, plans, several receivers, the steps of the ladder.
    care: "CareRules"
    #: The same by their dotted names.
    by_name: Mapping[str, Key] = MappingProxyType({})

    def value(self, name: str) -> Any:
        """Of any key. Raises KeyError."""
        return self.by_name[name].value

    def span(self, code: str, part: str = "due") -> Span:
        """Of a deadline, as `span("D07", "short")`. Raises KeyError."""
        return Span(**self.value(f"deadlines.{code}.{part}"))

    @property
    def legal_effect(self) -> frozenset[ReceiverType]:
        """Receivers of which consent has to say what a referral may entail in law."""
        return frozenset(self.value("consent.legal_effect")["receivers"])

    @property
    def checks(self) -> tuple[int, ...]:
        return self.weekly_checks + self.later_checks

    def alarms_of(self, code: DeadlineCode, step: int | None) -> tuple[Alarm, ...]:
        return self.alarms.get((code, step)) or self.alarms[code, None]


class Profile(_Values):
    """Immutable; found by the protocol version a case began under.

    It equals itself alone, so the calendar can remember what it answered under which profile.
    """

    __slots__ = ()
    __eq__ = object.__eq__
    __ne__ = object.__ne__
    __hash__ = object.__hash__
