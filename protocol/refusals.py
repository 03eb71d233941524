"""Every reason to say no, once: its code, its sentences, the rule it comes from, its kind of answer.

The list is data: `refusals.yaml`, with a sentence in each of seven languages.
"""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Literal, NamedTuple, get_args

import yaml

#: conflict: the case is not in the state for it (409); unprocessable: never right as it stands
#: (422); forbidden: not for this role (403).
Answer = Literal["conflict", "unprocessable", "forbidden"]

LANGUAGES = ("en", "ru", "kk", "ky", "tg", "tk", "uz")
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Refusal(NamedTuple):
    code: str
    en: str
    ru: str
    #: Where the rule stands.
    rule: str
    answer: Answer
    #: The sentence by language, all of `LANGUAGES`.
    sentences: Mapping[str, str]

    def said(self, language: str) -> str:
        """In a language, with its script or without (`ky`, `ky-Cyrl`); English for any other.

        Uzbek is written in Latin script here: who reads the other one is answered in Russian.
        """
        if language == "uz-Cyrl":
            return self.ru
        return self.sentences.get(language.partition("-")[0].lower(), self.en)


def read(text: str) -> tuple[dict[str, Refusal], frozenset[str]]:
    """The refusals by code, and the languages that are drafts. Raises ValueError."""
    tree: dict[str, Any] = yaml.load(text, _Loader)
    found = {}
    for code, parts in tree["refusals"].items():
        wrong = {"rule", "answer", *LANGUAGES} ^ set(parts)
        if wrong or parts["answer"] not in get_args(Answer):
            raise ValueError(f"refusals.yaml: {code}: {', '.join(sorted(wrong)) or 'answer'}")
        sentences = {language: parts[language] for language in LANGUAGES}
        found[code] = Refusal(
            code, parts["en"], parts["ru"], parts["rule"], parts["answer"], sentences
        )
    return found, frozenset(tree["drafts"])


REFUSALS: dict[str, Refusal]
#: Languages whose sentences no native speaker has read yet.
DRAFTS: frozenset[str]
REFUSALS, DRAFTS = read(files("throughcare.protocol").joinpath("refusals.yaml").read_text("utf-8"))

#: Why a fact had no effect: not refusals, but said with the same care.
SUPERSEDED: dict[str, str] = {
    "older-than-applied": "A later fact of the same kind has been applied.",
}

#: Why something waits.
HELD: dict[str, str] = {
    "case-not-heard": "The case's opening has not arrived at this half yet.",
}
