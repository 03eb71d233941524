"""The parties of the journeys, their clients, their mail, and the clock that is stepped for them."""

import asyncio
import email
import itertools
import re
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import orjson
from aiokafka import AIOKafkaProducer

from throughcare.contracts.envelope import rfc3339
from throughcare.contracts.kinds import Data, Fact
from throughcare.contracts.topics import PARTITIONS, TOPICS, facts_of
from throughcare.gateway.parties import NewParty, add_party, topics_of
from throughcare.runtime import queries
from throughcare.runtime.ids import new_code
from throughcare.runtime.settings import Kafka
from throughcare.runtime.topics_admin import ensure_topics, open_admin

_BARRIER = queries.load("throughcare.cli.demo", "barrier.sql")
_SQL = queries.load("throughcare.cli.demo", "queries.sql")
_READERS = [
    (topic.name, reader) for topic in TOPICS if topic.is_journal for reader in topic.readers
]
#: Monday, 09:00 in Bishkek.
START = datetime(2026, 3, 2, 3, tzinfo=UTC)
_STUCK_S = 60.0
_CODE = re.compile(r"Code: (\S+)")

PRISON, COLONY = "prison-service", "colony-27"
NGO, NEXT_NGO, COORDINATOR, AUDIT = "ngo-dawn", "ngo-step", "coordination-desk", "audit-office"
#: Another prison service: it has cases of its own, and none of the first one's.
NEIGHBOUR = "neighbour-service"
_PARTIES = (
    NewParty(PRISON, ("prison-admin",), (COLONY,)),
    NewParty(COLONY, ("prison-health", "prison-psych"), (COLONY,)),
    NewParty(NGO, ("ngo",)),
    NewParty(NEXT_NGO, ("ngo",)),
    NewParty(COORDINATOR, ("protocol-coordinator",)),
    NewParty(AUDIT, ("monitor",)),
    NewParty(NEIGHBOUR, ("prison-admin",)),
)
_IDS = itertools.count(1)


def day(moment: datetime, days: int = 0) -> date:
    """The local date in Bishkek, so many days later."""
    return (moment + timedelta(hours=6, days=days)).date()


def said(data: Data, alias: str | None, at: datetime, **change: Any) -> dict[str, Any]:
    """A CloudEvent as a party's own system writes it."""
    event = {
        "specversion": "1.0",
        "id": f"j-{next(_IDS)}",
        "source": "/their/own/system",
        "type": data.type,
        "subject": alias,
        "time": rfc3339(at),
        "datacontenttype": "application/json",
        "data": data.model_dump(mode="json", exclude_none=True),
        **change,
    }
    return {name: value for name, value in event.items() if value is not None}


class Desk:
    """One party at the doors, with its own key."""

    def __init__(self, world: "World", party: str, client: httpx2.AsyncClient) -> None:
        self.party = party
        self.client = client
        self._world = world

    async def post(self, event: dict[str, Any], door: str) -> httpx2.Response:
        return await self.client.post(
            f"/v1/{door}",
            content=orjson.dumps(event),
            headers={"content-type": "application/cloudevents+json", "prefer": "wait=20"},
        )

    async def asks(
        self, alias: str | None, data: Data, at: datetime | None = None
    ) -> httpx2.Response:
        """A command or fact by HTTP, and the answer once it is decided."""
        event = said(data, alias, at or self._world.now)
        return await self.post(event, "facts" if isinstance(data, Fact) else "commands")

    async def does(self, alias: str | None, data: Data, at: datetime | None = None) -> UUID:
        """The same where a no would be a mistake; the id that the door gave it."""
        answer = await self.asks(alias, data, at)
        assert answer.status_code == 201, (data.type, answer.text)
        return UUID(answer.headers["location"].rpartition("/")[2])

    async def emits(self, alias: str, data: Fact, at: datetime | None = None) -> None:
        """A fact by Kafka, waited for until everybody has heard what came of it."""
        event = said(data, alias, at or self._world.now)
        await self._world.producer.send_and_wait(facts_of(self.party).name, orjson.dumps(event))
        await self._world.settle([event["id"]])

    async def timeline(self, alias: str) -> list[dict[str, Any]]:
        answer = await self.client.get(f"/v1/cases/{alias}/timeline")
        assert answer.status_code == 200, answer.text
        entries: list[dict[str, Any]] = answer.json()["entries"]
        return entries

    async def sees(self, alias: str) -> list[str]:
        """The names of what happened, as this party may see it."""
        return [entry["type"].split(".")[3] for entry in await self.timeline(alias)]

    async def referral(self, alias: str) -> UUID:
        """The last referral that this party was sent, as it reads it on its own timeline."""
        sent = [e for e in await self.timeline(alias) if e["type"].endswith("referral-sent.v1")]
        return UUID(sent[-1]["data"]["referral_id"])

    def mail(self) -> list[str]:
        """The messages at this party's desk, in the order in which they came."""
        found = []
        for path in sorted(self._world.mailbox.glob("*.eml")):
            message = email.message_from_bytes(path.read_bytes())
            if f"desk@{self.party}.invalid" in str(message["To"]):
                payload = message.get_payload(decode=True)
                assert isinstance(payload, bytes)
                found.append(payload.decode())
        return found

    def code(self) -> str:
        """What this party calls the case that the last message to it was about."""
        found = _CODE.search(self.mail()[-1])
        assert found is not None, self.mail()[-1]
        return found[1]


