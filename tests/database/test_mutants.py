"""Each line, taken away, is missed: by what the catalog says, or by what the door can do then."""

import re
from collections.abc import AsyncIterator

import asyncpg
import pytest

from throughcare.tests.database import matrix
from throughcare.tests.database import world as w
from throughcare.tests.database.lines import problems
from throughcare.tests.database.test_context import forged, leaks, taken_along, valid_context
from throughcare.tests.database.world import Member
from throughcare.tests.support.parts import Database, Parts

_MEMBERS = (
    Member("ngo", "accepted"), Member("prison-health", "asked"), Member("dpo", "asked"),
    Member("monitor", "asked"), Member("monitor", "accepted"), Member("protocol-coordinator", "asked"), Member("oat-site", "accepted"),
    Member("probation", "asked"),
)  # fmt: skip
#: Of the many states those that tell checks apart.
_STATES = (
    *((consent, "has") for consent in w.CONSENTS),
    ("names-party", "had"), ("names-party", "never"), ("by-code", "never"), ("by-code", "had"),
    ("erased", "never"), ("none", "no-such-case"),
)  # fmt: skip
#: Of the many openings a few of each kind.
_OPERATIONS = tuple(
    one for one in matrix.OPERATIONS
    if not re.search(r"P[24]|for (social|safety|stat|dose)$", one.name)
)  # fmt: skip


@pytest.fixture(scope="module")
def mutable(parts: Parts, world: Database) -> Database:
    """The same world once more: what is changed in it is taken back, and nobody waits for it."""
    world.server.create_database("mutable", template=world.name)
    return Database(world.server, "mutable")


@pytest.fixture
async def owner(mutable: Database) -> AsyncIterator[asyncpg.Connection]:
    """In a transaction that is taken back."""
    connection = await asyncpg.connect(mutable.url())
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


async def wrong_doings(connection: asyncpg.Connection) -> list[str]:
    """What somebody signed in as the door can do that is not theirs to do."""
    await connection.execute("SET SESSION AUTHORIZATION throughcare_door")
    found = []
    async with w.Speaking(connection, None):
        # With no MAC at all, and with one that is good for somebody else.
        for text in ("", *list(forged(await valid_context(connection)))[13:18]):
            await connection.execute("SELECT set_config('throughcare.speaker', $1, true)", text)
            found += await leaks(connection)
    for key in w.ENDED_KEYS:
        async with w.Speaking(connection, key):
            found += await leaks(connection)
    for member in _MEMBERS:
        if not found:
            _, found = await matrix.differences(connection, [member], _OPERATIONS, _STATES)
    if not found:
        found = await unrecorded(connection)
    await connection.execute("RESET SESSION AUTHORIZATION")
    return found


async def unrecorded(connection: asyncpg.Connection) -> list[str]:
    """What a party reads and the log does not say."""
    case_ref, reader = w.case_of("none", "has"), _MEMBERS[0]
    async with w.Speaking(connection, reader.key):
        await connection.execute("SELECT * FROM timeline.shown($1, $2)", case_ref, reader.party)
        await connection.execute("RESET SESSION AUTHORIZATION")
        was_read = await connection.fetchval(_WAS_READ, case_ref, reader.party)
    return [] if was_read else ["a reading leaves no leaf"]


_WAS_READ = """
SELECT EXISTS (SELECT FROM timeline.entries JOIN timeline.waiting USING (entry)
               WHERE case_ref = $1 AND kind = 'read' AND envelope LIKE convert_to('%"' || $2 || '"%', 'UTF8'))
"""


async def test_nothing_is_found_where_nothing_was_changed(owner: asyncpg.Connection) -> None:
    assert await problems(owner) == []
    assert await wrong_doings(owner) == []


