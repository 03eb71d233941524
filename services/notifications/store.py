"""What stands in the tables of notifications: one function a query or two."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from throughcare.contracts.topics import partition_of
from throughcare.runtime import queries
from throughcare.runtime.pool import Connection, Pool

_SQL = queries.load("throughcare.services.notifications")


class Contact(NamedTuple):
    """A party, and how it can be reached."""

    party: str
    roles: frozenset[str]
    #: Empty: it speaks for all of them.
    facilities: frozenset[str]
    country: str
    channels: tuple[str, ...]


class NewDelivery(NamedTuple):
    """One row to write, in the order of the query's parameters."""

    id: UUID
    case_ref: UUID
    partition: int
    template: str
    to_role: str
    to_party: str | None
    channel: str | None
    act_by: datetime | None
    last_word: bool
    seq: int | None
    #: The party's name for the case, hidden: of a last word, since names go when a case or referral ends.
    alias: bytes | None
    correlation_id: UUID
    causation_id: UUID
    protocol_version: str
    #: To a receiver: it may go only while the consent names it.
    by_consent: bool
    #: Of the alarm behind it; 0: none.
    level: int


class Delivery(NamedTuple):
    """What is to be sent to whom, how the party is reached now, and what stands against it.

    `act_by` is domain time; `created_at` and `real_now` are the database's real time.
    """

    id: UUID
    case_ref: UUID
    template: str
    to_role: str
    to_party: str | None
    channel: str | None
    act_by: datetime | None
    last_word: bool
    seq: int | None
    #: The party's own name for the case, hidden.
    alias: bytes | None
    attempts: int
    created_at: datetime
    correlation_id: UUID
    causation_id: UUID
    protocol_version: str
    #: The party is there and not disabled; otherwise what follows of it is None.
    is_known: bool
    country: str
    language: str
    email: str | None
    webhook_url: str | None
    webhook_secret: bytes | None
    is_gone: bool
    level: int
    #: No withdrawal has committed, nor did the consent lose who is meant; and neither will happen
    #: before this transaction ends.
    permitted: bool
    ended: bool
    silent: bool
    real_now: datetime
    domain_now: datetime


class Recall(NamedTuple):
    """A recipient that was sent the word that permission ended. `told_at`: domain time."""

    case_ref: UUID
    referral_id: UUID
    notice_id: UUID
    correlation_id: UUID
    told_at: datetime


# -- what was heard ---------------------------------------------------------------------------


async def read_cases(connection: Connection, case_refs: Collection[UUID]) -> dict[UUID, bytes]:
    rows = await connection.fetch(_SQL["read_cases"], list(case_refs))
    return {row["case_ref"]: row["state"] for row in rows}


async def write_cases(
    connection: Connection,
    states: Mapping[UUID, bytes],
    silent: Collection[UUID],
    speaking: Collection[UUID],
) -> None:
    """`speaking`: cases that went on after their end, so that an earlier silence is over."""
    await connection.execute(
        _SQL["write_cases"],
        list(states),
        [partition_of(case_ref) for case_ref in states],
        list(states.values()),
        [case_ref in silent for case_ref in states],
        list(speaking),
    )


async def find_contacts(
    connection: Connection, parties: Collection[str], roles: Collection[str]
) -> list[Contact]:
    rows = await connection.fetch(_SQL["find_contacts"], list(parties), list(roles))
    return [
        Contact(
            row["party"],
            frozenset(row["roles"]),
            frozenset(row["facilities"]),
            row["country"],
            ("email",) * row["has_email"] + ("webhook",) * row["has_webhook"],
        )
        for row in rows
    ]


async def told_so_far(
    connection: Connection, case_refs: Collection[UUID]
) -> dict[tuple[UUID, str], int]:
    rows = await connection.fetch(_SQL["told_so_far"], list(case_refs))
    return {(row["case_ref"], row["to_party"]): row["seq"] or 0 for row in rows}


