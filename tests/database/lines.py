"""What the catalog of a database must say for its lines to hold: `problems(connection)`.

Run as who migrates it. Everything is read from the catalog, so that a table, a function or a role
that is added later is held to the same.
"""

# ruff: noqa: S608 - statements are put together from what stands in these tests

import asyncpg

#: The one owner; nobody signs in as it.
OWNER = "throughcare_owner"
DOOR = "throughcare_door"

#: Views that show rows in their owner's name, and why each may.
OPEN_VIEWS = {
    "gateway.contacts": "notifications must reach a party: no key, no case, no name of one",
    "watcher.undecided": "the watcher counts what nobody decided: a moment a row, and nothing else",
    "watcher.prisons": "the watcher knows which parties are prisons: no key, no address",
    "watcher.facts": "the watcher knows when a party was heard last: no case, nothing of what it said",
    "watcher.held": "the watcher knows for whom a party's facts still wait: no name of a case",
}

#: Functions that anybody who signs in may call: what time it is.
OPEN_FUNCTIONS = {"runtime.now()", "runtime.settled()"}

#: All that the door may do with tables, by columns; `*`: all of them.
DOOR_TABLES = {
    ("gateway.aliases", "INSERT"): "*",
    ("gateway.aliases", "SELECT"): "*",
    ("gateway.aliases", "UPDATE"): "case_ref, until",
    ("gateway.case_access", "SELECT"): "*",
    ("gateway.cases", "SELECT"): "*",
    ("gateway.commands", "INSERT"): "*",
    ("gateway.commands", "SELECT"): "*",
    ("gateway.owed", "SELECT"): "*",
    ("gateway.parked", "INSERT"): "*",
    ("gateway.parked", "SELECT"): "*",
    ("gateway.party_outcomes", "INSERT"): "*",
    ("gateway.past_names", "SELECT"): "*",
    ("gateway.work", "SELECT"): "*",
    ("runtime.clock", "SELECT"): "*",
}

#: All that the door may call.
DOOR_FUNCTIONS = {
    *OPEN_FUNCTIONS,
    "access.enter(text)",
    "access.knows(uuid)",
    "access.party()",
    "access.roles()",
    "access.seen()",
    "gateway.arrival_of(bytea)",
    "gateway.hold(uuid)",
    "gateway.holds(text,bytea)",
    "gateway.keep(uuid,text,text,text,text,bytea,timestamp with time zone,bytea,uuid,text,integer)",
    "gateway.mint(uuid,text,text,text,text,bytea,timestamp with time zone,bytea,uuid,text,bytea)",
    "timeline.reached(uuid)",
    "timeline.record_read(uuid,text,text)",
    "timeline.shown(uuid,text)",
    "vault.arrived(bytea)",
    "vault.authorise_batch(uuid)",
    "vault.begin_entry(uuid,text)",
    "vault.break_glass(uuid,uuid,text[],text,text)",
    "vault.declare_batch(uuid,integer,timestamp with time zone,timestamp with time zone)",
    "vault.disclose(uuid,uuid,text[],text,text)",
    "vault.enter(uuid,text,integer,bytea,bytea,text)",
    "vault.facts_of(uuid)",
    "vault.give_arrival_code(uuid,uuid,bytea)",
    "vault.give_person_code(uuid,bytea,bytea)",
    "vault.opened(uuid[])",
    "vault.openings_left(uuid)",
    "vault.person_says(bytea)",
    "vault.sheet()",
}

#: In every query: our schemas, and who signs in (whoever owns the database administers it).
_OURS = """
WITH ours AS (
    SELECT oid, nspname, nspowner, nspacl FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public')
), logins AS (
    SELECT r.oid, r.rolname, r.rolsuper, r.rolbypassrls, r.rolcreaterole FROM pg_roles r
    WHERE r.rolcanlogin
        AND r.oid <> (SELECT datdba FROM pg_database WHERE datname = current_database())
), tables AS (
    SELECT c.*, c.oid::regclass::text AS name, o.nspname FROM pg_class c JOIN ours o ON o.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f')
), functions AS (
    SELECT p.*, p.oid::regprocedure::text AS name FROM pg_proc p JOIN ours o ON o.oid = p.pronamespace
), verbs (verb, command) AS (
    VALUES ('SELECT', 'r'), ('INSERT', 'a'), ('UPDATE', 'w'), ('DELETE', 'd')
)
"""

