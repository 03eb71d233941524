"""Forgetting, in deed: keys, names and salts go, nothing comes back with a backup, and it can be proven."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from throughcare.contracts.rights_events import CaseForgotten
from throughcare.contracts.topics import RELEASE_EVENTS, partition_of
from throughcare.gateway.erasing import ErasedList
from throughcare.gateway.person import person_mark
from throughcare.runtime.errors import SetupError
from throughcare.runtime.seal import Seal
from throughcare.tests.gateway.fake_agent import FakeAgent
from throughcare.tests.gateway.ground import Gateway, eventually
from throughcare.tests.gateway.test_gate import Case, Ground

_FORGOTTEN = CaseForgotten(trigger="asked", forgotten_at=datetime(2026, 11, 1, tzinfo=UTC))
_CODE = "BCDF-GHJK-MNPQ"


@pytest.fixture
async def ground(gateway: Gateway, agent: FakeAgent) -> AsyncIterator[Ground]:
    made = Ground(gateway)
    yield made
    await made.prison.aclose()
    await made.ngo.aclose()


async def _known(ground: Ground) -> Case:
    """A case with details, an acceptance, a disclosure and a code of the person."""
    case = await ground.case()
    await ground.enter(case)
    await ground.accept(case.ref)
    assert (await ground.ask(case)).status_code == 201
    seal = Seal.from_file(ground.gateway.home / "seal")
    await ground.gateway.pool.execute("DELETE FROM vault.person_codes")
    await ground.gateway.pool.execute(
        "INSERT INTO vault.person_codes VALUES ($1, $2)", person_mark(seal, _CODE), case.ref
    )
    return case


async def _forget(ground: Ground, agent: FakeAgent, case: Case) -> None:
    about = next(message for message in agent.seen if message.case_ref == case.ref)
    await agent.say("release", about, _FORGOTTEN)
    assert agent.place(RELEASE_EVENTS.name, partition_of(case.ref))
    await eventually(lambda: _is_done(ground, case.ref))


async def _is_done(ground: Ground, ref: UUID) -> bool:
    # No timeline runs here that would give these their places in the log.
    await ground.gateway.pool.execute("DELETE FROM timeline.waiting")
    return bool(
        await ground.gateway.pool.fetchval(
            "SELECT done_at IS NOT NULL FROM vault.erased WHERE case_ref = $1", ref
        )
    )


def _prove(ground: Ground, code: str = _CODE) -> tuple[int, Any]:
    done = _run(ground, code, "--json")
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


def _run(ground: Ground, code: str, *options: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-Im", "throughcare.cli.main", "prove-erased", code, *options],
        env={
            **os.environ,
            "THROUGHCARE_DATABASE__URL": ground.gateway.database.url(),
            "THROUGHCARE_SEALING_KEY_FILE": str(ground.gateway.home / "seal"),
        },
        capture_output=True,
        text=True,
        check=False,
    )


async def test_a_forgotten_case_is_there_for_nobody_and_nothing_left_leads_to_the_person(
    ground: Ground, agent: FakeAgent
) -> None:
    case = await _known(ground)
    assert _prove(ground)[0] == 2

    await _forget(ground, agent, case)

    for answer in (
        await ground.ask(case),
        await ground.enter(case),
        await ground.prison.get(f"/v1/cases/{case.prison}/timeline"),
        await ground.ngo.get(f"/v1/cases/{case.ngo}/timeline"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "no-such-case")
    left = {
        table: await ground.gateway.pool.fetchval(
            f"SELECT count(*) FROM {table} WHERE case_ref = $1", case.ref  # noqa: S608
        )
        for table in ("vault.keys", "vault.details", "gateway.aliases", "gateway.past_names",
                      "gateway.case_access", "timeline.secrets", "intake.permissions")
    }  # fmt: skip
    assert set(left.values()) == {0}
    assert await ground.leaves("forgotten", case.ref) == 1
    assert str(case.ref) in (ground.gateway.home / "erased").read_text()
    status, proof = _prove(ground)
    assert (status, proof["erased"]) == (0, True)
    said = _run(ground, _CODE)
    assert (said.returncode, said.stderr) == (0, "")
    assert "vault.disclosures" in said.stdout
    assert "LEADS TO THE PERSON" not in said.stdout
    assert {"vault.disclosures", "gateway.cases"} <= {
        place["place"] for place in proof["places"] if place["standing"]
    }


async def test_a_word_that_could_be_a_reference_goes_with_it(
    ground: Ground, agent: FakeAgent
) -> None:
    case = await _known(ground)
    await _forget(ground, agent, case)

    rows = await ground.gateway.pool.fetch(
        "SELECT id FROM gateway.commands WHERE case_ref = $1", case.ref
    )
    assert rows == []


async def test_what_still_waits_to_be_answered_or_told_is_waited_for(
    ground: Ground, agent: FakeAgent
) -> None:
    case = await _known(ground)
    pool = ground.gateway.pool
    await pool.execute(
        "INSERT INTO notifications.deliveries (id, case_ref, partition, template, to_role, last_word,"
        " correlation_id, causation_id, protocol_version)"
        " VALUES ($1, $2, 0, 'permission-ended', 'ngo', true, $1, $1, 'kg-2026.1')",
        uuid4(), case.ref,
    )  # fmt: skip

    about = next(message for message in agent.seen if message.case_ref == case.ref)
    await agent.say("release", about, _FORGOTTEN)
    await eventually(lambda: _is_keyless(ground, case.ref))
    assert not await _is_done(ground, case.ref)
    assert (await ground.ask(case)).json()["code"] == "no-such-case"
    assert await pool.fetchval("SELECT count(*) FROM gateway.aliases WHERE case_ref = $1", case.ref)

    await pool.execute(
        "UPDATE notifications.deliveries SET status = 'sent' WHERE case_ref = $1", case.ref
    )
    await eventually(lambda: _is_done(ground, case.ref))


async def _is_keyless(ground: Ground, ref: UUID) -> bool:
    return not await ground.gateway.pool.fetchval(
        "SELECT count(*) FROM vault.keys WHERE case_ref = $1", ref
    )


async def test_a_backup_that_is_restored_is_erased_again_at_the_next_start(
    ground: Ground, agent: FakeAgent
) -> None:
    case = await _known(ground)
    pool = ground.gateway.pool
    tables = ("vault.keys", "vault.details", "gateway.aliases", "gateway.case_access")
    backup = {
        table: await pool.fetch(f"SELECT t FROM {table} t WHERE case_ref = $1", case.ref)  # noqa: S608
        for table in tables
    }
    await _forget(ground, agent, case)

    await ground.gateway.stop()
    await pool.execute("DELETE FROM vault.erased WHERE case_ref = $1", case.ref)
    for table, rows in backup.items():
        for row in rows:
            places = ", ".join(f"${n}" for n in range(1, len(row["t"]) + 1))
            await pool.execute(f"INSERT INTO {table} VALUES ({places})", *row["t"])  # noqa: S608
    assert await pool.fetchval("SELECT count(*) FROM vault.keys WHERE case_ref = $1", case.ref)
    await ground.gateway.launch()

    await eventually(lambda: _is_done(ground, case.ref), within_s=20)
    assert _prove(ground)[0] == 0


def test_a_line_that_a_crash_cut_off_is_written_whole_the_next_time(tmp_path: Path) -> None:
    path, one, two = tmp_path / "deep" / "erased", uuid4(), uuid4()
    ErasedList(path).add([one])
    with path.open("a") as file:
        file.write(str(two)[:11])

    erased = ErasedList(path)
    assert set(erased.read()) == {one}
    erased.add([one, two])
    assert path.read_text() == f"{one}\n{two}\n"
    assert oct(path.stat().st_mode)[-3:] == "600"


def test_a_file_that_is_no_such_list_is_named_and_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    path.write_text("shopping\nlist\n")

    with pytest.raises(SetupError, match="THROUGHCARE_ERASED_LIST is no list"):
        ErasedList(path).read()
    assert path.read_text() == "shopping\nlist\n"
    with pytest.raises(SetupError, match="THROUGHCARE_ERASED_LIST is not set"):
        ErasedList(None)
