"""The demo as it is run, but for fewer people."""

from pathlib import Path
from random import Random

import orjson
import pytest
from rich.console import Console

from throughcare.cli.cohort.cohort import make_cohort
from throughcare.cli.cohort.simulate import Simulation
from throughcare.cli.demo.demo import Demo, Wish, end_of

CASES, SEED, DAYS = 6, 3, 40

Story = dict[int, list[str]]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo")
    wish = Wish(CASES, SEED, DAYS, 0, None, folder / "report.json", leave=True)
    quiet = Console(quiet=True)
    demo = Demo(wish, quiet, quiet)
    assert demo.run()
    return demo


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    """The same people against the pure protocol."""
    simulation = Simulation(make_cohort(CASES, Random(SEED)))
    simulation.run(end_of(DAYS))
    return simulation


def lived(demo: Demo, half: str) -> Story:
    assert demo.stepper is not None
    return {
        number: [m.data.name for m in messages if m.source == f"/services/{half}"]
        for number, messages in sorted(demo.stepper.told.items())
    }


@pytest.mark.journey
def test_the_services_tell_the_story_that_the_protocol_alone_tells(
    demo: Demo, simulation: Simulation
) -> None:
    """So the same seed tells the same story, however fast or slow anything was."""
    for half in ("intake", "release"):
        decided = {
            number: [message.data.name for message in case.told[half]]
            for number, case in simulation.cases.items()
        }

        assert lived(demo, half) == decided


@pytest.mark.journey
def test_the_report_says_that_nothing_was_lost_and_the_log_is_whole(demo: Demo) -> None:
    told = orjson.loads(Path(demo.wish.json_file or "").read_bytes())

    assert demo.stepper is not None
    assert told["cases"] == CASES == sum(told["by_outcome"].values())
    assert told["events"] == sum(map(len, demo.stepper.told.values()))
    assert told["events_lost"] == told["events_doubled"] == told["events_reordered"] == 0
    assert told["dead_letters"] == 0
    assert told["verified"] is True
    assert told["synthetic"] is True
    assert told["found"] == []
