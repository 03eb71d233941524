"""The person's rights at any desk: the sheet, the stop, coming by a code; each by a code that stands in bodies only."""

import re
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from uuid import UUID, uuid4

import httpx2
import pytest

from throughcare.contracts.codes import DataClass, EmergencyReason
from throughcare.contracts.intake_commands import WithdrawConsent
from throughcare.contracts.outcomes import Refused
from throughcare.contracts.release_events import FirstContactMade
from throughcare.gateway.page import sheet
from throughcare.gateway.person import Sheet, Told
from throughcare.gateway.problems import DOOR
from throughcare.runtime.ids import is_code, new_code, new_id, new_person_code, spelt
from throughcare.tests.gateway.fake_agent import FakeAgent
from throughcare.tests.gateway.foreign import ForeignClient
from throughcare.tests.gateway.ground import Gateway
from throughcare.tests.gateway.test_gate import Case, Ground
from throughcare.tests.gateway.test_life import World, released

pytestmark = pytest.mark.usefixtures("agent")

_WITHDRAW = "org.throughcare.command.withdraw-consent.v1"
_CODE = re.compile(r"([2-9B-DF-HJ-NP-T]{4}-){4}[2-9B-DF-HJ-NP-T]{4}")


class Desks(Ground):
    """The gate's ground, with the person in front of some desk."""

    async def code(self, case: Case, old: str | None = None) -> str:
        body = None if old is None else {"old_code": old}
        answer = await self.prison.post(f"/v1/cases/{case.prison}/person-code", json=body)
        assert answer.status_code == 201, answer.text
        code: str = answer.json()["code"]
        return code

    async def at(self, party: str, path: str, body: Any, **headers: str) -> httpx2.Response:
        async with self.gateway.client(party) as desk:
            return await desk.post(path, json=body, headers=headers)

    async def sheet(self, code: str, party: str = "ik-31", **headers: str) -> httpx2.Response:
        return await self.at(party, "/v1/person/sheet", {"code": code}, **headers)

    async def says(
        self, code: str, party: str = "ik-31", id: str = "", kind: str = _WITHDRAW, **data: Any
    ) -> httpx2.Response:
        data = data or {"received_how": "in-person"}
        body = {"code": code, "type": kind, "id": id or str(new_id()), "data": data}
        return await self.at(party, "/v1/person/commands", body)

    async def named(self, party: str, case: Case) -> str:
        """A name and a right for a party."""
        return await self.gateway.name(case.ref, party)

    async def is_stopped(self, case: Case) -> bool:
        found: bool = await self.gateway.pool.fetchval("SELECT intake.is_stopped($1)", case.ref)
        return found

    async def another_key(self, party: str) -> httpx2.AsyncClient:
        """Another person of a party, with a key of their own."""
        key = secrets.token_urlsafe()
        await self.gateway.pool.execute(
            "INSERT INTO gateway.api_keys (key_sha256, party)"
            " VALUES (sha256(convert_to($1, 'UTF8')), $2)", key, party,
        )  # fmt: skip
        client = self.gateway.client(party)
        client.headers["Authorization"] = f"Bearer {key}"
        return client


@pytest.fixture
async def desks(gateway: Gateway) -> AsyncIterator[Desks]:
    made = Desks(gateway)
    yield made
    await made.prison.aclose()
    await made.ngo.aclose()


