"""Who keeps a part in a case: a receiver whose last referral ended reads nothing more of it."""

import re
import uuid
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from throughcare.contracts import care_events as care
from throughcare.contracts import life_events as life
from throughcare.contracts import release_events as release
from throughcare.contracts.envelope import Message
from throughcare.contracts.kinds import Event
from throughcare.gateway.known import Known, hear
from throughcare.gateway.parts import Change, Gone, change
from throughcare.gateway.problems import DOOR
from throughcare.protocol.profiles import PROFILES
from throughcare.runtime.ids import new_id
from throughcare.tests.gateway.fake_agent import FakeAgent
from throughcare.tests.gateway.foreign import ForeignClient
from throughcare.tests.gateway.ground import Gateway, event, open_case
from throughcare.tests.gateway.test_life import World

_AT = datetime(2026, 11, 2, 8, tzinfo=UTC)
_KG = PROFILES["kg-2026.1"]
_ONE, _TWO = uuid.UUID(int=1), uuid.UUID(int=2)
NGO = "ngo-bishkek"


def sent(referral: uuid.UUID = _ONE, to: str = NGO, kind: Any = "ngo") -> release.ReferralSent:
    return release.ReferralSent(
        referral_id=referral, item=1, service_type="housing", mandatory=True, receiver=to,
        receiver_type=kind, urgency="routine", consent_id=uuid.UUID(int=3), sent_at=_AT,
        answer_due_at=_AT,
    )  # fmt: skip


def accepted(referral: uuid.UUID = _ONE) -> release.ReferralAccepted:
    return release.ReferralAccepted(referral_id=referral, accepted_at=_AT)


def declined(referral: uuid.UUID = _ONE) -> release.ReferralDeclined:
    return release.ReferralDeclined(
        referral_id=referral, reason_code="no-capacity", declined_at=_AT
    )


def raised(to: str = NGO) -> release.EscalationRaised:
    return release.EscalationRaised(
        escalation_id=_TWO, code="D17", level=1, to_role="ngo", to_party=to
    )


ENDS: list[tuple[str, bool, Event]] = [
    ("declined", False, declined()),
    ("expired", False, release.ReferralExpired(referral_id=_ONE, expired_at=_AT)),
    ("cancelled", False, release.ReferralCancelled(referral_id=_ONE, reason_code="plan-revised")),
    (
        "cancelled that it held",
        True,
        release.ReferralCancelled(referral_id=_ONE, reason_code="plan-revised"),
    ),
    (
        "acceptance withdrawn",
        True,
        release.AcceptanceWithdrawn(
            referral_id=_ONE, reason_code="service-closed", withdrawn_at=_AT
        ),
    ),
    ("acceptance lapsed", True, life.AcceptanceLapsed(referral_id=_ONE, lapsed_at=_AT)),
]


# -- whose part ended -------------------------------------------------------------------------


def steps(*events: Event) -> list[Known]:
    made = [Known()]
    for number, one in enumerate(events, 1):
        message = Message(
            id=new_id(), source="/x", data=one, case_ref=_ONE, occurred_at=_AT, recorded_at=_AT,
            correlation_id=_ONE, protocol_version="kg-2026.1", sequence=number,
        )  # fmt: skip
        made.append(hear(made[-1], message))
    return made


def heard(*events: Event) -> Change:
    """What a list of events comes to, of which all but the last were heard before."""
    return change(steps(*events)[-2:], _KG)


@pytest.mark.parametrize(("held", "end"), [end[1:] for end in ENDS], ids=[end[0] for end in ENDS])
def test_a_part_ends_with_the_last_referral_and_who_said_yes_once_may_hold_something(
    held: bool, end: Event
) -> None:
    before = (sent(), accepted()) if held else (sent(),)
    assert heard(*before, end) == Change((Gone(NGO, held, answers=False),))


def test_a_part_stands_as_long_as_one_referral_does() -> None:
    assert heard(sent(), sent(_TWO), declined()) == Change()
    assert heard(sent(), sent(_TWO), declined(), declined(_TWO)).gone[0].party == NGO


def test_a_cancellation_that_was_only_asked_for_leaves_the_receiver_its_part_to_confirm_it() -> (
    None
):
    asked = care.CancellationRequested(
        referral_id=_ONE, reason_code="plan-revised", requested_at=_AT
    )
    assert heard(sent(), accepted(), asked) == Change()


@pytest.mark.parametrize(("kind", "stays"), [("ngo", True), ("probation", False)])
def test_who_gave_care_may_still_follow_up_when_the_service_ended_and_nobody_else(
    kind: Any, stays: bool
) -> None:
    ended = care.ServiceEnded(referral_id=_ONE, ended_at=_AT, outcome_code="completed")
    assert (heard(sent(kind=kind), accepted(), ended) == Change()) is stays


