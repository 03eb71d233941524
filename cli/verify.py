"""`throughcare verify`: is the log whole, and is it the one that was signed.

Exit codes: 0 it is, 1 it is not, 2 it could not be looked at.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Annotated, NamedTuple

import orjson
import typer

from throughcare.cli.embedded.places import default_home
from throughcare.runtime.errors import SetupError
from throughcare.runtime.settings import Settings
from throughcare.services.timeline.audit import Report
from throughcare.services.timeline.checkpoint import (
    NoteError,
    VerifierKey,
    pinned,
    read_verifier,
)
from throughcare.services.timeline.export import export_log, verify_export
from throughcare.services.timeline.verifier import notes_in, verify_database


def verify(
    home: Annotated[
        Path | None,
        typer.Option(help="Home of a running `throughcare up`, for whatever is not named below."),
    ] = None,
    database: Annotated[str | None, typer.Option(help="postgresql://… of the log.")] = None,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(help="Checkpoints held outside: a file or a folder, as often as you like."),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(help="The public key that you trust: a file, or name+hash+key itself."),
    ] = None,
    export: Annotated[
        Path | None, typer.Option(help="Verify this dump instead of a database; - is stdin.")
    ] = None,
    dump: Annotated[
        Path | None,
        typer.Option(help="Write the log to this new file as JSON lines instead of verifying it."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON on stdout.")] = False,
) -> None:
    """Compute the whole log anew and compare it with what was signed."""
    try:
        places = _places(home)
        url = database or places.url
        if dump is not None:
            _dump(_named(url), dump)
            return
        notes = notes_in(checkpoint or places.checkpoints)
        trusted = _key(key, places)
        if export is not None:
            report = _verify_file(export, trusted, notes)
        else:
            report = asyncio.run(verify_database(_named(url), trusted, notes))
    except SetupError as error:
        print(f"throughcare verify: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    _print(report, as_json)
    raise typer.Exit(0 if report.verified else 1)


def verify_home(home: Path) -> Report:
    """The same for other commands, such as the demo's report. Raises SetupError."""
    places = _places(home)
    notes = notes_in(places.checkpoints)
    return asyncio.run(verify_database(_named(places.url), _key(None, places), notes))


class _Places(NamedTuple):
    """Where the log and what proves it are, as far as nobody said otherwise."""

    url: str | None
    key_file: Path | None
    checkpoints: list[Path]


def _places(home: Path | None) -> _Places:
    """By the settings where they name a database and no home was asked for; else by the home."""
    settings = Settings()
    if home is None and "THROUGHCARE_DATABASE__URL" in os.environ:
        folder = settings.checkpoint_dir
        return _Places(
            settings.database.url.get_secret_value(),
            settings.signing_key_file,
            [folder] if folder is not None and folder.exists() else [],
        )
    home = home or default_home()
    told = home / "run" / "up.json"
    key_file, folder = home / "keys" / "signing.pem", home / "checkpoints"
    return _Places(
        json.loads(told.read_text())["postgres"] if told.exists() else None,
        key_file if key_file.exists() else None,
        [folder] if folder.exists() else [],
    )


def _named(url: str | None) -> str:
    if url is None:
        raise SetupError("Nothing runs here: name the log with --database, --home or --export.")
    return url


def _verify_file(path: Path, key: VerifierKey, notes: list[tuple[str, str]]) -> Report:
    if str(path) == "-":
        return verify_export(sys.stdin.buffer, key, notes)
    try:
        with path.open("rb") as file:
            return verify_export(file, key, notes)
    except OSError:
        raise SetupError(f"The export {path} cannot be read.") from None


def _dump(url: str, path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            leaves = asyncio.run(export_log(url, file))
    except FileExistsError:
        raise SetupError(f"{path} exists already: name a new file.") from None
    except OSError:
        raise SetupError(f"{path} cannot be written.") from None
    print(f"{leaves} leaves written to {path}", file=sys.stderr)


def _key(given: str | None, places: _Places) -> VerifierKey:
    if given is None:
        if places.key_file is None:
            raise SetupError("Name the public key that you trust with --key.")
        return pinned(places.key_file)
    if Path(given).exists():
        return read_verifier(Path(given))
    try:
        return VerifierKey.parse(given)
    except NoteError as error:
        raise SetupError(f"--key {given}: no such file, and {error}.") from None


def _print(report: Report, as_json: bool) -> None:
    if as_json:
        print(orjson.dumps(report.to_json(), option=orjson.OPT_INDENT_2).decode())
        return
    for problem in report.problems:
        print(f"  {problem.code}: {problem.text}")
    for note in report.notes:
        print(f"  note: {note}")
    younger = report.leaves - report.outside_size
    print(f"  {report.leaves} leaves, root {report.root}")
    print(
        f"  {report.checkpoints} checkpoints with a good signature; {report.waiting} entries wait"
    )
    if report.forgotten:
        print(f"  {report.forgotten} leaves were forgotten on purpose: their hashes fit")
    if report.outside_size and younger:
        print(f"  the last {younger} leaves are younger than the last checkpoint from outside")
    if report.verified:
        print("verified: the log is whole")
    else:
        first = report.first_bad_index
        where = "" if first is None else f", the first leaf concerned is {first}"
        print(f"NOT verified{where}")
