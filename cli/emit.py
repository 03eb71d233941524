"""`throughcare emit FILE.jsonl`: facts and commands from a file, one CloudEvent a line."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import httpx2
import orjson
import typer
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from throughcare.cli.at import Address, at
from throughcare.cli.options import AsJson, Home
from throughcare.contracts.intake_commands import OpenCase
from throughcare.contracts.kinds import MODELS, Fact
from throughcare.contracts.topics import FACTS_PREFIX, PARTY_OUTCOMES_PREFIX
from throughcare.gateway import strict_json
from throughcare.gateway.cloudevents import MAX_BYTES, read_structured
from throughcare.gateway.entrance import whose
from throughcare.gateway.parties import is_party_name
from throughcare.gateway.problems import Place, RefusedError
from throughcare.runtime.broker import reach
from throughcare.runtime.errors import SetupError
from throughcare.runtime.ids import derived_id

#: Whom a home of one's own has a key for, if nobody is named.
_PARTY = "prison-admin"
_WAIT_MAX_S = 3600.0
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
    #: JSON Pointers to what is wrong in the line, with blanks between them.
    at: str = ""


def emit(
    file: Annotated[Path, typer.Argument(help="JSON lines; - reads stdin.", allow_dash=True)],
    to: Annotated[str, typer.Option(help="kafka (facts only) or http.")] = "http",
    party: Annotated[
        str | None,
        typer.Option(help="Who speaks.", show_default=f"whose key it is, else {_PARTY}"),
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="Its API key, for http.", envvar="THROUGHCARE_API_KEY")
    ] = None,
    wait: Annotated[float, typer.Option(help="Seconds to wait for each outcome.")] = 20.0,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Send a file. Bad lines are named by number and left out; the others go.

    A line needs `type`, `subject` (your reference for the case) and `data`; a fact also `time`, when
    it happened. What else a CloudEvent has is filled in; an absent `id` comes from the line itself,
    so the same file twice is once.
    Exit code 1 where a line was bad, refused, about no case, or is not decided yet.
    """
    if to not in ("kafka", "http"):
        raise SetupError("--to is kafka or http.")
    if not 0 <= wait <= _WAIT_MAX_S:
        raise SetupError(f"--wait is a number of seconds from 0 to {_WAIT_MAX_S:g}.")
    if party is not None and not is_party_name(party):
        raise SetupError("--party is no party's name: lower-case letters, digits and dashes.")
    address = at(home)
    if to == "http":
        key, party = asyncio.run(_speaker(address, party, key))
    party = party or _PARTY
    good, told = _read(file, party, to)
    sent = asyncio.run(
        _by_kafka(address, party, good, wait)
        if to == "kafka"
        else _by_http(address, key or "", good, wait)
    )
    told = sorted(told + sent)
    if as_json:
        print(json.dumps([line._asdict() for line in told], indent=2))
    else:
        _print(told)
    if any(line.result not in _FINE for line in told):
        raise typer.Exit(1)


def _print(told: list[Told]) -> None:
    for line in told:
        if line.result not in _FINE:
            print(" ".join(filter(None, ["line", f"{line.number}:", *line[1:]])), file=sys.stderr)
    if told:
        print(", ".join(f"{n} {what}" for what, n in Counter(t.result for t in told).items()))
    else:
        print("There is no line in it: nothing was sent.", file=sys.stderr)


def _read(file: Path, party: str, to: str) -> tuple[list[Line], list[Told]]:
    good: list[Line] = []
    bad: list[Told] = []
    said: dict[tuple[str, str], dict[str, Any]] = {}
    for number, raw in _lines(file):
        try:
            event = _event(raw, party, to)
            if said.setdefault((event["source"], event["id"]), event) != event:
                raise RefusedError("idempotency-key-reused", places=[Place("/id", "")])
        except RefusedError as error:
            at = _pointers(place._asdict() for place in error.places)
            bad.append(Told(number, "bad", error.code, at))
        else:
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


