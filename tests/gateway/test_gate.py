"""The one gate: in after consent, out to whom the person allowed it, and nothing half handed out."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx2
import pytest

from throughcare.tests.gateway.ground import Gateway, open_case

pytestmark = pytest.mark.usefixtures("agent")

_NAME = "CANARY-Айгуль-gate"
_IDENTITY = {"given_name": _NAME, "phones": ["+996 555 010203"], "reach": "CANARY-через-сестру"}
_HEALTH = {"medicines": [{"line": "oat", "name": "CANARY-med", "dose": "80 mg"}]}


class Case(NamedTuple):
    """One case under the names that the prison and the receiver have for it."""

    ref: UUID
    prison: str
    ngo: str


class Ground:
    """A gateway with a case, and what intake and release would have written about it."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.prison = gateway.client("ik-27")
        self.ngo = gateway.client("ngo-bishkek")

    async def case(self, *, named: str = "ngo-bishkek") -> Case:
        """Opened, agreed to for `named`, and known to the NGO by a name of its own."""
        alias = f"gate-{uuid4().hex[:8]}"
        assert (await self.prison.post("/v1/commands", json=open_case(alias))).status_code == 201
        pool = self.gateway.pool
        ref: UUID = await pool.fetchval(
            "SELECT case_ref FROM gateway.aliases WHERE alias = $1",
            self.gateway.hidden("ik-27", alias),
        )
        code = await self.gateway.name(ref, "ngo-bishkek")
        await self.permit(ref, named)
        return Case(ref, alias, code)

    async def permit(self, ref: UUID, named: str) -> None:
        for data_class, purpose in (("P1", "handover"), ("P1", "reach"), ("P3", "handover")):
            await self.gateway.pool.execute(
                "INSERT INTO intake.permissions (case_ref, recipient, data_class, purpose, until)"
                " VALUES ($1, $2, $3, $4, runtime.now() + interval '90 days')",
                ref, named, data_class, purpose,
            )  # fmt: skip

    async def accept(self, ref: UUID) -> None:
        await self.gateway.pool.execute(
            "INSERT INTO release.acceptances VALUES ($1, 'ngo-bishkek', $2)", ref, uuid4()
        )

    async def enter(self, case: Case, data_class: str = "P1", **more: Any) -> httpx2.Response:
        body = {**(_IDENTITY if data_class == "P1" else _HEALTH), **more}
        return await self.prison.put(f"/v1/cases/{case.prison}/details/{data_class}", json=body)

    async def ask(self, case: Case, *classes: str, purpose: str = "handover") -> httpx2.Response:
        return await self.ngo.post(
            f"/v1/cases/{case.ngo}/disclosures",
            json={"data_classes": classes or ["P1"], "purpose": purpose},
        )

    async def leaves(self, kind: str, ref: UUID | None = None) -> int:
        found: int = await self.gateway.pool.fetchval(
            "SELECT count(*) FROM timeline.entries WHERE kind = $1"
            " AND ($2::uuid IS NULL OR case_ref = $2)", kind, ref,
        )  # fmt: skip
        return found


@pytest.fixture
async def ground(gateway: Gateway) -> AsyncIterator[Ground]:
    made = Ground(gateway)
    yield made
    await made.prison.aclose()
    await made.ngo.aclose()


