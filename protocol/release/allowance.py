"""D31: an allowance that the law gives only to who asks for it in time."""

from collections.abc import Iterator

from throughcare.protocol.calendar import after
from throughcare.protocol.profiles.model import Profile
from throughcare.protocol.release.rules import opening
from throughcare.protocol.release.state import Attended, Deadline, Engaged, Outside, State

_DUE = "deadlines.D31.due"


def allowance(state: State, person: Outside, profile: Profile) -> Iterator[Deadline]:
    """One promise an item of the plan, until somebody has gone there with the person."""
    if _DUE not in profile.by_name:
        return
    due_at = after(profile, person.released_at, profile.span("D31"))
    gone = {one.item for one in state.own.referrals if isinstance(one.stand, Attended | Engaged)}
    for item in opening(state).plan:
        if item.service_type == "allowance" and item.item not in gone:
            yield Deadline("D31", None, item.item, due_at)
