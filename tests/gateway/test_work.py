"""GET /v1/work: one's own open work and nothing else, alike for every kind of support, without a name."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import pytest

from throughcare.contracts import release_events as release
from throughcare.contracts.care_events import PermissionRecalled, WithdrawalAcknowledged
from throughcare.contracts.codes import DeadlineCode, DeadlineDue, DeadlineKey, ServiceType
from throughcare.contracts.envelope import Message, encode
from throughcare.contracts.kinds import Event
from throughcare.contracts.topics import RELEASE_EVENTS, partition_of
from throughcare.gateway.listing import refold_missing
from throughcare.runtime.ids import new_id
from throughcare.tests.gateway.fake_agent import FakeAgent
from throughcare.tests.gateway.ground import Gateway, eventually, open_case

_DUE = datetime(2027, 3, 1, 18, tzinfo=UTC)


class Case:
    """A case of the prison `ik-27`, of which release says what a test lets it say."""

    def __init__(self, gateway: Gateway, agent: FakeAgent) -> None:
        self.gateway, self.agent = gateway, agent
        self.prison = f"work-{uuid.uuid4().hex[:8]}"
        self.referral = new_id()
        self.opened: Message

    async def begin(self) -> "Case":
        async with self.gateway.client("ik-27") as prison:
            answer = await prison.post("/v1/commands", json=open_case(self.prison))
        assert answer.status_code == 201, answer.text
        self.opened = self.agent.of(answer.headers["location"].rpartition("/")[2])
        return self

    @property
    def ref(self) -> UUID:
        return self.opened.case_ref

    async def name(self, party: str) -> str:
        """Let a party have to do with it; its own name for the case."""
        return await self.gateway.name(self.ref, party)

    async def say(self, *events: Event) -> None:
        """Let release say these, and wait until the doors have heard them."""
        for one in events:
            await self.agent.say("release", self.opened, one)
        topic, partition = RELEASE_EVENTS.name, partition_of(self.ref)
        place = self.agent.place(topic, partition)

        async def is_heard() -> bool:
            return bool(
                await self.gateway.pool.fetchval(
                    "SELECT position >= $3 FROM runtime.consumed"
                    " WHERE consumer = 'gateway' AND topic = $1 AND partition = $2",
                    topic, partition, place,
                )
            )  # fmt: skip

        await eventually(is_heard)

    def sent(
        self, to: str = "ngo-bishkek", service: ServiceType = "housing", kind: Any = "ngo"
    ) -> release.ReferralSent:
        return release.ReferralSent(
            referral_id=self.referral, item=1, service_type=service, mandatory=True,
            receiver=to, receiver_type=kind, urgency="routine", consent_id=new_id(),
            sent_at=_DUE, answer_due_at=_DUE,
        )  # fmt: skip

    def due(
        self, code: DeadlineCode, *, of_referral: bool = True, step: int | None = None,
        at: datetime = _DUE,
    ) -> release.DeadlinesChanged:  # fmt: skip
        one = DeadlineDue(
            code=code, referral_id=self.referral if of_referral else None, step=step, due_at=at
        )
        return release.DeadlinesChanged(put=(one,))


@pytest.fixture
async def case(gateway: Gateway, agent: FakeAgent) -> Case:
    return await Case(gateway, agent).begin()


@pytest.fixture
async def another(gateway: Gateway, agent: FakeAgent) -> Case:
    return await Case(gateway, agent).begin()


async def get(gateway: Gateway, party: str, **asked: Any) -> httpx2.Response:
    async with gateway.client(party) as client:
        return await client.get("/v1/work", **asked)


async def work(case: Case, party: str, subject: str) -> list[tuple[str, bool]]:
    """What a party has open of one case: tasks, and whether each is about a referral."""
    answer = await get(case.gateway, party)
    assert answer.status_code == 200, answer.text
    return [
        (item["task"], "referral_id" in item)
        for item in answer.json()["items"]
        if item["subject"] == subject
    ]


async def test_two_parties_of_one_case_each_see_their_own_work_under_their_own_name(
    case: Case,
) -> None:
    ngo = await case.name("ngo-bishkek")
    await case.say(
        case.sent(), case.due("D07"), case.due("D03", of_referral=False),
    )  # fmt: skip

    assert await work(case, "ngo-bishkek", ngo) == [("answer-referral", True)]
    assert await work(case, "ik-27", case.prison) == [("make-plan", False)]
    theirs = await get(case.gateway, "ngo-bishkek")
    assert case.prison not in theirs.text


async def test_who_has_nothing_to_do_with_a_case_has_no_work_of_it_whatever_its_role(
    case: Case,
) -> None:
    await case.say(
        case.due("D08"), case.due("D03", of_referral=False), case.sent(), case.due("D07")
    )

    # A coordinator that was not told, another prison, and a receiver that has no name for it yet.
    for party in ("coordinator", "ik-31", "prison-uz", "monitor-1", "ngo-anywhere", "ngo-bishkek"):
        body = (await get(case.gateway, party)).json()
        assert str(case.referral) not in str(body), party
        assert case.prison not in str(body), party

    code = await case.name("coordinator")
    assert await work(case, "coordinator", code) == [("find-receiver", False)]


async def test_every_kind_of_support_makes_a_list_of_the_same_shape(
    gateway: Gateway, agent: FakeAgent
) -> None:
    """To the byte, but for names and ids: also where a medicine has deadlines of its own."""
    kinds: list[tuple[ServiceType, str, int | None]] = [
        ("oat", "oat-site", 1), ("art", "aids-centre", 2), ("housing", "ngo", None),
    ]  # fmt: skip
    pages = []
    for service, kind, line in kinds:
        case = await Case(gateway, agent).begin()
        name = await case.name("ngo-bishkek")
        own = [] if line is None else [case.due("D10", of_referral=False, step=line)]
        gap = [] if line is None else [case.due("D16", of_referral=False, step=line)]
        texts = []
        for events in (
            [case.sent(service=service, kind=kind), case.due("D06"), case.due("D07")],
            [release.ReferralAccepted(referral_id=case.referral), case.due("D09"), *own],
            [
                release.PersonReleased(released_at=_DUE, known_at=_DUE, unplanned=False),
                case.due("D15"), case.due("D17", of_referral=False, step=48),
                case.due("D19", of_referral=False, step=7), *gap,
            ],
        ):  # fmt: skip
            await case.say(*events)
            async with gateway.client("ngo-bishkek") as client:
                items = (await client.get("/v1/work")).json()["items"]
            mine = [item for item in items if item["subject"] == name]
            for item in mine:
                del item["since"]  # when a test said so
            text = str(mine).replace(name, "…").replace(str(case.referral), "…")
            texts.append(text)
        pages.append(texts)

    assert pages[0] == pages[1] == pages[2]
    assert "book-appointment" in pages[0][1]
    for word in ("oat", "art'", "housing", "D1", "D0", "aids", "ngo", "step", "code"):
        assert word not in str(pages), word


@pytest.mark.parametrize("reason", ["consent-withdrawn", "completed", "died"])
async def test_a_case_that_is_over_leaves_every_list(case: Case, reason: Any) -> None:
    ngo = await case.name("ngo-bishkek")
    coordinator = await case.name("coordinator")
    await case.say(
        case.sent(), case.due("D07"), case.due("D03", of_referral=False), case.due("D08"),
        release.EscalationRaised(
            escalation_id=new_id(), code="D17", level=2, to_role="protocol-coordinator"
        ),
    )  # fmt: skip
    assert await work(case, "coordinator", coordinator) != []

    await case.say(release.CaseClosed(reason_code=reason))

    assert await work(case, "ngo-bishkek", ngo) == []
    assert await work(case, "ik-27", case.prison) == []
    assert await work(case, "coordinator", coordinator) == []
    left = "SELECT count(*) FROM gateway.work WHERE case_ref = $1"
    assert await case.gateway.pool.fetchval(left, case.ref) == 0


async def test_who_holds_data_of_a_person_that_said_stop_owes_an_answer_until_it_gave_it(
    case: Case,
) -> None:
    ngo = await case.name("ngo-bishkek")
    coordinator = await case.name("coordinator")
    recalled = PermissionRecalled(
        referral_id=case.referral, receiver="ngo-bishkek", receiver_type="ngo", recalled_at=_DUE
    )
    await case.say(
        case.sent(), case.due("D07"), recalled, release.CaseClosed(reason_code="consent-withdrawn")
    )

    answer = await get(case.gateway, "ngo-bishkek")
    [item] = [one for one in answer.json()["items"] if one["subject"] == ngo]
    assert (item["task"], item["referral_id"]) == ("say-what-was-done", str(case.referral))
    assert datetime.fromisoformat(item["due"]) == _DUE + timedelta(hours=72)

    # Nobody answered: the coordinator hears it, though nobody sees the case any more.
    alarm = release.EscalationRaised(
        escalation_id=new_id(), code="D23", level=2, to_role="protocol-coordinator"
    )
    await case.say(alarm)
    assert await work(case, "coordinator", coordinator) == [("acknowledge-alarm", False)]
    async with case.gateway.client("coordinator") as client:
        assert (await client.get(f"/v1/cases/{coordinator}/timeline")).status_code == 404

    await case.say(
        WithdrawalAcknowledged(referral_id=case.referral, data_action="deleted"),
        release.EscalationCleared(escalation_id=alarm.escalation_id),
    )
    assert await work(case, "ngo-bishkek", ngo) == []
    assert await work(case, "coordinator", coordinator) == []


async def test_a_case_that_is_forgotten_leaves_nothing_of_its_work(case: Case) -> None:
    ngo = await case.name("ngo-bishkek")
    await case.say(case.sent(), case.due("D07"))

    await case.gateway.pool.execute("SELECT vault.erase($1)", case.ref)

    assert await work(case, "ngo-bishkek", ngo) == []
    for table in ("work", "work_known"):
        count = f"SELECT count(*) FROM gateway.{table} WHERE case_ref = $1"  # noqa: S608
        assert await case.gateway.pool.fetchval(count, case.ref) == 0

    # Nor does a late word bring it back, once nobody has a name for it.
    await case.gateway.pool.execute("DELETE FROM gateway.aliases WHERE case_ref = $1", case.ref)
    await case.say(case.due("D07"))
    await refold_missing(case.gateway.pool)
    known = "SELECT count(*) FROM gateway.work_known WHERE case_ref = $1"
    assert await case.gateway.pool.fetchval(known, case.ref) == 0


async def test_the_work_of_who_was_moved_is_the_new_places_and_the_old_one_has_it_a_day(
    case: Case,
) -> None:
    await case.say(case.due("D03", of_referral=False), case.due("D12", of_referral=False))
    assert ("confirm-readiness", False) in await work(case, "ik-27", case.prison)

    await case.say(
        release.PersonTransferred(
            to_facility="kg-ik-31", transferred_at=datetime.now(UTC) - timedelta(days=2)
        )
    )

    there = await case.name("ik-31")
    assert await work(case, "ik-31", there) == [("confirm-readiness", False)]
    assert await work(case, "ik-27", case.prison) == []


async def test_a_name_is_opened_one_by_one_and_the_list_says_which_were_and_how_many_may_be(
    case: Case, another: Case
) -> None:
    pool = case.gateway.pool
    await pool.execute("DELETE FROM vault.disclosures")
    names = [await one.name("ngo-bishkek") for one in (case, another)]
    for one in (case, another):
        await one.say(one.sent(), one.due("D07"))
        await pool.execute(
            "INSERT INTO intake.permissions (case_ref, recipient, data_class, purpose, until)"
            " VALUES ($1, 'ngo-bishkek', 'P1', 'handover', runtime.now() + interval '90 days')",
            one.ref,
        )
        await pool.execute(
            "INSERT INTO release.acceptances VALUES ($1, 'ngo-bishkek', $2)", one.ref, one.referral
        )
    async with case.gateway.client("ik-27") as prison:
        entered = await prison.put(
            f"/v1/cases/{case.prison}/details/P1", json={"given_name": "CANARY-Айгуль-work"}
        )
        assert entered.status_code == 200, entered.text

    before = (await get(case.gateway, "ngo-bishkek")).json()
    async with case.gateway.client("ngo-bishkek") as client:
        opening = {"data_classes": ["P1"], "purpose": "handover"}
        answer = await client.post(f"/v1/cases/{names[0]}/disclosures", json=opening)
        assert answer.status_code == 201, answer.text
        listed = await client.get("/v1/work")

    after = listed.json()
    assert "CANARY" not in listed.text
    assert {item["opened"] for item in before["items"]} == {False}
    assert {i["subject"]: i["opened"] for i in after["items"] if i["subject"] in names} == {
        names[0]: True, names[1]: False,
    }  # fmt: skip
    assert after["openings_left"] == before["openings_left"] - 1 == 19
    # Another party's opening is not this one's.
    assert all(not i["opened"] for i in (await get(case.gateway, "ik-27")).json()["items"])


async def test_the_nearest_due_stands_first_and_what_is_due_within_a_day_is_urgent(
    case: Case, another: Case
) -> None:
    names = {await one.name("ngo-bishkek"): one for one in (case, another)}
    soon = datetime.now(UTC) + timedelta(hours=5)
    await case.say(case.sent(), case.due("D07", at=_DUE))
    await another.say(another.sent(), another.due("D07", at=soon), another.due("D18", at=_DUE))

    items = (await get(case.gateway, "ngo-bishkek")).json()["items"]

    mine = [(i["due"], i["urgent"]) for i in items if i["subject"] in names]
    assert [due for due, _ in mine] == sorted(due for due, _ in mine)
    assert [urgent for _, urgent in mine] == [True, False, False]


async def many(case: Case, count: int) -> None:
    """So much open work of one case, due in three hours' time each."""
    await case.say(case.sent(), case.due("D07"))
    await case.gateway.pool.execute(
        "INSERT INTO gateway.work SELECT $1, 'book-appointment', gen_random_uuid(), 'ngo-bishkek',"
        " null, $2::timestamptz + n % 3 * interval '1 hour', $2, false FROM generate_series(1, $3) n",
        case.ref, _DUE, count,
    )  # fmt: skip


