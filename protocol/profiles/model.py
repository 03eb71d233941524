"""A country's rules as decisions read them, and where each value comes from."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from throughcare.contracts.codes import (
    DataClass,
    DeadlineCode,
    Purpose,
    ReceiverType,
    Role,
    ServiceType,
    Urgency,
)

Status = Literal["sourced", "proposed", "tbc"]


class Key(NamedTuple):
    """One value of a profile file, with its dotted name."""

    name: str
    value: Any
    source: str
    status: Status


class Span(NamedTuple):
    amount: int
    #: Elapsed hours; calendar days; working days of the country.
    unit: Literal["h", "cd", "wd"]


class ReceiverRule(NamedTuple):
    #: A meeting with it after release is a witnessed contact.
    care: bool
    classes: frozenset[DataClass]


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


class Profile(NamedTuple):
    """Immutable; found by the protocol version a case began under."""

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
    alarms: Mapping[tuple[DeadlineCode, int | None], tuple[Alarm, ...]]
    keys: tuple[Key, ...]

    @property
    def checks(self) -> tuple[int, ...]:
        return self.weekly_checks + self.later_checks

    def alarms_of(self, code: DeadlineCode, step: int | None) -> tuple[Alarm, ...]:
        return self.alarms.get((code, step)) or self.alarms[code, None]
