"""What the timeline does with a list of messages: entries for the log, and where each case stands."""

from collections.abc import Sequence

from throughcare.runtime.pool import Connection
from throughcare.runtime.sorting import Input
from throughcare.services.timeline import store
from throughcare.services.timeline.counting import counted
from throughcare.services.timeline.leaves import kind_of


async def project(connection: Connection, inputs: Sequence[Input]) -> None:
    """Keep what came, once, and fold it into its case. Runs in the transaction of the cursors."""
    entries = [
        store.Entry(message.id, message.case_ref, kind, input.raw)
        for input in inputs
        if (kind := kind_of((message := input.message).data)) is not None
    ]
    if not entries:
        return
    await store.add_entries(connection, entries)
    events = [input.message for input in inputs if input.message.data.kind == "event"]
    if events:
        standings = await store.read_standings(connection, {one.case_ref for one in events})
        if moved := store.fold(standings, events):
            await store.write_standings(connection, moved)
        if rare := counted(events):
            await store.add_counted(connection, rare)
