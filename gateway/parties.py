"""Parties: who connects, by which key, in which roles, for which facilities."""

import hashlib
import re
from collections.abc import Collection
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

from aiokafka.admin import AIOKafkaAdminClient
from pydantic import TypeAdapter, ValidationError

from throughcare.contracts.codes import ROLES, FacilityCode, PartyCode
from throughcare.contracts.topics import Topic, facts_of, outcomes_of
from throughcare.protocol.profiles import CURRENT
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
#: They see to it that recipients answer after permission ended (D23).
ANSWERING_ROLES = ("protocol-coordinator", "dpo")

_PARTY: TypeAdapter[str] = TypeAdapter(PartyCode)
_FACILITY: TypeAdapter[str] = TypeAdapter(FacilityCode)
#: In which a party may connect. Nobody is the protocol itself, and the person comes through whoever
#: takes down what they say.
PARTY_ROLES = tuple(role for role in ROLES if role not in ("system", "client"))
#: Who reads and judges does nothing else: its names for cases outlive them.
_ALONE = ("monitor", "commenter", "dpo")
_LANGUAGES = ("en", "ru", "kk", "ky", "tg", "tk", "uz")
_COUNTRY = re.compile(r"[A-Z]{2}")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@([A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}")


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
    """What is wanted of a party; None and no facilities: as it stands, or as it is by default."""

    party: str
    roles: tuple[str, ...]
    facilities: tuple[str, ...] = ()
    country: str | None = None
    language: str | None = None
    #: A desk's address, not a person's.
    email: str | None = None
    webhook_url: str | None = None
    #: Sealed by whoever asks, for the place where notifications open it.
    webhook_secret: bytes | None = None


def country_of(facilities: Collection[str]) -> str | None:
    """The one country that all these facilities' codes begin with, as in `tm-4`; None: not said."""
    said = {facility.partition("-")[0].upper() for facility in facilities if "-" in facility}
    return said.pop() if len(said) == 1 and said <= CURRENT.keys() else None


def topics_of(party: str) -> tuple[Topic, Topic]:
    """Where a party writes its facts, and where it reads what became of them."""
    return facts_of(party), outcomes_of(party)


async def add_party(
    connection: Connection, admin: AIOKafkaAdminClient, kafka: Kafka, new: NewParty
) -> str:
    """Add a party with its two topics, or another key to one that is there; returns the key.

    The key is shown this once: only its SHA-256 is kept. Raises SetupError for what cannot be, and
    where the party that is there is another than the one wanted; then nothing was added.
    """
    _check(new)
    key = new_key(KEY_PREFIX)
    _compare(await stored(connection, new.party), new)
    await ensure_topics(admin, kafka, topics_of(new.party))
    async with connection.transaction():
        await connection.execute(
            _SQL["add_party"], new.party, list(new.roles), list(new.facilities),
            new.country or "KG", new.language or "en", new.email, new.webhook_url,
            new.webhook_secret,
        )  # fmt: skip
        _compare(await stored(connection, new.party), new)
        await connection.execute(_SQL["add_key"], _digest(key), new.party)
    return key


async def key_id_of(connection: Connection, key: str) -> UUID:
    """What a key is called: it names the key to operators and opens nothing."""
    found: UUID = await connection.fetchval(_SQL["key_id"], _digest(key))
    return found


async def keys_of(connection: Connection, party: str) -> list[dict[str, Any]]:
    """The keys of a party: `key_id`, `created_at`, `revoked_at`. Raises SetupError if it is not there."""
    if await stored(connection, party) is None:
        raise SetupError(f"There is no party {party}.")
    return [dict(row) for row in await connection.fetch(_SQL["keys"], party)]


async def revoke(
    connection: Connection, *, key_id: UUID | None = None, party: str | None = None
) -> list[dict[str, Any]]:
    """Revoke one key, or all of a party: from their next request on they open nothing.

    Safe to repeat. The keys that were meant: `party`, `key_id`, and how many are `left` to it.
    """
    return [dict(row) for row in await connection.fetch(_SQL["revoke"], key_id, party)]


async def stored(connection: Connection, party: str) -> dict[str, Any] | None:
    """What stands of a party, by the names of `NewParty`; None where there is none."""
    row = await connection.fetchrow(_SQL["stored"], party)
    return None if row is None else dict(row)


def _check(new: NewParty) -> None:
    """Raises SetupError that names the option."""
    if not is_party_name(new.party):
        raise SetupError(
            "The name does not fit: 2 to 41 lower-case letters, digits and dashes, a letter or "
            "digit first."
        )
    if not new.roles or not set(new.roles) <= set(PARTY_ROLES):
        raise SetupError(f"--role is one of {', '.join(PARTY_ROLES)}.")
    if len(set(new.roles)) > 1 and (alone := set(new.roles) & set(_ALONE)):
        raise SetupError(f"--role {min(alone)} goes with no other role.")
    for facility in new.facilities:
        try:
            _FACILITY.validate_python(facility)
        except ValidationError:
            raise SetupError(
                "--facility is a code of 2 to 41 lower-case letters, digits and dashes."
            ) from None
    if new.country is not None and not _COUNTRY.fullmatch(new.country):
        raise SetupError("--country is two capital letters, such as KG.")
    if new.language is not None and new.language not in _LANGUAGES:
        raise SetupError(f"--language is one of {', '.join(_LANGUAGES)}.")
    if new.email is not None and not _EMAIL.fullmatch(new.email):
        raise SetupError("--email is no address that mail can go to.")
    if new.webhook_url is not None:
        _check_url(new.webhook_url)


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("https", "http") and bool(parts.hostname) and not parts.username
    except ValueError:
        is_good = False
    if not is_good or not url.isascii() or any(sign <= " " for sign in url):
        raise SetupError("--webhook-url is no https://… address without a login.")
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise SetupError("--webhook-url begins with https://: http goes to this machine only.")


def _compare(there: dict[str, Any] | None, new: NewParty) -> None:
    """Raises SetupError where something is wanted that does not stand."""
    if there is None:
        return
    wanted = {"role": sorted(new.roles), "facility": sorted(new.facilities)} | {
        name: getattr(new, name) for name in ("country", "language", "email", "webhook_url")
    }
    stands = {**there, "role": sorted(there["roles"]), "facility": sorted(there["facilities"])}
    other = [
        f"--{name.replace('_', '-')}" for name, it in wanted.items() if it and it != stands[name]
    ]
    if other:
        raise SetupError(
            f"{new.party} is there already, with another {', '.join(other)}: nothing was added. "
            "Leave these out or name what stands to get another key."
        )


def is_party_name(text: str) -> bool:
    """Whether a party may be called so."""
    try:
        _PARTY.validate_python(text)
    except ValidationError:
        return False
    return True


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
