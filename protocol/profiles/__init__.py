"""Country rules as data: one file a country, read once at import, found by protocol version."""

from collections.abc import Iterator, Mapping
from datetime import date
from importlib.resources import files
from types import MappingProxyType
from typing import Any, cast
from zoneinfo import ZoneInfo

import yaml

from throughcare.contracts.codes import DeadlineCode
from throughcare.protocol.profiles.model import (
    Alarm,
    Key,
    LostRule,
    Profile,
    ReceiverRule,
    ServiceRule,
    Span,
)

_STATUSES = ("sourced", "proposed", "tbc")


class BadProfileError(ValueError):
    """A profile file that cannot be used; the message names the file and the key."""


def read(text: str, name: str) -> Profile:
    """Read one profile file. Raises BadProfileError."""
    try:
        tree = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadProfileError(f"{name}: not YAML: {error}") from None
    keys = {key.name: key for key in _keys(tree, "", name)}
    try:
        return _profile(keys)
    except KeyError as error:
        raise BadProfileError(f"{name}: {error.args[0]} is missing") from None
    except (TypeError, ValueError) as error:
        raise BadProfileError(f"{name}: {error}") from None


def _keys(node: Any, path: str, name: str) -> Iterator[Key]:
    if not isinstance(node, dict):
        raise BadProfileError(f"{name}: {path or 'the file'} holds no keys")
    if "value" in node:
        if set(node) != {"value", "source", "status"}:
            raise BadProfileError(f"{name}: {path} has value, source and status, nothing else")
        if node["status"] not in _STATUSES:
            raise BadProfileError(f"{name}: {path} has the status {node['status']!r}")
        yield Key(path, node["value"], node["source"], node["status"])
        return
    for key, child in node.items():
        yield from _keys(child, f"{path}.{key}" if path else str(key), name)


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
                code: ReceiverRule(rule["care"], frozenset(rule["classes"]))
                for code, rule in below("receivers")
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
        alarms=MappingProxyType(alarms),
        keys=tuple(keys.values()),
    )


#: Every profile this release knows; old versions stay as long as a case runs under them.
PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        profile.version: profile
        for profile in (
            read(file.read_text("utf-8"), file.name)
            for file in sorted(files(__name__).iterdir(), key=lambda entry: entry.name)
            if file.name.endswith(".yaml")
        )
    }
)

#: Country -> the version under which cases begin today.
CURRENT: Mapping[str, str] = MappingProxyType({"KG": "kg-2026.1"})


def current(country: str) -> Profile:
    """The profile under which a case of this country begins. Raises KeyError."""
    return PROFILES[CURRENT[country]]
