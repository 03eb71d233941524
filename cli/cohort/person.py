"""One made-up person: everything about them that is not a reaction, drawn once."""

from datetime import date
from random import Random
from typing import Literal, NamedTuple

from throughcare.cli.cohort import rates
from throughcare.cli.cohort.grid import plus
from throughcare.cli.cohort.rates import Rate
from throughcare.cli.cohort.world import Party, World, receiver
from throughcare.contracts.codes import (
    ConsentItem,
    DataClass,
    NeedFlag,
    PlanItem,
    Purpose,
    ReceiverType,
    ServiceType,
)

Notice = Literal["planned", "short", "amnesty"]

#: Days over which the cases come in.
ENTRY_DAYS = 28
_PLANNED_NOTICE = (31, 56)
_SHORT_NOTICE = (4, 25)
#: An amnesty comes as a list for many: on the first of these days after the case came in.
_LISTS = (18, 39)
#: By then everybody has left, whatever was moved.
LAST_RELEASE_DAYS = 135


class Person(NamedTuple):
    number: int
    colony: str
    programme: str | None
    notice: Notice
    #: A case is opened before the release date is known; else the amnesty list opens it.
    known_before: bool
    comes_in_on: date
    #: When the prison says the date, and the date it says then. The same: it says nothing before.
    scheduled_on: date
    expected_on: date
    #: Days by which the date moves later on, and how many days before it that is said.
    moves_by: int | None
    transferred: bool
    dies_in_custody: bool
    release_reported: bool
    #: The first release that is reported was none.
    reversed: bool
    asked: bool
    refuses: bool
    #: Days after the release at which the person says stop; less of it; None: never.
    withdraws: int | None
    narrows: int | None
    #: Days for which the person signs; None: as many as may be.
    consent_days: int | None
    renews: bool
    #: Days after the end of the case at which the person wants it to go on.
    reopens: int | None
    needs: tuple[NeedFlag, ...]
    plan: tuple[PlanItem, ...]
    consent: tuple[ConsentItem, ...]
    declines_medicine: bool
    declines_kit: bool
    #: Days after the release at which the person first comes to each service; None: never.
    comes: dict[ServiceType, int | None]
    #: Days after the release from which nobody can reach the person; None: never.
    drifts_away: int | None
    comes_back: int | None
    reincarcerated: int | None
    dies: int | None


class _Draw:
    """Chance, in the words of the rates."""

    def __init__(self, rng: Random, world: World) -> None:
        self.rng = rng
        self.world = world

    def happens(self, rate: Rate) -> bool:
        return self.rng.random() < self.world.value(rate)

    def days(self, low: int, high: int) -> int:
        return self.rng.randint(low, high)

    def sometimes(self, rate: Rate, low: int, high: int) -> int | None:
        """A day, where it happens at all."""
        day = self.days(low, high)
        return day if self.happens(rate) else None


def make_person(number: int, of: int, start: date, rng: Random, world: World) -> Person:
    """Person `number` of `of`; cases come in by number, so that later ones fare a little better."""
    draw = _Draw(rng, world)
    progress = (number - 1) / max(of - 1, 1)
    comes_in_on = world.grid.office(plus(start, int(progress * ENTRY_DAYS)))
    woman = draw.happens(rates.WOMAN)
    colony = world.women if woman else rng.choice((world.men, world.men, world.men_far))
    by_programme = draw.happens(rates.BY_PROGRAMME) and bool(world.programmes)
    programme = rng.choice(world.programmes) if by_programme else None
    if programme == "clean-zone" and colony not in world.clean_zones:
        programme = "atlantis"
    notice, scheduled_on, expected_on = _dates(draw, start, comes_in_on)
    known = notice != "amnesty" or not draw.happens(rates.AMNESTY_UNKNOWN)
    needs, plan, comes = _needs(draw, woman, colony, progress)
    consent = _consent(draw, plan)
    return Person(
        number=number,
        colony=colony,
        programme=programme,
        notice=notice,
        known_before=known,
        comes_in_on=comes_in_on,
        scheduled_on=scheduled_on,
        expected_on=expected_on if known else plus(scheduled_on, 1),
        moves_by=_moves(draw, notice),
        transferred=draw.happens(rates.TRANSFERRED),
        dies_in_custody=draw.happens(rates.DIED_IN_CUSTODY),
        release_reported=not draw.happens(rates.RELEASE_NOT_REPORTED),
        reversed=draw.happens(rates.RELEASE_REVERSED),
        asked=not draw.happens(rates.NEVER_ASKED),
        refuses=draw.happens(rates.REFUSED),
        withdraws=draw.sometimes(rates.WITHDRAWN, 1, 90),
        narrows=draw.sometimes(rates.NARROWED, 5, 60),
        consent_days=draw.sometimes(rates.SHORT_CONSENT, 70, 150),
        renews=draw.happens(rates.RENEWED),
        reopens=draw.sometimes(rates.REOPENED, 15, 45),
        needs=needs,
        plan=plan,
        consent=consent,
        declines_medicine=draw.happens(rates.DECLINES_MEDICINE),
        declines_kit=draw.happens(rates.DECLINES_KIT),
        comes=comes,
        drifts_away=draw.sometimes(rates.DRIFTS_AWAY, 20, 110),
        comes_back=draw.sometimes(rates.COMES_BACK, 10, 60),
        reincarcerated=draw.sometimes(rates.REINCARCERATED, 10, 170),
        dies=_day_of_death(draw),
    )


