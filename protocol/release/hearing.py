"""What follows in release from what intake decided."""

from throughcare.contracts import intake_events as intake
from throughcare.contracts import life_events
from throughcare.contracts import release_events as events
from throughcare.contracts.consent_events import ConsentNarrowed, ConsentWidened
from throughcare.contracts.kinds import Data, Event
from throughcare.protocol.decision import Context
from throughcare.protocol.profiles.model import Profile
from throughcare.protocol.release import life, recipients
from throughcare.protocol.release.ending import close
from throughcare.protocol.release.life_promises import is_outside_already
from throughcare.protocol.release.medicine import opened_by_needs
from throughcare.protocol.release.rules import plan_item
from throughcare.protocol.release.state import OPEN, LeftUnasked, State


def follow(state: State, event: Data, context: Context, profile: Profile) -> tuple[Event, ...]:
    """Own events that follow; the state has heard the event and is not ended."""
    match event:
        case intake.CaseOpened():
            return _opened(event, context)
        case intake.ConsentGranted():
            return _granted(state, context)
        case intake.NeedsAssessed():
            return opened_by_needs(state, event.flags, context)
        case life_events.CaseReopened():
            return life.resume(state, event, context, profile)
        case intake.ConsentRefused():
            return close(state.own.referrals, "consent-refused")
        case intake.ConsentWithdrawn():
            return recipients.withdrawn(state, context)
        case ConsentNarrowed():
            return recipients.narrowed(state, context, profile)
        case ConsentWidened():
            return recipients.widened(state, context, profile)
        case intake.PlanRevised():
            return tuple(
                events.ReferralCancelled(referral_id=one.id, reason_code="plan-revised")
                for one in state.own.referrals
                if isinstance(one.stand, OPEN) and plan_item(state, one.item) is None
            )
        case _:
            return ()


def _opened(event: intake.CaseOpened, context: Context) -> tuple[Event, ...]:
    if event.expected_release_on is None:
        return ()
    return (
        events.ReleaseScheduled(
            expected_release_on=event.expected_release_on,
            said_at=context.occurred_at,
            known_at=context.received_at,
            facility=event.facility,
        ),
    )


def _granted(state: State, context: Context) -> tuple[Event, ...]:
    """Consent that was on its way when the person left: the release counts after all."""
    person = state.own.person
    if not isinstance(person, LeftUnasked):
        return ()
    return (
        events.PersonReleased(
            released_at=person.released_at,
            known_at=person.known_at,
            unplanned=True,
            facility=state.own.facility,
            counts_from=context.received_at if is_outside_already(state) else None,
        ),
    )
