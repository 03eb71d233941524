"""librdkafka on both sides: confluent-kafka's consumer and producer around asyncpg."""

import asyncio
import sys
from collections.abc import Sequence

import uvloop
from confluent_kafka import Consumer, KafkaException, Message, Producer

from throughcare.cli.bench.variants.work import HandOff, Row, Send, Work, broker


def confluent_send() -> Send:
    producer = Producer(
        {
            "bootstrap.servers": broker(),
            "acks": "all",
            "enable.idempotence": True,
            "linger.ms": 0,
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    failed: list[object] = []

    def delivered(error: object, _: Message) -> None:
        if error is not None:
            failed.append(error)

    async def send(rows: Sequence[Row]) -> None:
        for row in rows:
            producer.produce(
                row.topic,
                row.value,
                str(row.case_ref).encode(),
                partition=row.partition,
                on_delivery=delivered,
            )
        await asyncio.to_thread(producer.flush)
        if failed:
            raise KafkaException(failed[0])

    return send


async def main(name: str, group: str) -> None:
    work = await Work.open(name)
    publisher = HandOff(work, confluent_send())
    consumer = Consumer(
        {
            "bootstrap.servers": broker(),
            "group.id": group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([work.half.commands.name])
    while True:
        messages = await asyncio.to_thread(consumer.consume, 500, 0.1)
        raws = [value for m in messages if m.error() is None and (value := m.value()) is not None]
        if raws:
            publisher.offer(await work.take_list(raws))
            consumer.commit(asynchronous=True)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
