"""Deadlines of the life of a case, beside those of `promises.py`; functions of the state as well."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from throughcare.protocol.calendar import (
    after,
    before_release,
    end_of_day,
    is_working_day,
    local_day,
)
from throughcare.protocol.profiles.model import Profile, Span
from throughcare.protocol.release.rules import counted_from, is_care, opening, track
from throughcare.protocol.release.state import (
    Accepted,
    Booked,
    Deadline,
    Granted,
    InCustody,
    Met,
    Missed,
    NotAsked,
    Outside,
    State,
    TakingPart,
)

_AT_ONCE = Span(0, "h")


def begun_at(state: State) -> datetime:
    """When the case was opened, or opened again."""
    return state.own.resumed_at or opening(state).opened_at


def is_outside_already(state: State) -> bool:
    """Came by themselves, or came back: what was promised from the release would be long past."""
    return opening(state).origin == "self-presented" or state.own.resumed_at is not None


def asking(state: State, person: InCustody, profile: Profile) -> Iterator[Deadline]:
    """D01, D02: somebody begins with the person. Who came, or came back, is being asked already,

    and no facility is alarmed about it.
    """
    heard = opening(state)
    if heard.offered or not isinstance(heard.consent, NotAsked):
        return
    if is_outside_already(state):
        return
    begun, rules = begun_at(state), profile.life
    due_at = after(profile, begun, rules.ask["routine"])
    if person.expected_on is not None:
        since = max(begun, person.date_known_at or begun)
        due_at = min(due_at, after(profile, since, rules.ask[track(state, since, profile)]))
        wanted = before_release(
            profile, person.expected_on, rules.begin_days, since, rules.begin_grace
        )
        yield Deadline("D01", None, None, wanted)
    yield Deadline("D02", None, None, due_at)


def awaiting(state: State, person: InCustody, profile: Profile) -> Iterator[Deadline]:
    """D11, D11s: somebody relies on the date, or on a release being known."""
    if not isinstance(opening(state).consent, Granted):
        return
    rules = profile.life
    on = person.expected_on
    if on is None:
        if is_outside_already(state):
            due_at = after(profile, begun_at(state), rules.record_release)
            yield Deadline("D11s", None, None, due_at)
        return
    known_at = person.date_known_at or begun_at(state)
    for step in rules.confirm_days:
        if not is_confirmed(person.date_said_at, on, step, profile):
            yield Deadline("D11", None, step, before_release(profile, on, step, known_at, _AT_ONCE))


def weekend(state: State, person: InCustody, profile: Profile) -> Iterator[Deadline]:
    """weekend-release: somebody relies on a date after which services are closed."""
    on = person.expected_on
    if on is None or not isinstance(opening(state).consent, Granted):
        return
    if is_before_days_off(on, profile) and not _is_covered(state, on, profile):
        known_at = person.date_known_at or begun_at(state)
        due_at = before_release(profile, on, profile.life.weekend_days, known_at, _AT_ONCE)
        yield Deadline("weekend-release", None, None, due_at)


def is_confirmed(said_at: datetime | None, on: date, step: int, profile: Profile) -> bool:
    """Whether a word of the date came near enough to it to count for a step."""
    if said_at is None:
        return False
    early = timedelta(days=step + profile.life.confirm_early_days)
    return local_day(profile, said_at) >= on - early


def is_before_days_off(on: date, profile: Profile) -> bool:
    """Free on a day, or before one, on which services are closed."""
    next_day = on + timedelta(days=1)
    return not (is_working_day(profile, on) and is_working_day(profile, next_day))


def _is_covered(state: State, first: date, profile: Profile) -> bool:
    """Somebody who gives care expects the person before the next working day."""
    last = first
    while not is_working_day(profile, last + timedelta(days=1)):
        last += timedelta(days=1)
    return any(
        isinstance(one.stand, Booked)
        and is_care(one, profile)
        and first <= local_day(profile, one.stand.appointment_at) <= last
        for one in state.own.referrals
    )


def places(state: State, _: InCustody, profile: Profile) -> Iterator[Deadline]:
    """D07b: an acceptance is good for as long as its receiver said."""
    for one in state.own.referrals:
        if isinstance(one.stand, Accepted | Booked | Missed) and one.stand.valid_until is not None:
            yield Deadline("D07b", one.id, None, end_of_day(profile, one.stand.valid_until))


def unfinished(state: State, person: Outside, profile: Profile) -> Iterator[Deadline]:
    """D22b: the follow-up ends."""
    rules = profile.life
    since = counted_from(person)
    if isinstance(person.contact, Met | TakingPart):
        days = max(profile.checks) + rules.unfinished.after_days
        last = local_day(profile, since) + timedelta(days=days)
        yield Deadline("D22b", None, None, end_of_day(profile, last))
