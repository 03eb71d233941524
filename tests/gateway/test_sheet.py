"""Who was told what about a person, when and why: for whoever says their code."""

import re
from datetime import UTC, datetime
from typing import get_args
from uuid import UUID, uuid4

import pytest

from throughcare.contracts.codes import DataClass, EmergencyReason
from throughcare.gateway.page import sheet
from throughcare.gateway.person import Sheet, Told
from throughcare.runtime.ids import new_person_code
from throughcare.tests.gateway.desks import Desks, no
from throughcare.tests.gateway.test_gate import Case

pytestmark = pytest.mark.usefixtures("agent")


async def _told(desks: Desks) -> tuple[Case, str]:
    """A case of which the NGO was told something."""
    case = await desks.case()
    await desks.enter(case)
    await desks.enter(case, "P3")
    await desks.accept(case.ref)
    assert (await desks.ask(case, "P1", "P3")).status_code == 201
    return case, await desks.code(case)


async def test_a_person_sees_at_any_desk_who_was_told_what_when_and_why(desks: Desks) -> None:
    case, code = await _told(desks)

    answer = await desks.sheet(code.lower().replace("-", " "))

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    (entry,) = answer.json()["entries"]
    assert entry["party"] == "ngo-bishkek"
    assert entry["data_classes"] == ["P1", "P3"]
    assert (entry["purpose"], entry["purpose_in_words"]) == ("handover", "taking the person over")
    assert entry["notice_version"].startswith("r1.")
    assert datetime.fromisoformat(entry["at"]).tzinfo is not None
    assert "CANARY" not in answer.text
    assert case.prison not in answer.text
    assert case.ngo not in answer.text
    assert str(case.ref) not in answer.text
    assert await desks.leaves("read", case.ref) == 1


async def test_who_was_told_in_an_emergency_stands_on_the_sheet_with_the_reason(
    desks: Desks,
) -> None:
    case = await desks.case()
    await desks.gateway.pool.execute(
        "INSERT INTO vault.disclosures (id, case_ref, party, key_id, data_classes, purpose,"
        " notice_version, emergency_reason, at)"
        " VALUES ($1, $2, 'ik-31', $1, '{P1}', 'emerg', 'r1.en', 'cannot-speak', runtime.now())",
        uuid4(), case.ref,
    )  # fmt: skip

    (entry,) = (await desks.sheet(await desks.code(case))).json()["entries"]

    assert entry["emergency_reason"] == "cannot-speak"
    assert entry["emergency_in_words"] == "you could not speak for yourself"


@pytest.mark.parametrize(
    ("language", "title", "heading"),
    [
        ("en", "Information sheet", "Who was told what about you"),
        ("ru", "Информационный лист", "Кому и что о вас сообщили"),
    ],
)
async def test_the_sheet_prints_as_one_page_without_scripts_and_says_nothing_in_its_title(
    desks: Desks, language: str, title: str, heading: str
) -> None:
    _, code = await _told(desks)

    answer = await desks.at(
        "ik-31", "/v1/person/sheet", {"code": code, "language": language}, Accept="text/html"
    )

    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-language"] == language
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert f"<title>{title}</title>" in answer.text
    assert f"<h1>{heading}</h1>" in answer.text
    assert "ngo-bishkek" in answer.text
    assert not re.search(r"<script|<link|<img|href=|src=", answer.text)
    assert code not in answer.text
    assert "CANARY" not in answer.text


async def test_the_sheet_goes_by_the_readers_language_unless_the_person_says_another(
    desks: Desks,
) -> None:
    code = await desks.code(await desks.case())
    russian = {"Accept-Language": "ru"}

    by_header = await desks.sheet(code, **russian)
    by_body = await desks.at(
        "ik-31", "/v1/person/sheet", {"code": code, "language": "en"}, **russian
    )
    unknown = await desks.at("ik-31", "/v1/person/sheet", {"code": code, "language": "tlh"})

    assert (by_header.json()["language"], by_body.json()["language"]) == ("ru", "en")
    assert by_header.json()["entries"] == []
    assert no(unknown) == (422, "fields")


async def test_a_wrong_code_finds_nobody_and_the_log_knows(desks: Desks) -> None:
    before = await desks.leaves("denied")

    answers = [
        await desks.sheet(new_person_code()),
        await desks.sheet("ABCD"),
        await desks.says(new_person_code()),
    ]

    assert {no(answer) for answer in answers} == {(404, "no-such-code")}
    assert await desks.leaves("denied") == before + 3
    assert await desks.leaves("read", UUID(int=0)) == 0


async def test_after_a_case_was_forgotten_its_code_finds_nobody(desks: Desks) -> None:
    case = await desks.case()
    code = await desks.code(case)
    await desks.gateway.pool.execute("SELECT vault.erase($1)", case.ref)

    assert no(await desks.sheet(code)) == (404, "no-such-code")
    assert no(await desks.says(code)) == (404, "no-such-code")
    again = await desks.prison.post(f"/v1/cases/{case.prison}/person-code")
    assert no(again) == (404, "no-such-case")


def test_the_sheet_has_words_for_every_class_and_reason_in_both_languages() -> None:
    assert set(get_args(DataClass)) == sheet.CLASSES.keys()
    assert set(get_args(EmergencyReason)) == sheet.REASONS.keys()
    for words in (*sheet.TEXT.values(), *sheet.CLASSES.values(), *sheet.REASONS.values()):
        assert words.en != words.ru
        assert re.search("[а-я]", words.ru)
        assert not re.search("[а-я]", words.en)
        # Whoever reads over a shoulder learns nothing.
        assert not re.search(
            r"drug|hiv|prison|colony|наркот|вич|колони|тюрьм|освобожд", f"{words}", re.IGNORECASE
        )


def test_a_sheet_without_lines_says_so_and_whatever_stands_in_one_is_text() -> None:
    at = datetime(2026, 11, 22, 20, 30, tzinfo=UTC)
    evil = Told(at, "<script>", ("P1",), "emerg", "life-in-danger", "r1.en")

    empty = sheet.page(Sheet(at, ()), "en", "KG")
    told = sheet.page(Sheet(at, (evil,)), "en", "KG")
    nowhere = sheet.page(Sheet(at, (evil,)), "ru", "XX")

    assert "Nobody was told anything about you." in empty
    assert "<table" not in empty
    assert "<script" not in told
    assert "you were not asked beforehand" in told
    assert "23&nbsp;Nov&nbsp;2026</time>, 02:30" in told
    assert "20:30 UTC" in nowhere
