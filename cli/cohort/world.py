"""Who acts in a country: a prison service for three made-up colonies, receivers, a coordinator.

Which kinds of receivers there are, what they may be asked for and where a programme or a medicine
is to be had in custody follows the country's profile.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple, cast

from throughcare.cli.cohort.grid import Grid
from throughcare.cli.cohort.rates import Rate
from throughcare.contracts.codes import (
    LocalCode,
    Receiver,
    ReceiverType,
    Role,
    ServiceType,
)
from throughcare.protocol.profiles.model import Profile


class Party(NamedTuple):
    code: str
    roles: tuple[Role, ...]
    language: str
    facilities: tuple[str, ...] = ()


_PRISON_ROLES: tuple[Role, ...] = (
    "prison-admin",
    "prison-health",
    "prison-psych",
    "programme-coordinator",
)
_PRISON, _COORDINATOR, _MONITOR = "prison-service", "coordination-desk", "monitoring-centre"
#: Of each kind, those that a country has; every second one works in the state's language.
_RECEIVERS: dict[ReceiverType, tuple[str, ...]] = {
    "ngo": ("ngo-north", "ngo-south", "ngo-women"),
    "drop-in": ("centre-one", "centre-two"),
    "rehab-centre": ("rehab-house",),
    "narcology": ("narcology-clinic",),
    "oat-site": ("oat-city", "oat-valley"),
    "aids-centre": ("aids-centre-one",),
    "mahalla": ("committee-one",),
    "probation": ("probation-office",),
}
_FOR_WOMEN = "ngo-women"
#: Programmes that the cohort's people may be in, and where there is one: for men, for women.
_PROGRAMMES: tuple[LocalCode, ...] = ("atlantis", "clean-zone")


class World:
    """Everybody but the people themselves, under one profile and one set of rates."""

    def __init__(
        self,
        profile: Profile,
        capacity: Mapping[ReceiverType, float] | None = None,
        rates: Mapping[Rate, float] | None = None,
    ) -> None:
        self.profile = profile
        self.grid = Grid(profile)
        #: Places by kind of receiver, as a share of what there are today.
        self.capacity = dict(capacity or {})
        self._rates = dict(rates or {})
        tags = [tag.partition("-")[0] for tag in sorted(profile.languages)]
        self._state_language = next((tag for tag in tags if tag != "ru"), "ru")
        #: Where offices ask for consent: tags as the profile has them.
        self.languages = tuple(sorted(profile.languages))
        country = profile.country.lower()
        with_oat = sorted(profile.medicine.oat_facilities)
        #: One for men where the country gives OAT in custody, if it does anywhere; one for men
        #: where it does not; one for women.
        self.men = with_oat[-1] if with_oat else f"{country}-a"
        self.men_far, self.women = f"{country}-b", f"{country}-w"
        self.prison = Party(_PRISON, _PRISON_ROLES, "ru", (self.men, self.men_far, self.women))
        self.coordinator = Party(_COORDINATOR, ("protocol-coordinator",), "ru")
        self.monitor = Party(_MONITOR, ("monitor",), "ru")
        self.programmes = tuple(code for code in _PROGRAMMES if code in profile.programmes)

    def value(self, rate: Rate) -> float:
        return self._rates.get(rate, rate.value)

    @cached_property
    def receivers(self) -> tuple[Party, ...]:
        kinds = dict(_RECEIVERS)
        if "ngo" in self.profile.receivers:
            del kinds["drop-in"]  # whether there is one is to be confirmed where NGOs do the work
        return tuple(
            Party(code, (kind,), "ru" if number % 2 == 0 else self._state_language)
            for kind, codes in kinds.items()
            if kind in self.profile.receivers
            for number, code in enumerate(codes)
        )

    @cached_property
    def parties(self) -> tuple[Party, ...]:
        return (self.prison, self.coordinator, self.monitor, *self.receivers)

    @cached_property
    def roles(self) -> dict[str, frozenset[str]]:
        return {party.code: frozenset(party.roles) for party in self.parties}

    def offers(self, service: ServiceType) -> bool:
        """Whether the country has the service and somebody who gives it."""
        return bool(self.who_gives(service))

    def who_gives(self, service: ServiceType, *, woman: bool = True) -> tuple[Party, ...]:
        """In the order in which the profile names their kinds."""
        found = self._givers.get(service, ())
        return found if woman else tuple(one for one in found if one.code != _FOR_WOMEN)

    @cached_property
    def _givers(self) -> dict[ServiceType, tuple[Party, ...]]:
        return {
            service: tuple(
                one
                for kind in self.profile.value(f"services.{service}")["receivers"]
                for one in self.receivers
                if type_of(one) == kind
            )
            for service in self.profile.services
        }

    def gives_oat(self, facility: str) -> bool:
        """Whether a facility of the cohort's gives OAT; the day does not matter to it."""
        rules = self.profile.medicine
        return facility in rules.oat_facilities or rules.oat_in_prison_default

    @property
    def clean_zones(self) -> tuple[str, ...]:
        """One for men, one for women, as in Kyrgyzstan."""
        return (self.men, self.women)


def receiver(party: Party) -> Receiver:
    """As a plan names it."""
    return Receiver(party=party.code, receiver_type=type_of(party))


def type_of(party: Party) -> ReceiverType:
    """A receiver's only role is its kind."""
    return cast(ReceiverType, party.roles[0])
