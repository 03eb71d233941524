"""Country rules as data: one file a version of a country, read when first asked for.

`base.yaml` holds what is common; a country's file overrides it key by key.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any, cast
from zoneinfo import ZoneInfo

from throughcare.contracts.codes import DeadlineCode
from throughcare.protocol.profiles.care import read_care
from throughcare.protocol.profiles.life import read_life
from throughcare.protocol.profiles.medicine import medicine_rules
from throughcare.protocol.profiles.model import (
    Alarm,
    Key,
    LostRule,
    Profile,
    ReceiverRule,
    ServiceRule,
    Span,
)
from throughcare.protocol.profiles.reading import BadProfileError, Problem, keys_of, overridden
from throughcare.protocol.profiles.sense import senseless
from throughcare.protocol.profiles.shape import misshapen

__all__ = ["CURRENT", "PROFILES", "BadProfileError", "changed", "check", "current", "read"]

_FOLDER = files(__name__)
_BASE = "base.yaml"
_VERSION = re.compile(r"^protocol_version: \{value: ([a-z0-9.-]+),", re.MULTILINE)
_STANDING = re.compile(r"^standing: \{value: (commented|approved),", re.MULTILINE)
#: How far a version has come; a draft has come nowhere.
_STANDINGS = ("", "commented", "approved")


@cache
def _base() -> tuple[dict[str, Key], list[Problem]]:
    return keys_of(_FOLDER.joinpath(_BASE).read_text("utf-8"), _BASE)


def check(text: str, name: str) -> list[Problem]:
    """All that is wrong with a country's file, in the order of its lines."""
    return _found(text, name)[1]


def read(text: str, name: str) -> Profile:
    """Read one country's file over the common one. Raises BadProfileError."""
    keys, problems = _found(text, name)
    if problems:
        raise BadProfileError(problems)
    try:
        return _profile(keys)
    except KeyError as error:
        raise BadProfileError([Problem(name, 1, f"{error.args[0]} is missing")]) from None


def _found(text: str, name: str) -> tuple[dict[str, Key], list[Problem]]:
    base, problems = _base()
    own, more = keys_of(text, name)
    keys = overridden(base, own)
    problems = [*problems, *more]
    if not problems:
        problems.extend(senseless(base, own, name))
    return keys, sorted(problems)


def _profile(keys: Mapping[str, Key]) -> Profile:
    def value(name: str) -> Any:
        return keys[name].value

    def span(name: str) -> Span:
        return Span(**value(name))

    def below(prefix: str) -> Iterator[tuple[Any, Any]]:
        for name, key in keys.items():
            if name.startswith(prefix + "."):
                yield name.removeprefix(prefix + "."), key.value

    def by_urgency(code: str) -> Mapping[Any, Span]:
        return {kind: span(f"deadlines.{code}.{kind}") for kind in ("routine", "short", "urgent")}

    alarms: dict[tuple[DeadlineCode, int | None], tuple[Alarm, ...]] = {}
    for name, listed in below("deadlines"):
        code, _, rest = name.partition(".")
        if rest.startswith("escalates"):
            step = int(rest.removeprefix("escalates_")) if "_" in rest else None
            alarms[cast(DeadlineCode, code), step] = tuple(Alarm(**alarm) for alarm in listed)
    return Profile(
        country=value("country"),
        version=value("protocol_version"),
        zone=ZoneInfo(value("time_zone")),
        weekend=frozenset(value("calendar.weekend")),
        holidays=frozenset(date.fromisoformat(str(day)) for day in value("calendar.holidays")),
        day_ends_hour=value("calendar.day_ends_hour"),
        languages=frozenset(value("languages")),
        receivers=MappingProxyType(
            {
                code: ReceiverRule(
                    rule["care"],
                    frozenset(rule["classes"]),
                    rule.get("named_only", False),
                    rule.get("before_release", True),
                    rule.get("at_wish", False),
                )
                for code, rule in below("receivers")
                if rule is not None
            }
        ),
        services=MappingProxyType(
            {
                code: ServiceRule(
                    frozenset(rule["receivers"]),
                    frozenset(rule["classes"]),
                    rule["purpose"],
                    rule["treatment"],
                    rule["psychosocial"],
                )
                for code, rule in below("services")
                if rule is not None
            }
        ),
        programmes=frozenset(value("programmes.active")),
        programme_opens_case=value("programmes.opens_case"),
        consent_max_days=value("consent.max_days"),
        witness_never=frozenset(value("consent.witness_never")),
        short_below_days=value("tracks.short_below_days"),
        urgent_below_hours=value("tracks.urgent_below_hours"),
        forget_unasked=span("deadlines.D02b.due"),
        answer=by_urgency("D07"),
        reroute=by_urgency("D08"),
        passed=span("deadlines.D11b.due"),
        confirm_release=span("deadlines.D15.due"),
        contact_hours=tuple(value("deadlines.D17.steps")),
        outreach_first=span("deadlines.D18.first"),
        outreach_all=span("deadlines.D18.all"),
        weekly_checks=tuple(value("follow_up.weekly")),
        later_checks=tuple(value("follow_up.later")),
        early_days=value("follow_up.early_days"),
        lost_days=value("deadlines.D22.lost_days"),
        loss_confirmed_days=value("deadlines.D22.confirmed_days"),
        lost_rule=LostRule(**value("follow_up.lost")),
        medicine=medicine_rules(value),
        life=read_life(value, below),
        alarms=MappingProxyType(alarms),
        keys=tuple(keys.values()),
        by_name=MappingProxyType(dict(keys)),
        care=read_care(value),
    )


