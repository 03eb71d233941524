"""What release keeps besides its events, as the gate reads it: acceptances, alarms, release, end."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from throughcare.contracts.envelope import Message
from throughcare.contracts.kinds import Data
from throughcare.contracts.life_events import AcceptanceLapsed, EpisodeResumed, ReleaseReversed
from throughcare.contracts.release_events import (
    AcceptanceWithdrawn,
    CaseClosed,
    EscalationCleared,
    EscalationRaised,
    PersonReleased,
    ReferralAccepted,
    ReferralCancelled,
    ReferralSent,
)
from throughcare.runtime import queries
from throughcare.runtime.pool import Connection
from throughcare.runtime.turns import turns

_SQL = queries.load("throughcare.services.release")
_Keep = Callable[[Connection, Sequence[Message]], Awaitable[None]]


def _row(query: str, *fields: str) -> _Keep:
    """A row an event: its case, and these fields of what it says."""

    async def keep(connection: Connection, said: Sequence[Message]) -> None:
        columns: list[list[Any]] = [[event.case_ref for event in said]]
        columns += [[getattr(event.data, field) for event in said] for field in fields]
        await connection.execute(_SQL[query], *columns)

    return keep


async def _end(connection: Connection, said: Sequence[Message]) -> None:
    cases = [event.case_ref for event in said]
    await connection.execute(_SQL["end"], cases, [event.recorded_at for event in said])


async def _resume(connection: Connection, said: Sequence[Message]) -> None:
    # Whoever held the case before it ended holds it no more.
    for query in ("unaccept_all", "unend"):
        await _row(query)(connection, said)


_KEPT: Mapping[type[Data], _Keep] = {
    ReferralSent: _row("offer", "referral_id", "receiver"),
    ReferralAccepted: _row("accept", "referral_id"),
    ReferralCancelled: _row("unaccept", "referral_id"),
    AcceptanceWithdrawn: _row("unaccept", "referral_id"),
    AcceptanceLapsed: _row("unaccept", "referral_id"),
    PersonReleased: _row("free", "released_at"),
    ReleaseReversed: _row("unfree"),
    EscalationRaised: _row("alarm", "escalation_id", "to_role"),
    EscalationCleared: _row("calm", "escalation_id"),
    CaseClosed: _end,
    EpisodeResumed: _resume,
}
#: The events that change what the gate reads.
SEAM_EVENTS = tuple(_KEPT)


async def keep_seam(connection: Connection, events: Sequence[Message]) -> None:
    """Write what these events come to, in the order of each case's events."""
    for turn in turns(events):
        for kind, said in turn.items():
            await _KEPT[kind](connection, said)
