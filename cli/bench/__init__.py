"""The bench: how fast the loop and the protocol are, beside other ways to do the same."""

from pathlib import Path
from typing import Annotated

import typer


def bench(
    rounds: Annotated[
        int | None, typer.Option(min=1, help="Rounds a row; medians are over rounds.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="One short round: whether it works, not how fast.")
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Only this row: loop, service, intake, workers, latency, http."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the messages.")] = 1,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write all figures here as well.")
    ] = None,
) -> None:
    """Measure against real Kafka and PostgreSQL, everything flushed to disk as in production.

    Each row runs in rounds, one way after the other, and is judged by the median of the rounds'
    ratios: other work on the machine slows all of a round. Exit code 1 if a goal was missed.
    """
    from throughcare.cli.bench.run import run

    if not run(rounds, quick, only or (), seed, json_file):
        raise typer.Exit(1)
