"""`throughcare emit FILE.jsonl`: facts and commands from a file, one CloudEvent a line."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import httpx2
import orjson
import typer
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from throughcare.cli.at import Address, at
from throughcare.cli.options import AsJson, Home
from throughcare.contracts.envelope import rfc3339
from throughcare.contracts.kinds import MODELS
from throughcare.contracts.topics import FACTS_PREFIX, PARTY_OUTCOMES_PREFIX
from throughcare.runtime.clock import real_now
from throughcare.runtime.errors import SetupError
from throughcare.runtime.ids import derived_id

_BYTES_MAX = 64 * 1024
#: Of the outcomes, those with which the sender need do nothing more.
_FINE = ("decided", "superseded", "parked", "held")


class Line(NamedTuple):
    number: int
    event: dict[str, Any]


class Told(NamedTuple):
    """What became of a line: an outcome, or why it was not sent."""

    number: int
    result: str
    code: str = ""


def emit(
    file: Annotated[Path, typer.Argument(help="JSON lines; - reads stdin.", allow_dash=True)],
    to: Annotated[str, typer.Option(help="kafka (facts only) or http.")] = "http",
    party: Annotated[str, typer.Option(help="Who speaks.")] = "prison-admin",
    key: Annotated[
        str | None, typer.Option(help="Its API key, for http.", envvar="THROUGHCARE_API_KEY")
    ] = None,
    wait: Annotated[float, typer.Option(help="Seconds to wait for each outcome.")] = 20.0,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Send a file. Bad lines are named by number and left out; the others go.

    A line needs `type`, `subject` (your reference for the case) and `data`. What else a CloudEvent
    has is filled in; an absent `id` comes from the line itself, so the same file twice is once.
    Exit code 1 where a line was bad, refused, about no case, or is not decided yet.
    """
    if to not in ("kafka", "http"):
        raise SetupError("--to is kafka or http.")
    address = at(home)
    good, told = _read(file, party, to)
    sent = asyncio.run(
        _by_kafka(address, party, good, wait)
        if to == "kafka"
        else _by_http(address, party, key, good, wait)
    )
    told = sorted(told + sent)
    if as_json:
        print(json.dumps([line._asdict() for line in told], indent=2))
    else:
        for line in told:
            if line.result not in _FINE:
                print(f"line {line.number}: {line.result} {line.code}".rstrip(), file=sys.stderr)
        print(", ".join(f"{n} {what}" for what, n in Counter(t.result for t in told).items()))
    if any(line.result not in _FINE for line in told):
        raise typer.Exit(1)


def _read(file: Path, party: str, to: str) -> tuple[list[Line], list[Told]]:
    good: list[Line] = []
    bad: list[Told] = []
    for number, raw in _lines(file):
        event = _event(raw, party)
        code = event if isinstance(event, str) else _fault(event, to)
        if code:
            bad.append(Told(number, "bad", code))
        elif isinstance(event, dict):
            good.append(Line(number, event))
    return good, bad


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with sys.stdin.buffer if str(file) == "-" else file.open("rb") as lines:
            for number, raw in enumerate(lines, start=1):
                if raw.strip():
                    yield number, raw
    except OSError as error:
        raise SetupError(f"The file cannot be read ({type(error).__name__}): {file}") from None


def _event(raw: bytes, party: str) -> dict[str, Any] | str:
    if len(raw) > _BYTES_MAX:
        return "too-large"
    try:
        event = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return "not-json"
    if not isinstance(event, dict):
        return "not-an-object"
    return {
        "specversion": "1.0",
        "id": str(derived_id(party, raw.strip().hex())),
        "source": f"/{party}/emit",
        "time": rfc3339(real_now()),
        "datacontenttype": "application/json",
        **event,
    }


def _fault(event: dict[str, Any], to: str) -> str:
    model = MODELS.get(str(event.get("type")))
    if model is None or model.kind not in ("fact", "command"):
        return "unknown-type"
    if to == "kafka" and model.kind != "fact":
        return "kafka-takes-facts-only"
    if not isinstance(event.get("subject"), str):
        return "no-subject"
    try:
        model.model_validate(event.get("data"))
    except ValueError:
        return "data-does-not-fit-the-schema"
    return ""


