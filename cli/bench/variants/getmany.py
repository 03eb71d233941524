"""No framework: aiokafka's `getmany` of 500, one transaction a list, offsets committed after it."""

import sys

import uvloop
from aiokafka import AIOKafkaConsumer

from throughcare.cli.bench.variants.work import HandOff, Work, aiokafka_send, broker


async def main(name: str, group: str) -> None:
    work = await Work.open(name)
    publisher = HandOff(work, await aiokafka_send())
    consumer = AIOKafkaConsumer(
        work.half.commands.name,
        bootstrap_servers=broker(),
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    while True:
        lists = await consumer.getmany(timeout_ms=1_000, max_records=500)
        raws = [record.value for records in lists.values() for record in records]
        if raws:
            publisher.offer(await work.take_list(raws))
            await consumer.commit()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
