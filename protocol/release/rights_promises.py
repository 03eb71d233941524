"""The promises about rights: D24, D28, D29. Like those about recipients they outlive the case."""

from collections.abc import Iterator

from throughcare.protocol.calendar import after
from throughcare.protocol.profiles.model import Profile
from throughcare.protocol.release.state import Deadline, Ended, Situation, State


def of_rights(state: State, person: Situation, profile: Profile) -> Iterator[Deadline]:
    """Nothing is promised of a case that is forgotten: nothing of it is left here."""
    rights = state.own.rights
    if rights.asked_at is not None:
        due_at = after(profile, rights.asked_at, profile.span("D24"))
        yield Deadline("D24", None, None, due_at)
    for one in rights.accesses:
        yield Deadline("D29", None, one.number, after(profile, one.used_at, profile.span("D29")))
    if isinstance(person, Ended) and person.closed_at is not None:
        yield Deadline("D28", None, None, after(profile, person.closed_at, profile.span("D28")))
