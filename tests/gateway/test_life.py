"""Names and rights of a case that ends and goes on: who may still answer, ask again, take back, act."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from throughcare.contracts.care_events import PermissionRecalled, WithdrawalAcknowledged
from throughcare.contracts.envelope import Message
from throughcare.contracts.kinds import Event
from throughcare.contracts.life_commands import ReopenCase
from throughcare.contracts.life_events import EpisodeResumed, ReleaseReversed
from throughcare.contracts.outcomes import Refused
from throughcare.contracts.release_events import (
    CaseClosed,
    FirstContactMade,
    PersonReleased,
    PersonTransferred,
)
from throughcare.contracts.topics import RELEASE_EVENTS, partition_of
from throughcare.tests.gateway.fake_agent import FakeAgent
from throughcare.tests.gateway.ground import Gateway, event, eventually, open_case

pytestmark = pytest.mark.usefixtures("agent")
REFERRAL = uuid.UUID(int=77)


def reopen(alias: str) -> dict[str, Any]:
    return event("command", "reopen-case", alias, requested_by="client")


def reversed_(alias: str) -> dict[str, Any]:
    return event("fact", "release-reversed", alias)


class World:
    """One case of a prison, and what becomes of it."""

    def __init__(
        self, gateway: Gateway, agent: FakeAgent, prison: httpx2.AsyncClient, alias: str
    ) -> None:
        self.gateway, self.agent, self.prison, self.alias = gateway, agent, prison, alias
        self.opened: Message

    async def begin(self) -> "World":
        answer = await self.prison.post("/v1/commands", json=open_case(self.alias))
        assert answer.status_code == 201, answer.text
        self.opened = self.agent.of(answer.headers["location"].rpartition("/")[2])
        return self

    async def name(self, party: str, alias: str) -> None:
        await self.gateway.name(self.opened.case_ref, party, alias)

    async def say(self, *events: Event, about: Message | None = None) -> None:
        """Let release say these, and wait until the doors have heard them."""
        for one in events:
            await self.agent.say("release", about or self.opened, one)
        topic, partition = RELEASE_EVENTS.name, partition_of(self.opened.case_ref)
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

    async def status(self, party: str, message: dict[str, Any]) -> tuple[int, str]:
        kind = "facts" if ".fact." in message["type"] else "commands"
        async with self.gateway.client(party) as client:
            answer = await client.post(f"/v1/{kind}", json=message)
        return answer.status_code, answer.json().get("code", "")

    async def sees(self, party: str, alias: str) -> bool:
        async with self.gateway.client(party) as client:
            answer = await client.get(f"/v1/cases/{alias}/timeline")
        return bool(answer.status_code == 200)

    async def later(self, days: float) -> None:
        """Let names and rights of this case run out as if so many days had passed."""
        for table, column in (
            ("case_access", "until"), ("case_access", "answers_until"), ("aliases", "until"),
            ("past_names", "until"),
        ):  # fmt: skip
            await self.gateway.pool.execute(
                f"UPDATE gateway.{table} SET {column} = {column} - make_interval(hours => $2)"  # noqa: S608
                f" WHERE case_ref = $1 AND {column} < 'infinity'",
                self.opened.case_ref, int(days * 24),
            )  # fmt: skip
        await self.gateway.pool.execute("NOTIFY throughcare_clock")
        ran_out = "SELECT count(*) FROM gateway.aliases WHERE case_ref = $1 AND until <= now()"

        async def is_swept() -> bool:
            return not await self.gateway.pool.fetchval(ran_out, self.opened.case_ref)

        await eventually(is_swept)


@pytest.fixture
async def world(
    gateway: Gateway,
    agent: FakeAgent,
    client: httpx2.AsyncClient,
) -> World:
    return await World(gateway, agent, client, f"L-{uuid.uuid4()}").begin()


def recalled(party: str = "ngo-bishkek") -> PermissionRecalled:
    return PermissionRecalled(
        referral_id=REFERRAL, receiver=party, receiver_type="ngo", recalled_at=datetime.now(UTC)
    )


def acknowledge(alias: str) -> dict[str, Any]:
    return event(
        "command", "acknowledge-withdrawal", alias,
        referral_id=str(REFERRAL), data_action="deleted",
    )  # fmt: skip


@pytest.mark.parametrize("reason", ["consent-withdrawn", "consent-expired"])
async def test_a_recipient_may_answer_after_the_end_and_sees_nothing(
    world: World, reason: Any
) -> None:
    await world.name("ngo-bishkek", f"N-{world.alias}")
    await world.say(recalled(), CaseClosed(reason_code=reason))

    assert not await world.sees("ngo-bishkek", f"N-{world.alias}")
    other = event("command", "record-outreach", f"N-{world.alias}", referral_id=str(REFERRAL),
                  means="visit", result="met")  # fmt: skip
    assert await world.status("ngo-bishkek", other) == (404, "no-such-case")
    await world.later(5)
    assert await world.status("ngo-bishkek", acknowledge(f"N-{world.alias}")) == (201, "")


async def test_who_sees_to_the_answers_has_a_name_for_it_and_loses_it_with_the_last_answer(
    world: World,
) -> None:
    await world.name("ngo-bishkek", f"N-{world.alias}")
    await world.say(recalled(), CaseClosed(reason_code="consent-withdrawn"))
    code = await world.gateway.named(world.opened.case_ref, "coordinator")
    told = event("command", "confirm-recipient-told", code, referral_id=str(REFERRAL))

    assert await world.status("coordinator", told) == (201, "")
    await world.say(WithdrawalAcknowledged(referral_id=REFERRAL, data_action="deleted"))
    await world.later(1)
    assert await world.status("coordinator", {**told, "id": "again"}) == (404, "no-such-case")
    assert await world.status("ngo-bishkek", acknowledge(f"N-{world.alias}")) == (
        404, "no-such-case",
    )  # fmt: skip


async def test_who_was_taken_out_of_the_consent_sees_nothing_more_while_others_do(
    world: World,
) -> None:
    await world.name("ngo-bishkek", f"N-{world.alias}")
    await world.say(recalled())

    assert not await world.sees("ngo-bishkek", f"N-{world.alias}")
    assert await world.sees("ik-27", world.alias)
    # Asked anew, by a consent that names it again, it sees what it is asked.
    await world.name("ngo-bishkek", "unused")
    assert await world.sees("ngo-bishkek", f"N-{world.alias}")


async def test_a_closed_case_is_found_again_by_its_former_name_to_go_on_and_for_nothing_else(
    world: World,
) -> None:
    await world.name("ngo-bishkek", f"N-{world.alias}")
    await world.say(CaseClosed(reason_code="consent-refused"))

    assert not await world.sees("ik-27", world.alias)
    other = event(
        "command",
        "offer-consent",
        world.alias,
        language="ru-Cyrl",
        form_version="1",
        explained_orally=True,
        witness_role="ngo",
    )
    assert await world.status("ik-27", other) == (404, "no-such-case")
    answer = await world.prison.post("/v1/commands", json=reopen(world.alias))
    assert answer.status_code == 201, answer.text
    said = world.agent.of(answer.headers["location"].rpartition("/")[2])
    assert said.case_ref == world.opened.case_ref
    resumed = EpisodeResumed(previous_reason="consent-refused", resumed_at=datetime.now(UTC))
    await world.say(resumed, about=said)
    assert await world.sees("ik-27", world.alias)
    assert not await world.sees("ngo-bishkek", f"N-{world.alias}")
    # Who did not ask cannot even find out that it goes on.
    assert await world.status("ngo-bishkek", reopen(f"N-{world.alias}")) == (404, "no-such-case")
    assert not await world.gateway.pool.fetchval(
        "SELECT ended_at FROM gateway.cases WHERE case_ref = $1", world.opened.case_ref
    )


async def test_a_prison_whose_date_is_still_to_come_follows_the_case_that_another_reopened(
    world: World,
) -> None:
    await world.name("ngo-bishkek", f"N-{world.alias}")
    await world.say(CaseClosed(reason_code="consent-refused"))
    async with world.gateway.client("ngo-bishkek") as ngo:
        answer = await ngo.post("/v1/commands", json=reopen(f"N-{world.alias}"))
    said = world.agent.of(answer.headers["location"].rpartition("/")[2])
    soon = (datetime.now(UTC) + timedelta(days=20)).date()
    await world.say(
        EpisodeResumed(
            previous_reason="consent-refused", expected_release_on=soon,
            resumed_at=datetime.now(UTC),
        ),
        about=said,
    )  # fmt: skip

    # By its own number, which was blanked when the case closed.
    assert await world.gateway.pool.fetchval(
        "SELECT 1 FROM gateway.aliases WHERE alias = $1", world.gateway.hidden("ik-27", world.alias)
    ) is None  # fmt: skip
    fact = event("fact", "release-scheduled", world.alias, expected_release_on=str(soon))
    assert await world.status("ik-27", fact) == (201, "")


async def test_a_reopening_that_is_refused_leaves_no_name_behind(world: World) -> None:
    await world.say(CaseClosed(reason_code="consent-refused"))
    world.agent.rules[ReopenCase] = Refused(
        answered_source="/x", answered_id="x", refusal_code="refusal-too-recent"
    )
    try:
        assert (await world.status("ik-27", reopen(world.alias)))[1] == "refusal-too-recent"
    finally:
        del world.agent.rules[ReopenCase]

    names = "SELECT count(*) FROM gateway.aliases WHERE case_ref = $1"
    assert await world.gateway.pool.fetchval(names, world.opened.case_ref) == 0
    assert await world.status("ik-27", reopen(world.alias)) == (201, "")


async def test_a_case_that_ended_for_good_or_long_ago_is_not_found_again(world: World) -> None:
    await world.say(CaseClosed(reason_code="consent-refused"))
    await world.later(92)
    assert await world.status("ik-27", reopen(world.alias)) == (404, "no-such-case")

    await World(world.gateway, world.agent, world.prison, world.alias).begin()
    other = await World(world.gateway, world.agent, world.prison, f"{world.alias}-x").begin()
    await other.say(CaseClosed(reason_code="died"))
    assert await other.status("ik-27", reopen(other.alias)) == (404, "no-such-case")


async def test_a_name_that_ran_out_stands_nowhere_and_is_no_other_partys(world: World) -> None:
    await world.say(CaseClosed(reason_code="consent-refused"))
    rows = await world.gateway.pool.fetch(
        "SELECT * FROM gateway.past_names WHERE case_ref = $1", world.opened.case_ref
    )

    assert len(rows) == 1
    assert world.alias not in str(rows)
    assert await world.status("ngo-bishkek", reopen(world.alias)) == (404, "no-such-case")


async def test_a_person_who_is_back_under_the_same_number_is_a_new_case(world: World) -> None:
    await world.say(CaseClosed(reason_code="consent-refused"))

    again = await World(world.gateway, world.agent, world.prison, world.alias).begin()

    assert again.opened.case_ref != world.opened.case_ref
    answer = await world.prison.post("/v1/commands", json=reopen(world.alias))
    said = world.agent.of(answer.headers["location"].rpartition("/")[2])
    assert said.case_ref == again.opened.case_ref


def released(at: datetime) -> PersonReleased:
    return PersonReleased(released_at=at, known_at=at, unplanned=False)


@pytest.mark.parametrize("days", [0, 3])
async def test_a_release_that_was_none_gives_the_prison_its_name_back(
    world: World, days: int
) -> None:
    await world.say(released(datetime.now(UTC)))
    if days:
        await world.later(days)
        assert not await world.sees("ik-27", world.alias)

    await world.say(ReleaseReversed(said_at=datetime.now(UTC)))
    await world.later(30)

    fact = event("fact", "release-scheduled", world.alias, expected_release_on="2027-01-10")
    assert await world.status("ik-27", fact) == (201, "")
    assert await world.sees("ik-27", world.alias)


_NOW = datetime.now(UTC)
_MET = FirstContactMade(referral_id=REFERRAL, contact_at=_NOW, hours_since_release=2)


@pytest.mark.parametrize(
    "since",
    [(), (_MET,), (_MET, CaseClosed(reason_code="completed")), (CaseClosed(reason_code="died"),)],
    ids=["not met", "met", "met, and closed", "died"],
)
async def test_a_prison_that_denies_a_release_late_cannot_tell_what_became_of_the_person(
    world: World, since: tuple[Event, ...]
) -> None:
    await world.say(released(_NOW))
    await world.later(2)
    await world.say(*since)

    async with world.gateway.client("ik-27") as prison:
        answers = [await prison.post("/v1/facts", json=reversed_(world.alias)) for _ in range(2)]

    for answer in answers:
        assert answer.status_code == 201, answer.text
        assert answer.json()["type"] == "org.throughcare.outcome.decided.v1"
        # Versions would say how much has happened since.
        assert set(answer.json()["data"]) == {
            "answered_source", "answered_id", "answered_type",
        }  # fmt: skip
    # It is passed on, and opens nothing: no reading, and no name that stays.
    said = world.agent.of(answers[0].headers["location"].rpartition("/")[2])
    assert said.case_ref == world.opened.case_ref
    assert not await world.sees("ik-27", world.alias)
    assert not await world.gateway.pool.fetchval(
        "SELECT count(*) FROM gateway.aliases WHERE alias = $1",
        world.gateway.hidden("ik-27", world.alias),
    )


async def test_a_facility_that_the_person_left_has_a_day_and_the_new_one_may_act(
    world: World,
) -> None:
    await world.say(
        PersonTransferred(
            from_facility="kg-ik-27", to_facility="kg-ik-31", transferred_at=datetime.now(UTC)
        )
    )
    code = await world.gateway.named(world.opened.case_ref, "ik-31")

    assert await world.sees("ik-27", world.alias)
    # A word that it left does not give the old place more than its day.
    await world.name("ik-27", "unused")
    await world.later(1)
    assert not await world.sees("ik-27", world.alias)
    fact = event("fact", "release-scheduled", code, expected_release_on="2027-01-10",
                 facility="kg-ik-31")  # fmt: skip
    assert await world.status("ik-31", fact) == (201, "")
    assert await world.sees("ik-31", code)


@pytest.mark.parametrize(
    ("party", "facility", "country"),
    [
        ("ik-27", "kg-ik-27", "kg"),
        ("prison-kz", "kz-1", "kz"),
        ("ngo-anywhere", None, "tj"),
        ("prison-tm", "tm-4", "tm"),
        ("prison-uz", "uz-2", "uz"),
        ("ngo-anywhere", "uz-9", "uz"),
    ],
)
async def test_a_case_begins_under_the_rules_of_the_country_of_its_place(
    gateway: Gateway, agent: FakeAgent, party: str, facility: str | None, country: str
) -> None:
    said = open_case(None)
    del said["data"]["facility"]
    if facility is not None:
        said["data"]["facility"] = facility
    async with gateway.client(party) as client:
        answer = await client.post("/v1/commands", json=said)
        step = await client.post(
            "/v1/commands",
            json=event("command", "offer-consent", answer.json()["subject"], language="ru-Cyrl",
                       form_version="1", explained_orally=True, witness_role="ngo"),
        )  # fmt: skip

    assert answer.status_code == 201, answer.text
    for one in (answer, step):
        message = agent.of(one.headers["location"].rpartition("/")[2])
        assert message.protocol_version.startswith(f"{country}-")


async def test_early_facts_about_a_programme_follow_the_opening_to_who_decides_them(
    client: httpx2.AsyncClient, agent: FakeAgent, gateway: Gateway
) -> None:
    early = await client.post(
        "/v1/facts",
        json=event("fact", "programme-phase-started", "L-prog", programme_code="atlantis",
                   phase_code="two"),
    )  # fmt: skip
    assert early.status_code == 202
    await client.post("/v1/commands", json=open_case("L-prog"))

    applied = await client.get(early.headers["location"], headers={"prefer": "wait=10"})
    assert applied.json()["type"].endswith("decided.v1"), applied.text
    id = early.headers["location"].rpartition("/")[2]
    row = await gateway.pool.fetchrow(
        "SELECT service, number FROM gateway.commands WHERE id = $1", uuid.UUID(id)
    )
    assert (row["service"], row["number"]) == ("intake", 2)