async def test_a_list_is_paged_a_hundred_at_a_time_and_nothing_comes_twice_or_is_left_out(
    case: Case,
) -> None:
    name = await case.name("ngo-bishkek")
    await many(case, 230)
    seen: list[str] = []
    asked: dict[str, str] = {}
    while True:
        answer = await get(case.gateway, "ngo-bishkek", params=asked)
        body = answer.json()
        assert set(body) <= {"items", "openings_left", "next"}
        assert len(body["items"]) <= 100
        seen += [i["referral_id"] for i in body["items"] if i["subject"] == name]
        if "next" not in body:
            break
        assert name not in body["next"]
        asked = {"after": body["next"]}

    assert len(seen) == len(set(seen)) == 231

    await case.gateway.pool.execute("DELETE FROM gateway.work_known WHERE case_ref = $1", case.ref)

    # Good for who got it, and for nobody else.
    for party, after in (("coordinator", asked["after"]), ("ngo-bishkek", "AAAA"), ("ik-27", "é")):
        answer = await get(case.gateway, party, params={"after": after})
        assert (answer.status_code, answer.json()["code"]) == (422, "parameter-invalid")


async def test_nothing_that_is_asked_narrows_or_counts_a_list(case: Case) -> None:
    await case.name("ngo-bishkek")
    await case.say(case.sent(service="oat"), case.due("D07"))

    plain = await get(case.gateway, "ngo-bishkek")
    asked = await get(
        case.gateway, "ngo-bishkek",
        params={"service": "oat", "task": "meet-person", "facility": "kg-ik-27", "q": "a", "limit": "1"},
    )  # fmt: skip

    assert asked.content == plain.content
    assert set(plain.json()) <= {"items", "openings_left", "next"}