def _no(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_who_accepted_is_told_what_the_person_allowed_it_with_the_notice(
    ground: Ground,
) -> None:
    case = await ground.case()
    assert (await ground.enter(case)).json() == {"data_class": "P1", "version": 1}
    assert (await ground.enter(case, "P3")).status_code == 200
    await ground.accept(case.ref)

    answer = await ground.ask(case, "P1", "P3")

    assert answer.status_code == 201
    body = answer.json()
    assert body["details"]["P1"]["given_name"] == _NAME
    assert body["details"]["P3"]["medicines"][0]["dose"] == "80 mg"
    assert body["notice"]["version"].endswith(".en")
    assert "only for: taking the person over" in body["notice"]["text"]
    assert await ground.leaves("entered", case.ref) == 2
    assert await ground.leaves("denied", case.ref) == 0
    assert await ground.leaves("disclosed", case.ref) == 1
    row = await ground.gateway.pool.fetchrow(
        "SELECT party, data_classes, purpose FROM vault.disclosures WHERE id = $1",
        UUID(body["disclosure"]),
    )
    assert tuple(row) == ("ngo-bishkek", ["P1", "P3"], "handover")


async def test_nobody_is_told_before_it_accepted(ground: Ground) -> None:
    case = await ground.case()
    await ground.enter(case)

    answer = await ground.ask(case)

    assert _no(answer) == (409, "referral-not-accepted")
    assert _NAME not in answer.text
    assert await ground.leaves("denied", case.ref) == 1


async def test_a_place_is_looked_for_without_a_name(ground: Ground) -> None:
    case = await ground.case()
    await ground.enter(case)
    await ground.accept(case.ref)

    assert _no(await ground.ask(case, purpose="place")) == (422, "class-not-for-purpose")


async def test_what_the_person_allowed_another_is_not_for_this_one(ground: Ground) -> None:
    case = await ground.case(named="type:oat-site")
    await ground.enter(case)
    await ground.accept(case.ref)

    assert _no(await ground.ask(case)) == (409, "consent-does-not-cover-receiver")


async def test_what_the_role_may_never_have_is_refused_whatever_was_agreed(ground: Ground) -> None:
    case = await ground.case()
    await ground.accept(case.ref)

    assert _no(await ground.ask(case, "P4")) == (403, "class-not-for-role")


async def test_nothing_is_entered_before_consent(ground: Ground) -> None:
    alias = f"gate-{uuid4().hex[:8]}"
    await ground.prison.post("/v1/commands", json=open_case(alias))

    answer = await ground.prison.put(f"/v1/cases/{alias}/details/P1", json=_IDENTITY)

    assert _no(answer) == (409, "no-consent")


async def test_after_a_withdrawal_nothing_goes_in_or_out(ground: Ground) -> None:
    case = await ground.case()
    await ground.enter(case)
    await ground.accept(case.ref)
    await ground.gateway.pool.execute("SELECT intake.stop($1)", case.ref)

    assert _no(await ground.ask(case)) == (409, "consent-withdrawn")
    assert _no(await ground.enter(case)) == (409, "consent-withdrawn")


async def test_whoever_is_told_no_at_the_gate_leaves_one_leaf_and_nothing_else(
    ground: Ground,
) -> None:
    """Entering, asking and breaking the glass alike, whether the rule or the database said it."""
    case = await ground.case()
    await ground.gateway.pool.execute("SELECT intake.stop($1)", case.ref)
    health = f"/v1/cases/{case.prison}"

    answers = [
        await ground.enter(case),
        await ground.ask(case),
        await ground.ask(case, "P4"),
        await ground.prison.post(
            f"{health}/emergency-access",
            json={"data_classes": ["P1"], "reason_code": "cannot-speak"},
        ),
    ]

    assert [_no(answer) for answer in answers] == [
        (409, "consent-withdrawn"), (409, "consent-withdrawn"), (403, "class-not-for-role"),
        (409, "consent-withdrawn"),
    ]  # fmt: skip
    assert await ground.leaves("denied", case.ref) == 4
    for kind in ("entered", "disclosed", "emergency"):
        assert await ground.leaves(kind, case.ref) == 0


async def test_what_fails_without_a_refusal_is_no_refusal_and_leaves_nothing(
    ground: Ground,
) -> None:
    """The sender may come again: it is told so, and nothing was half done."""
    case = await ground.case()
    await ground.enter(case)
    await ground.accept(case.ref)
    pool = ground.gateway.pool
    name = await pool.fetchval(
        "SELECT conname FROM pg_constraint WHERE conrelid = 'vault.disclosures'::regclass"
        " AND pg_get_constraintdef(oid) LIKE '%purpose%'"
    )
    rule = await pool.fetchval(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = $1", name
    )
    swap = "ALTER TABLE vault.disclosures DROP CONSTRAINT {0}, ADD CONSTRAINT {0} {1} NOT VALID"
    await pool.execute(swap.format(name, "CHECK (purpose = 'none')"))
    try:
        answer = await ground.ask(case)
    finally:
        await pool.execute(swap.format(name, rule))

    assert _no(answer) == (500, "internal")
    assert await ground.leaves("denied", case.ref) == 0
    assert await ground.leaves("disclosed", case.ref) == 0
    assert (await ground.ask(case)).status_code == 201


async def test_correcting_writes_the_class_anew_and_the_last_word_is_handed_out(
    ground: Ground,
) -> None:
    case = await ground.case()
    await ground.enter(case)
    assert (await ground.enter(case, given_name="CANARY-richtig")).json()["version"] == 2
    await ground.accept(case.ref)

    assert (await ground.ask(case)).json()["details"]["P1"]["given_name"] == "CANARY-richtig"


async def test_two_who_enter_at_once_both_count_one_after_the_other(ground: Ground) -> None:
    case = await ground.case()

    answers = await asyncio.gather(*(ground.enter(case) for _ in range(4)))

    assert sorted(answer.json()["version"] for answer in answers) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE vault.details SET sealed = substr(sealed, 1, 20) WHERE case_ref = $1",
        "UPDATE vault.details SET sealed = ''::bytea WHERE case_ref = $1",
        "UPDATE vault.details SET version = version + 1 WHERE case_ref = $1",
        "UPDATE vault.keys SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1) WHERE case_ref = $1",
        "UPDATE vault.keys SET wrapped_by = 'another/1' WHERE case_ref = $1",
        """UPDATE vault.details SET sealed = (SELECT o.sealed FROM vault.details o
           WHERE o.case_ref = $1 AND o.data_class = 'P3') WHERE case_ref = $1 AND data_class = 'P1'""",
    ],
)  # fmt: skip
async def test_what_does_not_open_is_one_refusal_and_a_leaf_and_nothing_half_handed_out(
    ground: Ground, spoil: str
) -> None:
    case = await ground.case()
    await ground.enter(case)
    await ground.enter(case, "P3")
    await ground.accept(case.ref)
    await ground.gateway.pool.execute(spoil, case.ref)

    answer = await ground.ask(case, "P1", "P3")

    assert _no(answer) == (409, "details-do-not-open")
    assert "CANARY" not in answer.text
    assert await ground.leaves("disclosed", case.ref) == 0
    assert await ground.leaves("denied", case.ref) == 1


