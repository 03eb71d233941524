"""What parties sign and comment of a country's protocol, and what a question changes of it."""

from datetime import date

import pytest

from throughcare.protocol.profiles import CURRENT, PROFILES, BadProfileError, changed, current
from throughcare.protocol.profiles.commenting import read_comments, unheard
from throughcare.protocol.profiles.signing import (
    Pilot,
    Signature,
    entry,
    fingerprint,
    left_open,
    unsigned,
)

KG = current("KG")
KEY = next(key for key in KG.keys if key.status != "sourced")
DAY = date(2026, 11, 22)


def _signed(parties: tuple[str, str], value: str) -> Signature:
    return Signature(KEY.name, value, parties, (DAY, DAY))


def test_a_value_without_a_source_needs_two_parties_that_signed_it_as_it_stands() -> None:
    def is_open(*signed: Signature) -> bool:
        return KEY in list(unsigned(KG, signed))

    assert is_open()
    assert is_open(_signed(("ministry", "ministry"), fingerprint(KEY)))
    assert is_open(_signed(("ministry", "ngo-one"), "sha256:of-another-value"))
    assert not is_open(_signed(("ministry", "ngo-one"), fingerprint(KEY)))


def test_a_sourced_value_needs_no_signature() -> None:
    assert {key.status for key in unsigned(KG, ())} == {key.status for key in KG.keys} - {"sourced"}


def test_a_signature_is_written_as_it_is_read() -> None:
    assert entry(KEY, ("ministry", "ngo-one"), DAY) == {
        "key": KEY.name,
        "value": fingerprint(KEY),
        "parties": ["ministry", "ngo-one"],
        "dates": ["2026-11-22", "2026-11-22"],
    }


def test_a_pilot_allows_its_gaps_by_key_or_group_until_its_last_day() -> None:
    group = KEY.name.split(".")[0]

    assert left_open([KEY], None, DAY) == [KEY]
    assert left_open([KEY], Pilot(DAY, (KEY.name,)), DAY) == []
    assert left_open([KEY], Pilot(DAY, (group,)), DAY) == []
    assert left_open([KEY], Pilot(DAY, ("another",)), DAY) == [KEY]
    assert left_open([KEY], Pilot(date(2026, 11, 21), (group,)), DAY) == [KEY]


def _comments(version: str, key: str) -> str:
    return (
        f"protocol_version: {version}\n"
        f"comments: [{{by: ministry, key: {key}, day: 2026-11-22, text: too short}}]\n"
    )


def test_a_comment_is_about_a_key_or_a_group_of_the_version() -> None:
    for key in (KEY.name, "deadlines.D04"):
        said, problems = read_comments(_comments(KG.version, key), "kg.yaml", KG)
        assert ([one.key for one in said], problems) == ([key], [])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (_comments("xx-1", KEY.name), "is about xx-1"),
        (_comments(KG.version, "tea"), "tea is not a key of kg-2026.1"),
        ("comments: [", "while parsing"),
        ("protocol_version: 7\ncomments: []\n", "Expected `str`"),
    ],
)
def test_what_is_wrong_with_a_file_of_comments_is_said(text: str, says: str) -> None:
    _, problems = read_comments(text, "kg.yaml", KG)

    assert [says in str(problem) for problem in problems] == [True]


def test_a_version_is_commented_only_where_somebody_commented() -> None:
    standing = KG.by_name["standing"]
    commented = KG._replace(by_name={"standing": standing._replace(value="commented")})
    said, _ = read_comments(_comments(KG.version, KEY.name), "kg.yaml", KG)

    assert unheard(KG, ()) == unheard(commented, said) == []
    assert len(unheard(commented, ())) == 1


def test_a_question_changes_values_under_a_version_of_its_own() -> None:
    asked = changed("KG", {"follow_up.early_days": 9})

    assert asked.early_days == 9
    assert PROFILES[asked.version] is asked
    assert asked.version not in (CURRENT["KG"], changed("KG", {}).version)
    assert current("KG").early_days != 9


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("tea.strength", 3, "is not a key of a profile"),
        ("country", "KZ", "is not a key of a profile"),
        ("follow_up.early_days", "soon", "follow_up.early_days"),
        ("deadlines.D17.steps", [1], r"deadlines\.D17\.escalates_1 is missing"),
        ("time_zone", "Mars/Base", "time_zone cannot be read"),
    ],
)
def test_a_question_changes_only_what_can_be_said(name: str, value: object, says: str) -> None:
    with pytest.raises(BadProfileError, match=says):
        changed("KG", {name: value})
