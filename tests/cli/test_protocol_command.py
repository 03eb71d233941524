"""`throughcare protocol`: what it shows, what it finds, what it draws and writes, what it refuses."""

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from datetime import date
from importlib.resources import files
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
import yaml
from docx import Document as Word
from reportlab.lib.units import cm
from reportlab.pdfbase.pdfmetrics import stringWidth

from throughcare.cli.protocol import checking, diagram, docx, pdf, signing
from throughcare.cli.protocol.gate import require_signed, signatures_of
from throughcare.cli.protocol.showing import profile_of, show
from throughcare.cli.protocol.text import Grid, Rule, compose
from throughcare.cli.protocol.wording import LANGUAGES, count, words
from throughcare.protocol.machines import table
from throughcare.protocol.profiles import CURRENT, current, read
from throughcare.protocol.profiles.signing import Pilot, fingerprint, left_open, unsigned
from throughcare.protocol.profiles.words import forbidden
from throughcare.protocol.refusals import REFUSALS
from throughcare.protocol.roles import MAY
from throughcare.runtime.errors import SetupError
from throughcare.runtime.settings import Protocol

COUNTRIES = sorted(CURRENT)
TODAY = date(2026, 11, 22)


def throughcare(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).parent / "throughcare", "protocol", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


# -- check and show --------------------------------------------------------------------------------


def test_all_that_ships_is_right() -> None:
    done = throughcare("check")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "nothing is wrong\n")


