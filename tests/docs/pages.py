"""The pages of this repository as the tests read them."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced piece of a page."""

    language: str
    text: str


def pages() -> list[Path]:
    """Every page for readers, the services' own included."""
    folders = ("docs", "services", "deploy")
    found = [page for folder in folders for page in (ROOT / folder).rglob("*.md")]
    return sorted([*ROOT.glob("*.md"), *found])


def blocks(page: str, language: str) -> list[str]:
    """The pieces of a page in one language, in their order."""
    text = (ROOT / page).read_text("utf-8")
    found = (Block(*match.groups()) for match in _FENCE.finditer(text))
    return [block.text for block in found if block.language == language]


def table_column(page: str, heading: str, column: int = 0) -> list[str]:
    """A column of the first table under a heading, without marks of code."""
    text = (ROOT / page).read_text("utf-8")
    section = text.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [row.strip("|").split("|")[column].strip().strip("`*") for row in rows[2:]]
