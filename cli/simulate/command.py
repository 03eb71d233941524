"""`throughcare simulate`. Exit codes: 0 answered, 2 the question cannot be understood."""

import json
import time
from random import Random
from typing import Annotated, Any

import typer

from throughcare.cli.options import AsJson

#: Of a line, where no terminal says how wide it is.
_WIDTH = 100


def simulate(
    cases: Annotated[int, typer.Option(help="People in the cohort.")] = 1000,
    days: Annotated[int, typer.Option(help="Of follow-up after the last release.")] = 180,
    country: Annotated[str, typer.Option(help="KZ, KG, TJ, TM or UZ.")] = "KG",
    seed: Annotated[int, typer.Option(help="The same seed tells the same story.")] = 12,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="What if: ngo.capacity=0.5, cohort.silent=0.2, or any key of the country's profile"
            " such as 'deadlines.D07.short={amount: 2, unit: wd}'. May be given several times.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask what would be if: a made-up cohort through the protocol alone, and its indicators.

    Nobody in it exists. Nothing is started or stored. With --set the cohort lives twice: as it is
    and with the changes, by the same chance.
    """
    from rich.console import Console

    from throughcare.cli.simulate.run import run
    from throughcare.cli.simulate.wish import as_it_is, read_wish, told, world_of
    from throughcare.runtime.errors import SetupError

    wish = read_wish(cases, days, country, seed, changes or [])
    worlds = [as_it_is(wish)]
    if wish.changes:
        worlds.append(world_of(wish))
    began = time.monotonic()
    tallies = []
    for world in worlds:
        try:
            tallies.append(run(wish.cases, wish.days, Random(wish.seed), world))
        except (LookupError, TypeError, ValueError, OverflowError):
            if world is worlds[0]:
                raise
            raise SetupError(f"No case can be led with {told(wish.changes)}.") from None
    seconds = time.monotonic() - began
    version = worlds[0].profile.version
    if as_json:
        found: dict[str, Any] = {
            "synthetic": True,
            "country": wish.country,
            "protocol_version": version,
            "seed": wish.seed,
            "days": wish.days,
            "set": wish.changes,
            "as_it_is": tallies[0].to_json(),
            "changed": tallies[1].to_json() if wish.changes else None,
        }
        print(json.dumps(found, indent=2, default=str))
        return
    from throughcare.cli.simulate.report import print_answer

    out = Console()
    if not out.is_terminal:
        out.width = _WIDTH
    print_answer(out, wish, version, tallies, seconds)