def _no(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


# -- the code ---------------------------------------------------------------------------------


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

    assert _CODE.fullmatch(first)
    assert _no(await desks.sheet(first)) == (404, "no-such-code")
    assert (await desks.sheet(second)).status_code == 200


async def test_who_gives_a_code_gets_at_no_sheet_by_making_another_one(desks: Desks) -> None:
    case = await desks.case()
    code = await desks.code(case)
    path = f"/v1/cases/{case.prison}/person-code"

    for body in (None, {"old_code": new_person_code()}):
        answer = await desks.prison.post(path, json=body)
        assert _no(answer) == (409, "code-given-already")
    assert _no(await desks.prison.post(path, json={})) == (409, "code-given-already")

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

    assert _no(answer) == (403, "code-not-for-role")


async def test_anothers_case_gives_no_code(desks: Desks) -> None:
    case = await desks.case()
    before = await desks.leaves("denied")

    answers = [
        await desks.at("ngo-anywhere", f"/v1/cases/{name}/person-code", None)
        for name in (case.prison, case.ngo, "never-was")
    ]

    assert {_no(answer) for answer in answers} == {(404, "no-such-case")}
    assert await desks.leaves("denied") == before + 3


# -- the sheet --------------------------------------------------------------------------------


async def _told(desks: Desks) -> tuple[Case, str]:
    """A case of which the NGO was told something."""
    case = await desks.case()
    await desks.enter(case)
    await desks.enter(case, "P3")
    await desks.accept(case.ref)
    assert (await desks.ask(case, "P1", "P3")).status_code == 201
    return case, await desks.code(case)


async def test_a_person_sees_at_any_desk_who_was_told_what_when_and_why(desks: Desks) -> None:
    case, code = await _told(desks)

    answer = await desks.sheet(code.lower().replace("-", " "))

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    (entry,) = answer.json()["entries"]
    assert entry["party"] == "ngo-bishkek"
    assert entry["data_classes"] == ["P1", "P3"]
    assert (entry["purpose"], entry["purpose_in_words"]) == ("handover", "taking the person over")
    assert entry["notice_version"].startswith("r1.")
    assert datetime.fromisoformat(entry["at"]).tzinfo is not None
    assert "CANARY" not in answer.text
    assert case.prison not in answer.text
    assert case.ngo not in answer.text
    assert str(case.ref) not in answer.text
    assert await desks.leaves("read", case.ref) == 1


async def test_who_was_told_in_an_emergency_stands_on_the_sheet_with_the_reason(
    desks: Desks,
) -> None:
    case = await desks.case()
    await desks.gateway.pool.execute(
        "INSERT INTO vault.disclosures (id, case_ref, party, key_id, data_classes, purpose,"
        " notice_version, emergency_reason, at)"
        " VALUES ($1, $2, 'ik-31', $1, '{P1}', 'emerg', 'r1.en', 'cannot-speak', runtime.now())",
        uuid4(), case.ref,
    )  # fmt: skip

    (entry,) = (await desks.sheet(await desks.code(case))).json()["entries"]

    assert entry["emergency_reason"] == "cannot-speak"
    assert entry["emergency_in_words"] == "you could not speak for yourself"


@pytest.mark.parametrize(
    ("language", "title", "heading"),
    [
        ("en", "Information sheet", "Who was told what about you"),
        ("ru", "Информационный лист", "Кому и что о вас сообщили"),
    ],
)
async def test_the_sheet_prints_as_one_page_without_scripts_and_says_nothing_in_its_title(
    desks: Desks, language: str, title: str, heading: str
) -> None:
    _, code = await _told(desks)

    answer = await desks.at(
        "ik-31", "/v1/person/sheet", {"code": code, "language": language}, Accept="text/html"
    )

    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-language"] == language
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert f"<title>{title}</title>" in answer.text
    assert f"<h1>{heading}</h1>" in answer.text
    assert "ngo-bishkek" in answer.text
    assert not re.search(r"<script|<link|<img|href=|src=", answer.text)
    assert code not in answer.text
    assert "CANARY" not in answer.text


async def test_the_sheet_goes_by_the_readers_language_unless_the_person_says_another(
    desks: Desks,
) -> None:
    code = await desks.code(await desks.case())
    russian = {"Accept-Language": "ru"}

    by_header = await desks.sheet(code, **russian)
    by_body = await desks.at(
        "ik-31", "/v1/person/sheet", {"code": code, "language": "en"}, **russian
    )
    unknown = await desks.at("ik-31", "/v1/person/sheet", {"code": code, "language": "tlh"})

    assert (by_header.json()["language"], by_body.json()["language"]) == ("ru", "en")
    assert by_header.json()["entries"] == []
    assert _no(unknown) == (422, "fields")


async def test_a_wrong_code_finds_nobody_and_the_log_knows(desks: Desks) -> None:
    before = await desks.leaves("denied")

    answers = [
        await desks.sheet(new_person_code()),
        await desks.sheet("ABCD"),
        await desks.says(new_person_code()),
    ]

    assert {_no(answer) for answer in answers} == {(404, "no-such-code")}
    assert await desks.leaves("denied") == before + 3
    assert await desks.leaves("read", UUID(int=0)) == 0


async def test_after_a_case_was_forgotten_its_code_finds_nobody(desks: Desks) -> None:
    case = await desks.case()
    code = await desks.code(case)
    await desks.gateway.pool.execute("SELECT vault.erase($1)", case.ref)

    assert _no(await desks.sheet(code)) == (404, "no-such-code")
    assert _no(await desks.says(code)) == (404, "no-such-code")
    again = await desks.prison.post(f"/v1/cases/{case.prison}/person-code")
    assert _no(again) == (404, "no-such-case")


def test_the_sheet_has_words_for_every_class_and_reason_in_both_languages() -> None:
    assert set(get_args(DataClass)) == sheet.CLASSES.keys()
    assert set(get_args(EmergencyReason)) == sheet.REASONS.keys()
    for words in (*sheet.TEXT.values(), *sheet.CLASSES.values(), *sheet.REASONS.values()):
        assert words.en != words.ru
        assert re.search("[а-я]", words.ru)
        assert not re.search("[а-я]", words.en)
        # Whoever reads over a shoulder learns nothing.
        assert not re.search(
            r"drug|hiv|prison|colony|наркот|вич|колони|тюрьм|освобожд", f"{words}", re.IGNORECASE
        )


def test_a_sheet_without_lines_says_so_and_whatever_stands_in_one_is_text() -> None:
    at = datetime(2026, 11, 22, 20, 30, tzinfo=UTC)
    evil = Told(at, "<script>", ("P1",), "emerg", "life-in-danger", "r1.en")

    empty = sheet.page(Sheet(at, ()), "en", "KG")
    told = sheet.page(Sheet(at, (evil,)), "en", "KG")
    nowhere = sheet.page(Sheet(at, (evil,)), "ru", "XX")

    assert "Nobody was told anything about you." in empty
    assert "<table" not in empty
    assert "<script" not in told
    assert "you were not asked beforehand" in told
    assert "23&nbsp;Nov&nbsp;2026</time>, 02:30" in told
    assert "20:30 UTC" in nowhere


# -- what the person says ---------------------------------------------------------------------


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
    timeline = f"/v1/cases/{case.prison}/timeline"
    async with desks.gateway.client("ik-31") as desk:
        assert _no(await desk.get(timeline)) == (404, "no-such-case")


async def test_a_stop_counts_from_the_doors_commit_whoever_is_down(
    desks: Desks, agent: FakeAgent
) -> None:
    case = await desks.case()
    code = await desks.code(case)
    agent.rules[WithdrawConsent] = None
    try:
        body = {"code": code, "type": _WITHDRAW, "id": "w", "data": {"received_how": "in-person"}}
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

    assert _no(for_other) == (422, "idempotency-key-reused")
    assert _no(in_other_words) == (422, "idempotency-key-reused")
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

    assert _no(consent) == (422, "not-for-the-person")
    assert _no(unknown) == (422, "unknown-type")
    assert _no(wrong) == (422, "schema")
    assert _no(more) == (422, "schema")
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

    assert _no(answer) == (409, "case-closed")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("sheet", {}),
        ("sheet", {"code": ""}),
        ("sheet", {"code": "CANARY" * 20}),
        ("sheet", {"code": 7}),
        ("sheet", {"code": "A", "subject": "CANARY"}),
        ("commands", {"code": "A"}),
        ("commands", {"code": "A", "type": _WITHDRAW, "id": "\n", "data": {}}),
        ("commands", {"code": "A", "type": _WITHDRAW, "id": "x", "data": []}),
    ],
)
async def test_a_body_that_does_not_fit_is_refused_and_never_repeated(
    desks: Desks, path: str, body: Any
) -> None:
    answer = await desks.at("ik-31", f"/v1/person/{path}", body)

    assert answer.status_code == 422
    assert answer.json()["code"] in ("fields", "control-character")
    assert "CANARY" not in answer.text