_CHECKS = {
    "has no forced row-level security": """
        SELECT name FROM tables WHERE NOT (relrowsecurity AND relforcerowsecurity)""",
    "belongs to somebody else than the owner": """
        SELECT relname::regclass::text FROM (
            SELECT c.oid::regclass::text AS relname FROM pg_class c JOIN ours o ON o.oid = c.relnamespace
            WHERE c.relowner <> 'throughcare_owner'::regrole) AS c
        UNION ALL SELECT name FROM functions WHERE proowner <> 'throughcare_owner'::regrole
        UNION ALL SELECT nspname FROM ours WHERE nspowner <> 'throughcare_owner'::regrole""",
    "signs in and owns something": """
        SELECT rolname || ': ' || pg_describe_object(classid, objid, objsubid)
        FROM pg_shdepend JOIN logins ON refobjid = logins.oid
        WHERE refclassid = 'pg_authid'::regclass AND deptype = 'o'
            AND dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))""",
    "signs in and is above the rules": """
        SELECT rolname FROM logins WHERE rolsuper OR rolbypassrls OR rolcreaterole""",
    "owns everything, and is above the rules or signs in": """
        SELECT rolname FROM pg_roles
        WHERE rolname = 'throughcare_owner' AND (rolcanlogin OR rolsuper OR rolbypassrls)""",
    "signs in and is a member of more than the services' group": """
        SELECT rolname || ': ' || m.roleid::regrole FROM logins JOIN pg_auth_members m ON m.member = logins.oid
        WHERE m.roleid <> to_regrole('throughcare_service') OR rolname = 'throughcare_door'""",
    "runs with its owner's rights and does not pin where it looks": """
        SELECT name FROM functions
        WHERE prosecdef AND NOT EXISTS (
            SELECT FROM unnest(proconfig) AS c
            WHERE c LIKE 'search\\_path=%, pg_temp' AND c !~ '(public|\\$user)')""",
    "may be called by anybody": """
        SELECT name FROM functions
        WHERE EXISTS (SELECT FROM aclexplode(coalesce(proacl, acldefault('f', proowner)))
                      WHERE grantee = 0 AND privilege_type = 'EXECUTE')
            AND name <> ALL ($1::text[])""",
    "is granted to anybody": """
        SELECT c.oid::regclass::text FROM pg_class c JOIN ours o ON o.oid = c.relnamespace
        WHERE EXISTS (SELECT FROM aclexplode(c.relacl) WHERE grantee = 0)
            OR EXISTS (SELECT FROM pg_attribute a, aclexplode(a.attacl) AS x WHERE a.attrelid = c.oid AND x.grantee = 0)
        UNION ALL SELECT nspname FROM ours WHERE EXISTS (SELECT FROM aclexplode(nspacl) WHERE grantee = 0)
        UNION ALL SELECT 'default of ' || defaclrole::regrole FROM pg_default_acl""",
    "is a view in its owner's name": """
        SELECT c.oid::regclass::text FROM pg_class c JOIN ours o ON o.oid = c.relnamespace
        WHERE c.relkind = 'v' AND c.oid::regclass::text <> ALL ($2::text[])
            AND NOT EXISTS (SELECT FROM unnest(c.reloptions) AS o WHERE o IN ('security_invoker=true', 'security_invoker=on'))""",
    "keeps rows where no line holds": """
        SELECT oid::regclass::text FROM pg_class WHERE relkind = 'm'""",
    "may make things of its own": """
        SELECT rolname || ' in ' || nspname FROM logins, pg_namespace
        WHERE nspname !~ '^pg_(toast|temp)' AND has_schema_privilege(logins.oid, pg_namespace.oid, 'CREATE')
        UNION ALL SELECT rolname || ' in the database' FROM logins
        WHERE has_database_privilege(logins.oid, current_database(), 'CREATE')""",
    "reaches what nobody may": """
        SELECT rolname || ': ' || c.oid::regclass FROM logins, pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE (n.nspname = 'vault' AND c.relkind IN ('r', 'v') OR c.oid = ANY (array['access.secret'::regclass, 'pg_authid'::regclass, 'timeline.audience'::regclass])
               OR rolname = 'throughcare_door' AND c.oid = ANY (array['gateway.api_keys'::regclass, 'gateway.parties'::regclass])
               OR n.nspname = 'public')
            AND (has_any_column_privilege(logins.oid, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
                 OR c.relkind IN ('r', 'v') AND has_table_privilege(logins.oid, c.oid, 'DELETE, TRUNCATE, TRIGGER'))""",
    "may empty a table or hang something on it": """
        SELECT rolname || ': ' || name FROM logins, tables
        WHERE has_table_privilege(logins.oid, tables.oid, 'TRUNCATE, TRIGGER, REFERENCES')""",
    "may be used, and no policy says on which rows": """
        SELECT rolname || ': ' || name || ' ' || verb
        FROM tables, verbs, (SELECT oid, rolname FROM logins UNION ALL
                             SELECT oid, rolname FROM pg_roles WHERE rolname = 'throughcare_owner') AS who
        WHERE CASE verb WHEN 'DELETE' THEN has_table_privilege(who.oid, tables.oid, verb)
                   ELSE has_any_column_privilege(who.oid, tables.oid, verb) END
            AND NOT EXISTS (
                SELECT FROM pg_policy, unnest(polroles) AS role
                WHERE polrelid = tables.oid AND polpermissive AND polcmd IN ('*', command::"char")
                    AND CASE role WHEN 0 THEN true ELSE pg_has_role(who.oid, role, 'member') END)""",
    "shows the door rows without asking who speaks": """
        SELECT name || ': ' || polname FROM tables JOIN pg_policy ON polrelid = tables.oid, unnest(polroles) AS role
        WHERE polpermissive AND tables.nspname <> 'runtime'
            AND CASE role WHEN 0 THEN true ELSE pg_has_role('throughcare_door', role, 'member') END
            AND EXISTS (
                SELECT FROM unnest(array[pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)]) AS rule
                WHERE rule !~ 'access\\.(party|knows)\\(' OR rule ~ '\\yOR true\\y')""",
    "has values in the planner's statistics, which outlive what is erased": """
        SELECT name || '.' || attname FROM tables JOIN pg_attribute ON attrelid = tables.oid
        WHERE attnum > 0 AND NOT attisdropped AND coalesce(attstattarget, -1) <> 0
            AND (format_type(atttypid, null) IN ('bytea', 'bytea[]')
                 OR name = 'gateway.commands' AND attname IN ('source', 'their_id'))""",
}


