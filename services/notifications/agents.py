"""From events to deliveries: who is to be told (protocol.notices), and by which channels they can be."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from throughcare.contracts.envelope import Message
from throughcare.contracts.topics import partition_of
from throughcare.protocol import notices as rules
from throughcare.protocol.notices import Notice
from throughcare.runtime import ids
from throughcare.runtime.pool import Connection
from throughcare.runtime.sorting import Input
from throughcare.services.notifications import store
from throughcare.services.notifications.store import Contact, NewDelivery


class _Told(NamedTuple):
    """A notice, and the event it comes from."""

    notice: Notice
    event: Message


async def project(connection: Connection, inputs: Sequence[Input]) -> None:
    """Fold what was heard, and write what is to be sent; all in the caller's transaction."""
    told = await _hear(connection, [input.message for input in inputs])
    if not told:
        return
    contacts = await store.find_contacts(
        connection,
        {t.notice.to_party for t in told if t.notice.to_party is not None},
        {t.notice.to_role for t in told if t.notice.to_party is None},
    )
    pairs = [(t, contact) for t in told for contact in _recipients(t.notice, contacts)]
    await _name_cases(connection, pairs)
    last = [(t.event.case_ref, c.party) for t, c in pairs if c and t.notice.last_word]
    aliases = await store.read_aliases(connection, last) if last else {}
    seqs = await store.told_so_far(connection, {t.event.case_ref for t in told})
    deliveries = list(_deliveries(pairs, seqs, aliases))
    if deliveries:
        await store.add_deliveries(connection, deliveries)


async def _hear(connection: Connection, events: Sequence[Message]) -> list[_Told]:
    refs = {event.case_ref for event in events}
    heard = await store.read_cases(connection, refs)
    known = {ref: rules.load(heard[ref]) if ref in heard else rules.KnownParties() for ref in refs}
    before = dict(known)
    told: list[_Told] = []
    silent: set[UUID] = set()
    for event in events:
        ref = event.case_ref
        told += [_Told(notice, event) for notice in rules.notices(event, known[ref])]
        known[ref] = rules.hear(known[ref], event)
        if rules.silences(event):
            silent.add(ref)
    changed = {
        ref: rules.dump(state)
        for ref, state in known.items()
        if state != before[ref] or ref in silent
    }
    if changed:
        await store.write_cases(connection, changed, silent)
    return told


def _recipients(notice: Notice, contacts: Iterable[Contact]) -> Iterator[Contact | None]:
    """The party meant, or whoever holds the role there; None: nobody, and that is recorded too."""
    found = False
    for contact in contacts:
        if notice.to_party is not None:
            meant = contact.party == notice.to_party
        else:
            meant = notice.to_role in contact.roles and (
                notice.facility is None
                or not contact.facilities
                or notice.facility in contact.facilities
            )
        if meant:
            found = True
            yield contact
    if not found:
        yield None


async def _name_cases(
    connection: Connection, pairs: Iterable[tuple[_Told, Contact | None]]
) -> None:
    """Each party gets its own name for the case with the first notice, whether it can be reached or not."""
    left = sorted({(t.event.case_ref, contact.party) for t, contact in pairs if contact})
    while left:
        left = await store.name_cases(connection, left, [ids.new_code() for _ in left])


def _deliveries(
    pairs: Iterable[tuple[_Told, Contact | None]],
    seqs: dict[tuple[UUID, str], int],
    aliases: Mapping[tuple[UUID, str], str | None],
) -> Iterator[NewDelivery]:
    for (notice, event), contact in pairs:
        ref = event.case_ref
        party = notice.to_party if contact is None else contact.party
        seq = None
        if contact is not None:
            seq = seqs[ref, contact.party] = seqs.get((ref, contact.party), 0) + 1
        channels: tuple[str | None, ...] = (contact.channels if contact else ()) or (None,)
        for channel in channels:
            yield NewDelivery(
                ids.derived_id(event.id, notice.template, party, notice.to_role, channel),
                ref,
                partition_of(ref),
                notice.template,
                notice.to_role,
                party,
                channel,
                notice.act_by,
                notice.last_word,
                seq,
                aliases.get((ref, party)) if party else None,
                event.correlation_id,
                event.id,
                event.protocol_version,
            )
