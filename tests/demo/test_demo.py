"""The demo as it is run, but for fewer people."""

from io import StringIO
from pathlib import Path
from random import Random

import orjson
import pytest
from rich.console import Console

from throughcare.cli.cohort.cohort import end_of, make_cohort
from throughcare.cli.cohort.simulate import Simulation
from throughcare.cli.cohort.world import World
from throughcare.cli.demo import command
from throughcare.cli.demo.demo import Demo, Wish
from throughcare.cli.demo.report import Report
from throughcare.cli.demo.show import print_report
from throughcare.protocol.profiles import current
from throughcare.runtime.errors import SetupError

CASES, SEED, DAYS = 6, 3, 40
#: Starting everything takes a slow machine a while.
patient = pytest.mark.timeout(300)

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
    world = World(current("KG"))
    simulation = Simulation(make_cohort(CASES, Random(SEED), world))
    simulation.run(end_of(DAYS, world))
    return simulation


def lived(demo: Demo, half: str) -> Story:
    assert demo.stepper is not None
    return {
        number: [m.data.name for m in messages if m.source == f"/services/{half}"]
        for number, messages in sorted(demo.stepper.told.items())
    }


@patient
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


@patient
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


def test_no_cohort_is_let_into_a_deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THROUGHCARE_DATABASE__URL", "postgresql://somewhere/real")

    with pytest.raises(SetupError, match="unset it"):
        command.demo(cases=1)


def test_the_report_names_what_is_wrong() -> None:
    report = Report(cases=1, events_lost=2, verified=False, found=["2 versions missing"])
    out = Console(record=True, width=110, file=StringIO())

    print_report(out, report)

    told = out.export_text()
    assert not report.is_good
    assert "events lost 2" in told
    assert "2 versions missing" in told
    assert "NOT verified" in told


@pytest.mark.parametrize(("lost", "verified"), [(1, True), (0, False)])
def test_a_run_that_lost_something_or_cannot_be_verified_is_not_good(
    lost: int, verified: bool
) -> None:
    assert not Report(events_lost=lost, verified=verified).is_good
    assert Report(events_lost=0, verified=True).is_good
