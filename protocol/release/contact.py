"""Appointments missed, outreach, attendance, taking part, follow-up, loss, completion."""

from typing import assert_never
from uuid import UUID

from throughcare.contracts import release_commands as commands
from throughcare.contracts import release_events as events
from throughcare.contracts.codes import OutreachMeans
from throughcare.contracts.kinds import Event
from throughcare.protocol.calendar import days_between, local_day
from throughcare.protocol.decision import Context, Refused
from throughcare.protocol.profiles.model import LostRule, Profile
from throughcare.protocol.release.ending import close
from throughcare.protocol.release.rules import counted_from, is_care, opening, outside, own_referral
from throughcare.protocol.release.state import (
    OVER,
    PLACED,
    Attended,
    Booked,
    Engaged,
    Finished,
    Granted,
    Lost,
    Met,
    NotMet,
    Outside,
    Referral,
    State,
    TakingPart,
)

Answer = tuple[Event, ...] | Refused
#: Only who stood before the person has met them: a call is no witnessed contact, nor is the family.
FACE_TO_FACE: frozenset[OutreachMeans] = frozenset({"visit", "peer"})


def report_missed(
    state: State, command: commands.ReportMissedAppointment, context: Context, profile: Profile
) -> Answer:
    one = _placed(state, context, command.referral_id)
    if isinstance(one, Refused):
        return one
    if not isinstance(one.stand, Booked):
        return Refused("no-appointment")
    if context.occurred_at < one.stand.appointment_at:
        return Refused("appointment-not-yet")
    return (
        events.AppointmentMissed(
            referral_id=one.id, noticed_at=context.occurred_at, reason_code=command.reason_code
        ),
    )


def reach_out(
    state: State, command: commands.RecordOutreach, context: Context, profile: Profile
) -> Answer:
    one = _placed(state, context, command.referral_id)
    if isinstance(one, Refused):
        return one
    if command.result == "met" and command.means not in FACE_TO_FACE:
        return Refused("meeting-not-by-this-means")
    person = outside(state)
    if isinstance(person, Refused):
        return person
    if context.occurred_at < person.released_at:
        return Refused("person-not-released")
    return (
        events.OutreachAttempted(
            referral_id=one.id,
            attempted_at=context.occurred_at,
            means=command.means,
            result=command.result,
        ),
    )


def attend(
    state: State, command: commands.RecordAttendance, context: Context, profile: Profile
) -> Answer:
    """Also before the release (a visit in custody), and also long after it was."""
    one = _placed(state, context, command.referral_id)
    if isinstance(one, Refused):
        return one
    return (
        events.ClientAttended(
            referral_id=one.id,
            attended_at=context.occurred_at,
            accompanied=command.accompanied,
        ),
    )


def code_arrived(
    state: State, command: commands.ConfirmCodeArrived, context: Context, profile: Profile
) -> Answer:
    """Where the person chose to come without a name; else there is no code that could arrive."""
    given = opening(state).consent
    if not isinstance(given, Granted) or given.hand_over_by != "code":
        return Refused("handed-over-by-name")
    there = attend(
        state, commands.RecordAttendance(referral_id=command.referral_id), context, profile
    )
    if isinstance(there, Refused):
        return there
    arrived = events.CodeArrived(referral_id=command.referral_id, arrived_at=context.occurred_at)
    return (arrived, *there)


def engage(
    state: State, command: commands.EngageService, context: Context, profile: Profile
) -> Answer:
    one = _placed(state, context, command.referral_id)
    if isinstance(one, Refused):
        return one
    if isinstance(one.stand, Engaged):
        return ()
    if isinstance(one.stand, Finished):
        return Refused("referral-ended")
    if not isinstance(one.stand, Attended):
        return Refused("referral-not-attended")
    return (
        events.ServiceEngaged(
            referral_id=one.id,
            engaged_at=context.occurred_at,
            criterion_code=command.criterion_code,
        ),
    )