def _event(raw: bytes, party: str, to: str) -> dict[str, Any]:
    """What a line says, completed; checked as the door will. Raises RefusedError."""
    if len(raw) > MAX_BYTES:
        raise RefusedError("too-large")
    said = strict_json.loads(raw)
    if not isinstance(said, dict):
        raise RefusedError("not-an-object")
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(derived_id(party, raw.strip().hex())),
        "source": f"/{party}/emit",
        "datacontenttype": "application/json",
        **said,
    }
    read = read_structured(orjson.dumps(event))
    # A time that we made up would be another one the next time.
    if isinstance(read.data, Fact) and read.occurred_at is None:
        raise RefusedError("time-missing", places=[Place("/time", "missing")])
    if to == "kafka" and not isinstance(read.data, Fact):
        raise RefusedError("kafka-takes-facts-only")
    if read.alias is None and not isinstance(read.data, OpenCase):
        raise RefusedError("subject-missing", places=[Place("/subject", "missing")])
    return event


def _pointers(places: Iterable[dict[str, Any]]) -> str:
    return " ".join(str(place["pointer"]) for place in places)


# -- by HTTP ------------------------------------------------------------------------------------


async def _speaker(address: Address, party: str | None, key: str | None) -> tuple[str, str]:
    """The key to use, and whose it is. Raises SetupError where that is not who was named."""
    if key is None:
        name = party or _PARTY
        if name not in address.api_keys:
            raise SetupError(f"No API key for {name}: name it with --key or THROUGHCARE_API_KEY.")
        return address.api_keys[name], name
    try:
        async with address.connect() as connection:
            owner = (await whose(connection, key)).party
    except SetupError:
        return key, party or _PARTY  # who cannot look has only the door's word
    except RefusedError:
        raise SetupError("The API key is not valid here.") from None
    if party not in (None, owner):
        raise SetupError(
            f"The API key is {owner}'s, and --party says {party}: leave --party out, or name the "
            f"key of {party}."
        )
    return key, owner


async def _by_http(address: Address, key: str, lines: list[Line], wait: float) -> list[Told]:
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
    try:
        body = answer.json()
    except ValueError:
        return Told(line.number, "unknown", f"http-{answer.status_code}")
    if answer.is_success:
        # Kept and not decided in time: no CloudEvent yet.
        said = body["type"] if "type" in body else body["outcome"]
        return Told(line.number, said.removeprefix("org.throughcare.outcome.").removesuffix(".v1"))
    code = str(body.get("code", answer.status_code))
    return Told(line.number, "refused", code, _pointers(body.get("errors", ())))


# -- by Kafka -----------------------------------------------------------------------------------


async def _by_kafka(address: Address, party: str, lines: list[Line], wait: float) -> list[Told]:
    """A broker's acknowledgement is not ours: what counts is read from the party's outcomes."""
    told = reach(address.broker())
    consumer = AIOKafkaConsumer(**told, enable_auto_commit=False, group_id=None)
    producer = AIOKafkaProducer(**told, acks="all")
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
    # Equal lines are one message, with one outcome.
    waiting: dict[tuple[str, str], list[int]] = {}
    for line in lines:
        waiting.setdefault((line.event["source"], line.event["id"]), []).append(line.number)
    told: list[Told] = []
    for line in lines:
        await producer.send_and_wait(FACTS_PREFIX + party, orjson.dumps(line.event))
    loop = asyncio.get_running_loop()
    end = loop.time() + wait
    while waiting and loop.time() < end:
        for records in (await consumer.getmany(timeout_ms=500)).values():
            for record in records:
                told += _heard(record.value, waiting)
    late = [number for numbers in waiting.values() for number in numbers]
    return told + [Told(number, "unknown", "no-outcome-yet") for number in late]


def _heard(raw: bytes | None, waiting: dict[tuple[str, str], list[int]]) -> list[Told]:
    event = orjson.loads(raw or b"{}")
    data = event.get("data", {})
    numbers = waiting.pop((data.get("answered_source", ""), data.get("answered_id", "")), [])
    result = str(event.get("type")).removeprefix("org.throughcare.outcome.").removesuffix(".v1")
    code, at = str(data.get("refusal_code", "")), _pointers(data.get("places", ()))
    return [Told(number, result, code, at) for number in numbers]
