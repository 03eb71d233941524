"""What the timeline does with a list of messages: entries for the log, and where each case stands."""

from collections.abc import Sequence

from throughcare.contracts.topics import EVENTS_OF
from throughcare.runtime.agent import Input
from throughcare.runtime.pool import Connection
from throughcare.services.timeline import store
from throughcare.services.timeline.course import Course, apply
from throughcare.services.timeline.leaves import kind_of

_HALF_OF = {topic.name: service for service, topic in EVENTS_OF.items()}


async def project(connection: Connection, inputs: Sequence[Input]) -> None:
    """Keep what came, once, and fold it into its case. Runs in the transaction of the cursors."""
    entries = [
        store.Entry(message.id, message.case_ref, kind, input.raw)
        for input in inputs
        if (kind := kind_of((message := input.message).data)) is not None
    ]
    if entries:
        await store.add_entries(connection, entries)
    heard = [
        (input.message, half)
        for input in inputs
        if (half := _HALF_OF.get(input.tp.topic)) is not None
    ]
    if not heard:
        return
    courses = await store.read_courses(connection, {message.case_ref for message, _ in heard})
    for message, half in heard:
        before = courses.get(message.case_ref, Course())
        assert message.sequence is not None
        courses[message.case_ref] = apply(before, half, message.sequence, message.data)
    await store.write_courses(connection, courses)
