"""The doors under two versions of a country's rules: a case keeps the one it began under."""

import hashlib
from collections.abc import AsyncIterator

import asyncpg
import pytest

from throughcare.contracts.envelope import Message, decode
from throughcare.contracts.intake_commands import OfferConsent, OpenCase
from throughcare.contracts.kinds import Data
from throughcare.gateway.cloudevents import Said
from throughcare.gateway.parties import Party
from throughcare.gateway.taking import take
from throughcare.protocol import profiles
from throughcare.runtime.ids import new_id
from throughcare.runtime.pool import Connection
from throughcare.runtime.seal import Seal
from throughcare.tests.support.parts import Database

PRISON = Party("prison-kg", ("prison-health", "prison-psych"), frozenset(), "KG", "ru")
OPEN = OpenCase(origin="facility", reason_code="self-request", person_told=True)
OFFER = OfferConsent(
    language="ru-Cyrl", form_version="f1", explained_orally=True, witness_role="ngo"
)


@pytest.fixture
async def door(database: Database) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database.url())
    await connection.execute(
        "INSERT INTO gateway.parties (party, roles) VALUES ($1, $2)",
        PRISON.party, list(PRISON.roles),
    )  # fmt: skip
    yield connection
    await connection.close()


async def taken(door: Connection, data: Data, alias: str) -> Message:
    """What the service gets to decide."""
    id = str(new_id())
    said = Said("/test", id, alias, None, data, hashlib.sha256(id.encode()).digest())
    relay = (await take(door, PRISON, said, seal=Seal(bytes(32)))).relay
    assert relay is not None
    return decode(relay.envelope)


async def test_a_case_goes_on_under_its_version_and_the_next_begins_under_the_new_one(
    door: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = profiles.current("KG")
    began = await taken(door, OPEN, "V-1")
    second = first._replace(version="kg-2026.2")
    monkeypatch.setitem(profiles._SHELF._read, second.version, second)
    monkeypatch.setattr(profiles, "CURRENT", {**profiles.CURRENT, "KG": second.version})

    goes_on = await taken(door, OFFER, "V-1")
    begins = await taken(door, OPEN, "V-2")

    assert began.protocol_version == goes_on.protocol_version == first.version
    assert begins.protocol_version == second.version
    assert goes_on.case_ref == began.case_ref != begins.case_ref
    kept = await door.fetch("SELECT protocol_version FROM gateway.cases ORDER BY 1")
    assert [row["protocol_version"] for row in kept] == [first.version, second.version]
