"""The `throughcare` command. Exit codes: 0 done, 1 it is not as asked, 2 something must be set up."""

import importlib
import json
import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from throughcare.cli.options import AsJson, Home
from throughcare.cli.secret_files import read_secret_files
from throughcare.cli.services import SERVICES, module_of
from throughcare.runtime.errors import SetupError

# Each command imports what it needs when it runs: a service that is started again after a crash
# must not wait for Alembic, and --help for nothing at all.

app = typer.Typer(
    name="throughcare",
    help="Carries the thread between prison and care: start it, look at it, stop it.",
    no_args_is_help=True,
    # A traceback with its variables may show what nobody should read in a terminal.
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.command()
def up(
    home: Home = None,
    http_port: Annotated[
        int, typer.Option(help="Port of the pages and the API; 0 takes any free one.")
    ] = 8080,
    ready_file: Annotated[
        Path | None,
        typer.Option(help="Write addresses and API keys here, as JSON, once everything answers."),
    ] = None,
) -> None:
    """Start everything and keep it running until Ctrl-C.

    Kafka and PostgreSQL come along, unless THROUGHCARE_KAFKA__BOOTSTRAP_SERVERS or
    THROUGHCARE_DATABASE__URL name running ones.
    """
    from throughcare.cli import up as starting
    from throughcare.cli.embedded.places import default_home

    starting.up(home or default_home(), http_port, ready_file)


@app.command()
def down(home: Home = None) -> None:
    """Stop what runs in a home, in order."""
    from throughcare.cli import status as looking
    from throughcare.cli.embedded.places import default_home

    if not looking.down(home or default_home()):
        print("nothing runs there", file=sys.stderr)


@app.command()
def status(home: Home = None, as_json: AsJson = False) -> None:
    """Tell what runs in a home; exit code 1 unless everything is ready."""
    from throughcare.cli import status as looking
    from throughcare.cli.embedded.places import default_home

    found = looking.look(home or default_home())
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        for name, process in found["processes"].items():
            print(
                f"{name:15} pid {process['pid']:<8} {'ready' if process['ready'] else 'starting'}"
            )
        if not found["processes"]:
            print(f"nothing runs in {found['home']}")
        elif found["http"]:
            print(f"{found['http']}")
    if not (found["running"] and found["ready"]):
        raise typer.Exit(1)


@app.command()
def prefetch() -> None:
    """Fetch what the embedded Kafka needs, for a machine that will have no network."""
    from throughcare.cli.embedded.jars import ensure_jars

    folder = ensure_jars(lambda line: print(line, file=sys.stderr))[0].parent
    print(folder)


@app.command()
def prepare(
    passwords: Annotated[
        Path | None,
        typer.Option(
            help="Folder with a file intake_password, release_password … for each login.",
            envvar="THROUGHCARE_PASSWORDS",
            show_default="logins stay as they are",
        ),
    ] = None,
) -> None:
    """Migrate the database, let the services sign in, make the topics; for `run` without `up`.

    Needs the owner of the database in THROUGHCARE_DATABASE__URL. Safe to run again.
    """
    from throughcare.cli import prepare as preparing

    preparing.run(passwords)


@app.command()
def healthcheck(service: Annotated[str, typer.Argument(help=", ".join(SERVICES))]) -> None:
    """Tell by the exit code whether this machine's process of a service is alive and can work."""
    from throughcare.cli.healthcheck import is_well

    if service not in SERVICES:
        raise SetupError(f"There is no service {service}: it is one of {', '.join(SERVICES)}.")
    if not is_well(service):
        print(f"{service} is not ready", file=sys.stderr)
        raise typer.Exit(1)


@app.command(hidden=True)
def run(service: Annotated[str, typer.Argument(help=", ".join(SERVICES))]) -> None:
    """Run one service as this process; its address book is the environment."""
    if service not in SERVICES:
        raise SetupError(f"There is no service {service}: it is one of {', '.join(SERVICES)}.")
    importlib.import_module(module_of(service)).main()


def _add_operators_commands() -> None:
    """All but `run`: a service that starts again after a crash must not wait for these."""
    from throughcare.cli import bench, dlq, emit, erased, party, timeline_command, vault, verify
    from throughcare.cli.demo import command
    from throughcare.cli.protocol import command as protocol
    from throughcare.cli.simulate import command as simulating

    app.add_typer(party.app, name="party")
    app.add_typer(protocol.app, name="protocol")
    app.command()(command.demo)
    app.command()(simulating.simulate)
    app.command()(emit.emit)
    app.command()(timeline_command.timeline)
    app.command()(verify.verify)
    app.command()(erased.prove_erased)
    app.command()(bench.bench)
    app.add_typer(dlq.app, name="dlq")
    app.add_typer(vault.app, name="vault")


def main() -> None:
    if sys.argv[1:2] != ["run"]:
        # A terminal gets our sentences, not a client's thoughts about its connections.
        logging.getLogger("aiokafka").addHandler(logging.NullHandler())
        _add_operators_commands()
    try:
        read_secret_files(os.environ)
        app()
    except SetupError as error:
        print(f"throughcare: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
