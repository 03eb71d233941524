"""From a decision to an outcome: what whoever asked will read."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest

from throughcare.contracts import facts, outcomes
from throughcare.contracts import intake_commands as ic
from throughcare.contracts.envelope import Message
from throughcare.contracts.kinds import Data
from throughcare.protocol.answer import Seat
from throughcare.protocol.intake import HALF as INTAKE
from throughcare.protocol.release import HALF as RELEASE
from throughcare.tests.protocol.story import CASE, START, VERSION, Story

EVENT_IDS = (UUID(int=7), UUID(int=8))


def _message(data: Data, *roles: str, seen: tuple[int, int] = (0, 0)) -> Message:
    return Message(
        id=UUID(int=5),
        source="/prison-service/records",
        data=data,
        case_ref=CASE,
        occurred_at=START,
        recorded_at=START,
        correlation_id=UUID(int=5),
        protocol_version=VERSION,
        party="kg-gsin",
        roles=roles,
        number=1,
        seen_intake=seen[0],
        seen_release=seen[1],
    )


def _new_id() -> Callable[[], UUID]:
    numbers = count(100)
    return lambda: UUID(int=next(numbers))


ENROLLED = facts.ProgrammeEnrolled(programme_code="clean-zone")
OPEN = ic.OpenCase(origin="facility", reason_code="self-request", person_told=False)
COMMON: dict[str, Any] = {
    "answered_source": "/prison-service/records",
    "answered_id": str(UUID(int=5)),
}


def test_what_took_effect_names_its_events_and_the_versions_of_both_halves() -> None:
    seat = Seat(INTAKE)
    answer = seat.rule(seat.initial(CASE), _message(ENROLLED, "prison-admin"), _new_id())
    assert answer.outcome is not None

    assert answer.outcome(EVENT_IDS, 2, 0) == outcomes.Decided(
        **COMMON, answered_type=ENROLLED.type, event_ids=EVENT_IDS, intake_version=2
    )
    assert [event.name for event in answer.events] == ["case-opened", "programme-enrolled"]


def test_what_was_refused_names_the_rule() -> None:
    seat = Seat(INTAKE)
    answer = seat.rule(seat.initial(CASE), _message(OPEN, "prison-health"), _new_id())
    assert answer.outcome is not None

    assert (answer.events, answer.outcome((), 0, 0)) == (
        (),
        outcomes.Refused(**COMMON, answered_type=OPEN.type, refusal_code="person-not-told"),
    )


def test_what_came_too_late_is_superseded_and_says_so(story: Story) -> None:
    story.opened().consented().released()
    seat = Seat(RELEASE)
    older = _message(facts.PersonReleased(), "prison-admin")._replace(
        occurred_at=START - timedelta(hours=1)
    )

    answer = seat.rule(story.release, older, _new_id())
    assert answer.outcome is not None

    assert answer.outcome((), 0, 0) == outcomes.Superseded(
        **COMMON, answered_type=facts.PersonReleased.type, reason_code="older-than-applied"
    )


def test_what_is_held_has_no_outcome_yet(story: Story) -> None:
    seat = Seat(RELEASE)
    answer = seat.rule(
        seat.initial(CASE), _message(facts.PersonReleased(), "prison-admin"), _new_id()
    )

    assert (answer.outcome, answer.held) == (None, "case-not-heard")


def test_an_older_fact_says_that_it_was_superseded(story: Story) -> None:
    story.opened().scheduled(60)
    story.now = START.replace(year=2027)
    on = START.date()
    seat = Seat(RELEASE)
    state = story.release
    older = _message(facts.ReleaseScheduled(expected_release_on=on), "prison-admin")
    answer = seat.rule(state, older._replace(occurred_at=START.replace(year=2025)), _new_id())
    assert answer.outcome is not None

    assert answer.outcome((), 3, 2) == outcomes.Superseded(
        **COMMON,
        answered_type=facts.ReleaseScheduled.type,
        intake_version=2,
        release_version=3,
        reason_code="older-than-applied",
    )


@pytest.mark.parametrize(
    ("seen", "reached"), [((2, 3), True), ((3, 3), False), ((2, 4), False), ((0, 0), True)]
)
def test_what_the_door_had_seen_has_to_be_known_here(seen: tuple[int, int], reached: bool) -> None:
    message = _message(facts.PersonReleased(), seen=seen)

    assert Seat(INTAKE).reached(message, 2, 3) == reached
    assert Seat(RELEASE).reached(message, 3, 2) == reached


def test_a_seat_drives_its_half(story: Story) -> None:
    story.opened().scheduled(30)
    seat = Seat(RELEASE)
    opened = story.said[0]
    state = seat.hear(seat.initial(CASE), opened)

    assert seat.protocol_version(seat.initial(CASE), opened) == VERSION
    assert seat.protocol_version(state, opened._replace(protocol_version="")) == VERSION
    assert seat.next_due_at(story.release) is not None
    assert Seat(INTAKE).next_due_at(story.intake) is None
    assert [e.name for e in seat.react(state, opened, _new_id())] == ["deadlines-changed"]
    assert seat.load(seat.dump(state)) == state


def test_what_a_human_discarded_is_answered_with_where_it_lies() -> None:
    said = Seat(RELEASE).discarded("/prison-service/records", "7", None, UUID(int=9))

    assert said == outcomes.DeadLettered(
        answered_source="/prison-service/records",
        answered_id="7",
        answered_type=None,
        dead_letter_id=UUID(int=9),
        stage="decide",
    )
