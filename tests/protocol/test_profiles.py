"""The protocol is data: each country's file is read, and a wrong one says where it is wrong."""

import subprocess
import sys
from importlib.resources import files

import pytest

from throughcare.contracts.codes import DeadlineCode
from throughcare.protocol import profiles
from throughcare.protocol.profiles import CURRENT, PROFILES, BadProfileError, check, current, read

TEXT = files("throughcare.protocol.profiles").joinpath("kg.yaml").read_text("utf-8")


def _line(text: str, part: str) -> int:
    """Of the first line that holds the part."""
    return next(n for n, line in enumerate(text.splitlines(), 1) if part in line)


def test_cases_of_a_country_begin_under_its_current_version() -> None:
    assert current("KG").version == "kg-2026.1"
    assert all(PROFILES[version].country == country for country, version in CURRENT.items())


def test_every_value_says_where_it_comes_from() -> None:
    for profile in PROFILES.values():
        for key in profile.keys:
            assert key.source, key.name
            assert key.status in ("sourced", "proposed", "tbc")


def test_every_deadline_says_whom_it_alarms() -> None:
    codes: tuple[DeadlineCode, ...] = DeadlineCode.__args__  # type: ignore[attr-defined]
    for profile in PROFILES.values():
        for code in codes:
            steps = {"D17": profile.contact_hours, "D23": profile.care.recall_hours}
            step = steps.get(code, (None,))[0]
            assert profile.alarms_of(code, step)


def test_probation_and_police_are_never_alarmed() -> None:
    for profile in PROFILES.values():
        told = {alarm.to for alarms in profile.alarms.values() for alarm in alarms}
        assert told <= {
            *("receiver", "protocol-coordinator", "prison-admin", "prison-health", "prison-psych"),
            *("dpo", "monitor"),
        }


def test_each_service_can_be_given_by_a_receiver_that_may_get_what_it_needs() -> None:
    """But for probation, where the person goes with their papers."""
    for profile in PROFILES.values():
        for service in profile.services.values():
            for receiver in service.receivers - {"probation"}:
                assert service.classes <= profile.receivers[receiver].classes


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", "xx.yaml:2: not YAML"),
        ("just words", "xx.yaml:1: the file holds no keys"),
        ("country: KG", "country holds no keys"),
        ("country: {value: KG, source: x}", "country has value, source and status"),
        ("country: {value: KG, source: x, status: sure}", "country has the status 'sure'"),
        ("country: {value: KG, source: ' ', status: tbc}", "country names no source"),
        ("country: {value: KG, source: x, status: tbc}", "xx.yaml:1: time_zone is missing"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name_and_the_place(text: str, says: str) -> None:
    with pytest.raises(BadProfileError) as error:
        read(text, "xx.yaml")

    assert says in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("Asia/Bishkek", "Asia/Nowhere", "time_zone: no such time zone: Asia/Nowhere"),
        ('"2026-01-07"', '"7 January"', "calendar.holidays is not as it should be"),
        ("languages:", "speech:", "speech is not a key of a profile"),
        ("  oat-site:", "  oat-sight:", "receivers.oat-sight is not a key of a profile"),
        ("  detox:", "  detocks:", "services.detocks is not a key of a profile"),
        ("receivers: [oat-site]", "receivers: [oat-sight]", "services.oat is not as it should be"),
        ("receivers: [oat-site]", "receivers: [mahalla]", "which is no receiver in this country"),
        ("receivers: [oat-site]", "receivers: [probation]", "needs more than probation may ever"),
        (
            "{care: false, classes: [P0]}",
            "{care: false, classes: [P0, P1]}",
            "allow P1, which disclo",
        ),
        ("care: true, cl", "caring: true, cl", "receivers.ngo is not as it should be"),
        ("atlantis: {value: {state: active", "atlantis: {value: {state: idea", "names atlantis"),
        ("community: {value: true", "community: {value: false", "and yet services.oat is offered"),
        ("{en: Republican", "{xx: Republican", "monitoring_body has no text in en"),
        ("since: {value: 2002", "community: {value: 2002", "oat.community stands here twice"),
    ],
)
def test_a_mistake_is_named_by_file_line_and_key(old: str, new: str, says: str) -> None:
    text = TEXT.replace(old, new, 1)
    assert text != TEXT

    found = check(text, "xx.yaml")

    assert any(says in problem.text for problem in found), found
    assert all(problem.file == "xx.yaml" and problem.line > 0 for problem in found)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("D07: {habitual: {value: {amount: 5, unit: wd}", "deadlines.D07.habitual is not a key"),
        ("D7: {routine: {value: {amount: 5, unit: wd}", "deadlines.D7.routine is not a key"),
        ("D07: {routine: {value: {amount: 5}", "deadlines.D07.routine has no calendar"),
        ("D07: {routine: {value: {amount: 5, unit: days}", "deadlines.D07.routine is not as it"),
        ("D07: {routine: {value: {amount: -5, unit: wd}", "deadlines.D07.routine is not as it"),
        ("D39: {routine: {value: {amount: 5, unit: wd}", "that base.yaml does not know"),
        ("D17: {escalates_48: {value: [{level: 9, to: ngo}]", "D17.escalates_48 is not as it"),
    ],
)
def test_a_deadline_that_cannot_be_counted_is_refused(more: str, says: str) -> None:
    text = f"{TEXT}\ndeadlines:\n  {more}, source: x, status: tbc}}}}\n"

    (problem,) = check(text, "xx.yaml")

    assert says in problem.text
    assert problem.line == len(text.splitlines())


