"""Needs and plan. Both may be made after the release as well: an amnesty leaves no time before."""

from throughcare.contracts import intake_commands as commands
from throughcare.contracts import intake_events as events
from throughcare.contracts.kinds import Event
from throughcare.protocol.decision import Context, Refused
from throughcare.protocol.intake import pairing
from throughcare.protocol.intake.state import Consented, Expired, State, Unopened, Withdrawn
from throughcare.protocol.profiles.model import Profile


def assess_needs(
    state: State, command: commands.AssessNeeds, context: Context, profile: Profile
) -> tuple[Event, ...] | Refused:
    if not isinstance(state.own.case, Consented):
        return _without_consent(state)
    return (
        events.NeedsAssessed(
            tool_code=command.tool_code,
            tool_version=command.tool_version,
            flags=command.flags,
        ),
    )


def agree_plan(
    state: State, command: commands.AgreePlan, context: Context, profile: Profile
) -> tuple[Event, ...] | Refused:
    case = state.own.case
    if not isinstance(case, Consented):
        return _without_consent(state)
    if not command.client_signed:
        return Refused("plan-not-signed")
    if len({item.item for item in command.items}) < len(command.items):
        return Refused("plan-item-twice")
    psychosocial = False
    for item in command.items:
        service = profile.services.get(item.service_type)
        if service is None:
            return Refused("service-not-available")
        for receiver in item.receivers:
            if receiver.receiver_type not in service.receivers:
                return Refused("receiver-does-not-fit-service")
        psychosocial = psychosocial or service.psychosocial
    if not psychosocial:
        return Refused("plan-without-psychosocial-item")
    if (no := pairing.missing(command, profile)) is not None:
        return no
    if case.plan_version == 0:
        return (
            events.PlanAgreed(
                plan_version=1, items=command.items, unpaired_reason=command.unpaired_reason
            ),
        )
    return (
        events.PlanRevised(
            plan_version=case.plan_version + 1,
            items=command.items,
            unpaired_reason=command.unpaired_reason,
        ),
    )


def _without_consent(state: State) -> Refused:
    match state.own.case:
        case Unopened():
            return Refused("case-not-open")
        case Withdrawn() | Expired():
            return Refused("consent-withdrawn")
        case _:
            return Refused("no-consent")
