"""What an answer gives away beside what it says: collisions, error texts, counts, time."""

# ruff: noqa: S608 - statements are put together from what stands in these tests

import math
import time
from collections.abc import Sequence

import asyncpg
import pytest

from throughcare.tests.database import world as w
from throughcare.tests.database.lines import DOOR_TABLES
from throughcare.tests.database.world import quoted

_NGO = w.Member("ngo", "accepted")
_NEVER = w.case_of("names-party", "never")
_THEIRS = w.alias_of(w.KEEPER, _NEVER)

#: Keys without the party, and why nothing is learnt by hitting one of them.
_UNGUESSABLE = {
    "commands_pkey": "an id of 74 random bits, which no answer names to another party",
    "parked_pkey": "the same id",
    "parked_id_fkey": "the same id",
    "commands_case_ref_service_number_key": "of cases that the party may speak of: the policy asks first",
}


async def test_whatever_collides_collides_within_one_party(owner: asyncpg.Connection) -> None:
    """Every key of every table that the door writes, so that a new one is seen here."""
    written = sorted({table for table, verb in DOOR_TABLES if verb == "INSERT"})
    keys = await owner.fetch(
        "SELECT conname, array_agg(attname::text) AS columns FROM pg_constraint"
        " JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey)"
        " WHERE contype IN ('p', 'u', 'f', 'x') AND conrelid = ANY ($1::text[]::regclass[])"
        " GROUP BY conname, conrelid", written,
    )  # fmt: skip
    assert len(keys) > 8
    without = {key["conname"] for key in keys if "party" not in key["columns"]}
    assert without == set(_UNGUESSABLE)


def _written(value: str) -> list[str]:
    """Everything in which the door takes a word that a party chooses."""
    me, word = quoted(_NGO.party), quoted(value)
    own = quoted(w.case_of("names-party", "has"))
    command = (
        "INSERT INTO gateway.commands"
        " (id, party, source, their_id, type, body_mark, received_at) VALUES"
    )
    return [
        f"UPDATE gateway.aliases SET alias = {word} WHERE case_ref = {own} RETURNING 'named'",
        (
            f"INSERT INTO gateway.aliases VALUES ({me}, {word}, {own}, now())"
            " ON CONFLICT (case_ref, party) DO NOTHING RETURNING 'named'"
        ),
        f"INSERT INTO gateway.aliases VALUES ({me}, {word}, {own}, now())",
        f"{command} (gen_random_uuid(), {me}, '/theirs', {word}, 'x', '', now()) RETURNING 'kept'",
        f"{command} (gen_random_uuid(), {me}, {word}, '1', 'x', '', now()) RETURNING 'kept'",
        (
            f"WITH kept AS ({command} ({own}, {me}, '/t', '1', 'x', '', now()))"
            f" INSERT INTO gateway.parked VALUES ({own}, {me}, {word}, now(), now(), '') RETURNING 'parked'"
        ),
        w.minting(_NGO.party, _NGO.role, source="/theirs", their_id=value, alias=value),
    ]


@pytest.mark.parametrize("theirs", [_THEIRS, f"of {_NEVER}", "parked-by-keeper"])
async def test_a_word_that_another_party_uses_is_as_free_as_one_that_nobody_does(
    door: asyncpg.Connection, owner: asyncpg.Connection, theirs: str
) -> None:
    await owner.execute(
        "WITH kept AS (INSERT INTO gateway.commands (id, party, source, their_id, type, body_mark,"
        " received_at) VALUES ($1, 'keeper', '/parked', '1', 'x', '', now()) ON CONFLICT DO NOTHING)"
        " INSERT INTO gateway.parked VALUES ($1, 'keeper', 'parked-by-keeper', now(), now(), '')"
        " ON CONFLICT DO NOTHING", w.referral_of("parked", _NEVER),
    )  # fmt: skip
    async with w.Speaking(door, _NGO.key):
        taken = await w.attempt(door, _written(theirs))
        free = await w.attempt(door, _written("nobody ever said this"))

    assert [answer.replace(theirs, "…") for answer in taken] == [
        answer.replace("nobody ever said this", "…") for answer in free
    ]
    assert {"kept", "parked", "true"} < set(free)


