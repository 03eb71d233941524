"""One appends at a time, nothing is appended twice, and the log is what a second computation says."""

import asyncio
import random

import asyncpg
import pytest

from throughcare.runtime.errors import StaleError
from throughcare.services.timeline.leaves import salt_owner
from throughcare.services.timeline.merkle import (
    consistency_ranges,
    inclusion_ranges,
    is_consistent,
    leaf_hash,
    prove,
    range_hash,
    root_from_inclusion,
)
from throughcare.services.timeline.store import tiles_of_ranges
from throughcare.tests.timeline import oracle
from throughcare.tests.timeline.conftest import Log, cases


async def _records(log: Log) -> list[bytes]:
    """The records of all leaves, from what is kept and by another computation."""
    secrets = await log.owner.fetch("SELECT case_ref, secret FROM timeline.secrets")
    of_case = {row["case_ref"]: row["secret"] for row in secrets}
    rows = await log.owner.fetch(
        "SELECT kind, message_id, case_ref, envelope FROM timeline.entries"
        " JOIN timeline.leaves USING (entry, kind) ORDER BY index"
    )
    return [
        oracle.record(
            row["kind"],
            of_case[salt_owner(row["kind"], row["case_ref"])],
            row["message_id"].bytes,
            row["envelope"],
        )
        for row in rows
    ]


async def test_the_log_is_what_a_second_computation_says(log: Log) -> None:
    for count in (3, 254, 1, 300, 40):
        await log.grow(cases(9), count)
    await log.owner.execute("SELECT timeline.record_read($1, 'monitor', 'read')", cases(1)[0])
    await log.sequencer.step()
    records = await _records(log)

    report = await log.verify(log.outside)

    assert report.leaves == len(records) == 599
    assert oracle.tree_hash(records).hex() == report.root


async def test_proofs_from_the_kept_tiles_hold(log: Log) -> None:
    for _ in range(3):
        await log.grow(cases(3), 200)
    records = await _records(log)
    size, root = len(records), oracle.tree_hash(records)
    for index in (0, 199, 255, 256, 599):
        ranges = inclusion_ranges(index, size)
        proof = prove(ranges, await tiles_of_ranges(log.connection, ranges))
        assert root_from_inclusion(index, size, leaf_hash(records[index]), proof) == root
    for old in (1, 200, 256, 400, 511):
        ranges = consistency_ranges(old, size)
        proof = prove(ranges, await tiles_of_ranges(log.connection, ranges))
        assert is_consistent(old, oracle.tree_hash(records[:old]), size, root, proof)
        tiles = await tiles_of_ranges(log.connection, [(0, old)])
        assert range_hash(0, old, tiles) == oracle.tree_hash(records[:old])


@pytest.mark.parametrize("seed", range(3))
async def test_takers_in_turn_keep_one_log(log: Log, seed: int) -> None:
    """Each reads the tree's edge anew from the tiles, at whatever size the one before left it."""
    draw = random.Random(seed)
    for _ in range(8):
        await log.grow(cases(4), draw.choice((1, 2, 30, 100, 255, 256, 257)))
        await log.sequencer.close()
        log.sequencer = log.new_sequencer()
    records = await _records(log)

    report = await log.verify(log.outside)

    assert report.verified
    assert oracle.tree_hash(records).hex() == report.root


async def test_a_second_one_waits_until_the_first_is_gone(log: Log) -> None:
    await log.grow(cases(2), 5)
    second = log.new_sequencer()

    await second.step()
    assert not await second.lead()

    await log.sequencer.close()
    for _ in range(250):  # PostgreSQL gives the lease back when it sees the connection go
        if leads := await second.lead():
            break
        await asyncio.sleep(0.02)
    assert leads
    await second.close()


async def test_who_lost_the_lease_without_noticing_appends_nothing(log: Log) -> None:
    await log.grow(cases(2), 5)
    await log.owner.execute("UPDATE timeline.log SET epoch = epoch + 1")
    await log.hear([log.said.refusal(cases(1)[0])])

    with pytest.raises(StaleError):
        await log.sequencer.step()

    assert len(await log.leaves()) == 5


async def test_who_lost_its_connection_takes_the_lease_again(log: Log) -> None:
    await log.grow(cases(2), 5)
    await log.owner.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'throughcare-log' AND datname = current_database()"
    )
    await log.hear([log.said.refusal(cases(1)[0])])
    for _ in range(3):
        try:
            await log.sequencer.step()
        except (OSError, asyncpg.InternalClientError):  # as its loop does, it comes again
            continue

    assert len(await log.leaves()) == 6
    assert (await log.verify(log.outside, owner=False)).verified


async def test_nothing_is_appended_to_a_tree_that_is_not_the_one_we_left(log: Log) -> None:
    await log.grow(cases(2), 5)
    await log.sequencer.close()
    await log.owner.execute("DELETE FROM timeline.tiles")
    log.sequencer = log.new_sequencer()
    await log.hear([log.said.refusal(cases(1)[0])])

    await log.sequencer.step()

    assert log.sequencer.broken
    assert len(await log.leaves()) == 5


async def test_an_entry_that_commits_late_gets_the_next_index(log: Log) -> None:
    """Numbers of entries are no order of commits: nothing may be passed over."""
    early, late = log.said.refusal(cases(1)[0]), log.said.refusal(cases(1)[0])
    transaction = log.connection.transaction()
    await transaction.start()
    await log.connection.execute(
        "WITH e AS (INSERT INTO timeline.entries (message_id, case_ref, kind, envelope)"
        " VALUES ($1, $2, 'refusal', $3) RETURNING entry)"
        " INSERT INTO timeline.waiting SELECT entry FROM e",
        early.message.id,
        early.message.case_ref,
        early.raw,
    )
    await log.owner.execute("SELECT timeline.record_read($1, 'm', 'read')", late.message.case_ref)
    await log.sequencer.step()
    await transaction.commit()
    await log.sequencer.step()

    assert [kind for _, kind, _ in await log.leaves()] == ["read", "refusal"]
    assert (await log.verify(log.outside, owner=False)).verified


async def test_the_same_id_with_other_bytes_is_not_kept(log: Log) -> None:
    (case,) = cases(1)
    said = log.said.refusal(case)
    await log.hear([said])

    with pytest.raises(ValueError, match="other bytes"):
        await log.hear([said._replace(raw=said.raw + b" ")])