def _dates(draw: _Draw, start: date, comes_in_on: date) -> tuple[Notice, date, date]:
    """What notice there is, when it is given, and for which day."""
    office, value = draw.world.grid.office, draw.world.value
    chance = draw.rng.random()
    said_on = office(plus(comes_in_on, draw.days(1, 14)))
    if chance < value(rates.BY_AMNESTY):
        lists = (office(plus(start, days)) for days in _LISTS)
        said_on = next(day for day in lists if day > plus(comes_in_on, 2))
        return "amnesty", said_on, plus(said_on, draw.days(0, 1))
    if chance < value(rates.BY_AMNESTY) + value(rates.SHORT_NOTICE):
        return "short", said_on, office(plus(said_on, draw.days(*_SHORT_NOTICE)))
    return "planned", said_on, office(plus(said_on, draw.days(*_PLANNED_NOTICE)))


def _moves(draw: _Draw, notice: Notice) -> int | None:
    if notice == "amnesty" or not draw.happens(rates.RESCHEDULED):
        return None
    return draw.rng.choice((-14, -7, -3, 5, 10, 20))


_Comes = dict[ServiceType, int | None]
#: Of services that are much the same, the first that the country has.
_REHABILITATION: tuple[ServiceType, ...] = (
    "rehabilitation-outpatient",
    "rehabilitation-short-term",
)


def _needs(
    draw: _Draw, woman: bool, colony: str, progress: float
) -> tuple[tuple[NeedFlag, ...], tuple[PlanItem, ...], _Comes]:
    """What the person needs, what is planned for it, and when they will come for it."""
    world = draw.world
    # Where nobody may learn of health, it is not written down either.
    of_health = any("P3" in rule.classes for rule in world.profile.receivers.values())
    needs: list[NeedFlag] = ["housing", "income"]
    wanted: list[tuple[ServiceType, bool]] = [("psychosocial-support", True)]
    opioids = draw.happens(rates.OPIOIDS) and of_health
    began_oat = draw.happens(rates.BEGAN_OAT_IN_PRISON) and world.gives_oat(colony)
    on_oat = opioids and began_oat and not draw.happens(rates.OAT_OFF_AT_RELEASE)
    wants_treatment = draw.happens(rates.WANTS_TREATMENT)
    if opioids:
        needs.append("opioid-risk")
    if on_oat:
        needs.append("oat-now")
        wanted.append(("oat", True))
    elif wants_treatment and (offered := _treatments(world, opioids=opioids)):
        treatment = draw.rng.choice(offered)
        if treatment == "oat":
            needs.append("oat-interest")
        wanted.append((treatment, True))
    if draw.happens(rates.HIV) and world.offers("art"):
        needs.append("hiv-care")
        wanted.append(("art", True))
    if draw.happens(rates.NEEDS_DOCUMENTS) and world.offers("documents"):
        needs.append("documents")
        wanted.append(("documents", False))
    if draw.happens(rates.ASKS_FOR_ALLOWANCE) and "deadlines.D31.due" in world.profile.by_name:
        wanted.append(("allowance", False))
    if draw.happens(rates.ASKS_THE_COMMITTEE) and world.offers("community-support"):
        wanted.append(("community-support", False))
    plan = tuple(
        PlanItem(
            item=item,
            service_type=service,
            mandatory=mandatory,
            receivers=tuple(map(receiver, _asked(draw, service, woman))),
        )
        for item, (service, mandatory) in enumerate(wanted, 1)
    )
    comes = {item.service_type: _comes(draw, item.service_type, progress) for item in plan}
    return tuple(needs), plan, comes


