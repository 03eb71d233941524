"""Commands about a consent that stands: less of it, more of it, longer."""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from throughcare.contracts.codes import (
    ConsentItem,
    LanguageTag,
    LocalCode,
    Removal,
    Role,
    SignedHow,
    WithdrawnHow,
)
from throughcare.contracts.kinds import Command


class NarrowConsent(Command):
    """The person said: not this one any more, or not this class. Always accepted."""

    name: ClassVar[str] = "narrow-consent"
    removed: Annotated[tuple[Removal, ...], Field(min_length=1, max_length=30)]
    received_how: WithdrawnHow


class WidenConsent(Command):
    """A new act of its own, explained and signed like the first: also these receivers."""

    name: ClassVar[str] = "widen-consent"
    added: Annotated[tuple[ConsentItem, ...], Field(min_length=1, max_length=30)]
    language: LanguageTag
    form_version: LocalCode
    witness_role: Role
    signed_how: SignedHow
    #: What sharing with such a receiver may lead to by law was explained.
    legal_effect_explained: bool | None = None


class RenewConsent(Command):
    """The same permissions, as long as they were or for longer; signed again."""

    name: ClassVar[str] = "renew-consent"
    expires_on: date
    witness_role: Role
    signed_how: SignedHow


CONSENT_COMMANDS: tuple[type[Command], ...] = (NarrowConsent, WidenConsent, RenewConsent)
