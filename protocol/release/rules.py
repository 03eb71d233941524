"""Questions about a case that more than one decision asks."""

from datetime import date, datetime, timedelta
from uuid import UUID

from throughcare.contracts.codes import Urgency
from throughcare.contracts.kinds import Data
from throughcare.contracts.release_commands import RecordRelease
from throughcare.protocol.calendar import end_of_day, local_day
from throughcare.protocol.decision import Context, Refused
from throughcare.protocol.profiles.model import Profile
from throughcare.protocol.release.state import (
    OPEN,
    PLACED,
    Candidate,
    Failed,
    Finished,
    Granted,
    InCustody,
    Item,
    Opening,
    Outside,
    Own,
    Referral,
    Sent,
    State,
)
from throughcare.protocol.roles import BY_ACCEPTANCE, MAY


def opening(state: State) -> Opening:
    """What was heard of the opening; nothing is decided before it was."""
    if not isinstance(state.heard, Opening):
        raise TypeError("the case's opening has not been heard")
    return state.heard


def consent(state: State, on: date) -> Granted | None:
    """The consent in force on a local day."""
    given = opening(state).consent
    return given if isinstance(given, Granted) and on <= given.expires_on else None


def covers(given: Granted, item: Item, receiver: Candidate, profile: Profile) -> bool:
    """Whether one permission reaches this receiver with what the service needs, for its purpose.

    Where such a receiver may never have all of it, as probation no name, with what it may have.
    """
    service = profile.services[item.service_type]
    return any(
        permission.receiver_type == receiver.receiver_type
        and permission.party in (None, receiver.party)
        and service.purpose in permission.purposes
        and (service.classes & profile.receivers[receiver.receiver_type].classes).issubset(
            permission.data_classes
        )
        for permission in given.permissions
    )


def plan_item(state: State, number: int) -> Item | None:
    return next((item for item in opening(state).plan if item.item == number), None)


def asked(own: Own, number: int) -> frozenset[str]:
    """Who was asked for an item and did not take it."""
    return frozenset(
        one.receiver
        for one in own.referrals
        if one.item == number and isinstance(one.stand, Failed) and not one.stand.lapsed
    )


def _had_it(own: Own, number: int) -> frozenset[str]:
    """Who is being asked for an item, and whose service for it is over: the list goes on to others."""
    return frozenset(
        one.receiver
        for one in own.referrals
        if one.item == number and isinstance(one.stand, Sent | Finished)
    )


def next_receiver(state: State, item: Item, profile: Profile, on: date) -> Candidate | None:
    """The plan's order, as far as consent reaches; nobody is asked twice."""
    given = consent(state, on)
    if given is None:
        return None
    tried = asked(state.own, item.item) | _had_it(state.own, item.item)
    return next(
        (
            receiver
            for receiver in item.receivers
            if receiver.party not in tried
            and covers(given, item, receiver, profile)
            and may_be_asked(state, receiver, profile)
        ),
        None,
    )


def only_outside(receiver: Candidate, profile: Profile) -> bool:
    """Whether this kind of receiver hears nothing of the person before the release."""
    rule = profile.receivers.get(receiver.receiver_type)
    return rule is not None and not rule.before_release


def may_be_asked(state: State, receiver: Candidate, profile: Profile) -> bool:
    if receiver.party in state.own.suspended:
        return False
    return isinstance(state.own.person, Outside) or not only_outside(receiver, profile)


def working_on(own: Own, number: int) -> Referral | None:
    """The referral that serves an item at the moment."""
    return next(
        (
            one
            for one in own.referrals
            if one.item == number and isinstance(one.stand, OPEN + PLACED)
        ),
        None,
    )


def is_care(referral: Referral, profile: Profile) -> bool:
    """A visit by probation or the neighbourhood is help, and no contact with care."""
    rule = profile.receivers.get(referral.receiver_type)
    return rule is not None and rule.care


def responsible(state: State, profile: Profile) -> Referral | None:
    """The care receiver that answers for the person: the first that took the case on.

    One whose own service is over still follows up where nobody else holds the person.
    """
    care = [one for one in state.own.referrals if is_care(one, profile)]
    for stands in (PLACED, (Finished,)):
        for one in care:
            if isinstance(one.stand, stands):
                return one
    return None


def track(state: State, now: datetime, profile: Profile) -> Urgency:
    """How much time there is before the release; after it there is none."""
    person = state.own.person
    if not isinstance(person, InCustody):
        return "urgent"
    if person.expected_on is None:
        return "routine"
    if (person.expected_on - local_day(profile, now)).days >= profile.short_below_days:
        return "routine"
    left = end_of_day(profile, person.expected_on) - now
    return "urgent" if left < timedelta(hours=profile.urgent_below_hours) else "short"


def unplaced(state: State) -> tuple[int, ...]:
    """Mandatory items of the plan without a place that lasts until the release."""
    person = state.own.person
    expected_on = person.expected_on if isinstance(person, InCustody) else None
    return tuple(
        item.item
        for item in opening(state).plan
        if item.mandatory and not _has_place(state.own, item.item, expected_on)
    )


def _has_place(own: Own, number: int, expected_on: date | None) -> bool:
    for one in own.referrals:
        if one.item != number or not isinstance(one.stand, PLACED):
            continue
        valid_until = getattr(one.stand, "valid_until", None)
        if valid_until is None or expected_on is None or expected_on <= valid_until:
            return True
    return False


def own_referral(state: State, context: Context, referral_id: UUID) -> Referral | Refused:
    """A referral of the party that speaks. Another's looks like one that never was."""
    for one in state.own.referrals:
        if one.id == referral_id and one.receiver == context.party:
            return one
    return Refused("referral-unknown")


def not_accepted(state: State, message: Data, context: Context) -> Refused | None:
    """A receiver says what became of the person once it has said yes, also when that is over.

    Of who came by themselves, or came back, no facility says that they are free
    (docs/decisions/0013): whoever took the case up does, if nobody asked it as a receiver.
    """
    by_acceptance = BY_ACCEPTANCE.get(type(message), frozenset())
    if context.roles & MAY[type(message)] - by_acceptance:
        return None
    mine = [one for one in state.own.referrals if one.receiver == context.party]
    if any(one.held for one in mine):
        return None
    if isinstance(message, RecordRelease) and not mine and _came(state):
        return None
    return Refused("referral-not-accepted")


def _came(state: State) -> bool:
    return opening(state).origin == "self-presented" or state.own.resumed_at is not None


def outside(state: State) -> Outside | Refused:
    person = state.own.person
    return person if isinstance(person, Outside) else Refused("person-not-released")


def counted_from(person: Outside) -> datetime:
    """From when contact and follow-up count: the release, or when the person came (back)."""
    return person.counts_from or person.released_at