# -- coming by a code -------------------------------------------------------------------------


async def _bound(desks: Desks, *, by_code: bool = True) -> tuple[Case, str]:
    """A case whose person comes by a code, with the referral that the NGO accepted."""
    case = await desks.case()
    await desks.gateway.pool.execute(
        "INSERT INTO intake.agreements VALUES ($1, $2, false)", case.ref, by_code
    )
    await desks.accept(case.ref)
    referral = await desks.gateway.pool.fetchval(
        "SELECT referral_id FROM release.acceptances WHERE case_ref = $1", case.ref
    )
    return case, str(referral)


async def _arrival_code(desks: Desks, case: Case, referral: str) -> httpx2.Response:
    return await desks.prison.post(
        f"/v1/cases/{case.prison}/arrival-codes", json={"referral_id": referral}
    )


async def _came(desks: Desks, party: str, code: str) -> httpx2.Response:
    return await desks.at(party, "/v1/arrivals", {"code": code, "id": str(new_id())})


async def test_a_person_comes_with_a_code_and_the_receiver_learns_which_of_its_cases_it_is(
    desks: Desks,
) -> None:
    case, referral = await _bound(desks)
    given = await _arrival_code(desks, case, referral)
    assert given.status_code == 201
    code = given.json()["code"]
    assert is_code(code)

    answer = await _came(desks, "ngo-bishkek", code.lower())

    assert answer.status_code == 200
    assert answer.json() == {"subject": case.ngo, "referral_id": referral}


