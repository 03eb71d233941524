"""What intake keeps besides its events: the permissions, as the gate reads them.

A stop is set by the door that hears it, and lifted here by a consent that came later (reopened
cases); a stop that came after that consent stands, whatever was decided first.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from throughcare.contracts.consent_events import (
    ConsentExpired,
    ConsentNarrowed,
    ConsentRenewed,
    ConsentWidened,
)
from throughcare.contracts.envelope import Message
from throughcare.contracts.intake_events import ConsentGranted, ConsentWithdrawn
from throughcare.contracts.life_events import CaseReopened
from throughcare.runtime import queries
from throughcare.runtime.pool import Connection
from throughcare.runtime.turns import turns

_SQL = queries.load("throughcare.services.intake")

#: The events that change a permission.
PERMISSION_EVENTS = (
    ConsentGranted,
    ConsentWithdrawn,
    ConsentNarrowed,
    ConsentWidened,
    ConsentRenewed,
    ConsentExpired,
    CaseReopened,
)
#: They say all that is in force after them, or that nothing is.
_ANEW = (ConsentNarrowed, ConsentWidened, ConsentRenewed)


async def keep_permissions(connection: Connection, events: Sequence[Message]) -> None:
    """Write what these events permit or end, in the order of each case's events."""
    for turn in turns(events):
        for kind, said in turn.items():
            cases = [event.case_ref for event in said]
            # Where a case goes on after its end, consent is asked anew.
            if kind is not ConsentGranted:
                await connection.execute(_SQL["lock_gates"], cases)
                await connection.execute(_SQL["end_permissions"], cases)
            else:
                await connection.execute(_SQL["lock_stopped_gates"], cases)
                # What counts is when the person's yes came in, not when it was decided.
                await connection.execute(
                    _SQL["lift_stops"], cases, [event.recorded_at for event in said]
                )
            if kind is ConsentGranted or kind in _ANEW:
                rows = [row for event in said for row in _permissions(event)]
                await connection.execute(_SQL["permit"], *map(list, zip(*rows, strict=True)))
            if kind is ConsentGranted:
                agreed = [_agreement(event) for event in said]
                await connection.execute(_SQL["agree"], *map(list, zip(*agreed, strict=True)))


def _agreement(event: Message) -> tuple[UUID, bool, bool]:
    granted = event.data
    assert isinstance(granted, ConsentGranted)
    return event.case_ref, granted.hand_over_by == "code", granted.feedback_to_facility


def _permissions(event: Message) -> set[tuple[UUID, str, str, str, datetime]]:
    """One row a recipient, class and purpose, however often the consent says it."""
    granted = event.data
    assert isinstance(granted, ConsentGranted | ConsentNarrowed | ConsentWidened | ConsentRenewed)
    # To the end of the last day anywhere: a permission never ends before the person's midnight does.
    until = datetime.combine(granted.expires_on, time(0), UTC) + timedelta(days=1)
    return {
        (event.case_ref, item.party or f"type:{item.receiver_type}", data_class, purpose, until)
        for item in granted.items
        for data_class in item.data_classes
        for purpose in item.purposes
    }
