"""How release's own events, and those it hears of intake, lead from state to state."""

from datetime import datetime
from typing import assert_never
from uuid import UUID

from throughcare.contracts import life_events
from throughcare.contracts import release_events as events
from throughcare.contracts.medicine_events import CareEvent as SaidOfCare
from throughcare.protocol.record import replace
from throughcare.protocol.release import care, medicine_fold
from throughcare.protocol.release.life_fold import LifeEvent, apply_life
from throughcare.protocol.release.medicine_fold import MedicineEvent
from throughcare.protocol.release.rights_fold import RightsEvent, apply_right
from throughcare.protocol.release.state import (
    OVER,
    PLACED,
    Accepted,
    Attempt,
    Attended,
    Booked,
    Deadline,
    Engaged,
    Escalation,
    Failed,
    Finished,
    InCustody,
    LeftUnasked,
    Lost,
    Met,
    Missed,
    NotMet,
    Outside,
    Own,
    Referral,
    Sent,
    Situation,
    Stand,
    TakingPart,
)

ReleaseEvent = (
    events.ReleaseScheduled
    | events.ReleaseRescheduled
    | events.PersonTransferred
    | events.PersonReleased
    | events.PersonReleasedBeforeConsent
    | events.PersonDied
    | events.PersonReincarcerated
    | events.PlacementStarted
    | events.ReferralSent
    | events.ReferralReceived
    | events.ReferralAccepted
    | events.ReferralDeclined
    | events.ReferralExpired
    | events.AcceptanceWithdrawn
    | events.ReferralCancelled
    | events.RerouteNeeded
    | events.AppointmentBooked
    | events.AppointmentMissed
    | events.OutreachAttempted
    | events.ClientAttended
    | events.ServiceEngaged
    | events.ReadinessConfirmed
    | events.ReadinessLost
    | events.ReleaseAcknowledged
    | events.FirstContactMade
    | events.TreatmentEngaged
    | events.FollowUpChecked
    | events.ContactLost
    | events.ContactRegained
    | events.LossConfirmed
    | events.FollowUpCompleted
    | events.CaseClosed
    | events.DeadlinesChanged
    | events.DeadlineMissed
    | events.DeadlineWaived
    | events.EscalationRaised
    | events.EscalationAcknowledged
    | events.EscalationCleared
    | MedicineEvent
    | LifeEvent
    | care.CareEvent
    | RightsEvent
    | events.CodeArrived
)

#: Of attempts in vain: enough for any rule, and a bound on the state.
_ATTEMPTS_KEPT = 12


def apply(own: Own, event: ReleaseEvent) -> Own:
    """One own event. Frequent ones first: each case is tried in turn."""
    match event:
        case events.DeadlinesChanged():
            return _deadlines(own, event)
        case events.DeadlineMissed() | events.DeadlineWaived():
            return _past(own, event)
        case events.EscalationRaised():
            return _raised(own, event)
        case events.EscalationCleared():
            kept = tuple(one for one in own.escalations if one.id != event.escalation_id)
            return replace(own, escalations=kept)
        case events.ReferralSent():
            return _sent(own, event)
        case events.ReferralAccepted():
            return _accepted(own, event)
        case events.ClientAttended():
            return _attended(own, event)
        case events.ServiceEngaged():
            return _stand(own, event.referral_id, Engaged(event.engaged_at))
        case events.AppointmentBooked():
            return _booked(own, event)
        case events.FollowUpChecked():
            return _checked(own, event)
        case events.OutreachAttempted():
            return _outreach(own, event)
        case events.ReferralReceived():
            return _received(own, event.referral_id)
        case events.ReferralDeclined():
            failed = Failed(event.declined_at, waiting_from=event.waiting_from)
            return _stand(own, event.referral_id, failed)
        case events.ReferralExpired():
            return _stand(own, event.referral_id, Failed(event.expired_at))
        case events.AcceptanceWithdrawn():
            return _stand(own, event.referral_id, Failed(event.withdrawn_at, knew=True))
        case events.ReferralCancelled():
            return care.cancelled(own, event)
        case events.AppointmentMissed():
            return _missed(own, event)
        case events.ReleaseAcknowledged():
            return _knows(own, event.referral_id)
        case events.EscalationAcknowledged():
            return replace(
                own,
                escalations=tuple(
                    replace(one, acknowledged=True) if one.id == event.escalation_id else one
                    for one in own.escalations
                ),
            )
        case events.CaseClosed():
            return care.closed(own, event)
        case SaidOfCare():
            return medicine_fold.apply(own, event)
        case (
            events.PlacementStarted()
            | events.RerouteNeeded()
            | events.PersonDied()
            | events.PersonReincarcerated()
            | events.LossConfirmed()
            | events.FollowUpCompleted()
            | events.CodeArrived()
        ):
            return own  # what follows from them is said by the events beside them
        case (
            life_events.EpisodeResumed()
            | life_events.ReleaseDateConfirmed()
            | life_events.ReleaseReversed()
            | life_events.ReversalReported()
            | life_events.AbsenceBegun()
            | life_events.AbsenceEnded()
            | life_events.AcceptanceLapsed()
            | life_events.CaseVoided()
            | life_events.CaseMovedOutOfScope()
        ):
            return apply_life(own, event)
        case _ if isinstance(event, care.CareEvent):
            return care.apply(own, event)
        case _ if isinstance(event, RightsEvent):
            return apply_right(own, event)
        case _:
            return _person(own, event)


