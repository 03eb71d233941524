"""What intake keeps besides its events: the permissions, as the gate reads them."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from throughcare.contracts.envelope import Message
from throughcare.contracts.intake_events import ConsentGranted, ConsentWithdrawn
from throughcare.runtime import queries
from throughcare.runtime.pool import Connection
from throughcare.runtime.turns import turns

_SQL = queries.load("throughcare.services.intake")

#: The events that change a permission.
PERMISSION_EVENTS = (ConsentGranted, ConsentWithdrawn)


async def keep_permissions(connection: Connection, events: Sequence[Message]) -> None:
    """Write what these events permit or end, in the order of each case's events."""
    for turn in turns(events):
        for kind, said in turn.items():
            if kind is ConsentWithdrawn:
                await connection.execute(
                    _SQL["end_permissions"], [event.case_ref for event in said]
                )
            else:
                rows = [row for event in said for row in _permissions(event)]
                await connection.execute(_SQL["permit"], *map(list, zip(*rows, strict=True)))


def _permissions(event: Message) -> set[tuple[UUID, str, str, str, datetime]]:
    """One row a recipient, class and purpose, however often the consent says it."""
    granted = event.data
    assert isinstance(granted, ConsentGranted)
    # To the end of the last day anywhere: a permission never ends before the person's midnight does.
    until = datetime.combine(granted.expires_on, time(0), UTC) + timedelta(days=1)
    return {
        (event.case_ref, item.party or f"type:{item.receiver_type}", data_class, purpose, until)
        for item in granted.items
        for data_class in item.data_classes
        for purpose in item.purposes
    }
