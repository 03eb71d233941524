"""How the events of a case's life lead from state to state: the rest of `fold.py`."""

from typing import assert_never

from throughcare.contracts import life_events as events
from throughcare.contracts.codes import DeadlineCode
from throughcare.protocol.record import replace
from throughcare.protocol.release.state import (
    Absence,
    Ended,
    Failed,
    InCustody,
    LeftUnasked,
    NotMet,
    Outside,
    Own,
)

LifeEvent = (
    events.EpisodeResumed
    | events.ReleaseDateConfirmed
    | events.ReleaseReversed
    | events.ReversalReported
    | events.AbsenceBegun
    | events.AbsenceEnded
    | events.AcceptanceLapsed
    | events.CaseVoided
    | events.CaseMovedOutOfScope
)

#: Promises about a time outside: after a release that was none they count as never made.
_OUTSIDE: frozenset[DeadlineCode] = frozenset(
    {"D03", "D05", "D15", "D16", "D17", "D17b", "D18", "D19", "D20", "D21", "D22", "D22b"}
)


def apply_life(own: Own, event: LifeEvent) -> Own:
    match event:
        case events.EpisodeResumed():
            return _resumed(own, event)
        case events.ReleaseReversed():
            return _reversed(own, event)
        case events.ReversalReported():
            if not isinstance(own.person, Outside | LeftUnasked):
                return own
            return replace(own, person=replace(own.person, denied=True))
        case events.AcceptanceLapsed():
            lapsed = Failed(event.lapsed_at, lapsed=True)
            return replace(
                own,
                referrals=tuple(
                    replace(one, stand=lapsed) if one.id == event.referral_id else one
                    for one in own.referrals
                ),
            )
        case events.CaseVoided() | events.CaseMovedOutOfScope():
            return own  # the closing stands beside it
        case events.ReleaseDateConfirmed() | events.AbsenceBegun() | events.AbsenceEnded():
            if not isinstance(own.person, InCustody):
                return own
            return replace(own, person=_inside(own.person, event))
        case _:
            assert_never(event)


def _inside(
    person: InCustody,
    event: events.ReleaseDateConfirmed | events.AbsenceBegun | events.AbsenceEnded,
) -> InCustody:
    match event:
        case events.ReleaseDateConfirmed():
            return replace(person, date_said_at=event.said_at)
        case events.AbsenceBegun():
            absent = Absence(event.kind_code, event.said_at)
            return replace(person, absent=absent, absence_said_at=event.said_at)
        case _:
            return replace(person, absent=None, absence_said_at=event.said_at)


def _resumed(own: Own, event: events.EpisodeResumed) -> Own:
    """Where the person was; outside, they are to be asked first.

    Referrals, medicine lines, the kit and tasks are those of the episode that ended: the person is
    asked about each anew. What recipients of then still owe (D23) stays, and a receiver that closed
    stays closed.
    """
    person = own.person.was if isinstance(own.person, Ended) else None
    match person:
        case None:
            return own
        case InCustody():
            person = replace(
                person, gaps=None, medicines_moved=None, expected_on=event.expected_release_on
            )
        case Outside():
            met = not isinstance(person.contact, NotMet)
            person = LeftUnasked(person.released_at, person.known_at, person.before, met)
        case _:
            pass
    return replace(
        own,
        person=person,
        referrals=(),
        lines=(),
        kit=None,
        support=(),
        resumed_at=event.resumed_at,
    )


def _reversed(own: Own, event: events.ReleaseReversed) -> Own:
    """Places and lines stay; who was to be seen outside is not to be seen any more."""
    person = own.person
    if not isinstance(person, Outside | LeftUnasked):
        return own
    before = person.before or InCustody(None, None, None, None, None)
    return replace(
        own,
        person=replace(before, gaps=None, absent=None, back_at=event.said_at),
        facility=event.facility or own.facility,
        referrals=tuple(replace(one, owes_word=False) for one in own.referrals),
        done=tuple(one for one in own.done if one.code not in _OUTSIDE),
        support=(),
    )
