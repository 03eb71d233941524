"""The steps below and above an alarm: reminders before a promise is missed, the level above after.

L0 whose turn it is, at shares of the time. L1 the organisation, when it is missed. L2 the
coordinator, after as much time again, or at once where there is none. L3 is nobody's message:
monitors see counts. Neither adds a receiver that has no consent; probation is never told.

Reminders are no deadlines of their own: that would be three promises where there is one, and two
more events each time one is kept early. They are read off the live set, and said only when due.
"""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from throughcare.contracts.care_events import DeadlineReminded
from throughcare.contracts.codes import DeadlineCode, Role
from throughcare.contracts.kinds import Event
from throughcare.contracts.release_events import EscalationRaised
from throughcare.protocol.decision import Context
from throughcare.protocol.profiles import PROFILES
from throughcare.protocol.profiles.model import Alarm, Profile
from throughcare.protocol.release.rules import is_care, opening, responsible, track
from throughcare.protocol.release.state import (
    Deadline,
    Escalation,
    InCustody,
    Referral,
    State,
)

_COORDINATOR: Role = "protocol-coordinator"
#: Where there is no time left, the coordinator hears of these together with the organisation.
_AT_ONCE: frozenset[DeadlineCode] = frozenset({"D03", "D06", "D09"})


class Addressee(NamedTuple):
    role: Role
    party: str | None


def next_at(state: State) -> datetime | None:
    """The earliest moment at which anything happens by itself."""
    if not state.own.live and not state.own.escalations:
        return None
    moments = [one.due_at for one in state.own.live]
    moments += [one.climbs_at for one in state.own.escalations if one.climbs_at is not None]
    profile = PROFILES[opening(state).protocol_version]
    for one in state.own.live:
        if one.since is not None:
            times = _reminder_times(profile, one.code, one.since, one.due_at)
            moments += times[one.reminded : one.reminded + 1]
    return min(moments, default=None)


def step(state: State, as_of: datetime, context: Context, profile: Profile) -> tuple[Event, ...]:
    """What of the ladder is due; nothing once that was said."""
    return (*_climbs(state, as_of, context), *_reminders(state, as_of, profile))


def climbs_at(one: Deadline, level: int) -> datetime | None:
    """L2: missed by as much again."""
    if level != 1 or one.since is None or one.since >= one.due_at:
        return None
    return _to_the_hour(one.due_at + (one.due_at - one.since))


def at_once(state: State, one: Deadline, alarms: tuple[Alarm, ...], profile: Profile) -> bool:
    """Whether the coordinator is told with the first alarm."""
    if one.code not in _AT_ONCE or any(alarm.level > 1 for alarm in alarms):
        return False
    referral = _referral(state, one)
    if referral is not None:
        return referral.urgency == "urgent"
    return track(state, one.due_at, profile) == "urgent"


def holder(state: State, one: Deadline, profile: Profile) -> Referral | None:
    """The care receiver whose turn it is. Who gives no care, such as probation, is nobody's lead."""
    found = _referral(state, one) if one.referral_id else responsible(state, profile)
    return found if found is not None and is_care(found, profile) else None


def _referral(state: State, one: Deadline) -> Referral | None:
    return next((other for other in state.own.referrals if other.id == one.referral_id), None)


def _climbs(state: State, as_of: datetime, context: Context) -> tuple[Event, ...]:
    return tuple(
        EscalationRaised(
            escalation_id=context.new_id(),
            code=one.code,
            referral_id=one.referral_id,
            step=one.step,
            level=2,
            to_role=_COORDINATOR,
            climbed_from=one.id,
        )
        for one in state.own.escalations
        if _is_up(one, as_of)
    )


def _is_up(one: Escalation, as_of: datetime) -> bool:
    return one.climbs_at is not None and one.climbs_at <= as_of


def _reminders(state: State, as_of: datetime, profile: Profile) -> tuple[Event, ...]:
    said = []
    for one in state.own.live:
        if one.since is None or one.due_at <= as_of:
            continue
        number = sum(
            at <= as_of for at in _reminder_times(profile, one.code, one.since, one.due_at)
        )
        if number <= one.reminded:
            continue
        to = _assignee(state, one, profile)
        said.append(
            DeadlineReminded(
                code=one.code,
                referral_id=one.referral_id,
                step=one.step,
                due_at=one.due_at,
                number=number,
                to_role=to.role,
                to_party=to.party,
            )
        )
    return tuple(said)


def _assignee(state: State, one: Deadline, profile: Profile) -> Addressee:
    """In custody the prison where the profile says so; outside whoever answers for the person."""
    role = profile.care.reminds[one.code]
    if role != "receiver" and isinstance(state.own.person, InCustody):
        return Addressee(role, None)
    found = holder(state, one, profile)
    if found is None:
        return Addressee(_COORDINATOR, None)
    return Addressee(found.receiver_type, found.receiver)


@lru_cache(maxsize=16384)  # asked of every live deadline whenever the case moves
def _reminder_times(
    profile: Profile, code: DeadlineCode, since: datetime, due_at: datetime
) -> tuple[datetime, ...]:
    rules = profile.care
    if code not in rules.reminds:
        return ()
    if code == "D02d":
        return tuple(due_at - timedelta(days=days) for days in rules.expiry_reminders)
    time = due_at - since
    if time < timedelta(hours=rules.reminder_from_hours):
        return ()
    return tuple(_to_the_hour(since + time * share / 100) for share in rules.reminder_shares)


def _to_the_hour(moment: datetime) -> datetime:
    """Up to the next whole one: nobody needs the minute, and a stepped clock has fewer stops."""
    return moment + timedelta(seconds=-moment.timestamp() % 3600)
