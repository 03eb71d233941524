"""The promises about consent, plan, referrals on their way, and recipients: D02d to D09, D20, D23.

Like those in `promises.py` a function of the state. What depends on how much time is left is
counted from when both its cause and the release date were known.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from uuid import UUID

from throughcare.contracts.codes import Urgency
from throughcare.protocol.calendar import after, before_release, end_of_day, local_day
from throughcare.protocol.calendar import midnight_after as midnight
from throughcare.protocol.profiles.model import Profile, Span
from throughcare.protocol.release.rules import is_care, only_outside, opening, track
from throughcare.protocol.release.state import (
    OPEN,
    PLACED,
    Booked,
    Cancelled,
    Deadline,
    Granted,
    InCustody,
    Item,
    Lost,
    Opening,
    Outside,
    Referral,
    Sent,
    Situation,
    Stand,
    State,
)


def of_recipients(state: State, _: Situation, profile: Profile) -> Iterator[Deadline]:
    """D23: these outlive the case."""
    for one in state.own.recalls:
        told, *later = profile.care.recall_hours
        if not one.told:
            yield _recalled(one.referral_id, told, one.recalled_at, profile)
        for hours in later:
            yield _recalled(one.referral_id, hours, one.recalled_at, profile)


def _recalled(referral_id: UUID, hours: int, since: datetime, profile: Profile) -> Deadline:
    due_at = after(profile, since, Span(hours, "h"))
    return Deadline("D23", referral_id, hours, due_at)


def of_consent(state: State, _: Situation, profile: Profile) -> Iterator[Deadline]:
    """D02d: its last day. D03: needs and plan follow from it."""
    heard = opening(state)
    if isinstance(heard.consent, Granted):
        due_at = midnight(profile, heard.consent.expires_on)
        yield Deadline("D02d", None, None, due_at, heard.consented_at)
        if heard.consented_at is not None and not (heard.plan and heard.assessed_at):
            yield from _prepared(state, heard.consented_at, profile)


def of_open(one: Referral, stand: Stand, profile: Profile) -> Iterator[Deadline]:
    """Of a referral without an answer, or whose place was asked back."""
    if isinstance(stand, Sent) and not stand.received:
        span = profile.care.received[one.urgency]
        due_at = min(after(profile, stand.sent_at, span), stand.answer_due_at)
        yield Deadline("D06", one.id, None, due_at, stand.sent_at)
    if one.recall_at is not None and isinstance(stand, OPEN):
        due_at = after(profile, one.recall_at, profile.care.confirm_cancellation)
        yield Deadline("D07c", one.id, None, due_at)


def _prepared(state: State, consented_at: datetime, profile: Profile) -> Iterator[Deadline]:
    """D03; after the release, at once."""
    since, urgency = _known(state, consented_at, profile)
    grace = profile.care.prepare[urgency]
    match state.own.person:
        case InCustody(expected_on=date() as on):
            due_at = before_release(profile, on, profile.care.prepare_days, since, grace)
        case Outside():
            due_at = _same_day(profile, since, grace)
        case _:
            return
    yield Deadline("D03", None, None, due_at, since)


def _unoffered(state: State, heard: Opening, profile: Profile) -> list[Item]:
    # Also to somebody who said no: from then on it is D08.
    offered = {one.item for one in state.own.referrals if not isinstance(one.stand, Cancelled)}
    waiting = [item for item in heard.plan if item.mandatory and item.item not in offered]
    if not waiting or isinstance(state.own.person, Outside):
        return waiting
    return [
        item
        for item in waiting
        if not item.receivers or not all(only_outside(r, profile) for r in item.receivers)
    ]


def offered(state: State, person: Situation, profile: Profile) -> Iterator[Deadline]:
    """D05: each mandatory item that somebody could take is offered to somebody."""
    heard = opening(state)
    if heard.planned_at is None or not isinstance(heard.consent, Granted):
        return
    waiting = _unoffered(state, heard, profile)
    if not waiting:
        return
    since, _ = _known(state, heard.planned_at, profile)
    due_at = after(profile, since, profile.care.send)
    match person:
        case InCustody(expected_on=date() as on):
            late = before_release(
                profile, on, profile.care.send_days, since, profile.care.send_late
            )
            due_at = min(due_at, late)
        case Outside():
            due_at = _same_day(profile, since, profile.care.send_late)
        case _:
            pass
    for item in waiting:
        yield Deadline("D05", None, item.item, due_at, since)


def booked(state: State, person: InCustody, profile: Profile) -> Iterator[Deadline]:
    """D09: of those that have taken the person on, one has booked a day soon after the release."""
    if (on := person.expected_on) is None:
        return
    placed = [
        one
        for one in state.own.referrals
        if isinstance(one.stand, PLACED) and is_care(one, profile)
    ]
    if not placed or placed[0].accepted_at is None:
        return
    days = [one.stand.appointment_at for one in placed if isinstance(one.stand, Booked)]
    if days:
        first = midnight(profile, on - timedelta(days=1))
        last = after(profile, end_of_day(profile, on), profile.care.contact_limit)
        if any(first <= at <= last for at in days):
            return
    since, urgency = _known(state, placed[0].accepted_at, profile)
    grace = profile.care.book[urgency]
    due_at = before_release(profile, on, profile.care.book_days, since, grace)
    yield Deadline("D09", placed[0].id, None, due_at, since)


def takes_part(state: State, person: Outside, profile: Profile) -> Iterator[Deadline]:
    """D20: where the plan holds treatment."""
    if person.engaged or isinstance(person.contact, Lost):
        return
    if any(profile.services[item.service_type].treatment for item in opening(state).plan):
        day = profile.care.engage_days
        on = local_day(profile, person.released_at) + timedelta(days=day)
        yield Deadline("D20", None, day, end_of_day(profile, on), person.known_at)


def _known(state: State, cause: datetime, profile: Profile) -> tuple[datetime, Urgency]:
    """Since when it was known both that it has to be done and by when; and the track then."""
    match state.own.person:
        case InCustody(date_known_at=datetime() as known_at) | Outside(known_at=known_at):
            since = max(cause, known_at)
        case _:
            since = cause
    return since, track(state, since, profile)


def _same_day(profile: Profile, since: datetime, grace: Span) -> datetime:
    """A day that is over by its hour leaves the next one."""
    due_at = after(profile, since, grace)
    return due_at if due_at > since else after(profile, since, Span(1, "cd"))
