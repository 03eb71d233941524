"""Who is told what, and what has to be remembered of a case for that. Neither who nor what is
ever more than a party or a role, a template and a time: what happened is read after signing in.

Escalations never add a party that has no consent: they go to who holds a referral, to the
facility, or to the neutral coordinator; never to probation or police.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from msgspec import json

from throughcare.contracts import intake_events as intake
from throughcare.contracts import release_events as release
from throughcare.contracts.codes import CloseReason, Role
from throughcare.contracts.envelope import Message
from throughcare.protocol.calendar import after
from throughcare.protocol.profiles import PROFILES
from throughcare.protocol.record import Record, replace

#: A case that ended before anything was shared: nobody outside knows of it, nobody is told.
_NOTHING_SHARED: frozenset[CloseReason] = frozenset(
    {"consent-refused", "no-consent", "released-before-consent"}
)
_PRISON: frozenset[Role] = frozenset({"prison-admin", "prison-health", "prison-psych"})


class Notice(NamedTuple):
    """One message to one party, or to whoever holds the role (at the facility, if one is named)."""

    template: str
    to_role: Role
    to_party: str | None = None
    facility: str | None = None
    #: Until when somebody has to act, UTC; None: to be looked at.
    act_by: datetime | None = None
    #: May go out after permission ended or the case closed: it says just that.
    last_word: bool = False


class Holder(Record, frozen=True):
    """A receiver with a referral that is neither declined nor over."""

    referral_id: UUID
    party: str
    role: Role
    #: It said yes: it may know of the release.
    accepted: bool


class KnownParties(Record, frozen=True):
    """What notifications remember of a case."""

    facility: str | None = None
    released: bool = False
    holders: tuple[Holder, ...] = ()
    #: The receivers have been told that permission ended.
    stopped: bool = False


_ENCODER = json.Encoder()
_DECODER = json.Decoder(KnownParties)


def dump(known: KnownParties) -> bytes:
    return _ENCODER.encode(known)


def load(raw: bytes) -> KnownParties:
    return _DECODER.decode(raw)


def hear(known: KnownParties, event: Message) -> KnownParties:
    """What is known after an event of either half; the two may arrive in any order."""
    match event.data:
        case intake.CaseOpened(facility=facility):
            return replace(known, facility=known.facility or facility)
        case intake.ConsentWithdrawn():
            return replace(known, stopped=True)
        case release.ReleaseScheduled(facility=str() as facility):
            return replace(known, facility=facility)
        case release.ReleaseRescheduled(facility=str() as facility):
            return replace(known, facility=facility)
        case release.PersonTransferred() as moved:
            return replace(known, facility=moved.to_facility)
        case release.PersonReleased() | release.PersonReleasedBeforeConsent():
            return replace(known, released=True)
        case release.ReferralSent() as sent:
            holder = Holder(sent.referral_id, sent.receiver, sent.receiver_type, accepted=False)
            return replace(known, holders=(*known.holders, holder))
        case release.ReferralAccepted() as accepted:
            holders = tuple(
                replace(one, accepted=True) if one.referral_id == accepted.referral_id else one
                for one in known.holders
            )
            return replace(known, holders=holders)
        case (
            release.ReferralDeclined(referral_id=gone)
            | release.ReferralExpired(referral_id=gone)
            | release.AcceptanceWithdrawn(referral_id=gone)
        ):
            return _without(known, gone)
        case release.ReferralCancelled() as cancelled:
            # At the end of a case they still have to hear that it ended.
            if cancelled.reason_code in ("consent-withdrawn", "case-closed"):
                return known
            return _without(known, cancelled.referral_id)
        case release.CaseClosed() as closed:
            stopped = known.stopped or closed.reason_code == "consent-withdrawn"
            return replace(known, stopped=stopped)
        case _:
            return known


def _without(known: KnownParties, referral_id: UUID) -> KnownParties:
    holders = tuple(one for one in known.holders if one.referral_id != referral_id)
    return replace(known, holders=holders)


def silences(event: Message) -> bool:
    """Whether nothing at all may go out for the case from here on, not even a last word."""
    data = event.data
    return isinstance(data, release.CaseClosed) and data.reason_code in _NOTHING_SHARED


def notices(event: Message, known: KnownParties) -> tuple[Notice, ...]:
    """Who is to be told of an event; `known`: before it."""
    match event.data:
        case intake.CaseOpened(origin="programme") as opened:
            # D02: somebody has to ask the person; until then nothing is shared.
            return (Notice("consent-to-offer", "prison-psych", facility=opened.facility),)
        case intake.ConsentWithdrawn():
            return () if known.stopped else _permission_ended(known)
        case release.ReferralSent() as sent:
            return (
                Notice(
                    "referral-offered",
                    sent.receiver_type,
                    sent.receiver,
                    act_by=sent.answer_due_at,
                ),
            )
        case release.ReferralAccepted() | release.ReferralDeclined():
            return (_to_sender(known),)
        case release.AcceptanceWithdrawn():
            return (_to_sender(known),)
        case release.ReferralExpired() as expired:
            return (*_to_holder(known, expired.referral_id), _to_sender(known))
        case release.ReferralCancelled() as cancelled:
            if cancelled.reason_code in ("consent-withdrawn", "case-closed"):
                return ()  # told once, with the end of the case
            return _to_holder(known, cancelled.referral_id)
        case release.RerouteNeeded():
            return (Notice("reroute-needed", "protocol-coordinator"),)
        case release.ReleaseRescheduled():
            return tuple(Notice("case-updated", one.role, one.party) for one in known.holders)
        case release.PersonTransferred() as moved:
            return (Notice("case-moved", "prison-health", facility=moved.to_facility),)
        case release.PersonReleased() as released:
            return _released(event, released, known)
        case release.EscalationRaised() as raised:
            at = known.facility if raised.to_role in _PRISON else None
            return (Notice("alarm", raised.to_role, raised.to_party, at),)
        case release.CaseClosed() as closed:
            return _closed(closed.reason_code, known)
        case _:
            return ()


def _to_sender(known: KnownParties) -> Notice:
    """The facility while the person is there; after the release it has no part in it."""
    if known.released:
        return Notice("referral-answered", "protocol-coordinator")
    return Notice("referral-answered", "prison-psych", facility=known.facility)


def _to_holder(known: KnownParties, referral_id: UUID) -> tuple[Notice, ...]:
    return tuple(
        Notice("referral-ended", one.role, one.party)
        for one in known.holders
        if one.referral_id == referral_id
    )


def _released(
    event: Message, released: release.PersonReleased, known: KnownParties
) -> tuple[Notice, ...]:
    """D15: who accepted confirms that it knows; who was only asked hears that it became urgent."""
    profile = PROFILES[event.protocol_version]
    act_by = after(profile, released.known_at, profile.confirm_release)
    return tuple(
        Notice("case-urgent", one.role, one.party, act_by=act_by if one.accepted else None)
        for one in known.holders
    )


def _permission_ended(known: KnownParties) -> tuple[Notice, ...]:
    return tuple(
        Notice("permission-ended", role, party, last_word=True) for party, role in _parties(known)
    )


def _closed(reason: CloseReason, known: KnownParties) -> tuple[Notice, ...]:
    """The receivers learn that it is over, and never why, save that permission ended."""
    if known.stopped:
        return ()  # told already
    if reason == "consent-withdrawn":
        return _permission_ended(known)
    return tuple(
        Notice("case-closed", role, party, last_word=True) for party, role in _parties(known)
    )


def _parties(known: KnownParties) -> tuple[tuple[str, Role], ...]:
    """Each party once, however many referrals it holds."""
    return tuple({one.party: (one.party, one.role) for one in known.holders}.values())
