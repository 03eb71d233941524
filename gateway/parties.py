"""Parties: who connects, by which key, in which roles, for which facilities."""

import hashlib
from collections.abc import Collection
from typing import NamedTuple

from aiokafka.admin import AIOKafkaAdminClient
from pydantic import TypeAdapter, ValidationError

from throughcare.contracts.codes import FacilityCode, PartyCode, Role
from throughcare.contracts.topics import Topic, facts_of, outcomes_of
from throughcare.gateway.problems import RefusedError
from throughcare.runtime import queries
from throughcare.runtime.errors import SetupError
from throughcare.runtime.ids import new_key
from throughcare.runtime.pool import Connection, Pool
from throughcare.runtime.settings import Kafka
from throughcare.runtime.topics_admin import ensure_topics

_SQL = queries.load("throughcare.gateway", "parties.sql")
KEY_PREFIX = "tc_"
#: In these roles a party is the prison: 24 h after a release it has to do with the case no more.
PRISON_ROLES = ("prison-admin", "prison-health", "prison-psych")

_PARTY: TypeAdapter[str] = TypeAdapter(PartyCode)
_ROLES: TypeAdapter[list[Role]] = TypeAdapter(list[Role])
_FACILITIES: TypeAdapter[list[str]] = TypeAdapter(list[FacilityCode])


class Party(NamedTuple):
    """An authenticated sender."""

    party: str
    roles: tuple[str, ...]
    #: Empty: it is not checked for which facility it speaks.
    facilities: frozenset[str]
    #: ISO 3166, upper case.
    country: str
    language: str


class NewParty(NamedTuple):
    party: str
    roles: tuple[str, ...]
    facilities: tuple[str, ...] = ()
    country: str = "KG"
    language: str = "en"
    #: A desk's address, not a person's.
    email: str | None = None
    webhook_url: str | None = None
    #: Sealed by whoever asks, for the place where notifications open it.
    webhook_secret: bytes | None = None


def topics_of(party: str) -> tuple[Topic, Topic]:
    """Where a party writes its facts, and where it reads what became of them."""
    return facts_of(party), outcomes_of(party)


async def add_party(
    connection: Connection, admin: AIOKafkaAdminClient, kafka: Kafka, new: NewParty
) -> str:
    """Add a party with its two topics, or another key to one that is there; returns the key.

    The key is shown this once: only its SHA-256 is kept. Raises SetupError for what cannot be.
    """
    try:
        _PARTY.validate_python(new.party)
        roles = _ROLES.validate_python(list(new.roles))
        _FACILITIES.validate_python(list(new.facilities))
    except ValidationError as error:
        what = error.title
        raise SetupError(f"This cannot be a party: {what} does not fit the contract.") from None
    if not roles or "system" in roles:
        raise SetupError("A party has at least one role, and `system` is nobody's.")
    key = new_key(KEY_PREFIX)
    await ensure_topics(admin, kafka, topics_of(new.party))
    async with connection.transaction():
        await connection.execute(
            _SQL["add_party"], new.party, list(new.roles), list(new.facilities), new.country,
            new.language, new.email, new.webhook_url, new.webhook_secret,
        )  # fmt: skip
        await connection.execute(_SQL["add_key"], _digest(key), new.party)
    return key


async def authenticate(pool: Pool, key: str) -> Party:
    """Whose key it is. Raises RefusedError `key-unknown`, whatever is wrong with it."""
    row = await pool.fetchrow(_SQL["party_of_key"], _digest(key))
    if row is None:
        raise RefusedError("key-unknown")
    return Party(
        row["party"], tuple(row["roles"]), frozenset(row["facilities"]),
        row["country"], row["language"],
    )  # fmt: skip


async def find_party(connection: Connection, party: str) -> Party | None:
    """A party that may speak, by its name; for doors that know the name from elsewhere."""
    row = await connection.fetchrow(_SQL["find_party"], party)
    if row is None:
        return None
    return Party(
        row["party"], tuple(row["roles"]), frozenset(row["facilities"]),
        row["country"], row["language"],
    )  # fmt: skip


async def all_topics(pool: Pool) -> Collection[Topic]:
    """Both topics of every party: made again where a cluster began anew."""
    rows = await pool.fetch(_SQL["all_parties"])
    return [topic for row in rows for topic in topics_of(row["party"])]


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
