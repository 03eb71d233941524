"""Which deadlines hold in a state, and since when they are due. Values come from the profile.

The set is a function of the state alone, so a moved date, a new receiver or a contact changes it
without anybody having to remember to. `settle` in `finish.py` says the difference as events:
the record shows every promise and its time, and there is one live set at any moment.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import cache
from operator import attrgetter, is_not
from typing import Any, NamedTuple, cast
from uuid import UUID

from throughcare.contracts.codes import DeadlineCode
from throughcare.protocol.calendar import after, end_of_day, local_day
from throughcare.protocol.profiles.model import Profile
from throughcare.protocol.release import care_promises, life_promises, medicine_promises
from throughcare.protocol.release.allowance import allowance
from throughcare.protocol.release.consent_again import ask_again
from throughcare.protocol.release.life_promises import begun_at, is_outside_already
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
    Situation,
    State,
)

Key = tuple[DeadlineCode, UUID | None, int | None]


def key_of(one: Deadline) -> Key:
    return (one.code, one.referral_id, one.step)


def _before_release(state: State, person: InCustody, profile: Profile) -> Iterator[Deadline]:
    heard = opening(state)
    waits = heard.origin == "programme" or is_outside_already(state)
    if waits and isinstance(heard.consent, NotAsked):
        due_at = after(profile, begun_at(state), profile.forget_unasked)
        yield Deadline("D02b", None, None, due_at)
    if person.expected_on is not None:
        day = person.expected_on + timedelta(days=profile.passed.amount)
        yield Deadline("D11b", None, None, end_of_day(profile, day))


def _unasked(state: State, person: LeftUnasked, profile: Profile) -> Iterator[Deadline]:
    """D02c: at once; but who came by themselves, or came back, is given time to be asked."""
    due_at = person.known_at
    if is_outside_already(state):
        due_at = after(profile, max(due_at, begun_at(state)), profile.life.wait_outside)
    yield Deadline("D02c", None, None, due_at)


def _untold(state: State, person: Outside, profile: Profile) -> Iterator[Deadline]:
    if isinstance(person.contact, NotMet) and responsible(state, profile) is None:
        # Nobody who could be told has taken the case on: a coordinator hears it at once.
        yield Deadline("D15", None, None, person.known_at)


def _after_release(state: State, person: Outside, profile: Profile) -> Iterator[Deadline]:
    released_at = counted_from(person)
    released_on = local_day(profile, released_at)

    def on_day(day: int) -> datetime:
        return end_of_day(profile, released_on + timedelta(days=day))

    if isinstance(person.contact, NotMet):
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


def _of_referrals(state: State, person: Situation, profile: Profile) -> Iterator[Deadline]:
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
        if isinstance(one.stand, Sent) or one.recall_at is not None:
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


# -- all of them ---------------------------------------------------------------------------------


class Rule(NamedTuple):
    """Some of the promises, and what of the state they are read off."""

    codes: frozenset[DeadlineCode]
    reads: frozenset[str]
    #: In a state with this person, who is in the situation that the rule is for.
    find: Callable[[State, Any, Profile], Iterator[Deadline]]


#: What a rule may read: what was heard, and these parts of the own. Which promises live, which
#: alarms are open and which receivers closed promises nothing.
PARTS = (
    "person", "referrals", "lines", "kit", "support", "recalls", "rights", "resumed_at", "facility",
    "done",
)  # fmt: skip
_parts = attrgetter(*PARTS)


def _rule(
    codes: str, reads: str, find: Callable[[State, Any, Profile], Iterator[Deadline]]
) -> Rule:
    return Rule(frozenset(cast(list[DeadlineCode], codes.split())), frozenset(reads.split()), find)


_RECIPIENTS = _rule("D23", "recalls", care_promises.of_recipients)
_RIGHTS = _rule("D24 D28 D29", "person rights", of_rights)
_CONSENT = _rule("D02d D03", "person heard", care_promises.of_consent)
_OFFERED = _rule("D05", "person heard referrals", care_promises.offered)
_REFERRALS = _rule("D06 D07 D07c D08 D15 D18", "person heard referrals", _of_referrals)

#: By where the person is; in the order in which the record names what they promise.
RULES: dict[type[Situation], tuple[Rule, ...]] = {
    InCustody: (
        _RECIPIENTS,
        _RIGHTS,
        _rule("D02b D11b", "person heard resumed_at", _before_release),
        _CONSENT,
        _OFFERED,
        _rule("D09", "person referrals", care_promises.booked),
        _REFERRALS,
        _rule(
            "D04 D10 D14 D16b",
            "person heard referrals lines facility",
            medicine_promises.lines_inside,
        ),
        _rule("D12 D13", "person heard kit", medicine_promises.kit_inside),
        _rule("D01 D02", "person heard resumed_at", life_promises.asking),
        _rule("D11 D11s", "person heard resumed_at", life_promises.awaiting),
        _rule("weekend-release", "person heard referrals resumed_at", life_promises.weekend),
        _rule("D07b", "referrals", life_promises.places),
    ),
    LeftUnasked: (
        _RECIPIENTS,
        _RIGHTS,
        _rule("D02c", "person heard resumed_at", _unasked),
        _CONSENT,
        _OFFERED,
        _REFERRALS,
    ),
    Outside: (
        _RECIPIENTS,
        _RIGHTS,
        _rule("D15", "person heard referrals", _untold),
        _rule("D17 D19 D21 D22", "person done", _after_release),
        _rule("D31", "person heard referrals", allowance),
        _CONSENT,
        _rule("consent-again", "person heard", ask_again),
        _OFFERED,
        _rule("D20", "person heard", care_promises.takes_part),
        _REFERRALS,
        _rule("D14 D16", "person lines", medicine_promises.lines_outside),
        _rule("D13", "person heard kit", medicine_promises.kit_outside),
        _rule("D17b", "referrals support", medicine_promises.support),
        _rule("D22b", "person", life_promises.unfinished),
    ),
    Ended: (_RECIPIENTS, _RIGHTS),
}
_EVERY_CODE = frozenset(code for rules in RULES.values() for rule in rules for code in rule.codes)


class Asked(NamedTuple):
    """Rules to be asked, and whatever they may promise."""

    rules: tuple[Rule, ...]
    codes: frozenset[DeadlineCode]

    def promises(self, state: State, profile: Profile) -> Iterator[Deadline]:
        person = state.own.person
        for rule in self.rules:
            yield from rule.find(state, person, profile)


def promises(state: State, profile: Profile) -> Iterator[Deadline]:
    """Every promise the state implies, also those already missed whose cause still stands."""
    return Asked(RULES[type(state.own.person)], _EVERY_CODE).promises(state, profile)


def asked_anew(before: State, after: State, *, heard: bool) -> Asked:
    """Of the rules for `after` those that may say something else than before.

    The others read what they read then, the very same objects: a state is never changed.
    `heard`: something else was heard meanwhile; `before` has heard it already.
    """
    kind = type(after.own.person)
    if kind is not type(before.own.person):
        return Asked(RULES[kind], _EVERY_CODE)
    return _asked(kind, heard, *map(is_not, _parts(after.own), _parts(before.own)))


@cache
def _asked(kind: type[Situation], heard: bool, *changed: bool) -> Asked:
    others = {part for part, other in zip(PARTS, changed, strict=True) if other}
    if heard:
        others.add("heard")
    rules = tuple(rule for rule in RULES[kind] if not rule.reads.isdisjoint(others))
    return Asked(rules, frozenset().union(*(rule.codes for rule in rules)))
