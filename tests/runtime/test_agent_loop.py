"""The contract with the installed Faust: whatever happens to a worker, nothing is lost, doubled or reordered."""

import asyncio
import signal

import orjson
import pytest

from throughcare.contracts.envelope import encode
from throughcare.runtime.ids import new_case_ref, new_id
from throughcare.tests.runtime.conftest import Toy
from throughcare.tests.runtime.toy import command

_POINTS = (
    "agent.after_decode",
    "agent.before_record",
    "agent.after_record",
    "publisher.before_send",
    "publisher.after_ack",
    "publisher.after_mark",
)


async def test_commands_are_taken_once_and_in_the_doors_order(toy_service: Toy) -> None:
    cases = [new_case_ref() for _ in range(20)]
    sent = [command(case, n, n, new_id()) for n in range(1, 11) for case in cases]
    await toy_service.send(*sent)
    await toy_service.send(*sent[:50])  # relayed twice

    await toy_service.answered(m.id for m in sent)

    assert [await toy_service.amounts(case) for case in cases] == [list(range(1, 11))] * 20


async def test_a_command_that_comes_before_its_turn_waits_for_it(toy_service: Toy) -> None:
    case = new_case_ref()
    first, second, third = (command(case, n, n, new_id()) for n in (1, 2, 3))
    await toy_service.send(third, second)
    await toy_service.until("SELECT count(*) = 2 FROM intake.held WHERE case_ref = $1", case)
    await toy_service.send(first)

    await toy_service.answered([first.id, second.id, third.id])

    assert await toy_service.amounts(case) == [1, 2, 3]
    left = "SELECT count(*) FROM intake.held WHERE case_ref = $1"
    assert await toy_service.owner.fetchval(left, case) == 0


async def test_a_transient_error_takes_the_same_list_again(toy_service: Toy) -> None:
    case = new_case_ref()
    sent = [command(case, 1, 1, new_id(), "once"), command(case, 2, 2, new_id())]
    await toy_service.send(*sent)

    await toy_service.answered(m.id for m in sent)

    assert await toy_service.amounts(case) == [1, 2]


async def test_a_poison_message_halts_its_own_case_and_no_other(toy_service: Toy) -> None:
    sick, well = new_case_ref(), new_case_ref()
    poison = command(sick, 2, 2, new_id(), "poison")
    good = [command(sick, 1, 1, new_id()), command(well, 1, 1, new_id())]
    later = [command(sick, 3, 3, new_id()), command(well, 2, 2, new_id())]
    await toy_service.send(good[0], poison, good[1], *later)
    await toy_service.answered([good[0].id, good[1].id, later[1].id])
    await toy_service.until(
        "SELECT count(*) = 1 FROM intake.held WHERE reason = 'halted' AND case_ref = $1", sick
    )
    letters = "SELECT * FROM intake.dead_letters WHERE case_ref = ANY ($1)"
    (letter,) = await toy_service.owner.fetch(letters, [sick, well])
    assert (letter["case_ref"], letter["class"], letter["status"]) == (sick, "bug", "open")
    assert b"poison" not in letter["sealed"]

    await toy_service.owner.execute(
        "UPDATE intake.dead_letters SET status = 'discarding' WHERE case_ref = $1", sick
    )

    await toy_service.answered([poison.id, later[0].id])
    assert await toy_service.amounts(sick) == [1, 3]
    assert await toy_service.amounts(well) == [1, 2]
    (letter,) = await toy_service.owner.fetch(letters, [sick, well])
    assert letter["status"] == "discarded"
    halted = "SELECT count(*) FROM intake.halted WHERE case_ref = $1"
    assert await toy_service.owner.fetchval(halted, sick) == 0


async def test_a_replayed_dead_letter_takes_its_place_before_what_waited(toy_service: Toy) -> None:
    case = new_case_ref()
    first, then = (
        command(case, 1, 1, new_id(), "poison-until-mended"),
        command(case, 2, 2, new_id()),
    )
    await toy_service.send(first, then)
    await toy_service.until("SELECT count(*) = 1 FROM intake.held WHERE case_ref = $1", case)

    await toy_service.owner.execute(
        "UPDATE intake.dead_letters SET status = 'replaying' WHERE case_ref = $1", case
    )

    await toy_service.answered([first.id, then.id])
    assert await toy_service.amounts(case) == [1, 2]


