"""`throughcare dlq`: dead letters, read, replayed and discarded."""

import asyncio
import json
import re
import sys
import time
from typing import Annotated, Any
from uuid import UUID

import typer

from throughcare.cli.at import Address, at
from throughcare.cli.options import AsJson, Home
from throughcare.runtime import queries
from throughcare.runtime.errors import SetupError
from throughcare.runtime.seal import Seal

app = typer.Typer(
    help="Dead letters: what nobody could handle. Their cases stand still until you decide.",
    no_args_is_help=True,
)
_SQL = queries.load("throughcare.cli", "dlq.sql")
_SERVICES = ("intake", "release", "notifications", "timeline", "gateway")
_CARRIED_OUT_S = 20.0
_CODE = re.compile(r"[a-z]+(-[a-z0-9]+){0,8}")

Letter = Annotated[str, typer.Argument(help="The dead letter's id, or its first characters.")]


@app.command("list")
def list_letters(
    home: Home = None,
    ended: Annotated[bool, typer.Option(help="Those that were decided on, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List open dead letters; exit code 1 when there are any."""
    letters = asyncio.run(_letters(at(home), ended))
    if as_json:
        print(json.dumps(letters, indent=2))
    for letter in () if as_json else letters:
        print(
            f"{letter['id']}  {letter['service']:13} {letter['class']:13} {letter['code']:18} "
            f"{letter['status']:10} {letter['raised_at']}"
        )
    if not letters and not as_json:
        print("There is no dead letter." if ended else "No dead letter is open.", file=sys.stderr)
    if any(letter["ended_at"] is None for letter in letters):
        raise typer.Exit(1)


@app.command()
def show(
    letter: Letter,
    home: Home = None,
    opened: Annotated[
        bool, typer.Option("--open", help="Unseal it: the bytes may hold what nobody should see.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show one dead letter; its bytes only with --open."""
    address = at(home)
    found = asyncio.run(_show(address, letter))
    sealed = found.pop("sealed")
    if opened:
        context = f"{found['service']}/{found['topic']}"
        raw = Seal.from_file(address.sealing_key).open(sealed, context)
        found["raw"] = raw.decode("utf-8", "backslashreplace")
    if as_json:
        print(json.dumps(found, indent=2))
        return
    for what, value in found.items():
        print(f"{what:15} {value}")


@app.command()
def replay(letter: Letter, home: Home = None) -> None:
    """Handle it once more, then what was held behind it; exit code 1 if it fails again."""
    ended, has_case = asyncio.run(_decide(at(home), letter, "replaying", None))
    print(ended)
    if ended != "replayed":
        stands = "its case stands still as before" if has_case else "no case waits for it"
        print(f"It failed again and stays open; {stands}.", file=sys.stderr)
        raise typer.Exit(1)


@app.command()
def discard(
    letter: Letter,
    reason: Annotated[str, typer.Option(help="Why, as a code: foreign-bytes, duplicate …")],
    home: Home = None,
) -> None:
    """Let go of it for good, then handle what was held behind it."""
    if not _CODE.fullmatch(reason):
        raise SetupError(
            "--reason is a code of small letters, digits and dashes, such as foreign-bytes: what is "
            "told here is kept, and a sentence may name somebody."
        )
    ended, _ = asyncio.run(_decide(at(home), letter, "discarding", reason))
    print(ended)
    if ended != "discarded":
        raise typer.Exit(1)


async def _letters(address: Address, ended: bool) -> list[dict[str, Any]]:
    found = []
    async with address.connect() as connection:
        for service in _SERVICES:
            rows = await connection.fetch(_SQL.for_schema(service)["letters"], ended)
            found += [_plain(service, row) for row in rows]
    return sorted(found, key=lambda letter: str(letter["raised_at"]))


async def _show(address: Address, letter: str) -> dict[str, Any]:
    service, id = await _find(address, letter)
    async with address.connect() as connection:
        sql = _SQL.for_schema(service)
        row = await connection.fetchrow(sql["letter"], id)
        assert row is not None
        waiting = await connection.fetchval(sql["waiting_behind"], id)
    return {**_plain(service, row), "sealed": row["sealed"], "held_behind": waiting}


async def _decide(
    address: Address, letter: str, status: str, reason: str | None
) -> tuple[str, bool]:
    """How it ended, and whether a case stands behind it."""
    service, id = await _find(address, letter)
    sql = _SQL.for_schema(service)
    async with address.connect() as connection:
        if not await connection.fetch(sql["decide"], id, status, reason):
            raise SetupError(
                "That dead letter is not open any more: `throughcare dlq list --ended`."
            )
        end = time.monotonic() + _CARRIED_OUT_S
        while time.monotonic() < end:
            row = await connection.fetchrow(sql["letter"], id)
            assert row is not None
            if row["status"] != status:
                return str(row["status"]), row["case_ref"] is not None
            await asyncio.sleep(0.1)
    raise SetupError(f"{service} did not carry it out yet: is it running? `throughcare status`.")


async def _find(address: Address, start: str) -> tuple[str, UUID]:
    matches = [
        (letter["service"], UUID(letter["id"]))
        for letter in await _letters(address, True)
        if letter["id"].startswith(start.lower())
    ]
    if len(matches) != 1:
        many = "Several dead letters begin" if matches else "No dead letter begins"
        raise SetupError(f"{many} with that: take more of the id from `throughcare dlq list`.")
    return matches[0]


def _plain(service: str, row: Any) -> dict[str, Any]:
    plain = {k: v for k, v in row.items() if k != "sealed"}
    return {"service": service} | {
        k: v if v is None or isinstance(v, int) else str(v) for k, v in plain.items()
    }
