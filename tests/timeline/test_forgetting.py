"""Forgetting a case: what was said is gone for good, and the record stays verifiable."""

import asyncpg
import pytest

from throughcare.tests.timeline.conftest import Log, cases


async def test_forgetting_changes_no_leaf_and_leaves_the_log_verified(log: Log) -> None:
    first, second = cases(2)
    await log.grow([first, second], 40)
    before = await log.leaves()

    await log.owner.execute("SELECT timeline.forget($1)", first)
    at_once = await log.verify(log.outside)
    await log.sequencer.step()
    later = await log.verify(log.outside)

    assert before == (await log.leaves())[:40]
    assert [kind for _, kind, _ in (await log.leaves())[40:]] == ["forgotten"]
    assert at_once.problems == later.problems == []
    assert at_once.forgotten == later.forgotten == 20


async def test_nothing_of_a_forgotten_case_is_left_to_read(log: Log) -> None:
    first, second = cases(2)
    await log.grow([first, second], 40)
    await log.owner.execute("SELECT timeline.forget($1)", first)

    kept = await log.owner.fetchval(
        "SELECT count(*) FROM timeline.entries"
        " WHERE case_ref = $1 AND envelope IS NOT NULL AND kind <> 'forgotten'",
        first,
    )
    secrets = await log.owner.fetch("SELECT case_ref FROM timeline.secrets")
    folded = await log.owner.fetch("SELECT case_ref FROM timeline.cases")
    shown = await log.owner.fetch("SELECT kind FROM timeline.entries_of($1)", first)

    assert kept == 0
    assert first not in {row["case_ref"] for row in secrets}
    assert [row["case_ref"] for row in folded] == [second]
    assert [row["kind"] for row in shown] == ["forgotten"]


async def test_what_is_redelivered_does_not_come_back(log: Log) -> None:
    first, _ = cases(2)
    said = [log.said.refusal(first)]
    await log.hear(said)
    await log.sequencer.step()
    await log.owner.execute("SELECT timeline.forget($1)", first)

    await log.hear(said)
    await log.sequencer.step()

    shown = await log.owner.fetch("SELECT kind FROM timeline.entries_of($1)", first)
    assert [row["kind"] for row in shown] == ["forgotten"]
    assert (await log.verify(log.outside, owner=False)).verified


async def test_what_comes_after_the_forgetting_is_kept_under_a_new_secret(log: Log) -> None:
    first, second = cases(2)
    await log.grow([first, second], 10)
    await log.owner.execute("SELECT timeline.forget($1)", first)
    await log.grow([first, second], 10)

    report = await log.verify(log.outside, owner=False)

    assert report.verified
    assert report.leaves == 21


async def test_a_case_is_not_forgotten_while_one_of_its_leaves_waits(log: Log) -> None:
    first, _ = cases(2)
    await log.hear([log.said.refusal(first)])

    with pytest.raises(asyncpg.ObjectInUseError):
        await log.owner.execute("SELECT timeline.forget($1)", first)


async def test_without_its_secret_an_entry_cannot_be_tried_against_its_leaf(log: Log) -> None:
    """The commitment is no plain hash of what was said."""
    first, _ = cases(2)
    await log.grow([first], 1)

    hit = await log.owner.fetchval(
        "SELECT count(*) FROM timeline.leaves JOIN timeline.entries USING (entry)"
        " WHERE commitment = sha256(envelope)"
    )

    assert hit == 0
