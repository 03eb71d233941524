"""Whose turn it is: from what release said of a case to open work, without a service in it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args
from uuid import UUID

import pytest

from throughcare.contracts import care_events as care
from throughcare.contracts import life_events as life
from throughcare.contracts import release_events as release
from throughcare.contracts.codes import DeadlineCode, DeadlineDue, DeadlineKey, ServiceType
from throughcare.contracts.envelope import Message
from throughcare.contracts.kinds import Event
from throughcare.gateway.known import Known, dump, hear, load
from throughcare.gateway.work import Item, items

_NOW = datetime(2026, 11, 2, 6, tzinfo=UTC)
_DUE = _NOW + timedelta(days=3)
_A, _B, _ALARM = UUID(int=1), UUID(int=2), UUID(int=9)
#: They end something by themselves, or are kept elsewhere (D23).
_NOBODYS = {"D02b", "D02c", "D02d", "D07b", "D22", "D22b", "D23", "D28"}


def told(*events: Event, known: Known | None = None) -> Known:
    known = known or Known()
    for event in events:
        message = Message(
            id=UUID(int=3), source="/x", data=event, case_ref=UUID(int=4), occurred_at=_NOW,
            recorded_at=_NOW, correlation_id=UUID(int=3), protocol_version="kg-2026.1",
            sequence=known.version + 1,
        )  # fmt: skip
        known = load(dump(hear(known, message)))
    return known


def due(
    code: DeadlineCode,
    referral: UUID | None = None,
    step: int | None = None,
    at: datetime = _DUE,
) -> release.DeadlinesChanged:
    one = DeadlineDue(code=code, referral_id=referral, step=step, due_at=at)
    return release.DeadlinesChanged(put=(one,))


def sent(referral: UUID = _A, to: str = "ngo-x", **change: Any) -> release.ReferralSent:
    given: dict[str, Any] = {
        "referral_id": referral, "item": 1, "service_type": "housing", "mandatory": True,
        "receiver": to, "receiver_type": "ngo", "urgency": "routine", "consent_id": UUID(int=5),
        "sent_at": _NOW, "answer_due_at": _DUE, **change,
    }  # fmt: skip
    return release.ReferralSent(**given)


def accepted(referral: UUID = _A) -> release.ReferralAccepted:
    return release.ReferralAccepted(referral_id=referral)


def released() -> release.PersonReleased:
    return release.PersonReleased(released_at=_NOW, known_at=_NOW, unplanned=False)


def raised(to_role: Any = "protocol-coordinator", **change: Any) -> release.EscalationRaised:
    given: dict[str, Any] = {
        "escalation_id": _ALARM, "code": "D17", "level": 2, "to_role": to_role, **change,
    }  # fmt: skip
    return release.EscalationRaised(**given)


def open_with(known: Known) -> list[tuple[str, str]]:
    """Task and addressee of each item."""
    made = items(known, "kg-2026.1")
    return sorted((one.task, str(one.party or one.role)) for one in made)


@pytest.mark.parametrize("code", get_args(DeadlineCode))
def test_every_deadline_is_somebodys_turn_or_ends_by_itself(code: DeadlineCode) -> None:
    inside = told(sent(), accepted(), due(code, _A))
    outside = told(released(), known=inside)

    found = open_with(inside) + open_with(outside)

    assert bool(found) == (code not in _NOBODYS)


@pytest.mark.parametrize(
    ("code", "inside", "outside"),
    [
        ("D02", ("offer-consent", "prison-psych"), None),
        ("D03", ("make-plan", "prison-psych"), ("make-plan", "protocol-coordinator")),
        ("D05", ("send-referrals", "prison-psych"), ("send-referrals", "protocol-coordinator")),
        ("D08", ("find-receiver", "protocol-coordinator"), ("find-receiver", "protocol-coordinator")),
        ("D11b", ("confirm-release-date", "prison-admin"), None),
        ("D12", ("confirm-readiness", "prison-health"), ("meet-person", "ngo-x")),
        ("D17", None, ("meet-person", "ngo-x")),
        ("D19", None, ("follow-up-check", "ngo-x")),
        ("D20", None, ("follow-up-check", "ngo-x")),
        ("D31", None, ("meet-person", "ngo-x")),
        ("consent-again", None, ("renew-consent", "ngo-x")),
        ("D24", ("show-data", "dpo"), ("show-data", "dpo")),
        ("D29", ("review-access", "dpo"), ("review-access", "dpo")),
        ("weekend-release", ("confirm-readiness", "prison-health"), None),
    ],
)  # fmt: skip
def test_what_is_of_no_referral_is_the_facilitys_before_the_release_and_the_receivers_after(
    code: DeadlineCode, inside: tuple[str, str] | None, outside: tuple[str, str] | None
) -> None:
    known = told(sent(), accepted(), due(code))

    assert open_with(known) == ([] if inside is None else [inside])
    assert open_with(told(released(), known=known)) == ([] if outside is None else [outside])


@pytest.mark.parametrize(
    ("code", "task"),
    [
        ("D06", "answer-referral"), ("D07", "answer-referral"), ("D07c", "confirm-cancellation"),
        ("D09", "book-appointment"), ("D15", "confirm-release-known"), ("D18", "look-for-person"),
    ],
)  # fmt: skip
def test_what_is_of_a_referral_is_its_receivers(code: DeadlineCode, task: str) -> None:
    known = told(sent(), sent(_B, "ngo-y"), due(code, _B))

    [item] = items(known, "kg-2026.1")

    assert item == Item(task, _B, "ngo-y", None, _DUE, _NOW)  # type: ignore[arg-type]


def test_what_is_of_a_referral_that_nobody_was_sent_is_nobodys() -> None:
    assert open_with(told(due("D15"), due("D09", _A))) == []


@pytest.mark.parametrize(
    ("service", "step"), [("oat", 1), ("art", 2), ("tb-treatment", 3), ("hepatitis-treatment", 4)]
)
def test_a_medicine_is_of_who_carries_it_on_and_nobody_reads_that_it_is_one(
    service: ServiceType, step: int
) -> None:
    both = told(
        sent(), accepted(), sent(_B, "site", service_type=service, receiver_type="narcology")
    )

    # Nobody has said yes to it: the facility has to see to it.
    waiting = told(due("D10", None, step), known=both)
    assert open_with(waiting) == [("confirm-readiness", "prison-health")]
    placed = told(accepted(_B), known=waiting)
    assert open_with(placed) == [("book-appointment", "site")]
    outside = told(due("D16", None, step), released(), known=both)
    assert open_with(outside) == [("meet-person", "ngo-x")]
    assert open_with(told(accepted(_B), known=outside)) == [("meet-person", "site")]


def test_several_promises_of_one_kind_are_one_item_with_the_nearest_due_time() -> None:
    early = _NOW + timedelta(days=1)
    known = told(due("D04", None, 1), due("D14", None, 2, early), due("D12"))

    [item] = items(known, "kg-2026.1")

    assert (item.task, item.due_at) == ("confirm-readiness", early)


def test_readiness_is_asked_of_everybody_with_consent_and_a_date() -> None:
    dated = release.ReleaseScheduled(
        expected_release_on=date(2026, 11, 20), said_at=_NOW, known_at=_NOW
    )
    agreed = told(due("D02d"))
    assert open_with(agreed) == []

    known = told(dated, known=agreed)
    assert open_with(known) == [("confirm-readiness", "prison-health")]

    ready = told(release.ReadinessConfirmed(gaps=()), known=known)
    assert open_with(ready) == []
    assert open_with(told(release.ReadinessLost(reason_code="transferred"), known=ready)) != []
    assert open_with(told(released(), known=known)) == []
    no_date = release.ReleaseRescheduled(change="cancelled", said_at=_NOW, known_at=_NOW)
    assert open_with(told(no_date, known=known)) == []


def test_who_is_reminded_of_the_consents_last_day_has_to_ask_again() -> None:
    def reminded(code: DeadlineCode) -> care.DeadlineReminded:
        return care.DeadlineReminded(
            code=code, due_at=_DUE, number=1, to_role="ngo", to_party="ngo-x"
        )

    known = told(due("D02d"), reminded("D02d"), reminded("D03"))

    assert open_with(known) == [("renew-consent", "ngo-x")]
    # Renewed: another last day.
    renewed = told(due("D02d", at=_DUE + timedelta(days=365)), known=known)
    assert open_with(renewed) == []


def test_what_is_kept_dropped_missed_or_waived_is_open_no_more() -> None:
    key = DeadlineKey(code="D17", step=48)
    known = told(sent(), accepted(), released(), due("D17", None, 48))
    ends: list[Event] = [
        release.DeadlinesChanged(met=(key,)),
        release.DeadlinesChanged(dropped=(key,)),
        release.DeadlineMissed(code="D17", step=48, due_at=_DUE),
        release.DeadlineWaived(
            code="D17", step=48, due_at=_DUE, by_role="protocol-coordinator",
            reason_code="data-error",
        ),
        release.CaseClosed(reason_code="completed"),
    ]  # fmt: skip

    assert open_with(known) == [("meet-person", "ngo-x")]
    assert [open_with(told(end, known=known)) for end in ends] == [[]] * 5


def test_a_promise_that_moves_is_open_since_it_was_made() -> None:
    known = told(sent(), due("D07", _A), due("D07", _A, at=_NOW))

    [item] = items(known, "kg-2026.1")

    assert (item.due_at, item.since) == (_NOW, _NOW)


@pytest.mark.parametrize(
    "end",
    [
        release.EscalationAcknowledged(
            escalation_id=_ALARM, by_role="protocol-coordinator", by_party="coordinator"
        ),
        release.EscalationCleared(escalation_id=_ALARM),
    ],
)
def test_an_alarm_is_of_whom_it_addresses_until_somebody_took_it_on_or_its_cause_is_gone(
    end: Event,
) -> None:
    climbs = _NOW + timedelta(hours=5)
    by_role = told(raised(referral_id=_A, climbs_at=climbs))
    by_name = told(raised("ngo", referral_id=_A, to_party="ngo-x"))

    assert items(by_role, "kg-2026.1") == (
        Item("acknowledge-alarm", None, None, "protocol-coordinator", climbs, _NOW),
    )
    assert items(by_name, "kg-2026.1") == (
        Item("acknowledge-alarm", _A, "ngo-x", None, _NOW, _NOW),
    )
    assert open_with(told(end, known=by_role)) == []


def test_only_the_alarm_about_owed_answers_outlives_the_case() -> None:
    other = raised("dpo", code="D23", escalation_id=_B)
    known = told(raised(), other, release.CaseClosed(reason_code="consent-withdrawn"))

    [item] = items(known, "kg-2026.1")

    assert (item.role, item.after_end) == ("dpo", True)


@pytest.mark.parametrize(
    "end",
    [
        release.ReferralDeclined(referral_id=_A, reason_code="no-capacity", declined_at=_NOW),
        release.ReferralExpired(referral_id=_A, expired_at=_NOW),
        release.ReferralCancelled(referral_id=_A, reason_code="person-asked"),
        release.AcceptanceWithdrawn(referral_id=_A, reason_code="no-capacity", withdrawn_at=_NOW),
        life.AcceptanceLapsed(referral_id=_A, lapsed_at=_NOW),
        care.PermissionRecalled(
            referral_id=_A, receiver="ngo-x", receiver_type="ngo", recalled_at=_NOW
        ),
    ],
)
def test_who_holds_the_person_no_more_is_relieved_and_the_next_one_or_a_coordinator_is_asked(
    end: Event,
) -> None:
    known = told(sent(), accepted(), sent(_B, "ngo-y"), released(), due("D17", None, 48))
    assert open_with(known) == [("meet-person", "ngo-x")]

    alone = told(end, known=known)
    assert open_with(alone) == [("meet-person", "protocol-coordinator")]
    assert open_with(told(accepted(_B), known=alone)) == [("meet-person", "ngo-y")]


def test_permission_that_ended_takes_a_receivers_alarms_off_its_list() -> None:
    recalled = care.PermissionRecalled(
        referral_id=_A, receiver="ngo-x", receiver_type="ngo", recalled_at=_NOW
    )

    assert open_with(told(raised("ngo", to_party="ngo-x"), raised(), recalled)) == [
        ("acknowledge-alarm", "protocol-coordinator")
    ]


def test_whose_service_is_over_follows_up_where_nobody_else_holds_the_person() -> None:
    ended = care.ServiceEnded(referral_id=_A, ended_at=_NOW, outcome_code="completed")
    known = told(sent(), accepted(), released(), due("D19", None, 7), ended)

    assert open_with(known) == [("follow-up-check", "ngo-x")]
    assert open_with(told(sent(_B, "ngo-y"), accepted(_B), known=known)) == [
        ("follow-up-check", "ngo-y")
    ]


def test_whoever_gives_no_care_answers_for_nobody() -> None:
    known = told(sent(receiver_type="probation"), accepted(), released(), due("D17", None, 48))

    assert open_with(known) == [("meet-person", "protocol-coordinator")]


def test_a_place_that_comes_free_is_answered_again() -> None:
    declined = release.ReferralDeclined(referral_id=_A, reason_code="no-capacity", declined_at=_NOW)
    again = care.WaitingPlaceTaken(
        referral_id=_A, receiver="ngo-x", receiver_type="ngo", waiting_until=date(2026, 12, 1),
        taken_at=_NOW, answer_due_at=_DUE,
    )  # fmt: skip

    assert open_with(told(sent(), declined, again, due("D07", _A))) == [
        ("answer-referral", "ngo-x")
    ]


def test_a_release_taken_back_gives_the_work_back_to_the_facility() -> None:
    known = told(released(), due("D13"))
    assert open_with(known) == [("meet-person", "protocol-coordinator")]

    assert open_with(told(life.ReleaseReversed(said_at=_NOW), known=known)) == [
        ("confirm-readiness", "prison-health")
    ]


def test_an_episode_that_goes_on_begins_with_nothing_open() -> None:
    resumed = life.EpisodeResumed(previous_reason="lost-to-follow-up", resumed_at=_NOW)

    assert open_with(told(sent(), due("D07", _A), resumed)) == []


def test_what_was_heard_before_or_changes_nothing_leaves_it_as_it_was() -> None:
    known = told(sent(), due("D07", _A))
    ended = Message(
        id=UUID(int=3), source="/x", data=release.CaseClosed(reason_code="completed"),
        case_ref=UUID(int=4), occurred_at=_NOW, recorded_at=_NOW, correlation_id=UUID(int=3),
        protocol_version="kg-2026.1", sequence=1,
    )  # fmt: skip

    assert hear(known, ended) is known
    booked = release.AppointmentBooked(referral_id=_A, appointment_at=_NOW)
    assert hear(known, ended._replace(data=booked, sequence=7)) is known


def test_who_may_not_ask_for_a_consent_leaves_asking_again_to_the_coordinator() -> None:
    known = told(sent(receiver_type="oat-site", service_type="oat"), accepted(), released())

    assert open_with(told(due("consent-again"), known=known)) == [
        ("renew-consent", "protocol-coordinator")
    ]


def test_a_consent_that_is_old_and_about_to_end_is_asked_about_once() -> None:
    soon = care.DeadlineReminded(
        code="D02d", due_at=_DUE + timedelta(days=5), number=1, to_role="ngo", to_party="ngo-x"
    )
    known = told(sent(), accepted(), released(), soon, due("consent-again"))

    assert [(one.task, one.party, one.due_at) for one in items(known, "kg-2026.1")] == [
        ("renew-consent", "ngo-x", _DUE)
    ]
