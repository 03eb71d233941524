"""The parties' side: what they say goes in by the same doors as anybody's, HTTP or Kafka."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self

import httpx2
import orjson
from aiokafka import AIOKafkaProducer

from throughcare.cli.cohort.act import Act
from throughcare.contracts.envelope import rfc3339
from throughcare.contracts.kinds import Fact
from throughcare.contracts.topics import facts_of

#: Seconds for which the door may keep a command's sender waiting.
_WAIT_S = 20
#: So many senders at once: the door has two cores as well.
_AT_ONCE = 16


class Named(NamedTuple):
    """An act, and what its party calls the case."""

    act: Act
    alias: str
    #: The sender's id of the message.
    id: str


class Doors:
    """Every party's client, in one hand."""

    def __init__(self, http: str, kafka: str, keys: Mapping[str, str]) -> None:
        self._keys = keys
        limits = httpx2.Limits(max_connections=_AT_ONCE, max_keepalive_connections=_AT_ONCE)
        self._client = httpx2.AsyncClient(base_url=http, timeout=_WAIT_S + 10, limits=limits)
        self._at_once = asyncio.Semaphore(_AT_ONCE)
        self._producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", linger_ms=0)
        #: Answers by HTTP status and by refusal code.
        self.answers: Counter[tuple[int, str]] = Counter()

    async def __aenter__(self) -> Self:
        await self._producer.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.aclose()
        await self._producer.stop()

    async def say(self, lane: Sequence[Named]) -> None:
        """One person's acts in their order; returns when the last of them is decided."""
        async with self._at_once:
            for named in lane[:-1]:
                await self._post(named, wait=0)
            await self._post(lane[-1], wait=_WAIT_S)

    async def emit(self, named: Named) -> None:
        """A fact, into its party's own topic."""
        topic = facts_of(named.act.party).name
        await self._producer.send(topic, value=_cloudevent(named))

    async def flush(self) -> None:
        await self._producer.flush()

    async def _post(self, named: Named, wait: int) -> None:
        door = "facts" if isinstance(named.act.data, Fact) else "commands"
        answer = await self._client.post(
            f"/v1/{door}",
            content=_cloudevent(named),
            headers={
                "content-type": "application/cloudevents+json",
                "authorization": f"Bearer {self._keys[named.act.party]}",
                "prefer": f"wait={wait}",
            },
        )
        code = "" if answer.status_code < 400 else _code(answer)
        self.answers[answer.status_code, code] += 1


def _cloudevent(named: Named) -> bytes:
    act = named.act
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": named.id,
            "source": f"/demo/{act.party}",
            "type": act.data.type,
            "subject": named.alias,
            "time": rfc3339(act.occurred_at),
            "datacontenttype": "application/json",
            "data": act.data.model_dump(mode="json", exclude_none=True),
        }
    )


def _code(answer: httpx2.Response) -> str:
    try:
        problem: Any = answer.json()
    except ValueError:
        return ""
    return str(problem.get("code", "")) if isinstance(problem, dict) else ""
