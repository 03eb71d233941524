"""Deadlines that fell due, one after another, and the alarms that people answer."""

from typing import Literal

from throughcare.contracts import release_commands as commands
from throughcare.contracts import release_events as events
from throughcare.contracts.codes import MEDICINE_LINES, DeadlineCode, Role
from throughcare.contracts.kinds import Event
from throughcare.contracts.rights_events import CaseForgotten
from throughcare.protocol.decision import Context, Refused
from throughcare.protocol.profiles.model import Alarm, Profile
from throughcare.protocol.release import (
    contact,
    ladder,
    life,
    medicine,
    recipients,
    referral,
    service,
    ways,
)
from throughcare.protocol.release.ending import close, dated
from throughcare.protocol.release.finish import Finished, applied, finish
from throughcare.protocol.release.medicine_rules import OF_LINES, facility_hears, serves
from throughcare.protocol.release.rules import opening
from throughcare.protocol.release.state import (
    OVER,
    Deadline,
    Escalation,
    Granted,
    NotMet,
    Outside,
    Referral,
    State,
)

Answer = tuple[Event, ...] | Refused

#: These end or move something; where something is still undecided they only tell people.
_ENDING: frozenset[DeadlineCode] = frozenset(
    {"D02b", "D02c", "D02d", "D07", "D07b", "D07c", "D22", "D22b", "D28"}
)
#: Promise 1 and what sees to it that a case ends: no coordinator can take them back.
_NEVER_WAIVED: frozenset[DeadlineCode] = frozenset(
    {
        *("D02b", "D02c", "D02d", "D07b", "D07c", "D11b", "D17", "D22", "D22b", "D23"),
        *("D24", "D28", "D29"),  # what is owed to the person
    }
)
_PRISON: frozenset[str] = frozenset({"prison-admin", "prison-health", "prison-psych"})
_OF_HEALTH = OF_LINES | {"D12", "D13"}


def run(
    state: State, command: commands.RunDeadlines, context: Context, profile: Profile
) -> tuple[()] | Finished:
    """All that is due by `as_of`, in the order in which it fell due; each sees what the last did."""
    as_of = min(command.as_of, context.received_at)  # nothing falls due before its time
    said: list[Event] = []
    told: set[tuple[DeadlineCode, object, int | None]] = set()
    more: tuple[Event, ...]
    while True:
        due = [
            one
            for one in state.own.live
            if one.due_at <= as_of and (one.code, one.referral_id, one.step) not in told
        ]
        if not due:
            break
        one = min(due, key=_order)
        if command.escalate_only and one.code in _ENDING:
            told.add((one.code, one.referral_id, one.step))
            if _is_told(state, one):
                continue
            more = _raise(state, one, context, profile)
        else:
            more = _fire(state, one, context, profile)
        more, state = finish(state, dated(more, context), profile)
        said.extend(more)
    while more := ladder.step(state, as_of, context, profile):
        said.extend(more)
        state = applied(state, more)
    return Finished(tuple(said), state) if said else ()


def _order(one: Deadline) -> tuple[object, ...]:
    return (one.due_at, one.code, one.step or 0, str(one.referral_id))


def _is_told(state: State, one: Deadline) -> bool:
    return any(
        (open_.code, open_.referral_id, open_.step) == (one.code, one.referral_id, one.step)
        for open_ in state.own.escalations
    )


def _fire(state: State, one: Deadline, context: Context, profile: Profile) -> tuple[Event, ...]:
    missed = events.DeadlineMissed(
        code=one.code, referral_id=one.referral_id, step=one.step, due_at=one.due_at
    )
    match one.code:
        case "D02b":
            return (missed, *close(state.own.referrals, "no-consent"))
        case "D02c":
            return (missed, *close(state.own.referrals, "released-before-consent"))
        case "D02d":
            return (missed, *recipients.expired(state, context))
        case "D07c":
            return (missed, *service.cancel_unconfirmed(state, one, context, profile))
        case "D07":
            return (missed, *_expire(state, one, context, profile))
        case "D07b":
            return (missed, *ways.lapse(state, _referral(state, one), context, profile))
        case "D28":
            gone = CaseForgotten(trigger="retention", forgotten_at=context.received_at)
            return (missed, gone)
        case "D22b" if isinstance(state.own.person, Outside):
            return (missed, *life.end_unfinished(state, state.own.person, context, profile))
        case "D22" if isinstance(state.own.person, Outside):
            return (missed, *_lose(state, one, state.own.person, context, profile))
        case "D16":
            gap = medicine.gap_opened(state, one, profile)
            return (missed, *gap, *_raise(state, one, context, profile))
        case _:
            return (missed, *_raise(state, one, context, profile))


