"""`throughcare prove-erased CODE`: what is left of a person who was forgotten, and that it leads nowhere.

Exit codes: 0 nothing leads to the person, 1 something does, 2 it could not be looked at.
"""

import asyncio
import json
from typing import Annotated, Any

import typer

from throughcare.cli.at import Address, at
from throughcare.cli.options import AsJson, Home
from throughcare.gateway.person import person_mark
from throughcare.runtime import queries
from throughcare.runtime.errors import SetupError
from throughcare.runtime.seal import Seal

_SQL = queries.load("throughcare.cli", "erased.sql")


def prove_erased(
    code: Annotated[str, typer.Argument(help="The code that only the person holds.")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show what still stands about a person who was forgotten, and whether any of it opens.

    Looks into every table that names cases, as the owner of the database.
    """
    places = asyncio.run(_remains(at(home), code))
    if not places:
        raise SetupError(
            "Nobody was forgotten under this code: it is mistyped, or the case still stands."
        )
    proven = not any(place["opens"] for place in places)
    if as_json:
        print(json.dumps({"erased": proven, "places": places}, indent=2))
    else:
        for place in places:
            if place["standing"]:
                what = "LEADS TO THE PERSON" if place["opens"] else "leads nowhere"
                print(f"{place['place']:32} {place['standing']:>6} rows  {what}")
        print(
            "erased: nothing that is left can be opened or leads to the person"
            if proven
            else "NOT ERASED"
        )
    if not proven:
        raise typer.Exit(1)


async def _remains(address: Address, code: str) -> list[dict[str, Any]]:
    seal = Seal.from_file(address.sealing_key)
    async with address.connect() as connection:
        rows = await connection.fetch(_SQL["remains"], person_mark(seal, code))
        # What is not there any more opens nothing.
        return [{**row, "opens": row["opens"] and row["standing"] > 0} for row in rows]
