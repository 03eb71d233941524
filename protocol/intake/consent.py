"""Consent: offered, given per receiver, class and purpose, refused, or withdrawn at any state."""

from datetime import timedelta

from throughcare.contracts import intake_commands as commands
from throughcare.contracts import intake_events as events
from throughcare.contracts.kinds import Event
from throughcare.protocol.calendar import local_day
from throughcare.protocol.decision import Context, Refused
from throughcare.protocol.intake.state import (
    Consented,
    Offered,
    Opened,
    SaidNo,
    State,
    Unopened,
    Withdrawn,
)
from throughcare.protocol.profiles.model import Profile


def offer(
    state: State, command: commands.OfferConsent, context: Context, profile: Profile
) -> tuple[Event, ...] | Refused:
    match state.own.case:
        case Consented():
            return Refused("consent-already-given")
        case SaidNo():
            return Refused("consent-already-refused")
        case Withdrawn():
            return Refused("consent-withdrawn")
        case Unopened():
            return Refused("case-not-open")
        case Opened() | Offered():
            pass
    if command.language not in profile.languages:
        return Refused("language-not-offered")
    # Taking part in a programme earns privileges: who decides on them must not press for a yes.
    if command.witness_role in profile.witness_never:
        return Refused("witness-decides-privileges")
    return (
        events.ConsentOffered(
            language=command.language,
            form_version=command.form_version,
            explained_orally=command.explained_orally,
            interpreter=command.interpreter,
            witness_role=command.witness_role,
        ),
    )


def grant(
    state: State, command: commands.RecordConsent, context: Context, profile: Profile
) -> tuple[Event, ...] | Refused:
    if (no := _not_offered(state)) is not None:
        return no
    if not command.items:
        return Refused("consent-empty")
    for item in command.items:
        rule = profile.receivers.get(item.receiver_type)
        if rule is None:
            return Refused("receiver-type-not-allowed")
        if not rule.classes.issuperset(item.data_classes):
            return Refused("class-not-for-receiver")
    signed_on = local_day(profile, context.occurred_at)
    last = signed_on + timedelta(days=profile.consent_max_days)
    if not signed_on <= command.expires_on <= last:
        return Refused("consent-too-long")
    return (
        events.ConsentGranted(
            consent_id=context.id,
            items=command.items,
            expires_on=command.expires_on,
            signed_how=command.signed_how,
            feedback_to_facility=command.feedback_to_facility,
        ),
    )


def refuse(
    state: State, command: commands.RecordRefusal, context: Context, profile: Profile
) -> tuple[Event, ...] | Refused:
    if (no := _not_offered(state)) is not None:
        return no
    return (
        events.ConsentRefused(refusal_scope=command.refusal_scope, reason_code=command.reason_code),
    )


def withdraw(
    state: State, command: commands.WithdrawConsent, context: Context, profile: Profile
) -> tuple[Event, ...] | Refused:
    """Always accepted: also before consent was given, and again after it was withdrawn."""
    case = state.own.case
    if isinstance(case, Unopened):
        return Refused("case-not-open")
    if isinstance(case, SaidNo | Withdrawn):
        return ()
    consent_id = case.consent_id if isinstance(case, Consented) else None
    return (events.ConsentWithdrawn(consent_id=consent_id, received_how=command.received_how),)


def _not_offered(state: State) -> Refused | None:
    match state.own.case:
        case Offered():
            return None
        case Unopened():
            return Refused("case-not-open")
        case Opened():
            return Refused("consent-not-offered")
        case Consented():
            return Refused("consent-already-given")
        case SaidNo():
            return Refused("consent-already-refused")
        case Withdrawn():
            return Refused("consent-withdrawn")
