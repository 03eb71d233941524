"""Who may do what with whose case under which consent: every cell, as the door's own role."""

# ruff: noqa: S608 - statements are put together from what stands in these tests

import asyncio

import asyncpg

from throughcare.tests.database import matrix
from throughcare.tests.database import world as w
from throughcare.tests.database.rules import Cell
from throughcare.tests.database.world import quoted
from throughcare.tests.support.parts import Database


async def test_every_cell_of_the_matrix_answers_as_the_rules_say(world: Database) -> None:
    async def half(members: tuple[w.Member, ...]) -> tuple[int, list[str]]:
        connection = await asyncpg.connect(world.url("throughcare_door"))
        try:
            return await matrix.differences(connection, members)
        finally:
            await connection.close()

    (tried, found), (tried_too, found_too) = await asyncio.gather(
        half(w.MEMBERS[::2]), half(w.MEMBERS[1::2])
    )

    cells = len(w.CONSENTS) * 3 + 1
    assert found + found_too == []
    assert tried + tried_too == len(w.MEMBERS) * cells * len(matrix.OPERATIONS)


async def test_another_partys_case_answers_as_one_that_never_was(door: asyncpg.Connection) -> None:
    """All columns of every answer, and every error with its text, whatever was consented to."""
    for member in w.MEMBERS[::5]:
        answers = {}
        for cell in (
            *(Cell(member, consent, "never") for consent in w.CONSENTS),
            *(Cell(member, "erased", ownership) for ownership in ("has", "had")),
            Cell(member, "none", "no-such-case"),
        ):
            async with w.Speaking(door, member.key):
                asked = whole_answers(member, cell)
                answers[cell] = await w.attempt(door, asked)
            if cell.consent == "erased" and cell.ownership != "never":
                # Its own name stands in its own rows until all have heard; it leads nowhere.
                assert cell.case_ref.hex[:8] in answers[cell].pop(_own_name(asked))
            else:
                answers[cell].pop(_own_name(asked))
        nobodys = answers.pop(cell)
        assert {cell: answer for cell, answer in answers.items() if answer != nobodys} == {}


async def test_what_the_log_keeps_of_an_attempt_names_no_case(
    door: asyncpg.Connection, owner: asyncpg.Connection
) -> None:
    """Neither does the case's own timeline show that somebody tried, nor is the case's name kept."""
    member = w.Member("ngo", "accepted")
    for ownership in ("had", "never", "no-such-case"):
        case_ref = quoted(w.case_of("names-party", ownership))
        before = await owner.fetchval("SELECT max(entry) FROM timeline.entries")
        await door.execute(
            f"""
            SELECT access.enter({quoted(member.key)});
            SELECT * FROM vault.disclose(gen_random_uuid(), {case_ref}, '{{P1}}', 'handover', 'n');
            SELECT * FROM vault.break_glass(gen_random_uuid(), {case_ref}, '{{P1}}', 'x', 'n');
            SELECT vault.begin_entry({case_ref}, 'P1');
            SELECT vault.give_person_code({case_ref}, 'x', NULL);
            SELECT vault.give_arrival_code({case_ref}, {case_ref}, 'x');
            SELECT vault.authorise_batch({case_ref});
            SELECT timeline.record_read({case_ref}, {quoted(member.party)}, 'denied');
            SELECT * FROM timeline.shown({case_ref}, {quoted(member.party)});
            """
        )
        kept = await owner.fetch(
            "SELECT case_ref, kind, convert_from(envelope, 'UTF8')::jsonb -> 'data' AS data"
            " FROM timeline.entries WHERE entry > $1", before,
        )  # fmt: skip
        for table in ("waiting", "entries"):
            await owner.execute(f"DELETE FROM timeline.{table} WHERE entry > $1", before)
        assert [tuple(map(str, row)) for row in kept] == [
            ("00000000-0000-0000-0000-000000000000", "denied", '{"party": "ngo-accepted"}')
        ] * 8


def _own_name(asked: list[str]) -> int:
    (place,) = (n for n, one in enumerate(asked) if "FROM gateway.aliases AS t" in one)
    return place


def whole_answers(member: w.Member, cell: Cell) -> list[str]:
    ref, party, key = quoted(cell.case_ref), quoted(member.party), quoted(w.mark_of("x"))
    rows = [
        *(f"SELECT json_agg(t) FROM gateway.{table} AS t WHERE case_ref = {ref}"
          for table in ("aliases", "cases", "case_access", "commands", "owed", "past_names", "work")),
        f"SELECT count(*) FROM access.seen() AS it WHERE it = {ref}",
        f"SELECT json_agg(t) FROM vault.opened(array[{ref}]) AS t",
        f"SELECT json_agg(to_jsonb(t) - 'now') FROM vault.facts_of({ref}) AS t",
        f"SELECT gateway.hold({ref})",
        f"SELECT json_agg(t) FROM timeline.shown({ref}, {party}) AS t",
        f"SELECT json_agg(t) FROM timeline.reached({ref}) AS t",
        f"SELECT json_agg(t) FROM vault.begin_entry({ref}, 'P1') AS t",
        *(f"SELECT json_agg(t) FROM vault.{function}('{w.NOBODYS_CASE}', {ref}, '{{P1,P4}}', '{why}', 'n') AS t"
          for function in ("disclose", "break_glass") for why in ("place", "handover", "emerg", "", "'' OR true")),
    ]  # fmt: skip
    return [
        *rows,
        f"SELECT access.knows({ref})",
        f"SELECT vault.enter({ref}, 'P1', 1, 'x', 'wrapped', 'o')",
        f"SELECT vault.enter({ref}, 'no class', -1, NULL, NULL, NULL)",
        f"SELECT coalesce(vault.give_person_code({ref}, {key}, NULL), 'given')",
        f"SELECT coalesce(vault.give_person_code({ref}, {key}, {key}), 'given')",
        w.keeping(member.party, member.role, cell.case_ref),
        w.keeping(member.party, "system", cell.case_ref, kind=w.REPORT),
        w.keeping(w.KEEPER, "prison-health", cell.case_ref),
        f"SELECT coalesce(vault.give_arrival_code({ref}, {ref}, {key}), 'given')",
        *w.stopping(member.party, member.role, cell.case_ref).values(),
        w.keeping(member.party, "client", cell.case_ref),
        w.keeping(member.party, member.role, cell.case_ref, service="intake", number="2"),
        w.keeping(member.party, member.role, cell.case_ref, kind=w.NO_TYPE),
        f"SELECT timeline.record_read({ref}, {party}, 'read')",
        f"SELECT timeline.record_read({ref}, 'keeper', 'read')",
        f"SELECT alias FROM gateway.aliases JOIN gateway.case_access USING (case_ref, party) WHERE case_ref = {ref}",
        f"UPDATE gateway.cases SET intake_number = 0 WHERE case_ref = {ref} RETURNING 'set'",
        f"SELECT 'locked' FROM gateway.cases WHERE case_ref = {ref} FOR UPDATE",
        f"INSERT INTO gateway.aliases VALUES ({party}, 'a', {ref}, now())",
        f"INSERT INTO gateway.aliases VALUES ('keeper', 'a', {ref}, now())",
        f"UPDATE gateway.aliases SET case_ref = {ref} WHERE party = {party} RETURNING 'set'",
        ("INSERT INTO gateway.commands (id, party, source, their_id, type, body_mark, received_at, case_ref,"
        f" service, number) VALUES ('{w.NOBODYS_CASE}', {party}, '/t', '1', 'x', '', now(), {ref}, 'intake', 1)"),
    ]  # fmt: skip
