"""`throughcare protocol`. Exit codes: 0 done, 1 the protocol is not as it must be, 2 not possible."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from throughcare.cli.options import AsJson
from throughcare.runtime.errors import SetupError

app = typer.Typer(help="Show, check, draw, write out and sign a country's protocol.")

Country = Annotated[str, typer.Argument(help="Two letters, as KG; or a version, as kg-2026.1.")]
Language = Annotated[str, typer.Option("--lang", help="ru or en.")]
SignaturesIn = Annotated[
    Path | None,
    typer.Option(
        "--signatures",
        help="Folder of the files of signatures.",
        envvar="THROUGHCARE_PROTOCOL__SIGNATURES",
    ),
]


@app.command()
def show(country: Country, signatures: SignaturesIn = None, as_json: AsJson = False) -> None:
    """Show every value of a country with its source, its status and whether it is signed."""
    from throughcare.cli.protocol import showing

    print(showing.show(country, signatures, as_json))


@app.command()
def check(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="A country's file or a table of machines.", show_default="all that ship"
        ),
    ] = None,
    comments: Annotated[
        Path | None,
        typer.Option(help="Folder of the working group's comments, one file a version."),
    ] = None,
) -> None:
    """Say what is wrong with a protocol, as file:line: what; exit code 1 where anything is."""
    from throughcare.cli.protocol import checking

    problems = checking.problems_of(file, comments)
    for problem in problems:
        print(problem)
    if problems:
        raise typer.Exit(1)
    print("nothing is wrong", file=sys.stderr)


@app.command()
def diagram(
    country: Country,
    out: Annotated[Path, typer.Option(help="The SVG to write.")],
    language: Language = "ru",
) -> None:
    """Draw the machines of the protocol."""
    with _extra():
        from throughcare.cli.protocol import diagram as drawing

    _write(out, {".svg": lambda: drawing.draw(country, language).encode()})


@app.command()
def document(
    country: Country,
    out: Annotated[Path, typer.Option(help="The .docx or .pdf to write.")],
    language: Language = "ru",
    comments: Annotated[
        Path | None, typer.Option(help="Folder of comments to print with it.")
    ] = None,
) -> None:
    """Write the protocol out as a document that parties can read, comment on and sign."""
    with _extra():
        from throughcare.cli.protocol import docx, pdf
    from throughcare.cli.protocol.text import compose

    _write(
        out,
        {
            ".docx": lambda: docx.render(compose(country, language, comments)),
            ".pdf": lambda: pdf.render(compose(country, language, comments)),
        },
    )


@app.command()
def sign(
    country: Country,
    parties: Annotated[str, typer.Option(help="Two codes, as moj-kg,ngo-one.")],
    signatures: SignaturesIn = None,
    key: Annotated[
        list[str] | None,
        typer.Option(help="A key or a group of keys; again for more.", show_default="all"),
    ] = None,
) -> None:
    """Note that two parties signed values as they stand; a value that changes is signed no more."""
    from throughcare.cli.protocol import signing

    if signatures is None:
        raise SetupError("Name the folder of signatures with --signatures.")
    path, many = signing.sign(country, parties, signatures, key or [])
    print(f"{many} values signed in {path}", file=sys.stderr)


@contextmanager
def _extra() -> Iterator[None]:
    """What draws and writes is no part of a service: it may be missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise SetupError(
            f"{error.name} is missing: pip install 'throughcare[documents]'."
        ) from None


def _write(out: Path, makers: dict[str, Callable[[], bytes]]) -> None:
    if out.suffix not in makers:
        raise SetupError(f"{out} has to end in {' or '.join(makers)}.")
    made = makers[out.suffix]()
    try:
        out.write_bytes(made)
    except OSError as error:
        raise SetupError(f"{out} cannot be written ({error.strerror}).") from None
    print(out)
