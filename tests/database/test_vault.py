"""The vault and its gate: what leaves, how often, what stops it, and what is written down."""

# ruff: noqa: S608 - statements are put together from what stands in these tests

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from throughcare.cli.services import LOGINS, role_of
from throughcare.tests.database import world as w
from throughcare.tests.database.desk import Desk, waits
from throughcare.tests.support.parts import Database

_VAULT = (
    "keys",
    "details",
    "disclosures",
    "limits",
    "most",
    "batches",
    "person_codes",
    "arrival_codes",
    "erased",
)


# -- what leaves ------------------------------------------------------------------------------------


@pytest.mark.parametrize("login", LOGINS)
async def test_no_role_that_signs_in_reads_a_sealed_byte(world: Database, login: str) -> None:
    connection = await asyncpg.connect(world.url(role_of(login)))
    try:
        for table in _VAULT:
            for statement in (f"SELECT * FROM vault.{table}", f"SELECT count(*) FROM vault.{table}",
                              f"COPY vault.{table} TO STDOUT", f"DELETE FROM vault.{table}"):  # fmt: skip
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)
        for function in ("why_closed", "why_not", "hand_out", "deny", "remains", "rewrap"):
            granted = await connection.fetchval(
                "SELECT has_function_privilege(p.oid, 'EXECUTE') FROM pg_proc p"
                " WHERE proname = $1 AND pronamespace = 'vault'::regnamespace", function,
            )  # fmt: skip
            assert granted is False
    finally:
        await connection.close()


async def test_what_is_opened_is_what_was_asked_for_and_is_written_down(desk: Desk) -> None:
    case_ref, disclosure = await desk.case(), uuid4()

    rows = await desk.call(
        "SELECT * FROM vault.disclose($1, $2, '{P1,P2}', 'social', 'n7')", disclosure, case_ref
    )

    assert [row[:6] for row in rows] == [
        (None, name, 1, f"sealed {name}".encode(), b"wrapped", "org/1") for name in ("P1", "P2")
    ]
    kept = await desk.owner.fetchrow("SELECT * FROM vault.disclosures WHERE id = $1", disclosure)
    assert kept is not None
    assert (kept["party"], kept["data_classes"], kept["purpose"], kept["notice_version"]) == (
        desk.party, ["P1", "P2"], "social", "n7",
    )  # fmt: skip
    assert await desk.said(case_ref) == ["disclosed"]


