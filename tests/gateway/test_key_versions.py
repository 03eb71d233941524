"""While the organisations' keys change, who is told goes on being told, and whoever enters goes on entering."""

import asyncio
import os

import pytest

from throughcare.cli.vault import rewrap_all
from throughcare.services.intake.vault import KeyFile
from throughcare.tests.gateway.desks import Desks
from throughcare.tests.gateway.test_gate import Case

pytestmark = pytest.mark.usefixtures("agent")


async def _told(desks: Desks, case: Case) -> bool:
    answer = await desks.ask(case)
    return answer.status_code == 201 and "CANARY" in answer.text


async def test_details_stay_readable_before_during_and_after_and_no_process_is_started_again(
    desks: Desks,
) -> None:
    pool, file = desks.gateway.pool, desks.gateway.home / "vault"
    cases = [await desks.case() for _ in range(3)]
    for case in cases:
        await desks.enter(case)
        await desks.accept(case.ref)
    old, new = file.read_bytes(), os.urandom(32)
    file.write_bytes(new + old)
    keys = KeyFile.read(file)
    assert all([await _told(desks, case) for case in cases])

    async with pool.acquire() as connection:
        # A key at a time, while others are told and enter.
        work = asyncio.create_task(rewrap_all(connection, keys, batch=1))
        meanwhile = [await _told(desks, case) for case in cases]
        entered = await desks.enter(cases[0])
        await work
    late = await desks.case()
    await desks.enter(late)
    await desks.accept(late.ref)
    file.write_bytes(new)

    assert all(meanwhile)
    assert entered.json()["version"] == 2
    assert all([await _told(desks, case) for case in (*cases, late)])
    assert await pool.fetchval(
        "SELECT count(*) FROM vault.wrapped_otherwise($1, $2, NULL)"
        " JOIN unnest($3::uuid[]) AS c ON c = case_ref",
        KeyFile.read(file).newest, "00000000-0000-0000-0000-000000000000",
        [case.ref for case in (*cases, late)],
    ) == 0  # fmt: skip
    # Whoever starts anew knows the new version only.
    await desks.gateway.stop()
    await desks.gateway.launch()
    assert all([await _told(desks, case) for case in cases])
