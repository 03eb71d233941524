"""What release keeps besides its events: who accepted and what ended, as the gate reads it."""

from collections.abc import Sequence

from throughcare.contracts.envelope import Message
from throughcare.contracts.release_events import (
    AcceptanceWithdrawn,
    CaseClosed,
    ReferralAccepted,
    ReferralCancelled,
    ReferralSent,
)
from throughcare.runtime import queries
from throughcare.runtime.pool import Connection

_SQL = queries.load("throughcare.services.release")

#: The events that change who holds a case.
SEAM_EVENTS = (ReferralSent, ReferralAccepted, ReferralCancelled, AcceptanceWithdrawn, CaseClosed)


async def keep_seam(connection: Connection, events: Sequence[Message]) -> None:
    """Write who was asked, who accepted and what ended, in the order of the events."""
    for event in events:
        case = [event.case_ref]
        match event.data:
            case ReferralSent() as sent:
                await connection.execute(
                    _SQL["offer"], case, [sent.referral_id], [str(sent.receiver)]
                )
            case ReferralAccepted() as accepted:
                await connection.execute(_SQL["accept"], case, [accepted.referral_id])
            case AcceptanceWithdrawn() | ReferralCancelled() as ended:
                await connection.execute(_SQL["unaccept"], case, [ended.referral_id])
            case CaseClosed():
                await connection.execute(_SQL["end"], case, [event.recorded_at])