def test_who_is_offered_the_case_again_in_the_same_breath_keeps_its_part() -> None:
    lapsed = life.AcceptanceLapsed(referral_id=_ONE, lapsed_at=_AT)
    assert change(steps(sent(), accepted(), lapsed, sent(_TWO)), _KG) == Change()


def test_an_offer_that_came_and_went_in_one_list_has_ended_too() -> None:
    assert change(steps(sent(), declined()), _KG).gone == (Gone(NGO, False, False),)
    closed = release.CaseClosed(reason_code="completed")
    assert change(steps(sent(), declined(), closed), _KG).gone == (Gone(NGO, False, False),)


@pytest.mark.parametrize("reason", ["case-closed", "consent-withdrawn"])
def test_who_has_a_part_until_the_end_of_the_case_loses_it_with_the_case_and_not_before(
    reason: Any,
) -> None:
    """Or the case could not go on through the receiver to whom the person turns again."""
    over = release.ReferralCancelled(referral_id=_ONE, reason_code=reason)
    closed = release.CaseClosed(reason_code="lost-to-follow-up")
    assert change(steps(sent(), accepted(), over, closed), _KG) == Change()
    assert heard(sent(), accepted(), over) == Change()
    assert heard(sent(), over, closed) == Change()


def test_an_alarm_that_is_addressed_to_it_may_still_be_answered_until_it_is_over() -> None:
    lapsed = life.AcceptanceLapsed(referral_id=_ONE, lapsed_at=_AT)
    seen = release.EscalationAcknowledged(escalation_id=_TWO, by_role="ngo", by_party=NGO)
    assert heard(sent(), accepted(), raised(), lapsed) == Change((Gone(NGO, True, True),))
    assert heard(sent(), accepted(), raised(), lapsed, seen) == Change((), (NGO,))
    assert heard(sent(), accepted(), raised(), seen) == Change()
    assert change(steps(sent(), accepted(), raised(), lapsed, seen), _KG) == Change(
        (Gone(NGO, True, False),)
    )


# -- and what becomes of its access -----------------------------------------------------------


@pytest.fixture
async def world(gateway: Gateway, agent: FakeAgent, client: httpx2.AsyncClient) -> World:
    return await World(gateway, agent, client, f"P-{uuid.uuid4()}").begin()


async def name(world: World, party: str = NGO, as_of: int | None = None) -> str:
    """What notifications do with an offer that they hear."""
    return await world.gateway.name(world.opened.case_ref, party, as_of=as_of)


async def offered(world: World, referral: uuid.UUID = _ONE, *, held: bool = False) -> str:
    await world.say(sent(referral), *([accepted(referral)] if held else []))
    return await name(world, as_of=world.agent._said["release", world.opened.case_ref])


@pytest.mark.parametrize(("held", "end"), [end[1:] for end in ENDS], ids=[end[0] for end in ENDS])
async def test_a_receiver_reads_nothing_more_of_a_case_from_the_end_of_its_part(
    world: World, held: bool, end: Event
) -> None:
    code = await offered(world, held=held)
    assert await world.sees(NGO, code)

    await world.say(end)

    assert not await world.sees(NGO, code)
    other = event("command", "record-outreach", code, referral_id=str(_ONE), means="visit",
                  result="met")  # fmt: skip
    assert await world.status(NGO, other) == (404, "no-such-case")
    assert await world.sees("ik-27", world.alias)


async def test_who_sends_its_last_word_again_gets_the_stored_outcome(world: World) -> None:
    code = await offered(world)
    no = event("command", "decline-referral", code, referral_id=str(_ONE),
               reason_code="no-capacity")  # fmt: skip
    async with world.gateway.client(NGO) as client:
        first = await client.post("/v1/commands", json=no)
        assert first.status_code == 201, first.text
        await world.say(declined())
        assert not await world.sees(NGO, code)
        again = await client.post("/v1/commands", json=no)
        outcome = await client.get(first.headers["location"])
    assert (again.status_code, outcome.status_code) == (200, 200), again.text
    assert again.json()["data"] == first.json()["data"] == outcome.json()["data"]


async def test_who_never_said_yes_is_offered_the_case_again_under_another_name(
    world: World,
) -> None:
    code = await offered(world)
    await world.say(declined())
    again = await offered(world, _TWO)

    assert again not in ("", code)
    assert await world.sees(NGO, again)
    assert not await world.sees(NGO, code)