class World:
    """Everybody, and what time it is for them."""

    def __init__(
        self,
        told: dict[str, Any],
        mailbox: Path,
        connection: "asyncpg.Connection[asyncpg.Record]",
        producer: AIOKafkaProducer,
        keys: dict[str, str],
    ) -> None:
        self.http: str = told["http"]
        self.kafka: str = told["kafka"]
        self.mailbox = mailbox
        self.operator = connection
        self.producer = producer
        self.now = START
        self.keys = keys
        self.desks = {
            party: Desk(
                self,
                party,
                httpx2.AsyncClient(
                    base_url=self.http, timeout=30, headers={"authorization": f"Bearer {key}"}
                ),
            )
            for party, key in keys.items()
        }

    @classmethod
    async def begin(cls, told: dict[str, Any], mailbox: Path) -> "World":
        kafka = Kafka(bootstrap_servers=told["kafka"])
        connection = await asyncpg.connect(told["postgres"], server_settings={"jit": "off"})
        await connection.execute(_SQL["step_clock"], START, START)
        admin = await open_admin(kafka)
        try:
            await ensure_topics(admin, kafka, [t for p in _PARTIES for t in topics_of(p.party)])
            keys = {}
            for new in _PARTIES:
                desk = f"desk@{new.party}.invalid"
                keys[new.party] = await add_party(
                    connection, admin, kafka, new._replace(email=desk)
                )
        finally:
            await admin.close()
        producer = AIOKafkaProducer(bootstrap_servers=told["kafka"], acks="all")
        await producer.start()
        return cls(told, mailbox, connection, producer, keys)

    async def close(self) -> None:
        for desk in self.desks.values():
            await desk.client.aclose()
        await self.producer.stop()
        await self.operator.close()

    # -- time ----------------------------------------------------------------------------------

    async def until(self, moment: datetime) -> None:
        """Live on: what falls due before then takes effect at its time, and everybody hears it."""
        while (due := await self._next_due()) is not None and due < moment:
            await self._step(due, due)
            await self.settle()
        await self._step(moment, max(self.now, moment - timedelta(seconds=1)))

    async def after(self, **span: float) -> None:
        await self.until(self.now + timedelta(**span))

    async def _next_due(self) -> datetime | None:
        due: datetime | None = await self.operator.fetchval(_SQL["next_due_at"])
        return due

    async def _step(self, at: datetime, settled: datetime) -> None:
        assert at >= self.now
        await self.operator.execute(_SQL["step_clock"], at, settled)
        self.now = at

    async def settle(self, facts: Collection[str] = ()) -> None:
        """Until nothing is under way; `facts`: ids of what went by Kafka and was not taken yet."""
        topics, readers = [t for t, _ in _READERS], [r for _, r in _READERS]
        loop = asyncio.get_running_loop()
        give_up = loop.time() + _STUCK_S
        while True:
            left = await self.operator.fetchval(
                _BARRIER["unsettled"], list(facts), topics, readers, PARTITIONS
            )
            if left is None:
                return
            assert loop.time() < give_up, left
            await asyncio.sleep(0.005)

    # -- looking -------------------------------------------------------------------------------

    async def case(self, party: str, alias: str) -> UUID:
        found: UUID | None = await self.operator.fetchval(
            "SELECT case_ref FROM gateway.aliases WHERE party = $1 AND alias = $2", party, alias
        )
        assert found is not None
        return found

    async def audited(self, case_ref: UUID) -> str:
        """The monitor's own name for a case that was drawn; it outlives the case."""
        row = await self.operator.fetchrow(_SQL["name_for_audit"], AUDIT, [case_ref], [new_code()])
        assert row is not None
        return str(row["alias"])

    async def said_by_release(self, case_ref: UUID) -> list[str]:
        """The names of what release decided in a case, whoever may still see it."""
        rows = await self.operator.fetch(
            "SELECT convert_from(envelope, 'UTF8')::jsonb ->> 'type' AS type FROM release.events"
            " WHERE case_ref = $1 ORDER BY version",
            case_ref,
        )
        return [row["type"].split(".")[3] for row in rows]

    async def stage(self, case_ref: UUID) -> str:
        await self.settle()
        found = await self.operator.fetchval(
            "SELECT stage FROM timeline.cases WHERE case_ref = $1", case_ref
        )
        return str(found)
