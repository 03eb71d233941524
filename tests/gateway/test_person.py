"""The code that only the person holds, and what they say with it at any desk."""

import re
import secrets
from typing import Any

import pytest

from throughcare.contracts.intake_commands import WithdrawConsent
from throughcare.contracts.outcomes import Refused
from throughcare.contracts.release_commands import ReportDeath
from throughcare.runtime.ids import is_code, new_id, new_person_code, spelt
from throughcare.tests.gateway.desks import WITHDRAW, Desks, no
from throughcare.tests.gateway.fake_agent import FakeAgent
from throughcare.tests.gateway.foreign import ForeignClient
from throughcare.tests.gateway.ground import event

pytestmark = pytest.mark.usefixtures("agent")

_CODE = re.compile(r"([2-9B-DF-HJ-NP-T]{4}-){4}[2-9B-DF-HJ-NP-T]{4}")


# -- the code ----------------------------------------------------------------------------------


def test_a_persons_code_is_printable_finds_each_slip_and_is_nobodys_to_guess() -> None:
    codes = {new_person_code() for _ in range(200)}

    assert len(codes) == 200
    for code in codes:
        assert _CODE.fullmatch(code)
        assert is_code(code, 20)
        assert spelt(f" {code.lower().replace('-', ' ')} ") == code
        place = secrets.randbelow(24)
        slip = "2" if code[place] != "2" else "3"
        if code[place] != "-":
            assert not is_code(code[:place] + slip + code[place + 1 :], 20)
    assert 23**19 > 2**80


async def test_a_person_gets_a_code_and_another_one_with_it_which_ends_the_one_before(
    desks: Desks,
) -> None:
    case = await desks.case()

    first = await desks.code(case)
    second = await desks.code(case, first)

    assert await desks.leaves("code-given", case.ref) == 2
    assert _CODE.fullmatch(first)
    assert no(await desks.sheet(first)) == (404, "no-such-code")
    assert (await desks.sheet(second)).status_code == 200


async def test_who_gives_a_code_gets_at_no_sheet_by_making_another_one(desks: Desks) -> None:
    case = await desks.case()
    code = await desks.code(case)
    path = f"/v1/cases/{case.prison}/person-code"

    for body in (None, {"old_code": new_person_code()}):
        answer = await desks.prison.post(path, json=body)
        assert no(answer) == (409, "code-given-already")
    assert no(await desks.prison.post(path, json={})) == (409, "code-given-already")

    assert await desks.leaves("denied", case.ref) == 3
    assert await desks.leaves("code-given", case.ref) == 1
    assert (await desks.sheet(code)).status_code == 200


async def test_a_code_stands_nowhere_to_be_read(desks: Desks) -> None:
    case = await desks.case()
    code = await desks.code(case)
    await desks.sheet(code)
    await desks.says(code)

    tables = await desks.gateway.pool.fetch(
        "SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n"
        " ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname !~ '^(pg_|information)'"
    )
    for table in tables:
        hits = await desks.gateway.pool.fetchval(
            f"SELECT count(*) FROM {table['name']} t"  # noqa: S608
            " WHERE strpos(t::text, $1) + strpos(t::text, $2) > 0", code, code.encode().hex(),
        )  # fmt: skip
        assert hits == 0, table["name"]
    assert code.encode() not in (desks.gateway.home / "log").read_bytes()


async def test_only_who_works_with_the_person_hands_out_a_code(desks: Desks) -> None:
    case = await desks.case()
    name = await desks.named("monitor-1", case)

    answer = await desks.at("monitor-1", f"/v1/cases/{name}/person-code", None)

    assert no(answer) == (403, "code-not-for-role")
    assert await desks.leaves("denied", case.ref) == 1


async def test_anothers_case_gives_no_code(desks: Desks) -> None:
    case = await desks.case()
    before = await desks.leaves("denied")

    answers = [
        await desks.at("ngo-anywhere", f"/v1/cases/{name}/person-code", None)
        for name in (case.prison, case.ngo, "never-was")
    ]

    assert {no(answer) for answer in answers} == {(404, "no-such-case")}
    assert await desks.leaves("denied") == before + 3


# -- what the person says ----------------------------------------------------------------------


