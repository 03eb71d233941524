"""One made-up person: everything about them that is not a reaction, drawn once."""

from datetime import date
from random import Random
from typing import Literal, NamedTuple

from throughcare.cli.cohort import rates, world
from throughcare.cli.cohort.grid import office, plus
from throughcare.cli.cohort.rates import Rate
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
    asked: bool
    refuses: bool
    #: Days after the release at which the person says stop; negative: before it.
    withdraws: int | None
    needs: tuple[NeedFlag, ...]
    plan: tuple[PlanItem, ...]
    consent: tuple[ConsentItem, ...]
    #: Days after the release at which the person first comes to each service; None: never.
    comes: dict[ServiceType, int | None]
    #: Days after the release from which nobody can reach the person; None: never.
    drifts_away: int | None
    comes_back: int | None
    reincarcerated: int | None
    dies: int | None


class _Draw:
    """Chance, in the words of the rates."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng

    def happens(self, rate: Rate) -> bool:
        return self.rng.random() < rate.value

    def days(self, low: int, high: int) -> int:
        return self.rng.randint(low, high)

    def sometimes(self, rate: Rate, low: int, high: int) -> int | None:
        """A day, where it happens at all."""
        day = self.days(low, high)
        return day if self.happens(rate) else None


def make_person(number: int, of: int, start: date, rng: Random) -> Person:
    """Person `number` of `of`; cases come in by number, so that later ones fare a little better."""
    draw = _Draw(rng)
    progress = (number - 1) / max(of - 1, 1)
    comes_in_on = office(plus(start, int(progress * ENTRY_DAYS)))
    woman = draw.happens(rates.WOMAN)
    colony = world.WOMEN if woman else rng.choice((world.MEN, world.MEN, world.MEN_FAR))
    by_programme = draw.happens(rates.BY_PROGRAMME)
    programme = rng.choice(("atlantis", "clean-zone")) if by_programme else None
    if programme == "clean-zone" and colony not in world.CLEAN_ZONES:
        programme = "atlantis"
    notice, scheduled_on, expected_on = _dates(draw, start, comes_in_on)
    known = notice != "amnesty" or not draw.happens(rates.AMNESTY_UNKNOWN)
    needs, plan, comes = _needs(draw, woman, progress)
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
        asked=not draw.happens(rates.NEVER_ASKED),
        refuses=draw.happens(rates.REFUSED),
        withdraws=draw.sometimes(rates.WITHDRAWN, -10, 90),
        needs=needs,
        plan=plan,
        consent=_consent(draw, plan),
        comes=comes,
        drifts_away=draw.sometimes(rates.DRIFTS_AWAY, 20, 110),
        comes_back=draw.sometimes(rates.COMES_BACK, 10, 60),
        reincarcerated=draw.sometimes(rates.REINCARCERATED, 10, 170),
        dies=_day_of_death(draw),
    )


def _dates(draw: _Draw, start: date, comes_in_on: date) -> tuple[Notice, date, date]:
    """What notice there is, when it is given, and for which day."""
    chance = draw.rng.random()
    said_on = office(plus(comes_in_on, draw.days(1, 14)))
    if chance < rates.BY_AMNESTY.value:
        lists = (office(plus(start, days)) for days in _LISTS)
        said_on = next(day for day in lists if day > plus(comes_in_on, 2))
        return "amnesty", said_on, plus(said_on, draw.days(0, 1))
    if chance < rates.BY_AMNESTY.value + rates.SHORT_NOTICE.value:
        return "short", said_on, office(plus(said_on, draw.days(*_SHORT_NOTICE)))
    return "planned", said_on, office(plus(said_on, draw.days(*_PLANNED_NOTICE)))


def _moves(draw: _Draw, notice: Notice) -> int | None:
    if notice == "amnesty" or not draw.happens(rates.RESCHEDULED):
        return None
    return draw.rng.choice((-14, -7, -3, 5, 10, 20))


def _needs(
    draw: _Draw, woman: bool, progress: float
) -> tuple[tuple[NeedFlag, ...], tuple[PlanItem, ...], dict[ServiceType, int | None]]:
    """What the person needs, what is planned for it, and when they will come for it."""
    needs: list[NeedFlag] = ["housing", "income"]
    support = [world.NGO_NORTH, world.NGO_SOUTH]
    draw.rng.shuffle(support)
    wanted: list[tuple[ServiceType, bool, list[world.Party]]] = [
        ("psychosocial-support", True, [world.NGO_WOMEN, *support] if woman else support)
    ]
    opioids = draw.happens(rates.OPIOIDS)
    began_oat = draw.happens(rates.BEGAN_OAT_IN_PRISON)
    on_oat = opioids and began_oat and not draw.happens(rates.OAT_OFF_AT_RELEASE)
    wants_treatment = draw.happens(rates.WANTS_TREATMENT)
    if opioids:
        needs.append("opioid-risk")
    if on_oat:
        needs.append("oat-now")
        wanted.append(("oat", True, [world.OAT_CITY, world.OAT_VALLEY]))
    elif wants_treatment and draw.rng.random() < 0.5:
        wanted.append(("rehabilitation-outpatient", True, [world.REHAB, world.NGO_SOUTH]))
    elif wants_treatment:
        wanted.append(("narcology-outpatient", True, [world.NARCOLOGY]))
    if draw.happens(rates.HIV):
        needs.append("hiv-care")
        wanted.append(("art", True, [world.AIDS_CENTRE]))
    if draw.happens(rates.NEEDS_DOCUMENTS):
        needs.append("documents")
        wanted.append(("documents", False, [world.PROBATION, world.NGO_NORTH]))
    plan = tuple(
        PlanItem(
            item=item,
            service_type=service,
            mandatory=mandatory,
            receivers=tuple(world.receiver(party) for party in parties),
        )
        for item, (service, mandatory, parties) in enumerate(wanted, 1)
    )
    comes = {item.service_type: _comes(draw, item.service_type, progress) for item in plan}
    return tuple(needs), plan, comes


#: Of those who come to treatment at all, so many have come and take part by day 21.
_IN_TIME = 0.72
#: And so many find a place that takes them.
_PLACED = 0.93


def _comes(draw: _Draw, service: ServiceType, progress: float) -> int | None:
    """The day after the release at which the person first comes for a service."""
    soon, later, chance = draw.days(0, 7), draw.days(8, 45), draw.rng.random()
    if service in ("psychosocial-support", "documents"):
        day = draw.days(0, 2) if draw.happens(rates.MET_WITHIN_2_DAYS) else draw.days(3, 20)
        return day if chance < rates.MEETS_SUPPORT.value else None
    if service == "oat":
        linked = rates.OAT_LINKED.value
    else:
        first, last = rates.ENGAGED_BY_DAY_21_FIRST.value, rates.ENGAGED_BY_DAY_21_LAST.value
        linked = (first + (last - first) * progress) / (_IN_TIME * _PLACED)
    day = soon if draw.happens(rates.LINKED_WITHIN_7_DAYS) else later
    return day if chance < linked else None


def _consent(draw: _Draw, plan: tuple[PlanItem, ...]) -> tuple[ConsentItem, ...]:
    """Whom the person permits what; partial: not the last of the plan's items."""
    partial = draw.happens(rates.PARTIAL_CONSENT) and len(plan) > 1
    items = [
        ConsentItem(
            receiver_type="ngo",
            data_classes=("P1", "P2", "P3"),
            purposes=("handover", "social", "reach"),
        )
    ]
    for item in plan[: -1 if partial else None]:
        for one in item.receivers:
            if one.receiver_type == "ngo":
                continue  # any of them, as said above
            classes, purpose = _PERMITTED[one.receiver_type]
            items.append(
                ConsentItem(
                    receiver_type=one.receiver_type,
                    party=one.party,
                    data_classes=classes,
                    purposes=(purpose,),
                )
            )
    return tuple(items)


#: What each kind of receiver is permitted for the cohort's plans.
_PERMITTED: dict[ReceiverType, tuple[tuple[DataClass, ...], Purpose]] = {
    "oat-site": (("P1", "P3"), "dose"),
    "aids-centre": (("P1", "P4"), "dose"),
    "rehab-centre": (("P1", "P3"), "handover"),
    "narcology": (("P1", "P3"), "handover"),
    "probation": (("P1",), "social"),
}


def _day_of_death(draw: _Draw) -> int | None:
    """Likeliest in the first two weeks, then in the third and fourth, as published."""
    second = rates.DEATH_WEEKS_3_4.value
    first = rates.DEATH_WEEKS_1_2.value * (2 * second + 8) / 10  # of the mean of weeks 3-12
    weeks = [first] * 2 + [second] * 2 + [1.0] * 20
    week = draw.rng.choices(range(len(weeks)), weights=weeks)[0]
    day = 7 * week + draw.days(1, 7)
    return day if draw.happens(rates.DIED_OUTSIDE) else None
