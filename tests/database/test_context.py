"""Who speaks: only a key says it, in one transaction; anything else is nobody, who sees and does nothing."""

# ruff: noqa: S608 - statements are put together from what stands in these tests

import secrets
from collections.abc import AsyncIterator, Iterable
from uuid import uuid4

import asyncpg
import pytest

from throughcare.tests.database import world as w
from throughcare.tests.database.lines import DOOR_FUNCTIONS, DOOR_TABLES
from throughcare.tests.database.world import Member, quoted
from throughcare.tests.support.parts import Database

_NGO = Member("ngo", "accepted")
_OTHER = Member("oat-site", "accepted")
_CASE = w.case_of("names-party", "has")
_READABLE = sorted({table for table, verb in DOOR_TABLES if verb == "SELECT"} - {"runtime.clock"})

#: A call of every function that the door may call, and what nobody is answered.
_REF = quoted(_CASE)
_CALLS = {
    "access.knows(uuid)": (f"SELECT access.knows({_REF})", "false"),
    "access.party()": ("SELECT access.party()", "-"),
    "access.roles()": ("SELECT access.roles()", "-"),
    "access.seen()": ("SELECT access.seen()", "-"),
    "gateway.arrival_of(bytea)": (f"SELECT gateway.arrival_of({quoted(w.mark_of('x'))})", "-"),
    "gateway.hold(uuid)": (f"SELECT gateway.hold({_REF})", "-"),
    "gateway.holds(text,bytea)": (f"SELECT gateway.holds({quoted(_NGO.party)}, 'over')", "false"),
    "gateway.keep": (w.keeping(_NGO.party, _NGO.role, _CASE), "error 42501 not for this party"),
    "gateway.mint": (w.minting(_NGO.party, _NGO.role), "error 42501 not for this party"),
    "timeline.reached(uuid)": (f"SELECT timeline.reached({_REF})", "(0,0)"),
    "timeline.record_read(uuid,text,text)": (
        f"SELECT timeline.record_read({_REF}, {quoted(_NGO.party)}, 'read')",
        "error 42501 not for this party"),
    "timeline.shown(uuid,text)": (
        f"SELECT count(*) FROM timeline.shown({_REF}, {quoted(_NGO.party)})",
        "error 42501 not for this party"),
    "vault.arrived(bytea)": (
        f"SELECT vault.arrived({quoted(w.mark_of('arrival', w.case_of('by-code', 'has')))})", "-"),
    "vault.authorise_batch(uuid)": (
        f"SELECT vault.authorise_batch({quoted(w.batch_of(_NGO.party))})",
        "error 42501 not for this party"),
    "vault.begin_entry(uuid,text)": (
        f"SELECT refusal FROM vault.begin_entry({_REF}, 'P1')", "error 42501 not for this party"),
    "vault.break_glass": (
        f"SELECT vault.break_glass(gen_random_uuid(), {_REF}, '{{P1}}', 'unconscious', 'n')",
        "error 42501 not for this party"),
    "vault.declare_batch": (
        "SELECT vault.declare_batch(gen_random_uuid(), 9, now(), now() + interval '1 hour')",
        "error 42501 not for this party"),
    "vault.disclose": (
        f"SELECT vault.disclose(gen_random_uuid(), {_REF}, '{{P1}}', 'handover', 'n')",
        "error 42501 not for this party"),
    "vault.enter": (
        f"SELECT vault.enter({_REF}, 'P1', 2, 'x', 'wrapped', 'o')", "error 42501 not for this party"),
    "vault.facts_of(uuid)": (f"SELECT vault.facts_of({_REF})", "-"),
    "vault.give_arrival_code": (
        f"SELECT vault.give_arrival_code({_REF}, {_REF}, 'x')", "error 42501 not for this party"),
    "vault.give_person_code": (
        f"SELECT vault.give_person_code({_REF}, 'x', NULL)", "error 42501 not for this party"),
    "vault.opened(uuid[])": (f"SELECT vault.opened(array[{_REF}])", "-"),
    # How many one may open is no secret, and nobody has opened any.
    "vault.openings_left(uuid)": (f"SELECT vault.openings_left({_REF})", "20"),
    "vault.person_says(bytea)": (
        f"SELECT vault.person_says({quoted(w.mark_of('person', _CASE))})", "-"),
    "vault.sheet()": ("SELECT vault.sheet()", "-"),
}  # fmt: skip
_SPEAKS_TO_ANYBODY = {"access.enter(text)", "runtime.now()", "runtime.settled()"}

