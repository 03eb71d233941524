"""A no is said in the reader's language, and a language nobody has read over says so."""

import re

import pytest

from throughcare.protocol.profiles import CURRENT, current
from throughcare.protocol.profiles.words import forbidden
from throughcare.protocol.refusals import DRAFTS, LANGUAGES, REFUSALS, read

#: Letters that the language has and its neighbours in the list have not; Russian has none.
_OWN = {"kk": "ұіғқ", "ky": "ңөү", "tg": "ӣӯҳқ", "tk": "äňşý"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_refusal_has_a_sentence_in_each_language(language: str) -> None:
    sentences = {refusal.said(language) for refusal in REFUSALS.values()}

    assert len(sentences) == len(REFUSALS)
    assert all(sentence.endswith(".") for sentence in sentences)
    if language in _OWN:
        written = "".join(sentences).lower()
        assert all(letter in written for letter in _OWN[language])
    if language in ("en", "tk", "uz"):
        assert not re.search("[а-я]", "".join(sentences).lower())


def test_a_language_that_no_native_speaker_read_over_is_a_draft() -> None:
    assert {"kk", "ky", "tg", "tk", "uz"} == DRAFTS
    assert set(LANGUAGES) - DRAFTS == {"en", "ru"}


def test_a_script_is_answered_in_what_its_reader_reads() -> None:
    refusal = REFUSALS["case-closed"]

    assert refusal.said("ky-Cyrl") == refusal.said("ky") == "Иш жабылган."
    assert refusal.said("uz-Latn") == "Ish yopilgan."
    assert refusal.said("uz-Cyrl") == refusal.ru
    assert refusal.said("de") == refusal.en


def test_no_sentence_holds_a_word_that_a_country_keeps_silent() -> None:
    for country in CURRENT:
        for refusal in REFUSALS.values():
            assert forbidden(current(country), " ".join(refusal.sentences.values())) is None


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("{rule: r, answer: conflict, en: a, ru: b}", "kk, ky, tg, tk, uz"),
        ("{rule: r, answer: no, en: a, ru: a, kk: a, ky: a, tg: a, tk: a, uz: a}", "answer"),
        ("{rule: r, answer: conflict, en: a, ru: a, kk: a, ky: a, tg: a, tk: a, uz: a, x: a}", "x"),
    ],
)
def test_a_refusal_without_its_sentences_is_refused_itself(entry: str, says: str) -> None:
    with pytest.raises(ValueError, match=f"tea: {says}"):
        read(f"drafts: []\nrefusals:\n  tea: {entry}\n")