@pytest.mark.parametrize(
    "statement",
    [
        "DROP POLICY of_party ON gateway.aliases",
        "DROP POLICY of_party ON gateway.party_outcomes",
        "DROP POLICY all_rows_throughcare_owner ON vault.erased",
        "DROP POLICY all_rows_throughcare_intake ON intake.events",
        "ALTER POLICY of_party ON gateway.aliases USING (true)",
        "ALTER POLICY parks ON gateway.commands WITH CHECK (true)",
        "ALTER POLICY of_party ON gateway.work USING (true)",
        "ALTER POLICY of_party ON gateway.cases USING (access.knows(case_ref) OR true)",
        "CREATE POLICY more ON gateway.past_names TO throughcare_door USING (true)",
        "CREATE POLICY more ON gateway.past_names USING (true)",
        "ALTER TABLE gateway.commands NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE vault.details DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE gateway.cases OWNER TO throughcare_gateway",
        "ALTER TABLE vault.details OWNER TO throughcare_door",
        "ALTER FUNCTION vault.erase(uuid) OWNER TO throughcare_door",
        "ALTER FUNCTION vault.erase(uuid) OWNER TO postgres",
        "ALTER SCHEMA vault OWNER TO throughcare_gateway",
        "ALTER VIEW gateway.contacts OWNER TO postgres",
        "CREATE SEQUENCE watcher.counter",
        "CREATE SCHEMA mine AUTHORIZATION throughcare_gateway",
        "GRANT throughcare_owner TO throughcare_gateway",
        "GRANT throughcare_service TO throughcare_door",
        "GRANT throughcare_gateway TO throughcare_door",
        "GRANT pg_read_all_data TO throughcare_watcher",
        "GRANT SELECT ON gateway.cases TO public",
        "GRANT SELECT (wrapped) ON vault.keys TO public",
        "GRANT USAGE ON SCHEMA vault TO public",
        "GRANT SELECT ON vault.keys TO throughcare_door",
        "GRANT SELECT (sealed) ON vault.details TO throughcare_gateway",
        "GRANT DELETE ON vault.disclosures TO throughcare_gateway",
        "GRANT SELECT ON access.secret TO throughcare_watcher",
        "GRANT SELECT ON gateway.api_keys TO throughcare_door",
        "GRANT SELECT (rolpassword) ON pg_authid TO throughcare_door",
        "ALTER TABLE vault.details ALTER sealed SET STATISTICS -1",
        "ALTER TABLE gateway.commands ALTER their_id SET STATISTICS 10",
        "ALTER TABLE intake.events ADD more bytea",
        "GRANT UPDATE (party) ON gateway.aliases TO throughcare_door",
        "GRANT SELECT ON gateway.contacts TO throughcare_door",
        "GRANT UPDATE (intake_number) ON gateway.cases TO throughcare_door",
        "GRANT UPDATE (outcome) ON gateway.commands TO throughcare_door",
        "GRANT SELECT ON watcher.held TO throughcare_door",
        "GRANT TRUNCATE ON gateway.aliases TO throughcare_gateway",
        "REVOKE SELECT ON gateway.owed FROM throughcare_door",
        "GRANT EXECUTE ON FUNCTION vault.erase(uuid) TO public",
        "GRANT EXECUTE ON FUNCTION vault.erase(uuid) TO throughcare_door",
        "GRANT EXECUTE ON FUNCTION access.keep(text, text) TO throughcare_door",
        "GRANT EXECUTE ON FUNCTION timeline.entries_of(uuid) TO throughcare_door",
        "GRANT EXECUTE ON FUNCTION timeline.view_of(uuid, text, text[]) TO throughcare_door",
        "GRANT EXECUTE ON FUNCTION timeline.audited(uuid, text) TO throughcare_door",
        "GRANT UPDATE (learn) ON timeline.audience TO throughcare_timeline",
        "GRANT CREATE ON SCHEMA gateway TO throughcare_door",
        "GRANT CREATE ON SCHEMA public TO public",
        "ALTER ROLE throughcare_door BYPASSRLS",
        "ALTER ROLE throughcare_watcher SUPERUSER",
        "ALTER ROLE throughcare_owner LOGIN",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO throughcare_door",
        "ALTER FUNCTION vault.sheet() RESET search_path",
        "ALTER FUNCTION vault.sheet() SET search_path = vault",
        "ALTER FUNCTION vault.sheet() SET search_path = public, vault, pg_temp",
        "CREATE TABLE gateway.forgotten (case_ref uuid)",
        "CREATE VIEW gateway.peek AS SELECT * FROM gateway.cases",
        "CREATE MATERIALIZED VIEW gateway.copy AS SELECT * FROM gateway.cases",
        (
            "CREATE FUNCTION gateway.peek() RETURNS bigint SECURITY DEFINER LANGUAGE sql"
            " SET search_path = gateway, pg_temp AS 'SELECT count(*) FROM cases'"
        ),
    ],
)
async def test_the_catalog_shows_a_line_that_is_missing(
    owner: asyncpg.Connection, statement: str
) -> None:
    await owner.execute(statement)

    assert await problems(owner) != []