async def test_what_cannot_be_read_becomes_a_dead_letter_and_stops_nothing(
    toy_service: Toy,
) -> None:
    case = new_case_ref()
    nobody = b'{"specversion":"1.0","type":"org.throughcare.command.nobody.v1"}'
    after = command(case, 1, 1, new_id())
    for raw in (b"\xff\xfe", b"", b"[]", b"{}", nobody):
        await toy_service.send_bytes(case, raw)
    await toy_service.send(after)

    await toy_service.answered([after.id])

    letters = await toy_service.owner.fetch(
        "SELECT code FROM intake.dead_letters WHERE case_ref IS NULL ORDER BY code"
    )
    assert [letter["code"] for letter in letters] == [
        "envelope", "not-an-object", "not-json", "not-json", "unknown-type",
    ]  # fmt: skip


async def test_an_unknown_version_halts_only_the_case_it_names(toy_service: Toy) -> None:
    case = new_case_ref()
    began = await toy_service.owner.fetchval("SELECT clock_timestamp()")
    record = orjson.loads(encode(command(case, 1, 1, new_id())))
    record["type"] = "org.throughcare.command.toy-add.v9"
    after = command(case, 1, 1, new_id())
    await toy_service.send_bytes(case, orjson.dumps(record))
    await toy_service.send(after)

    await toy_service.until("SELECT count(*) = 1 FROM intake.held WHERE case_ref = $1", case)

    halted = "SELECT case_ref FROM intake.halted WHERE since >= $1"
    assert [row["case_ref"] for row in await toy_service.owner.fetch(halted, began)] == [case]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_a_worker_stopped_in_the_middle_loses_and_doubles_nothing(
    toy_service: Toy, how: signal.Signals
) -> None:
    cases = [new_case_ref() for _ in range(30)]
    sent = []
    for numbers in (range(1, 11), range(11, 21)):
        more = [command(case, n, n, new_id()) for n in numbers for case in cases]
        sent += more
        sending = asyncio.create_task(toy_service.send(*more))
        # Of this round: what runs now has taken some of it.
        await toy_service.until(
            "SELECT count(*) > 20 FROM intake.outcomes WHERE id = ANY ($1)", [m.id for m in more]
        )
        code = toy_service.worker.end(how)
        assert code == (0 if how is signal.SIGTERM else -signal.SIGKILL)
        toy_service.worker.start()
        await sending

    await toy_service.answered((m.id for m in sent), seconds=60)

    assert [await toy_service.amounts(case) for case in cases] == [list(range(1, 21))] * 30


async def test_a_crash_at_each_point_of_the_loop_loses_and_doubles_nothing(
    toy_service: Toy,
) -> None:
    """Each point is passed once and kills at the second time, with nobody else looking on."""
    worker, said = toy_service.worker, {point: new_case_ref() for point in _POINTS}
    counts = dict.fromkeys(_POINTS, 0)
    worker.end()
    for point, case in said.items():
        worker.start(THROUGHCARE_CRASH_AT=f"{point}:2:KILL")
        while worker.is_running() and counts[point] < 300:
            counts[point] += 1
            await toy_service.send(command(case, counts[point], counts[point], new_id()))
            await asyncio.sleep(0.1)
        assert worker.ended_by_itself() == -signal.SIGKILL, point
    worker.start()

    for point, case in said.items():
        await toy_service.until(
            "SELECT count(*) = $2 FROM intake.outcomes WHERE case_ref = $1", case, counts[point]
        )
        assert await toy_service.amounts(case) == list(range(1, counts[point] + 1)), point
    await toy_service.until(
        """
        SELECT sum(published) = (SELECT count(*) FROM intake.events)
        FROM runtime.journals WHERE topic = 'throughcare.intake.events.v1'
        """
    )
