"""What would be if: the answer of `throughcare simulate`, and what it will not be asked."""

import json
import re
from random import Random
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from throughcare.cli.cohort.cohort import each_course, end_of, make_cohort
from throughcare.cli.cohort.simulate import Simulation
from throughcare.cli.cohort.world import World
from throughcare.cli.simulate.command import simulate
from throughcare.cli.simulate.run import run
from throughcare.cli.simulate.tally import SMALLEST, Share, Tally
from throughcare.cli.simulate.wish import RATES, read_wish, world_of
from throughcare.contracts.release_events import ReferralSent
from throughcare.protocol.profiles import CURRENT, current
from throughcare.runtime.errors import SetupError

CASES, DAYS, SEED = 60, 180, 4


def ask(*sets: str, country: str = "KG", cases: int = CASES) -> Tally:
    wish = read_wish(cases, DAYS, country, SEED, sets)
    return run(wish.cases, wish.days, Random(wish.seed), world_of(wish))


@pytest.fixture(scope="module")
def as_it_is() -> Tally:
    return ask()


@pytest.fixture(scope="module", params=CURRENT)
def country(request: pytest.FixtureRequest) -> Simulation:
    """The lives of a country's people, with all they said."""
    world = World(current(request.param))
    simulation = Simulation(make_cohort(CASES, Random(SEED), world))
    simulation.run(end_of(DAYS, world))
    return simulation


def test_the_same_seed_gives_the_same_answer(as_it_is: Tally) -> None:
    assert ask().to_json() == as_it_is.to_json()


def test_another_seed_gives_another(as_it_is: Tally) -> None:
    wish = read_wish(CASES, DAYS, "KG", SEED + 1, [])

    assert run(CASES, DAYS, Random(SEED + 1), world_of(wish)).to_json() != as_it_is.to_json()


def test_a_life_is_the_same_whether_the_cohort_is_kept_or_told_one_by_one() -> None:
    world = World(current("KG"))
    kept = make_cohort(5, Random(SEED), world)

    one_by_one = list(each_course(5, Random(SEED), world))

    assert [one.person for one in kept] == [one.person for one in one_by_one]


def test_fewer_places_at_the_ngos_lead_to_fewer_acceptances_and_later_contact(
    as_it_is: Tally,
) -> None:
    halved = ask("ngo.capacity=0.5")

    assert (halved.accepted.value or 1) < (as_it_is.accepted.value or 0)
    assert (halved.share("contact_72h").value or 1) < (as_it_is.share("contact_72h").value or 0)


def test_a_longer_time_to_confirm_is_missed_less_often(as_it_is: Tally) -> None:
    longer = ask("deadlines.D15.due={amount: 3, unit: wd}")

    assert longer.deadlines["D15"]["missed"] < as_it_is.deadlines["D15"]["missed"]


def test_changed_rules_do_not_outlast_the_question() -> None:
    changed = world_of(read_wish(1, 1, "KG", 1, ["deadlines.D22.lost_days=20"])).profile

    assert (changed.lost_days, current("KG").lost_days) == (20, 30)
    assert changed.version != current("KG").version


def test_a_rate_of_the_cohort_can_be_asked_otherwise(as_it_is: Tally) -> None:
    silent = ask("cohort.silent=1.0")

    assert silent.referrals["accepted"] == 0 < as_it_is.referrals["accepted"]


# -- countries -----------------------------------------------------------------------------------


def _asked(simulation: Simulation) -> list[tuple[ReferralSent, bool]]:
    """Every offer, and whether the person was still inside when it was made."""
    found = []
    for case in simulation.cases.values():
        inside = True
        for message in case.told["release"]:
            inside = inside and message.data.name != "person-released"
            if isinstance(message.data, ReferralSent):
                found.append((message.data, inside))
    return found


def test_nobody_is_asked_who_is_no_receiver_in_the_country(country: Simulation) -> None:
    profile = country.courses[0].profile

    assert {one.receiver_type for one, _ in _asked(country)} <= profile.receivers.keys()


def test_people_of_every_country_are_met_and_followed(country: Simulation) -> None:
    stages = {type(course.release.own.person).__name__ for course in country.courses}
    names = {m.data.name for case in country.cases.values() for m in case.told["release"]}

    assert "Ended" in stages
    assert {"first-contact-made", "follow-up-completed", "escalation-acknowledged"} <= names


def test_in_turkmenistan_drop_in_centres_alone_are_asked_and_nothing_of_health_is_written() -> None:
    world = World(current("TM"))
    courses = make_cohort(CASES, Random(SEED), world)

    assert {one.roles for one in world.receivers} == {("drop-in",)}
    assert {flag for course in courses for flag in course.person.needs} == {
        "housing", "income", "documents",
    }  # fmt: skip


def test_where_prisons_give_no_oat_nobody_comes_out_on_it() -> None:
    courses = make_cohort(CASES, Random(SEED), World(current("KZ")))
    needs = [course.person.needs for course in courses]

    assert not any("oat-now" in one for one in needs)
    assert any("oat-interest" in one for one in needs)


def test_the_mahalla_is_asked_only_after_the_release_and_at_the_persons_wish() -> None:
    world = World(current("UZ"))
    simulation = Simulation(make_cohort(CASES, Random(SEED), world))
    simulation.run(end_of(60, world))

    found = [inside for one, inside in _asked(simulation) if one.receiver_type == "mahalla"]
    wished = [
        item.asked_by_person
        for course in simulation.courses
        for item in course.person.consent
        if item.receiver_type == "mahalla"
    ]

    assert found
    assert not any(found)
    assert wished
    assert all(wished)


