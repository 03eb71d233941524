"""What the halves keep for the gate follows each case's events, however many come at once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from throughcare.contracts import intake_events, release_events
from throughcare.contracts.codes import ConsentItem
from throughcare.contracts.consent_events import ConsentExpired, ConsentNarrowed, ConsentWidened
from throughcare.contracts.envelope import Message
from throughcare.contracts.kinds import Event
from throughcare.contracts.life_events import CaseReopened
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


async def test_what_is_in_force_after_a_change_is_permitted_and_nothing_of_before(
    connection: asyncpg.Connection,
) -> None:
    other = ConsentItem(receiver_type="aids-centre", data_classes=("P4",), purposes=("dose",))
    after: Any = {"consent_id": UUID(int=2), "expires_on": date(2026, 9, 1)}
    narrowed = ConsentNarrowed(items=(ITEM,), received_how="sms", **after)
    widened = ConsentWidened(items=(ITEM, other), signed_how="ink", **after)
    await keep_permissions(
        connection,
        [
            said(A, granted(ITEM, other)), said(A, narrowed),
            said(B, granted(ITEM)), said(B, widened),
        ],
    )  # fmt: skip

    rows = await connection.fetch(
        "SELECT case_ref, count(*) AS many FROM intake.permissions GROUP BY case_ref"
    )
    assert {row["case_ref"]: row["many"] for row in rows} == {A: 2, B: 3}


async def test_a_consent_that_ran_out_permits_nothing(connection: asyncpg.Connection) -> None:
    expired = ConsentExpired(consent_id=UUID(int=2))
    await keep_permissions(connection, [said(A, granted(ITEM)), said(A, expired)])

    assert await connection.fetchval("SELECT count(*) FROM intake.permissions") == 0


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


async def stopped(connection: asyncpg.Connection) -> bool:
    return bool(await connection.fetchval("SELECT intake.is_stopped($1)", A))


async def stop(connection: asyncpg.Connection, at: datetime, for_good: bool = False) -> None:
    await connection.execute("SELECT runtime.step_clock($1, $1)", at)
    try:
        await connection.execute("SELECT intake.stop($1, $2, $3)", A, uuid4(), for_good)
    finally:
        await connection.execute(
            "UPDATE runtime.clock SET mode = 'real', at = NULL, settled = NULL"
        )


async def test_a_consent_given_after_a_withdrawal_lifts_its_stop(
    connection: asyncpg.Connection,
) -> None:
    await stop(connection, AT - timedelta(days=30))

    await keep_permissions(connection, [said(A, CaseReopened(
        previous_reason="consent-withdrawn", requested_by="client"
    ))])  # fmt: skip
    assert await stopped(connection)  # asked anew, and nothing said yet
    await keep_permissions(connection, [said(A, granted(ITEM))])

    assert not await stopped(connection)


@pytest.mark.parametrize("later", [timedelta(0), timedelta(seconds=1)])
async def test_a_stop_that_came_after_the_consent_stands_whatever_was_decided_first(
    connection: asyncpg.Connection, later: timedelta
) -> None:
    await stop(connection, AT - timedelta(days=30))
    await stop(connection, AT + later)

    await keep_permissions(connection, [said(A, granted(ITEM))])

    assert await stopped(connection)


async def test_no_consent_lifts_the_stop_of_a_death(connection: asyncpg.Connection) -> None:
    await stop(connection, AT - timedelta(days=30), for_good=True)
    await stop(connection, AT - timedelta(days=29))

    await keep_permissions(connection, [said(A, granted(ITEM))])

    assert await stopped(connection)


async def test_who_lifts_a_stop_waits_for_a_door_that_sets_one(
    connection: asyncpg.Connection, database: Database
) -> None:
    await stop(connection, AT - timedelta(days=30))
    door = await asyncpg.connect(database.url())
    try:
        async with door.transaction():
            await door.execute("SELECT intake.stop($1)", A)
            lifting = asyncio.create_task(keep(connection, said(A, granted(ITEM))))
            await asyncio.sleep(0.3)
            assert not lifting.done()
        await asyncio.wait_for(lifting, 5)
    finally:
        await door.close()

    assert await stopped(connection)


async def keep(connection: asyncpg.Connection, *events: Message) -> None:
    async with connection.transaction():
        await keep_permissions(connection, events)


async def test_a_recipient_taken_out_of_the_consent_is_told_nothing_and_others_are(
    connection: asyncpg.Connection,
) -> None:
    other = ConsentItem(receiver_type="aids-centre", data_classes=("P4",), purposes=("dose",))
    after: Any = {"consent_id": UUID(int=2), "expires_on": date(2100, 9, 1)}
    both = ConsentWidened(items=(ITEM, other), signed_how="ink", **after)
    await keep(connection, said(A, both))
    may = "SELECT intake.may_tell($1, ARRAY['ngo-one', $2])"

    before = [await connection.fetchval(may, A, f"type:{kind}") for kind in ("ngo", "aids-centre")]
    await keep(connection, said(A, ConsentNarrowed(items=(other,), received_how="sms", **after)))
    now = [await connection.fetchval(may, A, f"type:{kind}") for kind in ("ngo", "aids-centre")]

    assert (before, now) == ([True, True], [False, True])


async def test_a_consent_changes_only_when_no_send_is_starting_on_it(
    connection: asyncpg.Connection, database: Database
) -> None:
    after: Any = {"consent_id": UUID(int=2), "expires_on": date(2100, 9, 1)}
    await keep(connection, said(A, ConsentWidened(items=(ITEM,), signed_how="ink", **after)))
    sender = await asyncpg.connect(database.url())
    try:
        async with sender.transaction():
            assert await sender.fetchval("SELECT intake.may_tell($1, ARRAY['type:ngo'])", A)
            changing = asyncio.create_task(keep(connection, said(A, WITHDRAWN)))
            await asyncio.sleep(0.3)
            assert not changing.done()
        await asyncio.wait_for(changing, 5)
        assert not await sender.fetchval("SELECT intake.may_tell($1, ARRAY['type:ngo'])", A)
    finally:
        await sender.close()