_SET = "SELECT set_config('throughcare.speaker', $1, {local})"
_SAID = "SELECT current_setting('throughcare.speaker', true)"


def test_every_function_that_the_door_may_call_is_tried_as_nobody() -> None:
    names = {name for call in DOOR_FUNCTIONS - _SPEAKS_TO_ANYBODY for name in [call.split("(")[0]]}
    assert {name.split("(")[0] for name in _CALLS} == names


async def leaks(connection: asyncpg.Connection) -> list[str]:
    """What somebody learns, or brings about, who is nobody in the current context."""
    seen = await w.attempt(
        connection, [f"SELECT count(*) FROM {table}" for table in _READABLE]
        + [statement for statement, _ in _CALLS.values()]
    )  # fmt: skip
    expected = ["0"] * len(_READABLE) + [answer for _, answer in _CALLS.values()]
    tried = [*_READABLE, *_CALLS]
    return [
        f"{what}: {answer}"
        for what, answer, no in zip(tried, seen, expected, strict=True)
        if answer != no
    ]


async def state(connection: asyncpg.Connection) -> list[tuple[object, ...]]:
    """What stands in every table, in little."""
    tables = await connection.fetch(
        "SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n"
        " ON n.oid = relnamespace WHERE relkind = 'r' AND nspowner = 'throughcare_owner'::regrole"
    )
    counted = " UNION ALL ".join(
        f"SELECT '{row['name']}', count(*), sum(hashtext(t::text)) FROM {row['name']} AS t"
        for row in tables
    )
    return sorted(tuple(map(str, row)) for row in await connection.fetch(counted))


def forged(valid: str) -> Iterable[str]:
    """What somebody could write there who has seen what a good one looks like."""
    said, mac = valid[:-65], valid[-64:]
    party, key_id = said.split(" ")
    yield from (
        "", " ", "x", party, said, f"{said}.", f".{mac}", mac, valid[:-1], f"{valid}0", f" {valid}",
        f"{said}.{'0' * 64}", f"{said}.{secrets.token_hex(32)}", f"{said}.{mac.upper()}",
        f"{said}.{mac[::-1]}", f"{_OTHER.party} {key_id}.{mac}", f"{party} {uuid4()}.{mac}",
        f"{party}'{mac}", f"%.{mac}", f"{party}\n{key_id}.{mac}", "п" * 200, "x" * 10_000,
        f"throughcare.speaker\x1f{said}.{mac}",
    )  # fmt: skip


async def valid_context(connection: asyncpg.Connection, key: str = _NGO.key) -> str:
    """As it stands while a party speaks; the context is another one after the transaction."""
    await connection.execute("SELECT access.enter($1)", key)
    said: str = await connection.fetchval(_SAID)
    return said


@pytest.fixture
async def second(world: Database) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(world.url("throughcare_door"))
    yield connection
    await connection.close()


async def test_a_key_speaks_for_its_party_and_sees_its_rows(door: asyncpg.Connection) -> None:
    """The ground of every test below: these tables do hold something for this party."""
    async with w.Speaking(door, _NGO.key):
        assert await door.fetchval("SELECT access.party()") == _NGO.party
        assert await door.fetchval("SELECT count(*) FROM gateway.aliases") > 0
        assert await leaks(door) != []


@pytest.mark.parametrize("key", [None, "", "tc_", "tc_nobody", _NGO.party, "'" * 100])
async def test_without_a_key_that_somebody_has_nothing_is_seen_and_nothing_done(
    door: asyncpg.Connection, key: str | None
) -> None:
    async with w.Speaking(door, key):
        assert await leaks(door) == []


async def test_a_context_that_somebody_wrote_is_nobodys(door: asyncpg.Connection) -> None:
    async with w.Speaking(door, None):
        for text in forged(await valid_context(door)):
            await door.execute(_SET.format(local=True), text)
            assert await leaks(door) == [], text


async def test_nobody_brings_about_anything_even_where_it_is_committed(
    door: asyncpg.Connection, owner: asyncpg.Connection
) -> None:
    before = await state(owner)

    for statement, _ in _CALLS.values():
        try:
            await door.execute(statement)
        except asyncpg.InsufficientPrivilegeError:
            continue

    assert await state(owner) == before


