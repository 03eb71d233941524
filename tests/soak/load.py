"""People on their way: each case one sender at the doors, that resends until it is told an outcome."""

import asyncio
import itertools
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

from throughcare.contracts.topics import FACTS_PREFIX, PARTY_OUTCOMES_PREFIX
from throughcare.runtime import aliases
from throughcare.runtime.seal import Seal
from throughcare.tests.soak.ledger import Ledger

PRISON, NGO = "soak-colony", "soak-ngo"
PREFIX = "org.throughcare."


@dataclass(frozen=True)
class Desk:
    """One party: its name and its key."""

    party: str
    key: str


class Senders:
    """The doors as a party's own system would use them."""

    def __init__(
        self,
        http: str,
        kafka: str,
        prison: Desk,
        ngo: Desk,
        ledger: Ledger,
        seal: Seal,
        seed: int,
    ) -> None:
        self.seal = seal
        self.ledger = ledger
        self.stop = asyncio.Event()
        #: Set when nobody waits for an outcome any more.
        self.all_told = asyncio.Event()
        self.reader_trouble: list[str] = []
        self._kafka = kafka
        self._desks = {PRISON: prison, NGO: ngo}
        self._random = random.Random(seed)
        self._ids = itertools.count(1)
        self._client = httpx2.AsyncClient(base_url=http, timeout=8)
        self._told: dict[str, asyncio.Future[str]] = {}
        self._producer: AIOKafkaProducer | None = None

    async def close(self) -> None:
        await self._client.aclose()
        if self._producer is not None:
            await self._producer.stop()

    # -- HTTP ---------------------------------------------------------------------------------

    async def command(self, party: str, alias: str, name: str, data: dict[str, Any]) -> str:
        """Send a command until its outcome is known; the outcome's kind."""
        id = f"c-{next(self._ids)}"
        body = self._event(party, alias, f"command.{name}.v1", id, data)
        begun = time.monotonic()
        self.ledger.sent += 1
        if self._random.random() < 0.02:  # somebody pressed the button twice
            twin = asyncio.create_task(self._post(party, body))
            twin.add_done_callback(lambda task: task.cancelled() or task.exception())
        for attempt in itertools.count():
            self.ledger.resent += attempt > 0
            kind = await self._post(party, body)
            if kind is not None:
                self.ledger.promise(body["source"], id, kind)
                if kind != "accepted":
                    self.ledger.waits_s.append(time.monotonic() - begun)
                    return kind
            await asyncio.sleep(min(0.2 * 2**attempt, 2.0))
        raise AssertionError("unreachable")

    async def _post(self, party: str, body: dict[str, Any]) -> str | None:
        try:
            answer = await self._client.post(
                "/v1/commands",
                content=orjson.dumps(body),
                headers={
                    "authorization": f"Bearer {self._desks[party].key}",
                    "content-type": "application/cloudevents+json",
                    "prefer": "wait=5",
                },
            )
        except httpx2.TransportError:
            return None
        match answer.status_code:
            case 200 | 201:
                return "decided"
            case 202:
                return "accepted"
            case 403 | 404 | 409 | 422:
                return "refused"
            case 429 | 502 | 503 | 504:
                return None
            case other:
                self.ledger.wrong.append(f"HTTP {other} for {body['type']}")
                return None

    # -- Kafka --------------------------------------------------------------------------------

    async def fact(self, party: str, alias: str, name: str, data: dict[str, Any]) -> str:
        """Write a fact until its outcome is read; the outcome's kind. A broker's ack is not ours."""
        id = f"f-{next(self._ids)}"
        body = orjson.dumps(self._event(party, alias, f"fact.{name}.v1", id, data))
        told: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._told[id] = told
        begun = time.monotonic()
        self.ledger.sent += 1
        for attempt in itertools.count():
            self.ledger.resent += attempt > 0
            await self._write(FACTS_PREFIX + party, body)
            try:
                kind = await asyncio.wait_for(asyncio.shield(told), 3 + 2 * attempt)
            except TimeoutError:
                continue
            self.ledger.waits_s.append(time.monotonic() - begun)
            return kind
        raise AssertionError("unreachable")

    async def _write(self, topic: str, body: bytes) -> None:
        try:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    bootstrap_servers=self._kafka, acks="all", request_timeout_ms=4000
                )
                self._producer = producer
                await producer.start()
            async with asyncio.timeout(4):
                await self._producer.send_and_wait(topic, body)
        except (KafkaError, TimeoutError, OSError, AttributeError):
            broken, self._producer = self._producer, None
            if broken is not None:
                asyncio.create_task(_stop(broken)).add_done_callback(lambda t: t.exception())
            await asyncio.sleep(0.5)

    async def read_outcomes(self, party: str) -> None:
        """Follow the party's outcomes, from the beginning again whenever the broker was away."""
        while not self.all_told.is_set():
            consumer = AIOKafkaConsumer(
                PARTY_OUTCOMES_PREFIX + party,
                bootstrap_servers=self._kafka,
                auto_offset_reset="earliest",
                enable_auto_commit=False,
                group_id=None,
                request_timeout_ms=4000,
                metadata_max_age_ms=2000,
            )
            try:
                await consumer.start()
                begun = time.monotonic()
                # A wiped broker is silent: begin anew now and then.
                while not self.all_told.is_set() and time.monotonic() - begun < 20:
                    for records in (await consumer.getmany(timeout_ms=500)).values():
                        for record in records:
                            self._hear(record.value)
            except Exception as error:  # noqa: BLE001 - a sender's reader outlives its broker
                self.reader_trouble.append(repr(error)[:200])
                await asyncio.sleep(0.5)
            finally:
                await _stop(consumer)

    def _hear(self, raw: bytes | None) -> None:
        event = orjson.loads(raw or b"{}")
        kind = event.get("type", "").removeprefix(PREFIX + "outcome.").removesuffix(".v1")
        data = event.get("data", {})
        if kind in ("held", ""):
            return
        told = self._told.get(data.get("answered_id", ""))
        if told is not None:
            self.ledger.promise(data["answered_source"], data["answered_id"], kind)
            if not told.done():
                told.set_result(kind)

    def _event(
        self, party: str, alias: str, type: str, id: str, data: dict[str, Any]
    ) -> dict[str, Any]:
        return {
            "specversion": "1.0",
            "type": PREFIX + type,
            "source": f"/{party}/system",
            "id": id,
            "subject": alias,
            "time": datetime.now(UTC).isoformat(),
            "datacontenttype": "application/json",
            "data": data,
        }