async def test_a_person_says_stop_at_a_desk_that_does_not_know_them(
    desks: Desks, agent: FakeAgent
) -> None:
    case = await desks.case()
    code = await desks.code(case)

    answer = await desks.says(code)

    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert told["type"] == "org.throughcare.outcome.decided.v1"
    assert "subject" not in told
    assert await desks.is_stopped(case)
    said = agent.of(answer.headers["location"].rpartition("/")[2])
    assert (said.case_ref, said.party, said.data.name) == (case.ref, "ik-31", "withdraw-consent")
    assert said.roles == ("client",)
    timeline = f"/v1/cases/{case.prison}/timeline"
    async with desks.gateway.client("ik-31") as desk:
        assert no(await desk.get(timeline)) == (404, "no-such-case")


@pytest.mark.parametrize("party", ["commenter-1", "coordinator", "monitor-1", "gsin"])
@pytest.mark.parametrize(
    ("kind", "data"), [("withdraw-consent", {"received_how": "in-person"}), ("forget-case", {})]
)
async def test_what_a_desk_may_say_itself_neither_widens_nor_narrows_what_the_person_says(
    desks: Desks, agent: FakeAgent, party: str, kind: str, data: dict[str, str]
) -> None:
    """A commenter takes no step, and few have a case forgotten."""
    case = await desks.case()
    said = {
        "code": await desks.code(case), "type": f"org.throughcare.command.{kind}.v1",
        "id": str(new_id()), "data": data,
    }  # fmt: skip

    answer = await desks.at(party, "/v1/person/commands", said)

    assert answer.status_code == 201, answer.text
    assert agent.of(answer.headers["location"].rpartition("/")[2]).roles == ("client",)
    assert await desks.is_stopped(case)


async def test_about_those_who_hold_the_keys_the_person_speaks_at_another_desk(
    desks: Desks, agent: FakeAgent
) -> None:
    case = await desks.case()
    code, of = await desks.code(case), "org.throughcare.command"
    said: dict[str, dict[str, Any]] = {
        f"{of}.give-feedback.v1": {"instrument_code": "short-5", "score_band": 2},
        f"{of}.file-complaint.v1": {"about": ["conduct"]},
    }

    for kind, data in said.items():
        for spoken in (code, new_person_code()):  # nothing is told of the code
            assert no(await desks.says(spoken, "gsin", kind=kind, **data)) == (403, "role-may-not")
        answer = await desks.says(code, "ik-31", kind=kind, **data)
        assert answer.status_code == 201, answer.text


async def test_who_may_not_have_a_case_forgotten_stops_nothing_by_saying_it(desks: Desks) -> None:
    forget, of_death = event("command", "forget-case", None), event("command", "report-death", None)
    for party, said in (("coordinator", forget), ("gsin", forget), ("ngo-bishkek", of_death)):
        case = await desks.case()
        name = case.ngo if party == "ngo-bishkek" else await desks.named(party, case)
        async with desks.gateway.client(party) as desk:
            await desk.post("/v1/commands", json={**said, "id": str(new_id()), "subject": name})
        assert not await desks.is_stopped(case)
        # With it, and after its yes, they do.
        if said is of_death:
            await desks.accept(case.ref)
            who = desks.ngo
        else:
            who, name = desks.prison, case.prison
        await who.post("/v1/commands", json={**said, "id": str(new_id()), "subject": name})
        assert await desks.is_stopped(case)


async def test_a_death_that_is_refused_leaves_nothing_stopped(
    desks: Desks, agent: FakeAgent
) -> None:
    """As where its case closed while the word of it was on its way; a withdrawal of before stands."""
    case, withdrawn = await desks.case(), await desks.case()
    await desks.ngo.post("/v1/commands", json=event(
        "command", "withdraw-consent", withdrawn.ngo, received_how="phone"))  # fmt: skip
    agent.rules[ReportDeath] = Refused(
        answered_source="/x", answered_id="x", refusal_code="referral-not-accepted"
    )
    try:
        for one in (case, withdrawn):
            await desks.accept(one.ref)
            death = event("command", "report-death", one.ngo)
            assert no(await desks.ngo.post("/v1/commands", json=death)) == (
                409, "referral-not-accepted",
            )  # fmt: skip
    finally:
        del agent.rules[ReportDeath]

    assert not await desks.is_stopped(case)
    assert await desks.is_stopped(withdrawn)


