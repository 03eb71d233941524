"""What is asked: a country, and what is to be otherwise there. Each mistake is said in one sentence."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from math import isfinite
from typing import Any, NamedTuple

import yaml

from throughcare.cli.cohort import rates
from throughcare.cli.cohort.rates import Rate
from throughcare.cli.cohort.world import World
from throughcare.contracts.codes import RECEIVER_TYPES, ReceiverType
from throughcare.protocol.profiles import CURRENT, BadProfileError, changed, current
from throughcare.protocol.profiles.model import Profile
from throughcare.runtime.errors import SetupError

#: `cohort.silent=0.2`: any rate of the cohort, by its name in small letters.
_COHORT = "cohort."
#: `ngo.capacity=0.5`: places of a kind of receiver, as a share of what there are today.
_CAPACITY = ".capacity"
RATES: dict[str, Rate] = {
    name.lower(): rate for name, rate in vars(rates).items() if isinstance(rate, Rate)
}


class Wish(NamedTuple):
    cases: int
    #: Of follow-up after the last release.
    days: int
    country: str
    seed: int
    #: By name, as they were read.
    changes: dict[str, Any]


def read_wish(cases: int, days: int, country: str, seed: int, sets: Sequence[str]) -> Wish:
    """Raises SetupError."""
    if cases < 1:
        raise SetupError(f"--cases is a whole number from 1 on, not {cases}.")
    if not 1 <= days <= 730:
        raise SetupError(f"--days is a whole number from 1 to 730, not {days}.")
    if country.upper() not in CURRENT:
        raise SetupError(f"{country} has no profile: --country is one of {', '.join(CURRENT)}.")
    changes = {}
    for text in sets:
        name, equals, said = text.partition("=")
        if not equals or not name.strip():
            raise SetupError(f"--set takes KEY=VALUE, such as ngo.capacity=0.5, not {text!r}.")
        try:
            changes[name.strip()] = yaml.safe_load(said)
        except (yaml.YAMLError, ValueError, RecursionError):
            raise SetupError(f"The value of --set {name.strip()} cannot be read.") from None
    return Wish(cases, days, country.upper(), seed, changes)


def world_of(wish: Wish) -> World:
    """The country's as it is, with what is to be otherwise. Raises SetupError."""
    capacity: dict[ReceiverType, float] = {}
    chances: dict[Rate, float] = {}
    of_profile: dict[str, Any] = {}
    profile = current(wish.country)
    for name, value in wish.changes.items():
        kind = name.removesuffix(_CAPACITY)
        if name.endswith(_CAPACITY):
            if kind not in RECEIVER_TYPES:
                raise SetupError(
                    f"--set {name} is not known{_near(name, profile)}: "
                    f"capacity is that of {', '.join(RECEIVER_TYPES)}."
                )
            capacity[kind] = _number(name, value, most=None)
        elif name.startswith(_COHORT):
            rate = RATES.get(name.removeprefix(_COHORT))
            if rate is None:
                raise SetupError(
                    f"--set {name} is not known{_near(name, profile)}: "
                    f"the cohort's rates are {', '.join(RATES)}."
                )
            chances[rate] = _number(name, value, most=1)
        else:
            of_profile[name] = value
    if of_profile:
        try:
            profile = changed(wish.country, of_profile)
        except BadProfileError as error:
            # One is enough to mend the question.
            first = error.problems[0]
            near = "" if first.file in profile.by_name else _near(first.file, profile)
            raise SetupError(f"--set {first.text}{near}.") from None
    world = World(profile, capacity, chances)
    kinds = {kind for party in world.receivers for kind in party.roles}
    for kind in capacity:
        if kind not in kinds:
            raise SetupError(f"--set {kind}{_CAPACITY}: {wish.country} has no such receiver.")
    return world


def _near(name: str, profile: Profile) -> str:
    """The name that was probably meant, to follow what is wrong with this one."""
    names = [
        *(f"{kind}{_CAPACITY}" for kind in RECEIVER_TYPES),
        *(f"{_COHORT}{rate}" for rate in RATES),
        *profile.by_name,
    ]
    return "".join(f" (is {found} meant?)" for found in get_close_matches(name, names, 1))


def as_it_is(wish: Wish) -> World:
    return World(current(wish.country))


def _number(name: str, value: object, most: float | None) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SetupError(f"--set {name} is a number, not {value!r}.")
    if not isfinite(value) or value < 0 or (most is not None and value > most):
        limits = "0 or more" if most is None else f"from 0 to {most}"
        raise SetupError(f"--set {name} is {limits}, not {value}.")
    return float(value)


def told(changes: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in changes.items())
