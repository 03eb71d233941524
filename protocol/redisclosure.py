"""The notice that goes with everything disclosed: what it is for, until when, and that it stays there.

It binds nobody who can compel: the defence against those is not to send (docs/privacy.md).
"""

from collections.abc import Mapping
from datetime import date
from importlib.resources import files
from typing import Any, NamedTuple, get_args

import yaml

from throughcare.contracts.codes import Purpose
from throughcare.protocol.decision import Refused
from throughcare.protocol.refusals import LANGUAGES

_FILE = "redisclosure.yaml"
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: For these nothing of a person leaves, so no notice goes along.
_NOTHING_LEAVES = frozenset({"stat", "qa"})


class Notice(NamedTuple):
    #: Of the text, with its country where that has one of its own, and its language: `r1.tm.tk`.
    version: str
    text: str


class Texts(NamedTuple):
    version: str
    #: Languages that nobody who answers for them has read.
    drafts: frozenset[str]
    texts: Mapping[str, str]
    emergency: Mapping[str, str]
    countries: Mapping[str, Mapping[str, str]]
    purposes: Mapping[str, Mapping[str, str]]


def read(text: str) -> Texts:
    """Raises ValueError where a language, a purpose or one of the two places for it is missing."""
    tree: dict[str, Any] = yaml.load(text, _Loader)
    found = Texts(
        tree["version"],
        frozenset(tree["drafts"]),
        tree["texts"],
        tree["emergency"],
        tree["countries"],
        tree["purposes"],
    )
    _same("texts", set(found.texts), set(LANGUAGES))
    _same("purposes", set(found.purposes), set(get_args(Purpose)) - _NOTHING_LEAVES)
    for purpose, words in found.purposes.items():
        _same(purpose, set(words), set(LANGUAGES))
    for where, texts in {"texts": found.texts, **found.countries}.items():
        for language, sentence in texts.items():
            if sentence.count("{purpose}") != 1 or sentence.count("{until}") != 1:
                raise ValueError(f"{_FILE}: {where}: {language} lacks a place")
    return found


def _same(where: str, these: set[str], those: set[str]) -> None:
    if wrong := these ^ those:
        raise ValueError(f"{_FILE}: {where}: {', '.join(sorted(wrong))}")


TEXTS = read(files("throughcare.protocol").joinpath(_FILE).read_text("utf-8"))


def notice(
    country: str, language: str, purpose: Purpose, until: date, *, drafts: bool = False
) -> Notice | Refused:
    """`language` with its script or without; `until`: the last local day.

    Refused where nobody answers for the words; `drafts`: for made-up cases, these will do.
    """
    # Uzbek is written in Latin script here: who reads the other one reads Russian.
    code = "ru" if language == "uz-Cyrl" else language.partition("-")[0].lower()
    if purpose == "emerg":
        where, texts = "emerg", TEXTS.emergency
    else:
        where = country.lower() if country in TEXTS.countries else ""
        texts = TEXTS.countries.get(country, TEXTS.texts)
    text = texts.get(code)
    if text is None or (code in TEXTS.drafts and not drafts):
        return Refused("notice-is-draft")
    version = ".".join(filter(None, (TEXTS.version, where, code)))
    return Notice(
        version, text.format(purpose=TEXTS.purposes[purpose][code], until=until.isoformat())
    )