async def taken_along(door: asyncpg.Connection, second: asyncpg.Connection) -> list[str]:
    """What a context is worth that was good in one transaction, elsewhere and afterwards."""
    found = []
    async with door.transaction():
        captured = await valid_context(door)
        async with second.transaction():
            await second.execute(_SET.format(local=True), captured)
            found += await leaks(second)
        await second.execute(_SET.format(local=False), captured)
        found += await leaks(second)
        assert await door.fetchval("SELECT access.party()") == _NGO.party
    found += await leaks(door)
    async with door.transaction():
        await door.execute(_SET.format(local=True), captured)
        found += await leaks(door)
    await door.execute(_SET.format(local=False), captured)
    return found + await leaks(door)


async def test_a_context_is_worth_nothing_in_the_next_transaction_or_on_another_connection(
    door: asyncpg.Connection, second: asyncpg.Connection
) -> None:
    assert await taken_along(door, second) == []


async def test_who_stands_at_the_desk_is_no_word_for_who_speaks(door: asyncpg.Connection) -> None:
    """The two settings are sealed apart, and a new key ends what the person said before."""
    async with w.Speaking(door, _NGO.key):
        mark = w.mark_of("person", _CASE)
        assert await door.fetchval("SELECT vault.person_says($1)", mark) == _CASE
        person = await door.fetchval("SELECT current_setting('throughcare.person')")
        assert await door.fetch("SELECT * FROM vault.sheet()")

        await door.execute("SELECT access.enter($1)", _OTHER.key)
        assert not await door.fetch("SELECT * FROM vault.sheet()")

        await door.execute(_SET.format(local=True), person)
        assert await leaks(door) == []
    async with w.Speaking(door, _NGO.key):
        await door.execute("SELECT set_config('throughcare.person', $1, true)", person)
        assert not await door.fetch("SELECT * FROM vault.sheet()")


@pytest.mark.parametrize(
    "end",
    [
        "UPDATE gateway.api_keys SET revoked_at = now() WHERE party = 'passing'",
        "UPDATE gateway.parties SET disabled_at = now() WHERE party = 'passing'",
        "DELETE FROM gateway.api_keys WHERE party = 'passing'",
    ],
    ids=["key-revoked", "party-disabled", "key-deleted"],
)
async def test_a_key_that_ended_opens_nothing_from_the_next_transaction_on(
    database: Database, end: str
) -> None:
    owner = await asyncpg.connect(database.url())
    door = await asyncpg.connect(database.url("throughcare_door"))
    await w.add_party(owner, "passing", "ngo", "tc_passing")
    await owner.execute("INSERT INTO gateway.case_access VALUES ($1, 'passing')", _CASE)
    async with door.transaction():
        captured = await valid_context(door, "tc_passing")
        assert await door.fetchval("SELECT count(*) FROM gateway.case_access") == 1

        await owner.execute(end)

    async with door.transaction():
        assert await door.fetch("SELECT * FROM access.enter('tc_passing')") == []
        assert await leaks(door) == []
        await door.execute(_SET.format(local=True), captured)
        assert await leaks(door) == []
    await door.close()
    await owner.close()


@pytest.mark.parametrize(
    ("steps", "speaks"),
    [
        (["SAVEPOINT s", "enter ngo", "ROLLBACK TO s"], None),
        (["SAVEPOINT s", "enter ngo", "RELEASE s"], "ngo-accepted"),
        (["enter ngo", "SAVEPOINT s", "enter oat-site", "ROLLBACK TO s"], "ngo-accepted"),
        (["enter ngo", "SAVEPOINT s", "enter oat-site", "RELEASE s"], "oat-site-accepted"),
        (["enter ngo", "SAVEPOINT s", "enter nobody", "RELEASE s"], None),
        (["enter ngo", "enter nobody"], None),
        (["enter ngo", "SAVEPOINT s", "fail", "ROLLBACK TO s"], "ngo-accepted"),
        (["SAVEPOINT s", "enter ngo", "fail", "ROLLBACK TO s"], None),
        (["enter ngo", "RESET ALL"], None),
        (["enter ngo", "COMMIT", "BEGIN"], None),
        (["enter ngo", "COMMIT AND CHAIN"], None),
        (["enter ngo", "ROLLBACK AND CHAIN"], None),
        (["enter ngo", "PREPARE p AS SELECT 1", "DISCARD PLANS"], "ngo-accepted"),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, list) else None,
)
async def test_who_speaks_follows_the_transaction(
    door: asyncpg.Connection, steps: list[str], speaks: str | None
) -> None:
    await door.execute("BEGIN")
    for step in steps:
        if step.startswith("enter "):
            await door.execute(f"SELECT access.enter('tc_{step[6:]}-accepted')")
        elif step == "fail":
            with pytest.raises(asyncpg.DivisionByZeroError):
                await door.execute("SELECT 1 / 0")
        else:
            await door.execute(step)

    parties = {row["party"] for row in await door.fetch("SELECT party FROM gateway.aliases")}
    told = await door.fetchval("SELECT access.party()")
    await door.execute("ROLLBACK")

    assert told == speaks
    assert parties == ({speaks} if speaks else set())


