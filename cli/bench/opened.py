"""Cases as release finds them: opened, consented and planned by the real intake, heard by release."""

from collections.abc import Iterable, Sequence
from typing import cast

from faust.types import TP

from throughcare.cli.bench.halves import HALVES, Half
from throughcare.cli.bench.stage import SQL, Stage
from throughcare.contracts.envelope import Message, decode, encode
from throughcare.contracts.topics import partition_of
from throughcare.runtime.decider import Decider
from throughcare.runtime.journal import Journal, Row
from throughcare.runtime.sorting import Advance, Input
from throughcare.runtime.topics_admin import cluster_id


class _Kept:
    """Stands where a journal does, and keeps what it should publish."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def offer(self, rows: Iterable[Row]) -> None:
        self.rows += rows


async def keep_opened(stage: Stage, openings: Sequence[Message]) -> None:
    """Let both halves live through the openings, and keep how release's cases stand then."""
    intake, release = HALVES["intake"], HALVES["release"]
    inputs = [
        Input(TP(intake.commands.name, partition_of(m.case_ref)), 0, encode(m), m) for m in openings
    ]
    said = await _through(stage, intake, inputs)
    heard = [
        Input(TP(intake.events.name, row.partition), 0, row.envelope, decode(row.envelope))
        for row in said
    ]
    await _through(stage, release, heard)
    await stage.owner.execute(SQL["keep_opened"])
    await stage.empty(intake)


async def restore_opened(stage: Stage) -> None:
    """Let release's cases stand as they did."""
    for name in ("restore_cases", "restore_heard", "restore_events"):
        await stage.owner.execute(SQL[name])
    topic = HALVES["release"].events.name
    await stage.owner.execute(SQL["restore_published"], topic, await cluster_id(stage.admin))


async def _through(stage: Stage, half: Half, inputs: Sequence[Input]) -> list[Row]:
    events = _Kept()
    decider = Decider(
        half.seat,
        events=cast(Journal, events),
        outcomes=cast(Journal, _Kept()),
        commands_topic=half.commands.name,
        project=half.project,
        projected=half.projected,
    )
    nowhere = Advance(half.schema, "bench", {}, {})
    for at in range(0, len(inputs), 2_000):
        await decider.apply(stage.owner, inputs[at : at + 2_000], nowhere)
        decider.committed()
    return events.rows
