"""Coming by a code instead of a name, and what the facility that they left may hear."""

from datetime import UTC, datetime
from uuid import uuid4

import httpx2
import pytest

from throughcare.contracts.release_events import FirstContactMade
from throughcare.runtime.ids import is_code, new_code, new_id
from throughcare.tests.gateway.desks import Desks, no
from throughcare.tests.gateway.fake_agent import FakeAgent
from throughcare.tests.gateway.test_gate import Case
from throughcare.tests.gateway.test_life import World, released

pytestmark = pytest.mark.usefixtures("agent")


# -- coming by a code --------------------------------------------------------------------------


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

    assert {no(answer) for answer in answers} == {(404, "no-such-code")}
    assert await desks.leaves("denied") == before + 2


async def test_a_new_code_to_bring_along_ends_the_one_before(desks: Desks) -> None:
    case, referral = await _bound(desks)

    codes = [(await _arrival_code(desks, case, referral)).json()["code"] for _ in range(2)]

    assert [(await _came(desks, "ngo-bishkek", code)).status_code for code in codes] == [404, 200]
    assert await desks.leaves("code-given", case.ref) == 2


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

    assert [no(answer) for answer in answers] == [
        (409, "consent-not-by-code"),
        (409, "referral-not-accepted"),
        (404, "no-such-case"),
        (422, "fields"),
        (403, "code-not-for-role"),
    ]
    assert await desks.leaves("denied", by_name.ref) == 1
    assert await desks.leaves("denied", case.ref) == 2
    assert await desks.leaves("code-given", case.ref) == 0


# -- whether they arrived ----------------------------------------------------------------------


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

    # Whether the person said stop since is not what they agreed to.
    await desks.gateway.pool.execute("SELECT intake.stop($1)", ref)
    assert (await _arrival(desks, name)).json() == {"arrived": True}

    assert not await world.sees("ik-27", name)
    assert (before.status_code, before.json()) == (200, {"arrived": False})
    assert (after.status_code, after.json()) == (200, {"arrived": True})
    assert await desks.leaves("read", ref) == 3
    assert no(await _arrival(desks, name, "ik-31")) == (404, "no-such-case")


async def test_a_facility_hears_of_no_arrival_after_the_person_said_stop(
    desks: Desks, agent: FakeAgent
) -> None:
    world = await World(desks.gateway, agent, desks.prison, f"arr-{uuid4().hex[:6]}").begin()
    ref, name = world.opened.case_ref, world.alias
    await desks.gateway.pool.execute("INSERT INTO intake.agreements VALUES ($1, false, true)", ref)
    await world.say(released(datetime.now(UTC)))
    await world.later(2)
    await desks.gateway.pool.execute("SELECT intake.stop($1)", ref)

    await world.say(FirstContactMade(
        referral_id=uuid4(), contact_at=datetime.now(UTC), hours_since_release=5,
    ))  # fmt: skip

    assert (await _arrival(desks, name)).json() == {"arrived": False}


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

    assert {no(answer) for answer in answers} == {(404, "no-such-case")}
    assert await desks.leaves("denied") == before + 3
