"""Where a case stands: the same in whatever order the two halves are read, and however often."""

from datetime import date
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from throughcare.contracts import intake_events as intake
from throughcare.contracts import life_events as life
from throughcare.contracts import release_events as release
from throughcare.contracts.kinds import Data
from throughcare.services.timeline.course import Standing, apply
from throughcare.tests.timeline.conftest import START, Log, cases

_ID = UUID(int=7)
_FAR = date(2027, 1, 1)
_INTAKE: list[Data] = [
    intake.CaseOpened(origin="facility", facility="kg-31", region="kg-gc"),
    intake.ConsentOffered(
        language="ky-Cyrl",
        form_version="1",
        explained_orally=True,
        interpreter=False,
        witness_role="ngo",
    ),
    intake.ConsentGranted(
        consent_id=_ID,
        items=(),
        expires_on=date(2027, 1, 1),
        signed_how="ink",
        feedback_to_facility=False,
    ),
    intake.PlanAgreed(plan_version=1, items=()),
]
_RELEASE: list[Data] = [
    release.ReleaseScheduled(
        expected_release_on=date(2026, 4, 1), said_at=START, known_at=START, facility="kg-31"
    ),
    release.PlacementStarted(referral_id=_ID),
    release.ReadinessConfirmed(gaps=()),
    release.PersonTransferred(to_facility="kg-3", transferred_at=START),
    release.ReleaseRescheduled(
        change="postponed",
        old_on=date(2026, 4, 1),
        new_on=date(2026, 5, 1),
        said_at=START,
        known_at=START,
    ),
    release.PersonReleased(released_at=START, known_at=START, unplanned=False),
    release.FirstContactMade(referral_id=_ID, contact_at=START, hours_since_release=1),
    release.CaseClosed(reason_code="completed"),
]


def _all() -> list[tuple[str, int, Data]]:
    first = [("intake", version, event) for version, event in enumerate(_INTAKE, 1)]
    return first + [("release", version, event) for version, event in enumerate(_RELEASE, 1)]


def _folded(said: list[tuple[str, int, Data]]) -> Standing:
    standing = Standing()
    for half, version, event in said:
        standing = apply(standing, half, version, event)
    return standing


@given(picks=st.lists(st.booleans(), min_size=len(_INTAKE) + len(_RELEASE)), again=st.data())
def test_the_two_halves_may_be_read_in_any_order_between_each_other(
    picks: list[bool], again: st.DataObject
) -> None:
    queues = [_all()[: len(_INTAKE)], _all()[len(_INTAKE) :]]
    mixed = []
    for pick in picks:
        queue = queues[pick] or queues[not pick]
        if queue:
            mixed.append(queue.pop(0))
            if again.draw(st.booleans()):
                mixed.append(mixed[again.draw(st.integers(0, len(mixed) - 1))])

    assert _folded(_all()) == _folded(mixed)


def test_a_case_shows_where_it_is() -> None:
    standing = _folded(_all())

    assert standing.stage == "closed"
    assert standing.facility == "kg-3"
    assert standing.expected_release_on == date(2026, 5, 1)
    assert (standing.intake_version, standing.release_version) == (4, 8)
    assert standing.closing_reason == "completed"


def test_a_release_date_that_was_taken_back_is_gone() -> None:
    taken_back = release.ReleaseRescheduled(
        change="cancelled", old_on=date(2026, 4, 1), said_at=START, known_at=START
    )

    assert _folded([*_all()[:5], ("release", 2, taken_back)]).expected_release_on is None


def test_a_case_that_goes_on_is_open_again_and_a_release_taken_back_is_none() -> None:
    out = release.PersonReleased(released_at=START, known_at=START, unplanned=True)
    back = life.ReleaseReversed(said_at=START, facility="kg-9")
    said = [*_all()[:5], ("release", 2, out), ("release", 3, back)]
    assert (_folded(said).released_at, _folded(said).facility) == (None, "kg-9")

    closed = release.CaseClosed(reason_code="consent-refused")
    resumed = life.EpisodeResumed(previous_reason="consent-refused", resumed_at=START)
    reopened = life.CaseReopened(previous_reason="consent-refused", requested_by="client")
    said += [("release", 4, closed), ("intake", 5, reopened), ("release", 5, resumed)]
    standing = _folded(said)
    assert (standing.stage, standing.closing_reason) == ("consent-pending", None)
    assert standing.expected_release_on is None


