"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Home = Annotated[
    Path | None,
    typer.Option(
        help="Folder of all state: data, logs, keys. Two homes run side by side.",
        envvar="THROUGHCARE_HOME",
        show_default="one of your own",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON on stdout.")]
