"""What became of a consent that was given. Each event says all that is in force after it."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from throughcare.contracts.codes import ConsentItem, SignedHow, WithdrawnHow
from throughcare.contracts.kinds import Event


class ConsentNarrowed(Event):
    """Part of it was taken back; the case goes on with the rest."""

    name: ClassVar[str] = "consent-narrowed"
    consent_id: UUID
    #: What is left, never nothing: the last item taken back is a withdrawal.
    items: tuple[ConsentItem, ...]
    expires_on: date
    received_how: WithdrawnHow


class ConsentWidened(Event):
    """By a new act. The consent keeps its id and its last day."""

    name: ClassVar[str] = "consent-widened"
    consent_id: UUID
    items: tuple[ConsentItem, ...]
    expires_on: date
    signed_how: SignedHow


class ConsentRenewed(Event):
    name: ClassVar[str] = "consent-renewed"
    consent_id: UUID
    items: tuple[ConsentItem, ...]
    expires_on: date
    signed_how: SignedHow


class ConsentExpired(Event):
    """Its last day is over. Release, which keeps the deadlines, has closed the case for it."""

    name: ClassVar[str] = "consent-expired"
    consent_id: UUID


CONSENT_EVENTS: tuple[type[Event], ...] = (
    ConsentNarrowed,
    ConsentWidened,
    ConsentRenewed,
    ConsentExpired,
)
