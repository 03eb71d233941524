"""A Faust agent as the tutorial has it: one message, one transaction, published before the next."""

import asyncio
import sys
from typing import Any

import faust
import uvloop

from throughcare.cli.bench.variants.work import Work, aiokafka_send, broker


def make_app(group: str) -> faust.App:
    return faust.App(
        group,
        broker=f"kafka://{broker()}",
        web_enabled=False,
        autodiscover=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        stream_wait_empty=False,
        consumer_auto_offset_reset="earliest",
        store="memory://",
        loghandlers=[],
        datadir=f"/tmp/{group}",
    )


async def main(name: str, group: str) -> None:
    work = await Work.open(name)
    send = await aiokafka_send()
    app = make_app(group)
    topic = app.topic(work.half.commands.name, value_type=bytes, value_serializer="raw")

    @app.agent(topic)
    async def take(stream: Any) -> None:
        async for raw in stream:
            rows = await work.take_one(raw)
            await send(rows)
            await work.mark(rows)

    await app.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
