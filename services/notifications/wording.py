"""The words of a message: few, the same for every kind of notice, and checked once rendered.

A message to a desk may hold the time by which to act, the party's short code for the case and a
link (domain rules of notifications). Everything else is read after signing in.
"""

import re
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

import yaml

_FOLDER = files("throughcare.services.notifications").joinpath("templates")
#: Capital's zone by country: what a desk there reads on its clock.
_ZONES = {
    "KG": "Asia/Bishkek",
    "KZ": "Asia/Almaty",
    "TJ": "Asia/Dushanbe",
    "TM": "Asia/Ashgabat",
    "UZ": "Asia/Tashkent",
}
LANGUAGES = ("en", "ru", "ky", "kk", "tg", "tk", "uz")
_DESK = "desk"


class TellingWordError(Exception):
    """A rendered message holds a word that says what it is about; the word is not repeated here."""


class Text(NamedTuple):
    subject: str
    body: str


def compose(
    language: str,
    country: str,
    act_by: datetime | None,
    code: str | None,
    link: str,
    *,
    more: bool = False,
) -> Text:
    """The text for a desk. A language without an approved text gets "call the desk" instead.

    `more`: it stands for several things, of which the most pressing is named; never for how many.
    """
    primary = language.split("-")[0].lower()
    words = _words(primary) if primary in LANGUAGES else _words(_DESK)
    if words["status"] != "approved":
        words = _words(_DESK)
    form: Literal["act", "look"] = "look" if act_by is None else "act"
    time = "" if act_by is None else local_time(act_by, country)
    lines = [words[form]["body"].format(time=time).strip(), ""]
    if code is not None:
        lines.append(words["code"].format(code=code))
    if more and words["more"]:
        lines.append(words["more"])
    lines.append(words["link"].format(link=link))
    if words["foot"]:
        lines += ["", words["foot"]]
    return Text(words[form]["subject"].format(time=time), "\n".join(lines) + "\n")


def local_time(moment: datetime, country: str) -> str:
    """As a desk in that country reads it, with the offset: `14:00, 01.03.2026 (UTC+6)`."""
    local = moment.astimezone(ZoneInfo(_ZONES[country]) if country in _ZONES else UTC)
    minutes = int((local.utcoffset() or UTC.utcoffset(None)).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    offset = f"{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")
    return f"{local:%H:%M, %d.%m.%Y} (UTC{offset})"


def check(*parts: str, country: str = "") -> None:
    """Raise TellingWordError if anything that leaves holds a word of any language's list.

    `country`: of whom it goes to; its own list counts too.
    """
    for part in parts:
        if _telling(country).search(part.casefold()):
            raise TellingWordError


@cache
def _words(name: str) -> dict[str, Any]:
    words: dict[str, Any] = yaml.safe_load(_FOLDER.joinpath(f"{name}.yaml").read_text("utf-8"))
    return words


@cache
def _telling(country: str) -> re.Pattern[str]:
    lists = yaml.safe_load(_FOLDER.joinpath("telling_words.yaml").read_text("utf-8"))
    patterns = []
    own = lists["countries"].get(country, [])
    for words in [*(lists[language] for language in LANGUAGES), own]:
        for word in words:
            stem = re.escape(word.rstrip(".").casefold()).replace(r"\ ", r"[\s_-]+")
            if word.endswith("."):  # stands for itself alone; a code may hold its letters
                patterns.append(rf"(?<![^\W_]){stem}(?![^\W_])")
            else:
                patterns.append(rf"(?<![^\W\d_]){stem}")
    return re.compile("|".join(patterns))
