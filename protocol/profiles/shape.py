"""Which keys a profile may hold and what their values look like; all else is a mistake in the file.

A key that stands in no list here is refused by name, so that a typing error cannot quietly leave
a country with the common value.
"""

import re
from datetime import date
from typing import Annotated, Any, Literal, cast, get_args

import msgspec
from msgspec import Meta, Struct

from throughcare.contracts.codes import (
    RECEIVER_TYPES,
    DataClass,
    HandOverBy,
    NeedFlag,
    Purpose,
    ReceiverType,
    Role,
    ServiceType,
    Urgency,
)

Standing = Literal["draft", "commented", "approved"]
_Text = dict[str, str]
_Amount = Annotated[int, Meta(ge=0)]
_Code = Annotated[str, Meta(pattern=r"^[a-z0-9]+([._-][a-z0-9]+)*$")]


class _Shape(Struct, forbid_unknown_fields=True):
    """Of a value that has parts; a part that is not named here is refused."""


class _Span(_Shape):
    amount: _Amount
    unit: Literal["h", "cd", "wd", "wh"]


class _Receiver(_Shape):
    care: bool
    classes: tuple[DataClass, ...]
    named_only: bool = False
    before_release: bool = True
    at_wish: bool = False


class _Service(_Shape):
    receivers: tuple[ReceiverType, ...]
    classes: tuple[DataClass, ...]
    purpose: Purpose
    treatment: bool
    psychosocial: bool


class _Programme(_Shape):
    state: Literal["active", "pilot", "idea"]
    phases: tuple[_Code, ...] = ()
    planned_days: tuple[_Amount, _Amount] | None = None
    places: tuple[_Amount, _Amount] | None = None
    sites: tuple[_Code, ...] = ()
    until_release: bool = False
    ends_on: date | None = None


class _Alarm(_Shape):
    level: Annotated[int, Meta(ge=1, le=3)]
    to: Role | Literal["receiver"]
    only_consented: bool = False


class _Lost(_Shape):
    attempts: _Amount
    days: _Amount
    means: _Amount


class _LegalEffect(_Shape):
    receivers: tuple[ReceiverType, ...]
    text: _Text


class _InPrison(_Shape):
    default: bool
    facilities: dict[_Code, date | None]


class _TakeHome(_Shape):
    allowed: bool
    max_days: _Amount | None


class _Pilot(_Shape):
    ends_on: date | None = None
    places: _Amount | None = None
    waiting_date: bool = False


class _Unfinished(_Shape):
    after_days: _Amount
    reached_since_day: _Amount


class _Gap(_Shape):
    restart_if_missed_days_gt: _Amount


class _ModelCentre(_Shape):
    exists: bool
    stay_days: tuple[_Amount, _Amount] | None
    outcomes: tuple[_Code, ...]


_Naloxone = Literal["available", "selected-cities", "unavailable"]
_Hour = Annotated[int, Meta(ge=0, le=23)]
_Days = tuple[Annotated[int, Meta(ge=1, le=400)], ...]

