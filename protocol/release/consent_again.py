"""consent-again: a yes given long before the release is asked about anew outside.

What a person can weigh, and how freely, differs in custody. The consent holds meanwhile: nothing
ends or waits because nobody has asked.
"""

from collections.abc import Iterator

from throughcare.protocol.calendar import after, days_between
from throughcare.protocol.profiles.model import Profile
from throughcare.protocol.release.rules import opening
from throughcare.protocol.release.state import Deadline, Granted, Lost, Outside, State


def ask_again(state: State, person: Outside, profile: Profile) -> Iterator[Deadline]:
    """Counted from when somebody who could ask met the person; till then D17 looks for them."""
    given = opening(state).consent
    if not isinstance(given, Granted) or given.signed_at is None or person.met_at is None:
        return
    if isinstance(person.contact, Lost):
        return
    if given.narrowed_at is not None and given.narrowed_at >= person.released_at:
        return  # who takes part of it back has thought about it
    age = days_between(profile, given.signed_at, person.released_at)
    if age > profile.value("consent.ask_again_after_days"):
        since = max(person.met_at, person.known_at)
        yield Deadline(
            "consent-again", None, None, after(profile, since, profile.span("consent-again"))
        )
