"""Events of many cases, a few statements for all of them: only within a case does their order count."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from throughcare.contracts.envelope import Message
from throughcare.contracts.kinds import Data


def turns(events: Iterable[Message]) -> Sequence[dict[type[Data], list[Message]]]:
    """The first event of every case, by type, then the second of every case, and so on.

    A turn holds no case twice, so its types may be written in any order.
    """
    made: list[dict[type[Data], list[Message]]] = []
    turn_of: dict[UUID, int] = {}
    for event in events:
        turn = turn_of.get(event.case_ref, 0)
        turn_of[event.case_ref] = turn + 1
        if turn == len(made):
            made.append({})
        made[turn].setdefault(type(event.data), []).append(event)
    return made
