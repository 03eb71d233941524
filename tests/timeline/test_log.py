"""What goes into the log, once, in order, and what verification says of a log that is whole."""

from uuid import UUID

from throughcare.contracts.outcomes import Decided
from throughcare.contracts.release_events import EscalationCleared
from throughcare.tests.timeline.conftest import Log, cases


async def test_a_log_that_grew_in_several_batches_verifies(log: Log) -> None:
    for count in (1, 2, 300, 5, 513):
        await log.grow(cases(7), count)

    report = await log.verify(log.outside)

    assert report.problems == []
    assert report.verified
    assert report.leaves == report.outside_size == 821
    assert sorted(int(path.stem) for path in log.outside.glob("*.txt")) == [1, 3, 303, 308, 821]


async def test_a_redelivered_message_adds_no_leaf(log: Log) -> None:
    (case,) = cases(1)
    inputs = [log.said.event(case, EscalationCleared(escalation_id=case)), log.said.refusal(case)]
    await log.hear(inputs)
    await log.sequencer.step()
    await log.hear(inputs)
    await log.sequencer.step()

    assert [kind for _, kind, _ in await log.leaves()] == ["event", "refusal"]


async def test_what_took_effect_is_a_leaf_by_its_events_and_not_by_its_outcome(log: Log) -> None:
    (case,) = cases(1)
    await log.hear([log.said.outcome(case, Decided(answered_source="/x", answered_id="1"))])
    await log.sequencer.step()

    assert await log.leaves() == []


async def test_nothing_is_signed_where_there_is_nothing(log: Log) -> None:
    await log.sequencer.step()

    assert not log.outside.exists()
    assert (await log.verify()).verified


async def test_a_case_is_found_up_to_the_versions_that_were_folded(log: Log) -> None:
    first, second = cases(2)
    await log.hear([log.said.event(first, EscalationCleared(escalation_id=first))] * 1)

    row = await log.owner.fetchrow("SELECT * FROM timeline.reached($1)", first)
    nothing = await log.owner.fetchrow("SELECT * FROM timeline.reached($1)", second)

    assert row is not None
    assert nothing is not None
    assert tuple(row) == (0, 1)
    assert tuple(nothing) == (0, 0)


async def test_readings_and_denied_attempts_are_leaves(log: Log) -> None:
    (case,) = cases(1)
    record = "SELECT timeline.record_read($1, $2, $3)"
    await log.owner.execute(record, case, "monitor-kg", "read")
    await log.owner.execute(record, case, "ngo-b", "denied")
    await log.owner.execute(record, None, "ngo-b", "denied")
    await log.sequencer.step()

    assert [kind for _, kind, _ in await log.leaves()] == ["read", "denied", "denied"]
    assert (await log.verify(log.outside)).verified
    rows = await log.owner.fetch("SELECT * FROM timeline.entries_of($1)", case)
    assert [(row["kind"], row["data"]) for row in rows] == [
        ("read", '{"party": "monitor-kg"}'),
        ("denied", '{"party": "ngo-b"}'),
    ]
    assert UUID(int=0) != case
