"""The person's rights, and who watches those who look past them; in any state, until it is forgotten.

None of it moves the case: whoever asks to see, complains or says what they think loses nothing by it.
"""

from throughcare.contracts import release_commands, rights_commands
from throughcare.contracts import rights_commands as commands
from throughcare.contracts import rights_events as events
from throughcare.contracts.codes import LegalDecision, LegalOpinion, Role
from throughcare.contracts.kinds import Data, Event
from throughcare.protocol.decision import Context, Refused
from throughcare.protocol.profiles.model import Profile
from throughcare.protocol.release import recipients
from throughcare.protocol.release.rights_state import LegalRequest
from throughcare.protocol.release.state import Ended, State

Answer = tuple[Event, ...] | Refused

#: A demand for data is decided by two of these, and each speaks in the first that it holds.
_DECIDE: tuple[Role, ...] = ("dpo", "protocol-coordinator", "ngo")
_ALWAYS: frozenset[type[Data]] = frozenset(rights_commands.RIGHTS_COMMANDS)


def is_forgotten(state: State) -> bool:
    person = state.own.person
    return isinstance(person, Ended) and person.forgotten


def still_heard(state: State, message: Data) -> bool:
    """Whether this may be said of a closed case: a right, what somebody owes, and what falls due."""
    if type(message) in _ALWAYS or isinstance(message, release_commands.RunDeadlines):
        return True
    if isinstance(message, release_commands.AcknowledgeEscalation) and state.own.escalations:
        return True
    return recipients.still_heard(state, message)


def ask_to_see(
    state: State, command: commands.AskToSeeData, context: Context, profile: Profile
) -> Answer:
    """Asked again before it was shown: the first time counts."""
    if state.own.rights.asked_at is not None:
        return ()
    return (events.DataAccessRequested(requested_at=context.occurred_at),)


def confirm_shown(
    state: State, command: commands.ConfirmDataShown, context: Context, profile: Profile
) -> Answer:
    if state.own.rights.asked_at is None:
        return Refused("nothing-asked-to-see")
    return (events.DataShown(shown_at=context.occurred_at),)


def correct(
    state: State, command: commands.CorrectEvent, context: Context, profile: Profile
) -> Answer:
    return (
        events.EventCorrected(
            target_event_id=command.target_event_id,
            field=command.field,
            reason_code=command.reason_code,
        ),
    )


def feedback(
    state: State, command: commands.GiveFeedback, context: Context, profile: Profile
) -> Answer:
    return (
        events.ClientFeedbackGiven(
            instrument_code=command.instrument_code,
            score_band=command.score_band,
            anonymous=command.anonymous,
        ),
    )


def complain(
    state: State, command: commands.FileComplaint, context: Context, profile: Profile
) -> Answer:
    return (events.ComplaintFiled(about=tuple(dict.fromkeys(command.about))),)


# -- a demand for data -----------------------------------------------------------------------------


def report_request(
    state: State, command: commands.ReportLegalRequest, context: Context, profile: Profile
) -> Answer:
    return (
        events.LegalRequestReceived(
            request_id=context.id,
            requester_kind=command.requester_kind,
            legal_basis_stated=command.legal_basis_stated,
            received_at=context.occurred_at,
        ),
    )


def decide_request(
    state: State, command: commands.DecideLegalRequest, context: Context, profile: Profile
) -> Answer:
    """The first "refuse" decides. To disclose takes two parties, one of them as the DPO."""
    one = next((one for one in state.own.rights.requests if one.id == command.request_id), None)
    if one is None or context.party is None:
        return Refused("legal-request-unknown")
    by_role = next(role for role in _DECIDE if role in context.roles)
    if command.opinion == "disclose" and context.party in dict(one.for_it):
        return ()
    given = events.LegalRequestOpinionGiven(
        request_id=one.id, opinion=command.opinion, by_role=by_role, by_party=context.party
    )
    decision = _decision(one, command.opinion, by_role)
    if decision is None:
        return (given,)
    decided = events.LegalRequestDecided(
        request_id=one.id, decision=decision, decided_at=context.received_at
    )
    return (given, decided)


def _decision(one: LegalRequest, opinion: LegalOpinion, by_role: Role) -> LegalDecision | None:
    if opinion == "refuse":
        return "refused"
    roles = {by_role, *dict(one.for_it).values()}
    return "disclosed" if one.for_it and "dpo" in roles else None


# -- a look past consent ---------------------------------------------------------------------------


def report_access(
    state: State, command: commands.ReportEmergencyAccess, context: Context, profile: Profile
) -> Answer:
    """It has happened: there is nothing to refuse but a report that does not say who it was."""
    if context.party is None:
        return Refused("access-without-party")
    return (
        events.EmergencyAccessUsed(
            access_id=context.id,
            number=state.own.rights.looks + 1,
            party=context.party,
            reason_code=command.reason_code,
            data_classes=command.data_classes,
            used_at=context.occurred_at,
        ),
    )


def review_access(
    state: State, command: commands.ReviewEmergencyAccess, context: Context, profile: Profile
) -> Answer:
    one = next((one for one in state.own.rights.accesses if one.id == command.access_id), None)
    if one is None or context.party is None:
        return Refused("access-unknown")
    if one.party == context.party:
        return Refused("access-reviewed-by-others")
    return (
        events.EmergencyAccessReviewed(
            access_id=one.id, verdict=command.verdict, by_party=context.party
        ),
    )


# -- forgetting ------------------------------------------------------------------------------------


def forget(
    state: State, command: commands.ForgetCase, context: Context, profile: Profile
) -> Answer:
    """On a live case all that a withdrawal does comes first: the recipients hear that it ended."""
    forgotten = events.CaseForgotten(trigger="asked", forgotten_at=context.received_at)
    if isinstance(state.own.person, Ended):
        return (forgotten,)
    return (*recipients.withdrawn(state, context), forgotten)
