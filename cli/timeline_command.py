"""`throughcare timeline ALIAS`: one case's timeline, as the party may see it whose key is used."""

import re
import sys
from typing import Annotated, Any
from urllib.parse import quote

import httpx2
import orjson
import typer

from throughcare.cli.at import at
from throughcare.cli.options import AsJson, Home
from throughcare.runtime.errors import SetupError

#: Codes, refs and moments; nothing in a timeline is free text, but a terminal takes commands.
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\u00a0-\uffff]")
_TYPE = re.compile(r"org\.throughcare\.\w+\.(.+)\.v\d+")
_PATIENCE_S = 30.0


def timeline(
    alias: Annotated[str, typer.Argument(help="What the party calls the case.")],
    as_role: Annotated[
        str,
        typer.Option(
            "--as",
            help="Whose key of this home to use, where `up` made one for each role.",
            show_default=True,
        ),
    ] = "monitor",
    key: Annotated[
        str | None,
        typer.Option(help="An API key to use instead.", envvar="THROUGHCARE_API_KEY"),
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show what happened to a case. The reading itself becomes a leaf of the log."""
    address = at(home)
    asked = (
        f"Asked as {as_role}: --as or --key names another."
        if key is None
        else "Asked as whose key --key or THROUGHCARE_API_KEY is."
    )
    key = key or address.api_keys.get(as_role)
    if key is None:
        raise SetupError(f"There is no API key for {as_role} here: name one with --key.")
    body = _get(f"{address.http}/v1/cases/{quote(alias, safe='')}/timeline", key, asked)
    if as_json:
        print(orjson.dumps(body, option=orjson.OPT_INDENT_2).decode())
        return
    for entry in body["entries"]:
        print(_line(entry))
    if not body["entries"]:
        print("nothing is known yet", file=sys.stderr)


def _get(url: str, key: str, asked: str) -> Any:
    try:
        answer = httpx2.get(url, headers={"Authorization": f"Bearer {key}"}, timeout=_PATIENCE_S)
        body = answer.json()
    except (httpx2.HTTPError, ValueError):
        raise SetupError("The gateway does not answer: `throughcare status` tells why.") from None
    if answer.status_code != 200:
        no = _plain(body.get("detail") or body.get("title") or "Refused.")
        print(f"{no} {asked}", file=sys.stderr)
        raise typer.Exit(1)
    return body


def _line(entry: dict[str, Any]) -> str:
    """One entry on one line: when, what, and the codes that say more.

    Of what is not seen in full only the date (UTC) is told, and to a monitor how many days after the first step.
    """
    when = entry.get("occurred_at") or entry.get("occurred_on") or f"day {entry['day']:>4}"
    name = _TYPE.sub(r"\1", entry["type"]) if entry["kind"] == "event" else entry["kind"]
    said = ", ".join(
        f"{field}: {('no', 'yes')[value] if isinstance(value, bool) else value}"
        for field, value in (entry.get("data") or {}).items()
        if isinstance(value, str | int) and not field.endswith("_id")
    )
    return _plain(f"{when:22} {name:30} {said}".rstrip())


def _plain(text: str) -> str:
    return _UNPRINTABLE.sub("?", text)