def test_a_wrong_file_is_told_by_line_and_exit_code_1(tmp_path: Path) -> None:
    file = tmp_path / "xx.yaml"
    file.write_text("country: {value: KG, source: x, status: tbc}\nprotocol_version: {value: 1}\n")

    done = throughcare("check", file)

    assert done.returncode == 1
    assert f"{file}:2: protocol_version has value, source and status" in done.stdout


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "m: {ends: [x], states: [x], rows: [{event: case-opened, from: [], to: x}]}",
            "m has no title in ru",
        ),
        (
            "case: {ends: [x], states: [x], rows: [{event: tea-made, from: [], to: x}]}",
            "case: tea-made has no word in en",
        ),
        (
            "case: {ends: [x], states: [x], rows: [{event: case-opened, from: [], to: y}]}",
            "case: case-opened names the unknown state y",
        ),
        ("oat: {community: {value: 7, source: x, status: tbc}}", "oat.community is not as it"),
    ],
)
def test_what_has_no_word_or_no_shape_is_found(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(text)

    assert any(says in str(problem) for problem in checking.problems_of(file))


@pytest.mark.parametrize(
    "file", ["protocol/refusals.yaml", "cli/protocol/wording/ru.yaml", "docker-compose.yml"]
)
def test_a_file_of_another_kind_is_one_sentence_and_a_few_lines(file: str) -> None:
    found = checking.problems_of(Path(__file__).parents[2] / file)

    assert "neither a country's protocol nor a table of machines" in str(found[0])
    assert 1 < len(found) < 6


@pytest.mark.parametrize("text", ["just words", "a: [", "rows: 1"])
def test_what_can_hardly_be_read_is_still_a_sentence(tmp_path: Path, text: str) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(text)

    assert "neither a country's protocol" in str(checking.problems_of(file)[0])


@pytest.mark.parametrize("rest", ["", ", rows: 5", ", rows: [5]"])
def test_a_machine_without_rows_beside_one_that_has_them_is_named(
    tmp_path: Path, rest: str
) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(
        "case: {ends: [x], states: [x], rows: [{event: case-opened, from: [], to: x}]}\n"
        f"m: {{ends: [x], states: [x]{rest}}}\n"
    )

    assert any(str(problem).startswith(f"{file}:2: m") for problem in checking.problems_of(file))


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot be read"):
        checking.problems_of(tmp_path / "none.yaml")


def test_every_value_is_shown_with_its_source_and_whether_it_is_signed() -> None:
    told = json.loads(show("kz", None, as_json=True))

    assert (told["version"], told["standing"]) == ("kz-2026.1", "draft")
    assert len(told["keys"]) == len(current("KZ").keys)
    assert not any(key["signed"] for key in told["keys"] if key["status"] != "sourced")
    text = show("KZ", None, as_json=False)
    assert re.search(r"proposed unsigned +oat.in_prison = ", text)
    assert "neither sourced nor signed" in text


def test_a_country_without_a_protocol_is_one_sentence() -> None:
    with pytest.raises(SetupError, match="one of KG, KZ, TJ, TM, UZ"):
        profile_of("XX")


def test_a_version_is_found_by_its_name_so_that_a_draft_can_be_read_beside_what_runs() -> None:
    assert profile_of("kg-2026.1") is profile_of("KG") is profile_of("kg")
    with pytest.raises(SetupError, match="one of KG, KZ, TJ, TM, UZ"):
        profile_of("kg-1999.1")


# -- words -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_act_deadline_and_value_has_its_words(language: str) -> None:
    told = words(language)

    assert {model.name for model in MAY} <= set(told["acts"])
    for country in COUNTRIES:
        names = current(country).by_name
        codes = {name.split(".")[1] for name in names if name.startswith("deadlines.")}
        assert codes <= set(told["deadlines"])
        assert set(current(country).services) <= set(told["services"])
    assert {state for one in table().machines.values() for state in one.states} <= {
        state for states in told["states"].values() for state in states
    }


def test_both_languages_have_the_same_words() -> None:
    def keys(node: object, path: str = "") -> set[str]:
        if isinstance(node, dict):
            return {path}.union(*(keys(child, f"{path}.{key}") for key, child in node.items()))
        if isinstance(node, list):
            return {f"{path}[{len(node)}]"}
        return {path}

    assert keys(words("ru")) == keys(words("en"))


def test_russian_numbers_take_their_form() -> None:
    days = words("ru")["units"]["day"]

    said = [count(number, days, "ru") for number in (1, 3, 5, 11, 21, 24)]
    assert said == ["1 день", "3 дня", "5 дней", "11 дней", "21 день", "24 дня"]
    assert count(1, ["day", "days", "days"], "en") == "1 day"


def test_a_language_without_words_is_one_sentence() -> None:
    with pytest.raises(SetupError, match="en and ru, not xx"):
        words("xx")


# -- document --------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("country", COUNTRIES)
def test_a_document_says_who_does_what_by_when_in_every_country(
    country: str, language: str
) -> None:
    document = compose(country, language)
    text = document.text()

    for refusal in REFUSALS.values():
        assert getattr(refusal, language) in text
    assert "D17" in text
    assert "D07" in text
    assert ("D10" in text) == current(country).value("oat.community")
    assert ("D31" in text) == (country == "UZ")
    numbers = [block.number for block in document.blocks if isinstance(block, Rule)]
    assert len(numbers) == len(set(numbers))
    for block in document.blocks:
        if isinstance(block, Grid):
            assert {len(row) for row in block.rows} <= {len(block.columns)}
            assert sum(block.widths) == pytest.approx(1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_words_are_to_be_neutral_no_document_or_picture_says_more(language: str) -> None:
    profile = current("TM")
    shown = compose("TM", language).text() + diagram.draw("TM", language)

    assert forbidden(profile, shown) is None
    for word in ("drug", "narco", "opioid", "methadone", "naloxone", "overdose"):
        assert word not in shown.lower()
    assert "naloxone" in diagram.draw("KG", "en").lower()


def _deadlines(country: str, language: str) -> dict[str, tuple[str, ...]]:
    return {
        row[0]: row
        for block in compose(country, language).blocks
        if isinstance(block, Grid) and block.columns[1] in ("Promise", "Обязательство")
        for row in block.rows
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_duty_that_no_service_keeps_is_marked_and_names_nobody_who_is_told(language: str) -> None:
    mark = words(language)["document"]["deadlines"]["not_run"]

    found = _deadlines("KG", language)

    assert {code for code, row in found.items() if mark in row[1]} == {"D25", "D26", "D27", "D30"}
    assert {row[3] for row in found.values() if mark in row[1]} == {"—"}


def test_the_steps_of_a_deadline_are_said_with_their_unit() -> None:
    found = _deadlines("KG", "ru")

    assert found["D11"][2].startswith("рубежи: 7 дней, 1 день")
    assert found["D17"][2] == "рубежи: 48 часов, 72 часа"
    assert found["D19"][2] == "рубежи: 7 дней, 14 дней, 21 день, 28 дней"
    assert found["D21"][2] == "рубежи: 30 дней, 90 дней, 180 дней"
    assert found["D22b"][2].endswith("проверки: 30 дней; если человека видели с дня: 90")
    assert found["D23"][2] == "рубежи: 24 часа, 72 часа"
    assert found["weekend-release"][2] == "14 дней"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_number_of_a_deadline_is_too_wide_for_its_column(language: str) -> None:
    pdf.render(compose("UZ", language))  # brings the font
    for block in compose("UZ", language).blocks:
        if isinstance(block, Grid) and block.columns[1] in ("Promise", "Обязательство"):
            room = 17 * cm * block.widths[0] - 12  # the padding of a cell, left and right
            widest = max(stringWidth(row[0], "PTSans", 9) for row in block.rows)
            assert widest < room


def test_who_may_take_a_complaint_down_is_not_just_anybody() -> None:
    rows = {
        row[1]: row[2]
        for block in compose("KG", "en").blocks
        if isinstance(block, Grid)
        for row in block.rows
        if len(row) == 3
    }
    acts = words("en")["acts"]

    assert rows[acts["withdraw-consent"]] == "whichever party the person turns to"
    for act in ("give-feedback", "file-complaint"):
        assert rows[acts[act]].endswith("save: Prison administration")
    assert "Prison administration" in rows[acts["report-legal-request"]]


@pytest.mark.parametrize("country", COUNTRIES)
def test_what_the_law_of_a_country_says_stands_in_the_readers_language(country: str) -> None:
    told, labels = compose(country, "ru"), words("ru")["keys"]
    wanted = {one for key, one in labels.items() if key.startswith(("data.", "risks."))}

    rows = [row for b in told.blocks if isinstance(b, Grid) for row in b.rows if row[0] in wanted]

    assert rows
    assert not any(re.search(r"[A-Za-z]{3,}", row[1]) for row in rows)


def test_the_paragraph_on_legal_effects_is_in_the_document() -> None:
    assert "до 18 месяцев" in compose("UZ", "ru").text()
    assert "до 18 месяцев" not in compose("KZ", "ru").text()


def test_a_document_in_russian_speaks_no_english_where_it_speaks_itself() -> None:
    for block in compose("KG", "ru").blocks:
        if isinstance(block, Rule):
            assert not re.search(r"[A-Za-z]{3,}", block.text)


def test_word_opens_the_document_with_its_headings_and_tables() -> None:
    document = compose("KG", "ru")

    word = Word(BytesIO(docx.render(document)))

    assert len(word.tables) == sum(isinstance(block, Grid) for block in document.blocks)
    headings = [one.text for one in word.paragraphs if one.style and one.style.name == "Heading 1"]
    assert headings[0] == "1. Назначение"
    assert headings[-1] == "12. Подписи сторон"


def test_a_pdf_holds_its_own_letters() -> None:
    made = pdf.render(compose("UZ", "ru"))

    assert made.startswith(b"%PDF-")
    assert made.count(b"/FontFile2") == 2


# -- diagram ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_picture_shows_every_state_and_every_step(language: str) -> None:
    made = diagram.draw("KG", language)

    drawn = " ".join("".join(ET.fromstring(made).itertext()).split())
    told = words(language)
    for name, machine in table().machines.items():
        assert told["machines"][name] in drawn
        for state in machine.states:
            assert told["states"][name][state].split()[0] in drawn
        for row in machine.rows:
            assert told["events"][row.event].split()[0] in drawn


def test_the_same_protocol_is_the_same_picture() -> None:
    assert diagram.draw("TJ", "ru") == diagram.draw("TJ", "ru")


def test_pictures_and_documents_are_written_where_they_are_wanted(tmp_path: Path) -> None:
    for command, name in (("diagram", "p.svg"), ("document", "p.docx"), ("document", "p.pdf")):
        done = throughcare(command, "KG", "--out", tmp_path / name, "--lang", "ru")
        assert done.returncode == 0, done.stderr
        assert (tmp_path / name).stat().st_size > 5000
    for place, says in ((tmp_path / "p.txt", "has to end in"), (tmp_path / "no/p.svg", "written")):
        done = throughcare("diagram", "KG", "--out", place)
        assert done.returncode == 2
        assert says in done.stderr


# -- signing ---------------------------------------------------------------------------------------


def test_a_value_is_signed_by_two_parties_as_it_stands(tmp_path: Path) -> None:
    path, many = signing.sign("TM", "moh-tm, centre-one", tmp_path, ["calendar"])

    assert path.name == "tm-2026.1.yaml"
    signed = signatures_of(current("TM"), tmp_path)
    assert many == len(signed.signatures) == 3
    assert signed.signatures[0].parties == ("moh-tm", "centre-one")
    gaps = {key.name for key in unsigned(current("TM"), signed.signatures)}
    assert not any(name.startswith("calendar.") for name in gaps)
    assert "words.denied" in gaps

    key = current("TM").by_name["calendar.weekend"]
    assert fingerprint(key) != fingerprint(key._replace(value=[5, 6]))
    alone = [msgspec.structs.replace(s, parties=("a", "a")) for s in signed.signatures]
    assert "calendar.weekend" in {key.name for key in unsigned(current("TM"), alone)}


@pytest.mark.parametrize("parties", ["one", "one,", "one,one"])
def test_one_party_alone_signs_nothing(tmp_path: Path, parties: str) -> None:
    with pytest.raises(SetupError, match="two different parties"):
        signing.sign("TM", parties, tmp_path, [])


def test_a_key_that_is_not_there_cannot_be_signed(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"tea\.time: no such key"):
        signing.sign("TM", "a,b", tmp_path, ["tea.time"])


def test_signing_again_adds_and_keeps_what_a_pilot_allows(tmp_path: Path) -> None:
    path, first = signing.sign("UZ", "a,b", tmp_path, ["calendar"])
    told = yaml.safe_load(path.read_text("utf-8"))
    told["pilot"] = {"until": date(2026, 12, 31), "gaps": ["deadlines"]}
    path.write_text(yaml.safe_dump(told))

    path, more = signing.sign("UZ", "a,c", tmp_path, ["tracks", "calendar"])

    signed = signatures_of(current("UZ"), tmp_path)
    assert len(signed.signatures) == first + more
    assert signed.pilot == Pilot(date(2026, 12, 31), ("deadlines",))


def test_a_start_for_people_refuses_what_nobody_signed_and_lists_it_all(tmp_path: Path) -> None:
    settings = Protocol(mode="production", country="kg", signatures=tmp_path)

    with pytest.raises(SetupError) as error:
        require_signed(settings, TODAY)

    said = str(error.value)
    gaps = list(unsigned(current("KG"), ()))
    assert f"{len(gaps)} values are neither sourced nor signed" in said
    assert all(f"{key.file}:{key.line}: {key.name} ({key.status})" in said for key in gaps)
    assert "kg-2026.1 is draft, not approved" in said


def test_a_start_for_people_names_its_country() -> None:
    with pytest.raises(SetupError, match="COUNTRY names no country"):
        require_signed(Protocol(), TODAY)


def test_a_draft_is_not_in_force_though_every_value_is_signed(tmp_path: Path) -> None:
    signing.sign("KG", "a,b", tmp_path, [])

    with pytest.raises(SetupError, match=r"is draft, not approved\. Set its standing"):
        require_signed(Protocol(country="KG", signatures=tmp_path), TODAY)


def test_a_pilot_allows_listed_gaps_until_its_day(tmp_path: Path) -> None:
    signing.sign("KG", "a,b", tmp_path, ["calendar"])
    path = tmp_path / "kg-2026.1.yaml"
    told = yaml.safe_load(path.read_text("utf-8"))
    groups = sorted({key.name.split(".")[0] for key in unsigned(current("KG"), ())})
    told["pilot"] = {"until": TODAY, "gaps": groups}
    path.write_text(yaml.safe_dump(told))
    settings = Protocol(mode="pilot", country="KG", signatures=tmp_path)

    assert require_signed(settings, TODAY) == "protocol: kg-2026.1, pilot"
    with pytest.raises(SetupError, match="allowed until 2026-11-22"):
        require_signed(settings, date(2026, 11, 23))
    with pytest.raises(SetupError, match="cannot be used for people"):
        require_signed(settings.model_copy(update={"mode": "production"}), TODAY)


def test_a_gap_is_allowed_by_its_name_or_its_group_and_by_no_likeness() -> None:
    keys = [key for key in current("KG").keys if key.name.startswith("deadlines.D02")]
    pilot = Pilot(TODAY, ("deadlines.D02", "deadlines.D02b.due"))

    left = {key.name for key in left_open(keys, pilot, TODAY)}

    assert "deadlines.D02.routine" not in left
    assert "deadlines.D02b.due" not in left
    assert "deadlines.D02b.escalates" in left


def test_made_up_cases_are_called_so() -> None:
    said = require_signed(Protocol(mode="synthetic"), TODAY)

    assert said == "protocol: synthetic, unsigned: for made-up cases only"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("protocol_version: kg-2025.1", "is about kg-2025.1"),
        ("protocol_version: kg-2026.1\nsigned: []", "cannot be read"),
        ("a: [", "cannot be read"),
    ],
)
def test_a_file_of_signatures_that_is_wrong_signs_nothing(
    tmp_path: Path, text: str, says: str
) -> None:
    (tmp_path / "kg-2026.1.yaml").write_text(text)

    with pytest.raises(SetupError, match=says):
        signatures_of(current("KG"), tmp_path)


@pytest.mark.parametrize("command", [["up"], ["prepare"]])
def test_nothing_starts_before_the_protocol_is_signed(tmp_path: Path, command: list[str]) -> None:
    home = [f"--home={tmp_path}/home"] if command == ["up"] else []
    done = subprocess.run(
        [Path(sys.executable).parent / "throughcare", *command, *home],
        capture_output=True,
        text=True,
        check=False,
        env=_environment(),
    )

    assert done.returncode == 2
    assert "kz-2026.1 cannot be used for people" in done.stderr
    assert not (tmp_path / "home").exists()


def _environment() -> dict[str, str]:
    told = {"THROUGHCARE_PROTOCOL__MODE": "production", "THROUGHCARE_PROTOCOL__COUNTRY": "KZ"}
    return {**os.environ, **told}


# -- comments --------------------------------------------------------------------------------------

COMMENTS = """\
protocol_version: kg-2026.1
comments:
  - {by: ngo-one, key: deadlines.D07, day: 2026-11-20, text: Пять рабочих дней — слишком долго.}
"""


def test_a_comment_on_a_draft_is_printed_with_it(tmp_path: Path) -> None:
    (tmp_path / "kg-2026.1.yaml").write_text(COMMENTS)

    text = compose("KG", "ru", tmp_path).text()

    assert "20.11.2026, ngo-one, deadlines.D07: Пять рабочих дней — слишком долго." in text
    assert checking.problems_of(None, tmp_path) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("kg-2026.1", "kg-2025.1", "is about kg-2025.1"),
        ("deadlines.D07", "deadlines.D7", "deadlines.D7 is not a key of kg-2026.1"),
        ("text: Пять", "case: x, text: Пять", "unknown field `case`"),
        ("comments:", "comments: [", "while parsing"),
    ],
)
def test_a_comment_is_about_the_protocol_and_nothing_else(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    (tmp_path / "kg-2026.1.yaml").write_text(COMMENTS.replace(old, new))

    assert any(says in str(problem) for problem in checking.problems_of(None, tmp_path))
    with pytest.raises(SetupError, match="comments cannot be used"):
        compose("KG", "ru", tmp_path)


def test_a_version_is_commented_only_where_somebody_commented(tmp_path: Path) -> None:
    text = files("throughcare.protocol.profiles").joinpath("kg.yaml").read_text("utf-8")
    profile = read(
        text.replace("standing: {value: draft", "standing: {value: commented"), "kg.yaml"
    )

    (problem,) = checking.comments_on(profile, tmp_path)[1]
    assert "there is no comment" in str(problem)

    (tmp_path / "kg-2026.1.yaml").write_text(COMMENTS)
    assert checking.comments_on(profile, tmp_path)[1] == []
