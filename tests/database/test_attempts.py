"""What somebody tried at the gate, and which codes were given: each is one leaf; and the most there is."""

# ruff: noqa: S608 - statements are put together from what stands in these tests

import json
from uuid import UUID, uuid4

import asyncpg
import pytest

from throughcare.database import most
from throughcare.database.migrate import migrate
from throughcare.protocol.disclosure import TABLE
from throughcare.tests.database import world as w
from throughcare.tests.database.desk import Desk
from throughcare.tests.support.parts import Database

_GIVE = "SELECT vault.give_person_code($1, $2, $3)"
_BRING = "SELECT vault.give_arrival_code($1, $2, $3)"


async def leaves(desk: Desk, case_ref: UUID) -> list[tuple[str, dict[str, object]]]:
    rows = await desk.owner.fetch(
        "SELECT kind, convert_from(envelope, 'UTF8')::jsonb ->> 'data' AS data"
        " FROM timeline.entries WHERE case_ref = $1 ORDER BY entry OFFSET 1", case_ref,
    )  # fmt: skip
    return [(row["kind"], json.loads(row["data"])) for row in rows]


# -- what was tried ---------------------------------------------------------------------------------


async def test_every_no_of_the_vault_leaves_a_trace_whatever_stands_above_it(desk: Desk) -> None:
    """Committed, as by code that takes the refusal for an answer."""
    case_ref, batch = await desk.case(), uuid4()
    await desk.owner.execute("DELETE FROM release.acceptances WHERE case_ref = $1", case_ref)
    await desk.call("SELECT vault.declare_batch($1, 9, now(), now() + interval '1 h')", batch)
    denied = "SELECT count(*) FROM timeline.entries WHERE kind = 'denied'"
    before = await desk.owner.fetchval(denied)

    said = [
        *await desk.call("SELECT refusal FROM vault.begin_entry($1, 'P4')", case_ref),
        (await desk.disclose(case_ref),),
        (await desk.disclose(case_ref, function="break_glass"),),
        *await desk.call(_GIVE, case_ref, b"x", None),
        *await desk.call(_BRING, case_ref, uuid4(), b"x"),
        *await desk.call("SELECT vault.authorise_batch($1)", batch),
    ]

    assert [no for (no,) in said] == [
        "class-not-for-role", "referral-not-accepted", "referral-not-accepted",
        "code-not-for-role", "consent-not-by-code", "batch-needs-another-person",
    ]  # fmt: skip
    assert await leaves(desk, case_ref) == [("denied", {"party": desk.party})] * 5
    assert await desk.owner.fetchval(denied) == before + 6


async def test_what_is_entered_past_a_no_is_not(desk: Desk) -> None:
    case_ref = await desk.case()

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await desk.call(
            "SELECT vault.enter($1, 'P4', 2, $2, $3, 'org/1')", case_ref, b"x", b"wrapped"
        )


# -- which codes were given -------------------------------------------------------------------------


