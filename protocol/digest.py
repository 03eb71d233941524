"""Many alarms at once, told as few: a message a party and hour, the most pressing first.

An amnesty makes a hundred things due in the same hour. A hundred messages are read by nobody, and
they say by their number what they may not say in words. What stands behind each line is read
after signing in, as always.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

#: By how much a kind of notice matters more than another with the same time to act by.
_WEIGHT = {"alarm": 0, "case-urgent": 1, "permission-ended": 1, "reroute-needed": 2}
_LEAST = 3
_FAR = datetime.max.replace(tzinfo=UTC)


class Line(NamedTuple):
    """One thing that a party is to be told. Times in UTC."""

    party: str
    case_ref: UUID
    template: str
    told_at: datetime
    #: None: to be looked at.
    act_by: datetime | None = None
    #: Of the alarm behind it; 0: none.
    level: int = 0


class Digest(NamedTuple):
    party: str
    #: The hour's beginning.
    hour: datetime
    #: One a case, the most pressing first.
    lines: tuple[Line, ...]
    #: The earliest time to act by of all lines.
    act_by: datetime | None


def rank(lines: Iterable[Line], now: datetime) -> list[Line]:
    """What is overdue first, the higher alarm before the lower; then what is due soonest."""
    return sorted(lines, key=lambda line: _pressing(line, now))


def _pressing(line: Line, now: datetime) -> tuple[object, ...]:
    overdue = line.act_by is not None and line.act_by <= now
    weight = _WEIGHT.get(line.template, _LEAST)
    when = line.act_by or _FAR
    # The case last: the order of two equals is the same wherever it is made.
    return (not overdue, -line.level, when, weight, line.told_at, str(line.case_ref))


def group(lines: Sequence[Line], now: datetime) -> list[Digest]:
    """A digest a party and hour of telling; of several lines about one case the first in rank."""
    heard: dict[tuple[str, datetime], dict[UUID, Line]] = {}
    for line in rank(lines, now):
        hour = line.told_at.replace(minute=0, second=0, microsecond=0)
        heard.setdefault((line.party, hour), {}).setdefault(line.case_ref, line)
    return [
        Digest(party, hour, tuple(cases.values()), _earliest(cases.values()))
        for (party, hour), cases in sorted(heard.items())
    ]


def _earliest(lines: Iterable[Line]) -> datetime | None:
    return min((line.act_by for line in lines if line.act_by is not None), default=None)
