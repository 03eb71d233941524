"""A journal goes out in its order, whether its rows come from the writer or from the table."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest

from throughcare.contracts.topics import INTAKE_EVENTS
from throughcare.runtime.journal import Journal, Producer, Row
from throughcare.runtime.pool import Pool


class Table:
    """The journal's table with rows 1 to `last`, and how often it was read."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.reads = 0

    async def fetch(self, statement: str, *arguments: Any) -> list[dict[str, Any]]:
        if "AND position > $2" not in statement:
            return []
        self.reads += 1
        _, after, upto, limit = arguments
        places = range(after + 1, min(upto, self.last, after + limit) + 1)
        return [{"position": n, "case_ref": "c", "envelope": b"%d" % n} for n in places]


class Broker:
    """Acknowledges at once and remembers what it was sent; may be told to fail once."""

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.fails = False

    async def start(
        self, topic: str, partition: int, rows: Sequence[tuple[bytes, bytes]]
    ) -> list[asyncio.Future[object]]:
        if self.fails:
            self.fails = False
            raise ConnectionError
        self.sent += [int(envelope) for _, envelope in rows]
        done: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return [done]

    async def send(self, topic: str, partition: int, rows: Sequence[tuple[bytes, bytes]]) -> None:
        await self.start(topic, partition, rows)

    async def renew(self) -> None:
        pass


def rows(first: int, last: int) -> list[Row]:
    return [Row(0, n, b"c", b"%d" % n) for n in range(first, last + 1)]


class Ground:
    def __init__(self, last: int) -> None:
        self.table, self.broker = Table(last), Broker()
        self.journal = Journal(
            INTAKE_EVENTS, "intake", "events", cast(Pool, self.table),
            cast(Producer, self.broker), "cluster", asyncio.get_running_loop().time,
        )  # fmt: skip

    async def until_sent(self, last: int) -> None:
        publishing = asyncio.create_task(self.journal.publish_forever())
        try:
            for _ in range(500):
                if self.broker.sent and self.broker.sent[-1] >= last:
                    return
                await asyncio.sleep(0.01)
            raise AssertionError("it was never sent")
        finally:
            publishing.cancel()


@pytest.fixture
async def ground() -> Ground:
    made = Ground(last=0)
    await made.journal.own([0])
    return made


async def test_what_is_offered_from_the_start_is_never_read_from_the_table(ground: Ground) -> None:
    ground.journal.offer(rows(1, 3))
    ground.journal.offer(rows(4, 5))

    await ground.until_sent(5)

    assert ground.broker.sent == [1, 2, 3, 4, 5]
    assert ground.table.reads == 0


async def test_what_was_left_behind_goes_out_first_and_once(ground: Ground) -> None:
    ground.table.last = 7
    ground.journal.offer(rows(6, 7))

    await ground.until_sent(7)

    assert ground.broker.sent == [1, 2, 3, 4, 5, 6, 7]


async def test_after_a_broken_send_the_order_is_the_same(ground: Ground) -> None:
    ground.table.last = 3
    ground.broker.fails = True
    ground.journal.offer(rows(1, 3))
    sending = asyncio.create_task(ground.until_sent(5))
    await asyncio.sleep(0.02)
    ground.table.last = 5
    ground.journal.offer(rows(4, 5))

    await sending

    assert ground.broker.sent == [1, 2, 3, 4, 5]