async def test_a_stop_counts_from_the_doors_commit_whoever_is_down(
    desks: Desks, agent: FakeAgent
) -> None:
    case = await desks.case()
    code = await desks.code(case)
    agent.rules[WithdrawConsent] = None
    try:
        body = {"code": code, "type": WITHDRAW, "id": "w", "data": {"received_how": "in-person"}}
        answer = await desks.at("ik-31", "/v1/person/commands", body, Prefer="respond-async")
    finally:
        del agent.rules[WithdrawConsent]

    assert answer.status_code == 202
    assert await desks.is_stopped(case)


async def test_what_the_person_said_once_is_taken_once(desks: Desks) -> None:
    code = await desks.code(await desks.case())
    id = str(new_id())

    first, again = await desks.says(code, id=id), await desks.says(code, id=id)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.headers["location"] == again.headers["location"]


async def test_the_same_id_for_another_person_or_with_other_words_is_refused(
    desks: Desks,
) -> None:
    one, other = await desks.case(), await desks.case()
    code, id = await desks.code(one), str(new_id())
    await desks.says(code, id=id)

    for_other = await desks.says(await desks.code(other), id=id)
    in_other_words = await desks.says(code, id=id, received_how="paper")

    assert no(for_other) == (422, "idempotency-key-reused")
    assert no(in_other_words) == (422, "idempotency-key-reused")
    assert not await desks.is_stopped(other)


async def test_no_answer_tells_a_desk_its_own_name_for_the_case(desks: Desks) -> None:
    case = await desks.case()
    code, id = await desks.code(case), str(new_id())

    first = await desks.says(code, "ngo-bishkek", id=id)
    again = await desks.says(code, "ngo-bishkek", id=id)
    later = await desks.ngo.get(first.headers["location"])

    for answer in (first, again, later):
        assert answer.status_code in (200, 201)
        assert case.ngo not in answer.text


async def test_a_desk_hears_on_its_topic_what_became_of_it_without_its_name_for_the_case(
    desks: Desks, foreign: ForeignClient
) -> None:
    code, id = await desks.code(await desks.case()), str(new_id())
    await desks.says(code, "ik-27", id=id)

    (told,) = await foreign.outcomes_for(id)

    assert told["data"]["answered_source"] == "/person"
    assert "subject" not in told


async def test_a_person_says_with_the_code_what_is_theirs_to_say_and_nothing_else(
    desks: Desks,
) -> None:
    code = await desks.code(await desks.case())
    of = "org.throughcare.command"

    consent = await desks.says(code, kind=f"{of}.offer-consent.v1", language="ru-Cyrl",
                               form_version="f", explained_orally=True,
                               witness_role="prison-health")  # fmt: skip
    unknown = await desks.says(code, kind=f"{of}.be-happy.v1")
    wrong = await desks.says(code, received_how="CANARY")
    more = await desks.says(code, received_how="in-person", reason="CANARY")

    assert no(consent) == (422, "not-for-the-person")
    assert no(unknown) == (422, "unknown-type")
    assert no(wrong) == (422, "schema")
    assert no(more) == (422, "schema")
    assert "CANARY" not in wrong.text + more.text


async def test_a_refusal_of_what_the_person_said_is_told_at_the_desk(
    desks: Desks, agent: FakeAgent
) -> None:
    code = await desks.code(await desks.case())
    agent.rules[WithdrawConsent] = Refused(
        answered_source="/x", answered_id="x", refusal_code="case-closed"
    )
    try:
        answer = await desks.says(code)
    finally:
        del agent.rules[WithdrawConsent]

    assert no(answer) == (409, "case-closed")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("sheet", {}),
        ("sheet", {"code": ""}),
        ("sheet", {"code": "CANARY" * 20}),
        ("sheet", {"code": 7}),
        ("sheet", {"code": "A", "subject": "CANARY"}),
        ("commands", {"code": "A"}),
        ("commands", {"code": "A", "type": WITHDRAW, "id": "\n", "data": {}}),
        ("commands", {"code": "A", "type": WITHDRAW, "id": "x", "data": []}),
    ],
)
async def test_a_body_that_does_not_fit_is_refused_and_never_repeated(
    desks: Desks, path: str, body: Any
) -> None:
    answer = await desks.at("ik-31", f"/v1/person/{path}", body)

    assert answer.status_code == 422
    assert answer.json()["code"] in ("fields", "control-character")
    assert "CANARY" not in answer.text
