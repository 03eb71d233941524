"""The parties of the journeys, their clients, their mail, and the clock that is stepped for them."""

import asyncio
import email
import itertools
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import httpx2
import orjson
from aiokafka import AIOKafkaProducer

from throughcare.contracts.envelope import Message, decode, rfc3339
from throughcare.contracts.kinds import Data, Fact
from throughcare.contracts.topics import PARTITIONS, TOPICS, facts_of
from throughcare.gateway.parties import add_party, topics_of
from throughcare.runtime import aliases, queries
from throughcare.runtime.ids import new_code
from throughcare.runtime.seal import Seal
from throughcare.runtime.settings import Kafka
from throughcare.runtime.topics_admin import ensure_topics, open_admin
from throughcare.tests.journeys.places import AUDIT, PARTIES

_BARRIER = queries.load("throughcare.cli.demo", "barrier.sql")
_SQL = queries.load("throughcare.cli.demo", "queries.sql")
_READERS = [
    (topic.name, reader) for topic in TOPICS if topic.is_journal for reader in topic.readers
]
#: Monday, 09:00 in Bishkek.
START = datetime(2026, 3, 2, 3, tzinfo=UTC)
_STUCK_S = 60.0
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

    async def emits(self, alias: str, data: Fact, at: datetime | None = None) -> str:
        """A fact by Kafka, waited for until everybody has heard what came of it; the id it had."""
        event = said(data, alias, at or self._world.now)
        await self._world.producer.send_and_wait(facts_of(self.party).name, orjson.dumps(event))
        await self._world.settle([event["id"]])
        return str(event["id"])

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
        return [text for to, text in self._world.letters() if f"desk@{self.party}.invalid" in to]


class _Resting(NamedTuple):
    """Somebody who waits until nothing is under way."""

    come: "asyncio.Future[None]"
    facts: tuple[str, ...]
    give_up: float


