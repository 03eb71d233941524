"""The demo's page: in two languages, without names, scripts or a way out of loopback."""

import re
from datetime import UTC, datetime, timedelta
from typing import get_args
from uuid import UUID

import asyncpg
import httpx2
import pytest

from throughcare.contracts.codes import DeadlineCode
from throughcare.contracts.events import EVENTS
from throughcare.contracts.intake_events import CaseOpened
from throughcare.contracts.release_events import (
    CaseClosed,
    DeadlineMissed,
    DeadlinesChanged,
    DeadlineWaived,
    EscalationAcknowledged,
    EscalationCleared,
    EscalationRaised,
)
from throughcare.gateway.page import words
from throughcare.gateway.page.demo import _Moving, is_wanted
from throughcare.gateway.page.render import Alarm, Due, Known, case_page, gate_page
from throughcare.protocol.stage import Stage
from throughcare.runtime.settings import Http, Settings
from throughcare.tests.gateway.fake_agent import FakeAgent
from throughcare.tests.gateway.ground import Gateway, open_case
from throughcare.tests.gateway.told import Told, step
from throughcare.tests.support.story import Step, tell


def test_every_event_stage_and_deadline_has_its_words() -> None:
    assert {event.name for event in EVENTS} == words.EVENTS.keys()
    assert set(get_args(Stage)) == words.STAGES.keys()
    assert set(get_args(DeadlineCode)) == words.DEADLINES.keys()


@pytest.mark.parametrize(
    ("demo_page", "host", "wanted"),
    [(True, "127.0.0.1", True), (True, "0.0.0.0", False), (False, "127.0.0.1", False)],
)
def test_the_page_is_served_on_loopback_only_and_only_if_asked(
    demo_page: bool, host: str, wanted: bool
) -> None:
    assert is_wanted(Settings(demo_page=demo_page, http=Http(host=host))) is wanted


def test_whatever_stands_in_a_timeline_is_text_in_the_page() -> None:
    evil = "<script>alert(1)</script>"
    entry = {"day": 0, "kind": "event", "type": f"org.x.{evil}.v1", "data": {"code": evil}}

    html = case_page("en", evil, [entry], [], everything=True)

    assert "<script" not in html


async def _awaited(told: Told, *steps: Step) -> list[tuple[object, ...]]:
    again = Told(told.connection)
    await again.tell([step(CaseOpened), *steps])
    rows = await told.connection.fetch("SELECT * FROM timeline.awaited($1)", again.case_ref)
    return [tuple(row) for row in rows]


async def test_an_alarm_that_stands_is_what_has_to_happen_next(told: Told) -> None:
    first = step(EscalationRaised, escalation_id="a", code="D17", level=1)
    higher = step(EscalationRaised, escalation_id="b", code="D17", level=2)
    other = step(EscalationRaised, escalation_id="c", code="D17", level=1, referral_id="r")
    taken = step(EscalationAcknowledged, escalation_id="b")
    cleared = step(EscalationCleared, escalation_id="b")

    assert await _awaited(told, first) == [("D17", 1, False)]
    assert await _awaited(told, first, higher, taken) == [("D17", 2, True)]
    assert await _awaited(told, first, higher, taken, cleared) == []
    assert await _awaited(told, first, higher, other, cleared) == [("D17", 3, False)]
    assert await _awaited(told, first, step(CaseClosed)) == []


async def test_a_promise_is_awaited_until_it_is_kept_missed_waived_or_dropped(told: Told) -> None:
    def due(code: str, day: int, **of: object) -> dict[str, object]:
        return {"code": code, "due_at": f"2026-03-{day:02}T08:00:00Z", **of}

    put = step(DeadlinesChanged, put=[due("D19", 20), due("D02", 5), due("D02", 4, step=2)])
    moved = step(DeadlinesChanged, met=[{"code": "D19"}], put=[due("D19", 9)])
    dropped = step(DeadlinesChanged, dropped=[{"code": "D02", "step": 2}])
    many = step(DeadlinesChanged, put=[due(f"D3{n}", 10 + n) for n in range(5)])

    assert await _awaited(told, put) == [("D02", 3, None), ("D02", 4, None), ("D19", 19, None)]
    assert (await _awaited(told, put, moved))[-1] == ("D19", 8, None)
    assert await _awaited(told, put, dropped, step(DeadlineMissed, code="D19")) == [
        ("D02", 4, None)
    ]
    assert len(await _awaited(told, put, step(DeadlineWaived, code="D02"))) == 2
    assert len(await _awaited(told, many)) == 4
    assert await _awaited(told, put, step(CaseClosed)) == []