async def test_no_count_tells_of_other_parties(door: asyncpg.Connection) -> None:
    """Whoever has one case counts one, however many there are."""
    tables = sorted({t for t, verb in DOOR_TABLES if verb == "SELECT"} - {"runtime.clock"})
    async with w.Speaking(door, f"tc_{w.ANOTHER}"):
        for table in tables:
            for statement in (
                f"SELECT count(*) FROM {table}",
                f"SELECT count(*) FROM {table} TABLESAMPLE BERNOULLI (100)",
                f"SELECT count(*) FILTER (WHERE true) FROM ONLY {table} AS t",
            ):
                assert await door.fetchval(statement) == 0
        for statistics in ("pg_stats", "pg_stats_ext_exprs"):
            assert await door.fetchval(
                f"SELECT count(*) FROM {statistics} WHERE schemaname = ANY ($1)",
                ["gateway", "vault", "access", "timeline", "intake", "release"],
            ) == 0  # fmt: skip
        for catalog in ("pg_statistic", "pg_authid"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with door.transaction():
                    await door.execute(f"SELECT * FROM {catalog}")


# -- time -------------------------------------------------------------------------------------------

_RESOLVE = (
    "SELECT case_ref FROM gateway.aliases JOIN gateway.case_access USING (case_ref, party)"
    " WHERE alias = $1"
)
_TIMED = {
    "resolve": (_RESOLVE, _THEIRS.encode(), b"nobody:00000000"),
    "shown": (f"SELECT * FROM timeline.shown($1, '{_NGO.party}')", _NEVER, w.NOBODYS_CASE),
    "disclose": (
        "SELECT refusal FROM vault.disclose(gen_random_uuid(), $1, '{P1}', 'handover', 'n')",
        _NEVER, w.NOBODYS_CASE,
    ),
}  # fmt: skip


def mann_whitney(first: Sequence[float], second: Sequence[float]) -> float:
    """Two-sided p that neither is larger, by the normal approximation; ties share their rank."""
    order = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    ranks, start = 0.0, 0
    ties = 0
    while start < len(order):
        end = start
        while end < len(order) and order[end][0] == order[start][0]:
            end += 1
        ranks += (start + end + 1) / 2 * sum(who == 0 for _, who in order[start:end])
        ties += (end - start) ** 3 - (end - start)
        start = end
    n, m = len(first), len(second)
    u = ranks - n * (n + 1) / 2
    spread = math.sqrt(n * m / 12 * ((n + m + 1) - ties / ((n + m) * (n + m - 1))))
    return math.erfc(abs(u - n * m / 2) / spread / math.sqrt(2))


def test_the_measure_tells_what_differs_from_what_does_not() -> None:
    values = [math.sin(n * 12.9898) * 43758.5453 % 1 for n in range(1000)]
    assert mann_whitney(values[::2], values[1::2]) > 0.01
    assert mann_whitney(values[::2], [value + 0.1 for value in values[1::2]]) < 1e-4
    assert mann_whitney([1.0, 2.0, 2.0], [2.0, 2.0, 3.0]) == pytest.approx(0.1967, abs=1e-3)


@pytest.mark.parametrize("asked", _TIMED)
async def test_another_partys_case_takes_as_long_as_one_that_never_was(
    door: asyncpg.Connection, asked: str
) -> None:
    statement, theirs, nobodys = _TIMED[asked]
    for _ in range(3):  # chance alone says "different" once in a hundred times, not thrice running
        took: dict[object, list[float]] = {theirs: [], nobodys: []}
        async with w.Speaking(door, _NGO.key):
            prepared = await door.prepare(statement)
            for turn in range(520):
                for value in (theirs, nobodys) if turn % 2 else (nobodys, theirs):
                    began = time.perf_counter()
                    await prepared.fetch(value)
                    if turn >= 20:
                        took[value].append(time.perf_counter() - began)
        p = mann_whitney(took[theirs], took[nobodys])
        if p > 0.01:
            return
    pytest.fail(f"p = {p:.1e}")
