"""Intake's half of a case: opening, consent, needs and plan, programme."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from throughcare.contracts import facts
from throughcare.contracts import intake_commands as commands
from throughcare.contracts.envelope import Message
from throughcare.contracts.kinds import Data, Event
from throughcare.protocol.decision import Context, Decided, Decision, Refused
from throughcare.protocol.guards import not_now
from throughcare.protocol.half import Half
from throughcare.protocol.intake import consent, opening, plan
from throughcare.protocol.intake.state import (
    STATE_VERSION,
    IntakeEvent,
    State,
    apply,
    dump,
    initial,
    listen,
    load,
)
from throughcare.protocol.profiles import PROFILES
from throughcare.protocol.profiles.model import Profile

_Decide = Callable[[State, Any, Context, Profile], tuple[Event, ...] | Refused]

_DECIDE: dict[type[Data], _Decide] = {
    facts.ProgrammeEnrolled: opening.enrol,
    commands.OpenCase: opening.open_case,
    commands.OfferConsent: consent.offer,
    commands.RecordConsent: consent.grant,
    commands.RecordRefusal: consent.refuse,
    commands.WithdrawConsent: consent.withdraw,
    commands.AssessNeeds: plan.assess_needs,
    commands.AgreePlan: plan.agree_plan,
}


def decide(state: State, message: Data, context: Context) -> Decision:
    if (no := not_now(message, context)) is not None:
        return no
    if state.heard.closed:
        # To say stop once more is never wrong; there is nothing left to stop.
        already_so = isinstance(message, commands.WithdrawConsent)
        return Decided(()) if already_so else Refused("case-closed")
    profile = PROFILES.get(state.own.protocol_version or context.protocol_version)
    if profile is None:
        return Refused("protocol-version-unknown")
    answer = _DECIDE[type(message)](state, message, context, profile)
    return answer if isinstance(answer, Refused) else Decided(answer)


def evolve(state: State, event: Message) -> State:
    own = apply(state.own, cast(IntakeEvent, event.data), event.protocol_version)
    return State(own, state.heard)


def hear(state: State, event: Message) -> State:
    heard = listen(state.heard, event.data)
    return state if heard is state.heard else State(state.own, heard)


def react(state: State, event: Data, context: Context) -> tuple[Event, ...]:
    """Nothing of intake's follows from what release does."""
    return ()


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
)
