"""The fold of what is said about rights, and what is left of a case that is forgotten."""

from typing import assert_never

from throughcare.contracts import rights_events as events
from throughcare.protocol.record import replace
from throughcare.protocol.release.rights_state import Access, LegalRequest, Rights
from throughcare.protocol.release.state import Ended, Own, Situation

_OfRights = (
    events.DataAccessRequested
    | events.DataShown
    | events.EventCorrected
    | events.ClientFeedbackGiven
    | events.ComplaintFiled
    | events.LegalRequestReceived
    | events.LegalRequestOpinionGiven
    | events.LegalRequestDecided
    | events.EmergencyAccessUsed
    | events.EmergencyAccessReviewed
)
RightsEvent = _OfRights | events.CaseForgotten


def apply_right(own: Own, event: RightsEvent) -> Own:
    if isinstance(event, events.CaseForgotten):
        return _forgotten(own.person)
    return replace(own, rights=_rights(own.rights, event))


def _forgotten(person: Situation) -> Own:
    """Counts need to know why it ended; it is said of nobody any more."""
    reason = person.reason_code if isinstance(person, Ended) else "consent-withdrawn"
    return Own(Ended(reason, forgotten=True), None, (), (), (), ())


def _rights(before: Rights, event: _OfRights) -> Rights:
    match event:
        case events.DataAccessRequested():
            return replace(before, asked_at=event.requested_at)
        case events.DataShown():
            return replace(before, asked_at=None)
        case events.LegalRequestReceived():
            return replace(before, requests=(*before.requests, LegalRequest(event.request_id)))
        case events.LegalRequestOpinionGiven():
            given = (event.by_party, event.by_role)
            requests = tuple(
                replace(one, for_it=(*one.for_it, given))
                if one.id == event.request_id and event.opinion == "disclose"
                else one
                for one in before.requests
            )
            return replace(before, requests=requests)
        case events.LegalRequestDecided():
            requests = tuple(one for one in before.requests if one.id != event.request_id)
            return replace(before, requests=requests)
        case events.EmergencyAccessUsed():
            used = Access(event.access_id, event.number, event.party, event.used_at)
            return replace(before, accesses=(*before.accesses, used), looks=event.number)
        case events.EmergencyAccessReviewed():
            accesses = tuple(one for one in before.accesses if one.id != event.access_id)
            return replace(before, accesses=accesses)
        case events.EventCorrected() | events.ClientFeedbackGiven() | events.ComplaintFiled():
            return before  # said beside the course, which it does not change
        case _:
            assert_never(event)