class World:
    """Everybody, and what time it is for them."""

    def __init__(
        self,
        told: dict[str, Any],
        mailbox: Path,
        seal: Seal,
        operator: "asyncpg.Pool[asyncpg.Record]",
        producer: AIOKafkaProducer,
        keys: dict[str, str],
    ) -> None:
        self.http: str = told["http"]
        self.kafka: str = told["kafka"]
        self.mailbox = mailbox
        self.seal = seal
        self.operator = operator
        self.producer = producer
        self.now = START
        self.keys = keys
        #: While histories are told together they wait for each other here.
        self.wait: Callable[[datetime], Awaitable[None]] | None = None
        self._letters: dict[Path, tuple[str, str]] = {}
        self._resting: list[_Resting] = []
        self._look: asyncio.Task[None] | None = None
        self.desks = {
            party: Desk(
                self,
                party,
                httpx2.AsyncClient(
                    base_url=self.http, timeout=60, headers={"authorization": f"Bearer {key}"}
                ),
            )
            for party, key in keys.items()
        }

    @classmethod
    async def begin(cls, told: dict[str, Any], mailbox: Path, seal: Seal) -> "World":
        kafka = Kafka(bootstrap_servers=told["kafka"])
        pool = await asyncpg.create_pool(
            told["postgres"], min_size=1, max_size=4, server_settings={"jit": "off"}
        )
        await pool.execute(_SQL["step_clock"], START, START)
        admin = await open_admin(kafka)
        try:
            await ensure_topics(admin, kafka, [t for p in PARTIES for t in topics_of(p.party)])
            keys = {}
            async with pool.acquire() as connection:
                for new in PARTIES:
                    desk = f"desk@{new.party}.invalid"
                    keys[new.party] = await add_party(
                        connection, admin, kafka, new._replace(email=desk)
                    )
        finally:
            await admin.close()
        producer = AIOKafkaProducer(bootstrap_servers=told["kafka"], acks="all")
        await producer.start()
        return cls(told, mailbox, seal, pool, producer, keys)

    async def close(self) -> None:
        for desk in self.desks.values():
            await desk.client.aclose()
        await self.producer.stop()
        await self.operator.close()

    # -- time ----------------------------------------------------------------------------------

    async def until(self, moment: datetime) -> None:
        """Live on: what falls due before then takes effect at its time, and everybody hears it."""
        if self.wait is None:
            await self.step_to(moment)
        else:
            await self.wait(moment)

    async def after(self, **span: float) -> None:
        await self.until(self.now + timedelta(**span))

    async def step_to(self, moment: datetime) -> None:
        while (due := await self._next_due()) is not None and due < moment:
            await self._step(due, due)
            await self.settle()
        await self._step(moment, max(self.now, moment - timedelta(seconds=1)))

    async def _next_due(self) -> datetime | None:
        due: datetime | None = await self.operator.fetchval(_SQL["next_due_at"])
        return due

    async def _step(self, at: datetime, settled: datetime) -> None:
        assert at >= self.now
        await self.operator.execute(_SQL["step_clock"], at, settled)
        self.now = at

    async def settle(self, facts: Collection[str] = ()) -> None:
        """Until nothing is under way; `facts`: ids of what went by Kafka and was not taken yet."""
        loop = asyncio.get_running_loop()
        mine = _Resting(loop.create_future(), tuple(facts), loop.time() + _STUCK_S)
        self._resting.append(mine)
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._until_rest())
        await mine.come

    async def _until_rest(self) -> None:
        """One look for all that wait."""
        topics, readers = [t for t, _ in _READERS], [r for _, r in _READERS]
        while asked := tuple(self._resting):
            facts = [id_ for one in asked for id_ in one.facts]
            left = await self.operator.fetchval(
                _BARRIER["unsettled"], facts, topics, readers, PARTITIONS
            )
            for one in asked:
                if one.come.done():
                    pass  # nobody waits any more
                elif left is None:
                    one.come.set_result(None)
                elif asyncio.get_running_loop().time() > one.give_up:
                    one.come.set_exception(AssertionError(f"{left}: {await self._stuck()}"))
                else:
                    continue
                self._resting.remove(one)
            await asyncio.sleep(0.005)

    async def _stuck(self) -> list[str]:
        """For whoever reads why a run did not come to rest: what is undecided, and what lies aside."""
        undecided = await self.operator.fetch(
            "SELECT type, party, case_ref FROM gateway.commands"
            " WHERE outcome IS NULL AND envelope IS NOT NULL LIMIT 5"
        )
        found = [f"{row['type']} of {row['party']} ({row['case_ref']})" for row in undecided]
        for schema in ("gateway", "intake", "release"):
            letters = await self.operator.fetch(
                f"SELECT * FROM {schema}.dead_letters WHERE ended_at IS NULL LIMIT 3"  # noqa: S608
            )
            found += [f"{schema}: {row['code']} {row['fingerprint']}" for row in letters]
        return found

    # -- looking -------------------------------------------------------------------------------

    async def case(self, party: str, alias: str) -> UUID:
        found: UUID | None = await self.operator.fetchval(
            "SELECT case_ref FROM gateway.aliases WHERE party = $1 AND alias = $2",
            party,
            aliases.hide(self.seal, party, alias),
        )
        assert found is not None
        return found

    async def audited(self, case_ref: UUID) -> str:
        """The monitor's own name for a case that was drawn; it outlives the case."""
        return await self.handed_to(AUDIT, case_ref)

    async def handed_to(self, party: str, case_ref: UUID) -> str:
        """A name for a party that has been given the case by an operator, not by a notice."""
        code = aliases.hide(self.seal, party, new_code())
        row = await self.operator.fetchrow(_SQL["name_for_audit"], party, [case_ref], [code])
        assert row is not None
        made: bytes = row["alias"]
        return aliases.read(self.seal, party, made)

    async def name(self, case_ref: UUID, party: str) -> str | None:
        """What a party calls a case, if it has a name for it."""
        found: bytes | None = await self.operator.fetchval(
            "SELECT alias FROM gateway.aliases WHERE case_ref = $1 AND party = $2", case_ref, party
        )
        return aliases.read(self.seal, party, found)

    async def recorded(self, case_ref: UUID) -> list[Message]:
        """What both halves decided in a case, whoever may still see it: intake's, then release's."""
        rows = await self.operator.fetch(
            "SELECT envelope FROM (SELECT 1 AS half, version, envelope FROM intake.events"
            " WHERE case_ref = $1 UNION ALL SELECT 2, version, envelope FROM release.events"
            " WHERE case_ref = $1) AS said ORDER BY half, version",
            case_ref,
        )
        return [decode(row["envelope"]) for row in rows]

    async def said_by_release(self, case_ref: UUID) -> list[str]:
        """The names of what release decided in a case."""
        return [
            message.data.name
            for message in await self.recorded(case_ref)
            if message.source == "/services/release"
        ]

    def letters(self) -> list[tuple[str, str]]:
        """Every message that was sent, in its order: to whom, and its text."""
        for path in sorted(self.mailbox.glob("*.eml")):
            if path not in self._letters:
                message = email.message_from_bytes(path.read_bytes())
                payload = message.get_payload(decode=True)
                assert isinstance(payload, bytes)
                self._letters[path] = str(message["To"]), payload.decode()
        return list(self._letters.values())

    async def stage(self, case_ref: UUID) -> str:
        await self.settle()
        found = await self.operator.fetchval(
            "SELECT stage FROM timeline.cases WHERE case_ref = $1", case_ref
        )
        return str(found)

    async def places_of(self, text: str) -> list[str]:
        """Every column of the whole database in which this stands."""
        columns = await self.operator.fetch(
            "SELECT format('%I.%I', table_schema, table_name) AS name, quote_ident(column_name) AS col,"
            " data_type FROM information_schema.columns JOIN information_schema.tables"
            " USING (table_schema, table_name) WHERE table_type = 'BASE TABLE'"
            " AND table_schema NOT IN ('pg_catalog', 'information_schema')"
            " AND data_type IN ('text', 'bytea', 'jsonb', 'ARRAY')"
        )
        found = []
        for name, column, kind in columns:
            shown = f"encode({column}, 'escape')" if kind == "bytea" else f"{column}::text"
            query = f"SELECT EXISTS (SELECT FROM {name} WHERE position($1 IN {shown}) > 0)"  # noqa: S608
            if await self.operator.fetchval(query, text):
                found.append(f"{name}.{column}")
        return found
