"""A fold takes any event in any situation: what does not fit it changes nothing that counts."""

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

import orjson
import pytest

from throughcare.contracts import facts, generate, release_commands
from throughcare.contracts import intake_events as ie
from throughcare.contracts.envelope import Message, from_record
from throughcare.contracts.events import WRITER
from throughcare.contracts.kinds import Event
from throughcare.protocol.decision import Context, Refused
from throughcare.protocol.half import Half
from throughcare.protocol.intake import HALF as INTAKE
from throughcare.protocol.profiles import PROFILES
from throughcare.protocol.release import HALF as RELEASE
from throughcare.protocol.release import custody
from throughcare.protocol.release.rules import opening
from throughcare.protocol.release.state import Ended
from throughcare.tests.protocol.story import CASE, OFFERED, OPENED, START, VERSION, Story

_EXAMPLES = [
    from_record(orjson.loads(path.read_text("utf-8")))
    for path in sorted((generate.HERE / "examples").glob("event.*/*.json"))
]
_OF = {
    name: [one for one in _EXAMPLES if WRITER.get(cast(type[Event], type(one.data))) == name]
    for name in ("intake", "release")
}


def _stopped(story: Story) -> Story:
    story.must(facts.PersonDied(), "kg-gsin", "prison-admin")
    return story


def _met(story: Story) -> Story:
    story.attended(story.accepted(1))
    return story.released()


_SITUATIONS: dict[str, Callable[[], Story]] = {
    "before anything": Story,
    "opened": lambda: Story().opened(),
    "planned": lambda: Story().opened().scheduled(60).consented().planned(),
    "freed unasked": lambda: _apart().released(),
    "met": lambda: _met(Story().opened().consented().planned()),
    "ended": lambda: _stopped(Story().opened()),
}


def _apart() -> Story:
    story = Story().opened()
    story.connected = False
    return story


@pytest.mark.parametrize("situation", _SITUATIONS)
@pytest.mark.parametrize("half", [INTAKE, RELEASE], ids=lambda half: half.name)
def test_any_event_can_be_folded_in_any_situation(half: Half[Any], situation: str) -> None:
    state = _SITUATIONS[situation]().states[half.name]
    other = "release" if half is INTAKE else "intake"

    for event in _OF[half.name]:
        after = half.evolve(state, event)
        assert half.load(half.dump(after)) == after
        assert after.heard == state.heard
    for event in _OF[other]:
        heard = half.hear(state, event)
        assert half.load(half.dump(heard)) == heard
        assert heard.own == state.own


def test_an_event_about_a_referral_that_is_not_there_invents_none() -> None:
    state = Story().opened().consented().planned().states["release"]

    for event in _OF["release"]:
        if event.data.name != "referral-sent":
            assert RELEASE.evolve(state, event).own.referrals == ()


def test_who_is_free_or_gone_is_neither_scheduled_nor_ready_nor_moved_by_an_old_event() -> None:
    for situation in ("freed unasked", "met", "ended"):
        state = _SITUATIONS[situation]().states["release"]
        for event in _OF["release"]:
            if event.data.name in _OF_CUSTODY:
                assert RELEASE.evolve(state, event).own.person == state.own.person


_OF_CUSTODY = {
    "release-scheduled",
    "release-rescheduled",
    "release-date-confirmed",
    "person-transferred",
    "readiness-confirmed",
    "readiness-lost",
    "absence-begun",
    "absence-ended",
}


def _of_intake(data: ie.ConsentOffered | ie.CaseOpened) -> Message:
    return Message(
        id=UUID(int=1),
        source="/services/intake",
        data=data,
        case_ref=CASE,
        occurred_at=START,
        recorded_at=START,
        correlation_id=UUID(int=1),
        protocol_version=VERSION,
    )


def test_nothing_counts_before_the_opening_was_heard() -> None:
    state = RELEASE.initial(CASE)
    story = Story()

    assert RELEASE.hear(state, _of_intake(OFFERED)) == state
    assert RELEASE.react(state, OFFERED, story.context(None, ("system",))) == ()
    with pytest.raises(TypeError, match="has not been heard"):
        opening(state)
    assert RELEASE.hear(state, _of_intake(OPENED)) != state


def test_a_case_that_ended_is_not_released_whoever_asks() -> None:
    state = _SITUATIONS["ended"]().states["release"]
    context: Context = Story().context("kg-gsin", ("prison-admin",))
    assert isinstance(state.own.person, Ended)

    profile = PROFILES[VERSION]

    fact = custody.release(state, facts.PersonReleased(), context, profile)
    command = custody.record_release(state, release_commands.RecordRelease(), context, profile)

    assert fact == command == Refused("case-closed")
