"""How events of medicine lines, the kit and safety lead from state to state."""

from datetime import datetime
from typing import assert_never
from uuid import UUID

from throughcare.contracts import medicine_events as events
from throughcare.contracts.codes import MedicineLine
from throughcare.protocol.record import replace
from throughcare.protocol.release.medicine_state import (
    Bridged,
    Continued,
    ContinueRequested,
    DecisionPending,
    Declined,
    GapOpen,
    Issued,
    KitUnavailable,
    Line,
    LineStand,
    NotContinued,
    Offered,
    SiteConfirmed,
    Support,
    Trained,
    Unavailable,
    Wanted,
)
from throughcare.protocol.release.state import Own

_OfLine = (
    events.ContinuityItemOpened
    | events.ContinuationRequested
    | events.ContinuationDeclinedByClient
    | events.ContinuationUnavailable
    | events.ReceivingSiteConfirmed
    | events.BridgingSupplied
    | events.CommunityDoseReceived
    | events.DoseGapOpened
    | events.GapClosedWithoutResumption
)
MedicineEvent = (
    _OfLine
    | events.ContinuityHandedIntoCustody
    | events.NaloxoneOffered
    | events.OverdoseTrainingDone
    | events.NaloxoneIssued
    | events.NaloxoneDeclined
    | events.NaloxoneUnavailable
    | events.NaloxoneUsed
    | events.RelapseReported
    | events.OverdoseReported
    | events.PlanReviewProposed
)


def apply(own: Own, event: MedicineEvent) -> Own:
    if isinstance(event, events.LineEvent):
        return _put(own, _moved(own, event))
    match event:
        case events.NaloxoneOffered():
            return replace(own, kit=Offered(event.offered_at))
        case events.OverdoseTrainingDone():
            return replace(own, kit=Trained())
        case events.NaloxoneIssued():
            return replace(own, kit=Issued())
        case events.NaloxoneDeclined():
            return replace(own, kit=Declined())
        case events.NaloxoneUnavailable():
            return replace(own, kit=KitUnavailable())
        case events.NaloxoneUsed():
            return _wanted(own, event.reported_at)
        case events.RelapseReported():
            return _support(own, event.referral_id, event.reported_at, urgent=False)
        case events.OverdoseReported():
            own = _wanted(own, event.reported_at)
            return _support(own, event.referral_id, event.reported_at, urgent=True)
        case events.ContinuityHandedIntoCustody() | events.PlanReviewProposed():
            return own  # for others; the case itself does not change
        case _:
            assert_never(event)


def find(own: Own, which: MedicineLine) -> Line | None:
    return next((one for one in own.lines if one.line == which), None)


def _moved(own: Own, event: _OfLine) -> Line:
    before = find(own, event.line) or Line(event.line, NotContinued())
    moved = replace(before, stand=_stand(before.stand, event))
    if not isinstance(event, events.ContinuationRequested):
        return moved
    decided_for = getattr(own.person, "expected_on", None)
    return replace(moved, asked_at=event.requested_at, decided_for=decided_for)


def _stand(before: LineStand, event: _OfLine) -> LineStand:
    site = getattr(before, "site", None)
    match event:
        case events.ContinuityItemOpened():
            return DecisionPending(event.opened_at)
        case events.ContinuationRequested():
            return ContinueRequested()
        case events.ContinuationDeclinedByClient() | events.GapClosedWithoutResumption():
            return NotContinued()
        case events.ContinuationUnavailable():
            return Unavailable()
        case events.ReceivingSiteConfirmed():
            if isinstance(before, Bridged | GapOpen):
                return replace(before, site=event.referral_id)
            return SiteConfirmed(event.referral_id, event.expected_on)
        case events.BridgingSupplied():
            return Bridged(event.covered_through, site)
        case events.CommunityDoseReceived():
            return Continued(event.referral_id, event.taken_on, event.covered_through)
        case events.DoseGapOpened():
            return GapOpen(event.from_on, site)
        case _:
            assert_never(event)


def _put(own: Own, new: Line) -> Own:
    if find(own, new.line) is None:
        return replace(own, lines=(*own.lines, new))
    return replace(own, lines=tuple(new if one.line == new.line else one for one in own.lines))


def _wanted(own: Own, since: datetime) -> Own:
    """Where there is none to be had, wanting it would be a promise that nobody can keep."""
    if isinstance(own.kit, KitUnavailable | Wanted):
        return own
    return replace(own, kit=Wanted(since))


def _support(own: Own, referral_id: UUID | None, since: datetime, *, urgent: bool) -> Own:
    """A second report puts nothing off: what was asked for first is still to be done."""
    still = tuple(one for one in own.support if not met_since(own, one))
    if any((one.referral_id, one.urgent) == (referral_id, urgent) for one in still):
        return replace(own, support=still)
    return replace(own, support=(*still, Support(referral_id, since, urgent)))


def met_since(own: Own, task: Support) -> bool:
    """Whether who was to see the person did; where nobody was named, whether anybody did."""
    return any(
        one.seen_at is not None and one.seen_at > task.since
        for one in own.referrals
        if task.referral_id in (None, one.id)
    )
