"""What became of a consent that was given. Each event says all that is in force after it."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from throughcare.contracts.codes import ConsentItem, SignedHow, WithdrawnHow
from throughcare.contracts.kinds import Event


class _InForce(Event):
    """What the person allows from here on, and until when."""

    consent_id: UUID
    items: tuple[ConsentItem, ...]
    expires_on: date


class ConsentNarrowed(_InForce):
    """Part of it was taken back; what is left is never nothing: that is a withdrawal."""

    name: ClassVar[str] = "consent-narrowed"
    received_how: WithdrawnHow


class ConsentWidened(_InForce):
    """By a new act. The consent keeps its id and its last day."""

    name: ClassVar[str] = "consent-widened"
    signed_how: SignedHow


class ConsentRenewed(_InForce):
    """Signed again: for longer, or to say outside that it stays as it was."""

    name: ClassVar[str] = "consent-renewed"
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