def acknowledge_release(
    state: State, command: commands.AcknowledgeRelease, context: Context, profile: Profile
) -> Answer:
    one = _placed(state, context, command.referral_id)
    if isinstance(one, Refused):
        return one
    person = outside(state)
    if isinstance(person, Refused):
        return person
    return (events.ReleaseAcknowledged(referral_id=one.id),) if one.owes_word else ()


def check(
    state: State, command: commands.CheckFollowUp, context: Context, profile: Profile
) -> Answer:
    one = _placed(state, context, command.referral_id)
    if isinstance(one, Refused):
        return one
    person = outside(state)
    if isinstance(person, Refused):
        return person
    if isinstance(person.contact, Lost):
        return Refused("contact-is-lost")
    if command.checkpoint_day not in profile.checks:
        return Refused("check-unknown")
    if command.checkpoint_day <= person.checked_day:
        return Refused("check-already-done")
    day = days_between(profile, counted_from(person), context.occurred_at)
    if day < command.checkpoint_day - profile.early_days:
        return Refused("check-too-early")
    return (
        events.FollowUpChecked(
            referral_id=one.id,
            checkpoint_day=command.checkpoint_day,
            checked_at=context.occurred_at,
            contact_kind=command.contact_kind,
            still_engaged=command.still_engaged,
            housing_ok=command.housing_ok,
            naloxone_at_hand=command.naloxone_at_hand,
        ),
    )


def declare_lost(
    state: State, command: commands.DeclareContactLost, context: Context, profile: Profile
) -> Answer:
    one = _placed(state, context, command.referral_id)
    if isinstance(one, Refused):
        return one
    person = outside(state)
    if isinstance(person, Refused):
        return person
    if isinstance(person.contact, Lost):
        return ()
    if not tried_enough(person, profile.lost_rule, profile):
        return Refused("too-few-attempts")
    return (lost(state, person, context, profile),)


def lost(state: State, person: Outside, context: Context, profile: Profile) -> events.ContactLost:
    seen = [
        one.seen_at
        for one in state.own.referrals
        if one.seen_at is not None and one.seen_at >= person.released_at and is_care(one, profile)
    ]
    return events.ContactLost(
        lost_at=context.occurred_at,
        last_contact_at=max(seen, default=None),
        attempts=len(person.attempts),
    )


def tried_enough(person: Outside, rule: LostRule, profile: Profile) -> bool:
    """D22: enough attempts in vain, on several days and by several means."""
    days = {local_day(profile, attempt.at) for attempt in person.attempts}
    means = {attempt.means for attempt in person.attempts}
    return (
        len(person.attempts) >= rule.attempts
        and len(days) >= rule.days
        and len(means) >= rule.means
    )


def complete(
    state: State, command: commands.CompleteFollowUp, context: Context, profile: Profile
) -> Answer:
    """Reached with or without treatment: support, too, is a way to the end."""
    one = _placed(state, context, command.referral_id)
    if isinstance(one, Refused):
        return one
    person = outside(state)
    if isinstance(person, Refused):
        return person
    match person.contact:
        case NotMet():
            return Refused("person-not-met")
        case Lost():
            return Refused("contact-is-lost")
        case Met() | TakingPart():
            pass
        case _:
            assert_never(person.contact)
    if person.checked_day < max(profile.checks):
        return Refused("last-check-not-done")
    completed = events.FollowUpCompleted(completed_at=context.occurred_at, engaged=person.engaged)
    return (completed, *close(state.own.referrals, "completed"))


def _placed(state: State, context: Context, referral_id: UUID) -> Referral | Refused:
    one = own_referral(state, context, referral_id)
    if isinstance(one, Refused):
        return one
    if isinstance(one.stand, OVER) and not isinstance(one.stand, Finished):
        return Refused("referral-ended")
    if not isinstance(one.stand, (*PLACED, Finished)):
        return Refused("referral-not-accepted")
    return one
