"""Which deadlines hold in a state, and since when they are due. Values come from the profile.

The set is a function of the state alone, so a moved date, a new receiver or a contact changes it
without anybody having to remember to. `settle` in `finish.py` says the difference as events:
the record shows every promise and its time, and there is one live set at any moment.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

from throughcare.contracts.codes import DeadlineCode
from throughcare.protocol.calendar import after, end_of_day, local_day
from throughcare.protocol.profiles.model import Profile
from throughcare.protocol.release import care_promises
from throughcare.protocol.release.allowance import allowance
from throughcare.protocol.release.life_promises import (
    begun_at,
    is_outside_already,
    life_promises,
)
from throughcare.protocol.release.medicine_promises import of_care
from throughcare.protocol.release.rights_promises import of_rights
from throughcare.protocol.release.rules import (
    counted_from,
    is_care,
    opening,
    plan_item,
    responsible,
    track,
    working_on,
)
from throughcare.protocol.release.state import (
    OPEN,
    Deadline,
    Ended,
    Failed,
    InCustody,
    LeftUnasked,
    Lost,
    Missed,
    NotAsked,
    NotMet,
    Outside,
    Referral,
    Sent,
    State,
)

Key = tuple[DeadlineCode, UUID | None, int | None]


def key_of(one: Deadline) -> Key:
    return (one.code, one.referral_id, one.step)


def promises(state: State, profile: Profile) -> Iterator[Deadline]:
    """Every promise the state implies, also those already missed whose cause still stands."""
    person = state.own.person
    yield from care_promises.of_recipients(state, profile)
    yield from of_rights(state, profile)
    match person:
        case Ended():
            return
        case InCustody():
            yield from _before_release(state, person, profile)
        case LeftUnasked():
            yield Deadline("D02c", None, None, _unasked_until(state, person, profile))
        case Outside():
            yield from _after_release(state, person, profile)
            yield from allowance(state, person, profile)
        case _:
            assert_never(person)
    yield from care_promises.of_case(state, profile)
    yield from _of_referrals(state, profile)
    yield from of_care(state, profile)
    yield from life_promises(state, profile)


def _before_release(state: State, person: InCustody, profile: Profile) -> Iterator[Deadline]:
    heard = opening(state)
    waits = heard.origin == "programme" or is_outside_already(state)
    if waits and isinstance(heard.consent, NotAsked):
        due_at = after(profile, begun_at(state), profile.forget_unasked)
        yield Deadline("D02b", None, None, due_at)
    if person.expected_on is not None:
        day = person.expected_on + timedelta(days=profile.passed.amount)
        yield Deadline("D11b", None, None, end_of_day(profile, day))


def _unasked_until(state: State, person: LeftUnasked, profile: Profile) -> datetime:
    """At once; but who came by themselves, or came back, is given time to be asked."""
    if not is_outside_already(state):
        return person.known_at
    return after(profile, max(person.known_at, begun_at(state)), profile.life.wait_outside)


def _after_release(state: State, person: Outside, profile: Profile) -> Iterator[Deadline]:
    released_at = counted_from(person)
    released_on = local_day(profile, released_at)

    def on_day(day: int) -> datetime:
        return end_of_day(profile, released_on + timedelta(days=day))

    if isinstance(person.contact, NotMet):
        if responsible(state, profile) is None:
            # Nobody who could be told has taken the case on: a coordinator hears it at once.
            yield Deadline("D15", None, None, person.known_at)
        for hours in profile.contact_hours:
            yield Deadline("D17", None, hours, released_at + timedelta(hours=hours))
        yield Deadline("D22", None, profile.lost_days, on_day(profile.lost_days))
    if isinstance(person.contact, NotMet | Lost):
        yield Deadline(
            "D22", None, profile.loss_confirmed_days, on_day(profile.loss_confirmed_days)
        )
    if isinstance(person.contact, Lost):
        return
    past = {(one.code, one.step) for one in state.own.done}
    for day in profile.checks:
        if day <= person.checked_day:
            continue
        code: DeadlineCode = "D19" if day in profile.weekly_checks else "D21"
        yield Deadline(code, None, day, on_day(day))
        if (code, day) not in past:
            return  # the next check is promised once this one is done or missed


def _of_referrals(state: State, profile: Profile) -> Iterator[Deadline]:
    person = state.own.person
    for one in state.own.referrals:
        match one.stand:
            case Sent() as sent:
                due_at = _answer_due(state, sent, profile)
                yield Deadline("D07", one.id, None, due_at, sent.sent_at)
            case Failed() as failed:
                if _is_last_word(state, one):
                    span = profile.reroute[one.urgency]
                    since = failed.since
                    yield Deadline("D08", one.id, None, after(profile, since, span), since)
            case Missed() as missed if isinstance(person, Outside):
                yield from _looked_for(one, missed, person, profile)
            case _:
                pass
        if one.owes_word and isinstance(person, Outside) and is_care(one, profile):
            due_at = after(profile, person.known_at, profile.confirm_release)
            yield Deadline("D15", one.id, None, due_at)
        if isinstance(one.stand, OPEN):
            yield from care_promises.of_open(one, one.stand, profile)


def _looked_for(
    one: Referral, missed: Missed, person: Outside, profile: Profile
) -> Iterator[Deadline]:
    # Missed in custody, it is made up for outside: nobody could look before.
    since = max(missed.noticed_at, person.known_at)
    if missed.attempts == 0:
        yield Deadline("D18", one.id, 1, after(profile, since, profile.outreach_first), since)
    wanted = profile.lost_rule.attempts
    # Who stayed away so often is looked for even if somebody spoke with them.
    searching = one.misses >= profile.care.search_after_misses or not missed.reached
    if missed.attempts < wanted and searching:
        yield Deadline("D18", one.id, wanted, after(profile, since, profile.outreach_all), since)


def _answer_due(state: State, sent: Sent, profile: Profile) -> datetime:
    """As told to the receiver, or sooner where the date moved closer since."""
    match state.own.person:
        case InCustody(date_known_at=datetime() as known_at):
            pass
        case Outside(known_at=known_at):
            pass
        case _:
            return sent.answer_due_at
    if known_at <= sent.sent_at:
        return sent.answer_due_at
    span = profile.answer[track(state, known_at, profile)]
    return min(sent.answer_due_at, after(profile, known_at, span))


def _is_last_word(state: State, one: Referral) -> bool:
    """Whether this failed referral is why its item has nobody."""
    if plan_item(state, one.item) is None or working_on(state.own, one.item) is not None:
        return False
    last = next(other for other in reversed(state.own.referrals) if other.item == one.item)
    return last.id == one.id