async def test_who_has_the_list_already_is_told_so_until_it_changes(case: Case) -> None:
    name = await case.name("ngo-bishkek")
    await case.say(case.sent(), case.due("D07"))
    first = await get(case.gateway, "ngo-bishkek")
    tag = {"If-None-Match": first.headers["etag"]}

    again = await get(case.gateway, "ngo-bishkek", headers=tag)
    assert (again.status_code, again.content) == (304, b"")

    key = DeadlineKey(code="D07", referral_id=case.referral)
    await case.say(release.DeadlinesChanged(met=(key,)))
    changed = await get(case.gateway, "ngo-bishkek", headers=tag)
    assert changed.status_code == 200
    assert name not in changed.text
    assert first.headers["cache-control"] == "no-store"


async def test_who_wants_a_list_says_a_key(gateway: Gateway) -> None:
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{gateway.port}") as nobody:
        answer = await nobody.get("/v1/work")

    assert (answer.status_code, answer.json()["code"]) == (401, "key-missing")


async def test_what_was_wiped_comes_again_from_what_release_said(case: Case) -> None:
    ngo = await case.name("ngo-bishkek")
    await case.say(case.sent(), case.due("D07"), case.due("D03", of_referral=False))
    pool = case.gateway.pool
    said = [one for one in case.agent.events if one.case_ref == case.ref]
    await pool.executemany(
        "INSERT INTO release.events (partition, position, case_ref, version, envelope)"
        " VALUES ($1, $2, $3, $4, $5)",
        [
            (partition_of(case.ref), one.position, case.ref, one.sequence, encode(one))
            for one in said
        ],
    )  # fmt: skip

    rows = "SELECT w::text FROM gateway.work w WHERE case_ref = $1 ORDER BY 1"
    before = await pool.fetch(rows, case.ref)
    wipe = "DELETE FROM gateway.work_known WHERE case_ref = $1"
    # As the gateway itself, which may not read release's table; twice at once, as two gateways do.
    url = case.gateway.database.url("throughcare_gateway")
    own = await asyncpg.create_pool(url, min_size=1, max_size=2)
    await pool.execute(wipe, case.ref)
    assert await work(case, "ngo-bishkek", ngo) == []
    await asyncio.gather(refold_missing(own), refold_missing(own))
    await own.close()
    assert await pool.fetch(rows, case.ref) == before

    # Wiped, and then something more is said: it is folded in with the rest.
    await pool.execute(wipe, case.ref)
    await case.say(case.due("D06"))
    assert await pool.fetch(rows, case.ref) == before