async def test_a_code_arrives_at_its_receiver_only_and_the_log_knows_who_tried(
    desks: Desks,
) -> None:
    case, referral = await _bound(desks)
    code = (await _arrival_code(desks, case, referral)).json()["code"]
    before = await desks.leaves("denied")

    answers = [
        await _came(desks, "ngo-anywhere", code),
        await _came(desks, "ngo-bishkek", new_code()),
    ]

    assert {_no(answer) for answer in answers} == {(404, "no-such-code")}
    assert await desks.leaves("denied") == before + 2


async def test_a_new_code_to_bring_along_ends_the_one_before(desks: Desks) -> None:
    case, referral = await _bound(desks)

    codes = [(await _arrival_code(desks, case, referral)).json()["code"] for _ in range(2)]

    assert [(await _came(desks, "ngo-bishkek", code)).status_code for code in codes] == [404, 200]


async def test_a_code_to_bring_along_needs_that_choice_an_acceptance_and_who_sent_it(
    desks: Desks,
) -> None:
    by_name, referral = await _bound(desks, by_code=False)
    case, _ = await _bound(desks)
    watcher = await desks.named("monitor-1", case)

    answers = [
        await _arrival_code(desks, by_name, referral),
        await _arrival_code(desks, case, str(uuid4())),
        await _arrival_code(desks, Case(case.ref, "never-was", ""), referral),
        await _arrival_code(desks, case, "x"),
        await desks.at(
            "monitor-1", f"/v1/cases/{watcher}/arrival-codes", {"referral_id": referral}
        ),
    ]

    assert [_no(answer) for answer in answers] == [
        (409, "consent-not-by-code"),
        (409, "referral-not-accepted"),
        (404, "no-such-case"),
        (422, "fields"),
        (403, "code-not-for-role"),
    ]


# -- whether they arrived ---------------------------------------------------------------------


async def _arrival(desks: Desks, name: str, party: str = "ik-27") -> httpx2.Response:
    async with desks.gateway.client(party) as facility:
        return await facility.get(f"/v1/cases/{name}/arrival")


async def test_a_facility_hears_that_the_person_arrived_where_they_agreed_and_nothing_more(
    desks: Desks, agent: FakeAgent
) -> None:
    world = await World(desks.gateway, agent, desks.prison, f"arr-{uuid4().hex[:6]}").begin()
    ref, name = world.opened.case_ref, world.alias
    await desks.gateway.pool.execute("INSERT INTO intake.agreements VALUES ($1, false, true)", ref)
    await world.say(released(datetime.now(UTC)))
    await world.later(2)

    before = await _arrival(desks, name)
    await world.say(FirstContactMade(
        referral_id=uuid4(), contact_at=datetime.now(UTC), hours_since_release=5,
    ))  # fmt: skip
    after = await _arrival(desks, name)

    assert not await world.sees("ik-27", name)
    assert (before.status_code, before.json()) == (200, {"arrived": False})
    assert (after.status_code, after.json()) == (200, {"arrived": True})
    assert await desks.leaves("read", ref) == 2
    assert _no(await _arrival(desks, name, "ik-31")) == (404, "no-such-case")


async def test_without_that_agreement_a_facility_hears_what_it_hears_of_nobody(
    desks: Desks, agent: FakeAgent
) -> None:
    world = await World(desks.gateway, agent, desks.prison, f"arr-{uuid4().hex[:6]}").begin()
    await world.say(released(datetime.now(UTC)))
    before = await desks.leaves("denied")

    answers = [
        await _arrival(desks, world.alias),
        await _arrival(desks, "never-was"),
        await _arrival(desks, "no name"),
    ]

    assert {_no(answer) for answer in answers} == {(404, "no-such-case")}
    assert await desks.leaves("denied") == before + 3


# -- a declared day ---------------------------------------------------------------------------


def _day(hours_from_now: float = 1, lasts: float = 8, most: int = 50) -> dict[str, Any]:
    begin = datetime.now(UTC) + timedelta(hours=hours_from_now)
    end = begin + timedelta(hours=lasts)
    return {"most": most, "from": begin.isoformat(), "until": end.isoformat()}