def changed(country: str, values: Mapping[str, Any]) -> Profile:
    """A country's current profile with other values, for a question of what would be then.

    It stands among PROFILES under a version of its own, for as long as this process lives. Raises
    BadProfileError for a key that no country has, or for what a key cannot say.
    """
    profile = current(country)
    known = {name for each in CURRENT for name in current(each).by_name} - _FIXED
    own = {
        name: Key(name, value, "a question", "proposed", name, 1) for name, value in values.items()
    }
    said = {name: misshapen(name, value) for name, value in values.items()}
    said.update({name: "is not a key of a profile" for name in values if name not in known})
    problems = [Problem(name, 1, f"{name} {what}") for name, what in said.items() if what]
    problems = problems or list(senseless(profile.by_name, {**profile.by_name, **own}, country))
    if problems:
        raise BadProfileError(problems)
    try:
        found = _profile({**profile.by_name, **own})
    except (LookupError, TypeError, ValueError):
        name = next(iter(values))
        raise BadProfileError([Problem(name, 1, f"{name} cannot be read")]) from None
    return _SHELF.lend(found._replace(version=f"{profile.version}.{_SHELF.lent + 1}"))


#: Whose rules these are is no question.
_FIXED = {"country", "protocol_version", "standing"}


class _Shelf(Mapping[str, Profile]):
    """The profiles of this release by version, each read when it is first asked for."""

    def __init__(self, folder: Traversable = _FOLDER) -> None:
        #: How many stand here that no file says.
        self.lent = 0
        #: Country -> the version under which cases begin today: of those that have come furthest
        #: (draft, commented, approved) the newest, so that a draft replaces nothing approved.
        self.current: dict[str, str] = {}
        self._files: dict[str, Traversable] = {}
        self._read: dict[str, Profile] = {}
        standings: dict[str, tuple[int, tuple[int, ...]]] = {}
        for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if file.name.endswith(".yaml"):
                text = file.read_text("utf-8")
                for version in _VERSION.findall(text):
                    self._files[version] = file
                    standings[version] = _rank(version, text)
        for version in sorted(standings, key=lambda version: standings[version]):
            self.current[version[:2].upper()] = version

    def __getitem__(self, version: str) -> Profile:
        if (profile := self._read.get(version)) is None:
            file = self._files[version]
            profile = self._read[version] = read(file.read_text("utf-8"), file.name)
        return profile

    def lend(self, profile: Profile) -> Profile:
        self.lent += 1
        self._read[profile.version] = profile
        return profile

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def _rank(version: str, text: str) -> tuple[int, tuple[int, ...]]:
    standing = _STANDING.search(text)
    numbers = tuple(int(number) for number in re.findall(r"[0-9]+", version))
    return _STANDINGS.index(standing[1] if standing else ""), numbers


#: Every profile this release knows; old versions stay as long as a case runs under them.
_SHELF = _Shelf()
PROFILES: Mapping[str, Profile] = _SHELF

#: Country -> the version under which cases begin today.
CURRENT: Mapping[str, str] = MappingProxyType(dict(sorted(_SHELF.current.items())))


def current(country: str) -> Profile:
    """The profile under which a case of this country begins. Raises KeyError."""
    return PROFILES[CURRENT[country]]
