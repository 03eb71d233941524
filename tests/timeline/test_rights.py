"""Who may do what with the log: the doors call functions, nobody changes what stands there."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from throughcare.tests.support.parts import Database
from throughcare.tests.timeline.conftest import cases

(_CASE,) = cases(1)


@pytest.fixture
async def doors(shared_database: Database) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(shared_database.url("throughcare_gateway"))
    yield connection
    await connection.close()


@pytest.fixture
async def owner(shared_database: Database) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(shared_database.url())
    yield connection
    await connection.close()


@pytest.fixture
async def own(shared_database: Database) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(shared_database.url("throughcare_timeline"))
    yield connection
    await connection.close()


async def test_the_doors_read_and_record_through_functions(doors: asyncpg.Connection) -> None:
    await doors.execute("SELECT timeline.record_read($1, 'monitor', 'read')", _CASE)

    assert await doors.fetch("SELECT * FROM timeline.audited($1, 'monitor')", _CASE) == []
    assert await doors.fetch("SELECT * FROM timeline.awaited($1)", _CASE) == []
    (reached,) = await doors.fetch("SELECT * FROM timeline.reached($1)", _CASE)
    assert tuple(reached) == (0, 0)
    assert await doors.fetch("SELECT * FROM timeline.stages()") == []
    assert await doors.fetch("SELECT * FROM timeline.gate_list('{kg-31}', current_date)") == []


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM timeline.entries",
        "SELECT * FROM timeline.secrets",
        "SELECT * FROM timeline.cases",
        "SELECT timeline.forget(gen_random_uuid())",
        "SELECT timeline.add(gen_random_uuid(), 'event', '{}')",
        "SELECT * FROM timeline.entries_of(gen_random_uuid())",
        "SELECT * FROM timeline.view_of(gen_random_uuid(), 'ngo', '{}')",
        "SELECT * FROM timeline.audience",
    ],
)
async def test_the_doors_see_no_table_and_forget_nobody(
    doors: asyncpg.Connection, statement: str
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await doors.execute(statement)


@pytest.mark.parametrize("kind", ["event", "forgotten", "", "anything"])
async def test_a_door_records_readings_and_nothing_else(
    doors: asyncpg.Connection, kind: str
) -> None:
    with pytest.raises(asyncpg.InvalidParameterValueError):
        await doors.execute("SELECT timeline.record_read($1, 'monitor', $2)", _CASE, kind)


@pytest.mark.parametrize("party", ['a"b', "a\\b", "%s", "x" * 1000])
async def test_what_a_door_records_is_well_formed_whatever_the_party_is_called(
    owner: asyncpg.Connection, party: str
) -> None:
    transaction = owner.transaction()
    await transaction.start()
    await owner.execute("SET SESSION AUTHORIZATION throughcare_gateway")
    await owner.execute("SELECT timeline.record_read($1, $2, 'read')", _CASE, party)
    await owner.execute("RESET SESSION AUTHORIZATION")

    rows = await owner.fetch(
        "SELECT data ->> 'party' AS party FROM timeline.entries_of($1) ORDER BY ordinal", _CASE
    )

    await transaction.rollback()
    assert party in [row["party"] for row in rows]


@pytest.mark.parametrize("table", ["entries", "leaves", "checkpoints", "secrets"])
@pytest.mark.parametrize("change", ["DELETE FROM timeline.{}", "UPDATE timeline.{} SET {} = {}"])
async def test_not_even_its_own_service_changes_what_stands_in_the_log(
    own: asyncpg.Connection, table: str, change: str
) -> None:
    column = {"entries": "kind", "leaves": "kind", "checkpoints": "note", "secrets": "secret"}
    name = column[table]
    statement = change.format(table, name, name)

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await own.execute(statement)
