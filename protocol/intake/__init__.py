"""Intake's half of a case: opening, consent, needs and plan, programme."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from throughcare.contracts import consent_commands, facts, life_commands, life_facts, rights_events
from throughcare.contracts import intake_commands as commands
from throughcare.contracts import release_events as release
from throughcare.contracts.envelope import Message
from throughcare.contracts.kinds import Data, Event
from throughcare.protocol.decision import Context, Decided, Decision, Refused, Superseded
from throughcare.protocol.guards import not_now
from throughcare.protocol.half import Half
from throughcare.protocol.intake import changing, consent, opening, plan, programme, reopening
from throughcare.protocol.intake.state import (
    STATE_VERSION,
    IntakeEvent,
    State,
    apply,
    dump,
    initial,
    is_closed,
    listen,
    load,
)
from throughcare.protocol.profiles import PROFILES
from throughcare.protocol.profiles.model import Profile

_Decide = Callable[[State, Any, Context, Profile], tuple[Event, ...] | Refused | Superseded]

_DECIDE: dict[type[Data], _Decide] = {
    facts.ProgrammeEnrolled: opening.enrol,
    commands.OpenCase: opening.open_case,
    commands.OfferConsent: consent.offer,
    commands.RecordConsent: consent.grant,
    commands.RecordRefusal: consent.refuse,
    commands.WithdrawConsent: consent.withdraw,
    commands.AssessNeeds: plan.assess_needs,
    commands.AgreePlan: plan.agree_plan,
    life_commands.ReopenCase: reopening.reopen,
    life_commands.ApplyForProgramme: programme.apply_for,
    life_commands.RefuseProgrammeAdmission: programme.refuse_admission,
    life_facts.ProgrammePhaseStarted: programme.start_phase,
    life_facts.ProgrammeEnded: programme.end,
    consent_commands.NarrowConsent: changing.narrow,
    consent_commands.WidenConsent: changing.widen,
    consent_commands.RenewConsent: changing.renew,
}


def decide(state: State, message: Data, context: Context) -> Decision:
    if (no := not_now(message, context)) is not None:
        return no
    if state.heard.forgotten:
        return Refused("case-not-open")  # as of one that never was
    if is_closed(state) and not isinstance(message, life_commands.ReopenCase):
        # To say stop once more is never wrong; there is nothing left to stop.
        already_so = isinstance(message, commands.WithdrawConsent | consent_commands.NarrowConsent)
        return Decided(()) if already_so else Refused("case-closed")
    profile = PROFILES.get(state.own.protocol_version or context.protocol_version)
    if profile is None:
        return Refused("protocol-version-unknown")
    answer = _DECIDE[type(message)](state, message, context, profile)
    return answer if isinstance(answer, Refused | Superseded) else Decided(answer)


def evolve(state: State, event: Message) -> State:
    data = cast(IntakeEvent, event.data)
    own = apply(state.own, data, event.protocol_version, event.occurred_at)
    return State(programme.fold(own, event), state.heard)


def hear(state: State, event: Message) -> State:
    heard = listen(state.heard, event)
    return state if heard is state.heard else State(state.own, heard)


def react(state: State, event: Data, context: Context) -> tuple[Event, ...]:
    """Programmes follow the person, and release keeps the deadline of a consent's last day."""
    profile = PROFILES.get(state.own.protocol_version)
    if profile is None:
        return ()
    return (*changing.close_expired(state, event), *programme.follow(state, event, profile))


def next_due_at(state: State) -> datetime | None:
    """Intake keeps no deadlines: all of a case's live in release."""
    return None


def protocol_version(state: State) -> str:
    return state.own.protocol_version


HALF: Half[State] = Half(
    name="intake",
    state_version=STATE_VERSION,
    initial=initial,
    evolve=evolve,
    hear=hear,
    decide=decide,
    react=react,
    next_due_at=next_due_at,
    dump=dump,
    load=load,
    protocol_version=protocol_version,
    heeds=frozenset(
        {
            release.CaseClosed,
            release.PersonTransferred,
            release.PersonReleased,
            release.PersonReleasedBeforeConsent,
            rights_events.CaseForgotten,
        }
    ),
)
