"""What is counted in public: once each, by what it is, and never by whom."""

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import asyncpg
import pytest

from throughcare.contracts import rights_events as rights
from throughcare.contracts.envelope import Message
from throughcare.contracts.kinds import Event
from throughcare.services.timeline.counting import Counted, counted
from throughcare.services.timeline.store import add_counted
from throughcare.tests.support.parts import Database

_AT = datetime(2026, 11, 1, 23, 30, tzinfo=UTC)
_ID = UUID(int=1)


def _said(data: Event) -> Message:
    return Message(
        id=_ID, source="/services/release", data=data, case_ref=uuid4(), occurred_at=_AT,
        recorded_at=_AT, correlation_id=_ID, protocol_version="kg-2026.1", sequence=1, position=1,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("event", "found"),
    [
        (
            rights.LegalRequestReceived(
                request_id=_ID, requester_kind="court", legal_basis_stated=True, received_at=_AT
            ),
            [("legal-requests", "received")],
        ),
        (
            rights.LegalRequestDecided(request_id=_ID, decision="refused", decided_at=_AT),
            [("legal-requests", "refused")],
        ),
        (
            rights.EmergencyAccessUsed(
                access_id=_ID, number=1, party="site", reason_code="life-in-danger",
                data_classes=("P1",), used_at=_AT,
            ),
            [("emergency-access", "used")],
        ),
        (
            rights.ComplaintFiled(about=("pressure", "conduct", "pressure")),
            [("complaints", "conduct"), ("complaints", "pressure")],
        ),
        (
            rights.ClientFeedbackGiven(instrument_code="csq-8", score_band=4, anonymous=False),
            [("feedback", "band-4")],
        ),
        (
            rights.CaseForgotten(trigger="asked", forgotten_at=_AT),
            [("forgotten", "asked")],
        ),
        (rights.DataAccessRequested(requested_at=_AT), []),
    ],
)  # fmt: skip
def test_what_somebody_has_to_answer_for_is_counted_and_nothing_else(
    event: Event, found: list[tuple[str, str]]
) -> None:
    assert counted([_said(event)]) == [Counted(_ID, *one, date(2026, 11, 1)) for one in found]


async def test_what_comes_twice_counts_once_and_nothing_in_it_names_a_case(
    database: Database,
) -> None:
    owner = await asyncpg.connect(database.url())
    one = _said(rights.ComplaintFiled(about=("too-late",)))
    for _ in range(2):
        await add_counted(owner, counted([one]))

    this_month = await owner.fetch("SELECT * FROM timeline.counts()")
    await owner.execute("SELECT runtime.step_clock('2026-12-01Z', '2026-12-01Z')")
    rows = await owner.fetch("SELECT * FROM timeline.counts()")
    columns = await owner.fetch(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'counted'"
    )
    await owner.close()
    assert this_month == []  # it would say of somebody what was done today
    assert [tuple(row) for row in rows] == [("complaints", "too-late", 1)]
    assert "case_ref" not in {row["column_name"] for row in columns}
