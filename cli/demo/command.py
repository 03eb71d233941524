"""`throughcare demo`. Exit codes: 0 all is told and verified, 1 it is not, 2 it could not start."""

import os
from pathlib import Path
from typing import Annotated

import typer

from throughcare.runtime.errors import SetupError

#: Of a line, where no terminal says how wide it is.
_WIDTH = 110
_OTHERS = ("THROUGHCARE_DATABASE__URL", "THROUGHCARE_KAFKA__BOOTSTRAP_SERVERS")


def demo(
    cases: Annotated[int, typer.Option(min=1, max=1000, help="People in the cohort.")] = 60,
    seed: Annotated[int, typer.Option(help="The same seed tells the same story.")] = 12,
    days: Annotated[int, typer.Option(min=1, max=400, help="Of follow-up.")] = 190,
    country: Annotated[str, typer.Option(help="KZ, KG, TJ, TM or UZ.")] = "KG",
    home: Annotated[
        Path | None,
        typer.Option(
            help="Keep everything in this new folder.", show_default="one that is thrown away"
        ),
    ] = None,
    http_port: Annotated[int, typer.Option(help="Of pages and API; 0 takes any free one.")] = 0,
    leave: Annotated[bool, typer.Option("--exit", help="Leave after the report.")] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the report to this file as well.")
    ] = None,
) -> None:
    """Let a synthetic cohort live half a year through a real Kafka and a real PostgreSQL.

    Nobody in it exists. Everything is started for it, and stays until Ctrl-C.
    """
    from rich.console import Console

    from throughcare.cli.demo.demo import Demo, Wish
    from throughcare.protocol.profiles import CURRENT

    for name in _OTHERS:
        if name in os.environ:
            raise SetupError(
                f"{name} names a deployment, and the demo makes up cases and moves the clock: "
                "unset it."
            )
    if country.upper() not in CURRENT:
        raise SetupError(f"{country} has no profile: --country is one of {', '.join(CURRENT)}.")
    wish = Wish(
        country=country.upper(),
        cases=cases,
        seed=seed,
        days=days,
        http_port=http_port,
        home=home,
        json_file=json_file.absolute() if json_file is not None else None,
        leave=leave,
    )
    out = Console()
    if not out.is_terminal:
        out.width = _WIDTH
    if not Demo(wish, Console(stderr=True), out).run():
        raise typer.Exit(1)
