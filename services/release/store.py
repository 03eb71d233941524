"""What release keeps besides its events: who accepted and what ended, as the gate reads it."""

from collections.abc import Sequence
from uuid import UUID

from throughcare.contracts.envelope import Message
from throughcare.contracts.life_events import AcceptanceLapsed, EpisodeResumed
from throughcare.contracts.release_events import (
    AcceptanceWithdrawn,
    CaseClosed,
    ReferralAccepted,
    ReferralCancelled,
    ReferralSent,
)
from throughcare.runtime import queries
from throughcare.runtime.pool import Connection
from throughcare.runtime.turns import turns

_SQL = queries.load("throughcare.services.release")

#: The events that change who holds a case.
SEAM_EVENTS = (
    ReferralSent,
    ReferralAccepted,
    ReferralCancelled,
    AcceptanceWithdrawn,
    AcceptanceLapsed,
    CaseClosed,
    EpisodeResumed,
)


async def keep_seam(connection: Connection, events: Sequence[Message]) -> None:
    """Write who was asked, who accepted and what ended, in the order of each case's events."""
    for turn in turns(events):
        for kind, said in turn.items():
            cases = [event.case_ref for event in said]
            if kind is CaseClosed:
                await connection.execute(_SQL["end"], cases, [event.recorded_at for event in said])
                continue
            if kind is EpisodeResumed:
                # Whoever held the case before it ended holds it no more.
                await connection.execute(_SQL["unaccept_all"], cases)
                await connection.execute(_SQL["unend"], cases)
                continue
            referrals = [_referral(event) for event in said]
            if kind is ReferralSent:
                parties = [_receiver(event) for event in said]
                await connection.execute(_SQL["offer"], cases, referrals, parties)
            elif kind is ReferralAccepted:
                await connection.execute(_SQL["accept"], cases, referrals)
            else:
                await connection.execute(_SQL["unaccept"], cases, referrals)


def _referral(event: Message) -> UUID:
    data = event.data
    assert isinstance(
        data,
        ReferralSent
        | ReferralAccepted
        | AcceptanceWithdrawn
        | AcceptanceLapsed
        | ReferralCancelled,
    )
    return data.referral_id


def _receiver(event: Message) -> str:
    assert isinstance(event.data, ReferralSent)
    return str(event.data.receiver)
