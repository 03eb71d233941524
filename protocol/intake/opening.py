"""Opening a case, and enrolment in a programme, which is no consent to anything."""

from throughcare.contracts import facts
from throughcare.contracts import intake_commands as commands
from throughcare.contracts import intake_events as events
from throughcare.contracts.kinds import Event
from throughcare.protocol.calendar import local_day
from throughcare.protocol.decision import Context, Refused, Superseded
from throughcare.protocol.intake import programme
from throughcare.protocol.intake.state import State, Unopened
from throughcare.protocol.profiles.model import Profile


def open_case(
    state: State, command: commands.OpenCase, context: Context, profile: Profile
) -> tuple[Event, ...] | Refused:
    if not isinstance(state.own.case, Unopened):
        return Refused("case-already-open")
    if not command.person_told:
        return Refused("person-not-told")
    if command.programme_code is not None:
        rule = programme.offered(
            profile, command.programme_code, local_day(profile, context.occurred_at)
        )
        if isinstance(rule, Refused):
            return rule
    opened = events.CaseOpened(
        origin=command.origin,
        reason_code=command.reason_code,
        opened_by=context.party,
        facility=command.facility,
        region=command.region,
        expected_release_on=command.expected_release_on,
    )
    if command.programme_code is None:
        return (opened,)
    return (
        opened,
        events.ProgrammeEnrolled(programme_code=command.programme_code, facility=command.facility),
    )


def enrol(
    state: State, fact: facts.ProgrammeEnrolled, context: Context, profile: Profile
) -> tuple[Event, ...] | Refused | Superseded:
    admitted = programme.admit(state, fact, context, profile)
    if isinstance(admitted, Refused | Superseded):
        return admitted
    if not isinstance(state.own.case, Unopened):
        return admitted
    if not profile.programme_opens_case:
        return Refused("programme-opens-no-case")
    opened = events.CaseOpened(origin="programme", opened_by=context.party, facility=fact.facility)
    return (opened, *admitted)