# -- by HTTP ------------------------------------------------------------------------------------


async def _by_http(
    address: Address, party: str, key: str | None, lines: list[Line], wait: float
) -> list[Told]:
    key = key or address.api_keys.get(party)
    if key is None:
        raise SetupError(f"No API key for {party}: name it with --key or THROUGHCARE_API_KEY.")
    told = []
    async with httpx2.AsyncClient(base_url=address.http, timeout=wait + 10) as client:
        for line in lines:  # one after the other: a file has an order
            told.append(await _post(client, key, line, wait))
    return told


async def _post(client: httpx2.AsyncClient, key: str, line: Line, wait: float) -> Told:
    kind: Literal["facts", "commands"] = (
        "facts" if MODELS[line.event["type"]].kind == "fact" else "commands"
    )
    try:
        answer = await client.post(
            f"/v1/{kind}",
            content=orjson.dumps(line.event),
            headers={
                "authorization": f"Bearer {key}",
                "content-type": "application/cloudevents+json",
                "prefer": f"wait={min(int(wait), 30)}",
            },
        )
    except httpx2.TransportError:
        return Told(line.number, "unknown", "no-answer")
    body = answer.json()
    if answer.is_success:
        # Kept and not decided in time: no CloudEvent yet.
        said = body["type"] if "type" in body else body["outcome"]
        return Told(line.number, said.removeprefix("org.throughcare.outcome.").removesuffix(".v1"))
    return Told(line.number, "refused", str(body.get("code", answer.status_code)))


# -- by Kafka -----------------------------------------------------------------------------------


async def _by_kafka(address: Address, party: str, lines: list[Line], wait: float) -> list[Told]:
    """A broker's acknowledgement is not ours: what counts is read from the party's outcomes."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=address.kafka, enable_auto_commit=False, group_id=None
    )
    producer = AIOKafkaProducer(bootstrap_servers=address.kafka, acks="all")
    try:
        await producer.start()
        await consumer.start()
        return await _send_and_hear(producer, consumer, party, lines, wait)
    except KafkaError:
        raise SetupError(
            "Kafka does not answer: is everything up? `throughcare status` tells. "
            "The file may be sent again: what was taken is not taken twice."
        ) from None
    finally:
        await consumer.stop()
        await producer.stop()


async def _send_and_hear(
    producer: AIOKafkaProducer,
    consumer: AIOKafkaConsumer,
    party: str,
    lines: list[Line],
    wait: float,
) -> list[Told]:
    outcomes = TopicPartition(PARTY_OUTCOMES_PREFIX + party, 0)
    if outcomes.topic not in await consumer.topics():
        raise SetupError(f"There is no party {party} here: `throughcare party add` makes one.")
    # From here on: an answer of last time is no answer to what is sent now.
    ends = await consumer.end_offsets([outcomes])
    consumer.assign([outcomes])
    consumer.seek(outcomes, ends[outcomes])
    waiting = {line.event["id"]: line.number for line in lines}
    told: list[Told] = []
    for line in lines:
        await producer.send_and_wait(FACTS_PREFIX + party, orjson.dumps(line.event))
    loop = asyncio.get_running_loop()
    end = loop.time() + wait
    while waiting and loop.time() < end:
        for records in (await consumer.getmany(timeout_ms=500)).values():
            for record in records:
                told += _heard(record.value, waiting)
    return told + [Told(number, "unknown", "no-outcome-yet") for number in waiting.values()]


def _heard(raw: bytes | None, waiting: dict[str, int]) -> list[Told]:
    event = orjson.loads(raw or b"{}")
    data = event.get("data", {})
    number = waiting.pop(data.get("answered_id", ""), None)
    if number is None:
        return []
    result = str(event["type"]).removeprefix("org.throughcare.outcome.").removesuffix(".v1")
    return [Told(number, result, str(data.get("refusal_code", "")))]
