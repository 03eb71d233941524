"""`throughcare verify`: is the log whole, and is it the one that was signed.

Exit codes: 0 it is, 1 it is not, 2 it could not be looked at.
"""

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import Annotated, NamedTuple

import orjson
import typer

from throughcare.cli.at import at
from throughcare.cli.options import AsJson, Home
from throughcare.runtime.errors import SetupError
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
    home: Home = None,
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
    as_json: AsJson = False,
) -> None:
    """Compute the whole log anew and compare it with what was signed.

    Without options: the log of the running deployment, its key and its own folder of checkpoints.
    Who wants to be sure of somebody else names the key and the checkpoints that they hold.
    """
    places = _places(home)
    url = database or places.url
    if dump is not None:
        _dump(_named(url, places), dump)
        return
    if export is None:
        url = _named(url, places)
    notes = notes_in(checkpoint or places.checkpoints)
    trusted = _key(key, places)
    begun = time.perf_counter()
    if export is not None:
        report = _verify_file(export, trusted, notes)
    else:
        report = asyncio.run(verify_database(_named(url, places), trusted, notes))
    _print(report, time.perf_counter() - begun, as_json)
    if not report.verified:
        raise typer.Exit(1)


def verify_home(home: Path) -> Report:
    """The same for other commands, such as the demo's report. Raises SetupError."""
    places = _places(home)
    notes = notes_in(places.checkpoints)
    return asyncio.run(verify_database(_named(places.url, places), _key(None, places), notes))


class _Places(NamedTuple):
    """Where the log and what proves it are, as far as nobody said otherwise."""

    url: str | None
    key_file: Path | None
    checkpoints: list[Path]
    #: Why there is no `url`.
    missing: str = ""


def _places(home: Path | None) -> _Places:
    try:
        address = at(home)
    except SetupError as error:
        # An export needs no deployment: it is missed only where nothing else is named.
        return _Places(None, None, [], str(error))
    key_file, folder = address.signing_key, address.checkpoints
    return _Places(
        address.postgres,
        key_file if key_file.is_file() else None,
        [folder] if folder != Path() and folder.is_dir() else [],
    )


def _named(url: str | None, places: _Places) -> str:
    if url is None:
        raise SetupError(places.missing)
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


def _print(report: Report, seconds: float, as_json: bool) -> None:
    if as_json:
        print(orjson.dumps(report.to_json(), option=orjson.OPT_INDENT_2).decode())
        return
    for problem in report.problems:
        print(f"  {problem.code}: {problem.text}")
    for note in report.notes:
        print(f"  note: {note}")
    younger = report.leaves - report.outside_size
    print(f"  {report.leaves} leaves in {seconds:.1f} s, root {report.root}")
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