@pytest.mark.parametrize("change", ["leads = true", "rule = 'own'"])
async def test_it_shows_where_passing_on_that_less_is_allowed_gives_more_than_that(
    owner: asyncpg.Connection, change: str
) -> None:
    await owner.execute(
        f"UPDATE timeline.audience SET {change} WHERE type LIKE '%.consent-narrowed.v1'"  # noqa: S608
    )

    assert await wrong_doings(owner) != []


_OF_VAULT = "exists (select from vault.erased where case_ref = p_case)"
_NO_CASE = "access.party() is null or not access.sees(p_case)"
_STOPPED = "exists (select from intake.stopped where case_ref = p_case)"


@pytest.mark.parametrize(
    ("function", "line", "instead"),
    [
        ("access.sees", "not access.is_confined()", "true"),
        ("access.sees", " and party = access.party()", ""),
        ("access.sees", "until > runtime.now()", "until < runtime.now()"),
        ("access.knows", "not access.is_confined()", "true"),
        ("access.knows", "where case_ref = p_case and party = access.party()\n                       and (",
         "where case_ref = p_case and ("),
        ("access.knows", " and (until is null or greatest(until, answers_until) > runtime.now())", ""),
        ("access.speaks_for", "not is_confined()", "true"),
        ("access.is_confined", "not pg_has_role", "pg_has_role"),
        ("access.refuse", "is not true", "is null"),
        ("access.said", "right(said, 64) = mac(p_setting || chr(31) || left(said, -65))", "true"),
        ("access.mac", "p_text, ", ""),
        ("access.party", "' ', 1", "' ', 2"),
        ("access.enter", "sha256(convert_to(p_key, 'UTF8'))", "k.key_sha256"),
        ("access.enter", "k.revoked_at is null", "true"),
        ("access.enter", "p.disabled_at is null", "true"),
        ("access.may_act", "not roles &&", "roles &&"),
        ("access.may_act", " and not roles && array['monitor', 'dpo', 'commenter']", ""),
        ("gateway.mint", "access.speaks_for(p_party)", "true"),
        ("timeline.record_read", "access.speaks_for(p_party)", "true"),
        ("timeline.shown", "not access.sees(p_case)", "false"),
        ("timeline.shown", "perform record_read(p_case, p_party, 'read');", ""),
        ("timeline.shown", "perform record_read(null, p_party, 'denied');", ""),
        ("timeline.shown", "where party = p_party", "order by party limit 1"),
        ("timeline.view_of", "coalesce(a.rule, 'confided')", "coalesce(a.rule, 'own')"),
        ("timeline.view_of", "coalesce(c.party = p_party, false)", "c.party is not null"),
        ("timeline.view_of", "a.leads and c.party = p_party", "a.leads"),
        ("timeline.view_of", " and p_roles && array['prison-psych', 'prison-health', 'ngo']", ""),
        ("timeline.view_of", "when rule = 'carer' then own and cares", "when rule = 'carer' then own"),
        ("timeline.view_of", "when rule = 'carer' then own and cares", "when rule = 'carer' then cares"),
        ("timeline.view_of", "when rule = 'carer' then own and cares", "when rule = 'carer' then false"),
        ("timeline.view_of", " or rule = 'carer' and own", ""),
        ("timeline.view_of", " or rule = 'carer' and own", " or rule = 'carer'"),
        ("timeline.view_of", "or e.data ->> 'reason_code' is not null", "or true"),
        ("timeline.view_of", "case e.kind when 'event' then e.type else coalesce(c.type, e.type) end", "e.type"),
        ("timeline.view_of", "data ->> 'receiver' = p_party or ", ""),
        ("timeline.view_of", "data ->> 'receiver' = p_party or ", "true or "),
        ("timeline.view_of", "or own and cares)", "or own)"),
        ("timeline.view_of", "and s.kind = 'event' and cares", "and s.kind = 'event'"),
        ("timeline.view_of", "then data ->> 'to_role' = any (p_roles)", "then true"),
        ("timeline.view_of", "case when data ->> 'to_party' is null then", "case when true then"),
        ("timeline.view_of", "part <> 'monitor' and case", "case"),
        ("timeline.view_of", "kind <> 'event' or rule = 'confided'", "kind <> 'event'"),
        ("timeline.view_of", "then data ->> 'to_party' = p_party\n", "then true\n"),
        ("timeline.view_of", "= any (alarms)", "is not null"),
        ("timeline.view_of", "own and cares or 'protocol-coordinator' = any (p_roles)", "true"),
        ("timeline.view_of", "own and cares or 'protocol", "own or 'protocol"),
        ("timeline.view_of", "= any (referrals)", "is not null"),
        ("timeline.view_of", "then occurred_at end", "or true then occurred_at end"),
        ("timeline.view_of", "then recorded_at end", "or true then recorded_at end"),
        ("timeline.view_of", "then version end", "or true then version end"),
        ("timeline.view_of", "part <> 'monitor' and not in_full then (", "true then ("),
        ("timeline.view_of", "row_number() over (order by ordinal)", "ordinal"),
        ("timeline.view_of", "part = 'carer'\n", "true\n"),
        ("timeline.view_of", "when in_full then", "when in_full or part <> 'monitor' then"),
        ("timeline.view_of", "where key = any (neutral)", ""),
        ("timeline.view_of", "'region', ", "'region', 'facility', "),
        ("timeline.view_of", "in_full or part = any (learn)", "true"),
        ("timeline.view_of", "where in_full or ", "where "),
        ("gateway.mint", "gateway.says(p_envelope, p_id, p_party, p_their_id, p_type, p_case, 'intake', 1)", "true"),
        ("gateway.keep", "access.speaks_for(p_party)", "true"),
        ("gateway.keep", "not access.knows(p_case)", "false"),
        ("gateway.keep", "gateway.says(p_envelope, p_id, p_party, p_their_id, p_type, p_case, p_service, p_number)", "true"),
        ("gateway.keep", "spoken && it.stops_by or ", ""),
        ("gateway.keep", "spoken && it.stops_by or ", "it.stops_by <> '{}' or "),
        ("gateway.keep", " or spoken && it.stops_by_accepted and release.accepted(p_case, p_party)", ""),
        ("gateway.keep", "spoken && it.stops_by_accepted and ", "it.stops_by_accepted <> '{}' and "),
        ("gateway.keep", " and release.accepted(p_case, p_party)", ""),
        ("gateway.keep", "perform intake.stop(p_case, p_id, it.for_good)", "null"),
        ("gateway.keep", "where type = p_type;", "where type = 'org.throughcare.command.withdraw-consent.v1';"),
        ("gateway.says", " and service = p_service", ""),
        ("gateway.says", "where type = p_type and service = p_service", "where service = p_service"),
        ("gateway.says", "when 'client' = any (spoken) then spoken = '{client}' and p_case = access.person()", "when false then false"),
        ("gateway.says", " and p_case = access.person()", ""),
        ("gateway.says", " and p_case = access.person()", " and access.person() is not null"),
        ("gateway.says", "spoken = '{client}' and ", ""),
        ("gateway.says", "said ->> 'id' = p_id::text and ", ""),
        ("gateway.says", "said ->> 'type' = p_type and ", ""),
        ("gateway.says", " and said ->> 'subject' = p_case::text", ""),
        ("gateway.says", "said ->> 'commandnumber' = p_number::text and ", ""),
        ("gateway.says", "said ->> 'authid' = p_party", "true"),
        ("gateway.says", "spoken <@ (select roles from parties where party = p_party)", "true"),
        ("gateway.says", "spoken <@ (select roles from parties where party = p_party)",
         "spoken && (select roles from parties where party = p_party)"),
        ("gateway.says", "and emergency_reason is not null", ""),
        ("gateway.says", "p_type = 'org.throughcare.command.report-emergency-access.v1'", "true"),
        ("gateway.hold", " and access.knows(p_case)", ""),
        ("access.sees", f"or not {_OF_VAULT}", "or true"),
        ("access.knows", f"not {_OF_VAULT}", "true"),
        ("access.seen", " and (until is null or until > runtime.now())", ""),
        ("access.seen", "party = (select access.party()) and ", ""),
        ("access.seen", "not exists (select from vault.erased", "true or exists (select from vault.erased"),
        ("access.roles", "where party = access.party()", "order by party desc limit 1"),
        ("vault.opened", " and party = access.party()", ""),
        ("vault.opened", " and access.knows(case_ref)", ""),
        ("vault.facts_of", "y.party = access.party() and access.sees(p_case)", "y.party = access.party()"),
        ("vault.facts_of", "y.party = access.party() and ", ""),
        ("vault.facts_of", "a.party = y.party", "true"),
        ("vault.facts_of", "m.to_role = any (y.roles)", "true"),
        ("vault.why_not", "p_purpose in ('place', 'stat', 'qa')", "false"),
        ("vault.why_not", "p_purpose in ('place', 'stat', 'qa')", "p_purpose = 'place'"),
        ("vault.why_not", "'P1' = any (p_classes) and", "false and"),
        ("vault.why_not", "case p_purpose when 'emerg' then 'emergency' else 'receives' end", "'receives'"),
        ("vault.why_not", "p_purpose = 'emerg' and p_reason is null", "false"),
        ("vault.why_not", "not vault.is_at_most(part, p_classes)", "false"),
        ("vault.why_not", "vault.is_at_most(part, p_classes, 'custody')", "true"),
        ("vault.why_not", "vault.is_at_most(part, p_classes, 'custody')", "false"),
        ("vault.why_not", "p_purpose = 'reach' and ", ""),
        ("vault.why_not", "vault.is_at_most(part, p_classes, 'escalated')", "true"),
        ("vault.why_not", "p_purpose <> 'emerg' and ", ""),
        ("vault.why_not", "p_purpose <> 'emerg' and ", "false and "),
        ("vault.is_at_most", "cardinality(p_classes) > 0 and ", ""),
        ("vault.is_at_most", "m.role = any (y.roles)", "true"),
        ("vault.is_at_most", "y.party = access.party()", "true"),
        ("vault.is_at_most", "m.part = p_part", "true"),
        ("vault.is_at_most", "m.data_class = c", "true"),
        ("vault.is_at_most", "(p_holds is null or m.holds = p_holds)", "true"),
        ("vault.why_not", "and to_role = 'protocol-coordinator'", ""),
        ("vault.why_not", "not intake.permits(", "intake.permits("),
        ("vault.why_not", "not intake.permits(p_case, array(select 'type:' || r from unnest(who.roles) as r) || who.party, c, p_purpose)",
         "false"),
        ("vault.why_not", "if not release.accepted(p_case, who.party)", "if release.accepted(p_case, who.party)"),
        ("vault.why_not", "if not release.accepted(p_case, who.party)", "if false"),
        ("vault.why_not", "no text := vault.why_closed(p_case)", "no text := null"),
        ("intake.permits", " and recipient = any (p_recipients)", ""),
        ("intake.permits", "purpose = p_purpose", "true"),
        ("intake.permits", "data_class = p_class", "true"),
        ("release.accepted", " and party = p_party", ""),
        ("vault.hand_out", "d.data_class = any (p_classes)", "true"),
        ("vault.hand_out", "no text := vault.why_not(p_case, p_classes, p_purpose, p_reason)", "no text := null"),
        ("vault.disclose", "p_purpose, null, p_notice", "p_purpose, 'x', p_notice"),
        ("vault.break_glass", "'emerg', p_reason", "'handover', p_reason"),
        ("vault.why_closed", f"{_NO_CASE} or ", ""),
        ("vault.why_closed", _STOPPED, "false"),
        ("vault.why_closed", "release.ended(p_case)", "false"),
        ("vault.why_closed", "until > runtime.now()", "true"),
        ("vault.begin_entry", "not vault.is_at_most('enters', array[p_class])", "false"),
        ("vault.begin_entry", "no text := vault.why_closed(p_case)", "no text := null"),
        ("vault.enter", "vault.why_closed(p_case) is null", "true"),
        ("vault.enter", "vault.is_at_most('enters', array[p_class]) and ", ""),
        ("vault.authorise_batch", "it.declared_by = access.key_id()", "false"),
        ("vault.authorise_batch", " and party = access.party()", ""),
        ("vault.give_person_code", f"{_NO_CASE} or ", ""),
        ("vault.give_person_code", "mark is distinct from p_old", "false"),
        ("vault.give_person_code", "not release.accepted(p_case, access.party())", "false"),
        ("vault.person_says", "e.case_ref = c.case_ref", "false"),
        ("vault.person_says", "access.party() is null", "false"),
        ("vault.give_arrival_code", f"{_NO_CASE} or ", ""),
        ("vault.give_arrival_code", "not exists (select from intake.agreements", "false and exists (select from intake.agreements"),
        ("vault.give_arrival_code", "receiver is null", "false"),
        ("vault.give_arrival_code", _STOPPED, "false"),
        ("vault.arrived", "c.party = access.party() and ", ""),
        ("vault.arrived", " and access.sees(c.case_ref)", ""),
    ],
)  # fmt: skip
async def test_a_check_that_is_missing_shows_in_what_the_door_can_do(
    owner: asyncpg.Connection, function: str, line: str, instead: str
) -> None:
    made = await owner.fetchval("SELECT pg_get_functiondef($1::regproc)", function)
    assert line in made
    await owner.execute(made.replace(line, instead))

    assert await wrong_doings(owner) != []


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER POLICY of_party ON gateway.aliases USING (access.party() IS NOT NULL)",
        "ALTER POLICY of_party ON gateway.case_access USING (access.party() <> '')",
        "ALTER POLICY of_party ON gateway.commands USING (party < (SELECT access.party()))",
        "ALTER POLICY of_party ON gateway.cases USING (NOT access.knows(case_ref))",
        "ALTER POLICY parks ON gateway.commands WITH CHECK (party = (SELECT access.party()))",
        "ALTER POLICY parks ON gateway.commands WITH CHECK (party = (SELECT access.party()) AND case_ref IS NULL)",
        "ALTER POLICY parks ON gateway.commands WITH CHECK (party = (SELECT access.party()) AND envelope IS NULL)",
        "ALTER POLICY of_party ON gateway.case_access USING (party = (SELECT access.party()))",
        "ALTER POLICY of_party ON gateway.work USING (party = (SELECT access.party()))",
        "ALTER POLICY of_party ON gateway.work USING (access.knows(case_ref))",
        (
            "ALTER POLICY of_party ON gateway.work"
            " USING (party = (SELECT access.party()) OR role = ANY ((SELECT access.roles())::text[]))"
        ),
        "ALTER POLICY of_party ON gateway.aliases WITH CHECK (party = (SELECT access.party()))",
    ],
)
async def test_a_policy_that_asks_and_does_not_listen_shows_in_what_the_door_can_do(
    owner: asyncpg.Connection, statement: str
) -> None:
    await owner.execute(statement)

    assert await wrong_doings(owner) != []


async def test_a_context_that_is_not_bound_to_its_transaction_is_found_out(
    parts: Parts, world: Database
) -> None:
    """Committed, since what is tried spans transactions and connections."""
    world.server.create_database("loose", template=world.name)
    loose = Database(world.server, "loose")
    owner = await asyncpg.connect(loose.url())
    made = await owner.fetchval("SELECT pg_get_functiondef('access.mac'::regproc)")
    assert "transaction_timestamp()" in made
    await owner.execute(made.replace("transaction_timestamp()", "'2026-01-01'::timestamptz"))
    first, second = [await asyncpg.connect(loose.url("throughcare_door")) for _ in "12"]

    found = await taken_along(first, second)

    for connection in (first, second, owner):
        await connection.close()
    world.server.drop_database("loose")
    assert found != []