def test_a_country_overrides_a_common_value_and_brings_its_own_source() -> None:
    slower = (
        "deadlines:\n  D07: {routine: {value: {amount: 9, unit: cd}, source: x, status: tbc}}\n"
    )

    profile = read(f"{TEXT}\n{slower}", "xx.yaml")

    assert profile.span("D07", "routine") == profile.answer["routine"] == (9, "cd")
    assert profile.by_name["deadlines.D07.routine"].source == "x"
    assert profile.span("D07", "short") == PROFILES["kg-2026.1"].span("D07", "short")
    assert profile.by_name["deadlines.D07.short"].file == "base.yaml"
    assert profile.by_name["country"].line == _line(TEXT, "country:")


def test_a_word_that_a_country_forbids_is_not_its_own_label() -> None:
    told = "words: {denied: {value: {en: [Supp]}, source: x, status: tbc}}\n"

    (problem,) = check(f"{TEXT}\n{told}", "xx.yaml")

    assert "holds a word that words.denied forbids" in problem.text


def test_a_paragraph_on_legal_effects_names_receivers_of_the_country_in_both_languages() -> None:
    effect = "legal_effect: {value: {receivers: [mahalla], text: {en: x}}, source: x, status: tbc}"
    text = TEXT.replace("consent:\n", f"consent:\n  {effect}\n", 1)

    said = [problem.text for problem in check(text, "xx.yaml")]

    assert said == [
        "consent.legal_effect has no text in ru",
        "consent.legal_effect names mahalla, which is no receiver here",
    ]


def test_no_file_is_read_before_a_case_of_the_country_asks() -> None:
    script = (
        "from throughcare.protocol.profiles import PROFILES, current\n"
        "assert not PROFILES._read\n"
        "current('UZ')\n"
        "assert list(PROFILES._read) == ['uz-2026.1']"
    )

    subprocess.run([sys.executable, "-c", script], check=True)


def test_an_unknown_version_is_not_found() -> None:
    assert PROFILES.get("kg-1999.1") is None
    assert len(PROFILES) == len(list(PROFILES)) == 5


def test_a_common_file_without_a_needed_value_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    keys, problems = profiles._base()
    less = {name: key for name, key in keys.items() if name != "deadlines.D07.short"}
    monkeypatch.setattr(profiles, "_base", lambda: (less, problems))

    with pytest.raises(BadProfileError, match=r"deadlines\.D07\.short is missing"):
        read(TEXT, "xx.yaml")
