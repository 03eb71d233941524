"""What follows from a decision: derived events, the live set of deadlines, cleared alarms."""

from collections.abc import Sequence
from typing import NamedTuple, cast
from uuid import UUID

from throughcare.contracts import intake_events as intake
from throughcare.contracts import life_events as life
from throughcare.contracts import medicine_events as med
from throughcare.contracts import release_events as events
from throughcare.contracts import rights_events as rights
from throughcare.contracts.care_events import (
    RecipientTold,
    WaitingPlaceTaken,
    WithdrawalAcknowledged,
)
from throughcare.contracts.codes import DeadlineCode, DeadlineDue, DeadlineKey, ReadinessLostReason
from throughcare.contracts.consent_events import ConsentNarrowed, ConsentRenewed, ConsentWidened
from throughcare.contracts.kinds import Data, Event
from throughcare.protocol.calendar import days_between
from throughcare.protocol.profiles.model import Profile
from throughcare.protocol.release import medicine
from throughcare.protocol.release.fold import ReleaseEvent, apply
from throughcare.protocol.release.promises import Asked, asked_anew, key_of
from throughcare.protocol.release.rules import is_care, opening, unplaced
from throughcare.protocol.release.state import (
    PLACED,
    Deadline,
    Engaged,
    InCustody,
    Lost,
    Met,
    NotMet,
    Outside,
    State,
)
from throughcare.protocol.trusted import trusted

#: Which act keeps which promise; a deadline that goes without one of these was dropped.
_KEPT_BY: dict[DeadlineCode, tuple[type[Data], ...]] = {
    "D02b": (intake.ConsentGranted,),
    "D02c": (intake.ConsentGranted,),
    "D02d": (ConsentRenewed,),
    "D03": (intake.NeedsAssessed, intake.PlanAgreed),
    "D05": (events.ReferralSent,),
    "D06": (events.ReferralReceived, events.ReferralAccepted, events.ReferralDeclined),
    "D07": (events.ReferralAccepted, events.ReferralDeclined),
    "D07c": (events.ReferralCancelled,),
    "D08": (events.ReferralSent, WaitingPlaceTaken),
    "D09": (events.AppointmentBooked,),
    "D11b": (events.PersonReleased, events.PersonReleasedBeforeConsent),
    "D15": (
        events.ReleaseAcknowledged,
        events.ClientAttended,
        events.OutreachAttempted,
        events.AppointmentBooked,
        events.FollowUpChecked,
        events.ReferralAccepted,
    ),
    "D17": (events.FirstContactMade,),
    "D18": (events.OutreachAttempted,),
    "D19": (events.FollowUpChecked,),
    "D20": (events.TreatmentEngaged,),
    "D21": (events.FollowUpChecked,),
    "D22": (events.FirstContactMade, events.ContactRegained),
    "D04": (
        med.ContinuationRequested,
        med.ContinuationDeclinedByClient,
        med.ContinuationUnavailable,
    ),
    "D10": (med.ReceivingSiteConfirmed,),
    "D12": (med.OverdoseTrainingDone, med.NaloxoneIssued, med.NaloxoneDeclined),
    "D13": (med.NaloxoneIssued, med.NaloxoneDeclined),
    "D14": (med.BridgingSupplied, med.CommunityDoseReceived),
    "D16": (med.CommunityDoseReceived,),
    "D16b": (events.PersonTransferred, med.BridgingSupplied),
    "D17b": (events.ClientAttended, events.OutreachAttempted, events.FollowUpChecked),
    "D01": (intake.ConsentOffered,),
    "D02": (intake.ConsentOffered,),
    "D07b": (events.PersonReleased, events.ClientAttended),
    "D11": (life.ReleaseDateConfirmed, events.PersonReleased),
    "D11s": (events.PersonReleased, events.PersonReleasedBeforeConsent),
    "D22b": (events.FollowUpCompleted,),
    "weekend-release": (events.AppointmentBooked,),
    "consent-again": (ConsentRenewed, ConsentWidened, ConsentNarrowed),
    "D31": (events.ClientAttended, events.ServiceEngaged),
    "D23": (RecipientTold, WithdrawalAcknowledged),
    "D24": (rights.DataShown,),
    "D28": (rights.CaseForgotten,),
    "D29": (rights.EmergencyAccessReviewed,),
}


class Finished(NamedTuple):
    """All that a decision comes to; the state keeps exactly the promises that hold in it."""

    events: tuple[Event, ...]
    #: After them.
    state: State


def applied(state: State, said: Sequence[Event]) -> State:
    own = state.own
    for event in said:
        own = apply(own, cast(ReleaseEvent, event))
    return State(own, state.heard)


def finish(
    state: State, said: Sequence[Event], profile: Profile, heard: Data | None = None
) -> Finished:
    """The events of a decision in `state`, with all that they entail; `heard`: what led to it."""
    after = applied(state, said)
    asked = asked_anew(state, after, heard=heard is not None)
    if not asked.rules:
        return Finished(tuple(said), after)
    said = list(said)
    while more := _derived(after, profile):
        said.extend(more)
        after = applied(after, more)
        asked = asked_anew(state, after, heard=heard is not None)
    settled = _settled(after, asked, said, profile, heard)
    said.extend(settled)
    return Finished(tuple(said), applied(after, settled))


