"""The bench measures what it says: one tiny row through it, and everything it says commands decided."""

import json
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest

from throughcare.cli.bench import load, rows
from throughcare.cli.bench.halves import HALVES
from throughcare.cli.bench.latency import latency
from throughcare.cli.bench.race import Figure
from throughcare.cli.bench.report import Goal, Judged, Row, summary
from throughcare.cli.bench.rows import Size
from throughcare.cli.bench.stage import Stage
from throughcare.contracts.envelope import Message
from throughcare.contracts.outcomes import Decided
from throughcare.runtime.ids import new_id

TINY = Size(rounds=1, commands=3_000, plain_commands=60, spare=3_000, messages=40)


def states_after(name: str, messages: list[Message]) -> dict[UUID, list[Message]]:
    """Have each command decided, must it be so or not; the events of each case."""
    seat = HALVES[name].seat
    states: dict[UUID, object] = {}
    said: dict[UUID, list[Message]] = {}
    for message in messages:
        state = states.get(message.case_ref) or seat.initial(message.case_ref)
        answer = seat.rule(state, message, new_id)
        assert answer.outcome is not None, answer.held
        assert isinstance(answer.outcome((), 1, 0), Decided), message.data
        for data in answer.events:
            event = message._replace(id=new_id(), data=data)
            state = seat.evolve(state, event)
            said.setdefault(message.case_ref, []).append(event)
        states[message.case_ref] = state
    return said


@pytest.mark.parametrize("name", ["toy", "intake"])
def test_every_command_of_a_row_takes_effect(name: str) -> None:
    commands = load.make(name, 200, seed=3)

    said = states_after(name, commands)

    assert sum(map(len, said.values())) == len(commands) == 200


def test_every_command_to_release_takes_effect_on_a_case_that_intake_opened() -> None:
    commands = load.make("release", 110, seed=3)
    opened = states_after("intake", load.openings_for(110, seed=3))
    assert opened.keys() == {command.case_ref for command in commands}
    seat = HALVES["release"].seat

    for ref, heard in opened.items():
        state = seat.initial(ref)
        for event in heard:
            state = seat.hear(state, event)
            for data in seat.react(state, event, new_id):
                state = seat.evolve(state, event._replace(data=data))
        for command in (one for one in commands if one.case_ref == ref):
            answer = seat.rule(state, command, new_id)
            assert answer.outcome is not None, answer.held
            assert isinstance(answer.outcome((), 1, 5), Decided), command.data
            for data in answer.events:
                state = seat.evolve(state, command._replace(data=data))


def test_the_same_seed_makes_the_same_messages() -> None:
    assert load.make("release", 110, seed=3) == load.make("release", 110, seed=3)
    assert load.make("release", 110, seed=3) != load.make("release", 110, seed=4)


def test_a_goal_is_judged_by_the_median_of_the_rounds() -> None:
    at_least = Judged(Goal("plain", 2.0), [1.0, 2.5, 9.0])
    at_most = Judged(Goal("echo", 2.0, at_most=True), [1.0, 2.5, 9.0])

    assert (at_least.met, at_most.met) == (True, False)
    row = Row("loop", {"ours": [Figure(10.0)]}, {}, [at_least, at_most])
    assert summary([row]) == "bench: 1 of 2 goals met; loop plain 2.50; loop echo 2.50"


def test_the_first_messages_of_a_latency_series_do_not_count() -> None:
    found = latency([9.0] * 25 + [n / 1000 for n in range(101)])

    assert (found.p50, found.p99) == (50.0, 99.0)


@pytest.mark.long
async def test_a_tiny_row_measures_every_way_and_leaves_nothing_behind() -> None:
    async with Stage() as stage:
        home = stage.home
        row = await rows.loop(stage, TINY, 1, lambda _: None)

    ways = {"ours", "plain_faust", "take_events", "getmany", "confluent", "copy_only"}
    assert row.figures.keys() == ways
    assert all(figure.rate > 0 for figures in row.figures.values() for figure in figures)
    assert {one.goal.against for one in row.judged} == ways - {"ours"}
    assert not home.exists()


@pytest.mark.long
def test_the_command_writes_its_figures_and_ends_with_a_summary(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"

    done = subprocess.run(
        [sys.executable, "-m", "throughcare.cli.main", "bench", "--quick", "--json", str(file)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )

    assert done.returncode in (0, 1), done.stderr[-2000:]
    told = json.loads(file.read_text())
    assert done.stdout.rstrip().splitlines()[-1] == told["summary"]
    assert [row["name"] for row in told["rows"]] == list(rows.ROWS)
