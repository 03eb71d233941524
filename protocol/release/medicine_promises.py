"""Deadlines of medicine lines (D04, D10, D14, D16), of the kit (D12, D13) and of extra support.

All of them count calendar days: a dose knows no holidays. What was not done before the release
is promised on after it, due at once.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from uuid import UUID

from throughcare.contracts.codes import MedicineLine
from throughcare.protocol.calendar import after, before_release, end_of_day, hour_of, local_day
from throughcare.protocol.profiles.model import Profile, Span
from throughcare.protocol.release.medicine_fold import met_since
from throughcare.protocol.release.medicine_rules import (
    LINE_OF,
    covered_through,
    facility,
    kit_is_due,
    number,
    site_holds,
)
from throughcare.protocol.release.medicine_state import (
    WANTED,
    Bridged,
    DecisionPending,
    GapOpen,
    Line,
    NotContinued,
    Offered,
    SiteConfirmed,
    Trained,
    Unavailable,
    Wanted,
)
from throughcare.protocol.release.rules import opening, track
from throughcare.protocol.release.state import Deadline, InCustody, Outside, State

_AT_ONCE = Span(0, "h")


def lines_inside(state: State, person: InCustody, profile: Profile) -> Iterator[Deadline]:
    for one in state.own.lines:
        yield from _inside(state, one, person, profile)


def lines_outside(state: State, person: Outside, profile: Profile) -> Iterator[Deadline]:
    for one in state.own.lines:
        yield from _outside(one, person, profile)


def _inside(state: State, one: Line, person: InCustody, profile: Profile) -> Iterator[Deadline]:
    rules, step = profile.medicine, number(one.line)
    if (since := _would_stop(state, one, person, profile)) is not None:
        yield Deadline("D16b", None, step, since)
    if person.expected_on is None:
        return
    start = _asked_at(state, one)
    urgency = track(state, start, profile)
    match one.stand:
        case DecisionPending() if one.line == "oat":
            grace = rules.decide_grace[urgency]
            due_at = before_release(profile, person.expected_on, rules.decide_before, start, grace)
            yield Deadline("D04", None, step, due_at)
        case stand if isinstance(stand, WANTED):
            if not site_holds(state, stand) and _is_served(one.line, profile):
                grace = rules.confirm_grace[urgency]
                due_at = before_release(
                    profile, person.expected_on, rules.confirm_before, start, grace
                )
                yield Deadline("D10", None, step, due_at)
            if _lacks_supply(state, one, person.expected_on, profile):
                yield Deadline("D14", None, step, end_of_day(profile, person.expected_on))
        case _:
            return


def _asked_at(state: State, one: Line) -> datetime:
    if isinstance(one.stand, DecisionPending):
        return one.stand.opened_at
    return one.asked_at or opening(state).opened_at


def _is_served(line: MedicineLine, profile: Profile) -> bool:
    """Whether the country has a service that could carry the line on at all."""
    return any(LINE_OF.get(service) == line for service in profile.services)


def _lacks_supply(state: State, one: Line, release_on: date, profile: Profile) -> bool:
    """D14: what is given along has to reach past the release; OAT at least to the day itself."""
    if one.line == "oat":
        if not profile.medicine.oat_at(facility(state), release_on):
            return False  # who gives none cannot give any along
        if isinstance(one.stand, SiteConfirmed):
            return False
        reach = release_on
    else:
        reach = release_on + timedelta(days=profile.medicine.supply_min)
    return not isinstance(one.stand, Bridged) or one.stand.covered_through < reach


def _would_stop(state: State, one: Line, person: InCustody, profile: Profile) -> datetime | None:
    """Moved to where OAT is not given, or moved without the medicines: at once, since when."""
    if person.moved_at is None or isinstance(one.stand, NotContinued | Unavailable):
        return None
    if one.line == "oat" and not profile.medicine.oat_at(
        facility(state), local_day(profile, person.moved_at)
    ):
        return person.moved_at
    return person.moved_at if person.medicines_moved is False else None


def _outside(one: Line, person: Outside, profile: Profile) -> Iterator[Deadline]:
    rules, step = profile.medicine, number(one.line)
    released_on = local_day(profile, person.released_at)
    match one.stand:
        case GapOpen(from_on=from_on):
            covered = from_on - timedelta(days=1)
        case stand if isinstance(stand, WANTED):
            if one.line != "oat" and not isinstance(stand, Bridged):
                yield Deadline("D14", None, step, person.released_at)
            covered = covered_through(stand, released_on)
        case _:
            return
    if one.line in rules.gap_lines:
        # The last day that may pass without any is not over yet: there is time to go and look.
        alarm_on = covered + timedelta(days=rules.restart_if_missed_days_gt)
        yield Deadline("D16", None, step, hour_of(profile, alarm_on, rules.missed_from_hour))


def kit_inside(state: State, person: InCustody, profile: Profile) -> Iterator[Deadline]:
    if (release_on := person.expected_on) is None:
        return
    rules, kit = profile.medicine, state.own.kit
    due = kit_is_due(state, profile)
    start = kit.offered_at if isinstance(kit, Offered) else opening(state).assessed_at
    if due and start is not None:
        # D12: a week before; where that is past, by the day of the release.
        late = local_day(profile, start) > release_on - timedelta(days=rules.train_before)
        offset = 0 if late else rules.train_before
        due_at = before_release(profile, release_on, offset, start, _AT_ONCE)
        yield Deadline("D12", None, None, due_at)
    if due or isinstance(kit, Trained):
        due_at = end_of_day(profile, release_on - timedelta(days=rules.kit_before))
        yield Deadline("D13", None, None, due_at)


def kit_outside(state: State, person: Outside, profile: Profile) -> Iterator[Deadline]:
    kit = state.own.kit
    if isinstance(kit, Wanted):
        yield Deadline("D13", None, None, after(profile, kit.since, profile.medicine.contact))
    elif isinstance(kit, Trained) or kit_is_due(state, profile):
        yield Deadline("D13", None, None, person.released_at)


def support(state: State, _: Outside, profile: Profile) -> Iterator[Deadline]:
    """One for each who is to see the person, and the soonest of what was asked of them."""
    soonest: dict[UUID | None, datetime] = {}
    for task in state.own.support:
        if met_since(state.own, task):
            continue
        span = profile.medicine.contact if task.urgent else profile.medicine.support
        due_at = after(profile, task.since, span)
        soonest[task.referral_id] = min(due_at, soonest.get(task.referral_id, due_at))
    for referral_id, due_at in soonest.items():
        yield Deadline("D17b", referral_id, None, due_at)
