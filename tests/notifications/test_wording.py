"""The words of a message: neutral in every language, and checked once rendered."""

from datetime import UTC, datetime
from importlib.resources import files

import pytest
import yaml

from throughcare.protocol.refusals import REFUSALS
from throughcare.runtime.ids import new_code
from throughcare.services.notifications import wording
from throughcare.services.notifications.wording import TellingWordError, check, compose, local_time

MOMENT = datetime(2026, 3, 1, 19, 30, tzinfo=UTC)
LINK = "https://desk.example/"
FOLDER = files("throughcare.services.notifications").joinpath("templates")


@pytest.mark.parametrize("language", [*wording.LANGUAGES, "desk"])
def test_no_text_holds_a_telling_word_of_any_language(language: str) -> None:
    words = yaml.safe_load(FOLDER.joinpath(f"{language}.yaml").read_text("utf-8"))
    texts = [words["code"], words["more"], words["link"], words["foot"]]
    texts += [part for form in ("act", "look") for part in words[form].values()]

    check(*texts)


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_each_language_has_its_own_list_of_telling_words(language: str) -> None:
    lists = yaml.safe_load(FOLDER.joinpath("telling_words.yaml").read_text("utf-8"))

    for word in lists[language]:
        with pytest.raises(TellingWordError):
            check(f"Before {word.rstrip('.').upper()} after")


@pytest.mark.parametrize(
    "text",
    [
        "your OAT appointment",
        "Methadone",
        "notices@aids-centre.example",
        "https://prison.example/",
        "clean-zone",
        "Чистой зоны",
        "Метадоновая программа",
        "СИЗО-1",
        "наркологический диспансер",
        "ВИЧ",
        "баңгилик",
        "есірткіге",
        "giyohvandlik",
    ],
)
def test_a_telling_word_is_found_in_any_form_and_case(text: str) -> None:
    with pytest.raises(TellingWordError):
        check("Neutral", text)


@pytest.mark.parametrize("text", ["float", "a party", "Martha", "visa", "K7FQ-2MPX", "привычка"])
def test_a_word_that_only_holds_the_letters_of_one_is_not_found(text: str) -> None:
    check(text)


def test_no_code_of_ours_is_a_telling_word() -> None:
    check(*(new_code() for _ in range(20_000)))
    check("K2TB-7MPX", "TB7Q-2MPX", "2HCV-7MPX")


def test_the_time_is_the_desks_own() -> None:
    assert local_time(MOMENT, "KG") == "01:30, 02.03.2026 (UTC+6)"
    assert local_time(MOMENT, "UZ") == "00:30, 02.03.2026 (UTC+5)"
    assert local_time(MOMENT, "XX") == "19:30, 01.03.2026 (UTC+0)"


@pytest.mark.parametrize("language", ["en", "en-Latn", "ru-Cyrl"])
def test_a_language_with_an_approved_text_is_used(language: str) -> None:
    text = compose(language, "KG", MOMENT, "K7FQ-2MPX", LINK)

    assert "01:30, 02.03.2026" in text.subject
    assert "K7FQ-2MPX" in text.body
    assert LINK in text.body


@pytest.mark.parametrize("language", ["ky-Cyrl", "kk", "tg", "tk", "uz-Latn", "de", ""])
def test_a_language_without_an_approved_text_says_call_the_desk_and_no_more(language: str) -> None:
    text = compose(language, "KG", MOMENT, "K7FQ-2MPX", LINK)

    assert text.subject.startswith("Please call the desk")
    assert "2026" not in text.subject + text.body
    assert "K7FQ-2MPX" in text.body


@pytest.mark.parametrize("language", wording.LANGUAGES)
@pytest.mark.parametrize("country", ["KG", "KZ", "TJ", "TM", "UZ"])
@pytest.mark.parametrize("act_by", [None, MOMENT])
@pytest.mark.parametrize("more", [False, True])
def test_no_text_of_any_language_holds_a_word_of_the_countrys_own_list(
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    country: str,
    act_by: datetime | None,
    more: bool,
) -> None:
    """Drafts too, as they will be sent once somebody has approved them."""
    words = {**wording._words(language), "status": "approved"}
    monkeypatch.setattr(wording, "_words", lambda _: words)

    text = compose(language, country, act_by, "K7FQ-2MPX", LINK, more=more)

    assert words["link"].partition("{")[0] in text.body
    check(text.subject, text.body, country=country)


@pytest.mark.parametrize(
    "text",
    ["narkologiýa merkezi", "neşekeşlik", "Психотропные вещества", "Диспансер № 4", "на учёт"],
)
def test_what_turkmenistan_may_not_be_sent_in_any_language_is_found(text: str) -> None:
    with pytest.raises(TellingWordError):
        check("Neutral", text, country="TM")


def test_a_list_of_one_country_binds_no_other() -> None:
    check("Диспансер № 4", country="KZ")


def test_every_kind_of_notice_is_one_of_the_two_texts() -> None:
    """A new kind of notice needs no new words: what it is about is read after signing in."""
    for language in ("en", "ru"):
        words = wording._words(language)
        assert words["status"] == "approved"
        assert set(words) == {"language", "status", "act", "look", "code", "more", "link", "foot"}


def test_the_refusals_would_not_pass_so_the_list_is_no_rubber_stamp() -> None:
    """Sentences that are about the matter hit the list more often than not."""
    hits = 0
    for refusal in REFUSALS.values():
        try:
            check(refusal.en)
        except TellingWordError:
            hits += 1

    assert hits > len(REFUSALS) // 5