async def test_another_cases_sealed_details_do_not_open_here(ground: Ground) -> None:
    case, other = await ground.case(), await ground.case()
    for one in (case, other):
        await ground.enter(one)
        await ground.accept(one.ref)
    await ground.gateway.pool.execute(
        "UPDATE vault.details d SET sealed = o.sealed FROM vault.details o"
        " WHERE d.case_ref = $1 AND o.case_ref = $2", case.ref, other.ref,
    )  # fmt: skip
    await ground.gateway.pool.execute(
        "UPDATE vault.keys k SET wrapped = o.wrapped FROM vault.keys o"
        " WHERE k.case_ref = $1 AND o.case_ref = $2", case.ref, other.ref,
    )  # fmt: skip

    assert _no(await ground.ask(case)) == (409, "details-do-not-open")


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({}, "fields", "/given_name"),
        ({"given_name": ""}, "fields", "/given_name"),
        ({"given_name": "CANARY" * 100}, "fields", "/given_name"),
        ({"given_name": "A", "national_id": "CANARY-12345"}, "fields", ""),
        ({"given_name": "A", "phones": ["CANARY"]}, "fields", "/phones/0"),
        ({"given_name": 7}, "fields", "/given_name"),
        ([], "fields", ""),
        ({"given_name": "a\u0000CANARY"}, "control-character", None),
    ],
)
async def test_a_body_that_does_not_fit_is_refused_by_field_and_never_repeated(
    ground: Ground, body: Any, code: str, pointer: str | None
) -> None:
    case = await ground.case()

    answer = await ground.prison.put(f"/v1/cases/{case.prison}/details/P1", json=body)

    assert _no(answer) == (422, code)
    assert "CANARY" not in answer.text
    if pointer is not None:
        assert answer.json()["errors"][0]["pointer"] == pointer


async def test_a_class_that_does_not_exist_and_a_body_that_is_no_json_are_refused(
    ground: Ground,
) -> None:
    case = await ground.case()
    where = f"/v1/cases/{case.prison}/details"

    assert _no(await ground.prison.put(f"{where}/P0", json={})) == (404, "no-such-class")
    assert _no(await ground.prison.put(f"{where}/P1", content=b"x")) == (415, "json-needed")


async def test_anothers_case_is_answered_as_one_that_never_was(ground: Ground) -> None:
    case = await ground.case()
    await ground.enter(case)
    stranger = ground.gateway.client("ngo-anywhere")
    body = {"data_classes": ["P1"], "purpose": "handover"}

    answers = [
        await stranger.post(f"/v1/cases/{name}/disclosures", json=body)
        for name in (case.ngo, case.prison, "never-was")
    ]
    await stranger.aclose()

    assert {_no(answer) for answer in answers} == {(404, "no-such-case")}
    assert len({answer.content.replace(answer.json()["instance"].encode(), b"") for answer in answers}) == 1  # fmt: skip


async def test_nobody_opens_more_people_an_hour_than_one_may_alone(ground: Ground) -> None:
    await ground.gateway.pool.execute("UPDATE vault.limits SET people_an_hour = 2")
    await ground.gateway.pool.execute("DELETE FROM vault.disclosures")
    try:
        cases = [await ground.case() for _ in range(3)]
        for case in cases:
            await ground.enter(case)
            await ground.accept(case.ref)

        answers = [await ground.ask(case) for case in (*cases, cases[0])]
    finally:
        await ground.gateway.pool.execute("UPDATE vault.limits SET people_an_hour = 20")

    assert [answer.status_code for answer in answers] == [201, 201, 429, 201]
    assert answers[2].json()["code"] == "too-many-people"
    assert await ground.leaves("denied", cases[2].ref) == 1


async def test_what_was_sealed_stands_nowhere_to_be_read(ground: Ground) -> None:
    case = await ground.case()
    await ground.enter(case)
    await ground.enter(case, "P3")
    await ground.accept(case.ref)
    await ground.ask(case, "P1", "P3")

    tables = await ground.gateway.pool.fetch(
        "SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n"
        " ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname !~ '^(pg_|information)'"
    )
    for table in tables:
        # Nor does the number of the person's file, by which their prison knows the case.
        for word in ("CANARY", case.prison, case.ngo):
            hits = await ground.gateway.pool.fetchval(
                f"SELECT count(*) FROM {table['name']} t WHERE t::text LIKE '%' || $1 || '%'"  # noqa: S608
                " OR t::text LIKE '%' || encode(convert_to($1, 'UTF8'), 'hex') || '%'",
                word,
            )
            assert hits == 0, (table["name"], word)
    assert b"CANARY" not in (ground.gateway.home / "log").read_bytes()
    assert b"CANARY" not in (await ground.prison.get("/metrics")).content