async def test_what_is_refused_is_written_down_as_denied_and_nothing_else(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.owner.execute("DELETE FROM release.acceptances WHERE case_ref = $1", case_ref)

    assert await desk.disclose(case_ref) == "referral-not-accepted"

    assert await desk.said(case_ref) == ["denied"]
    assert await desk.owner.fetchval(
        "SELECT count(*) FROM vault.disclosures WHERE party = $1", desk.party
    ) == 0  # fmt: skip


async def test_who_entered_a_detail_reads_it_as_any_other_does(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.owner.execute(
        "UPDATE intake.permissions SET recipient = 'another' WHERE case_ref = $1", case_ref
    )
    await desk.owner.execute(
        "UPDATE vault.details SET entered_by = $2 WHERE case_ref = $1", case_ref, desk.party
    )

    assert await desk.disclose(case_ref) == "consent-does-not-cover-receiver"


async def test_who_cares_for_the_person_inside_reads_until_it_is_their_case_no_more(
    desk: Desk,
) -> None:
    health = Desk(desk.database, "prison-health")
    await health.open()
    case_ref = await desk.case()
    right = "UPDATE gateway.case_access SET until = now() + $3 * interval '1 hour' WHERE case_ref = $1 AND party = $2"
    assert await health.disclose(case_ref) == "no-such-case"
    await desk.owner.execute(
        "INSERT INTO gateway.case_access VALUES ($1, $2)", case_ref, health.party
    )

    await desk.owner.execute(right, case_ref, health.party, 1)
    assert await health.disclose(case_ref) == "P1"
    await desk.owner.execute(right, case_ref, health.party, -1)
    assert await health.disclose(case_ref) == "no-such-case"
    await health.close()


async def test_whom_an_alarm_called_reaches_the_person_while_it_stands(desk: Desk) -> None:
    called = Desk(desk.database, "protocol-coordinator")
    await called.open()
    case_ref = await desk.case()
    await desk.owner.execute(
        "INSERT INTO gateway.case_access VALUES ($1, $2)", case_ref, called.party
    )
    ask = "SELECT coalesce(refusal, data_class) FROM vault.disclose(gen_random_uuid(), $1, $2, $3, 'n')"
    never = [("consent-does-not-cover-receiver",)]

    assert await called.call(ask, case_ref, ["P1"], "reach") == never
    await desk.owner.execute(
        "INSERT INTO release.alarms VALUES ($1, $1, 'protocol-coordinator')", case_ref
    )
    assert await called.call(ask, case_ref, ["P1"], "reach") == [("P1",)]
    assert await called.call(ask, case_ref, ["P1"], "handover") == never
    assert await called.call(ask, case_ref, ["P1", "P2"], "reach") == never
    await desk.owner.execute("DELETE FROM release.alarms WHERE case_ref = $1", case_ref)
    assert await called.call(ask, case_ref, ["P1"], "reach") == never
    await called.close()


# -- entering ---------------------------------------------------------------------------------------

_ENTER = "SELECT vault.enter($1, $2, $3, $4, $5, 'org/1')"


async def test_a_correction_takes_the_next_version_under_the_key_that_stands(desk: Desk) -> None:
    case_ref = await desk.case()
    assert (await desk.call("SELECT * FROM vault.begin_entry($1, 'P2')", case_ref))[0][1:] == (
        b"wrapped", "org/1", 2,
    )  # fmt: skip

    await desk.call(_ENTER, case_ref, "P2", 2, b"anew", b"wrapped")

    for version, wrapped, error in (
        (2, b"wrapped", asyncpg.SerializationError),
        (4, b"wrapped", asyncpg.SerializationError),
        (3, b"another key", asyncpg.InsufficientPrivilegeError),
    ):
        with pytest.raises(error):
            await desk.call(_ENTER, case_ref, "P2", version, b"x", wrapped)
    for name in ("P0", "P5", "p1", ""):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await desk.call(_ENTER, case_ref, name, 1, b"x", b"wrapped")
    kept = await desk.owner.fetchrow(
        "SELECT version, sealed, entered_by FROM vault.details"
        " WHERE case_ref = $1 AND data_class = 'P2'", case_ref,
    )  # fmt: skip
    assert kept is not None
    assert tuple(kept) == (2, b"anew", desk.party)
    assert await desk.said(case_ref) == ["entered"]


async def test_one_writer_at_a_time_makes_the_key_of_a_case(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.owner.execute("DELETE FROM vault.keys WHERE case_ref = $1", case_ref)
    begin = "SELECT wrapped FROM vault.begin_entry($1, 'P1')"
    transaction = desk.second.transaction()
    await transaction.start()
    await desk.second.execute("SELECT access.enter($1)", desk.keys[1])
    assert await desk.second.fetchval(begin, case_ref) is None
    await desk.second.execute(_ENTER, case_ref, "P1", 1, b"first", b"key 1")

    late = asyncio.create_task(desk.call(begin, case_ref))
    assert await waits(late)
    await transaction.commit()

    assert await late == [(b"key 1",)]


# -- the person -------------------------------------------------------------------------------------

_SHEET = "SELECT s.party, s.data_classes, s.purpose FROM vault.person_says($1) AS it, LATERAL (SELECT * FROM vault.sheet() WHERE it IS NOT NULL) AS s"


async def test_the_sheet_says_who_saw_what_and_why_and_is_itself_written_down(desk: Desk) -> None:
    case_ref = await desk.case()
    await desk.disclose(case_ref)
    await desk.disclose(case_ref, function="break_glass")

    rows = await desk.call(_SHEET, w.mark_of("person", case_ref))

    assert rows == [
        (w.KEEPER, ["P1"], "handover"), (desk.party, ["P1"], "handover"), (desk.party, ["P1"], "emerg"),
    ]  # fmt: skip
    assert await desk.said(case_ref) == ["disclosed", "emergency", "read"]


_GIVE = "SELECT vault.give_person_code($1, $2, $3)"


async def test_a_new_code_is_made_with_the_old_one_which_then_is_worth_nothing(desk: Desk) -> None:
    case_ref, mark = await desk.case(), w.mark_of(uuid4())
    old = w.mark_of("person", case_ref)
    before = await _denied(desk)

    for wrong in (None, b"", mark):
        assert await desk.call(_GIVE, case_ref, mark, wrong) == [("code-given-already",)]
    assert len(await desk.call(_SHEET, old)) == 1
    assert await desk.call(_GIVE, case_ref, mark, old) == [(None,)]

    assert await desk.call(_SHEET, old) == []
    assert await _denied(desk) == before + 1
    assert len(await desk.call(_SHEET, mark)) == 1


async def test_the_first_code_needs_none_and_a_lost_one_who_answers_for_data(desk: Desk) -> None:
    dpo = Desk(desk.database, "dpo")
    await dpo.open()
    case_ref, first, second = await desk.case(), w.mark_of(uuid4()), w.mark_of(uuid4())
    await desk.owner.execute("INSERT INTO gateway.case_access VALUES ($1, $2)", case_ref, dpo.party)
    await desk.owner.execute("DELETE FROM vault.person_codes WHERE case_ref = $1", case_ref)

    assert await desk.call(_GIVE, case_ref, first, None) == [(None,)]
    assert await desk.call(_GIVE, case_ref, second, None) == [("code-given-already",)]
    assert await dpo.call(_GIVE, case_ref, second, None) == [(None,)]

    assert await desk.call(_SHEET, first) == []
    assert len(await desk.call(_SHEET, second)) == 1
    await dpo.close()


async def _denied(desk: Desk) -> int:
    count: int = await desk.owner.fetchval(
        "SELECT count(*) FROM timeline.entries WHERE kind = 'denied'"
        " AND case_ref = '00000000-0000-0000-0000-000000000000'"
    )
    return count


async def test_an_arrival_code_is_good_once_given_at_its_receiver_only(desk: Desk) -> None:
    case_ref, other = await desk.case(by_code=True), Desk(desk.database)
    await other.open()
    referral = w.referral_of(desk.party, case_ref)
    give = "SELECT vault.give_arrival_code($1, $2, $3)"
    arrived = "SELECT alias, referral_id FROM vault.arrived($1)"

    assert await desk.call(give, case_ref, referral, b"one") == [(None,)]
    assert await desk.call(give, case_ref, referral, b"two") == [(None,)]

    assert await desk.call(arrived, b"one") == []
    assert await other.call(arrived, b"two") == []
    assert await desk.call(arrived, b"two") == [
        (w.alias_of(desk.party, case_ref).encode(), referral)
    ]
    await other.close()


async def test_a_facility_hears_that_somebody_arrived_by_its_own_mark_while_that_lasts(
    desk: Desk,
) -> None:
    other, case_ref = Desk(desk.database), uuid4()
    await other.open()
    await desk.owner.execute(
        "INSERT INTO gateway.feedback VALUES ($1, $2, $5, NULL, now() + interval '1 day'),"
        " ($1, $3, gen_random_uuid(), now(), now() + interval '1 day'),"
        " ($1, $4, gen_random_uuid(), now(), now())",
        desk.party, b"a" + desk.party.encode(), b"b" + desk.party.encode(), b"c" + desk.party.encode(),
        case_ref,
    )  # fmt: skip
    ask = "SELECT arrived FROM gateway.arrival_of($1)"

    answers = {
        (who, letter): await who.call(ask, letter + desk.party.encode())
        for who in (desk, other) for letter in (b"a", b"b", b"c", b"d")
    }  # fmt: skip

    assert [answers[desk, letter] for letter in (b"a", b"b", b"c", b"d")] == [
        [(False,)], [(True,)], [], [],
    ]  # fmt: skip
    assert all(answers[other, letter] == [] for letter in (b"a", b"b", b"c", b"d"))
    # The person's log says who asked, though the facility knows the case no more.
    kept = await desk.owner.fetch(
        "SELECT kind, convert_from(envelope, 'UTF8')::jsonb ->> 'data' AS data"
        " FROM timeline.entries WHERE case_ref = $1", case_ref,
    )  # fmt: skip
    assert [tuple(row) for row in kept] == [("read", f'{{"party": "{desk.party}"}}')]
    await other.close()


# -- rights that ran out ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("right", "may_speak"),
    [
        ("UPDATE gateway.case_access SET until = now() WHERE case_ref = $1 AND party = $2", False),
        (("UPDATE gateway.case_access SET until = now(), answers_until = now() + interval '1 day'"
         " WHERE case_ref = $1 AND party = $2"), True),
        (("UPDATE gateway.case_access SET until = now(), answers_until = now()"
         " WHERE case_ref = $1 AND party = $2"), False),
        (("WITH gone AS (DELETE FROM gateway.case_access WHERE case_ref = $1 AND party = $2)"
         " INSERT INTO gateway.past_names VALUES ($2, '\\x01', $1, 'reopen', now() + interval '1 day')"), True),
        (("WITH gone AS (DELETE FROM gateway.case_access WHERE case_ref = $1 AND party = $2)"
         " INSERT INTO gateway.past_names VALUES ($2, '\\x01', $1, 'reopen', now())"), False),
    ],
    ids=["ran-out", "owes-an-answer", "has-answered", "may-reopen", "may-reopen-no-more"],
)  # fmt: skip
async def test_whose_right_ran_out_says_what_it_still_may_and_sees_nothing(
    desk: Desk, right: str, may_speak: bool
) -> None:
    case_ref = await desk.case()
    await desk.owner.execute(right, case_ref, desk.party)

    assert await desk.disclose(case_ref) == "no-such-case"
    assert await desk.disclose(case_ref, function="break_glass") == "no-such-case"
    assert await desk.call("SELECT * FROM timeline.shown($1, $2)", case_ref, desk.party) == []
    knows = await desk.call("SELECT access.knows($1)", case_ref)
    seen = await desk.call("SELECT case_ref FROM gateway.cases WHERE case_ref = $1", case_ref)
    assert (knows, len(seen)) == ([(may_speak,)], int(may_speak))
    # What it may say still is kept, and what is done after the end stands on its list.
    await desk.owner.execute("INSERT INTO gateway.work_known VALUES ($1, '')", case_ref)
    await desk.owner.executemany(
        "INSERT INTO gateway.work (case_ref, task, party, due_at, since, after_end)"
        " VALUES ($1, $2, $3, now(), now(), $4)",
        [(case_ref, "before", desk.party, False), (case_ref, "after", desk.party, True)],
    )
    work = await desk.call("SELECT task FROM gateway.work WHERE case_ref = $1", case_ref)
    assert work == ([("after",)] if may_speak else [])
    assert await desk.call("SELECT access.seen()") == []
    kept = await desk.call(w.keeping(desk.party, "oat-site", case_ref))
    assert kept == [(True if may_speak else None,)]


# -- what is kept -----------------------------------------------------------------------------------


async def test_a_message_is_kept_with_its_number_or_neither(desk: Desk) -> None:
    case_ref = await desk.case()
    numbers = "SELECT intake_number, release_number FROM gateway.cases WHERE case_ref = $1"
    keep = w.keeping(desk.party, "oat-site", case_ref)

    assert await desk.call(keep) == [(True,)]
    # The number is taken: nothing is kept, and nothing is counted.
    assert await desk.call(keep.replace("'1', ", "'2', ", 1)) == [(None,)]

    assert tuple(await desk.owner.fetchrow(numbers, case_ref) or ()) == (1, 1)
    kept = await desk.owner.fetch(
        "SELECT party, service, number, relay_at > clock_timestamp() FROM gateway.commands"
        " WHERE case_ref = $1 AND service = 'release'", case_ref,
    )  # fmt: skip
    assert [tuple(row) for row in kept] == [(desk.party, "release", 1, True)]


async def test_of_two_that_take_one_number_one_is_kept(desk: Desk) -> None:
    case_ref = await desk.case()
    keep = w.keeping(desk.party, "oat-site", case_ref)
    transaction = desk.second.transaction()
    await transaction.start()
    await desk.second.execute("SELECT access.enter($1)", desk.keys[1])
    assert await desk.second.fetchval(keep)

    late = asyncio.create_task(desk.call(keep.replace("'1', ", "'2', ", 1)))
    assert await waits(late)
    await transaction.commit()

    assert await late == [(None,)]


async def test_the_gate_speaks_of_its_own_breaking_of_the_glass_and_of_nothing_else(
    desk: Desk,
) -> None:
    case_ref, other, glass = await desk.case(), await desk.case(), uuid4()
    await desk.call("SELECT vault.break_glass($1, $2, '{P1}', 'unconscious', 'n')", glass, case_ref)

    for about, kind in ((other, w.REPORT), (case_ref, w.COMMAND)):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await desk.call(w.keeping(desk.party, "system", about, kind=kind, their_id=str(glass)))
    said = w.keeping(desk.party, "system", case_ref, kind=w.REPORT, their_id=str(glass))
    assert await desk.call(said) == [(True,)]


async def test_a_services_own_role_keeps_for_any_party_what_the_envelope_says(desk: Desk) -> None:
    """The door of facts has no key of the party's; Kafka says who wrote."""
    case_ref = await desk.case()
    gateway = await w.sign_in(desk.database.url("throughcare_gateway"))

    lies: list[dict[str, Any]] = [
        {"authid": "'keeper'"}, {"authroles": "'dpo'"}, {"commandnumber": "7"},
    ]  # fmt: skip
    for lie in lies:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await gateway.execute(w.keeping(desk.party, "oat-site", case_ref, **lie))
    assert await gateway.fetchval(w.keeping(desk.party, "oat-site", case_ref)) is True
    assert await gateway.fetchval(w.minting(desk.party, "oat-site", their_id="2")) is True
    await gateway.close()