@pytest.mark.parametrize("mode", ["auto", "force_generic_plan", "force_custom_plan"])
async def test_a_statement_that_is_prepared_once_gives_each_party_its_own_rows(
    door: asyncpg.Connection, mode: str
) -> None:
    await door.execute(f"SET plan_cache_mode = {mode}")
    statements = [
        await door.prepare(f"SELECT party, $1::integer FROM gateway.{table}")
        for table in ("aliases", "case_access")
    ]
    visible = await door.prepare("SELECT count(*) FROM gateway.cases WHERE access.knows(case_ref)")
    cases = {}
    for turn in range(8):  # after five times a plan may be kept for good
        for member in (_NGO, None, _OTHER):
            async with w.Speaking(door, member and member.key):
                for statement in statements:
                    rows = {row["party"] for row in await statement.fetch(turn)}
                    assert rows == ({member.party} if member else set())
                cases[member] = await visible.fetchval()
        async with w.Speaking(door, _NGO.key):  # and within one transaction
            await statements[0].fetch(turn)
            await door.execute("SELECT access.enter($1)", _OTHER.key)
            assert {row["party"] for row in await statements[0].fetch(turn)} == {_OTHER.party}
    assert cases[None] == 0
    assert cases[_NGO] == cases[_OTHER] > 0


@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE throughcare_gateway",
        "SET ROLE throughcare_owner",
        "SET SESSION AUTHORIZATION throughcare_gateway",
        "SET row_security = off; SELECT * FROM gateway.aliases",
        "SELECT * FROM access.secret",
        "SELECT access.mac('throughcare.speaker')",
        "SELECT access.keep('throughcare.speaker', 'ngo-accepted')",
        "SELECT access.said('throughcare.speaker')",
        "SELECT access.sees('00000000-0000-0000-0000-000000000000')",
        "SELECT * FROM gateway.api_keys",
        "SELECT * FROM gateway.parties",
        "SELECT * FROM gateway.contacts",
        "SELECT * FROM vault.details",
        "SELECT * FROM vault.keys",
        "SELECT vault.why_not('00000000-0000-0000-0000-000000000000', '{P1}', 'handover', NULL)",
        "SELECT vault.hand_out(gen_random_uuid(), gen_random_uuid(), '{P1}', 'emerg', 'x', 'n')",
        "SELECT vault.is_at_most('enters', '{P1}')",
        "SELECT vault.deny('00000000-0000-0000-0000-000000000000', 'x')",
        "SELECT vault.wrapped_otherwise('', '00000000-0000-0000-0000-000000000000', 1)",
        "SELECT vault.rewrap('00000000-0000-0000-0000-000000000000', '', '', '')",
        "SELECT * FROM vault.most",
        "SELECT vault.why_closed('00000000-0000-0000-0000-000000000000')",
        "SELECT vault.forget('{}')",
        "SELECT vault.to_erase()",
        "SELECT vault.erase('00000000-0000-0000-0000-000000000000')",
        "SELECT * FROM vault.remains('')",
        "SELECT intake.stop('00000000-0000-0000-0000-000000000000')",
        "SELECT intake.take_back_stops('{}', '{}')",
        "SELECT * FROM gateway.message_types",
        "SELECT intake.permits('00000000-0000-0000-0000-000000000000', '{}', 'P1', 'handover')",
        "SELECT runtime.step_clock(now(), now())",
        "UPDATE runtime.clock SET mode = 'real'",
        "SELECT * FROM timeline.gate_list('{}', now()::date)",
        "UPDATE gateway.case_access SET until = NULL",
        "UPDATE gateway.cases SET intake_number = 0",
        "SELECT * FROM gateway.cases FOR UPDATE",
        "SELECT * FROM gateway.work_known",
        "SELECT release.said_of('00000000-0000-0000-0000-000000000000')",
        "DELETE FROM gateway.aliases",
        "COPY gateway.aliases TO PROGRAM 'cat'",
        "SELECT pg_read_file('PG_VERSION')",
        "SELECT rolpassword FROM pg_authid",
        "CREATE TABLE public.mine (x text)",
        "CREATE FUNCTION gateway.mine() RETURNS void LANGUAGE sql AS ''",
        "ALTER TABLE gateway.aliases NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY of_party ON gateway.aliases",
    ],
)
async def test_the_door_cannot_lift_its_own_lines(door: asyncpg.Connection, statement: str) -> None:
    async with w.Speaking(door, _NGO.key):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await door.execute(statement)