# -- what is told ---------------------------------------------------------------------------------


def test_no_share_of_a_few_is_told() -> None:
    assert Share(2, SMALLEST - 1).value is None
    assert Share(2, SMALLEST - 1).is_hidden
    assert Share(2, SMALLEST).value == 0.4


def test_a_small_cohort_tells_almost_nothing() -> None:
    told = ask(cases=3).to_json()

    assert told["released"] is None
    assert all(one["share"] is None for one in told["indicators"].values())
    assert not any(told["deadlines"].values()) or all(
        sum(one.values()) >= SMALLEST for one in told["deadlines"].values() if one
    )


app = typer.Typer()
app.command()(simulate)


def say(*words: str) -> Any:
    return CliRunner().invoke(app, list(words))


def test_the_answer_says_that_nobody_in_it_exists() -> None:
    text = say("--cases", "20", "--days", "30").output
    told = json.loads(say("--cases", "20", "--days", "30", "--json").output)

    assert "nobody in it exists" in text
    assert told["synthetic"] is True
    assert told["changed"] is None


def test_with_a_change_both_answers_stand_side_by_side() -> None:
    words = ("--cases", "20", "--days", "30", "--set", "ngo.capacity=0")
    told = json.loads(say(*words, "--json").output)

    assert told["set"] == {"ngo.capacity": 0}
    assert told["changed"]["referrals"]["accepted"] != told["as_it_is"]["referrals"]["accepted"]
    assert "changed" in say(*words).output


# -- what is not understood -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("set_", "says"),
    [
        ("ngo.capacity", "KEY=VALUE"),
        ("=1", "KEY=VALUE"),
        ("ngo.capacity={", "cannot be read"),
        ("ngo.capacity=half", "is a number"),
        ("ngo.capacity=true", "is a number"),
        ("ngo.capacity=-1", "0 or more"),
        ("ngo.capacity=.nan", "0 or more"),
        ("ngo.capacity=2026-13-01", "cannot be read"),
        ("deadlines.D17.steps=[24, 72]", "deadlines.D17.escalates_24 is missing"),
        ("calendar.holidays=[soon]", "calendar.holidays"),
        ("time_zone=Asia/Nowhere", "time_zone cannot be read"),
        ("church.capacity=1", "church.capacity is not known"),
        ("mahalla.capacity=1", "has no such receiver"),
        ("cohort.luck=1", "cohort.luck is not known"),
        ("cohort.silent=2", "from 0 to 1"),
        ("deadlines.D99.due={amount: 1, unit: wd}", "deadlines.D99.due is not a key"),
        ("nothing=1", "nothing is not a key of a profile"),
        ("country=KZ", "country is not a key"),
        ("deadlines.D07.short=2", "deadlines.D07.short is not as it should be"),
        ("deadlines.D07.short={amount: 2, unit: weeks}", "deadlines.D07.short is not as it should"),
    ],
)
def test_a_change_that_cannot_be_is_refused_by_its_name(set_: str, says: str) -> None:
    with pytest.raises(SetupError, match=says.replace(".", r"\.")) as refused:
        world_of(read_wish(1, 1, "KG", 1, [set_]))

    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("set_", "meant"),
    [
        ("ngo.capcity=0.5", "ngo.capacity"),
        ("ngos.capacity=0.5", "ngo.capacity"),
        ("cohort.slient=0.2", "cohort.silent"),
        ("deadlines.D07.shrt={amount: 2, unit: wd}", "deadlines.D07.short"),
    ],
)
def test_a_name_that_is_nearly_one_is_answered_with_the_one_that_was_meant(
    set_: str, meant: str
) -> None:
    with pytest.raises(SetupError, match=re.escape(f"(is {meant} meant?)")):
        world_of(read_wish(1, 1, "KG", 1, [set_]))


@pytest.mark.parametrize("set_", ["nothing=1", "deadlines.D07.short=2"])
def test_nothing_is_guessed_where_nothing_is_near_or_the_name_is_right(set_: str) -> None:
    with pytest.raises(SetupError) as refused:
        world_of(read_wish(1, 1, "KG", 1, [set_]))

    assert "meant" not in str(refused.value)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--country", "FR"), "FR has no profile"),
        (("--cases", "0"), "--cases is a whole number from 1 on"),
        (("--days", "0"), "--days is a whole number"),
    ],
)
def test_a_question_that_cannot_be_is_one_sentence(words: tuple[str, ...], says: str) -> None:
    found = say(*words)

    assert isinstance(found.exception, SetupError)  # `main` prints it and leaves with 2
    assert says in str(found.exception)


def test_rules_under_which_no_case_can_be_led_are_refused() -> None:
    sets = ("--set", "follow_up.weekly=[]", "--set", "follow_up.later=[]")
    found = say("--cases", "3", *sets)

    assert isinstance(found.exception, SetupError)
    assert "follow_up.later=[]" in str(found.exception)


def test_rules_that_make_no_sense_together_are_refused() -> None:
    with pytest.raises(SetupError, match=r"oat\.community is false"):
        world_of(read_wish(1, 1, "KG", 1, ["oat.community=false"]))


def test_every_rate_has_a_name() -> None:
    assert {"silent", "reopened"} <= RATES.keys()
