"""Who is told what, and what has to be remembered of a case for that. Neither who nor what is
ever more than a party or a role, a template and a time: what happened is read after signing in.

Escalations never add a party that has no consent: they go to who holds a referral, to the
facility, or to the neutral coordinator; never to probation or police.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from msgspec import json

from throughcare.contracts import care_events as care
from throughcare.contracts import intake_events as intake
from throughcare.contracts import life_events as life
from throughcare.contracts import medicine_events as med
from throughcare.contracts import release_events as release
from throughcare.contracts import rights_events as rights
from throughcare.contracts.codes import CloseReason, MedicineLine, Role
from throughcare.contracts.envelope import Message
from throughcare.protocol.calendar import after
from throughcare.protocol.profiles import PROFILES
from throughcare.protocol.record import Record, replace
from throughcare.protocol.release.care import OUTLIVES
from throughcare.protocol.release.medicine_rules import LINE_OF

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
    #: The medicine line that it would carry on.
    line: MedicineLine | None = None


class KnownParties(Record, frozen=True):
    """What notifications remember of a case."""

    facility: str | None = None
    released: bool = False
    holders: tuple[Holder, ...] = ()
    #: The receivers have been told that permission ended.
    stopped: bool = False
    #: Medicine lines that the person wants to go on and that nobody has confirmed.
    lines_wanted: tuple[MedicineLine, ...] = ()
    #: Party and role of who accepted once: identity may have gone there.
    informed: tuple[tuple[str, Role], ...] = ()


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
            holder = Holder(
                sent.referral_id,
                sent.receiver,
                sent.receiver_type,
                accepted=False,
                line=LINE_OF.get(sent.service_type),
            )
            return replace(known, holders=(*known.holders, holder))
        case release.ReferralAccepted() as accepted:
            holders = tuple(
                replace(one, accepted=True) if one.referral_id == accepted.referral_id else one
                for one in known.holders
            )
            new = tuple(
                (one.party, one.role)
                for one in holders
                if one.accepted and (one.party, one.role) not in known.informed
            )
            return replace(known, holders=holders, informed=known.informed + new)
        case (
            life.AcceptanceLapsed(referral_id=gone)
            | release.ReferralDeclined(referral_id=gone)
            | release.ReferralExpired(referral_id=gone)
            | release.AcceptanceWithdrawn(referral_id=gone)
        ):
            return _without(known, gone)
        case care.WaitingPlaceTaken() as waiting:
            again = Holder(
                waiting.referral_id, waiting.receiver, waiting.receiver_type, accepted=False
            )
            return replace(known, holders=(*known.holders, again))
        case care.PermissionRecalled() as recalled:
            holders = tuple(one for one in known.holders if one.party != recalled.receiver)
            return replace(known, holders=holders)
        case release.ReferralCancelled() as cancelled:
            # At the end of a case they still have to hear that it ended.
            if cancelled.reason_code in ("consent-withdrawn", "case-closed"):
                return known
            return _without(known, cancelled.referral_id)
        case release.CaseClosed() as closed:
            stopped = known.stopped or closed.reason_code in (
                "consent-withdrawn",
                "consent-expired",
            )
            return replace(known, stopped=stopped)
        case med.LineEvent() as said:
            others = tuple(line for line in known.lines_wanted if line != said.line)
            wanted = (*others, said.line) if isinstance(said, med.ContinuationRequested) else others
            return replace(known, lines_wanted=wanted)
        case rights.CaseForgotten():
            return KnownParties()  # what has to be said was said with the end
        case life.CaseReopened():
            return replace(known, stopped=False)
        case life.EpisodeResumed():
            return replace(known, holders=(), stopped=False)
        case life.ReleaseReversed():
            return replace(known, released=False, facility=event.data.facility or known.facility)
        case _:
            return known


def _without(known: KnownParties, referral_id: UUID) -> KnownParties:
    holders = tuple(one for one in known.holders if one.referral_id != referral_id)
    return replace(known, holders=holders)


def silences(event: Message) -> bool:
    """Whether nothing at all may go out for the case from here on, not even a last word."""
    data = event.data
    return isinstance(data, release.CaseClosed) and data.reason_code in _NOTHING_SHARED


def speaks_again(event: Message) -> bool:
    """Whether a silence of before is over: the case goes on, and the person is asked anew."""
    return isinstance(event.data, life.EpisodeResumed)


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
        case release.ReferralAccepted() as accepted:
            asked = (one for one in known.holders if one.referral_id == accepted.referral_id)
            return (_to_sender(known), *_to_confirm(known.lines_wanted, asked))
        case med.ContinuationRequested() as requested:
            asked = (one for one in known.holders if one.accepted)
            return _to_confirm((requested.line,), asked)
        case med.ReceivingSiteConfirmed():
            return (_to_sender(known),)
        case med.PlanReviewProposed():
            return (Notice("case-to-review", "protocol-coordinator"),)
        case med.ContinuityHandedIntoCustody() as handed:
            # The case ends with the same decision; nothing of its end is said.
            there = handed.to_facility
            return (Notice("case-moved", "prison-health", facility=there, last_word=True),)
        case release.ReferralDeclined():
            return (_to_sender(known),)
        case release.AcceptanceWithdrawn() | care.ServiceEnded():
            return (_to_sender(known),)
        case life.AcceptanceLapsed() as lapsed:
            return (*_to_holder(known, lapsed.referral_id), _to_sender(known))
        case care.CancellationRequested() as asked:
            return _to_holder(known, asked.referral_id, "cancellation-to-confirm")
        case care.WaitingPlaceTaken() as waiting:
            to, by = waiting.receiver_type, waiting.answer_due_at
            return (Notice("referral-offered", to, waiting.receiver, act_by=by),)
        case care.PermissionRecalled() as recalled:
            return _recalled(recalled, known)
        case care.DeadlineReminded() as reminded:
            at = known.facility if reminded.to_role in _PRISON else None
            return (Notice("reminder", reminded.to_role, reminded.to_party, at, reminded.due_at),)
        case release.ReferralExpired() as expired:
            return (*_to_holder(known, expired.referral_id), _to_sender(known))
        case release.ReferralCancelled() as cancelled:
            if cancelled.reason_code in ("consent-withdrawn", "case-closed"):
                return ()  # told once, with the end of the case
            return _to_holder(known, cancelled.referral_id)
        case release.RerouteNeeded():
            return (Notice("reroute-needed", "protocol-coordinator"),)
        case life.ProgrammeOverfilled() as over:
            at = over.facility or known.facility
            return (Notice("programme-full", "programme-coordinator", facility=at),)
        case release.ReleaseRescheduled() | life.ReleaseReversed():
            return tuple(Notice("case-updated", one.role, one.party) for one in known.holders)
        case life.ReversalReported():
            return (Notice("case-to-review", "protocol-coordinator"),)
        case release.PersonTransferred() as moved:
            return _moved(moved, known)
        case release.PersonReleased() as released:
            return _released(event, released, known)
        case release.EscalationRaised() as raised:
            at = known.facility if raised.to_role in _PRISON else None
            # What is owed to the person is asked for after the case closed.
            last_word = raised.code in OUTLIVES
            return (Notice("alarm", raised.to_role, raised.to_party, at, last_word=last_word),)
        case release.CaseClosed() as closed:
            return _closed(closed.reason_code, known)
        case rights.LegalRequestReceived():
            return (_to_dpo(),)
        case rights.ComplaintFiled():
            # Not to whom it may be about.
            return (_to_dpo(), Notice("case-to-review", "protocol-coordinator", last_word=True))
        case rights.EmergencyAccessUsed() as used:
            profile = PROFILES[event.protocol_version]
            return (_to_dpo(after(profile, used.used_at, profile.span("D29"))),)
        case _:
            return ()


def _to_dpo(act_by: datetime | None = None) -> Notice:
    """Rights are answered for after the end as well."""
    return Notice("case-to-review", "dpo", act_by=act_by, last_word=True)


def _to_sender(known: KnownParties) -> Notice:
    """The facility while the person is there; after the release it has no part in it."""
    if known.released:
        return Notice("referral-answered", "protocol-coordinator")
    return Notice("referral-answered", "prison-psych", facility=known.facility)


def _to_confirm(lines: tuple[MedicineLine, ...], asked: Iterable[Holder]) -> tuple[Notice, ...]:
    """D10: whoever would carry a line on says from which day it expects the person."""
    return tuple(
        Notice("confirmation-wanted", one.role, one.party) for one in asked if one.line in lines
    )


def _moved(moved: release.PersonTransferred, known: KnownParties) -> tuple[Notice, ...]:
    """The new place answers for the case; the old one has nothing more to do with it."""
    here = Notice("case-moved", "prison-health", facility=moved.to_facility)
    old = moved.from_facility or known.facility
    if old is None or old == moved.to_facility:
        return (here,)
    return (here, Notice("case-left", "prison-health", facility=old))


def _recalled(recalled: care.PermissionRecalled, known: KnownParties) -> tuple[Notice, ...]:
    """Once: who held a referral when permission ended as a whole has been told with all others."""
    if known.stopped and any(one.party == recalled.receiver for one in known.holders):
        return ()
    to = recalled.receiver_type
    return (Notice("permission-ended", to, recalled.receiver, last_word=True),)


def _to_holder(
    known: KnownParties, referral_id: UUID, template: str = "referral-ended"
) -> tuple[Notice, ...]:
    return tuple(
        Notice(template, one.role, one.party)
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
    ended = tuple(
        Notice("case-closed", role, party, last_word=True) for party, role in _parties(known)
    )
    if reason != "voided":
        return ended
    # It never should have been: whoever may hold data deletes them, also who gave the case back.
    told = tuple(
        Notice("data-to-delete", role, party, last_word=True) for party, role in known.informed
    )
    holding = {party for party, _ in known.informed}
    return (*told, *(one for one in ended if one.to_party not in holding))


def _parties(known: KnownParties) -> tuple[tuple[str, Role], ...]:
    """Each party once, however many referrals it holds."""
    return tuple({one.party: (one.party, one.role) for one in known.holders}.values())
