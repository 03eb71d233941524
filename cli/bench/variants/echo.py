"""The least there is between two topics: read a record, write it, wait for the acknowledgement."""

import sys

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from throughcare.cli.bench.variants.work import broker


async def main(source: str, target: str, group: str) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=broker(), acks="all", enable_idempotence=True)
    await producer.start()
    consumer = AIOKafkaConsumer(
        source, bootstrap_servers=broker(), group_id=group, auto_offset_reset="earliest"
    )
    await consumer.start()
    async for record in consumer:
        await producer.send_and_wait(target, record.value, record.key, partition=record.partition)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
