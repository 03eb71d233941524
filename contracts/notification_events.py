"""What became of a notice: its template and time are kept, never its text or an address."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from throughcare.contracts.codes import LocalCode, PartyCode, Role
from throughcare.contracts.kinds import Event

Channel = Literal["email", "webhook"]
FailureReason = Literal["unreachable", "refused", "timeout", "bad-address", "gone"]
WithheldReason = Literal[
    "permission-ended",
    "case-closed",
    "no-address",
    "no-template",
    "telling-word",  # the rendered message held a word that says what it is about
    "superseded",
]


class NoticeSent(Event):
    name: ClassVar[str] = "notice-sent"
    notice_id: UUID
    template_code: LocalCode
    to_role: Role
    to_party: PartyCode | None = None
    channel: Channel
    attempt: Annotated[int, Field(ge=1)]


class NoticeFailed(Event):
    """No further attempt will be made on this channel."""

    name: ClassVar[str] = "notice-failed"
    notice_id: UUID
    template_code: LocalCode
    to_role: Role
    to_party: PartyCode | None = None
    channel: Channel
    attempts: Annotated[int, Field(ge=1)]
    reason_code: FailureReason


class NoticeWithheld(Event):
    """It was not sent, and this is why."""

    name: ClassVar[str] = "notice-withheld"
    notice_id: UUID
    template_code: LocalCode
    to_role: Role
    to_party: PartyCode | None = None
    reason_code: WithheldReason


NOTIFICATION_EVENTS: tuple[type[Event], ...] = (NoticeSent, NoticeFailed, NoticeWithheld)