async def _stop(client: Any) -> None:
    # In a task of its own: aiokafka cancels its own fetches and lets the cancellation out.
    stopping = asyncio.create_task(client.stop())
    await asyncio.wait({stopping}, timeout=5)
    if stopping.done() and not stopping.cancelled():
        stopping.exception()
    else:
        stopping.cancel()


async def live(senders: Senders, owner: Callable[[], Awaitable[asyncpg.Connection]], n: int) -> int:
    """One person's way, as far as the time allows; the number of steps that were decided."""
    alias = f"S-{n}"
    today = datetime.now(UTC).date()
    receivers = [{"party": NGO, "receiver_type": "ngo"}]
    consent = {
        "items": [
            {
                "receiver_type": "ngo",
                "data_classes": ["P0", "P1", "P2"],
                "purposes": ["place", "handover", "reach", "social"],
            }
        ],
        "expires_on": str(today + timedelta(days=200)),
        "signed_how": "ink",
    }
    plan = {
        "items": [
            {
                "item": 1,
                "service_type": "psychosocial-support",
                "mandatory": True,
                "receivers": receivers,
            }
        ],
        "client_signed": True,
    }
    opening = {
        "origin": "facility",
        "reason_code": "self-request",
        "person_told": True,
        "region": "kg-gb",
    }
    offer = {
        "language": "ky-Cyrl",
        "form_version": "f1",
        "explained_orally": True,
        "witness_role": "ngo",
    }
    needs = {"tool_code": "short", "tool_version": "1", "flags": ["housing"]}
    before: list[tuple[str, dict[str, Any]]] = [
        ("open-case", opening), ("offer-consent", offer), ("record-consent", consent),
        ("assess-needs", needs), ("agree-plan", plan),
    ]  # fmt: skip
    steps = 0
    for name, data in before:
        if senders.stop.is_set():
            return steps
        steps += await senders.command(PRISON, alias, name, data) == "decided"
    scheduled = {"expected_release_on": str(today + timedelta(days=40))}
    steps += await senders.fact(PRISON, alias, "release-scheduled", scheduled) == "decided"
    steps += await senders.command(PRISON, alias, "send-referral", {"item": 1}) == "decided"
    found = await _ngo_side(senders, owner, alias)
    if found is None:
        return steps
    theirs, referral = found
    of = {"referral_id": str(referral)}
    steps += await senders.command(NGO, theirs, "accept-referral", of) == "decided"
    steps += await senders.fact(PRISON, alias, "person-released", {}) == "decided"
    tried = {**of, "means": "phone", "result": "not-reached"}
    for _ in range(5):
        if senders.stop.is_set():
            return steps
        steps += await senders.command(NGO, theirs, "record-outreach", tried) == "decided"
    steps += await senders.command(NGO, theirs, "record-attendance", of) == "decided"
    engaged = {**of, "criterion_code": "second-visit"}
    steps += await senders.command(NGO, theirs, "engage-service", engaged) == "decided"
    return steps


async def _ngo_side(
    senders: Senders, owner: Callable[[], Awaitable[asyncpg.Connection]], alias: str
) -> tuple[str, UUID] | None:
    """The NGO's own alias and referral, which it would learn by mail: read from the database here."""
    while not senders.stop.is_set():
        try:
            connection = await owner()
            row = await connection.fetchrow(
                """
                SELECT ours.alias, o.referral_id FROM gateway.aliases theirs
                JOIN gateway.aliases ours ON ours.case_ref = theirs.case_ref AND ours.party = $1
                JOIN release.offers o ON o.case_ref = theirs.case_ref
                WHERE theirs.party = $2 AND theirs.alias = $3
                """,
                NGO, PRISON, aliases.hide(senders.seal, PRISON, alias),
            )  # fmt: skip
            if row is not None:
                return aliases.read(senders.seal, NGO, row["alias"]), row["referral_id"]
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            pass
        await asyncio.sleep(0.3)
    return None
