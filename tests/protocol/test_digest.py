"""A hundred alarms in an hour are one message."""

from datetime import datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from throughcare.protocol.digest import Line, group, rank
from throughcare.tests.protocol.story import START

HOUR = timedelta(hours=1)


def line(case: int, act_by: datetime | None = None, level: int = 0, **more: object) -> Line:
    fields = {"party": "coord", "template": "alarm", "told_at": START, **more}
    return Line(case_ref=UUID(int=case), act_by=act_by, level=level, **fields)  # type: ignore[arg-type]


def test_an_amnesty_is_one_message_a_party_and_hour() -> None:
    day = [line(n, party=f"ngo-{n % 2}") for n in range(100)]
    digests = group(day, START)

    assert [(one.party, one.hour, len(one.lines)) for one in digests] == [
        ("ngo-0", START, 50),
        ("ngo-1", START, 50),
    ]


def test_the_next_hour_is_another_message() -> None:
    digests = group([line(1), line(1, told_at=START + HOUR)], START)

    assert [one.hour for one in digests] == [START, START + HOUR]


def test_a_case_stands_in_a_message_once_by_what_presses_most() -> None:
    [one] = group([line(1, START + 9 * HOUR), line(1, START + HOUR), line(2)], START)

    assert [(at.case_ref.int, at.act_by) for at in one.lines] == [(1, START + HOUR), (2, None)]
    assert one.act_by == START + HOUR


def test_overdue_comes_first_then_the_higher_alarm_then_the_sooner() -> None:
    later, sooner = line(1, START + 5 * HOUR), line(2, START + 4 * HOUR)
    high = line(3, START + 9 * HOUR, level=2)
    overdue, to_look_at = line(4, START), line(5)

    ranked = rank([to_look_at, later, sooner, high, overdue], START)
    assert [one.case_ref.int for one in ranked] == [4, 3, 2, 1, 5]


def test_of_equals_the_heavier_kind_comes_first() -> None:
    ranked = rank(
        [line(1, template="case-updated"), line(2, template="reroute-needed"), line(3)], START
    )
    assert [one.case_ref.int for one in ranked] == [3, 2, 1]


def test_nothing_to_say_is_no_message() -> None:
    assert group([], START) == []
    assert group([line(1)], START)[0].act_by is None


_lines = st.builds(
    line,
    st.integers(1, 5),
    st.none() | st.integers(-3, 3).map(lambda h: START + h * HOUR),
    st.integers(0, 3),
    party=st.sampled_from(["a", "b"]),
    told_at=st.integers(0, 200).map(lambda m: START + timedelta(minutes=m)),
)


@given(st.lists(_lines, max_size=20), st.randoms())
def test_no_case_is_left_out_and_the_order_of_arrival_does_not_matter(
    lines: list[Line], random: object
) -> None:
    digests = group(lines, START)
    shuffled = list(lines)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert group(shuffled, START) == digests
    said = {(one.party, at.case_ref) for one in digests for at in one.lines}
    assert said == {(at.party, at.case_ref) for at in lines}
