"""Consent: offered, given per receiver, class and purpose, refused, or withdrawn at any state."""

from datetime import date, timedelta
from typing import assert_never

from throughcare.contracts import intake_commands as commands
from throughcare.contracts import intake_events as events
from throughcare.contracts.codes import ConsentItem
from throughcare.contracts.kinds import Event
from throughcare.protocol.calendar import local_day
from throughcare.protocol.decision import Context, Refused
from throughcare.protocol.intake.state import (
    Consented,
    Expired,
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
        case Withdrawn() | Expired():
            return Refused("consent-withdrawn")
        case Unopened():
            return Refused("case-not-open")
        case SaidNo():
            return Refused("consent-already-refused")
        case Opened() | Offered():
            pass
        case _:
            assert_never(state.own.case)
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
    explained = command.legal_effect_explained is True
    if (wrong := wrong_items(command.items, explained, profile)) is not None:
        return wrong
    if (wrong := wrong_end(command.expires_on, context, profile)) is not None:
        return wrong
    return (
        events.ConsentGranted(
            consent_id=context.id,
            items=command.items,
            expires_on=command.expires_on,
            signed_how=command.signed_how,
            feedback_to_facility=command.feedback_to_facility,
            legal_effect_explained=command.legal_effect_explained,
            hand_over_by=command.hand_over_by or profile.value("consent.hand_over_by"),
        ),
    )


def wrong_items(
    items: tuple[ConsentItem, ...], explained: bool, profile: Profile
) -> Refused | None:
    """What no consent may hold in this country, however much it is wanted."""
    for item in items:
        rule = profile.receivers.get(item.receiver_type)
        if rule is None:
            return Refused("receiver-type-not-allowed")
        if not rule.classes.issuperset(item.data_classes):
            return Refused("class-not-for-receiver")
        if rule.at_wish and not item.asked_by_person:
            return Refused("only-at-the-persons-wish")
        if rule.named_only and item.party is None:
            return Refused("receiver-not-named")
        if item.receiver_type in profile.legal_effect and not explained:
            return Refused("legal-effect-not-explained")
    return None


def wrong_end(expires_on: date, context: Context, profile: Profile) -> Refused | None:
    signed_on = local_day(profile, context.occurred_at)
    last = signed_on + timedelta(days=profile.consent_max_days)
    return None if signed_on <= expires_on <= last else Refused("consent-too-long")


def refuse(
    state: State, command: commands.RecordRefusal, context: Context, profile: Profile
) -> tuple[Event, ...] | Refused:
    if isinstance(state.own.case, Consented):
        return _both_said(state.own.case, context)
    if (no := _not_offered(state)) is not None:
        return no
    return (
        events.ConsentRefused(refusal_scope=command.refusal_scope, reason_code=command.reason_code),
    )


def _both_said(case: Consented, context: Context) -> tuple[Event, ...] | Refused:
    """A yes and a no written down in two places: what shares less holds, unless it is the older."""
    if case.signed_at is not None and context.occurred_at < case.signed_at:
        return Refused("consent-already-given")
    return (events.ConsentWithdrawn(consent_id=case.consent_id, received_how="paper"),)


def withdraw(
    state: State, command: commands.WithdrawConsent, context: Context, profile: Profile
) -> tuple[Event, ...] | Refused:
    """Always accepted: also before consent was given, and again after it was withdrawn."""
    case = state.own.case
    if isinstance(case, Unopened):
        return Refused("case-not-open")
    if isinstance(case, SaidNo | Withdrawn | Expired):
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
        case Withdrawn() | Expired():
            return Refused("consent-withdrawn")
        case _:
            assert_never(state.own.case)