def _expire(state: State, one: Deadline, context: Context, profile: Profile) -> tuple[Event, ...]:
    sent = _referral(state, one)
    expired = events.ReferralExpired(referral_id=sent.id, expired_at=context.received_at)
    failed = applied(state, (expired,))
    return (expired, *referral.reroute(failed, sent, context, profile))


def _lose(
    state: State, one: Deadline, person: Outside, context: Context, profile: Profile
) -> tuple[Event, ...]:
    """D22: day 30 without contact is a loss if people tried; day 180 is one whoever tried."""
    if one.step == profile.lost_days:
        if contact.tried_enough(person, profile.lost_rule, profile):
            return (contact.lost(state, person, context, profile),)
        return _raise(state, one, context, profile)
    lost: tuple[Event, ...] = ()
    if isinstance(person.contact, NotMet):
        lost = (contact.lost(state, person, context, profile),)
    confirmed = events.LossConfirmed(confirmed_at=context.occurred_at)
    return (*lost, confirmed, *close(state.own.referrals, "lost-to-follow-up"))


def _raise(state: State, one: Deadline, context: Context, profile: Profile) -> tuple[Event, ...]:
    consented = isinstance(opening(state).consent, Granted)
    alarms = profile.alarms_of(one.code, one.step)
    urgent = ladder.at_once(state, one, alarms, profile)
    if urgent:
        alarms = (*alarms, Alarm(2, "protocol-coordinator"))
    told = dict.fromkeys(  # each once, whatever roads lead to them
        _addressed(state, one, alarm, context, profile)
        for alarm in alarms
        if consented or not alarm.only_consented
    )
    return tuple(
        events.EscalationRaised(
            escalation_id=context.new_id(),
            code=one.code,
            referral_id=one.referral_id,
            step=one.step,
            level=level,
            to_role=to_role,
            to_party=to_party,
            climbs_at=None if urgent else ladder.climbs_at(one, level),
        )
        for level, to_role, to_party in told
    )


def _addressed(
    state: State, one: Deadline, alarm: Alarm, context: Context, profile: Profile
) -> tuple[int, Role, str | None]:
    """Level, role and party. What the prison may no longer hear goes to whoever cares now."""
    level, to_role = alarm.level, alarm.to
    if to_role in _PRISON and isinstance(state.own.person, Outside):
        # The prison has no part in what comes after, save that its health service hears of medicines
        # for a day, or as the person wished.
        hears = one.code in _OF_HEALTH and facility_hears(state, context.received_at, profile)
        to_role = to_role if to_role == "prison-health" and hears else "receiver"
    if to_role != "receiver":
        return level, to_role, None
    holder = _holder(state, one, profile)
    if holder is None:
        return 2, "protocol-coordinator", None
    return level, holder.receiver_type, holder.receiver


def _holder(state: State, one: Deadline, profile: Profile) -> Referral | None:
    if one.code in OF_LINES and one.step is not None:
        return serves(state, MEDICINE_LINES[one.step - 1])
    holder = ladder.holder(state, one, profile)
    if holder is None or (one.code == "D17b" and isinstance(holder.stand, OVER)):
        return None
    return holder


def _referral(state: State, one: Deadline) -> Referral:
    return next(other for other in state.own.referrals if other.id == one.referral_id)


def acknowledge(
    state: State, command: commands.AcknowledgeEscalation, context: Context, profile: Profile
) -> Answer:
    one = next((e for e in state.own.escalations if e.id == command.escalation_id), None)
    by_role = None if one is None else _may_acknowledge(one, context)
    if one is None or by_role is None or context.party is None:
        return Refused("escalation-unknown")
    if one.acknowledged:
        return ()
    return (
        events.EscalationAcknowledged(
            escalation_id=one.id, by_role=by_role, by_party=context.party
        ),
    )


def _may_acknowledge(one: Escalation, context: Context) -> Role | None:
    """Whom it addresses, or a coordinator."""
    if one.to_role in context.roles and one.to_party in (None, context.party):
        return one.to_role
    coordinator: Literal["protocol-coordinator"] = "protocol-coordinator"
    return coordinator if coordinator in context.roles else None


def waive(
    state: State, command: commands.WaiveDeadline, context: Context, profile: Profile
) -> Answer:
    if command.code in _NEVER_WAIVED:
        return Refused("deadline-not-waivable")
    key = (command.code, command.referral_id, command.step)
    live = next((d for d in state.own.live if (d.code, d.referral_id, d.step) == key), None)
    if live is None:
        return Refused("deadline-unknown")
    return (
        events.DeadlineWaived(
            code=live.code,
            referral_id=live.referral_id,
            step=live.step,
            due_at=live.due_at,
            by_role="protocol-coordinator",
            reason_code=command.reason_code,
        ),
    )
