"""Medicine lines: a decision of the person, a receiving site, a supply, the first day there."""

from datetime import date, timedelta
from uuid import UUID

from throughcare.contracts import medicine_commands as commands
from throughcare.contracts import medicine_events as events
from throughcare.contracts import release_events
from throughcare.contracts.codes import MedicineLine, NeedFlag
from throughcare.contracts.kinds import Event
from throughcare.protocol.calendar import local_day
from throughcare.protocol.decision import Context, Refused
from throughcare.protocol.profiles.model import Profile
from throughcare.protocol.release.medicine_fold import find
from throughcare.protocol.release.medicine_rules import (
    LINE_OF,
    covered_through,
    facility,
    kit_unsettled,
    missed_days,
    number,
    serves,
    unsettled,
)
from throughcare.protocol.release.medicine_state import (
    WANTED,
    Continued,
    DecisionPending,
    GapOpen,
    Line,
    LineStand,
    NotContinued,
    SiteConfirmed,
    Unavailable,
)
from throughcare.protocol.release.rules import opening, outside, own_referral
from throughcare.protocol.release.state import (
    OVER,
    PLACED,
    Deadline,
    Granted,
    InCustody,
    Outside,
    Referral,
    State,
)

Answer = tuple[Event, ...] | Refused

#: A need that was assessed opens its line without anybody having to remember.
LINE_OF_FLAG: dict[NeedFlag, MedicineLine] = {"oat-now": "oat", "hiv-care": "art", "tb-care": "tb"}


def open_line(
    state: State, command: commands.OpenContinuityItem, context: Context, profile: Profile
) -> Answer:
    if not isinstance(opening(state).consent, Granted):
        return Refused("no-consent")
    one = find(state.own, command.line)
    if one is not None:
        if not isinstance(one.stand, NotContinued | Unavailable):
            return ()
        if command.line == "oat" and not profile.medicine.oat_community:
            return Refused("service-not-available")
    return (events.ContinuityItemOpened(line=command.line, opened_at=context.received_at),)


def opened_by_needs(
    state: State, flags: tuple[NeedFlag, ...], context: Context
) -> tuple[Event, ...]:
    return tuple(
        events.ContinuityItemOpened(line=line, opened_at=context.received_at)
        for flag, line in LINE_OF_FLAG.items()
        if flag in flags and find(state.own, line) is None
    )


def decided_anew(state: State, context: Context) -> tuple[Event, ...]:
    """Back in custody there is no gap of a time outside: the person is asked again."""
    return tuple(
        events.ContinuityItemOpened(line=one.line, opened_at=context.received_at)
        for one in state.own.lines
        if isinstance(one.stand, GapOpen)
    )


def request(
    state: State, command: commands.RequestContinuation, context: Context, profile: Profile
) -> Answer:
    one = _line(state, command.line)
    if isinstance(one, Refused):
        return one
    if isinstance(one.stand, WANTED):
        return ()
    if not isinstance(one.stand, DecisionPending):
        return Refused("line-step-not-now")
    if one.line == "oat" and command.leaflet_version is None:
        return Refused("leaflet-not-named")
    return (
        events.ContinuationRequested(
            line=one.line,
            requested_at=context.received_at,
            decided_on=local_day(profile, context.occurred_at),
            leaflet_version=command.leaflet_version,
        ),
    )


def decline(
    state: State, command: commands.DeclineContinuation, context: Context, profile: Profile
) -> Answer:
    """The person's own word, to prison health or to whoever carries the line on."""
    one = _line_of(state, command.line, context)
    if isinstance(one, Refused):
        return one
    if isinstance(one.stand, NotContinued):
        return ()
    if not isinstance(one.stand, (DecisionPending, *WANTED)):
        return Refused("line-step-not-now")
    return (
        events.ContinuationDeclinedByClient(
            line=one.line,
            decided_on=local_day(profile, context.occurred_at),
            leaflet_version=command.leaflet_version,
        ),
    )


def unavailable(
    state: State,
    command: commands.ReportContinuationUnavailable,
    context: Context,
    profile: Profile,
) -> Answer:
    """Path Q: said before the release, so that whoever treats the person can plan for it."""
    one = _line(state, command.line)
    if isinstance(one, Refused):
        return one
    if isinstance(one.stand, Unavailable):
        return ()
    if not isinstance(one.stand, (DecisionPending, *WANTED)):
        return Refused("line-step-not-now")
    return (events.ContinuationUnavailable(line=one.line, reason_code=command.reason_code),)