def test_the_case_page_says_alarms_and_days_in_the_readers_language() -> None:
    due, alarms = [Due("D19", 45)], [Alarm("D17", 9, taken_on=False)]

    russian = case_page("ru", "K7FQ", [], due, alarms, everything=False)
    english = case_page("en", "K7FQ", [], [], alarms, everything=False)

    assert "к 45-му дню" in russian
    assert "Тревога: первая встреча" in russian
    assert "Alarm: first contact" in english
    assert "Nothing is awaited" not in english


@pytest.mark.parametrize("code", ["no-show", "died", "reached", "not-reached", "routine"])
def test_russian_words_of_a_step_speak_of_no_man_and_no_telephone_only(code: str) -> None:
    said = words.CODES[code].ru

    assert not re.search(r"пришёл|умер|найден|дозвонились|обычная", said)


def test_the_page_renews_itself_only_while_the_clock_is_stepped() -> None:
    now, moving = datetime(2026, 3, 2, tzinfo=UTC), _Moving()
    is_live = moving.at(now)
    moving._moved_at -= 60

    assert is_live
    assert not moving.at(now)
    assert moving.at(now + timedelta(days=1))
    assert 'http-equiv="refresh"' in gate_page("en", now, [], [], is_live=True)
    assert "refresh" not in gate_page("en", now, [], [])


def test_each_case_is_listed_with_its_stage() -> None:
    known = [Known("K7FQ-2MPX", "follow-up", None)]

    assert "сопровождение" in gate_page("ru", datetime(2026, 3, 2, tzinfo=UTC), [], known)


async def test_the_page_answers_who_asks_for_its_head_only(gateway: Gateway) -> None:
    async with gateway.client("ik-27") as client:
        answer = await client.head("/demo")

    assert (answer.status_code, answer.content) == (200, b"")


async def _case_with_a_code(gateway: Gateway, agent: FakeAgent, alias: str, code: str) -> UUID:
    async with gateway.client("ik-27") as client:
        answer = await client.post("/v1/commands", json=open_case(alias))
    case_ref = agent.of(answer.headers["location"].rpartition("/")[2]).case_ref
    pool: asyncpg.Pool = gateway.pool
    await gateway.name(case_ref, "monitor-1", code)
    await pool.execute(
        """
        INSERT INTO timeline.cases (case_ref, intake_version, release_version, consent, planned,
            placed, ready, outside, closed, stage, facility, expected_release_on)
        VALUES ($1, 1, 1, 'granted', true, false, false, 'no', false, 'planned', 'kg-ik-27',
            (now() + interval '9 days')::date)
        """,
        case_ref,
    )
    return case_ref


async def test_the_gate_list_names_cases_by_code_and_says_what_they_lack(
    gateway: Gateway, agent: FakeAgent
) -> None:
    await _case_with_a_code(gateway, agent, "P-4711", "K7FQ-2MPX")
    async with gateway.client("ik-27") as client:
        english = await client.get("/demo?lang=en")
        russian = await client.get("/demo?lang=ru")

    assert "K7FQ-2MPX" in english.text
    assert "P-4711" not in english.text  # the prison's own name for it is nobody else's
    assert "a receiver, readiness check" in english.text
    assert "принимающая сторона, проверка готовности" in russian.text
    assert '<html lang="ru">' in russian.text
    assert "script" not in english.headers["content-security-policy"]
    assert english.headers["content-type"] == "text/html; charset=utf-8"


async def test_reading_a_case_on_the_page_becomes_a_leaf_of_the_log(
    gateway: Gateway, agent: FakeAgent
) -> None:
    case_ref = await _case_with_a_code(gateway, agent, "P-4712", "K7FQ-2MPY")
    put = [{"code": "D19", "due_at": "2026-04-15T08:00:00Z"}]
    await tell(
        gateway.pool,
        case_ref,
        [
            step(CaseOpened, facility="kg-ik-27"),
            step(DeadlinesChanged, put=put),
            step(EscalationRaised, escalation_id="a", code="D17"),
        ],
    )
    async with gateway.client("ik-27") as client:
        page = await client.get("/demo/cases/K7FQ-2MPY?lang=en")
        missing = await client.get("/demo/cases/P-4712?lang=en")

    assert page.status_code == 200
    assert "by day 45" in page.text
    assert "Alarm: first contact" in page.text
    assert "kg-ik-27" not in page.text
    assert missing.status_code == 404
    reads = "SELECT count(*) FROM timeline.entries WHERE case_ref = $1 AND kind = 'read'"
    assert await gateway.pool.fetchval(reads, case_ref) == 1


async def test_a_page_elsewhere_cannot_read_this_one_under_a_name_of_its_own(
    gateway: Gateway,
) -> None:
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{gateway.port}") as client:
        answer = await client.get("/demo", headers={"host": "evil.example"})

    assert answer.status_code == 404
