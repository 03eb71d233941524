"""What of a case is counted in public, without the case: rare things that somebody has to answer for."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple
from uuid import UUID

from throughcare.contracts.envelope import Message
from throughcare.contracts.rights_events import (
    CaseForgotten,
    ClientFeedbackGiven,
    ComplaintFiled,
    EmergencyAccessReviewed,
    EmergencyAccessUsed,
    LegalRequestDecided,
    LegalRequestReceived,
)


class Counted(NamedTuple):
    message_id: UUID
    what: str
    code: str
    #: UTC.
    on_day: date


def counted(events: Iterable[Message]) -> list[Counted]:
    return [
        Counted(event.id, what, code, event.recorded_at.date())
        for event in events
        for what, code in _of(event)
    ]


def _of(event: Message) -> Iterator[tuple[str, str]]:
    match event.data:
        case LegalRequestReceived():
            yield "legal-requests", "received"
        case LegalRequestDecided(decision=decision):
            yield "legal-requests", decision
        case EmergencyAccessUsed():
            yield "emergency-access", "used"
        case EmergencyAccessReviewed(verdict=verdict):
            yield "emergency-access", verdict
        case ComplaintFiled(about=about):
            yield from (("complaints", one) for one in sorted(set(about)))
        case ClientFeedbackGiven(score_band=band):
            yield "feedback", f"band-{band}"
        case CaseForgotten(trigger=trigger):
            yield "forgotten", trigger
        case _:
            pass
