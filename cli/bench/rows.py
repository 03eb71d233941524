"""The rows of the bench and what each has to reach (the goals are in docs and README)."""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from throughcare.cli.bench import load
from throughcare.cli.bench.copy_only import copy_only, written
from throughcare.cli.bench.halves import HALVES
from throughcare.cli.bench.http import gateway, through_http
from throughcare.cli.bench.latency import (
    ECHO_IN,
    ECHO_OUT,
    Latency,
    through_echo,
    through_ours,
    wait_ready,
)
from throughcare.cli.bench.opened import keep_opened, restore_opened
from throughcare.cli.bench.race import OURS, Figure, launch, race, watch
from throughcare.cli.bench.report import Goal, Judged, Row, ratios
from throughcare.cli.bench.stage import Stage, lists
from throughcare.contracts.topics import PARTITIONS

PLAIN = "plain_faust"


class Size(NamedTuple):
    """How much is done in a row."""

    rounds: int
    #: Commands a run; a plain agent gets through fewer in the same time.
    commands: int
    plain_commands: int
    #: How many more are there, so that nobody runs dry before the end.
    spare: int
    #: Messages of a latency series, at 50/s.
    messages: int


FULL = Size(rounds=3, commands=30_000, plain_commands=1_500, spare=8_000, messages=300)
QUICK = Size(rounds=1, commands=8_000, plain_commands=300, spare=4_000, messages=100)

Tell = Callable[[str], None]
Measure = Callable[[Stage, Size, int, Tell], Awaitable[Row]]


async def _race_all(
    stage: Stage,
    size: Size,
    seed: int,
    tell: Tell,
    title: str,
    name: str,
    ways: Sequence[str],
    goals: Sequence[Goal],
    copy: bool = False,
) -> Row:
    half = HALVES[name]
    await stage.fresh_topics()
    commands = load.make(name, size.commands + size.spare, seed)
    await stage.load(half.commands.name, commands)
    if name == "release":
        await stage.empty(half)
        await stage.empty(HALVES["intake"])  # an earlier row's toy cases stand there
        await keep_opened(stage, load.openings_for(len(commands), seed))
    figures: dict[str, list[Figure]] = {}
    for number in range(1, size.rounds + 1):
        for way in (OURS, *ways):
            tell(f"{title}, round {number}: {way}")
            await stage.empty(half)
            if name == "release":
                await restore_opened(stage)
            wanted = size.plain_commands if way == PLAIN else size.commands
            figures.setdefault(way, []).append(await race(stage, way, name, half, wanted))
            if way == OURS and copy:
                tell(f"{title}, round {number}: copy_only")
                rows = await written(stage, half)
                figures.setdefault("copy_only", []).append(await copy_only(stage, half, rows))
    ours = [figure.rate for figure in figures[OURS]]
    judged = [
        Judged(goal, ratios(ours, [figure.rate for figure in figures[goal.against]]))
        for goal in goals
    ]
    return Row(title, figures, {}, judged)


async def loop(stage: Stage, size: Size, seed: int, tell: Tell) -> Row:
    """The small work: next to nothing is decided, so what remains is the way there and back."""
    goals = (
        Goal(PLAIN, 28.0),
        Goal("take_events", 1.4),
        Goal("getmany", 1.15),
        Goal("confluent", 0.95),
        Goal("copy_only", 0.32),
    )
    ways = (PLAIN, "take_events", "getmany", "confluent")
    return await _race_all(stage, size, seed, tell, "loop", "toy", ways, goals, copy=True)


async def service(stage: Stage, size: Size, seed: int, tell: Tell) -> Row:
    """The real protocol, release's half: from the plan over the gate to the first check."""
    return await _half(stage, size, seed, tell, "service", "release")


async def intake(stage: Stage, size: Size, seed: int, tell: Tell) -> Row:
    """The real protocol, intake's half: from opening to plan."""
    return await _half(stage, size, seed, tell, "intake", "intake")


async def _half(stage: Stage, size: Size, seed: int, tell: Tell, title: str, name: str) -> Row:
    goals = (Goal(PLAIN, 12.0), Goal("getmany", 1.2))
    size = size._replace(commands=size.commands // 2)
    return await _race_all(stage, size, seed, tell, title, name, (PLAIN, "getmany"), goals)


async def workers(stage: Stage, size: Size, seed: int, tell: Tell) -> Row:
    """Two processes against one; the messages are written when both have their partitions."""
    half = HALVES["toy"]
    size = size._replace(commands=size.commands * 2)
    await stage.fresh_topics()
    commands = load.make("toy", size.commands + size.spare, seed)
    to_write = lists(commands)
    figures: dict[str, list[Figure]] = {}
    for number in range(1, size.rounds + 1):
        for count in (1, 2):
            tell(f"workers, round {number}: {count}")
            await stage.empty(half)
            await stage.begin_at_end(half)
            processes = [launch(stage, OURS, "toy", half) for _ in range(count)]
            try:
                await wait_ready(stage, count, PARTITIONS // count)
                await stage.write(half.commands.name, to_write)
                figure = await watch(stage, processes, half, size.commands)
            finally:
                await stage.stop(processes)
            figures.setdefault("two" if count == 2 else "one", []).append(figure)
    one, two = ([figure.rate for figure in figures[name]] for name in ("one", "two"))
    return Row("workers", figures, {}, [Judged(Goal("one", 1.4), ratios(two, one))])


async def latency(stage: Stage, size: Size, seed: int, tell: Tell) -> Row:
    """An event in to an event out, against Kafka alone."""
    half = HALVES["toy"]
    await stage.fresh_topics(ECHO_IN, ECHO_OUT)
    series: dict[str, list[Latency]] = {"ours": [], "echo": []}
    for number in range(1, size.rounds + 1):
        tell(f"latency, round {number}: ours")
        series["ours"].append(await through_ours(stage, half, size.messages, seed + number))
        tell(f"latency, round {number}: echo")
        series["echo"].append(await through_echo(stage, size.messages, seed + number))
    ours, echo = series["ours"], series["echo"]
    judged = [
        Judged(
            Goal("echo p50", 2.5, at_most=True),
            ratios([one.p50 for one in ours], [one.p50 for one in echo]),
        ),
        Judged(
            Goal("echo p99", 3.0, at_most=True),
            ratios([one.p99 for one in ours], [one.p99 for one in echo]),
        ),
    ]
    return Row("latency", {}, series, judged)


async def http(stage: Stage, size: Size, seed: int, tell: Tell) -> Row:
    """A command over HTTP to its outcome, in milliseconds."""
    await stage.fresh_topics()
    for name in ("intake", "release"):
        await stage.empty(HALVES[name])
    series = []
    async with gateway(stage) as client:
        for number in range(1, size.rounds + 1):
            tell(f"http, round {number}")
            series.append(await through_http(client, size.messages, seed + number))
    judged = [
        Judged(Goal("p50 ms", 40, at_most=True), [one.p50 for one in series]),
        Judged(Goal("p99 ms", 120, at_most=True), [one.p99 for one in series]),
    ]
    return Row("http", {}, {"ours": series}, judged)


ROWS: dict[str, Measure] = {
    "loop": loop,
    "service": service,
    "intake": intake,
    "workers": workers,
    "latency": latency,
    "http": http,
}
