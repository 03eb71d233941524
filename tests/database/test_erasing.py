"""Forgetting in the database: no function knows the case any more, nothing opens, the log holds."""

# ruff: noqa: S608 - statements are put together from what stands in these tests

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from throughcare.tests.database import world as w
from throughcare.tests.database.rules import Cell
from throughcare.tests.database.test_matrix import whole_answers
from throughcare.tests.support.parts import Database
from throughcare.tests.timeline.conftest import Log, cases

_MEMBER = w.Member("prison-health", "accepted")
_MARK = w.mark_of("x")


class Lives:
    """A case of the world's with a log of its own, and who has to do with it."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.log = Log(database, folder)
        self.database = database
        self.case_ref, self.other = cases(2)

    async def open(self) -> None:
        await self.log.open()
        self.owner = self.log.owner
        await self.owner.execute("SET synchronous_commit = off")
        await self.log.connection.execute("SET synchronous_commit = off")
        self.door = await w.sign_in(self.database.url("throughcare_door"))
        self.gateway = await w.sign_in(self.database.url("throughcare_gateway"))
        await w.add_party(self.owner, w.KEEPER, "prison-health", "tc_keeper")
        await w.add_party(self.owner, _MEMBER.party, _MEMBER.role, _MEMBER.key)
        for case_ref in (self.case_ref, self.other):
            await w.make_case(self.owner, case_ref, [w.KEEPER, _MEMBER.party])
            await w.permit(self.owner, case_ref, [_MEMBER.party])
            await w.accept(self.owner, case_ref, [_MEMBER.party])
            await self.owner.execute(
                "INSERT INTO intake.agreements VALUES ($1, false, true)", case_ref
            )
            for table, rest in (
                ("gateway.past_names", "'reopen', now() + interval '1 day'"),
                ("gateway.feedback", "now(), now() + interval '1 day'"),
            ):
                await self.owner.execute(
                    f"INSERT INTO {table} VALUES ($1, $2, $3, {rest})",
                    _MEMBER.party, w.mark_of(table, case_ref), case_ref,
                )  # fmt: skip
            await self.owner.execute(
                "INSERT INTO gateway.owed VALUES ($1, $2, $1)", case_ref, _MEMBER.party
            )
            await self.say(
                "SELECT vault.disclose(gen_random_uuid(), $1, '{P1}', 'handover', 'n')", case_ref
            )
        await self.log.grow([self.case_ref, self.other], 20)

    async def close(self) -> None:
        await self.door.close()
        await self.gateway.close()
        await self.log.close()

    async def say(self, statement: str, *values: object) -> None:
        async with self.door.transaction():
            await self.door.execute("SELECT access.enter($1)", _MEMBER.key)
            await self.door.execute(statement, *values)

    async def erase(self) -> bool:
        done: bool = await self.gateway.fetchval("SELECT vault.erase($1)", self.case_ref)
        return done

    async def answers(self, case_ref: UUID) -> list[str]:
        """Of all that can be asked, as whoever had the case."""
        async with w.Speaking(self.door, _MEMBER.key):
            return await w.attempt(self.door, [
                statement.replace(str(w.NOBODYS_CASE), str(case_ref))
                for statement in whole_answers(_MEMBER, Cell(_MEMBER, "none", "no-such-case"))
                # Whether two names may be exchanged depends on how many there are.
                if not statement.startswith("UPDATE gateway.aliases")
            ])  # fmt: skip

    async def opens(self) -> dict[str, int]:
        """What is left of the forgotten case that could be opened or read."""
        rows = await self.owner.fetch(
            "SELECT * FROM vault.remains($1)", w.mark_of("person", self.case_ref)
        )
        assert {row["place"]: row["standing"] for row in rows}["vault.erased"] == 1
        return {row["place"]: row["standing"] for row in rows if row["opens"] and row["standing"]}


@pytest.fixture
async def lives(database: Database, tmp_path: Path) -> AsyncIterator[Lives]:
    lives = Lives(database, tmp_path)
    await lives.open()
    yield lives
    await lives.close()


async def test_a_forgotten_case_answers_as_one_that_never_was_and_the_log_holds(
    lives: Lives,
) -> None:
    nobodys = await lives.answers(w.NOBODYS_CASE)
    others = await lives.answers(lives.other)
    proof = "SELECT * FROM vault.remains($1)"
    assert await lives.owner.fetch(proof, w.mark_of("person", lives.case_ref)) == []
    await lives.gateway.execute("SELECT vault.forget($1)", [lives.case_ref])
    assert set(await lives.opens()) >= {
        "vault.keys",
        "vault.details",
        "gateway.aliases",
        "gateway.commands",
        "timeline.secrets",
        "timeline.entries, readable",
    }

    assert await lives.erase()

    assert await lives.answers(lives.case_ref) == nobodys != others
    assert await lives.opens() == {}
    await lives.log.sequencer.step()
    report = await lives.log.verify(lives.log.outside)
    assert report.problems == []
    assert report.forgotten > 0
    # And nothing of anybody else is gone.
    assert await lives.answers(lives.other) == others
    # The code proves that the case is forgotten, and opens nothing.
    async with w.Speaking(lives.door, _MEMBER.key):
        mark = w.mark_of("person", lives.case_ref)
        assert await lives.door.fetchval("SELECT vault.person_says($1)", mark) is None
        assert await lives.door.fetch("SELECT * FROM vault.sheet()") == []
        feedback = w.mark_of("gateway.feedback", lives.case_ref)
        assert await lives.door.fetch("SELECT * FROM gateway.arrival_of($1)", feedback) == []


async def test_forgetting_again_changes_nothing(lives: Lives) -> None:
    assert await lives.erase()
    await lives.log.sequencer.step()
    leaves = await lives.log.leaves()

    assert await lives.erase()

    await lives.log.sequencer.step()
    assert await lives.log.leaves() == leaves
    assert await lives.owner.fetch("SELECT * FROM vault.to_erase()") == []
    assert (await lives.log.verify(lives.log.outside)).problems == []


@pytest.mark.parametrize(
    "still",
    [
        # Somebody has yet to be told under its name that permission ended.
        (
            "INSERT INTO notifications.deliveries (id, case_ref, partition, template, to_role, last_word,"
            " correlation_id, causation_id, protocol_version) VALUES ($1, $1, 0, 'x', 'ngo', true, $1, $1, 'x')"
        ),
        # Something said of it has no place in the log yet.
        "SELECT timeline.add($1, 'read', '{}')",
    ],
    ids=["a-notice", "a-leaf"],
)
async def test_what_is_being_forgotten_opens_nothing_while_something_must_still_be_done(
    lives: Lives, still: str
) -> None:
    await lives.owner.execute(still, lives.case_ref)

    assert not await lives.erase()

    async with w.Speaking(lives.door, _MEMBER.key):
        for function in ("disclose", "break_glass"):
            rows = await lives.door.fetch(
                f"SELECT * FROM vault.{function}(gen_random_uuid(), $1, '{{P1}}', 'handover', 'n')",
                lives.case_ref,
            )
            assert [row["refusal"] for row in rows] == ["no-such-case"]
        for statement in (
            "begin_entry($1, 'P1')",
            "give_person_code($1, 'x', NULL)",
            "give_arrival_code($1, $1, 'x')",
        ):
            said = await lives.door.fetchval(f"SELECT vault.{statement}::text", lives.case_ref)
            assert "no-such-case" in said
    left = await lives.opens()
    assert not left.keys() & {"vault.keys", "vault.details", "vault.arrival_codes"}
    assert [row[0] for row in await lives.owner.fetch("SELECT vault.to_erase()")] == [
        lives.case_ref
    ]

    await lives.owner.execute("UPDATE notifications.deliveries SET status = 'sent'")
    await lives.log.sequencer.step()
    assert await lives.erase()
    assert await lives.opens() == {}


@pytest.mark.parametrize(
    "back",
    [
        "INSERT INTO vault.keys VALUES ($1, 'wrapped', 'org/1', now())",
        "INSERT INTO gateway.aliases VALUES ('keeper', 'theirs', $1, now())",
        "SELECT timeline.add($1, 'read', '{}')",
    ],
    ids=["a-key", "a-name", "a-word"],
)
async def test_what_comes_back_of_a_forgotten_case_is_found_and_forgotten_again(
    lives: Lives, back: str
) -> None:
    """Out of a backup, or because somebody was late."""
    assert await lives.erase()
    await lives.log.sequencer.step()
    await lives.owner.execute(back, lives.case_ref)

    found = [row[0] for row in await lives.owner.fetch("SELECT vault.to_erase()")]
    await lives.log.sequencer.step()
    assert found == [lives.case_ref]
    assert await lives.erase()

    assert await lives.opens() == {}
    await lives.log.sequencer.step()
    assert await lives.owner.fetch("SELECT vault.to_erase()") == []


async def test_what_cannot_be_finished_yet_keeps_nobody_waiting(lives: Lives) -> None:
    """More of them than are looked at at a time, all older than who comes last."""
    await lives.owner.execute(
        "INSERT INTO vault.erased (case_ref, at)"
        " SELECT gen_random_uuid(), now() - interval '1 day' FROM generate_series(1, 700)"
    )
    ask = "SELECT array_agg(it) FROM vault.to_erase() AS it"
    first = await lives.owner.fetchval(ask)
    await lives.owner.execute("SELECT vault.forget($1)", [lives.case_ref])

    second = await lives.owner.fetchval(ask)
    third = await lives.owner.fetchval(ask)

    assert [len(some) for some in (first, second, third)] == [500, 500, 500]
    assert lives.case_ref in second
    assert len({*first, *second}) == 701
    assert {*first} - {*second} <= {*third}


@pytest.mark.parametrize("function", ["disclose", "break_glass"])
async def test_an_opening_that_waited_for_the_forgetting_finds_no_case(
    lives: Lives, function: str
) -> None:
    transaction = lives.gateway.transaction()
    await transaction.start()
    assert await lives.erase()

    async def ask() -> list[str]:
        async with lives.door.transaction():
            await lives.door.execute("SELECT access.enter($1)", _MEMBER.key)
            rows = await lives.door.fetch(
                f"SELECT refusal FROM vault.{function}($2, $1, '{{P1}}', 'handover', 'n')",
                lives.case_ref, uuid4(),
            )  # fmt: skip
            return [row["refusal"] for row in rows]

    asked = asyncio.create_task(ask())
    await asyncio.sleep(0.15)
    assert not asked.done()
    await transaction.commit()

    assert await asked == ["no-such-case"]
    assert await lives.owner.fetch("SELECT * FROM vault.to_erase()") == []


#: What stands under the keys and in the hands of the parties, as statistics would write it.
_SECRET = """
SELECT encode(wrapped, 'hex') FROM vault.keys UNION SELECT encode(sealed, 'hex') FROM vault.details
UNION SELECT encode(mark, 'hex') FROM vault.person_codes UNION SELECT encode(alias, 'hex') FROM gateway.aliases
UNION SELECT encode(mark, 'hex') FROM gateway.past_names UNION SELECT encode(secret, 'hex') FROM timeline.secrets
UNION SELECT encode(envelope, 'hex') FROM timeline.entries WHERE envelope IS NOT NULL
UNION SELECT their_id FROM gateway.commands"""


async def test_the_planners_statistics_hold_nothing_that_was_erased(lives: Lives) -> None:
    owner = lives.owner
    secret = [value for (value,) in await owner.fetch(_SECRET) if len(value) > 3]

    async def known() -> set[str]:
        await owner.execute("ANALYZE")
        said = await owner.fetchval(
            "SELECT string_agg(concat(stavalues1, stavalues2, stavalues3, stavalues4, stavalues5), ' ')"
            " FROM pg_statistic WHERE starelid::regclass::text !~ '^(pg_|information)'"
        )
        return {value for value in secret if value in said}

    assert len(secret) > 20
    assert await known() == set()
    await lives.gateway.execute("SELECT vault.forget($1)", [lives.case_ref])
    assert await lives.erase()
    assert await known() == set()

    # Were they taken, they would show, here of the other case and of the world's.
    await owner.execute("ALTER TABLE gateway.aliases ALTER alias SET STATISTICS -1")
    assert await known() != set()
