"""Counts for anybody: demands for data exactly, what few people said not at all."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx2
import pytest

from throughcare.tests.gateway.ground import Gateway

pytestmark = pytest.mark.usefixtures("agent")


async def test_anybody_reads_how_often_data_was_demanded_and_no_count_of_a_few_people(
    gateway: Gateway,
) -> None:
    today = datetime.now(UTC).date()
    last_month = today.replace(day=1) - timedelta(days=1)
    # What is of this month would say of somebody what was done today.
    await gateway.pool.execute(
        "INSERT INTO timeline.counted VALUES ($1, 'legal-requests', 'received', $2)",
        uuid4(), today.replace(day=1),
    )  # fmt: skip
    for what, code, times in (
        ("legal-requests", "received", 1),
        ("complaints", "pressure", 4),
        ("feedback", "band-5", 5),
    ):
        for _ in range(times):
            await gateway.pool.execute(
                "INSERT INTO timeline.counted VALUES ($1, $2, $3, $4)",
                uuid4(), what, code, last_month,
            )  # fmt: skip
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{gateway.port}") as anybody:
            told = (await anybody.get("/v1/transparency")).json()
    finally:
        await gateway.pool.execute("DELETE FROM timeline.counted")

    assert told["hidden_below"] == 5
    counts = told["counts"]
    assert counts["legal-requests"] == {"received": 1}
    assert counts["complaints"] == {"pressure": None}
    assert counts["feedback"] == {"band-5": 5}
