"""How release's own events, and those it hears of intake, lead from state to state."""

from datetime import datetime
from typing import assert_never
from uuid import UUID

from throughcare.contracts import intake_events as intake
from throughcare.contracts import release_events as events
from throughcare.contracts.codes import PlanItem
from throughcare.contracts.envelope import Message
from throughcare.protocol.record import replace
from throughcare.protocol.release.state import (
    PLACED,
    Accepted,
    Attempt,
    Attended,
    Booked,
    Cancelled,
    Candidate,
    Deadline,
    Ended,
    Engaged,
    Escalation,
    Failed,
    Granted,
    Heard,
    InCustody,
    Item,
    LeftUnasked,
    Lost,
    Met,
    Missed,
    NotAsked,
    NotMet,
    Opening,
    Outside,
    Own,
    Permission,
    Referral,
    Sent,
    Stand,
    Stopped,
    TakingPart,
    Unheard,
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
)

#: Of attempts in vain: enough for any rule, and a bound on the state.
_ATTEMPTS_KEPT = 12


def apply(own: Own, event: ReleaseEvent) -> Own:
    """One own event. Frequent ones first: each case is tried in turn."""
    match event:
        case events.DeadlinesChanged():
            return _deadlines(own, event)
        case events.ReferralSent():
            return _sent(own, event)
        case events.ReferralAccepted():
            return _stand(own, event.referral_id, Accepted(event.valid_until))
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
            return _stand(own, event.referral_id, Failed(event.declined_at))
        case events.ReferralExpired():
            return _stand(own, event.referral_id, Failed(event.expired_at))
        case events.AcceptanceWithdrawn():
            return _stand(own, event.referral_id, Failed(event.withdrawn_at))
        case events.ReferralCancelled():
            return _stand(own, event.referral_id, Cancelled())
        case events.AppointmentMissed():
            return _missed(own, event)
        case events.ReleaseAcknowledged():
            return _knows(own, event.referral_id)
        case events.DeadlineMissed() | events.DeadlineWaived():
            return _past(own, event)
        case events.EscalationRaised():
            return _raised(own, event)
        case events.EscalationAcknowledged():
            return replace(
                own,
                escalations=tuple(
                    replace(one, acknowledged=True) if one.id == event.escalation_id else one
                    for one in own.escalations
                ),
            )
        case events.EscalationCleared():
            kept = tuple(one for one in own.escalations if one.id != event.escalation_id)
            return replace(own, escalations=kept)
        case events.CaseClosed():
            return replace(own, person=Ended(event.reason_code), live=(), done=(), escalations=())
        case (
            events.PlacementStarted()
            | events.RerouteNeeded()
            | events.PersonDied()
            | events.PersonReincarcerated()
            | events.LossConfirmed()
            | events.FollowUpCompleted()
        ):
            return own  # what follows from them is said by the events beside them
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
                person = replace(person, moved_at=event.transferred_at)
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
                own, person=LeftUnasked(event.released_at, event.known_at), facility=facility
            )
        case events.ReadinessConfirmed():
            if isinstance(person, InCustody):
                person = replace(person, gaps=tuple(gap.item for gap in event.gaps))
        case events.ReadinessLost():
            if isinstance(person, InCustody):
                person = replace(person, gaps=None)
        case events.FirstContactMade() | events.ContactRegained():
            if isinstance(person, Outside):
                person = replace(person, contact=Met(), attempts=())
        case events.TreatmentEngaged():
            if isinstance(person, Outside):
                person = replace(person, contact=TakingPart(), engaged=True)
        case events.ContactLost():
            if isinstance(person, Outside):
                person = replace(person, contact=Lost(event.last_contact_at))
        case _:
            assert_never(event)
    return replace(own, person=person)


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
    if one is None or not isinstance(one.stand, Accepted | Booked | Missed):
        return own
    stand = Booked(one.stand.valid_until, event.appointment_at)
    owes_word = one.owes_word and not isinstance(own.person, Outside)
    return _replace_one(own, replace(one, stand=stand, owes_word=owes_word))


def _missed(own: Own, event: events.AppointmentMissed) -> Own:
    one = _find(own, event.referral_id)
    if one is None or not isinstance(one.stand, Booked):
        return own
    stand = Missed(one.stand.valid_until, event.noticed_at, attempts=0)
    return _replace_one(own, replace(one, stand=stand))


def _attended(own: Own, event: events.ClientAttended) -> Own:
    one = _find(own, event.referral_id)
    if one is None:
        return own
    seen_at = max(event.attended_at, one.seen_at or event.attended_at)
    stand = one.stand if isinstance(one.stand, Engaged) else Attended()
    owes_word = one.owes_word and not _after_release(own, event.attended_at)
    return _replace_one(own, replace(one, stand=stand, seen_at=seen_at, owes_word=owes_word))


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
    return replace(own, person=replace(own.person, attempts=attempts, checked_day=day))


def _deadlines(own: Own, event: events.DeadlinesChanged) -> Own:
    gone = {(key.code, key.referral_id, key.step) for key in (*event.met, *event.dropped)}
    gone.update((put.code, put.referral_id, put.step) for put in event.put)
    kept = [one for one in own.live if (one.code, one.referral_id, one.step) not in gone]
    kept.extend(Deadline(put.code, put.referral_id, put.step, put.due_at) for put in event.put)
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
    )
    return replace(own, escalations=(*own.escalations, raised))


# -- what intake said ----------------------------------------------------------------------------


def listen(heard: Heard, event: Message) -> Heard:
    data = event.data
    if isinstance(heard, Unheard):
        if not isinstance(data, intake.CaseOpened):
            return heard
        return Opening(
            protocol_version=event.protocol_version,
            origin=data.origin,
            facility=data.facility,
            opened_at=event.recorded_at,
            consent=NotAsked(),
            plan=(),
        )
    match data:
        case intake.ConsentGranted():
            permissions = tuple(
                Permission(item.receiver_type, item.party, item.data_classes, item.purposes)
                for item in data.items
            )
            granted = Granted(data.consent_id, data.expires_on, permissions)
            return replace(heard, consent=granted)
        case intake.ConsentRefused() | intake.ConsentWithdrawn():
            return replace(heard, consent=Stopped())
        case intake.PlanAgreed() | intake.PlanRevised():
            return replace(heard, plan=tuple(_item(item) for item in data.items))
        case _:
            return heard


def _item(item: PlanItem) -> Item:
    return Item(
        item=item.item,
        service_type=item.service_type,
        mandatory=item.mandatory,
        receivers=tuple(Candidate(one.party, one.receiver_type) for one in item.receivers),
    )
