"""Two versions of one country's rules: a case keeps the one it began under, whatever comes after."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from throughcare.contracts import release_commands as rc
from throughcare.contracts import release_events as re
from throughcare.protocol import profiles
from throughcare.protocol.decision import Context
from throughcare.protocol.profiles import PROFILES, check, current, read
from throughcare.protocol.profiles.model import Profile
from throughcare.tests.protocol.story import ONE, VERSION, Story
from throughcare.tests.protocol.test_profiles import TEXT

SECOND = "kg-2026.2"
#: Twice as long to answer, half as long to meet, other days to look after the person.
CHANGES = """
deadlines:
  D07: {routine: {value: {amount: 10, unit: wd}, source: a test, status: proposed}}
  D17:
    steps: {value: [24, 36], source: a test, status: proposed}
    escalates_24: {value: [{level: 1, to: receiver}], source: a test, status: proposed}
    escalates_36: {value: [{level: 2, to: protocol-coordinator}], source: a test, status: proposed}
follow_up:
  weekly: {value: [3, 5], source: a test, status: proposed}
"""


def version(number: int, standing: str = "draft", more: str = "") -> str:
    """A file of Kyrgyzstan, as a country would write it beside the one that is there."""
    text = TEXT.replace("value: kg-2026.1", f"value: kg-2026.{number}", 1)
    return text.replace("standing: {value: draft", f"standing: {{value: {standing}", 1) + more


@pytest.fixture
def second() -> Iterator[Profile]:
    """Stands beside the first for as long as the test takes."""
    made = profiles._SHELF.lend(read(version(2, more=CHANGES), "kg-2026.2.yaml"))
    yield made
    del profiles._SHELF._read[made.version]


def _asked(under: str) -> Story:
    """A case with an offer to an NGO, sent today."""
    story = Story(version=under).opened().scheduled(100).consented().planned()
    story.referred()
    return story


def _half_a_year(story: Story) -> Story:
    """The NGO says yes, the release comes, the person is met on the second day, and looked after."""
    [sent] = story.events(re.ReferralSent)
    story.must(rc.AcceptReferral(referral_id=sent.referral_id), *ONE)
    story.after(days=100)
    story.released().after(hours=40)
    story.attended(sent.referral_id)
    story.after(days=200)
    return story


def _answer_due(story: Story) -> Any:
    return next(due for (code, _, _), due in story.live().items() if code == "D07")


def test_a_case_begun_under_version_1_is_not_altered_by_another_default_in_version_2(
    second: Profile,
) -> None:
    old, new = _asked(VERSION), _asked(SECOND)

    assert second.span("D07", "routine") != PROFILES[VERSION].span("D07", "routine")
    assert _answer_due(old) - old.now < timedelta(days=8) < _answer_due(new) - new.now
    old.after(days=9)
    new.after(days=9)
    assert old.events(re.ReferralExpired)
    assert not new.events(re.ReferralExpired)


def test_the_same_case_lives_the_same_half_a_year_before_and_after_version_2_came() -> None:
    before = _half_a_year(_asked(VERSION))
    under_way = _asked(VERSION)
    made = profiles._SHELF.lend(read(version(2, more=CHANGES), "kg-2026.2.yaml"))
    try:
        after = _half_a_year(under_way)
        new = _half_a_year(_asked(SECOND))
    finally:
        del profiles._SHELF._read[made.version]

    assert after.said == before.said
    assert after.states == before.states
    days = [one.checkpoint_day for one in before.events(re.FollowUpChecked)]
    assert days == [one.checkpoint_day for one in after.events(re.FollowUpChecked)]
    missed = [(one.code, one.step) for one in before.events(re.DeadlineMissed)]
    other = [(one.code, one.step) for one in new.events(re.DeadlineMissed)]
    assert ("D17", 36) in other
    assert ("D17", 36) not in missed
    assert {step for code, step in other if code == "D19"} == {3, 5}
    assert {step for code, step in missed if code == "D19"} == {7, 14, 21, 28}


def test_folded_from_zero_beside_a_newer_version_the_states_are_the_same(second: Profile) -> None:
    story = _half_a_year(_asked(VERSION))

    for name, half in story.halves.items():
        state = half.initial(story.said[0].case_ref)
        for where, message in story.steps:
            if where == name:
                step = half.evolve if message.source == f"/services/{name}" else half.hear
                state = step(state, message)
        assert state == story.states[name]
        assert half.protocol_version(state) == VERSION
    assert second.version != VERSION


def test_a_message_cannot_bring_a_case_under_another_version(second: Profile) -> None:
    story = _asked(VERSION)
    [sent] = story.events(re.ReferralSent)
    command = rc.AcceptReferral(referral_id=sent.referral_id)

    def context(under: str) -> Context:
        return story.context(*ONE[:1], ONE[1:])._replace(protocol_version=under)

    half, state = story.halves["release"], story.release
    story.ids = 1000
    by_first = half.decide(state, command, context(VERSION))
    story.ids = 1000
    assert half.decide(state, command, context(second.version)) == by_first


# -- which one cases begin under ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "begins"),
    [
        ({1: "approved", 2: "draft"}, 1),
        ({1: "approved", 2: "commented"}, 1),
        ({1: "approved", 2: "approved"}, 2),
        ({9: "approved", 10: "approved"}, 10),
        ({1: "approved", 2: "approved", 3: "draft"}, 2),
        ({1: "commented", 2: "draft"}, 1),
        ({1: "draft", 2: "draft"}, 2),
    ],
)
def test_cases_begin_under_the_newest_version_that_is_approved(
    tmp_path: Path, files: dict[int, str], begins: int
) -> None:
    for number, standing in files.items():
        (tmp_path / f"kg-{number}.yaml").write_text(version(number, standing), "utf-8")

    shelf = profiles._Shelf(tmp_path)

    assert shelf.current == {"KG": f"kg-2026.{begins}"}
    assert set(shelf) == {f"kg-2026.{number}" for number in files}  # and the others still stand
    for number, standing in files.items():
        assert shelf[f"kg-2026.{number}"].value("standing") == standing


def test_a_version_says_whose_it_is() -> None:
    text = TEXT.replace("value: kg-2026.1", "value: kz-2026.7", 1)

    assert [one.text for one in check(text, "xx.yaml")] == ["protocol_version is not of KG"]


def test_each_version_that_ships_stands_in_one_file_and_one_a_country_is_current() -> None:
    found = [
        one
        for file in profiles._FOLDER.iterdir()
        if file.name.endswith(".yaml")
        for one in profiles._VERSION.findall(file.read_text("utf-8"))
    ]

    assert sorted(found) == sorted(PROFILES)
    assert {current(one).country for one in profiles.CURRENT} == set(profiles.CURRENT)
