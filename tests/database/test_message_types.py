"""What the database knows of the types that parties say is what the contracts and the protocol say."""

import asyncpg

from throughcare.contracts import commands  # registers the models
from throughcare.contracts.facts import PersonDied
from throughcare.contracts.intake_commands import WithdrawConsent
from throughcare.contracts.kinds import MODELS
from throughcare.contracts.release_commands import ReportDeath
from throughcare.contracts.rights_commands import ForgetCase
from throughcare.protocol.roles import BY_ACCEPTANCE, MAY
from throughcare.tests.support.parts import Database

#: What stops a case from the moment in which a door takes it; and of it what no consent lifts.
STOPPING = {WithdrawConsent, ForgetCase, PersonDied, ReportDeath}
FOR_GOOD = {PersonDied, ReportDeath}


async def _types(database: Database) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(database.url())
    try:
        return list(await connection.fetch("SELECT * FROM gateway.message_types"))
    finally:
        await connection.close()


async def test_the_database_sends_each_type_to_the_service_that_decides_it(
    shared_database: Database,
) -> None:
    rows = await _types(shared_database)

    assert {row["type"]: row["service"] for row in rows} == {
        model.type: half for model, half in commands.OWNER.items()
    }


async def test_the_database_stops_a_case_by_the_word_of_whom_the_protocol_hears(
    shared_database: Database,
) -> None:
    rows = await _types(shared_database)
    stopping = {MODELS[row["type"]]: row for row in rows if row["stops_by"]}

    assert stopping.keys() == STOPPING
    assert {model for model, row in stopping.items() if row["for_good"]} == FOR_GOOD
    for model, row in stopping.items():
        by, accepted = set(row["stops_by"]), set(row["stops_by_accepted"])
        assert by | accepted == MAY[model]
        assert accepted == BY_ACCEPTANCE.get(model, frozenset())
        assert not by & accepted
