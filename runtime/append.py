"""Appending an event outside the agent loop: what a service did by itself, such as a delivery."""

from collections.abc import Callable
from uuid import UUID

from throughcare.contracts.envelope import Message, encode
from throughcare.contracts.topics import partition_of
from throughcare.runtime import queries
from throughcare.runtime.journal import Row
from throughcare.runtime.pool import Connection

_SQL = queries.load("throughcare.runtime", "append.sql")


async def append(
    connection: Connection, schema: str, case_ref: UUID, make: Callable[[int, int], Message]
) -> Row:
    """Append what `make(version, position)` returns, within the caller's transaction.

    Offer the row to the service's Journal after the commit. Raises UniqueViolationError where
    somebody else appended meanwhile: run the whole transaction again.
    """
    sql = _SQL.for_schema(schema)
    partition = partition_of(case_ref)
    last = await connection.fetchrow(sql["last_of_case"], case_ref, partition)
    assert last is not None
    version, position = last["version"] + 1, last["position"] + 1
    raw = encode(make(version, position))
    await connection.execute(sql["append_event"], partition, position, case_ref, version, raw)
    return Row(partition, position, str(case_ref).encode(), raw)