async def test_what_somebody_makes_for_a_session_stands_in_for_nothing(
    door: asyncpg.Connection,
) -> None:
    """Tables and functions of the same names, in front of everything that is looked up."""
    async with w.Speaking(door, None):
        await door.execute(
            f"""
            CREATE TEMP TABLE parties AS SELECT '{_NGO.party}' AS party, '{{ngo}}'::text[] AS roles,
                '{{}}'::text[] AS facilities, 'KG' AS country, 'en' AS language, NULL::timestamptz AS disabled_at;
            CREATE TEMP TABLE api_keys AS SELECT sha256('mine') AS key_sha256, '{_NGO.party}' AS party,
                gen_random_uuid() AS key_id, NULL::timestamptz AS revoked_at;
            CREATE TEMP TABLE secret AS SELECT ''::bytea AS inner_key, ''::bytea AS outer_key;
            CREATE TEMP TABLE case_access AS SELECT {_REF} AS case_ref, '{_NGO.party}' AS party,
                NULL::timestamptz AS until, NULL::timestamptz AS answers_until;
            CREATE TEMP TABLE clock AS SELECT 'real' AS mode, now() - interval '9 years' AS at;
            CREATE FUNCTION pg_temp.said(text) RETURNS text LANGUAGE sql AS $$ SELECT '{_NGO.party} x' $$;
            CREATE FUNCTION pg_temp.party() RETURNS text LANGUAGE sql AS $$ SELECT '{_NGO.party}' $$;
            SET LOCAL search_path = pg_temp, gateway, access, vault, intake;
            """
        )
        assert await door.fetch("SELECT * FROM access.enter('mine')") == []
        assert await leaks(door) == []


async def test_that_a_name_still_stands_without_a_right_is_told_only_to_who_has_it(
    owner: asyncpg.Connection,
) -> None:
    transaction = owner.transaction()
    await transaction.start()
    case_ref = await owner.fetchval(
        "INSERT INTO gateway.aliases (party, alias, case_ref, since)"
        " VALUES ($1, 'over', gen_random_uuid(), now()) RETURNING case_ref", _NGO.party,
    )  # fmt: skip

    async def holds(key: str | None) -> bool:
        await owner.execute("SET SESSION AUTHORIZATION throughcare_door")
        async with w.Speaking(owner, key):
            found: bool = await owner.fetchval("SELECT gateway.holds($1, 'over')", _NGO.party)
        await owner.execute("RESET SESSION AUTHORIZATION")
        return found

    assert [await holds(key) for key in (_NGO.key, _OTHER.key, None)] == [True, False, False]
    # A right, and what is being forgotten, make it a name like any, or none.
    await owner.execute(
        "INSERT INTO gateway.case_access (case_ref, party) VALUES ($1, $2)", case_ref, _NGO.party
    )
    assert not await holds(_NGO.key)
    await owner.execute(
        "UPDATE gateway.case_access SET until = now() WHERE case_ref = $1", case_ref
    )
    assert await holds(_NGO.key)
    await owner.execute("INSERT INTO vault.erased (case_ref, at) VALUES ($1, now())", case_ref)
    assert not await holds(_NGO.key)
    await transaction.rollback()
