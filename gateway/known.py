"""What the doors remember of a case for work lists and for who has a part in it: folded from release's events.

It names deadlines; what a party reads (`gateway.work`) names none.
"""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from msgspec import json

from throughcare.contracts import care_events as care
from throughcare.contracts import life_events as life
from throughcare.contracts import release_events as release
from throughcare.contracts import rights_events as rights
from throughcare.contracts.codes import DeadlineCode, DeadlineKey, ReceiverType, Role
from throughcare.contracts.envelope import Message
from throughcare.contracts.kinds import Data
from throughcare.protocol.profiles.model import Profile
from throughcare.protocol.record import Record, replace
from throughcare.protocol.release.medicine_rules import LINE_OF, number

#: Promises that stand though the case is over.
AFTER_END: frozenset[DeadlineCode] = frozenset({"D23", "D24", "D28", "D29"})


class Promise(Record, frozen=True):
    code: DeadlineCode
    referral_id: UUID | None
    step: int | None
    due_at: datetime
    since: datetime


class Alarm(Record, frozen=True):
    """Raised, and neither acknowledged nor cleared."""

    id: UUID
    code: DeadlineCode
    referral_id: UUID | None
    role: Role
    party: str | None
    due_at: datetime
    since: datetime


class Holder(Record, frozen=True):
    """A receiver of a referral, in the order in which they were sent."""

    referral_id: UUID
    party: str
    role: ReceiverType
    #: Of the medicine line that it would carry on; 1, 2, 3 …
    line: int | None
    stand: Literal["asked", "placed", "finished", "over"] = "asked"
    #: It said yes once: it may hold something of the person.
    held: bool = False


class Renewal(Record, frozen=True):
    """The last day of the consent is near, and this one was reminded of it."""

    role: Role
    party: str | None
    due_at: datetime
    since: datetime


class Known(Record, frozen=True):
    """What is remembered of a case."""

    #: Up to which version of release's stream it is folded in; of what changes nothing, not told.
    version: int = 0
    outside: bool = False
    expected_on: date | None = None
    ready: bool = False
    promises: tuple[Promise, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    holders: tuple[Holder, ...] = ()
    renewal: Renewal | None = None


_ENCODER = json.Encoder()
_DECODER = json.Decoder(Known)


def dump(known: Known) -> bytes:
    return _ENCODER.encode(known)


def load(raw: bytes) -> Known:
    return _DECODER.decode(raw)


def hear(known: Known, event: Message) -> Known:
    """What is known after an event of release; what was heard before changes nothing."""
    if event.sequence is None or event.sequence <= known.version:
        return known
    heard = _hear(known, event.data, event.recorded_at)
    return known if heard is known else replace(heard, version=event.sequence)


def _hear(known: Known, said: Data, at: datetime) -> Known:
    match said:
        case release.ReleaseScheduled():
            return replace(known, expected_on=said.expected_release_on)
        case release.ReleaseRescheduled():
            return replace(known, expected_on=said.new_on)
        case release.PersonReleased() | release.PersonReleasedBeforeConsent():
            return replace(known, outside=True)
        case life.ReleaseReversed():
            return replace(known, outside=False)
        case release.ReadinessConfirmed():
            return replace(known, ready=True)
        case release.ReadinessLost():
            return replace(known, ready=False)
        case release.CaseClosed():
            return _of_the_end(known)
        case rights.CaseForgotten():
            return Known()
        case life.EpisodeResumed():
            return replace(_of_the_end(known), expected_on=said.expected_release_on)
        case release.DeadlinesChanged():
            return _changed(known, said, at)
        case release.DeadlineMissed() | release.DeadlineWaived():
            return _without(known, {(said.code, said.referral_id, said.step)})
        case care.DeadlineReminded(code="D02d"):
            return replace(
                known, renewal=Renewal(said.to_role, said.to_party, said.due_at, since=at)
            )
        case release.EscalationRaised():
            alarm = Alarm(
                said.escalation_id, said.code, said.referral_id, said.to_role, said.to_party,
                due_at=said.climbs_at or at, since=at,
            )  # fmt: skip
            return replace(known, alarms=(*known.alarms, alarm))
        case release.EscalationAcknowledged() | release.EscalationCleared():
            left = tuple(one for one in known.alarms if one.id != said.escalation_id)
            return replace(known, alarms=left)
        case _:
            return _referrals(known, said)


def _of_the_end(known: Known) -> Known:
    """What stands though the case is over."""
    return Known(
        promises=tuple(one for one in known.promises if one.code in AFTER_END),
        alarms=tuple(one for one in known.alarms if one.code in AFTER_END),
    )


def _referrals(known: Known, said: Data) -> Known:
    match said:
        case release.ReferralSent():
            line = LINE_OF.get(said.service_type)
            sent = Holder(
                said.referral_id,
                said.receiver,
                said.receiver_type,
                None if line is None else number(line),
            )
            return replace(known, holders=(*known.holders, sent))
        case care.WaitingPlaceTaken():
            return _stands(known, said.referral_id, "asked")
        case release.ReferralAccepted():
            return _stands(known, said.referral_id, "placed")
        case care.ServiceEnded():
            return _stands(known, said.referral_id, "finished")
        case release.ReferralCancelled(reason_code="case-closed" | "consent-withdrawn"):
            return known  # the end of the case, or of permission, stands beside it
        case (
            release.ReferralDeclined()
            | release.ReferralExpired()
            | release.ReferralCancelled()
            | release.AcceptanceWithdrawn()
            | life.AcceptanceLapsed()
        ):
            return _stands(known, said.referral_id, "over")
        case care.PermissionRecalled():
            gone = tuple(
                replace(one, stand="over") if one.party == said.receiver else one
                for one in known.holders
            )
            left = tuple(one for one in known.alarms if one.party != said.receiver)
            return replace(known, holders=gone, alarms=left)
        case _:
            return known


def _stands(
    known: Known, referral_id: UUID, stand: Literal["asked", "placed", "finished", "over"]
) -> Known:
    holders = tuple(
        replace(one, stand=stand, held=one.held or "placed" in (one.stand, stand))
        if one.referral_id == referral_id
        else one
        for one in known.holders
    )
    return replace(known, holders=holders)


def over(known: Known, profile: Profile) -> frozenset[str]:
    """Receivers whose part in the case is over: no referral of theirs stands.

    Who gives care may still follow up when its service ended; nobody else is asked to.
    """
    here = {one.party for one in known.holders if _has_part(one, profile)}
    return frozenset(one.party for one in known.holders) - here


def _has_part(one: Holder, profile: Profile) -> bool:
    if one.stand != "finished":
        return one.stand != "over"
    rule = profile.receivers.get(one.role)
    return rule is not None and rule.care


_Key = tuple[DeadlineCode, UUID | None, int | None]


def _key(one: Promise | DeadlineKey) -> _Key:
    return one.code, one.referral_id, one.step


def _without(known: Known, gone: set[_Key]) -> Known:
    left = tuple(one for one in known.promises if _key(one) not in gone)
    renewal = None if any(code == "D02d" for code, _, _ in gone) else known.renewal
    return replace(known, promises=left, renewal=renewal)


def _changed(known: Known, said: release.DeadlinesChanged, at: datetime) -> Known:
    since = {_key(one): one.since for one in known.promises}
    left = _without(known, {_key(one) for one in (*said.met, *said.dropped, *said.put)})
    new = (
        Promise(
            one.code, one.referral_id, one.step, one.due_at, one.since or since.get(_key(one), at)
        )
        for one in said.put
    )
    return replace(left, promises=(*left.promises, *new))
