"""A consent that stands becomes less, more, or lasts longer; and it ends on its last day."""

from throughcare.contracts import consent_commands as commands
from throughcare.contracts import consent_events as events
from throughcare.contracts import release_events
from throughcare.contracts.codes import ConsentItem, Removal
from throughcare.contracts.intake_events import ConsentWithdrawn
from throughcare.contracts.kinds import Data, Event
from throughcare.protocol.decision import Context, Refused
from throughcare.protocol.intake.consent import wrong_end, wrong_items
from throughcare.protocol.intake.state import Allowed, Consented, State, Unopened
from throughcare.protocol.profiles.model import Profile
from throughcare.protocol.record import replace

Answer = tuple[Event, ...] | Refused


def narrow(
    state: State, command: commands.NarrowConsent, context: Context, profile: Profile
) -> Answer:
    """Always accepted, like a withdrawal; where nothing is left it is one."""
    case = state.own.case
    if isinstance(case, Unopened):
        return Refused("case-not-open")
    if not isinstance(case, Consented):
        return ()
    left = tuple(
        smaller for one in case.items if (smaller := _less(one, command.removed)) is not None
    )
    if left == case.items:
        return ()
    if not left:
        how = command.received_how
        return (ConsentWithdrawn(consent_id=case.consent_id, received_how=how),)
    return (
        events.ConsentNarrowed(
            consent_id=case.consent_id,
            items=_items(left),
            expires_on=case.expires_on,
            received_how=command.received_how,
        ),
    )


def _less(one: Allowed, removed: tuple[Removal, ...]) -> Allowed | None:
    """One receiver taken out of "any of this kind" takes back the kind: what shares less holds.

    The person may then name, by a new act, those who are to have it.
    """
    for removal in removed:
        if removal.receiver_type != one.receiver_type:
            continue
        if None not in (removal.party, one.party) and removal.party != one.party:
            continue
        if removal.data_classes is None:
            return None
        kept = tuple(c for c in one.data_classes if c not in removal.data_classes)
        if not kept:
            return None
        one = replace(one, data_classes=kept)
    return one


def widen(
    state: State, command: commands.WidenConsent, context: Context, profile: Profile
) -> Answer:
    """Asked and signed like the first time: silence, a plan or a need widens nothing."""
    case = _consented(state, profile, command.witness_role)
    if isinstance(case, Refused):
        return case
    if command.language not in profile.languages:
        return Refused("language-not-offered")
    explained = command.legal_effect_explained is True
    if (wrong := wrong_items(command.added, explained, profile)) is not None:
        return wrong
    return (
        events.ConsentWidened(
            consent_id=case.consent_id,
            items=(*_items(case.items), *command.added),
            expires_on=case.expires_on,
            signed_how=command.signed_how,
        ),
    )


def renew(
    state: State, command: commands.RenewConsent, context: Context, profile: Profile
) -> Answer:
    case = _consented(state, profile, command.witness_role)
    if isinstance(case, Refused):
        return case
    if command.expires_on < case.expires_on:  # the same day: asked again, and it stays as it is
        return Refused("consent-shorter")
    if (wrong := wrong_end(command.expires_on, context, profile)) is not None:
        return wrong
    return (
        events.ConsentRenewed(
            consent_id=case.consent_id,
            items=_items(case.items),
            expires_on=command.expires_on,
            signed_how=command.signed_how,
        ),
    )


def close_expired(state: State, event: Data) -> tuple[Event, ...]:
    """What release closed for a consent's last day is said where the consent is kept."""
    case = state.own.case
    if not isinstance(event, release_events.CaseClosed) or not isinstance(case, Consented):
        return ()
    if event.reason_code != "consent-expired":
        return ()
    return (events.ConsentExpired(consent_id=case.consent_id),)


def _consented(state: State, profile: Profile, witness_role: str) -> Consented | Refused:
    case = state.own.case
    if isinstance(case, Unopened):
        return Refused("case-not-open")
    if not isinstance(case, Consented):
        return Refused("no-consent")
    if witness_role in profile.witness_never:
        return Refused("witness-decides-privileges")
    return case


def _items(allowed: tuple[Allowed, ...]) -> tuple[ConsentItem, ...]:
    return tuple(
        ConsentItem(
            receiver_type=one.receiver_type,
            party=one.party,
            data_classes=one.data_classes,
            purposes=one.purposes,
            asked_by_person=one.asked_by_person,
        )
        for one in allowed
    )
