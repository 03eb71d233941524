"""The emergency kit: offered to everybody, explained, put into the person's hands.

A kit can be offered again after any end, since kits are used, lost and out of date.
"""

from throughcare.contracts import medicine_commands as commands
from throughcare.contracts import medicine_events as events
from throughcare.contracts.kinds import Event
from throughcare.protocol.calendar import local_day
from throughcare.protocol.decision import Context, Refused
from throughcare.protocol.profiles.model import Profile
from throughcare.protocol.release.medicine_state import (
    Issued,
    KitUnavailable,
    Offered,
    Trained,
    Wanted,
)
from throughcare.protocol.release.rules import opening
from throughcare.protocol.release.state import PLACED, Granted, Outside, State

Answer = tuple[Event, ...] | Refused


def offer(
    state: State, command: commands.OfferNaloxone, context: Context, profile: Profile
) -> Answer:
    if (no := _may(state, context)) is not None:
        return no
    if not profile.medicine.kit_permitted:
        return Refused("kit-not-permitted")
    kit = state.own.kit
    if isinstance(kit, Offered | Trained):
        return ()
    if isinstance(kit, Issued) and not isinstance(state.own.person, Outside):
        return ()
    return (events.NaloxoneOffered(offered_at=context.received_at),)


def train(
    state: State, command: commands.RecordOverdoseTraining, context: Context, profile: Profile
) -> Answer:
    if (no := _may(state, context)) is not None:
        return no
    kit = state.own.kit
    if isinstance(kit, Trained):
        return ()
    if not isinstance(kit, Offered):
        return _no_offer(state)
    trained_on = local_day(profile, context.occurred_at)
    return (
        events.OverdoseTrainingDone(trained_on=trained_on, family_trained=command.family_trained),
    )


def issue(
    state: State, command: commands.IssueNaloxone, context: Context, profile: Profile
) -> Answer:
    if (no := _may(state, context) or _closed(state)) is not None:
        return no
    if command.at == "community" and not isinstance(state.own.person, Outside):
        return Refused("person-not-released")
    issued_on = local_day(profile, context.occurred_at)
    return (events.NaloxoneIssued(issued_on=issued_on, kits=command.kits, at=command.at),)


def decline(
    state: State, command: commands.DeclineNaloxone, context: Context, profile: Profile
) -> Answer:
    if (no := _may(state, context) or _closed(state)) is not None:
        return no
    return (events.NaloxoneDeclined(declined_on=local_day(profile, context.occurred_at)),)


def unavailable(
    state: State, command: commands.ReportNaloxoneUnavailable, context: Context, profile: Profile
) -> Answer:
    """Path R: coded, and counted against coverage."""
    if (no := _may(state, context)) is not None:
        return no
    if isinstance(state.own.kit, KitUnavailable):
        return ()
    if (no := _closed(state)) is not None:
        return no
    return (events.NaloxoneUnavailable(reason_code=command.reason_code),)


def used(
    state: State, command: commands.ReportNaloxoneUse, context: Context, profile: Profile
) -> Answer:
    """Taken from whoever says so: who is helped and who helps need not be named."""
    if not isinstance(opening(state).consent, Granted):
        return Refused("no-consent")
    if command.used_on > local_day(profile, context.occurred_at):
        return Refused("day-in-the-future")
    return (
        events.NaloxoneUsed(
            used_on=command.used_on,
            reported_at=context.received_at,
            by_kind=command.by_kind,
            survived=command.survived,
        ),
    )


def _may(state: State, context: Context) -> Refused | None:
    """Prison health; outside of it whoever accepted the person."""
    if not isinstance(opening(state).consent, Granted):
        return Refused("no-consent")
    if "prison-health" in context.roles:
        return None
    holds = any(
        one.receiver == context.party and isinstance(one.stand, PLACED)
        for one in state.own.referrals
    )
    return None if holds else Refused("referral-unknown")


def _closed(state: State) -> Refused | None:
    return None if isinstance(state.own.kit, Offered | Trained | Wanted) else _no_offer(state)


def _no_offer(state: State) -> Refused:
    return Refused("kit-not-offered") if state.own.kit is None else Refused("kit-step-not-now")