def _person(
    own: Own,
    event: events.ReleaseScheduled
    | events.ReleaseRescheduled
    | events.PersonTransferred
    | events.PersonReleased
    | events.PersonReleasedBeforeConsent
    | events.ReadinessConfirmed
    | events.ReadinessLost
    | events.FirstContactMade
    | events.TreatmentEngaged
    | events.ContactLost
    | events.ContactRegained,
) -> Own:
    person = own.person
    match event:
        case events.ReleaseScheduled() | events.ReleaseRescheduled():
            if not isinstance(person, InCustody):
                return own
            on = event.new_on if isinstance(event, events.ReleaseRescheduled) else None
            on = event.expected_release_on if isinstance(event, events.ReleaseScheduled) else on
            person = replace(
                person, expected_on=on, date_said_at=event.said_at, date_known_at=event.known_at
            )
            return replace(own, person=person, facility=event.facility or own.facility)
        case events.PersonTransferred():
            if isinstance(person, InCustody):
                person = replace(
                    person, moved_at=event.transferred_at, medicines_moved=event.medicines_moved
                )
            return replace(own, person=person, facility=event.to_facility)
        case events.PersonReleased():
            person = Outside(
                released_at=event.released_at,
                known_at=event.known_at,
                unplanned=event.unplanned,
                contact=NotMet(),
                attempts=(),
                checked_day=0,
                engaged=False,
                before=_before(person),
                counts_from=event.counts_from,
            )
            referrals = tuple(
                replace(one, owes_word=True) if isinstance(one.stand, PLACED) else one
                for one in own.referrals
            )
            facility = event.facility or own.facility
            return replace(own, person=person, referrals=referrals, facility=facility)
        case events.PersonReleasedBeforeConsent():
            facility = event.facility or own.facility
            return replace(
                own,
                person=LeftUnasked(event.released_at, event.known_at, _before(person)),
                facility=facility,
            )
        case events.ReadinessConfirmed():
            if isinstance(person, InCustody):
                person = replace(
                    person,
                    gaps=tuple(gap.item for gap in event.gaps),
                    medicine_gaps=tuple(gap.line for gap in event.medicine_gaps),
                    kit_gap=event.kit_gap is not None,
                )
        case events.ReadinessLost():
            if isinstance(person, InCustody):
                person = replace(person, gaps=None)
        case events.FirstContactMade() | events.ContactRegained():
            if isinstance(person, Outside):
                person = replace(person, contact=Met(), attempts=(), met_at=event.contact_at)
        case events.TreatmentEngaged():
            if isinstance(person, Outside):
                person = replace(person, contact=TakingPart(), engaged=True)
        case events.ContactLost():
            if isinstance(person, Outside):
                person = replace(person, contact=Lost(event.last_contact_at))
        case _:
            assert_never(event)
    return replace(own, person=person)


def _before(person: Situation) -> InCustody | None:
    """What a release that is taken back leads back to."""
    if isinstance(person, InCustody):
        return person
    return person.before if isinstance(person, LeftUnasked) else None


def _sent(own: Own, event: events.ReferralSent) -> Own:
    referral = Referral(
        id=event.referral_id,
        item=event.item,
        service_type=event.service_type,
        mandatory=event.mandatory,
        receiver=event.receiver,
        receiver_type=event.receiver_type,
        urgency=event.urgency,
        stand=Sent(event.sent_at, event.answer_due_at, received=False),
    )
    return replace(own, referrals=(*own.referrals, referral))


def _replace_one(own: Own, new: Referral) -> Own:
    return replace(own, referrals=tuple(new if one.id == new.id else one for one in own.referrals))


def _find(own: Own, referral_id: UUID) -> Referral | None:
    return next((one for one in own.referrals if one.id == referral_id), None)


def _stand(own: Own, referral_id: UUID, stand: Stand) -> Own:
    one = _find(own, referral_id)
    return own if one is None else _replace_one(own, replace(one, stand=stand))


def _accepted(own: Own, event: events.ReferralAccepted) -> Own:
    one = _find(own, event.referral_id)
    if one is None:
        return own
    stand = Accepted(event.valid_until)
    return _replace_one(own, replace(one, stand=stand, accepted_at=event.accepted_at, held=True))


