"""How long one message takes at 50 a second, with nothing else to do."""

import asyncio
import statistics
from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from throughcare.cli.bench import load
from throughcare.cli.bench.halves import Half
from throughcare.cli.bench.race import OURS, launch
from throughcare.cli.bench.stage import SQL, Stage
from throughcare.contracts.envelope import encode
from throughcare.contracts.topics import PARTITIONS, partition_of
from throughcare.runtime.errors import SetupError

ECHO_IN, ECHO_OUT = "bench.echo.in", "bench.echo.out"
#: 50 a second.
EVERY_S = 0.02
#: Not counted: connections are made and statements prepared.
_WARM = 25


class Latency(NamedTuple):
    """Milliseconds."""

    p50: float
    p99: float


def latency(seconds: list[float]) -> Latency:
    """Of a series in the order it was sent."""
    cuts = statistics.quantiles(seconds[_WARM:], n=100, method="inclusive")
    return Latency(cuts[49] * 1000, cuts[98] * 1000)


async def through_ours(stage: Stage, half: Half, messages: int, seed: int) -> Latency:
    """From a command on its topic to the event on its own, the small work between."""
    await stage.empty(half)
    await stage.begin_at_end(half)
    commands = load.make("toy", messages, seed)
    pairs = [(m.id, partition_of(m.case_ref), encode(m)) for m in commands]
    process = launch(stage, OURS, "toy", half)
    try:
        await wait_ready(stage, 1, PARTITIONS)
        return await _ping(
            stage, half.commands.name, half.events.name, pairs, lambda e: UUID(e["causationid"])
        )
    finally:
        await stage.stop([process])


async def through_echo(stage: Stage, messages: int, seed: int) -> Latency:
    """The same messages through a process that does nothing but hand them on."""
    commands = load.make("toy", messages, seed)
    pairs = [(m.id, 0, encode(m)) for m in commands]
    echo = "throughcare.cli.bench.variants.echo"
    process = stage.start(echo, ECHO_IN, ECHO_OUT, stage.new_group(), schema="intake")
    try:
        await asyncio.sleep(2.0)
        return await _ping(stage, ECHO_IN, ECHO_OUT, pairs, lambda e: UUID(e["id"]))
    finally:
        await stage.stop([process])


async def wait_ready(stage: Stage, processes: int, partitions: int, seconds: float = 30) -> None:
    """Until so many processes of ours have so many partitions each."""
    give_up = asyncio.get_running_loop().time() + seconds
    while await stage.owner.fetchval(SQL["ready"], partitions) < processes:
        if asyncio.get_running_loop().time() > give_up:
            raise SetupError("A process of the bench did not get its partitions.")
        await asyncio.sleep(0.05)


async def _ping(
    stage: Stage,
    source: str,
    target: str,
    pairs: list[tuple[UUID, int, bytes]],
    answers: Callable[[dict[str, str]], UUID],
) -> Latency:
    clock = asyncio.get_running_loop().time
    servers = stage.kafka.bootstrap_servers
    producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all", enable_idempotence=True)
    consumer = AIOKafkaConsumer(target, bootstrap_servers=servers, auto_offset_reset="latest")
    await producer.start()
    await consumer.start()
    sent: dict[UUID, float] = {}
    took: dict[UUID, float] = {}

    async def hear() -> None:
        async for record in consumer:
            at = clock()
            id = answers(orjson.loads(record.value))
            if id in sent:
                took[id] = at - sent[id]
            if len(took) == len(pairs):
                return

    hearing = asyncio.create_task(hear())
    try:
        await consumer.seek_to_end()
        for id, partition, raw in pairs:
            begun = clock()
            sent[id] = begun
            await producer.send(source, raw, partition=partition)
            await asyncio.sleep(max(0.0, begun + EVERY_S - clock()))
        await asyncio.wait_for(hearing, 20)
    except TimeoutError:
        raise SetupError(f"Of {len(pairs)} messages {len(took)} came through.") from None
    finally:
        hearing.cancel()
        await producer.stop()
        await consumer.stop()
    return latency([took[id] for id, _, _ in pairs])
