"""`throughcare verify`: is the log whole, and is it the one that was signed.

Exit codes: 0 it is, 1 it is not, 2 it could not be looked at.
"""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import orjson
import typer

from throughcare.runtime.errors import SetupError
from throughcare.runtime.settings import Settings
from throughcare.services.timeline.audit import Report
from throughcare.services.timeline.checkpoint import (
    NoteError,
    VerifierKey,
    public_key_file,
    read_verifier,
)
from throughcare.services.timeline.export import export_log, verify_export
from throughcare.services.timeline.verifier import notes_in, verify_database


def verify(
    database: Annotated[
        str | None,
        typer.Option(help="postgresql://… of the log; else THROUGHCARE_DATABASE__URL."),
    ] = None,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(
            help="Checkpoints held outside: a file or a folder, as often as you like; "
            "else THROUGHCARE_CHECKPOINT_DIR."
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            help="The pinned public key: a file, or name+hash+key itself; "
            "else the .pub beside THROUGHCARE_SIGNING_KEY_FILE."
        ),
    ] = None,
    export: Annotated[
        Path | None, typer.Option(help="Verify this export instead of a database; - is stdin.")
    ] = None,
    dump: Annotated[
        Path | None,
        typer.Option(help="Write the log to this file as JSON lines instead of verifying it."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Compute the whole log anew and compare it with what was signed."""
    settings = Settings()
    url = database or settings.database.url.get_secret_value()
    try:
        if dump is not None:
            _dump(url, dump)
            return
        report = _verify(url, _key(key, settings), _places(checkpoint, settings), export)
    except SetupError as error:
        print(f"throughcare verify: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    _print(report, as_json)
    raise typer.Exit(0 if report.verified else 1)


def run_verify(url: str, key_file: Path, checkpoints: Path | None) -> Report:
    """The same for other commands, such as the demo's report."""
    places = [] if checkpoints is None else [checkpoints]
    return _verify(url, read_verifier(public_key_file(key_file)), places, None)


def _verify(url: str, key: VerifierKey, places: list[Path], export: Path | None) -> Report:
    notes = notes_in(places)
    if export is None:
        return asyncio.run(verify_database(url, key, notes))
    if str(export) == "-":
        return verify_export(sys.stdin.buffer, key, notes)
    try:
        with export.open("rb") as file:
            return verify_export(file, key, notes)
    except OSError:
        raise SetupError(f"The export {export} cannot be read.") from None


def _dump(url: str, path: Path) -> None:
    try:
        with path.open("xb") as file:
            path.chmod(0o600)
            leaves = asyncio.run(export_log(url, file))
    except FileExistsError:
        raise SetupError(f"{path} exists already; name a new file.") from None
    except OSError:
        raise SetupError(f"{path} cannot be written.") from None
    print(f"{leaves} leaves written to {path}", file=sys.stderr)


def _key(given: str | None, settings: Settings) -> VerifierKey:
    if given is not None and not Path(given).exists():
        try:
            return VerifierKey.parse(given)
        except NoteError as error:
            raise SetupError(f"--key {given}: {error}, and no such file either.") from None
    if given is not None:
        return read_verifier(Path(given))
    if settings.signing_key_file is None:
        raise SetupError("Name the public key that you trust with --key.")
    return read_verifier(public_key_file(settings.signing_key_file))


def _places(given: list[Path] | None, settings: Settings) -> list[Path]:
    if given:
        return given
    folder = settings.checkpoint_dir
    return [folder] if folder is not None and folder.exists() else []


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
