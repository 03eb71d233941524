"""A day on which more people are opened than one may alone; and keys that end."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from throughcare.gateway.problems import DOOR
from throughcare.tests.gateway.desks import Desks, no

pytestmark = pytest.mark.usefixtures("agent")


# -- a declared day ----------------------------------------------------------------------------


def _day(hours_from_now: float = 1, lasts: float = 8, most: int = 50) -> dict[str, Any]:
    begin = datetime.now(UTC) + timedelta(hours=hours_from_now)
    end = begin + timedelta(hours=lasts)
    return {"most": most, "from": begin.isoformat(), "until": end.isoformat()}


async def _declare(desks: Desks, **day: Any) -> str:
    answer = await desks.ngo.post("/v1/batches", json=_day(**day))
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["id"]
    return made


async def test_a_day_of_many_people_is_declared_by_one_and_authorised_by_another(
    desks: Desks,
) -> None:
    made = await _declare(desks)
    path = f"/v1/batches/{made}/authorisation"
    before = await desks.leaves("denied")

    alone = await desks.ngo.post(path)
    async with await desks.another_key("ngo-bishkek") as second:
        together = await second.post(path)
        again = await second.post(path)

    assert no(alone) == (403, "batch-needs-another-person")
    assert (together.status_code, together.content) == (204, b"")
    assert again.status_code == 204
    assert await desks.leaves("denied") == before + 1
    row = await desks.gateway.pool.fetchrow(
        "SELECT most, declared_by <> authorised_by FROM vault.batches WHERE id = $1", UUID(made)
    )
    assert tuple(row) == (50, True)


async def test_on_such_a_day_more_people_are_opened_than_one_may_alone(desks: Desks) -> None:
    pool = desks.gateway.pool
    await pool.execute("UPDATE vault.limits SET people_an_hour = 1")
    try:
        await pool.execute("DELETE FROM vault.disclosures")
        first, case = await desks.case(), await desks.case()
        for one in (first, case):
            await desks.enter(one)
            await desks.accept(one.ref)
        assert (await desks.ask(first)).status_code == 201
        made = await _declare(desks)
        begin = "UPDATE vault.batches SET from_at = from_at - interval '2 hours' WHERE id = $1"
        declared = await desks.ask(case)
        async with await desks.another_key("ngo-bishkek") as second:
            await second.post(f"/v1/batches/{made}/authorisation")
        early = await desks.ask(case)
        await pool.execute(begin, UUID(made))
        on_the_day = await desks.ask(case)
    finally:
        await pool.execute("DELETE FROM vault.batches")
        await pool.execute("UPDATE vault.limits SET people_an_hour = 20")

    assert [one.status_code for one in (declared, early, on_the_day)] == [429, 429, 201]


async def test_a_day_that_has_begun_is_authorised_no_more(desks: Desks) -> None:
    path = f"/v1/batches/{await _declare(desks, hours_from_now=-1)}/authorisation"

    async with await desks.another_key("ngo-bishkek") as second:
        assert no(await second.post(path)) == (409, "batch-has-begun")


async def test_anothers_day_is_one_that_was_never_declared(desks: Desks) -> None:
    made = await _declare(desks)
    before = await desks.leaves("denied")

    answers = [
        await desks.at("ngo-anywhere", f"/v1/batches/{id}/authorisation", {})
        for id in (made, str(uuid4()), "x")
    ]

    assert {no(answer) for answer in answers} == {(404, "no-such-batch")}
    assert await desks.leaves("denied") == before + 3


@pytest.mark.parametrize(
    "body",
    [
        {},
        _day(most=0),
        _day(most=1001),
        _day(lasts=0),
        _day(lasts=25),
        {**_day(), "from": "2026-11-22T08:00:00"},
        {**_day(), "why": "amnesty"},
    ],
)
async def test_a_day_that_cannot_be_is_refused(desks: Desks, body: Any) -> None:
    assert no(await desks.ngo.post("/v1/batches", json=body)) == (422, "fields")


# -- keys --------------------------------------------------------------------------------------


async def test_a_revoked_key_is_refused_at_the_next_request(desks: Desks) -> None:
    async with await desks.another_key("ngo-bishkek") as second:
        assert (await second.post("/v1/batches", json=_day())).status_code == 201
        key_id = await desks.gateway.pool.fetchval(
            "SELECT key_id FROM gateway.api_keys WHERE party = 'ngo-bishkek'"
            " ORDER BY created_at DESC LIMIT 1"
        )
        await desks.gateway.pool.execute(
            "UPDATE gateway.api_keys SET revoked_at = now() WHERE key_id = $1", key_id
        )

        assert no(await second.post("/v1/batches", json=_day())) == (401, "key-unknown")
    assert (await desks.ngo.post("/v1/batches", json=_day())).status_code == 201


def test_every_no_has_its_sentence_in_both_languages() -> None:
    for code in ("no-such-code", "code-not-for-role", "not-for-the-person", "consent-not-by-code",
                 "no-such-batch", "batch-needs-another-person", "batch-has-begun"):  # fmt: skip
        assert re.search("[а-я]", DOOR[code].ru)
        assert DOOR[code].en.endswith(".")
