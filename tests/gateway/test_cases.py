"""How a case gets its name and loses it, and what waits for it meanwhile."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from throughcare.contracts.envelope import Message
from throughcare.contracts.intake_commands import OpenCase
from throughcare.contracts.outcomes import Refused
from throughcare.contracts.release_events import CaseClosed, PersonReleased
from throughcare.gateway.cloudevents import read_structured
from throughcare.tests.gateway.fake_agent import FakeAgent
from throughcare.tests.gateway.ground import Gateway, event, eventually, open_case

pytestmark = pytest.mark.usefixtures("agent")


def scheduled(alias: str, on: str = "2026-12-24") -> dict[str, Any]:
    return event("fact", "release-scheduled", alias, expected_release_on=on, facility="kg-ik-27")


def enrolled(alias: str) -> dict[str, Any]:
    return event("fact", "programme-enrolled", alias, programme_code="atlantis")


async def open_and_see(client: httpx2.AsyncClient, agent: FakeAgent, alias: str) -> Message:
    answer = await client.post("/v1/commands", json=open_case(alias))
    assert answer.status_code == 201, answer.text
    return agent.of(answer.headers["location"].rpartition("/")[2])


async def test_an_early_fact_waits_under_its_name_and_follows_the_opening_in_order(
    gateway: Gateway, client: httpx2.AsyncClient, agent: FakeAgent
) -> None:
    first, second = scheduled("C-1"), scheduled("C-1", "2026-12-25")

    early = [await client.post("/v1/facts", json=fact) for fact in (first, second)]
    kept = await gateway.pool.fetch(
        "SELECT body FROM gateway.parked WHERE alias = $1 ORDER BY id",
        gateway.hidden("ik-27", "C-1"),
    )
    opened = await client.post("/v1/commands", json=open_case("C-1"))

    assert [answer.status_code for answer in early] == [202, 202]
    assert early[0].json()["type"] == "org.throughcare.outcome.parked.v1"
    assert kept[0]["body"] == b'{"expected_release_on":"2026-12-24"}'  # dates, and no place
    assert opened.status_code == 201
    applied = [
        await client.get(answer.headers["location"], headers={"prefer": "wait=10"})
        for answer in early
    ]
    assert [answer.json()["type"][-10:] for answer in applied] == ["decided.v1"] * 2
    messages = [agent.of(answer.headers["location"].rpartition("/")[2]) for answer in early]
    assert [m.number for m in messages] == [1, 2]
    assert {m.case_ref for m in messages} == {
        agent.of(opened.headers["location"].rpartition("/")[2]).case_ref
    }
    again = await client.post("/v1/facts", json=first)
    assert (again.status_code, again.json()) == (200, applied[0].json())


async def test_a_parked_fact_that_nobody_opens_for_is_forgotten_and_its_sender_told(
    gateway: Gateway, client: httpx2.AsyncClient
) -> None:
    fact = scheduled("C-2")
    parked = await client.post("/v1/facts", json=fact)
    await gateway.pool.execute(
        "UPDATE gateway.parked SET forget_at = now() - interval '1 s' WHERE alias = $1",
        gateway.hidden("ik-27", "C-2"),
    )

    await gateway.pool.execute("NOTIFY throughcare_clock")

    async def is_forgotten() -> bool:
        found = await client.get(parked.headers["location"])
        return bool(found.json()["type"] == "org.throughcare.outcome.no-case.v1")

    await eventually(is_forgotten)
    assert not await gateway.pool.fetchval(
        "SELECT 1 FROM gateway.parked WHERE alias = $1", gateway.hidden("ik-27", "C-2")
    )


async def test_an_enrolment_about_nobody_known_opens_a_case_where_the_country_says_so(
    client: httpx2.AsyncClient,
) -> None:
    answer = await client.post("/v1/facts", json=enrolled("C-3"))

    assert answer.status_code == 201
    assert (await client.post("/v1/facts", json=scheduled("C-3"))).status_code == 201


async def test_an_enrolment_elsewhere_is_about_nobody_and_leaves_nothing(
    gateway: Gateway,
) -> None:
    async with gateway.client("prison-tj") as client:
        answer = await client.post("/v1/facts", json=enrolled("C-4"))

    assert (answer.status_code, answer.json()["code"]) == (404, "no-case")
    assert not await gateway.pool.fetchval(
        "SELECT 1 FROM gateway.commands WHERE party = 'prison-tj'"
    )


async def test_an_opening_that_is_refused_frees_the_name(
    gateway: Gateway, client: httpx2.AsyncClient, agent: FakeAgent
) -> None:
    agent.rules[OpenCase] = Refused(
        answered_source="/x", answered_id="x", refusal_code="person-not-told"
    )
    try:
        answer = await client.post("/v1/commands", json=open_case("C-5"))
    finally:
        del agent.rules[OpenCase]

    assert (answer.status_code, answer.json()["code"]) == (422, "person-not-told")
    assert not await gateway.pool.fetchval(
        "SELECT 1 FROM gateway.aliases WHERE alias = $1", gateway.hidden("ik-27", "C-5")
    )
    early = await client.post("/v1/facts", json=scheduled("C-5"))
    assert early.status_code == 202  # parked: there is no case
    assert (await client.post("/v1/commands", json=open_case("C-5"))).status_code == 201


async def test_a_step_of_release_before_the_opening_is_decided_is_refused_not_lost(
    client: httpx2.AsyncClient, agent: FakeAgent
) -> None:
    agent.rules[OpenCase] = None
    try:
        said = open_case("C-6")
        opening = await client.post("/v1/commands", json=said, headers={"prefer": "respond-async"})
        send = await client.post(
            "/v1/commands", json=event("command", "send-referral", "C-6", item=1)
        )
        early = await client.post("/v1/facts", json=scheduled("C-6"))
    finally:
        del agent.rules[OpenCase]

    assert (send.status_code, send.json()["code"]) == (409, "case-not-open")
    assert early.json()["type"] == "org.throughcare.outcome.parked.v1"
    late = await client.get(opening.headers["location"], headers={"prefer": "wait=20"})
    assert late.status_code == 200
    applied = await client.get(early.headers["location"], headers={"prefer": "wait=20"})
    assert applied.json()["type"] == "org.throughcare.outcome.decided.v1"


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("withdraw-consent", {"received_how": "phone"}, "command"),
        ("person-died", {}, "fact"),
    ],
)
async def test_a_withdrawal_and_a_death_count_from_the_doors_commit(
    gateway: Gateway, client: httpx2.AsyncClient, agent: FakeAgent,
    name: str, data: dict[str, str], kind: str,
) -> None:  # fmt: skip
    opened = await open_and_see(client, agent, f"C-7-{kind}")

    await client.post(
        f"/v1/{kind}s", json=event(kind, name, f"C-7-{kind}", **data),
        headers={"prefer": "respond-async"},
    )  # fmt: skip

    assert await gateway.pool.fetchval("SELECT intake.is_stopped($1)", opened.case_ref)


async def test_a_party_that_may_not_report_a_death_stops_nothing(
    gateway: Gateway, agent: FakeAgent
) -> None:
    async with gateway.client("ngo-bishkek") as ngo:
        said = open_case("C-8")
        del said["data"]["facility"]
        answer = await ngo.post("/v1/commands", json=said)
        await ngo.post("/v1/facts", json=event("fact", "person-died", "C-8"))

    case_ref = agent.of(answer.headers["location"].rpartition("/")[2]).case_ref
    assert not await gateway.pool.fetchval("SELECT intake.is_stopped($1)", case_ref)


async def test_a_day_after_the_release_the_prison_has_no_name_for_the_case(
    gateway: Gateway, client: httpx2.AsyncClient, agent: FakeAgent
) -> None:
    opened = await open_and_see(client, agent, "C-9")
    long_ago = datetime.now(UTC) - timedelta(hours=25)

    await agent.say(
        "release", opened,
        PersonReleased(released_at=long_ago, known_at=long_ago, unplanned=False),
    )  # fmt: skip

    async def is_gone() -> bool:
        return (await client.get("/v1/cases/C-9/timeline")).status_code == 404

    await eventually(is_gone)
    await gateway.pool.execute("NOTIFY throughcare_clock")

    async def is_blanked() -> bool:
        found = await gateway.pool.fetchval(
            "SELECT 1 FROM gateway.aliases WHERE alias = $1", gateway.hidden("ik-27", "C-9")
        )
        return found is None

    await eventually(is_blanked)


async def test_a_closed_case_has_no_name_but_the_monitors(
    gateway: Gateway, client: httpx2.AsyncClient, agent: FakeAgent
) -> None:
    opened = await open_and_see(client, agent, "C-10")
    await gateway.name(opened.case_ref, "monitor-1", "AUDIT-10")

    await agent.say("release", opened, CaseClosed(reason_code="completed"))

    async def is_gone() -> bool:
        return (await client.get("/v1/cases/C-10/timeline")).status_code == 404

    await eventually(is_gone)
    names = await gateway.pool.fetch(
        "SELECT party FROM gateway.aliases WHERE case_ref = $1", opened.case_ref
    )
    assert [row["party"] for row in names] == ["monitor-1"]
    async with gateway.client("monitor-1") as monitor:
        assert (await monitor.get("/v1/cases/AUDIT-10/timeline")).status_code == 200
    # The name is free: the same person, another episode.
    again = await open_and_see(client, agent, "C-10")
    assert again.case_ref != opened.case_ref


async def test_a_message_id_said_again_with_another_body_is_refused_before_and_after_the_end(
    gateway: Gateway, client: httpx2.AsyncClient, agent: FakeAgent
) -> None:
    opening = open_case("C-11")
    first = await client.post("/v1/commands", json=opening)
    opened = agent.of(first.headers["location"].rpartition("/")[2])
    other = {**opening, "subject": "C-11b"}

    before = await client.post("/v1/commands", json=other)
    await agent.say("release", opened, CaseClosed(reason_code="completed"))

    async def is_over() -> bool:
        return (await client.get("/v1/cases/C-11/timeline")).status_code == 404

    await eventually(is_over)
    after = await client.post("/v1/commands", json=other)
    again = await client.post("/v1/commands", json=opening)

    assert [no.json()["code"] for no in (before, after)] == ["idempotency-key-reused"] * 2
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])


async def test_names_cannot_be_tried_against_what_stands_of_a_message_without_the_key(
    gateway: Gateway, client: httpx2.AsyncClient
) -> None:
    opening = open_case("C-12")
    await client.post("/v1/commands", json=opening)

    tried = read_structured(json.dumps(opening).encode()).digest
    kept = await gateway.pool.fetchval(
        "SELECT body_mark FROM gateway.commands WHERE their_id = $1", opening["id"]
    )

    assert len(kept) == 32
    assert kept not in (tried, hashlib.sha256(tried).digest())
    assert kept == gateway.seal.mark(tried.hex(), "gateway/bodies/ik-27")
