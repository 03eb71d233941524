"""How many people a key may open within an hour, and what raises it."""

import asyncio
from uuid import UUID, uuid4

import asyncpg
import pytest

from throughcare.tests.database.desk import Desk, waits


@pytest.mark.parametrize("function", ["disclose", "break_glass"])
async def test_the_21st_person_within_an_hour_is_refused(desk: Desk, function: str) -> None:
    cases = await desk.cases(22)

    assert [await desk.disclose(one, function=function) for one in cases[:20]] == ["P1"] * 20
    assert await desk.disclose(cases[20]) == "too-many-people"
    assert await desk.disclose(cases[20], function="break_glass") == "too-many-people"
    assert await desk.said(cases[20]) == ["denied", "denied"]

    # Who was opened already may be opened again; another key counts for itself.
    assert await desk.disclose(cases[3]) == "P1"
    assert await desk.disclose(cases[21], key=1) == "P1"
    await desk.owner.execute(
        "UPDATE vault.disclosures SET opened_at = opened_at - interval '61 minutes'"
        " WHERE party = $1 AND case_ref <> $2", desk.party, cases[3],
    )  # fmt: skip
    assert await desk.disclose(cases[20]) == "P1"


async def test_two_at_once_do_not_get_past_the_number(desk: Desk) -> None:
    cases = await desk.cases(21)
    for one in cases[:19]:
        await desk.disclose(one)
    transaction = desk.second.transaction()
    await transaction.start()
    await desk.second.execute("SELECT access.enter($1)", desk.keys[0])
    await desk.second.execute(
        "SELECT vault.disclose(gen_random_uuid(), $1, '{P1}', 'handover', 'n')", cases[19]
    )

    last = asyncio.create_task(desk.disclose(cases[20]))
    assert await waits(last)
    await transaction.commit()

    assert await last == "too-many-people"


_DECLARE = (
    "SELECT vault.declare_batch($1, 22, now() + interval '1 hour', now() + interval '3 hours')"
)
_AUTHORISE = "SELECT vault.authorise_batch($1)"


async def test_a_batch_that_a_second_key_authorised_beforehand_raises_the_number(
    desk: Desk,
) -> None:
    batch, cases = uuid4(), await desk.cases(23)
    for one in cases[:20]:
        await desk.disclose(one)
    await desk.call(_DECLARE, batch)
    assert await desk.call(_AUTHORISE, batch) == [("batch-needs-another-person",)]
    await _begin(desk, batch)
    assert await desk.disclose(cases[20]) == "too-many-people"
    assert await desk.call(_AUTHORISE, batch, key=1) == [("batch-has-begun",)]

    await _begin(desk, batch, "1 hour")
    assert await desk.call(_AUTHORISE, batch, key=1) == [(None,)]
    assert await desk.disclose(cases[20]) == "too-many-people"  # it has not begun
    await _begin(desk, batch)
    assert [await desk.disclose(one) for one in cases[20:]] == ["P1", "P1", "too-many-people"]

    await desk.owner.execute("UPDATE vault.batches SET until_at = now() WHERE id = $1", batch)
    assert await desk.disclose(cases[22]) == "too-many-people"


async def _begin(desk: Desk, batch: UUID, after: str = "-1 hour") -> None:
    await desk.owner.execute(
        "UPDATE vault.batches SET from_at = now() + $2::text::interval WHERE id = $1", batch, after
    )


async def test_nobody_authorises_for_another_party_or_in_place_of_who_did(desk: Desk) -> None:
    batch, other = uuid4(), Desk(desk.database)
    await other.open()
    await desk.call(_DECLARE, batch)

    assert await other.call(_AUTHORISE, batch) == [("no-such-batch",)]
    assert await other.call(_AUTHORISE, uuid4()) == [("no-such-batch",)]
    await desk.call(_AUTHORISE, batch, key=1)
    first = await desk.owner.fetchrow("SELECT * FROM vault.batches WHERE id = $1", batch)
    assert await desk.call(_AUTHORISE, batch, key=1) == [(None,)]
    assert await desk.owner.fetchrow("SELECT * FROM vault.batches WHERE id = $1", batch) == first
    await other.close()


@pytest.mark.parametrize(
    ("most", "hours"), [(0, 1), (1001, 1), (10, 25), (10, 0), (10, -1), (None, 1)]
)
async def test_a_batch_has_its_bounds(desk: Desk, most: int | None, hours: int) -> None:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await desk.call(
            "SELECT vault.declare_batch($1, $2, now(), now() + $3 * interval '1 hour')",
            uuid4(), most, hours,
        )  # fmt: skip