def _received(own: Own, referral_id: UUID) -> Own:
    one = _find(own, referral_id)
    if one is None or not isinstance(one.stand, Sent):
        return own
    return _replace_one(own, replace(one, stand=replace(one.stand, received=True)))


def _knows(own: Own, referral_id: UUID) -> Own:
    one = _find(own, referral_id)
    return own if one is None else _replace_one(own, replace(one, owes_word=False))


def _booked(own: Own, event: events.AppointmentBooked) -> Own:
    one = _find(own, event.referral_id)
    if one is None or isinstance(one.stand, OVER):
        return own
    stand = Booked(getattr(one.stand, "valid_until", None), event.appointment_at)
    owes_word = one.owes_word and not isinstance(own.person, Outside)
    return _replace_one(own, replace(one, stand=stand, owes_word=owes_word))


def _missed(own: Own, event: events.AppointmentMissed) -> Own:
    one = _find(own, event.referral_id)
    if one is None or not isinstance(one.stand, Booked):
        return own
    stand = Missed(one.stand.valid_until, event.noticed_at, attempts=0)
    return _replace_one(own, replace(one, stand=stand, misses=one.misses + 1))


def _attended(own: Own, event: events.ClientAttended) -> Own:
    one = _find(own, event.referral_id)
    if one is None:
        return own
    seen_at = max(event.attended_at, one.seen_at or event.attended_at)
    stand = one.stand if isinstance(one.stand, Engaged | Finished) else Attended()
    owes_word = one.owes_word and not _after_release(own, event.attended_at)
    one = replace(one, stand=stand, seen_at=seen_at, owes_word=owes_word)
    return _replace_one(own, replace(one, misses=0, recall_at=None, recall_reason=None))


def _after_release(own: Own, moment: datetime) -> bool:
    return isinstance(own.person, Outside) and moment >= own.person.released_at


def _outreach(own: Own, event: events.OutreachAttempted) -> Own:
    one = _find(own, event.referral_id)
    if one is not None:
        stand = one.stand
        if isinstance(stand, Missed):
            reached = stand.reached or event.result != "not-reached"
            stand = replace(stand, attempts=stand.attempts + 1, reached=reached)
        seen_at = one.seen_at
        if event.result == "met":
            seen_at = max(event.attempted_at, seen_at or event.attempted_at)
        own = _replace_one(own, replace(one, stand=stand, seen_at=seen_at, owes_word=False))
    if not isinstance(own.person, Outside):
        return own
    attempts: tuple[Attempt, ...] = ()
    if event.result == "not-reached":
        tried = (*own.person.attempts, Attempt(event.attempted_at, event.means))
        attempts = tried[-_ATTEMPTS_KEPT:]
    return replace(own, person=replace(own.person, attempts=attempts))


def _checked(own: Own, event: events.FollowUpChecked) -> Own:
    one = _find(own, event.referral_id)
    if one is not None and event.contact_kind == "visit":
        seen_at = max(event.checked_at, one.seen_at or event.checked_at)
        own = _replace_one(own, replace(one, seen_at=seen_at, owes_word=False))
    if not isinstance(own.person, Outside):
        return own
    attempts = own.person.attempts if event.contact_kind == "none" else ()
    day = max(own.person.checked_day, event.checkpoint_day)
    person = replace(own.person, attempts=attempts, checked_day=day)
    if event.contact_kind != "none":
        person = replace(person, reached_day=day)
    return replace(own, person=person)


def _deadlines(own: Own, event: events.DeadlinesChanged) -> Own:
    gone = {(key.code, key.referral_id, key.step) for key in (*event.met, *event.dropped)}
    gone.update((put.code, put.referral_id, put.step) for put in event.put)
    kept = [one for one in own.live if (one.code, one.referral_id, one.step) not in gone]
    kept.extend(
        Deadline(put.code, put.referral_id, put.step, put.due_at, put.since) for put in event.put
    )
    return replace(own, live=tuple(kept))


def _past(own: Own, event: events.DeadlineMissed | events.DeadlineWaived) -> Own:
    past = Deadline(event.code, event.referral_id, event.step, event.due_at)
    key = (past.code, past.referral_id, past.step)
    kept = tuple(one for one in own.live if (one.code, one.referral_id, one.step) != key)
    done = tuple(one for one in own.done if (one.code, one.referral_id, one.step) != key)
    return replace(own, live=kept, done=(*done, past))


def _raised(own: Own, event: events.EscalationRaised) -> Own:
    raised = Escalation(
        id=event.escalation_id,
        code=event.code,
        referral_id=event.referral_id,
        step=event.step,
        level=event.level,
        to_role=event.to_role,
        to_party=event.to_party,
        acknowledged=False,
        climbs_at=event.climbs_at,
    )
    below = tuple(
        replace(one, climbs_at=None) if one.id == event.climbed_from else one
        for one in own.escalations
    )
    return replace(own, escalations=(*below, raised))
