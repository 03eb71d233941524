"""Whose part in a case ends: pure, from what is known for the work lists.

A receiver has a part as long as one of its referrals stands, or its service ended and it may be asked
to follow up. After that it reads nothing more of the case. What it holds of the person it holds under
its name for the case, so whoever said yes once keeps the name, for the day on which it is recalled;
who never said yes is offered the case again under another name.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from throughcare.contracts import consent_commands as consent
from throughcare.contracts import intake_commands as intake
from throughcare.contracts import life_commands as life
from throughcare.contracts import release_commands as release
from throughcare.contracts.care_commands import WaitForPlace
from throughcare.contracts.commands import OWNER
from throughcare.contracts.kinds import Fact
from throughcare.gateway.known import Known, over
from throughcare.protocol.profiles.model import Profile

#: Whoever said one of these, and was heard, has another part than a receiver's: it opened the case,
#: leads it, looks for places, or reports what happens inside.
LEADING: tuple[str, ...] = (
    *(
        one.type
        for one in (
            intake.OpenCase,
            intake.OfferConsent,
            intake.RecordConsent,
            intake.RecordRefusal,
            intake.AssessNeeds,
            intake.AgreePlan,
            consent.WidenConsent,
            consent.RenewConsent,
            life.ReopenCase,
            release.SendReferral,
            WaitForPlace,
        )
    ),
    *(one.type for one in OWNER if issubclass(one, Fact)),
)


class Gone(NamedTuple):
    """A receiver whose part ended."""

    party: str
    #: It said yes once: it may hold something of the person, and keeps its name for the case.
    held: bool
    #: An alarm is still addressed to it, and it may say that it saw it.
    answers: bool


class Change(NamedTuple):
    gone: tuple[Gone, ...] = ()
    #: Receivers without a part to whom no alarm is addressed any more.
    answered: tuple[str, ...] = ()


def change(steps: Sequence[Known], profile: Profile) -> Change:
    """What comes of all these steps, from the first that was known to the last."""
    gone: dict[str, None] = {}
    answered: dict[str, None] = {}
    for before, after in pairwise(steps):
        out = over(after, profile)
        here = {one.party for one in after.holders} - out
        gone = dict.fromkeys((*gone, *sorted(out - over(before, profile))))
        gone = {one: None for one in gone if one not in here}
        quiet = sorted((_alarmed(before) - _alarmed(after)) & out)
        answered = {one: None for one in (*answered, *quiet) if one not in _alarmed(after)}
    last = steps[-1]
    held = {one.party for step in steps for one in step.holders if one.held}
    return Change(
        tuple(Gone(party, party in held, party in _alarmed(last)) for party in gone),
        tuple(party for party in answered if party not in gone),
    )


def _alarmed(known: Known) -> frozenset[str]:
    return frozenset(one.party for one in known.alarms if one.party is not None)
