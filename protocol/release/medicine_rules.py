"""Questions about medicine lines and the kit that more than one decision asks."""

from datetime import date, datetime, timedelta
from uuid import UUID

from throughcare.contracts.codes import MEDICINE_LINES, DeadlineCode, MedicineLine, ServiceType
from throughcare.protocol.profiles.model import Profile
from throughcare.protocol.release.medicine_state import (
    Bridged,
    ContinueRequested,
    DecisionPending,
    GapOpen,
    Line,
    LineStand,
    Offered,
    SiteConfirmed,
    Wanted,
)
from throughcare.protocol.release.rules import opening
from throughcare.protocol.release.state import PLACED, Granted, Outside, Referral, State

#: Which line a service carries on; a receiver serves a line through such a referral.
LINE_OF: dict[ServiceType, MedicineLine] = {
    "oat": "oat",
    "art": "art",
    "tb-treatment": "tb",
    "hepatitis-treatment": "hcv",
    "mental-health": "psychiatric",
}
#: Deadlines whose receiver is whoever carries the line on.
OF_LINES: frozenset[DeadlineCode] = frozenset({"D04", "D10", "D14", "D16", "D16b"})


def number(line: MedicineLine) -> int:
    """As the step of a deadline: 1, 2, 3 …"""
    return MEDICINE_LINES.index(line) + 1


def serves(state: State, line: MedicineLine) -> Referral | None:
    """The accepted referral whose receiver carries the line on."""
    return next(
        (
            one
            for one in state.own.referrals
            if LINE_OF.get(one.service_type) == line and isinstance(one.stand, PLACED)
        ),
        None,
    )


def site_holds(state: State, stand: LineStand) -> bool:
    """Whether a receiver said that it expects the person, and has not gone back on its yes."""
    site: UUID | None = getattr(stand, "site", None)
    return any(one.id == site and isinstance(one.stand, PLACED) for one in state.own.referrals)


def facility(state: State) -> str | None:
    return state.own.facility or opening(state).facility


def covered_through(stand: LineStand, released_on: date) -> date:
    """The last local day covered. Where nothing was said: the day of the release, the best case."""
    return stand.covered_through if isinstance(stand, Bridged) else released_on


def missed_days(covered: date, taken_on: date) -> int:
    """Calendar days without any: D16 never counts working days."""
    return max(0, (taken_on - covered).days - 1)


def unsettled(state: State) -> tuple[MedicineLine, ...]:
    """Lines of which nobody knows yet how they go on over the gate."""
    return tuple(one.line for one in state.own.lines if _is_open(state, one))


def _is_open(state: State, one: Line) -> bool:
    match one.stand:
        case SiteConfirmed():
            return not site_holds(state, one.stand)
        case stand:
            return isinstance(stand, DecisionPending | ContinueRequested | GapOpen)


def kit_unsettled(state: State) -> bool:
    """Nobody has offered it, or the person's answer is still open."""
    return state.own.kit is None or isinstance(state.own.kit, Offered | Wanted)


def kit_is_due(state: State, profile: Profile) -> bool:
    """Somebody has to offer it, or what was offered has not ended yet."""
    if state.own.kit is None:
        return not profile.medicine.kit_flags.isdisjoint(opening(state).needs)
    return isinstance(state.own.kit, Offered | Wanted)


def facility_hears(state: State, now: datetime, profile: Profile) -> bool:
    """Of who left: for a day longer; after that only if the person agreed."""
    person = state.own.person
    given = opening(state).consent
    if isinstance(given, Granted) and given.feedback_to_facility:
        return True
    hours = timedelta(hours=profile.medicine.facility_hours)
    return isinstance(person, Outside) and now < person.released_at + hours