async def problems(connection: asyncpg.Connection) -> list[str]:
    """What is wrong with the lines of this database; nothing, if they hold."""
    checks = " UNION ALL ".join(
        f"SELECT x.*, {number} FROM ({check}) AS x" for number, check in enumerate(_CHECKS.values())
    )
    rows = await connection.fetch(_OURS + checks, sorted(OPEN_FUNCTIONS), sorted(OPEN_VIEWS))
    kinds = list(_CHECKS)
    found = [f"{row[0]} {kinds[row[1]]}" for row in rows]
    found += await _other_than_written(connection)
    return sorted(found)


async def _other_than_written(connection: asyncpg.Connection) -> list[str]:
    """Where what the door may do differs from the lists above."""
    tables = await connection.fetch(
        _OURS + """
        SELECT name, verb,
            CASE WHEN count(*) = count(*) FILTER (WHERE may) THEN '*'
                 ELSE string_agg(attname, ', ' ORDER BY attname) FILTER (WHERE may) END AS columns
        FROM (
            SELECT name, verb, attname,
                CASE verb WHEN 'DELETE' THEN has_table_privilege('throughcare_door', tables.oid, verb)
                ELSE has_column_privilege('throughcare_door', tables.oid, attnum, verb) END AS may
            FROM tables JOIN pg_attribute a ON a.attrelid = tables.oid AND attnum > 0 AND NOT attisdropped, verbs
            UNION ALL
            SELECT c.oid::regclass::text, 'SELECT', '', has_any_column_privilege('throughcare_door', c.oid, 'SELECT')
            FROM pg_class c JOIN ours o ON o.oid = c.relnamespace WHERE c.relkind = 'v'
        ) AS columns GROUP BY name, verb HAVING bool_or(may)"""
    )  # fmt: skip
    functions = await connection.fetch(
        _OURS + """
        SELECT name FROM functions JOIN ours ON ours.oid = pronamespace
        WHERE has_function_privilege('throughcare_door', functions.oid, 'EXECUTE')
            AND has_schema_privilege('throughcare_door', ours.oid, 'USAGE')"""
    )  # fmt: skip
    may = {(row["name"], row["verb"]): row["columns"] for row in tables}
    calls = {row["name"] for row in functions}
    return [
        f"{DOOR} may {verb} {table}: {may.get((table, verb))}, written is {columns}"
        for table, verb in may.keys() | DOOR_TABLES.keys()
        if (columns := DOOR_TABLES.get((table, verb))) != may.get((table, verb))
    ] + [f"{DOOR} may call, or may not, {name}" for name in calls ^ DOOR_FUNCTIONS]
