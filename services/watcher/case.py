"""Promise 1, worked out once more from the events alone.

For each case with consent: by 72 hours after a release, or after a release date that passed
without a word, somebody who gives care met the person, or a human acknowledged an alarm. What the
services derive (`first-contact-made`, deadlines) is not believed here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any
from uuid import UUID

LIMIT = timedelta(hours=72)
#: All five countries keep UTC+5 or +6; a day is over for all of them when it is at +5.
_ZONE = timezone(timedelta(hours=5))
#: A visit by one of these is help, and no contact with care.
_NO_CARE = frozenset({"probation", "mahalla", "programme-coordinator"})
_PREFIX = "org.throughcare.event."


@dataclass(frozen=True)
class Case:
    """What the promise needs to know of a case. Moments are in UTC, domain time."""

    case_ref: UUID
    consented: bool = False
    closed: bool = False
    #: Local date.
    expected_on: date | None = None
    released_at: datetime | None = None
    #: Referrals to who gives care.
    care: frozenset[UUID] = frozenset()
    met_at: datetime | None = None
    #: Alarms nobody has acknowledged, and when each was raised.
    open_alarms: Mapping[str, datetime] = field(default_factory=dict)
    #: When the latest alarm was raised that a human acknowledged.
    answered_at: datetime | None = None


def read(case: Case, event: Mapping[str, Any]) -> Case:
    """What an event changes. Raises KeyError, TypeError or ValueError for one that does not fit."""
    kind = str(event["type"])
    if not kind.startswith(_PREFIX):
        raise ValueError("no event")
    data = event["data"]
    # The version at the end may grow by fields that are not read here.
    match kind.removeprefix(_PREFIX).rpartition(".v")[0]:
        case "consent-granted":
            return replace(case, consented=True)
        case "consent-withdrawn" | "consent-expired":
            return replace(case, consented=False)
        case "case-opened" | "release-scheduled" if data.get("expected_release_on"):
            return replace(case, expected_on=date.fromisoformat(data["expected_release_on"]))
        case "release-rescheduled":
            new_on = data.get("new_on")
            return replace(case, expected_on=date.fromisoformat(new_on) if new_on else None)
        case "person-released" | "person-released-before-consent":
            counts_from = data.get("counts_from") or data["released_at"]
            return replace(case, released_at=moment(counts_from))
        case "release-reversed":
            return _back(case, moment(data["said_at"]))
        case "case-reopened":
            return replace(case, consented=False)
        case "episode-resumed":
            on = date.fromisoformat(d) if (d := data.get("expected_release_on")) else None
            return Case(case.case_ref, consented=case.consented, expected_on=on)
        case "referral-sent" if data["receiver_type"] not in _NO_CARE:
            return replace(case, care=case.care | {UUID(data["referral_id"])})
        case "client-attended":
            return _met(case, data, data["attended_at"])
        case "outreach-attempted" if data["result"] == "met":
            return _met(case, data, data["attempted_at"])
        case "follow-up-checked" if data["contact_kind"] == "visit":
            return _met(case, data, data["checked_at"])
        # What is owed to the person about their data is no answer to where the person is.
        case "escalation-raised" if data["code"] not in ("D23", "D24", "D28", "D29"):
            raised = {**case.open_alarms, data["escalation_id"]: moment(event["recordedtime"])}
            return replace(case, open_alarms=raised)
        case "escalation-acknowledged" | "escalation-cleared" as how:
            raised = dict(case.open_alarms)
            at = raised.pop(data["escalation_id"], None)
            case = replace(case, open_alarms=raised)
            if at is None or how == "escalation-cleared":
                return case
            return replace(case, answered_at=max(at, case.answered_at or at))
        case "case-closed":
            return replace(case, closed=True, open_alarms={})
        case _:
            return case


def _back(case: Case, said_at: datetime) -> Case:
    """In custody after all. A date that lay before that word did not pass without one."""
    on = case.expected_on
    if on is not None and on < said_at.astimezone(_ZONE).date():
        on = None
    return replace(case, released_at=None, expected_on=on)


def _met(case: Case, data: Mapping[str, Any], at: str) -> Case:
    if UUID(data["referral_id"]) not in case.care:
        return case
    return replace(case, met_at=max(moment(at), case.met_at or moment(at)))


def limit_at(case: Case) -> datetime | None:
    """By when somebody must have the thread; None where somebody has, or nothing is promised."""
    if case.closed or not case.consented:
        return None
    if case.released_at is not None:
        since = met_since = case.released_at
    elif case.expected_on is not None:
        met_since = start_of(case.expected_on)
        since = start_of(case.expected_on + timedelta(days=1))
    else:
        return None
    if case.met_at is not None and case.met_at >= met_since:
        return None
    if case.answered_at is not None and case.answered_at >= since:
        return None
    return since + LIMIT


def start_of(day: date) -> datetime:
    """Midnight before a local date, in UTC."""
    return datetime.combine(day, time(), _ZONE).astimezone(UTC)


def moment(text: str) -> datetime:
    """An RFC 3339 moment. Raises ValueError where it has no zone."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("no zone")
    return at.astimezone(UTC)
