"""Who steals all tables, as their owner reads them, has no word of a person and no key."""

# ruff: noqa: S608 - statements are put together from what stands in these tests

import base64
import io
import os
from collections.abc import Iterator

import asyncpg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from throughcare.tests.database import world as w
from throughcare.tests.database.world import Member
from throughcare.tests.support.parts import Database

#: Reads every class, and breaks the glass.
_MEMBER = Member("prison-health", "accepted")
_CASE = w.case_of("names-party", "has")
#: One for each class, and what only the person and the parties know.
_WORDS = {
    "P1": "Айгүл Канарейкова +996 555 010203",
    "P2": "sleeps at Kanareika's, Frunze 7",
    "P3": "Kanary methadone 80 mg",
    "P4": "Kanary reactive since 2019",
}
_CODE = "KANARY-7Q4X-PERSON"
_ARRIVAL = "KANARY-9Z-ARRIVAL"


def seal(key: bytes, text: bytes, context: str) -> bytes:
    nonce = os.urandom(12)
    return nonce + AESGCM(key).encrypt(nonce, text, context.encode())


def written(what: bytes) -> Iterator[bytes]:
    """As it may stand in a dump."""
    yield from (what, what.hex().encode(), base64.b64encode(what).rstrip(b"="), what[::-1])
    yield from (what.upper(), what.lower())


async def dump(connection: asyncpg.Connection) -> bytes:
    tables = await connection.fetch(
        "SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE relkind IN ('r', 'p', 'm') AND nspname NOT IN ('pg_catalog', 'information_schema')"
        " AND nspname !~ '^pg_toast'"
    )
    assert {"vault.details", "access.secret", "timeline.entries"} <= {row["name"] for row in tables}
    out = io.BytesIO()
    for row in tables:
        await connection.copy_from_query(f"SELECT * FROM {row['name']}", output=out)
    return out.getvalue()


async def test_a_stolen_dump_has_no_word_of_a_person_and_no_key(world: Database) -> None:
    world.server.create_database("stolen", template=world.name)
    stolen = Database(world.server, "stolen")
    owner = await asyncpg.connect(stolen.url())
    door = await asyncpg.connect(stolen.url("throughcare_door"))
    organisation, own = os.urandom(32), os.urandom(32)
    await owner.execute("DELETE FROM vault.keys WHERE case_ref = $1", _CASE)
    async with door.transaction():
        await door.execute("SELECT access.enter($1)", _MEMBER.key)
        wrapped = seal(organisation, own, f"{_CASE}")
        for name, text in _WORDS.items():
            (row,) = await door.fetch("SELECT * FROM vault.begin_entry($1, $2)", _CASE, name)
            await door.execute(
                "SELECT vault.enter($1, $2, $3, $4, $5, 'org/1')", _CASE, name, row["next_version"],
                seal(own, text.encode(), f"{_CASE}/{name}/{row['next_version']}"), wrapped,
            )  # fmt: skip
        handed = await door.fetch(
            "SELECT * FROM vault.disclose(gen_random_uuid(), $1, '{P1,P2,P3,P4}', 'handover', 'n')",
            _CASE,
        )
        glass = await door.fetch(
            "SELECT * FROM vault.break_glass(gen_random_uuid(), $1, '{P1}', 'unconscious', 'n')",
            _CASE,
        )
        assert len(handed) == len(glass) * 4 == 4
        await door.execute(
            "SELECT vault.give_person_code($1, $2, $3)",
            _CASE, w.mark_of(_CODE), w.mark_of("person", _CASE),
        )  # fmt: skip
        assert await door.fetchval("SELECT vault.person_says($1)", w.mark_of(_CODE)) == _CASE
        await door.fetch("SELECT * FROM vault.arrived($1)", w.mark_of(_ARRIVAL))

    stolen_bytes = await dump(owner)
    await door.close()
    await owner.close()
    world.server.drop_database("stolen")

    # The details are there, so that it is their sealing that hides them.
    assert all(row["sealed"].hex().encode() in stolen_bytes for row in handed)
    secrets = [text.encode() for text in _WORDS.values()]
    secrets += [word for text in _WORDS.values() for word in text.encode().split() if len(word) > 6]
    secrets += [organisation, own, _CODE.encode(), _ARRIVAL.encode(), _MEMBER.key.encode()]
    for secret in secrets:
        for form in written(secret):
            assert form not in stolen_bytes
