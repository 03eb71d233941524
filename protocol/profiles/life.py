"""A country's rules for the life of a case: programmes, ways of custody, reopening, its end.

All of them stand in one block of the file, from `programme_rules` on, and are read here.
"""

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, cast

from throughcare.contracts.codes import CloseReason, ServiceType
from throughcare.protocol.profiles.model import Span

#: An idea is shown when plans are made; nobody can be enrolled in it.
ProgrammeState = Literal["active", "pilot", "idea"]


class ProgrammeRule(NamedTuple):
    state: ProgrammeState
    #: In their order; empty: any code is taken, since none has been confirmed.
    phases: tuple[str, ...] = ()
    #: Shortest and longest stay in days, as planned; None: not known.
    planned_days: tuple[int, int] | None = None
    #: Places at one facility, lowest and highest figure named; None: not limited.
    places: tuple[int, int] | None = None
    #: Facilities that offer it; empty: not known.
    sites: tuple[str, ...] = ()
    #: Staying until the release is how it is finished.
    until_release: bool = False
    #: Last day of a pilot: nobody is enrolled after it.
    ends_on: date | None = None


class PilotRule(NamedTuple):
    """A service in the community that exists for some, or for a time."""

    ends_on: date | None = None
    #: Places in the whole country.
    places: int | None = None
    #: A full site names the day from which it has a place again.
    waiting_date: bool = False


class Unfinished(NamedTuple):
    """When nobody ends the follow-up of somebody who was met."""

    #: Days after the last check.
    after_days: int
    #: Reached on this day of follow-up or later: completed; else lost.
    reached_since_day: int


class LifeRules(NamedTuple):
    programmes: Mapping[str, ProgrammeRule]
    pilots: Mapping[ServiceType, PilotRule]
    #: How long after the end a case can go on: no longer than identity is kept (D28).
    reopen_days: int
    reopen_reasons: frozenset[CloseReason]
    #: After a refusal, days until a receiver may ask for another offer, and how often one may.
    reoffer_days: int
    reoffers: int
    #: For who is outside already and has not been asked: so long until the case is closed again.
    wait_outside: Span
    #: D01
    begin_days: int
    begin_grace: Span
    #: D02, by urgency
    ask: Mapping[str, Span]
    #: D11: days before the date, and how much earlier a word counts.
    confirm_days: tuple[int, ...]
    confirm_early_days: int
    #: D11s
    record_release: Span
    #: D22b
    unfinished: Unfinished
    #: weekend-release: days before the date.
    weekend_days: int
    #: A date moved by more than this asks again what was decided about medicines.
    ask_again_days: int
    #: So long after a release a prison may take it back by itself.
    reverse_alone: Span
    #: So long without a word from a facility's system is silence.
    feed_silent: Span


def is_past_pilot(rules: LifeRules, service: ServiceType, on: date) -> bool:
    """Whether a service of the community is no longer to be had on a local day."""
    pilot = rules.pilots.get(service)
    return pilot is not None and pilot.ends_on is not None and on > pilot.ends_on


def read_life(value: Callable[[str], Any], below: Callable[[str], Any]) -> LifeRules:
    """`value` finds a key by name, `below` the keys of a block. Raises KeyError, TypeError."""

    def span(name: str) -> Span:
        return Span(**value(name))

    return LifeRules(
        programmes=MappingProxyType(
            {code: _programme(rule) for code, rule in below("programme_rules")}
        ),
        pilots=MappingProxyType(
            {
                cast(ServiceType, code): PilotRule(**rule)
                for code, rule in value("life.pilots").items()
            }
        ),
        reopen_days=value("life.reopen.days"),
        reopen_reasons=frozenset(value("life.reopen.reasons")),
        reoffer_days=value("life.reopen.reoffer_days"),
        reoffers=value("life.reopen.reoffers"),
        wait_outside=span("life.wait_outside"),
        begin_days=value("deadlines.D01.days"),
        begin_grace=span("deadlines.D01.grace"),
        ask=MappingProxyType(
            {kind: span(f"deadlines.D02.{kind}") for kind in ("routine", "short", "urgent")}
        ),
        confirm_days=tuple(value("deadlines.D11.steps")),
        confirm_early_days=value("deadlines.D11.early_days"),
        record_release=span("deadlines.D11s.due"),
        unfinished=Unfinished(**value("deadlines.D22b.due")),
        weekend_days=value("deadlines.weekend-release.days"),
        ask_again_days=value("life.ask_again_days"),
        reverse_alone=span("life.reverse_alone"),
        feed_silent=span("life.feed_silent"),
    )


def _programme(rule: Mapping[str, Any]) -> ProgrammeRule:
    lists = {"phases", "planned_days", "places", "sites"}
    fields: dict[str, Any] = {key: tuple(one) if key in lists else one for key, one in rule.items()}
    return ProgrammeRule(**fields)