async def test_that_the_person_was_given_a_code_and_another_one_is_a_leaf(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.owner.execute("DELETE FROM vault.person_codes WHERE case_ref = $1", case_ref)
    first, second = w.mark_of("first", case_ref), w.mark_of("second", case_ref)

    assert await desk.call(_GIVE, case_ref, first, None) == [(None,)]
    assert await desk.call(_GIVE, case_ref, second, None) == [("code-given-already",)]
    assert await desk.call(_GIVE, case_ref, second, first) == [(None,)]

    said = {"party": desk.party, "code": "person"}
    assert await leaves(desk, case_ref) == [
        ("code-given", {**said, "replaced": False}),
        ("denied", {"party": desk.party}),
        ("code-given", {**said, "replaced": True}),
    ]


async def test_that_a_code_to_bring_along_was_given_and_another_one_is_a_leaf(desk: Desk) -> None:
    case_ref = await desk.case(by_code=True)
    referral = w.referral_of(desk.party, case_ref)

    for mark in (w.mark_of("first", case_ref), w.mark_of("second", case_ref)):
        assert await desk.call(_BRING, case_ref, referral, mark) == [(None,)]

    said = {"party": desk.party, "code": "arrival"}
    assert await leaves(desk, case_ref) == [
        ("code-given", {**said, "replaced": False}),
        ("code-given", {**said, "replaced": True}),
    ]


# -- the most there is ------------------------------------------------------------------------------


async def test_the_database_holds_the_table_of_the_protocol(desk: Desk) -> None:
    """Written out anew: what the yaml says of the classes that the vault holds."""
    kept = await desk.owner.fetch("SELECT part, role, data_class, holds FROM vault.most")

    said = {
        *((("receives", role), rule.classes, rule.holds) for role, rule in TABLE.receives.items()),
        *((("enters", role), rule.classes, rule.holds) for role, rule in TABLE.enters.items()),
        *((("emergency", role), some, "custody" if role == "prison-health" else "accepted")
          for role, some in TABLE.emergency.items()),
    }  # fmt: skip
    assert {tuple(row) for row in kept} == {
        (*where, one, holds) for where, some, holds in said for one in some - {"P0", "P5"}
    }
    assert len(kept) > 40


async def test_what_the_table_gives_no_more_goes_at_the_next_migration(
    ground: Database, desk: Desk
) -> None:
    where = "WHERE part = 'receives' AND role = 'dpo' OR role = 'ngo' AND data_class = 'P1'"
    wrong = (
        "INSERT INTO vault.most VALUES ('receives', 'dpo', 'P1', 'custody');"
        "UPDATE vault.most SET holds = 'custody' WHERE role = 'ngo' AND data_class = 'P1';"
    )
    before = await desk.owner.fetch(f"SELECT * FROM vault.most {where} ORDER BY 1, 2")
    await desk.owner.execute(wrong)

    await migrate(ground.url())

    assert await desk.owner.fetch(f"SELECT * FROM vault.most {where} ORDER BY 1, 2") == before
    assert {row[0] for row in most.rows()} == {"receives", "enters", "emergency"}


@pytest.mark.parametrize("part", ["receives", "emergency", "enters"])
async def test_nothing_is_opened_or_entered_past_the_most_whoever_accepted_whatever_was_agreed(
    desk: Desk, part: str
) -> None:
    """Each role by itself against each class: what comes out is what the table says, and no more."""
    given = {role: set(some) for role, some in _of(part).items()}
    for role in ("prison-health", "prison-psych", "oat-site", "aids-centre", "ngo", "drop-in"):
        case_ref = await desk.case()
        await desk.owner.execute(
            "INSERT INTO intake.permissions SELECT $1, $2, c, 'handover', now() + interval '1 day'"
            " FROM unnest('{P1,P2,P3,P4}'::text[]) AS c ON CONFLICT DO NOTHING", case_ref, desk.party,
        )  # fmt: skip
        await desk.owner.execute(
            "UPDATE gateway.parties SET roles = array[$2] WHERE party = $1", desk.party, role
        )
        came = {name for name in w.CLASSES if await _comes(desk, part, case_ref, name)}
        assert came == given.get(role, set()) & set(w.CLASSES), role


def _of(part: str) -> dict[str, frozenset[str]]:
    if part == "emergency":
        return {role: frozenset(some) for role, some in TABLE.emergency.items()}
    rules = TABLE.receives if part == "receives" else TABLE.enters
    return {role: frozenset(rule.classes) for role, rule in rules.items()}


async def _comes(desk: Desk, part: str, case_ref: UUID, name: str) -> bool:
    call = {
        "receives": "disclose(gen_random_uuid(), $1, array[$2], 'handover', 'n')",
        "emergency": "break_glass(gen_random_uuid(), $1, array[$2], 'unconscious', 'n')",
        "enters": "begin_entry($1, $2)",
    }[part]
    ((refusal,),) = await desk.call(f"SELECT refusal FROM vault.{call}", case_ref, name)
    assert refusal in (None, "class-not-for-role")
    return refusal is None