def confirm_site(
    state: State, command: commands.ConfirmReceivingSite, context: Context, profile: Profile
) -> Answer:
    served = _served(state, command.referral_id, context)
    if isinstance(served, Refused):
        return served
    referral, one = served
    if not isinstance(one.stand, (*WANTED, GapOpen)):
        return Refused("line-step-not-now")
    if command.expected_on < local_day(profile, context.occurred_at):
        return Refused("appointment-in-the-past")
    if one.stand == SiteConfirmed(referral.id, command.expected_on):
        return ()
    return (
        events.ReceivingSiteConfirmed(
            line=one.line, referral_id=referral.id, expected_on=command.expected_on
        ),
    )


def bridge(
    state: State, command: commands.SupplyBridging, context: Context, profile: Profile
) -> Answer:
    """D14. Said again, the later word counts: the supply is packed anew when a date moves."""
    one = _line(state, command.line)
    if isinstance(one, Refused):
        return one
    if not isinstance(one.stand, WANTED):
        return Refused("line-step-not-now")
    today, rules = local_day(profile, context.occurred_at), profile.medicine
    if one.line == "oat" and not rules.oat_at(facility(state), today):
        return Refused("medicine-not-given-here")
    if command.last_supervised_on > today:
        return Refused("day-in-the-future")
    longest = rules.oat_supply_max if one.line == "oat" else rules.supply_max
    if longest is not None and command.supply_days > longest:
        return Refused("supply-too-long")
    reach = command.last_supervised_on + timedelta(days=command.supply_days)
    return (
        events.BridgingSupplied(
            line=one.line,
            last_supervised_on=command.last_supervised_on,
            supply_days=command.supply_days,
            covered_through=reach,
        ),
    )


def dose(
    state: State, command: commands.RecordCommunityDose, context: Context, profile: Profile
) -> Answer:
    """Whoever was given a dose was met: it is a witnessed contact, too."""
    served = _served(state, command.referral_id, context)
    if isinstance(served, Refused):
        return served
    person = outside(state)
    if isinstance(person, Refused):
        return person
    if context.occurred_at < person.released_at:
        return Refused("person-not-released")
    referral, one = served
    taken_on = local_day(profile, context.occurred_at)
    if not isinstance(one.stand, (*WANTED, GapOpen, Continued)):
        return Refused("line-step-not-now")
    if isinstance(one.stand, Continued) and taken_on <= one.stand.taken_on:
        return ()
    missed = _missed(one.stand, taken_on, local_day(profile, person.released_at))
    received = events.CommunityDoseReceived(
        line=one.line,
        referral_id=referral.id,
        taken_on=taken_on,
        covered_through=taken_on + timedelta(days=command.supply_days),
        missed_days=missed,
        restart=missed > profile.medicine.restart_if_missed_days_gt,
    )
    if referral.seen_at is not None and referral.seen_at >= context.occurred_at:
        return (received,)
    met = release_events.ClientAttended(
        referral_id=referral.id, attended_at=context.occurred_at, accompanied=False
    )
    return (received, met)


def _missed(stand: LineStand, taken_on: date, released_on: date) -> int:
    match stand:
        case Continued():
            return 0  # a gap would have been said: not every day's dose is recorded
        case GapOpen(from_on=from_on):
            return missed_days(from_on - timedelta(days=1), taken_on)
        case _:
            return missed_days(covered_through(stand, released_on), taken_on)


def report_gap(
    state: State, command: commands.ReportDoseGap, context: Context, profile: Profile
) -> Answer:
    """From whoever waited in vain: also of a line that went on, since it can stop any day."""
    served = _served(state, command.referral_id, context)
    if isinstance(served, Refused):
        return served
    person = outside(state)
    if isinstance(person, Refused):
        return person
    _, one = served
    if isinstance(one.stand, GapOpen):
        return ()
    if not isinstance(one.stand, (*WANTED, Continued)):
        return Refused("line-step-not-now")
    if command.from_on > local_day(profile, context.occurred_at):
        return Refused("day-in-the-future")
    released_on = local_day(profile, person.released_at)
    last = one.stand.taken_on if isinstance(one.stand, Continued) else released_on
    if command.from_on <= last:
        return Refused("gap-before-last-dose")
    return (events.DoseGapOpened(line=one.line, from_on=command.from_on),)


