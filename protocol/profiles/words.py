"""Words that a country keeps out of everything that people read."""

import re

from throughcare.protocol.profiles.model import Profile


def forbidden(profile: Profile, text: str) -> str | None:
    """The first beginning of a word that stands in no text of the country; None: nothing does."""
    for terms in profile.value("words.denied").values():
        for term in terms:
            if re.search(rf"\b{re.escape(term)}", text, re.IGNORECASE):
                return str(term)
    return None


def is_silent(profile: Profile, group: str) -> bool:
    """Whether a group of keys, such as `oat`, is shown in no document or picture."""
    return "words.silent" in profile.by_name and group in profile.value("words.silent")


def case_label(profile: Profile, language: str) -> str:
    """How a case is called wherever a person reads it; English where there is no word yet."""
    label = profile.value("words.case_label")
    return str(label.get(language, label["en"]))
