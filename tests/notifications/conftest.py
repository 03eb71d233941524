"""Notifications without a broker: real PostgreSQL, a real mail server, a real HTTP peer."""

import os
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from faust.types import TP
from pytest_httpserver import HTTPServer

from throughcare.cli.embedded.postgres import Postgres
from throughcare.cli.mailbox import Mailbox, start_mailbox
from throughcare.contracts.envelope import Message, decode, encode
from throughcare.contracts.kinds import Event
from throughcare.contracts.release_events import ReferralSent
from throughcare.contracts.topics import EVENTS_OF, NOTIFICATIONS_EVENTS, partition_of
from throughcare.runtime import aliases
from throughcare.runtime.ids import new_id
from throughcare.runtime.journal import Journal, Producer
from throughcare.runtime.pool import Pool, open_pool
from throughcare.runtime.seal import Seal
from throughcare.runtime.settings import Database as DatabaseSettings
from throughcare.runtime.settings import Kafka, Settings, Smtp, Webhooks
from throughcare.runtime.sorting import Input
from throughcare.services.notifications.agents import project
from throughcare.services.notifications.sender import Sender
from throughcare.tests.support.parts import Database, Parts

SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SENDER = "notices@desk.example"
NOON = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)

_EMPTY = """
    DELETE FROM notifications.attempts; DELETE FROM notifications.deliveries;
    DELETE FROM notifications.cases; DELETE FROM notifications.gone;
    DELETE FROM notifications.events; DELETE FROM intake.stopped; DELETE FROM release.endings;
    DELETE FROM release.events; DELETE FROM runtime.consumed;
    DELETE FROM notifications.alarmed; DELETE FROM notifications.recalls;
    DELETE FROM intake.permissions;
    DELETE FROM gateway.case_access; DELETE FROM gateway.aliases; DELETE FROM gateway.parties;
"""


class Desk:
    """The service in this process, and everybody around it."""

    def __init__(
        self,
        pool: Pool,
        owner: "asyncpg.Connection[asyncpg.Record]",
        mailbox: Mailbox,
        web: HTTPServer,
    ) -> None:
        self.pool = pool
        self.owner = owner
        self.mailbox = mailbox
        self.web = web
        self.key = os.urandom(32)
        self.settings = Settings(
            smtp=Smtp(host="127.0.0.1", port=mailbox.port, sender=SENDER),
            webhooks=Webhooks(allow_loopback=True),
        )
        self.sender = self.new_sender()

    def new_sender(self, **options: Any) -> Sender:
        """As if the process had been started again."""
        journal = Journal(
            NOTIFICATIONS_EVENTS,
            "notifications",
            "events",
            self.pool,
            Producer(Kafka()),
            "no cluster",
            time.monotonic,
        )
        self.sender = Sender(
            self.pool,
            journal,
            Seal(self.key),
            self.settings,
            lambda: list(range(12)),
            **options,
        )
        return self.sender

    async def party(
        self,
        party: str,
        *roles: str,
        email: str | None = None,
        path: str | None = None,
        language: str = "en",
        facilities: Sequence[str] = (),
    ) -> None:
        sealed = Seal(self.key).seal(SECRET.encode(), f"webhook/{party}") if path else None
        await self.owner.execute(
            "INSERT INTO gateway.parties (party, roles, facilities, language, email, webhook_url,"
            " webhook_secret) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            party, list(roles), list(facilities), language, email,
            path and self.web.url_for(path), sealed,
        )  # fmt: skip

    async def hear(self, *events: Message) -> None:
        """What the projector does with a list of records; who is asked was agreed to before."""
        for one in events:
            if isinstance(one.data, ReferralSent):
                await self.permit(one.case_ref, one.data.receiver)
        inputs = [Input(TP("t", 0), n, encode(event), event) for n, event in enumerate(events)]
        async with self.pool.acquire() as connection, connection.transaction():
            await project(Seal(self.key), connection, inputs)

    async def alias(self, case_ref: UUID | None = None) -> str:
        """The one name there is, or that there is of a case."""
        row = await self.owner.fetchrow(
            "SELECT party, alias FROM gateway.aliases WHERE case_ref = coalesce($1, case_ref)",
            case_ref,
        )
        assert row is not None
        alias: bytes = row["alias"]
        return aliases.read(Seal(self.key), row["party"], alias)

    async def permit(self, case_ref: UUID, recipient: str) -> None:
        await self.owner.execute(
            "INSERT INTO intake.permissions VALUES ($1, $2, 'P1', 'handover', 'infinity')"
            " ON CONFLICT DO NOTHING",
            case_ref, recipient,
        )  # fmt: skip

    async def send(self) -> None:
        """Send all that is due, and wait until it is recorded."""
        for _ in range(20):
            await self.sender.step()
            await self.sender.drain()
            due = "SELECT count(*) FROM notifications.deliveries WHERE status = 'pending' AND due_at <= clock_timestamp()"
            if not await self.owner.fetchval(due):
                return

    async def send_now(self) -> None:
        """Send what is due at this moment, and nothing that waits for an hour of domain time."""
        await self.sender.step()
        await self.sender.drain()

    async def overdue(self) -> None:
        """Let the time of every next attempt come."""
        await self.owner.execute(
            "UPDATE notifications.deliveries SET due_at = clock_timestamp() WHERE status = 'pending'"
        )

    def mails(self) -> list[EmailMessage]:
        return [
            message_from_bytes(path.read_bytes(), policy=policy.default)
            for path in self.mailbox.messages()
        ]

    async def said(self) -> list[Event]:
        """Events of notifications, in the order of their cases and versions."""
        rows = await self.owner.fetch(
            "SELECT envelope FROM notifications.events ORDER BY case_ref, version"
        )
        return [decode(row["envelope"]).data for row in rows]  # type: ignore[misc]

    async def statuses(self) -> list[tuple[str, str | None]]:
        rows = await self.owner.fetch(
            "SELECT status, reason_code FROM notifications.deliveries ORDER BY created_at, id"
        )
        return [(row["status"], row["reason_code"]) for row in rows]


def event(case_ref: UUID, data: Event, half: str = "release", at: datetime = NOON) -> Message:
    """An event of a half, as it travels. Its version is of no matter here."""
    assert half in EVENTS_OF
    return Message(
        id=new_id(),
        source=f"/services/{half}",
        data=data,
        case_ref=case_ref,
        occurred_at=at,
        recorded_at=at,
        correlation_id=new_id(),
        protocol_version="kg-2026.1",
        sequence=1,
        position=1 + partition_of(case_ref),
    )


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    made = start_mailbox(tmp_path / "mail")
    yield made
    made.stop()


@pytest.fixture(scope="session")
def desk_database(parts: Parts, postgres: Postgres) -> Database:
    """One database for all these tests: each begins with it empty."""
    return parts.new_database()


@pytest.fixture
async def desk(
    desk_database: Database, mailbox: Mailbox, httpserver: HTTPServer
) -> AsyncIterator[Desk]:
    url = desk_database.url("throughcare_notifications")
    pool = await open_pool(DatabaseSettings.model_validate({"url": url}), "test")
    owner = await asyncpg.connect(desk_database.url())
    made = Desk(pool, owner, mailbox, httpserver)
    yield made
    await made.sender.close()
    await owner.execute(_EMPTY)
    await owner.close()
    await pool.close()