async def test_folding_anew_gives_the_same_and_touches_no_leaf(log: Log) -> None:
    first, second = cases(2)
    await log.hear([log.said.event(first, event, half) for half, _, event in _all()])
    await log.hear([log.said.event(second, event, half) for half, _, event in _all()[:7]])
    await log.sequencer.step()
    rows, leaves = await log.standings(), await log.leaves()

    await log.fold_anew()
    await log.sequencer.step()

    assert rows == await log.standings()
    assert leaves == await log.leaves()
    assert [row["stage"] for row in rows] == ["closed", "ready"]


async def test_the_gate_list_shows_who_comes_and_nobody_who_left(log: Log) -> None:
    first, second = cases(2)
    await log.hear([log.said.event(first, event, half) for half, _, event in _all()])
    await log.hear([log.said.event(second, event, half) for half, _, event in _all()[:7]])
    gate_list = "SELECT * FROM timeline.gate_list($1, $2)"

    shown = await log.owner.fetch(gate_list, ["kg-31", "kg-3"], date(2026, 4, 1))
    too_early = await log.owner.fetch(gate_list, ["kg-31"], date(2026, 3, 31))
    elsewhere = await log.owner.fetch(gate_list, ["kg-3"], date(2026, 12, 31))

    assert [(row["case_ref"], row["stage"], row["ready"]) for row in shown] == [
        (second, "ready", True)
    ]
    assert too_early == elsewhere == []


async def test_who_came_back_is_on_the_gate_list_again_and_who_is_out_is_not(log: Log) -> None:
    away, freed = cases(2)
    out = release.PersonReleased(released_at=START, known_at=START, unplanned=True)
    closed = release.CaseClosed(reason_code="lost-to-follow-up")
    reopened = life.CaseReopened(previous_reason="lost-to-follow-up", requested_by="client")
    resumed = life.EpisodeResumed(previous_reason="lost-to-follow-up", resumed_at=START)
    for case in (away, freed):
        await log.hear([log.said.event(case, event, half) for half, _, event in _all()[:5]])
    said: list[tuple[UUID, str, Data]] = [
        (away, "release", out),
        (away, "release", life.ReleaseReversed(said_at=START)),
        (away, "release", life.AbsenceBegun(said_at=START)),
        (freed, "release", out),
        (freed, "release", closed),
        (freed, "intake", reopened),
        (freed, "release", resumed),
    ]
    await log.hear([log.said.event(case, event, half) for case, half, event in said])

    rows = await log.owner.fetch("SELECT * FROM timeline.gate_list($1, $2)", ["kg-31"], _FAR)

    assert [(row["case_ref"], row["stage"]) for row in rows] == [(away, "planned")]


async def test_entries_stand_in_the_order_they_were_recorded(log: Log) -> None:
    """Two journals are heard in any order; a reader sees one story."""
    (case,) = cases(1)
    said = [log.said.event(case, event, half) for half, _, event in _all()]
    await log.hear(said[4:])
    await log.hear(said[:4])

    rows = await log.owner.fetch("SELECT * FROM timeline.entries_of($1)", case)

    assert [row["type"] for row in rows] == [input.message.data.type for input in said]
    assert [row["ordinal"] for row in rows] == list(range(1, len(said) + 1))
    assert rows[0]["occurred_at"] == said[0].message.occurred_at


async def test_of_what_it_answers_a_refusal_shows_nothing_that_its_sender_made_up(log: Log) -> None:
    """A sender's own ids may be anything, also a number of a prison's register."""
    (case,) = cases(1)
    await log.hear([log.said.refusal(case, "case-closed")])

    (row,) = await log.owner.fetch("SELECT * FROM timeline.entries_of($1)", case)

    assert row["data"] == '{"refusal_code": "case-closed"}'
