"""What the halves keep for the gate follows each case's events, however many come at once."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from uuid import UUID

import asyncpg
import pytest

from throughcare.contracts import intake_events, release_events
from throughcare.contracts.codes import ConsentItem
from throughcare.contracts.envelope import Message
from throughcare.contracts.kinds import Event
from throughcare.runtime.turns import turns
from throughcare.services.intake.store import keep_permissions
from throughcare.services.release.store import keep_seam
from throughcare.tests.support.parts import Database

AT = datetime(2026, 3, 2, 4, tzinfo=UTC)
A, B = UUID(int=0xA), UUID(int=0xB)
ITEM = ConsentItem(receiver_type="ngo", data_classes=("P1", "P2"), purposes=("handover",))
WITHDRAWN = intake_events.ConsentWithdrawn(received_how="in-person")


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(database.url())
    yield opened
    await opened.close()


def said(case_ref: UUID, data: Event) -> Message:
    return Message(
        id=UUID(int=1), source="/tests", data=data, case_ref=case_ref, occurred_at=AT,
        recorded_at=AT, correlation_id=UUID(int=1), protocol_version="kg-2026.1",
    )  # fmt: skip


def granted(*items: ConsentItem) -> Event:
    return intake_events.ConsentGranted(
        consent_id=UUID(int=2), items=items, expires_on=date(2026, 9, 1), signed_how="ink",
        feedback_to_facility=False,
    )  # fmt: skip


def sent(referral: int, receiver: str) -> Event:
    return release_events.ReferralSent(
        referral_id=UUID(int=referral), item=1, service_type="psychosocial-support",
        mandatory=True, receiver=receiver, receiver_type="ngo", urgency="routine",
        consent_id=UUID(int=2), sent_at=AT, answer_due_at=AT,
    )  # fmt: skip


def accepted(referral: int) -> Event:
    return release_events.ReferralAccepted(referral_id=UUID(int=referral))


def cancelled(referral: int) -> Event:
    return release_events.ReferralCancelled(
        referral_id=UUID(int=referral), reason_code="plan-revised"
    )


def test_a_turn_holds_no_case_twice_and_keeps_the_order_of_each() -> None:
    events = [
        said(A, sent(1, "ngo-one")),
        said(B, sent(2, "ngo-two")),
        said(A, accepted(1)),
        said(A, cancelled(1)),
    ]

    made = [
        [(event.case_ref, type(event.data)) for said in turn.values() for event in said]
        for turn in turns(events)
    ]

    assert made == [
        [(A, release_events.ReferralSent), (B, release_events.ReferralSent)],
        [(A, release_events.ReferralAccepted)],
        [(A, release_events.ReferralCancelled)],
    ]


async def test_a_consent_that_says_a_thing_twice_permits_it_once(
    connection: asyncpg.Connection,
) -> None:
    await keep_permissions(connection, [said(A, granted(ITEM, ITEM))])

    assert await connection.fetchval("SELECT count(*) FROM intake.permissions") == 2


async def test_who_says_stop_after_signing_permits_nothing_and_others_stay_permitted(
    connection: asyncpg.Connection,
) -> None:
    await keep_permissions(
        connection, [said(A, granted(ITEM)), said(B, granted(ITEM)), said(A, WITHDRAWN)]
    )

    refs = await connection.fetch("SELECT DISTINCT case_ref FROM intake.permissions")
    assert [row["case_ref"] for row in refs] == [B]


async def test_an_acceptance_is_laid_at_the_door_of_whom_was_asked(
    connection: asyncpg.Connection,
) -> None:
    await keep_seam(
        connection,
        [said(A, sent(1, "ngo-one")), said(B, sent(2, "ngo-two")),
         said(A, accepted(1)), said(B, accepted(2)), said(B, cancelled(2))],
    )  # fmt: skip

    rows = await connection.fetch("SELECT case_ref, party FROM release.acceptances")
    assert [tuple(row) for row in rows] == [(A, "ngo-one")]


async def test_the_end_of_a_case_is_kept_with_its_time(connection: asyncpg.Connection) -> None:
    await keep_seam(connection, [said(A, release_events.CaseClosed(reason_code="completed"))])

    assert await connection.fetchval("SELECT at FROM release.endings WHERE case_ref = $1", A) == AT
