"""Release's half of a case: the episode from the first date to the end of follow-up."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from throughcare.contracts import facts
from throughcare.contracts import release_commands as commands
from throughcare.contracts.envelope import Message
from throughcare.contracts.kinds import Data, Event
from throughcare.protocol.decision import Context, Decided, Decision, Held, Refused, Superseded
from throughcare.protocol.guards import not_now
from throughcare.protocol.half import Half
from throughcare.protocol.profiles import PROFILES
from throughcare.protocol.profiles.model import Profile
from throughcare.protocol.release import alarms, contact, custody, ending, hearing, referral
from throughcare.protocol.release.finish import finish
from throughcare.protocol.release.fold import ReleaseEvent, apply, listen
from throughcare.protocol.release.state import (
    STATE_VERSION,
    Ended,
    Opening,
    State,
    dump,
    initial,
    load,
)

_Decide = Callable[[State, Any, Context, Profile], tuple[Event, ...] | Refused | Superseded]

_DECIDE: dict[type[Data], _Decide] = {
    facts.ReleaseScheduled: custody.schedule,
    facts.ReleaseRescheduled: custody.reschedule,
    facts.PersonReleased: custody.release,
    facts.PersonTransferred: custody.transfer,
    facts.PersonDied: ending.record_death,
    commands.SendReferral: referral.send,
    commands.AcknowledgeReferral: referral.acknowledge,
    commands.AcceptReferral: referral.accept,
    commands.DeclineReferral: referral.decline,
    commands.WithdrawAcceptance: referral.withdraw_acceptance,
    commands.CancelReferral: referral.cancel,
    commands.BookAppointment: referral.book,
    commands.ConfirmReadiness: referral.confirm_readiness,
    commands.ReportMissedAppointment: contact.report_missed,
    commands.RecordOutreach: contact.reach_out,
    commands.RecordAttendance: contact.attend,
    commands.EngageService: contact.engage,
    commands.AcknowledgeRelease: contact.acknowledge_release,
    commands.CheckFollowUp: contact.check,
    commands.DeclareContactLost: contact.declare_lost,
    commands.CompleteFollowUp: contact.complete,
    commands.RecordRelease: custody.record_release,
    commands.ReportDeath: ending.report_death,
    commands.ReportReincarceration: ending.reincarcerated,
    commands.AcknowledgeEscalation: alarms.acknowledge,
    commands.WaiveDeadline: alarms.waive,
    commands.RunDeadlines: alarms.run,
}


def decide(state: State, message: Data, context: Context) -> Decision:
    if (no := not_now(message, context)) is not None:
        return no
    if not isinstance(state.heard, Opening):
        return Held("case-not-heard")
    if isinstance(state.own.person, Ended):
        # Deadlines of a case that closed meanwhile are gone with it.
        already_so = isinstance(message, commands.RunDeadlines)
        return Decided(()) if already_so else Refused("case-closed")
    profile = PROFILES[state.heard.protocol_version]
    answer = _DECIDE[type(message)](state, message, context, profile)
    if isinstance(answer, Refused | Superseded):
        return answer
    return Decided(finish(state, answer, profile) if answer else ())


def evolve(state: State, event: Message) -> State:
    return State(apply(state.own, cast(ReleaseEvent, event.data)), state.heard)


def hear(state: State, event: Message) -> State:
    heard = listen(state.heard, event)
    return state if heard is state.heard else State(state.own, heard)


def react(state: State, event: Data, context: Context) -> tuple[Event, ...]:
    if not isinstance(state.heard, Opening) or isinstance(state.own.person, Ended):
        return ()
    profile = PROFILES[state.heard.protocol_version]
    said = hearing.follow(state, event, context, profile)
    return finish(state, said, profile, heard=event)


def next_due_at(state: State) -> datetime | None:
    return min((one.due_at for one in state.own.live), default=None)


def protocol_version(state: State) -> str:
    return state.heard.protocol_version if isinstance(state.heard, Opening) else ""


HALF: Half[State] = Half(
    name="release",
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