def _derived(state: State, profile: Profile) -> tuple[Event, ...]:
    """The next derived event that the state calls for; each changes the state so that it stops."""
    if more := medicine.derived(state, profile):
        return more
    match state.own.person:
        case InCustody(gaps=tuple() as gaps):
            return _readiness(state, gaps)
        case Outside() as person:
            return _contact(state, person, profile)
        case _:
            return ()


def _readiness(state: State, gaps: tuple[int, ...]) -> tuple[Event, ...]:
    """Lost as soon as a mandatory item has neither a place nor a gap that was named."""
    lost = next((item for item in unplaced(state) if item not in gaps), None)
    if lost is None:
        return ()
    reason: ReadinessLostReason = "referral-lost"
    stands = [one.stand for one in state.own.referrals if one.item == lost]
    if not stands:
        reason = "plan-revised"
    elif any(isinstance(stand, PLACED) for stand in stands):
        reason = "acceptance-too-short"
    return (events.ReadinessLost(reason_code=reason),)


def _contact(state: State, person: Outside, profile: Profile) -> tuple[Event, ...]:
    match person.contact:
        case NotMet() | Lost():
            return _first_or_regained(state, person, profile)
        case Met():
            return _engaged(state, person, profile)
        case _:
            return ()


def _first_or_regained(state: State, person: Outside, profile: Profile) -> tuple[Event, ...]:
    """A meeting with a care receiver at or after the release, however late it was entered.

    A visit in custody is none, nor is one by somebody who gives no care.
    """
    since = person.released_at
    if isinstance(person.contact, Lost) and person.contact.last_contact_at is not None:
        since = person.contact.last_contact_at
    seen = [
        (one.seen_at, one.id)
        for one in state.own.referrals
        if one.seen_at is not None and one.seen_at >= person.released_at and is_care(one, profile)
    ]
    if isinstance(person.contact, Lost):
        seen = [(at, id_) for at, id_ in seen if at > since]
    if not seen:
        return ()
    at, referral_id = min(seen)
    if isinstance(person.contact, Lost):
        return (events.ContactRegained(referral_id=referral_id, contact_at=at),)
    hours = int((at - person.released_at).total_seconds() // 3600)
    return (
        events.FirstContactMade(referral_id=referral_id, contact_at=at, hours_since_release=hours),
    )


def _engaged(state: State, person: Outside, profile: Profile) -> tuple[Event, ...]:
    """Taking part in treatment; in support, where the plan holds no treatment at all."""
    if person.engaged:
        return ()  # once; after a loss the follow-up goes on from the contact
    treats = any(profile.services[item.service_type].treatment for item in opening(state).plan)
    for one in state.own.referrals:
        if not isinstance(one.stand, Engaged) or not is_care(one, profile):
            continue
        if treats and not profile.services[one.service_type].treatment:
            continue
        if one.seen_at is None or one.seen_at < person.released_at:
            continue  # began in custody and has not been seen since
        engaged_at = max(one.stand.engaged_at, person.released_at)
        days = days_between(profile, person.released_at, engaged_at)
        return (
            events.TreatmentEngaged(
                referral_id=one.id, engaged_at=engaged_at, days_since_release=days
            ),
        )
    return ()


def _settled(
    state: State, asked: Asked, said: Sequence[Event], profile: Profile, heard: Data | None
) -> tuple[Event, ...]:
    """The difference between the promises of the state and those that live, and alarms cleared.

    Those that are not asked anew are what they were, so they live already.
    """
    own = state.own
    held = {(one.code, one.referral_id, one.step): one for one in asked.promises(state, profile)}
    done = {key_of(one): one.due_at for one in own.done}
    new = dict(held)
    acts = said if heard is None else (*said, heard)
    met: list[DeadlineKey] = []
    dropped: list[DeadlineKey] = []
    for one in own.live:
        if one.code not in asked.codes:
            continue
        key = (one.code, one.referral_id, one.step)
        now = held.get(key)
        if now is not None and now.due_at == one.due_at:
            del new[key]
        # Back at a time that was missed or waived already, it is not promised a second time.
        elif now is None or now.due_at == done.get(key):
            gone = trusted(DeadlineKey, code=one.code, referral_id=one.referral_id, step=one.step)
            (met if _kept(one, acts) else dropped).append(gone)
    put = {
        key: trusted(
            DeadlineDue,
            code=one.code,
            referral_id=one.referral_id,
            step=one.step,
            due_at=one.due_at,
            since=one.since,
        )
        for key, one in new.items()
        if done.get(key) != one.due_at
    }
    # A moved due time is a new promise: the alarm about the old one is over.
    cleared = tuple(
        events.EscalationCleared(escalation_id=one.id)
        for one in own.escalations
        if one.code in asked.codes
        and ((key := (one.code, one.referral_id, one.step)) not in held or key in put)
    )
    if not (put or met or dropped):
        return cleared
    change = trusted(
        events.DeadlinesChanged,
        put=tuple(put.values()),
        met=tuple(met),
        dropped=tuple(dropped),
    )
    return (change, *cleared)


def _kept(one: Deadline, acts: Sequence[Data]) -> bool:
    kept_by = _KEPT_BY[one.code]
    return any(
        type(act) in kept_by
        and one.referral_id in (None, getattr(act, "referral_id", None), _follows(act))
        for act in acts
    )


def _follows(act: Data) -> UUID | None:
    return act.after_referral_id if isinstance(act, events.ReferralSent) else None
