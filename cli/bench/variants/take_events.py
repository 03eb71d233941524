"""A Faust agent that buffers: `take_events(500, 0.02)`, one transaction a list."""

import asyncio
import sys
from typing import Any

import uvloop

from throughcare.cli.bench.variants.plain_faust import make_app
from throughcare.cli.bench.variants.work import HandOff, Work, aiokafka_send


async def main(name: str, group: str) -> None:
    work = await Work.open(name)
    publisher = HandOff(work, await aiokafka_send())
    app = make_app(group)
    topic = app.topic(work.half.commands.name, value_type=bytes, value_serializer="raw")

    @app.agent(topic)
    async def take(stream: Any) -> None:
        async for events in stream.take_events(500, within=0.02):
            publisher.offer(await work.take_list([event.value for event in events]))

    await app.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