SHAPES: dict[str, Any] = {
    "country": Annotated[str, Meta(pattern="^[A-Z]{2}$")],
    "protocol_version": Annotated[str, Meta(pattern=r"^[a-z]{2}-[0-9]{4}\.[0-9]{1,3}$")],
    "standing": Standing,
    "time_zone": str,
    "calendar.weekend": tuple[Annotated[int, Meta(ge=1, le=7)], ...],
    "calendar.holidays": tuple[date, ...],
    "calendar.day_ends_hour": _Hour,
    "languages": tuple[Annotated[str, Meta(pattern="^[a-z]{2}-[A-Z][a-z]{3}$")], ...],
    "programmes.opens_case": bool,
    "programmes.active": tuple[_Code, ...],
    "consent.max_days": _Amount,
    "consent.ask_again_after_days": _Amount,
    "consent.hand_over_by": HandOverBy,
    "consent.witness_never": tuple[Role, ...],
    "consent.legal_effect": _LegalEffect,
    "words.case_label": _Text,
    "words.mahalla_label": _Text,
    "words.denied": dict[str, tuple[str, ...]],
    "words.silent": tuple[str, ...],
    "oat.community": bool,
    "oat.since": int | None,
    "oat.in_prison": _InPrison,
    "oat.take_home": _TakeHome,
    "oat.paired_with": tuple[ServiceType, ...],
    "oat.gap": _Gap,
    "naloxone.community": _Naloxone,
    "naloxone.on_release": _Naloxone,
    "medicine.gap_lines": tuple[_Code, ...],
    "medicine.missed_from_hour": _Hour,
    "medicine.supply_max_days": _Amount,
    "medicine.ask_again_after_days": _Amount,
    "medicine.kit_flags": tuple[NeedFlag, ...],
    "medicine.facility_hours": _Amount,
    "rehabilitation.model_centre": _ModelCentre,
    "probation.exists": bool | None,
    "probation.may_learn": tuple[Literal["attendance"], ...],
    "monitoring_body": _Text,
    "data.stays_in_country": bool,
    "data.national_id_kept": bool,
    "data.breach_notice": _Text | None,
    "data.law": _Text | None,
    "risks.compulsory_treatment": _Text | None,
    "risks.register": _Text,
    "risks.sudden_release": _Text,
    "regions.old_names": _Text,
    "care.day_begins_hour": _Hour,
    "care.expiry_reminders": _Days,
    "care.paired": tuple[ServiceType, ...],
    "care.proposals": dict[NeedFlag, tuple[ServiceType, ...]],
    "care.open_call": dict[Urgency, _Amount],
    "care.search_after_misses": _Amount,
    "care.reminds": dict[str, Role | Literal["receiver"]],
    "care.reminder_shares": tuple[_Amount, ...],
    "care.reminder_from_hours": _Amount,
    "life.pilots": dict[ServiceType, _Pilot],
    "life.reopen.days": _Amount,
    "life.reopen.reasons": tuple[_Code, ...],
    "life.reopen.reoffer_days": _Amount,
    "life.reopen.reoffers": _Amount,
    "life.wait_outside": _Span,
    "life.ask_again_days": _Amount,
    "life.reverse_alone": _Span,
    "life.feed_silent": _Span,
    "deadlines.D22b.due": _Unfinished,
    "tracks.short_below_days": _Amount,
    "tracks.urgent_below_hours": _Amount,
    "follow_up.weekly": _Days,
    "follow_up.later": _Days,
    "follow_up.early_days": _Amount,
    "follow_up.lost": _Lost,
}

#: Parts of a deadline that are spans of time.
SPANS = frozenset(
    {
        *("due", "routine", "short", "urgent"),  # so long after what set it off
        *("before", "widest"),  # so long before the expected release
        *("support", "contact", "contact_limit", "late"),
        *("first", "all", "supply", "slip", "grace"),
    }
)
_PARTS: dict[str, Any] = {
    **dict.fromkeys(SPANS, _Span),
    "steps": _Days,
    "days": _Amount,
    "before_days": _Amount,
    "early_days": _Amount,
    "lost_days": _Amount,
    "confirmed_days": _Amount,
    "escalates": tuple[_Alarm, ...],
}
_DEADLINE = re.compile(r"D[0-3][0-9][a-z]?|weekend-release|consent-again")
_STEP = re.compile(r"_[0-9]{1,3}$")


def shape_of(name: str) -> Any:
    """What the value of a key looks like; None: there is no such key."""
    if (shape := SHAPES.get(name)) is not None:
        return shape
    group, _, rest = name.partition(".")
    match group:
        case "receivers" if rest in RECEIVER_TYPES:
            return _Receiver | None
        case "services" if rest in get_args(ServiceType):
            return _Service | None
        case "programme_rules":
            return _Programme
        case "deadlines":
            code, _, part = rest.partition(".")
            if _DEADLINE.fullmatch(code):
                return _PARTS.get(_STEP.sub("", part) if part.startswith("escalates") else part)
    return None


def misshapen(name: str, value: Any) -> str | None:
    """What is wrong with the key or its value, as half a sentence; None: nothing."""
    shape = shape_of(name)
    if shape is None:
        return "is not a key of a profile"
    try:
        msgspec.convert(value, cast(Any, shape))
    except msgspec.ValidationError as error:
        said = str(error)
        if "field `unit`" in said:
            return "has no calendar: unit is h, cd or wd"
        return f"is not as it should be: {said[0].lower()}{said[1:]}"
    return None
