"""Programmes in custody: applied, admitted, in a phase, finished, left, removed.

They run beside the case and say nothing about consent; consent says nothing about them. Places
are counted by facility, and no case knows another: whether one too many was admitted is seen from
`places_taken`, which whoever reports the admission supplies.
"""

from datetime import date, timedelta
from typing import Literal

from throughcare.contracts import facts, life_facts
from throughcare.contracts import intake_events as intake
from throughcare.contracts import life_commands as commands
from throughcare.contracts import life_events as events
from throughcare.contracts import release_events as release
from throughcare.contracts.codes import ProgrammeReason
from throughcare.contracts.envelope import Message
from throughcare.contracts.kinds import Data, Event
from throughcare.protocol.calendar import local_day
from throughcare.protocol.decision import Context, Refused, Superseded
from throughcare.protocol.intake.state import Enrolment, Own, State, Unopened
from throughcare.protocol.profiles.life import ProgrammeRule
from throughcare.protocol.profiles.model import Profile
from throughcare.protocol.record import replace

Answer = tuple[Event, ...] | Refused | Superseded

_OLD = Superseded("older-than-applied")
#: The programme has the person.
_IN = ("admitted", "in-phase")


def offered(profile: Profile, code: str, on: date) -> ProgrammeRule | Refused:
    """The rules of a programme that can be joined on a local day."""
    rule = profile.life.programmes.get(code)
    if rule is not None and rule.state == "idea":
        return Refused("programme-is-idea")
    if code not in profile.programmes:
        return Refused("programme-unknown")
    if rule is None:
        return ProgrammeRule("active")
    if rule.ends_on is not None and on > rule.ends_on:
        return Refused("programme-has-ended")
    return rule


def admit(
    state: State, fact: facts.ProgrammeEnrolled, context: Context, profile: Profile
) -> Answer:
    """What an admission comes to, whether or not there is a case yet. Said again: nothing."""
    today = local_day(profile, context.occurred_at)
    rule = offered(profile, fact.programme_code, today)
    if isinstance(rule, Refused):
        return rule
    last = _last(state.own, fact.programme_code)
    if last is not None and context.occurred_at < last.said_at:
        return _OLD
    if last is not None and last.stand in _IN:
        return ()
    if fact.phase_code is not None and rule.phases and fact.phase_code not in rule.phases:
        return Refused("programme-phase-unknown")
    planned_end_on = fact.planned_end_on
    if planned_end_on is None and rule.planned_days is not None:
        planned_end_on = today + timedelta(days=max(rule.planned_days))
    admitted = intake.ProgrammeEnrolled(
        programme_code=fact.programme_code,
        phase_code=fact.phase_code,
        facility=fact.facility,
        planned_end_on=planned_end_on,
    )
    places = None if rule.places is None else max(rule.places)
    if not overfilled(places, fact.places_taken) or places is None or fact.places_taken is None:
        return (admitted,)
    warned = events.ProgrammeOverfilled(
        programme_code=fact.programme_code,
        facility=fact.facility,
        places=places,
        places_taken=fact.places_taken,
    )
    return (admitted, warned)


def overfilled(places: int | None, taken: int | None) -> bool:
    """Whether more are in than there is room for; also for whoever counts admissions by place."""
    return places is not None and taken is not None and taken > places


def apply_for(
    state: State, command: commands.ApplyForProgramme, context: Context, profile: Profile
) -> Answer:
    if isinstance(state.own.case, Unopened):
        return Refused("case-not-open")
    rule = offered(profile, command.programme_code, local_day(profile, context.occurred_at))
    if isinstance(rule, Refused):
        return rule
    last = _last(state.own, command.programme_code)
    if last is not None and last.stand in ("applied", *_IN):
        return ()
    return (events.ProgrammeApplied(programme_code=command.programme_code),)


def refuse_admission(
    state: State, command: commands.RefuseProgrammeAdmission, context: Context, profile: Profile
) -> Answer:
    last = _last(state.own, command.programme_code)
    if last is None or last.stand != "applied":
        return Refused("programme-not-applied")
    return (
        events.ProgrammeAdmissionRefused(
            programme_code=command.programme_code, reason_code=command.reason_code
        ),
    )


def start_phase(
    state: State, fact: life_facts.ProgrammePhaseStarted, context: Context, profile: Profile
) -> Answer:
    last = _enrolled(state, fact.programme_code, context)
    if not isinstance(last, Enrolment):
        return last
    rule = profile.life.programmes.get(fact.programme_code)
    if rule is not None and rule.phases and fact.phase_code not in rule.phases:
        return Refused("programme-phase-unknown")
    if last.phase_code == fact.phase_code:
        return ()
    return (
        events.ProgrammePhaseStarted(
            programme_code=fact.programme_code,
            phase_code=fact.phase_code,
            planned_end_on=fact.planned_end_on,
        ),
    )