def _treatments(world: World, *, opioids: bool) -> list[ServiceType]:
    """Of those that the country has, what somebody without any may want."""
    found = [next((one for one in _REHABILITATION if world.offers(one)), None)]
    found.append("narcology-outpatient" if world.offers("narcology-outpatient") else None)
    found.append("oat" if opioids and world.offers("oat") else None)
    return [one for one in found if one is not None]


def _asked(draw: _Draw, service: ServiceType, woman: bool) -> list[Party]:
    """Whom the person wants asked for an item: a women's NGO first, for women."""
    parties = list(draw.world.who_gives(service, woman=woman))
    kinds: dict[object, Party] = {}
    for one in parties:
        kinds.setdefault(one.roles, one)
    if service in ("psychosocial-support", "oat") or len(kinds) == 1:
        alike = [one for one in parties if one.roles == parties[0].roles]
        draw.rng.shuffle(alike)
        if woman:
            alike.sort(key=lambda one: one.code != "ngo-women")
        return alike
    pair = list(kinds.values())[:2]
    if service == "documents":
        draw.rng.shuffle(pair)
    return pair


#: Of those who come to treatment at all, so many have come and take part by day 21.
_IN_TIME = 0.72
#: And so many find a place that takes them.
_PLACED = 0.93


_HELP = ("psychosocial-support", "documents", "allowance", "community-support")


def _comes(draw: _Draw, service: ServiceType, progress: float) -> int | None:
    """The day after the release at which the person first comes for a service."""
    value = draw.world.value
    soon, later, chance = draw.days(0, 7), draw.days(8, 45), draw.rng.random()
    if service in _HELP:
        day = draw.days(0, 2) if draw.happens(rates.MET_WITHIN_2_DAYS) else draw.days(3, 20)
        return day if chance < value(rates.MEETS_SUPPORT) else None
    if service == "oat":
        linked = value(rates.OAT_LINKED)
    else:
        first = value(rates.ENGAGED_BY_DAY_21_FIRST)
        last = value(rates.ENGAGED_BY_DAY_21_LAST)
        linked = (first + (last - first) * progress) / (_IN_TIME * _PLACED)
    day = soon if draw.happens(rates.LINKED_WITHIN_7_DAYS) else later
    return day if chance < linked else None


def _consent(draw: _Draw, plan: tuple[PlanItem, ...]) -> tuple[ConsentItem, ...]:
    """Whom the person permits what; partial: not the last of the plan's items."""
    partial = draw.happens(rates.PARTIAL_CONSENT) and len(plan) > 1
    found: dict[tuple[ReceiverType, str | None], ConsentItem] = {}
    for item in plan[: -1 if partial else None]:
        for one in item.receivers:
            kind = one.receiver_type
            party = None if kind in _ANY_OF_THEM else one.party
            if (kind, party) not in found:
                classes, purposes = _PERMITTED[kind]
                found[kind, party] = ConsentItem(
                    receiver_type=kind,
                    party=party,
                    data_classes=classes,
                    purposes=purposes,
                    asked_by_person=True if kind == "mahalla" else None,
                )
    return tuple(found.values())


#: Here the person lets any of the kind help.
_ANY_OF_THEM: tuple[ReceiverType, ...] = ("ngo", "drop-in")
#: What each kind of receiver is permitted for the cohort's plans.
_PERMITTED: dict[ReceiverType, tuple[tuple[DataClass, ...], tuple[Purpose, ...]]] = {
    "ngo": (("P1", "P2", "P3"), ("handover", "social", "reach")),
    "drop-in": (("P1", "P2"), ("handover", "social", "reach")),
    "oat-site": (("P1", "P3"), ("dose",)),
    "aids-centre": (("P1", "P4"), ("dose",)),
    "rehab-centre": (("P1", "P3"), ("handover",)),
    "narcology": (("P1", "P3"), ("handover",)),
    "probation": (("P0",), ("social",)),
    "mahalla": (("P1", "P2"), ("social",)),
}


def _day_of_death(draw: _Draw) -> int | None:
    """Likeliest in the first two weeks, then in the third and fourth, as published."""
    second = draw.world.value(rates.DEATH_WEEKS_3_4)
    first = (
        draw.world.value(rates.DEATH_WEEKS_1_2) * (2 * second + 8) / 10
    )  # of the mean of weeks 3-12
    weeks = [first] * 2 + [second] * 2 + [1.0] * 20
    week = draw.rng.choices(range(len(weeks)), weights=weeks)[0]
    day = 7 * week + draw.days(1, 7)
    return day if draw.happens(rates.DIED_OUTSIDE) else None