async def _declare(desks: Desks, **day: Any) -> str:
    answer = await desks.ngo.post("/v1/batches", json=_day(**day))
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["id"]
    return made


async def test_a_day_of_many_people_is_declared_by_one_and_authorised_by_another(
    desks: Desks,
) -> None:
    made = await _declare(desks)
    path = f"/v1/batches/{made}/authorisation"

    alone = await desks.ngo.post(path)
    async with await desks.another_key("ngo-bishkek") as second:
        together = await second.post(path)
        again = await second.post(path)

    assert _no(alone) == (403, "batch-needs-another-person")
    assert (together.status_code, together.content) == (204, b"")
    assert again.status_code == 204
    row = await desks.gateway.pool.fetchrow(
        "SELECT most, declared_by <> authorised_by FROM vault.batches WHERE id = $1", UUID(made)
    )
    assert tuple(row) == (50, True)


async def test_on_such_a_day_more_people_are_opened_than_one_may_alone(desks: Desks) -> None:
    pool = desks.gateway.pool
    await pool.execute("UPDATE vault.limits SET people_an_hour = 1")
    try:
        await pool.execute("DELETE FROM vault.disclosures")
        first, case = await desks.case(), await desks.case()
        for one in (first, case):
            await desks.enter(one)
            await desks.accept(one.ref)
        assert (await desks.ask(first)).status_code == 201
        made = await _declare(desks)
        begin = "UPDATE vault.batches SET from_at = from_at - interval '2 hours' WHERE id = $1"
        declared = await desks.ask(case)
        async with await desks.another_key("ngo-bishkek") as second:
            await second.post(f"/v1/batches/{made}/authorisation")
        early = await desks.ask(case)
        await pool.execute(begin, UUID(made))
        on_the_day = await desks.ask(case)
    finally:
        await pool.execute("DELETE FROM vault.batches")
        await pool.execute("UPDATE vault.limits SET people_an_hour = 20")

    assert [one.status_code for one in (declared, early, on_the_day)] == [429, 429, 201]


async def test_a_day_that_has_begun_is_authorised_no_more(desks: Desks) -> None:
    path = f"/v1/batches/{await _declare(desks, hours_from_now=-1)}/authorisation"

    async with await desks.another_key("ngo-bishkek") as second:
        assert _no(await second.post(path)) == (409, "batch-has-begun")


async def test_anothers_day_is_one_that_was_never_declared(desks: Desks) -> None:
    made = await _declare(desks)
    before = await desks.leaves("denied")

    answers = [
        await desks.at("ngo-anywhere", f"/v1/batches/{id}/authorisation", {})
        for id in (made, str(uuid4()), "x")
    ]

    assert {_no(answer) for answer in answers} == {(404, "no-such-batch")}
    assert await desks.leaves("denied") == before + 3


@pytest.mark.parametrize(
    "body",
    [
        {},
        _day(most=0),
        _day(most=1001),
        _day(lasts=0),
        _day(lasts=25),
        {**_day(), "from": "2026-11-22T08:00:00"},
        {**_day(), "why": "amnesty"},
    ],
)
async def test_a_day_that_cannot_be_is_refused(desks: Desks, body: Any) -> None:
    assert _no(await desks.ngo.post("/v1/batches", json=body)) == (422, "fields")


# -- keys -------------------------------------------------------------------------------------


async def test_a_revoked_key_is_refused_at_the_next_request(desks: Desks) -> None:
    async with await desks.another_key("ngo-bishkek") as second:
        assert (await second.post("/v1/batches", json=_day())).status_code == 201
        key_id = await desks.gateway.pool.fetchval(
            "SELECT key_id FROM gateway.api_keys WHERE party = 'ngo-bishkek'"
            " ORDER BY created_at DESC LIMIT 1"
        )
        await desks.gateway.pool.execute(
            "UPDATE gateway.api_keys SET revoked_at = now() WHERE key_id = $1", key_id
        )

        assert _no(await second.post("/v1/batches", json=_day())) == (401, "key-unknown")
    assert (await desks.ngo.post("/v1/batches", json=_day())).status_code == 201


def test_every_no_has_its_sentence_in_both_languages() -> None:
    for code in ("no-such-code", "code-not-for-role", "not-for-the-person", "consent-not-by-code",
                 "no-such-batch", "batch-needs-another-person", "batch-has-begun"):  # fmt: skip
        assert re.search("[а-я]", DOOR[code].ru)
        assert DOOR[code].en.endswith(".")
