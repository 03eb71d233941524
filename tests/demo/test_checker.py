"""The checker finds what it is for: each test takes one thing out of a whole record."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from throughcare.cli.checker import Checked, check
from throughcare.contracts.envelope import Message, encode
from throughcare.contracts.intake_commands import OfferConsent, OpenCase, RecordRefusal
from throughcare.contracts.intake_events import CaseOpened, ConsentOffered, ConsentRefused
from throughcare.contracts.kinds import Data
from throughcare.contracts.outcomes import Decided
from throughcare.contracts.release_events import CaseClosed
from throughcare.contracts.topics import TOPICS, partition_of
from throughcare.runtime.pool import Connection
from throughcare.tests.support.parts import Database

CASE = UUID(int=0xCA5E)
PARTITION = partition_of(CASE)
NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
SAID = ("party", "/source", "their-1")


def id_of(kind: int, number: int) -> UUID:
    return UUID(int=kind << 64 | number)


COMMAND, EVENT, OUTCOME = 1, 2, 3


def message(id: UUID, half: str, data: Data, number: int, causation: UUID | None) -> bytes:
    return encode(
        Message(
            id=id,
            source=f"/services/{half}",
            data=data,
            case_ref=CASE,
            occurred_at=NOW,
            recorded_at=NOW,
            correlation_id=id,
            protocol_version="kg-2026.1",
            causation_id=causation,
            sequence=number,
            position=number,
        )
    )


async def keep_event(connection: Connection, half: str, number: int, event: Data) -> UUID:
    """An event everywhere it belongs: journal, the other half, timeline."""
    id = id_of(EVENT + (half == "release") * 8, number)
    causation = id_of(COMMAND, number) if half == "intake" else None
    raw = message(id, half, event, number, causation)
    other = "release" if half == "intake" else "intake"
    await connection.execute(
        f"INSERT INTO {half}.events VALUES ($1, $2, $3, $2::bigint::integer, $4)",  # noqa: S608
        PARTITION, number, CASE, raw,
    )  # fmt: skip
    await connection.execute(
        f"INSERT INTO {other}.heard VALUES ($1, $2, $3)",  # noqa: S608
        CASE, number, raw,
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO timeline.entries (message_id, case_ref, kind, envelope)"
        " VALUES ($1, $2, 'event', $3)",
        id, CASE, raw,
    )  # fmt: skip
    return id


async def keep_command(connection: Connection, number: int, type: str, event: UUID) -> None:
    """A command that was taken and decided, with the outcome that names its event."""
    id = id_of(COMMAND, number)
    outcome = Decided(
        answered_source="/source", answered_id=str(id), answered_type=type, event_ids=(event,)
    )
    raw = message(id_of(OUTCOME, number), "intake", outcome, number, id)
    await connection.execute(
        "INSERT INTO intake.outcomes VALUES ($1, $2, $3, $4, $5)",
        id, PARTITION, number, CASE, raw,
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO gateway.commands (id, party, source, their_id, type, body_mark, case_ref,"
        " service, number, received_at, envelope, outcome_kind, outcome)"
        " VALUES ($1, 'party', '/source', $2, $3, '', $4, 'intake', $5, $6, 'x', 'decided', 'x')",
        id, f"their-{number}", type, CASE, number, NOW,
    )  # fmt: skip


@pytest.fixture
async def record(database: Database) -> AsyncIterator[asyncpg.Connection]:
    """One case that was opened, asked and refused: whole in every place."""
    connection = await asyncpg.connect(database.url())
    await connection.execute("INSERT INTO gateway.parties (party, roles) VALUES ('party', '{ngo}')")
    steps: list[tuple[type[Data], Data]] = [
        (OpenCase, CaseOpened(origin="facility")),
        (OfferConsent, ConsentOffered(
            language="ky-Cyrl", form_version="f1", explained_orally=True, interpreter=False,
            witness_role="ngo",
        )),
        (RecordRefusal, ConsentRefused(refusal_scope="all")),
    ]  # fmt: skip
    for number, (command, event) in enumerate(steps, 1):
        id = await keep_event(connection, "intake", number, event)
        await keep_command(connection, number, command.type, id)
    await keep_event(connection, "release", 1, CaseClosed(reason_code="consent-refused"))
    await connection.execute(
        "INSERT INTO gateway.cases (case_ref, protocol_version, intake_number) VALUES ($1, 'v', 3)",
        CASE,
    )
    for topic in TOPICS:
        if not topic.is_journal or topic.writers[0] == "notifications":
            continue
        last = 1 if topic.writers[0] == "release" else 3
        if topic.name == "throughcare.release.outcomes.v1":
            continue
        await connection.execute(
            "INSERT INTO runtime.journals VALUES ($1, $2, $3, 'c')", topic.name, PARTITION, last
        )
        for reader in topic.readers:
            await connection.execute(
                "INSERT INTO runtime.consumed VALUES ($1, $2, $3, $4, 0, 'c')",
                reader, topic.name, PARTITION, last,
            )  # fmt: skip
    yield connection
    await connection.close()


async def after(record: asyncpg.Connection, statement: str) -> Checked:
    await record.execute(statement)
    return await check(record)


async def test_a_whole_record_has_nothing_missing(record: asyncpg.Connection) -> None:
    checked = await check(record, [SAID])

    assert checked.found == []
    assert checked.is_whole
    assert (checked.commands, checked.outcomes, checked.events) == (3, 3, 4)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM intake.outcomes WHERE position = 2",
        "UPDATE gateway.commands SET outcome = NULL WHERE number = 3",
        "DELETE FROM gateway.commands WHERE number = 3",
        "DELETE FROM intake.events WHERE version = 2",
        "DELETE FROM intake.events WHERE version = 3",
        "DELETE FROM release.heard WHERE version = 2",
        "DELETE FROM intake.heard WHERE version = 1",
        "DELETE FROM timeline.entries WHERE entry = 2",
        "UPDATE runtime.consumed SET position = 2 WHERE position = 3 AND consumer = 'timeline'",
        "DELETE FROM runtime.consumed WHERE consumer = 'notifications'",
        "UPDATE runtime.journals SET published = 2 WHERE published = 3",
    ],
)
async def test_what_is_missing_is_lost(record: asyncpg.Connection, statement: str) -> None:
    checked = await after(record, statement)

    assert checked.lost > 0, checked.found
    assert not checked.is_whole


async def test_what_a_sender_was_promised_is_looked_for(record: asyncpg.Connection) -> None:
    checked = await check(record, [SAID, ("party", "/source", "never-kept")])

    assert checked.lost == 1


async def test_an_effect_that_no_outcome_accounts_for_is_doubled(
    record: asyncpg.Connection,
) -> None:
    raw = message(id_of(EVENT, 4), "intake", CaseOpened(origin="facility"), 4, id_of(COMMAND, 1))
    await record.execute(
        "INSERT INTO intake.events VALUES ($1, 4, $2, 4, $3)", PARTITION, CASE, raw
    )

    assert (await check(record)).doubled == 1


async def test_an_event_heard_otherwise_than_said_is_doubled(record: asyncpg.Connection) -> None:
    checked = await after(record, "UPDATE release.heard SET envelope = 'other' WHERE version = 2")

    assert checked.doubled == 1


async def test_an_event_heard_and_never_said_is_doubled(record: asyncpg.Connection) -> None:
    checked = await after(record, "UPDATE release.heard SET version = 9 WHERE version = 3")

    assert checked.doubled == 1


async def test_versions_against_the_journals_order_are_reordered(
    record: asyncpg.Connection,
) -> None:
    checked = await after(
        record,
        "UPDATE intake.events SET position = position + 10;"
        "UPDATE intake.events SET position = CASE version WHEN 1 THEN 2 WHEN 2 THEN 1 ELSE 3 END",
    )

    assert checked.reordered == 1


async def test_a_timeline_out_of_order_is_reordered(record: asyncpg.Connection) -> None:
    await record.execute("DELETE FROM timeline.entries WHERE entry = 1")
    await record.execute(
        "INSERT INTO timeline.entries (message_id, case_ref, kind, envelope)"
        " SELECT $1, case_ref, 'event', envelope FROM intake.events WHERE version = 1",
        id_of(EVENT, 1),
    )

    checked = await check(record)

    assert (checked.lost, checked.reordered) == (0, 1)


async def test_commands_decided_against_their_numbers_are_reordered(
    record: asyncpg.Connection,
) -> None:
    checked = await after(
        record,
        "UPDATE gateway.commands SET number = number + 10;"
        "UPDATE gateway.commands SET number = CASE their_id"
        " WHEN 'their-1' THEN 2 WHEN 'their-2' THEN 1 ELSE 3 END",
    )

    assert checked.reordered == 1


async def test_dead_letters_and_what_is_held_are_counted(record: asyncpg.Connection) -> None:
    checked = await after(
        record,
        "INSERT INTO release.held (case_ref, partition, topic, message_id, reason, raw)"
        " VALUES (gen_random_uuid(), 1, 't', gen_random_uuid(), 'r', '');"
        "INSERT INTO gateway.dead_letters (id, topic, partition, kafka_offset, class, code,"
        " fingerprint, sealed, mark)"
        " VALUES (gen_random_uuid(), 't', 1, 1, 'bug', 'c', 'f', '', '')",
    )

    assert (checked.held, checked.dead_letters) == (1, 1)
    assert checked.is_whole


async def test_what_was_said_of_a_forgotten_case_is_gone_on_purpose(
    record: asyncpg.Connection,
) -> None:
    await record.execute("DELETE FROM gateway.commands")
    assert (await check(record)).lost > 0

    await record.execute("INSERT INTO vault.erased VALUES ($1, $2)", CASE, NOW)

    assert (await check(record)).lost == 0
