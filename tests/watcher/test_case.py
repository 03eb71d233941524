"""What the watcher makes of a case that goes on, or whose release was none: from events alone."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from throughcare.contracts.consent_events import ConsentExpired
from throughcare.contracts.kinds import Event
from throughcare.contracts.life_events import (
    AbsenceBegun,
    AbsenceEnded,
    CaseReopened,
    EpisodeResumed,
    ReleaseReversed,
)
from throughcare.contracts.release_events import (
    CaseClosed,
    ClientAttended,
    EscalationAcknowledged,
    EscalationRaised,
    PersonReleased,
    ReferralSent,
    ReleaseScheduled,
)
from throughcare.services.watcher.case import LIMIT, Case, limit_at, read

NOON = datetime(2026, 3, 10, 6, tzinfo=UTC)
RELEASED = PersonReleased(released_at=NOON, known_at=NOON, unplanned=False)
REOPENED = CaseReopened(previous_reason="lost-to-follow-up", requested_by="client")


REFERRAL = UUID(int=7)
SENT = ReferralSent.model_validate(
    {
        "referral_id": REFERRAL,
        "item": 1,
        "service_type": "peer-support",
        "mandatory": True,
        "receiver": "ngo-one",
        "receiver_type": "ngo",
        "urgency": "routine",
        "consent_id": UUID(int=9),
        "sent_at": NOON,
        "answer_due_at": NOON,
    }
)


def _record(event: Event) -> dict[str, Any]:
    at = (NOON + timedelta(days=1)).isoformat()
    return {"type": event.type, "recordedtime": at, "data": event.model_dump(mode="json")}


def _after(*events: Event) -> Case:
    case = Case(UUID(int=1), consented=True)
    for event in events:
        case = read(case, _record(event))
    return case


def test_a_release_that_was_taken_back_promises_nothing() -> None:
    assert limit_at(_after(RELEASED)) == NOON + LIMIT
    assert limit_at(_after(RELEASED, ReleaseReversed(said_at=NOON))) is None


def test_who_came_back_is_awaited_from_then_on() -> None:
    came = NOON + timedelta(days=90)
    again = RELEASED.model_copy(update={"counts_from": came})

    assert limit_at(_after(again)) == came + LIMIT


def test_a_case_that_goes_on_is_watched_again_once_the_person_consented() -> None:
    closed = CaseClosed(reason_code="lost-to-follow-up")
    resumed = EpisodeResumed(
        previous_reason="lost-to-follow-up",
        expected_release_on=NOON.date() + timedelta(days=5),
        resumed_at=NOON,
    )
    going_on = _after(RELEASED, closed, REOPENED, resumed)

    assert limit_at(going_on) is None
    assert not going_on.closed
    assert not going_on.consented
    assert going_on.expected_on == NOON.date() + timedelta(days=5)
    without = resumed.model_copy(update={"expected_release_on": None})
    assert _after(RELEASED, closed, REOPENED, without).expected_on is None


TODAY = NOON.date()


def _dated(day: date) -> ReleaseScheduled:
    return ReleaseScheduled(expected_release_on=day, said_at=NOON, known_at=NOON)


def test_an_absence_starts_no_promise_and_puts_none_off() -> None:
    away = AbsenceBegun(said_at=NOON, kind_code="hospital")
    back = AbsenceEnded(said_at=NOON + timedelta(days=40))

    assert limit_at(_after(away)) is None
    assert limit_at(_after(_dated(TODAY), away, back)) == limit_at(_after(_dated(TODAY)))


def test_a_release_taken_back_leaves_the_date_that_is_still_to_come() -> None:
    to_come = TODAY + timedelta(days=9)
    reversed_ = ReleaseReversed(said_at=NOON)

    awaited = _after(_dated(to_come), RELEASED, reversed_)
    assert limit_at(awaited) == limit_at(_after(_dated(to_come)))
    # A date before that word did not pass without one; and a new release counts anew.
    passed = _after(_dated(TODAY - timedelta(days=1)), RELEASED, reversed_)
    assert limit_at(passed) is None
    again = RELEASED.model_copy(update={"released_at": NOON + timedelta(days=20)})
    assert limit_at(read(passed, _record(again))) == NOON + timedelta(days=20) + LIMIT


def test_who_was_seen_before_a_release_taken_back_is_to_be_seen_after_the_next() -> None:
    met = ClientAttended(
        referral_id=REFERRAL, attended_at=NOON + timedelta(hours=2), accompanied=False
    )
    again = RELEASED.model_copy(update={"released_at": NOON + timedelta(days=20)})

    assert limit_at(_after(SENT, RELEASED, met)) is None
    assert limit_at(_after(SENT, RELEASED, met, ReleaseReversed(said_at=NOON), again)) is not None


def test_what_recipients_of_data_owe_is_no_answer_to_where_the_person_is() -> None:
    for code, kept in (("D23", False), ("D17", True)):
        raised = EscalationRaised.model_validate(
            {"escalation_id": REFERRAL, "code": code, "level": 1, "to_role": "dpo"}
        )
        answered = EscalationAcknowledged(escalation_id=REFERRAL, by_role="dpo", by_party="dpo-one")
        assert (limit_at(_after(RELEASED, raised, answered)) is None) == kept


def test_a_consent_that_ran_out_promises_nothing_more() -> None:
    assert limit_at(_after(RELEASED, ConsentExpired(consent_id=REFERRAL))) is None


def test_the_case_that_goes_on_is_another_watch_of_what_was_met_and_answered_before() -> None:
    closed = CaseClosed(reason_code="lost-to-follow-up")
    resumed = EpisodeResumed(previous_reason="lost-to-follow-up", resumed_at=NOON)
    met = ClientAttended(
        referral_id=REFERRAL, attended_at=NOON + timedelta(days=99), accompanied=False
    )
    came = NOON + timedelta(days=90)
    again = RELEASED.model_copy(update={"counts_from": came})
    case = replace(_after(SENT, RELEASED, closed, REOPENED, resumed, again), consented=True)

    assert limit_at(case) == came + LIMIT
    # The referral of before is no referral any more: a visit there is no contact.
    assert limit_at(read(case, _record(met))) == came + LIMIT