def close_gap(
    state: State, command: commands.CloseDoseGap, context: Context, profile: Profile
) -> Answer:
    one = _line_of(state, command.line, context)
    if isinstance(one, Refused):
        return one
    if not isinstance(one.stand, GapOpen):
        return Refused("line-step-not-now")
    closed_on = local_day(profile, context.occurred_at)
    return (events.GapClosedWithoutResumption(line=one.line, closed_on=closed_on),)


# -- what follows --------------------------------------------------------------------------------


def gap_opened(state: State, due: Deadline, profile: Profile) -> tuple[Event, ...]:
    """D16 was missed: nobody has said that the person took any since the day before the gap."""
    allowed = timedelta(days=profile.medicine.restart_if_missed_days_gt - 1)
    from_on = local_day(profile, due.due_at) - allowed
    return tuple(
        events.DoseGapOpened(line=one.line, from_on=from_on)
        for one in state.own.lines
        if number(one.line) == due.step and isinstance(one.stand, WANTED)
    )


def derived(state: State, profile: Profile) -> tuple[Event, ...]:
    """What the country's rules make of a case without anybody's doing."""
    person = state.own.person
    if not isinstance(person, InCustody | Outside):
        return ()
    rules = profile.medicine
    if (
        state.own.kit is None
        and not rules.kit_permitted
        and isinstance(opening(state).consent, Granted)
    ):
        return (events.NaloxoneUnavailable(reason_code="not-permitted"),)
    one = find(state.own, "oat")
    if one is not None and isinstance(one.stand, DecisionPending) and not rules.oat_community:
        return (events.ContinuationUnavailable(line="oat", reason_code="country-has-none"),)
    if not isinstance(person, InCustody):
        return ()
    return _asked_again(state, person, profile) or _readiness(state, person)


def _asked_again(state: State, person: InCustody, profile: Profile) -> tuple[Event, ...]:
    """Path C: the release moved so far that the person decides about OAT anew."""
    one = find(state.own, "oat")
    if one is None or not isinstance(one.stand, WANTED) or one.decided_for is None:
        return ()
    if person.expected_on is None or person.date_known_at is None:
        return ()
    later = (person.expected_on - one.decided_for).days
    if later <= profile.medicine.ask_again_after_days:
        return ()
    return (events.ContinuityItemOpened(line="oat", opened_at=person.date_known_at),)


def _readiness(state: State, person: InCustody) -> tuple[Event, ...]:
    """Lost as soon as a line or the kit is open and was not named as a gap."""
    if person.gaps is None:
        return ()
    open_ = set(unsettled(state)) - set(person.medicine_gaps)
    if open_ or (kit_unsettled(state) and not person.kit_gap):
        return (release_events.ReadinessLost(reason_code="medicine-open"),)
    return ()


def not_ready(state: State, gaps: tuple[MedicineLine, ...], kit_gap: bool) -> Refused | None:
    """Readiness: every line and the kit stand firm, or each gap is named."""
    if not set(unsettled(state)) <= set(gaps):
        return Refused("medicine-not-settled")
    return Refused("kit-not-settled") if kit_unsettled(state) and not kit_gap else None


# -- whose, and where it stands ------------------------------------------------------------------


def _line(state: State, which: MedicineLine) -> Line | Refused:
    return find(state.own, which) or Refused("line-unknown")


def _line_of(state: State, which: MedicineLine, context: Context) -> Line | Refused:
    """For the facility and a coordinator; a receiver only of a line that it carries on."""
    if context.roles.isdisjoint({"prison-health", "protocol-coordinator"}):
        site = serves(state, which)
        if site is None or site.receiver != context.party:
            return Refused("line-unknown")
    return _line(state, which)


def _served(state: State, referral_id: UUID, context: Context) -> tuple[Referral, Line] | Refused:
    """The receiver's own accepted referral, and the line that its service carries on."""
    referral = own_referral(state, context, referral_id)
    if isinstance(referral, Refused):
        return referral
    if isinstance(referral.stand, OVER):
        return Refused("referral-ended")
    if not isinstance(referral.stand, PLACED):
        return Refused("referral-not-accepted")
    which = LINE_OF.get(referral.service_type)
    if which is None:
        return Refused("referral-serves-no-line")
    one = _line(state, which)
    return one if isinstance(one, Refused) else (referral, one)