async def name_cases(
    connection: Connection,
    wanted: Sequence[tuple[UUID, str]],
    codes: Sequence[bytes],
    as_of: Sequence[int | None],
) -> list[tuple[UUID, str]]:
    """Give each party its name for each case; those whose code was taken come back.

    `as_of`: the version of release's stream that gives it one; None: another half's word does.
    """
    rows = await connection.fetch(
        _SQL["name_cases"],
        [w[0] for w in wanted],
        [w[1] for w in wanted],
        list(codes),
        list(as_of),
    )
    return [(row["case_ref"], row["party"]) for row in rows if row["alias"] is None]


async def read_aliases(
    connection: Connection, wanted: Sequence[tuple[UUID, str]]
) -> dict[tuple[UUID, str], bytes | None]:
    rows = await connection.fetch(
        _SQL["read_aliases"], [w[0] for w in wanted], [w[1] for w in wanted]
    )
    return {(row["case_ref"], row["party"]): row["alias"] for row in rows}


async def add_deliveries(connection: Connection, deliveries: Iterable[NewDelivery]) -> None:
    columns = zip(*deliveries, strict=True)
    await connection.execute(_SQL["add_deliveries"], *map(list, columns))


async def add_recall(
    connection: Connection, case_ref: UUID, party: str, referral_id: UUID, correlation_id: UUID
) -> None:
    await connection.execute(
        _SQL["add_recall"], case_ref, party, partition_of(case_ref), referral_id, correlation_id
    )


async def end_recall(connection: Connection, case_ref: UUID, referral_id: UUID) -> None:
    await connection.execute(_SQL["end_recall"], case_ref, referral_id)


async def due_recalls(pool: Pool, partitions: Sequence[int]) -> list[Recall]:
    """Those whom the notice reached and of whom release has to be told, each now and then."""
    return [Recall(**row) for row in await pool.fetch(_SQL["due_recalls"], partitions)]


# -- sending ----------------------------------------------------------------------------------


async def due_deliveries(
    pool: Pool,
    partitions: Sequence[int],
    but: Collection[UUID],
    not_to: Collection[str],
    limit: int,
) -> list[tuple[UUID, str]]:
    """The longest due first; `not_to`: parties that have to wait for their turn."""
    rows = await pool.fetch(_SQL["due_deliveries"], partitions, list(but), list(not_to), limit)
    return [(row["id"], row["to_party"]) for row in rows]


async def take_delivery(connection: Connection, delivery: UUID) -> Delivery | None:
    row = await connection.fetchrow(_SQL["take_delivery"], delivery)
    return None if row is None else Delivery(**row)


async def start_attempt(
    connection: Connection, delivery: UUID, attempt: int, lost_after_s: float
) -> None:
    await connection.execute(_SQL["start_attempt"], delivery, attempt, lost_after_s)


async def postpone(
    connection: Connection, delivery: UUID, wait_s: float, attempt: int, result: str
) -> None:
    await connection.execute(_SQL["postpone"], delivery, wait_s, attempt, result)


async def end_delivery(
    connection: Connection, delivery: UUID, status: str, reason: str | None, attempt: int
) -> datetime | None:
    """Domain time of the end; None if it had ended before."""
    at: datetime | None = await connection.fetchval(
        _SQL["end_delivery"], delivery, status, reason, attempt
    )
    return at


async def mark_gone(connection: Connection, party: str, url: str) -> None:
    await connection.execute(_SQL["mark_gone"], party, url)


# -- alarms told together ---------------------------------------------------------------------


async def lead_alarms(connection: Connection, party: str, delivery: UUID) -> bool:
    """Whether this delivery may carry the party's alarms of this hour; else it waits for the next."""
    may = await connection.fetchval(_SQL["lead_alarms"], party, delivery)
    if not may:
        await connection.execute(_SQL["hold_alarm"], delivery, party)
    return bool(may)


async def other_alarms(
    connection: Connection, party: str, delivery: UUID, partitions: Sequence[int]
) -> list[Delivery]:
    """The party's other alarms by mail that wait, taken for this transaction."""
    rows = await connection.fetch(_SQL["other_alarms"], delivery, party, partitions)
    return [Delivery(**row) for row in rows]
