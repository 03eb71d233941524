"""A case that goes on after its end: intake opens, so intake opens again (docs/decisions/0013).

Consent is asked anew, whatever was given before. Only while identity is kept, and after a "no"
only as often and as soon as the profile allows, unless the person asks for it.
"""

from datetime import timedelta

from throughcare.contracts import life_commands as commands
from throughcare.contracts import life_events as events
from throughcare.contracts.kinds import Event
from throughcare.protocol.calendar import days_between
from throughcare.protocol.decision import Context, Refused
from throughcare.protocol.intake.state import SaidNo, State, Unopened, Withdrawn, is_closed
from throughcare.protocol.profiles.model import Profile


def reopen(
    state: State, command: commands.ReopenCase, context: Context, profile: Profile
) -> tuple[Event, ...] | Refused:
    if isinstance(state.own.case, Unopened):
        return Refused("case-not-open")
    reason, closed_at = state.heard.reason_code, state.heard.closed_at
    if not is_closed(state) or reason is None or closed_at is None:
        return Refused("case-not-closed")
    rules = profile.life
    if reason not in rules.reopen_reasons:
        return Refused("case-ended-for-good")
    if days_between(profile, closed_at, context.received_at) > rules.reopen_days:
        return Refused("identity-purged")
    asked_by_person = command.requested_by == "client"
    # A "stop" or a "no" counts, whatever the case was closed for meanwhile.
    withdrawn = reason == "consent-withdrawn" or isinstance(state.own.case, Withdrawn)
    refused = reason == "consent-refused" or isinstance(state.own.case, SaidNo)
    if withdrawn and not asked_by_person:
        return Refused("person-has-to-ask")
    if refused and not asked_by_person:
        if state.own.refusals > rules.reoffers:
            return Refused("person-has-to-ask")
        if context.received_at < closed_at + timedelta(days=rules.reoffer_days):
            return Refused("refusal-too-recent")
    return (events.CaseReopened(previous_reason=reason, requested_by=command.requested_by),)
