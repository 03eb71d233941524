"""What is left out because it would change nothing: told by many histories that nothing is missing."""

from collections import Counter
from datetime import UTC
from importlib import import_module

import pytest

from throughcare.contracts.codes import DeadlineDue
from throughcare.contracts.kinds import Data
from throughcare.contracts.release_events import DeadlinesChanged
from throughcare.protocol.calendar import end_of_day
from throughcare.protocol.decision import Context, Decided, Decision
from throughcare.protocol.profiles import PROFILES
from throughcare.protocol.release import HALF as RELEASE
from throughcare.protocol.release import promises as rules
from throughcare.protocol.release.finish import applied
from throughcare.protocol.release.promises import PARTS, RULES, Asked, asked_anew
from throughcare.protocol.release.state import State
from throughcare.protocol.trusted import trusted
from throughcare.tests.protocol.generated import History, numbers
from throughcare.tests.protocol.story import VERSION, Story

#: The module; its package knows the function of the same name.
_FINISH = import_module("throughcare.protocol.release.finish")
_MANY, _STEPS = 30, 40


def _histories() -> list[Story]:
    return [History(numbers(seed, _STEPS), lambda _: None).run().story for seed in range(_MANY)]


@pytest.fixture(scope="module")
def stories() -> list[Story]:
    return _histories()


def _said(stories: list[Story]) -> list[list[Data]]:
    return [[message.data for message in story.said] for story in stories]


def _all_of_them(before: State, after: State, *, heard: bool) -> Asked:
    every = frozenset(code for some in RULES.values() for rule in some for code in rule.codes)
    return Asked(RULES[type(after.own.person)], every)


def test_asking_what_read_a_change_says_the_same_as_asking_every_rule(
    stories: list[Story], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_FINISH, "asked_anew", _all_of_them)

    assert _said(_histories()) == _said(stories)


@pytest.mark.parametrize("part", ["referrals", "lines", "kit", "heard"])
def test_a_rule_that_reads_more_than_it_says_is_found_out(
    part: str, stories: list[Story], monkeypatch: pytest.MonkeyPatch
) -> None:
    fewer = {
        kind: tuple(rule._replace(reads=rule.reads - {part}) for rule in some)
        for kind, some in RULES.items()
    }
    monkeypatch.setattr(rules, "RULES", fewer)
    rules._asked.cache_clear()
    try:
        assert _said(_histories()) != _said(stories)
    finally:
        rules._asked.cache_clear()


def test_rules_that_share_a_code_in_a_situation_read_the_same() -> None:
    for some in RULES.values():
        shared = Counter(code for rule in some for code in rule.codes)
        for code in (code for code, count in shared.items() if count > 1):
            assert len({rule.reads for rule in some if code in rule.codes}) == 1


def test_every_rule_reads_parts_that_there_are() -> None:
    read = {part for some in RULES.values() for rule in some for part in rule.reads}

    assert read == {*PARTS, "heard"}


def test_nothing_is_asked_where_nothing_changed(story: Story) -> None:
    story.opened().scheduled(60).consented()

    assert asked_anew(story.release, story.release, heard=False).rules == ()


def test_a_decision_hands_back_the_state_that_folding_gives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folded = Counter[bool]()

    def decide(state: State, message: Data, context: Context) -> Decision:
        decision = RELEASE.decide(state, message, context)
        if isinstance(decision, Decided):
            folded[decision.after is not None] += 1
            assert decision.after == (applied(state, decision.events) if decision.events else None)
        return decision

    checked = RELEASE._replace(decide=decide)
    monkeypatch.setattr("throughcare.tests.protocol.story.RELEASE", checked)
    _histories()

    assert folded[True] > _MANY


def test_what_a_half_does_not_heed_neither_changes_it_nor_entails_anything(
    stories: list[Story],
) -> None:
    unheeded = Counter[str]()
    for story in stories:
        states = {name: half.initial(story.said[0].case_ref) for name, half in story.halves.items()}
        for name, message in story.steps:
            half, before = story.halves[name], states[name]
            if message.source == f"/services/{name}":
                states[name] = half.evolve(before, message)
                continue
            states[name] = after = half.hear(before, message)
            if type(message.data) not in half.heeds:
                unheeded[name] += 1
                assert after is before
                assert half.react(after, message.data, story.context(None, ("system",))) == ()

    assert unheeded["intake"] > _MANY
    assert unheeded["release"]


def test_what_is_recorded_unread_is_what_reading_it_gives(stories: list[Story]) -> None:
    seen = 0
    for story in stories:
        for change in story.events(DeadlinesChanged):
            seen += len(change.put)
            read = DeadlinesChanged.read_json(change.to_json())
            assert read == change
            assert hash(read.put) == hash(change.put)
            assert all(put.due_at.tzinfo is UTC for put in change.put)
            assert all(put.since is None or put.since.tzinfo is UTC for put in change.put)

    assert seen > _MANY


def test_what_is_not_read_again_is_equal_and_as_frozen() -> None:
    profile = PROFILES[VERSION]
    fields = {
        "code": "D07", "referral_id": None, "step": None,
        "due_at": end_of_day(profile, next(iter(profile.holidays))), "since": None,
    }  # fmt: skip

    made = trusted(DeadlineDue, **fields)

    assert made == DeadlineDue.model_validate(fields)
    assert made.model_fields_set == set(fields)
    with pytest.raises(ValueError, match="frozen"):
        made.step = 3  # type: ignore[misc]


def test_a_profile_equals_itself_alone() -> None:
    profile = PROFILES[VERSION]

    other = profile._replace(version=VERSION)

    assert tuple(profile) == tuple(other)
    assert profile != other
    assert len({profile, other, profile}) == 2
