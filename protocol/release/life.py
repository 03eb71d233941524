"""A case that never should have been, that leads out of reach, that goes on, or that nobody ended."""

from throughcare.contracts import life_commands as commands
from throughcare.contracts import life_events as events
from throughcare.contracts import release_events as release
from throughcare.contracts.kinds import Event
from throughcare.protocol.calendar import days_between, local_day
from throughcare.protocol.decision import Context, Refused
from throughcare.protocol.profiles.model import Profile
from throughcare.protocol.release import contact
from throughcare.protocol.release.ending import close
from throughcare.protocol.release.rules import counted_from, is_care
from throughcare.protocol.release.state import Ended, InCustody, Outside, State


def void(
    state: State, command: commands.VoidCase, context: Context, profile: Profile
) -> tuple[Event, ...] | Refused:
    """At any state. Identity goes to who accepted and to nobody else: those referrals are named."""
    held = tuple(one.id for one in state.own.referrals if one.held)
    voided = events.CaseVoided(reason_code=command.reason_code, disclosed_by=held)
    return (voided, *close(state.own.referrals, "voided"))


def move_out(
    state: State, command: commands.MoveOutOfScope, context: Context, profile: Profile
) -> tuple[Event, ...] | Refused:
    moved = events.CaseMovedOutOfScope(reason_code=command.reason_code)
    return (moved, *close(state.own.referrals, "moved-out-of-scope"))


def resume(
    state: State, event: events.CaseReopened, context: Context, profile: Profile
) -> tuple[Event, ...]:
    """Release takes up what intake opened again."""
    if not isinstance(state.own.person, Ended):
        return ()
    was = state.own.person.was
    on = was.expected_on if isinstance(was, InCustody) else None
    if on is not None and on < local_day(profile, context.received_at):
        on = None  # they may be free by now, and the prison has no part in that
    return (
        events.EpisodeResumed(
            previous_reason=event.previous_reason,
            expected_release_on=on,
            resumed_at=context.received_at,
        ),
    )


def end_unfinished(
    state: State, person: Outside, context: Context, profile: Profile
) -> tuple[Event, ...]:
    """D22b: the follow-up is long over and nobody said so; it ends by what is known.

    Reached late in the follow-up (by default from day 90 on), by anybody who gives care or in a
    check: completed. Not since: lost, like anybody nobody could find.
    """
    since = counted_from(person)
    days = [
        days_between(profile, since, one.seen_at)
        for one in state.own.referrals
        if one.seen_at is not None and is_care(one, profile)
    ]
    if max(person.reached_day, *days, 0) >= profile.life.unfinished.reached_since_day:
        completed = release.FollowUpCompleted(
            completed_at=context.occurred_at, engaged=person.engaged
        )
        return (completed, *close(state.own.referrals, "completed"))
    return (
        contact.lost(state, person, context, profile),
        release.LossConfirmed(confirmed_at=context.occurred_at),
        *close(state.own.referrals, "lost-to-follow-up"),
    )