def end(
    state: State, fact: life_facts.ProgrammeEnded, context: Context, profile: Profile
) -> Answer:
    last = _enrolled(state, fact.programme_code, context)
    if not isinstance(last, Enrolment):
        return last
    code, reason = fact.programme_code, fact.reason_code
    if fact.how == "left":
        return (events.ProgrammeLeft(programme_code=code, reason_code=reason),)
    if fact.how == "removed":
        return (events.ProgrammeRemoved(programme_code=code, reason_code=reason),)
    if not _can_complete(last, profile):
        return Refused("programme-not-begun")
    return (events.ProgrammeCompleted(programme_code=code),)


def follow(state: State, event: Data, profile: Profile) -> tuple[Event, ...]:
    """What becomes of the programmes when the person is moved or goes free."""
    match event:
        case release.PersonTransferred(to_facility=there):
            return tuple(_transferred(one, there, profile) for one in _current(state.own))
        case release.PersonReleased() | release.PersonReleasedBeforeConsent():
            return tuple(_released(one, profile) for one in _current(state.own))
        case _:
            return ()


def _transferred(one: Enrolment, there: str, profile: Profile) -> Event:
    rule = profile.life.programmes.get(one.programme_code)
    if one.stand in _IN and rule is not None and there in rule.sites:
        return events.ProgrammeMoved(programme_code=one.programme_code, to_facility=there)
    return _gone(one, "transferred")


def _released(one: Enrolment, profile: Profile) -> Event:
    rule = profile.life.programmes.get(one.programme_code)
    if rule is not None and rule.until_release and _can_complete(one, profile):
        return events.ProgrammeCompleted(programme_code=one.programme_code)
    return _gone(one, "released")


def _gone(one: Enrolment, reason: ProgrammeReason) -> Event:
    if one.stand == "applied":
        return events.ProgrammeAdmissionRefused(
            programme_code=one.programme_code, reason_code=reason
        )
    return events.ProgrammeLeft(programme_code=one.programme_code, reason_code=reason)


def _can_complete(one: Enrolment, profile: Profile) -> bool:
    """In a phase; where no phases are known, the admission is the only one."""
    rule = profile.life.programmes.get(one.programme_code)
    return one.stand == "in-phase" or (
        one.stand == "admitted" and (rule is None or not rule.phases)
    )


def _enrolled(state: State, code: str, context: Context) -> Enrolment | Refused | Superseded:
    last = _last(state.own, code)
    if last is not None and context.occurred_at < last.said_at:
        return _OLD
    if last is None or last.stand not in _IN:
        return Refused("programme-not-enrolled")
    return last


def _last(own: Own, code: str) -> Enrolment | None:
    return next((one for one in own.enrolments if one.programme_code == code), None)


def _current(own: Own) -> tuple[Enrolment, ...]:
    return tuple(one for one in own.enrolments if one.stand in ("applied", *_IN))


# -- the fold ------------------------------------------------------------------------------------


def fold(own: Own, event: Message) -> Own:
    """One own event, of whatever kind: one enrolment a programme, the latest."""
    at = event.occurred_at
    match event.data:
        case intake.ProgrammeEnrolled(programme_code=code, phase_code=phase):
            stand: Literal["admitted", "in-phase"] = "in-phase" if phase else "admitted"
            return _put(own, Enrolment(code, stand, at, phase))
        case events.ProgrammeApplied(programme_code=code):
            return _put(own, Enrolment(code, "applied", at))
        case events.ProgrammeAdmissionRefused(programme_code=code):
            return _put(own, Enrolment(code, "refused", at))
        case events.ProgrammePhaseStarted(programme_code=code, phase_code=phase):
            return _put(own, Enrolment(code, "in-phase", at, phase))
        case events.ProgrammeCompleted(programme_code=code):
            return _put(own, Enrolment(code, "completed", at))
        case events.ProgrammeLeft(programme_code=code):
            return _put(own, Enrolment(code, "left", at))
        case events.ProgrammeRemoved(programme_code=code):
            return _put(own, Enrolment(code, "removed", at))
        case _:
            return own


def _put(own: Own, new: Enrolment) -> Own:
    others = tuple(one for one in own.enrolments if one.programme_code != new.programme_code)
    return replace(own, enrolments=(*others, new))
