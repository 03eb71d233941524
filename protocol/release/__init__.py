"""Release's half of a case: the episode from the first date to the end of follow-up."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from throughcare.contracts import (
    care_commands,
    consent_events,
    facts,
    life_commands,
    life_events,
    life_facts,
    rights_commands,
)
from throughcare.contracts import intake_events as intake
from throughcare.contracts import medicine_commands as med
from throughcare.contracts import release_commands as commands
from throughcare.contracts.envelope import Message
from throughcare.contracts.kinds import Data, Event
from throughcare.protocol.decision import Context, Decided, Decision, Held, Refused, Superseded
from throughcare.protocol.guards import not_now
from throughcare.protocol.half import Half
from throughcare.protocol.profiles import PROFILES
from throughcare.protocol.profiles.model import Profile
from throughcare.protocol.release import (
    alarms,
    contact,
    custody,
    ending,
    hearing,
    kit,
    ladder,
    life,
    medicine,
    recipients,
    referral,
    rights,
    safety,
    service,
    ways,
)
from throughcare.protocol.release.ending import dated
from throughcare.protocol.release.finish import Finished, finish
from throughcare.protocol.release.fold import ReleaseEvent, apply
from throughcare.protocol.release.listen import listen
from throughcare.protocol.release.rules import not_accepted
from throughcare.protocol.release.state import (
    STATE_VERSION,
    Ended,
    Opening,
    State,
    dump,
    initial,
    load,
)

_Decide = Callable[
    [State, Any, Context, Profile], tuple[Event, ...] | Finished | Refused | Superseded
]

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
    med.OpenContinuityItem: medicine.open_line,
    med.RequestContinuation: medicine.request,
    med.DeclineContinuation: medicine.decline,
    med.ReportContinuationUnavailable: medicine.unavailable,
    med.ConfirmReceivingSite: medicine.confirm_site,
    med.SupplyBridging: medicine.bridge,
    med.RecordCommunityDose: medicine.dose,
    med.ReportDoseGap: medicine.report_gap,
    med.CloseDoseGap: medicine.close_gap,
    med.OfferNaloxone: kit.offer,
    med.RecordOverdoseTraining: kit.train,
    med.IssueNaloxone: kit.issue,
    med.DeclineNaloxone: kit.decline,
    med.ReportNaloxoneUnavailable: kit.unavailable,
    med.ReportNaloxoneUse: kit.used,
    med.ReportRelapse: safety.relapse,
    med.ReportOverdose: safety.overdose,
    life_facts.ReleaseDateConfirmed: ways.confirm_date,
    life_facts.ReleaseReversed: ways.reverse,
    life_facts.AbsenceBegun: ways.leave,
    life_facts.AbsenceEnded: ways.come_back,
    life_commands.VoidCase: life.void,
    life_commands.MoveOutOfScope: life.move_out,
    care_commands.EndService: service.end,
    care_commands.ConfirmCancellation: service.confirm_cancellation,
    care_commands.WaitForPlace: service.wait_for_place,
    care_commands.SuspendReceiver: service.suspend_receiver,
    care_commands.ConfirmRecipientTold: recipients.confirm_told,
    care_commands.AcknowledgeWithdrawal: recipients.acknowledge,
    commands.ConfirmCodeArrived: contact.code_arrived,
    rights_commands.AskToSeeData: rights.ask_to_see,
    rights_commands.ConfirmDataShown: rights.confirm_shown,
    rights_commands.CorrectEvent: rights.correct,
    rights_commands.GiveFeedback: rights.feedback,
    rights_commands.FileComplaint: rights.complain,
    rights_commands.ReportLegalRequest: rights.report_request,
    rights_commands.DecideLegalRequest: rights.decide_request,
    rights_commands.ReportEmergencyAccess: rights.report_access,
    rights_commands.ReviewEmergencyAccess: rights.review_access,
    rights_commands.ForgetCase: rights.forget,
}


def decide(state: State, message: Data, context: Context) -> Decision:
    if (no := not_now(message, context)) is not None:
        return no
    if not isinstance(state.heard, Opening):
        return Held("case-not-heard")
    if rights.is_forgotten(state):
        return Refused("case-not-open")  # as of one that never was
    profile = PROFILES[state.heard.protocol_version]
    if isinstance(state.own.person, Ended) and not rights.still_heard(state, message):
        return ways.after_the_end(state.own.person, message, context, profile)
    if (no := not_accepted(state, message, context)) is not None:
        return no
    answer = _DECIDE[type(message)](state, message, context, profile)
    if isinstance(answer, Refused | Superseded):
        return answer
    if not answer:
        return Decided(())
    if not isinstance(answer, Finished):
        answer = finish(state, dated(answer, context), profile)
    return Decided(*answer)


def evolve(state: State, event: Message) -> State:
    return State(apply(state.own, cast(ReleaseEvent, event.data)), state.heard)


def hear(state: State, event: Message) -> State:
    heard = listen(state.heard, event)
    return state if heard is state.heard else State(state.own, heard)


def react(state: State, event: Data, context: Context) -> tuple[Event, ...]:
    if not isinstance(state.heard, Opening):
        return ()
    if rights.is_forgotten(state):
        return ()
    if isinstance(state.own.person, Ended) and not isinstance(event, life_events.CaseReopened):
        return ()
    profile = PROFILES[state.heard.protocol_version]
    said = dated(hearing.follow(state, event, context, profile), context)
    return finish(state, said, profile, heard=event).events


def next_due_at(state: State) -> datetime | None:
    return ladder.next_at(state)


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
    heeds=frozenset(
        {
            intake.CaseOpened,
            intake.ConsentOffered,
            intake.ConsentGranted,
            intake.ConsentRefused,
            intake.ConsentWithdrawn,
            intake.NeedsAssessed,
            intake.PlanAgreed,
            intake.PlanRevised,
            consent_events.ConsentNarrowed,
            consent_events.ConsentWidened,
            consent_events.ConsentRenewed,
            consent_events.ConsentExpired,
            life_events.CaseReopened,
        }
    ),
)