async def test_who_said_yes_once_is_offered_it_under_the_name_under_which_it_holds_something(
    world: World,
) -> None:
    code = await offered(world, held=True)
    await world.say(life.AcceptanceLapsed(referral_id=_ONE, lapsed_at=_AT))
    assert not await world.sees(NGO, code)

    assert await offered(world, _TWO) == code
    assert await world.sees(NGO, code)


async def test_what_a_receiver_still_holds_is_recalled_under_the_name_that_it_knows(
    world: World,
) -> None:
    code = await offered(world, held=True)
    await world.say(ENDS[4][2])
    recalled = care.PermissionRecalled(
        referral_id=_ONE, receiver=NGO, receiver_type="ngo", recalled_at=datetime.now(UTC)
    )
    await world.say(recalled, release.CaseClosed(reason_code="consent-withdrawn"))

    async with world.gateway.client(NGO) as client:
        owed = (await client.get("/v1/owed")).json()["owed"]
    assert code in [one["subject"] for one in owed]
    done = event("command", "acknowledge-withdrawal", code, referral_id=str(_ONE),
                 data_action="deleted")  # fmt: skip
    assert await world.status(NGO, done) == (201, "")
    assert not await world.sees(NGO, code)


async def test_an_offer_that_is_told_late_names_nothing_that_is_over(world: World) -> None:
    await world.say(sent(), release.ReferralExpired(referral_id=_ONE, expired_at=_AT))
    assert await name(world, as_of=1) == ""
    # What is offered since then is another matter.
    again = await name(world, as_of=3)
    assert again
    assert await world.sees(NGO, again)


async def test_an_offer_that_is_told_early_stands_when_an_older_end_is_heard(world: World) -> None:
    code = await offered(world)
    assert await name(world, as_of=3) == code  # the next offer, not heard here yet
    await world.say(declined())
    assert await world.sees(NGO, code)
    await world.say(sent(_TWO), declined(_TWO))
    assert not await world.sees(NGO, code)


async def test_an_alarm_stays_on_the_list_of_who_may_still_say_that_it_saw_it(
    world: World,
) -> None:
    code = await offered(world, held=True)
    await world.say(raised(), ENDS[4][2])

    async with world.gateway.client(NGO) as client:
        items = (await client.get("/v1/work")).json()["items"]
    assert [one["task"] for one in items if one["subject"] == code] == ["acknowledge-alarm"]
    assert not await world.sees(NGO, code)
    seen = event("command", "acknowledge-escalation", code, escalation_id=str(_TWO))
    assert await world.status(NGO, seen) == (201, "")
    by = release.EscalationAcknowledged(escalation_id=_TWO, by_role="ngo", by_party=NGO)
    await world.say(by)
    await world.later(2)
    assert await world.status(NGO, {**seen, "id": "again"}) == (404, "no-such-case")


async def test_who_leads_the_case_keeps_it_when_its_own_referral_is_over(world: World) -> None:
    code = await offered(world)
    offer = event("command", "offer-consent", code, language="ru-Cyrl", form_version="1",
                  explained_orally=True, witness_role="ngo")  # fmt: skip
    assert await world.status(NGO, offer) == (201, "")
    await world.say(declined())
    assert await world.sees(NGO, code)


async def test_a_party_that_is_more_than_a_receiver_keeps_what_its_other_role_sees(
    world: World,
) -> None:
    code = await name(world, "coordinator")
    await world.say(sent(to="coordinator"), declined())
    assert await world.sees("coordinator", code)


async def test_nothing_is_opened_under_a_name_that_one_holds_for_a_case_that_is_over_for_it(
    world: World, foreign: ForeignClient
) -> None:
    code = await offered(world, held=True)
    await world.say(ENDS[4][2])
    opening = open_case(code)
    del opening["data"]["facility"]
    enrolled = event("fact", "programme-enrolled", code, programme_code="atlantis")
    scheduled = event("fact", "release-scheduled", code, expected_release_on="2026-12-24")

    for said in (opening, enrolled, scheduled):
        assert await world.status(NGO, said) == (409, "name-in-use")
    # And it is nobody's but its own.
    assert await world.status("ngo-anywhere", {**scheduled, "id": "t"}) == (202, "")

    own = await world.gateway.named(world.opened.case_ref, "ik-27")
    await world.gateway.pool.execute(
        "UPDATE gateway.case_access SET until = now() WHERE party = 'ik-27' AND case_ref = $1",
        world.opened.case_ref,
    )
    fact = event("fact", "release-scheduled", own, expected_release_on="2026-12-24")
    foreign.emit_fact(fact)
    (outcome,) = await foreign.outcomes_for(fact["id"])
    assert outcome["data"]["refusal_code"] == "name-in-use"
    assert re.search("[а-я]", DOOR["name-in-use"].ru)