async def test_the_database_gives_work_to_who_said_a_key_and_to_nobody_else(
    case: Case, another: Case
) -> None:
    await case.name("ngo-bishkek")
    await case.say(case.sent(), case.due("D07"), case.due("D03", of_referral=False))
    # By name, and never given the case, or not any more.
    await another.say(another.sent(), another.due("D07"))
    parties = "SELECT DISTINCT coalesce(party, role) FROM gateway.work"
    connection = await asyncpg.connect(case.gateway.database.url("throughcare_door"))
    try:
        assert await connection.fetch(parties) == []
        await connection.execute("SELECT set_config('throughcare.speaker', 'ngo-bishkek x', false)")
        assert await connection.fetch(parties) == []
        async with connection.transaction():
            await connection.fetch("SELECT access.enter($1)", case.gateway.keys["ngo-bishkek"])
            # Also unasked, by whatever query: its own by name, or its role's.
            seen = {row[0] for row in await connection.fetch(parties)}
            assert seen <= {"ngo-bishkek", "ngo"}
            assert "ngo-bishkek" in seen
            mine = "SELECT count(*) FROM gateway.work WHERE case_ref = $1"
            assert await connection.fetchval(mine, case.ref) == 1
            assert await connection.fetchval(mine, another.ref) == 0
            await case.gateway.pool.execute(
                "UPDATE gateway.case_access SET until = runtime.now() WHERE case_ref = $1", case.ref
            )
            assert await connection.fetchval(mine, case.ref) == 0
        for refused in ("SELECT FROM gateway.work_known", "DELETE FROM gateway.work",
                        "SELECT release.said_of(gen_random_uuid())"):  # fmt: skip
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(refused)
    finally:
        await connection.close()
