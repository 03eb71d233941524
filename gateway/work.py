"""What is open with whom: the same words for every kind of support.

What is remembered of a case (`gateway.known`) names deadlines; what a party reads (`Item`) names
none. Promises of one kind to one addressee are one item with the nearest due time: how many there
are, and of which code, would tell of medicines.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Literal, NamedTuple
from uuid import UUID

from throughcare.contracts.codes import DeadlineCode, Role
from throughcare.contracts.consent_commands import RenewConsent
from throughcare.gateway.known import AFTER_END, Alarm, Holder, Known, Promise, Renewal, over
from throughcare.protocol.calendar import end_of_day
from throughcare.protocol.profiles import PROFILES
from throughcare.protocol.profiles.model import Profile
from throughcare.protocol.roles import MAY

Task = Literal[
    "offer-consent",
    "renew-consent",
    "make-plan",
    "send-referrals",
    "find-receiver",
    "answer-referral",
    "confirm-cancellation",
    "book-appointment",
    "confirm-readiness",
    "confirm-release-date",
    "confirm-release-known",
    "meet-person",
    "look-for-person",
    "follow-up-check",
    "acknowledge-alarm",
    "show-data",
    "review-access",
    "say-what-was-done",  # of permission that ended: kept in `gateway.owed`
]
_COORDINATOR: Role = "protocol-coordinator"

#: About one referral: its receiver's.
_OF_REFERRAL: Mapping[DeadlineCode, Task] = MappingProxyType(
    {
        "D06": "answer-referral",
        "D07": "answer-referral",
        "D07c": "confirm-cancellation",
        "D09": "book-appointment",
        "D15": "confirm-release-known",
        "D18": "look-for-person",
    }
)
#: Before the release: a role's.
_INSIDE: Mapping[DeadlineCode, tuple[Task, Role]] = MappingProxyType(
    {
        "D01": ("offer-consent", "prison-psych"),
        "D02": ("offer-consent", "prison-psych"),
        "D03": ("make-plan", "prison-psych"),
        "D05": ("send-referrals", "prison-psych"),
        "D04": ("confirm-readiness", "prison-health"),
        "D12": ("confirm-readiness", "prison-health"),
        "D13": ("confirm-readiness", "prison-health"),
        "D14": ("confirm-readiness", "prison-health"),
        "D16b": ("confirm-readiness", "prison-health"),
        "weekend-release": ("confirm-readiness", "prison-health"),
        "D11": ("confirm-release-date", "prison-admin"),
        "D11b": ("confirm-release-date", "prison-admin"),
        "D11s": ("confirm-release-date", _COORDINATOR),
    }
)
_OUTSIDE: Mapping[DeadlineCode, Task] = MappingProxyType(
    {
        "D03": "make-plan",
        "D05": "send-referrals",
        "D12": "meet-person",
        "D13": "meet-person",
        "D14": "meet-person",
        "D16": "meet-person",
        "D16b": "meet-person",
        "D17": "meet-person",
        "D17b": "meet-person",
        "D31": "meet-person",
        "D19": "follow-up-check",
        "D20": "follow-up-check",
        "D21": "follow-up-check",
        "consent-again": "renew-consent",
    }
)
#: What is owed to the person: whoever answers for data, also after the end.
_OF_RIGHTS: Mapping[DeadlineCode, Task] = MappingProxyType(
    {"D24": "show-data", "D29": "review-access"}
)
#: A sender's, also outside: whoever gives care has no part in it.
_SENDING: frozenset[Task] = frozenset({"make-plan", "send-referrals"})
#: The step of these is the number of a medicine line.
_OF_LINES: frozenset[DeadlineCode] = frozenset({"D10", "D14", "D16", "D16b"})


class Item(NamedTuple):
    """One piece of open work of a party, or of whoever holds the role and sees the case."""

    task: Task
    referral_id: UUID | None
    party: str | None
    role: Role | None
    due_at: datetime
    since: datetime
    #: It stands though the case is over (D23), or the party's part in it is.
    after_end: bool = False


def items(known: Known, protocol_version: str) -> tuple[Item, ...]:
    """The open work of a case: one item a task, referral and addressee."""
    profile = PROFILES[protocol_version]
    made: dict[tuple[object, ...], Item] = {}
    for one in _all(known, profile):
        key = one[:4]
        found = made.get(key)
        if found is not None:
            one = one._replace(
                due_at=min(one.due_at, found.due_at),
                since=min(one.since, found.since),
                after_end=one.after_end and found.after_end,
            )
        made[key] = one
    return tuple(made.values())


def _all(known: Known, profile: Profile) -> Iterator[Item]:
    for one in known.promises:
        if (item := _of_promise(known, one, profile)) is not None:
            yield item
        # Asked of everybody with consent, so that it says nothing of what has to be ready.
        if one.code == "D02d" and not known.outside and not known.ready and known.expected_on:
            due_at = end_of_day(profile, known.expected_on)
            yield Item("confirm-readiness", None, None, "prison-health", due_at, one.since)
    if (soon := known.renewal) is not None:
        yield _to("renew-consent", soon.role, soon.party, None, soon)
    out = over(known, profile)
    for alarm in known.alarms:
        item = _to("acknowledge-alarm", alarm.role, alarm.party, alarm.referral_id, alarm)
        yield item._replace(after_end=alarm.code in AFTER_END or alarm.party in out)


def _of_promise(known: Known, one: Promise, profile: Profile) -> Item | None:
    if one.code in _OF_REFERRAL:
        holder = _holder(known, one.referral_id)
        return None if holder is None else _of_holder(_OF_REFERRAL[one.code], holder, one)
    if (right := _OF_RIGHTS.get(one.code)) is not None:
        return _to(right, "dpo", None, None, one)._replace(after_end=True)
    if one.code == "D08":
        return _to("find-receiver", _COORDINATOR, None, None, one)
    if one.code == "D10":
        holder = _server(known, one)
        if holder is not None:
            return _of_holder("book-appointment", holder, one)
        return _to("confirm-readiness", "prison-health", None, None, one)
    if not known.outside:
        if (found := _INSIDE.get(one.code)) is None:
            return None
        task, role = found
        return _to(task, role, None, None, one)
    if (task_outside := _OUTSIDE.get(one.code)) is None:
        return None
    holder = None
    if task_outside not in _SENDING:
        holder = _holder(known, one.referral_id) or _server(known, one)
        holder = holder or _responsible(known, profile)
    if task_outside == "renew-consent" and holder is not None:
        # As a consent whose last day is near, so that both are one piece of work; who may not ask
        # leaves it to the coordinator, who finds somebody.
        party = holder.party if holder.role in MAY[RenewConsent] else None
        return _to(task_outside, _COORDINATOR, party, None, one)
    if holder is None:
        return _to(task_outside, _COORDINATOR, None, None, one)
    return _of_holder(task_outside, holder, one)


def _of_holder(task: Task, holder: Holder, one: Promise) -> Item:
    return Item(task, holder.referral_id, holder.party, None, one.due_at, one.since)


def _to(
    task: Task,
    role: Role,
    party: str | None,
    referral_id: UUID | None,
    one: Promise | Alarm | Renewal,
) -> Item:
    """Of a party by name with its referral; of a role without: which one it is, the timeline says."""
    if party is None:
        return Item(task, None, None, role, one.due_at, one.since)
    return Item(task, referral_id, party, None, one.due_at, one.since)


def _holder(known: Known, referral_id: UUID | None) -> Holder | None:
    return next((one for one in known.holders if one.referral_id == referral_id), None)


def _server(known: Known, promise: Promise) -> Holder | None:
    """Who carries the medicine line on."""
    if promise.code not in _OF_LINES or promise.step is None:
        return None
    return next(
        (one for one in known.holders if one.stand == "placed" and one.line == promise.step), None
    )


def _responsible(known: Known, profile: Profile) -> Holder | None:
    """As `protocol.release.rules.responsible`: the first care receiver that took the case on."""
    care_holders = [
        one
        for one in known.holders
        if (rule := profile.receivers.get(one.role)) is not None and rule.care
    ]
    for stand in ("placed", "finished"):
        for one in care_holders:
            if one.stand == stand:
                return one
    return None
