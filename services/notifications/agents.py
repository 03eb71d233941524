"""From events to deliveries: who is to be told (protocol.notices), and by which channels they can be."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from throughcare.contracts.care_events import (
    PermissionRecalled,
    RecipientTold,
    WithdrawalAcknowledged,
)
from throughcare.contracts.codes import RECEIVER_TYPES
from throughcare.contracts.envelope import Message
from throughcare.contracts.release_events import RELEASE_EVENTS, EscalationRaised
from throughcare.contracts.topics import partition_of
from throughcare.protocol import notices as rules
from throughcare.protocol.notices import Notice
from throughcare.protocol.profiles import PROFILES
from throughcare.runtime import aliases, ids
from throughcare.runtime.pool import Connection
from throughcare.runtime.seal import Seal
from throughcare.runtime.sorting import Input
from throughcare.services.notifications import store
from throughcare.services.notifications.store import Contact, NewDelivery

#: They say that it is over: who has no name for the case gets none for that.
_OVER = frozenset(
    {"permission-ended", "data-to-delete", "case-closed", "case-left", "referral-ended"}
)
#: A receiver gets its name for a case with an offer. Of what it is told later it may have no part left.
_OFFERS = frozenset({"referral-offered"})


class _Told(NamedTuple):
    """A notice, and the event it comes from."""

    notice: Notice
    event: Message
    #: Whoever is told has to do with the case from here on, and gets a name for it.
    names: bool


async def project(seal: Seal, connection: Connection, inputs: Sequence[Input]) -> None:
    """Fold what was heard, and write what is to be sent; all in the caller's transaction."""
    events = [input.message for input in inputs]
    told = await _hear(connection, events)
    await _keep_recalls(connection, events)
    if not told:
        return
    contacts = await store.find_contacts(
        connection,
        {t.notice.to_party for t in told if t.notice.to_party is not None},
        {t.notice.to_role for t in told if t.notice.to_party is None},
    )
    pairs = [(t, contact) for t in told for contact in _recipients(t, contacts)]
    await _name_cases(seal, connection, pairs)
    last = [(t.event.case_ref, c.party) for t, c in pairs if c and _holds_name(t.notice)]
    names = await store.read_aliases(connection, last) if last else {}
    seqs = await store.told_so_far(connection, {t.event.case_ref for t in told})
    deliveries = list(_deliveries(pairs, seqs, names))
    if deliveries:
        await store.add_deliveries(connection, deliveries)


async def _hear(connection: Connection, events: Sequence[Message]) -> list[_Told]:
    refs = {event.case_ref for event in events}
    heard = await store.read_cases(connection, refs)
    known = {ref: rules.load(heard[ref]) if ref in heard else rules.KnownParties() for ref in refs}
    before = dict(known)
    told: list[_Told] = []
    silent: set[UUID] = set()
    speaking: set[UUID] = set()
    for event in events:
        ref = event.case_ref
        out = known[ref].released
        told += [
            _Told(notice, event, _names(notice) and not (out and _is_prison(notice)))
            for notice in rules.notices(event, known[ref])
        ]
        known[ref] = rules.hear(known[ref], event)
        if rules.silences(event):
            silent.add(ref)
        elif rules.speaks_again(event):
            silent.discard(ref)
            speaking.add(ref)
    changed = {
        ref: rules.dump(state)
        for ref, state in known.items()
        if state != before[ref] or ref in silent or ref in speaking
    }
    if changed:
        await store.write_cases(connection, changed, silent, speaking)
    return told


def _is_prison(notice: Notice) -> bool:
    """After a release it has no part in the case, whatever it is still reminded of."""
    return notice.to_role in ("prison-admin", "prison-health", "prison-psych")


def _is_receiver(notice: Notice) -> bool:
    return notice.to_party is not None and notice.to_role in RECEIVER_TYPES


def _names(notice: Notice) -> bool:
    return notice.template not in _OVER and (notice.template in _OFFERS or not _is_receiver(notice))


def _holds_name(notice: Notice) -> bool:
    """The name may be gone before it went out: with the case, or with the receiver's part in it."""
    return notice.last_word or notice.template == "referral-ended"


async def _keep_recalls(connection: Connection, events: Iterable[Message]) -> None:
    """Who has to hear that permission ended, until release knows that they did."""
    for event in events:
        match event.data:
            case PermissionRecalled() as recalled:
                await store.add_recall(
                    connection, event.case_ref, recalled.receiver, recalled.referral_id,
                    event.correlation_id,
                )  # fmt: skip
            case RecipientTold(referral_id=done) | WithdrawalAcknowledged(referral_id=done):
                await store.end_recall(connection, event.case_ref, done)
            case _:
                pass


def _recipients(told: _Told, contacts: Iterable[Contact]) -> Iterator[Contact | None]:
    """The party meant, or whoever holds the role there; None: nobody, and that is recorded too.

    A role without a place is held for a country: that of the case.
    """
    notice, country = told.notice, PROFILES[told.event.protocol_version].country
    found = False
    for contact in contacts:
        if notice.to_party is not None:
            meant = contact.party == notice.to_party
        else:
            meant = notice.to_role in contact.roles and (
                notice.facility in contact.facilities
                if notice.facility is not None and contact.facilities
                else contact.country == country
            )
        if meant:
            found = True
            yield contact
    if not found:
        yield None


async def _name_cases(
    seal: Seal, connection: Connection, pairs: Iterable[tuple[_Told, Contact | None]]
) -> None:
    """Each party gets its own name for the case with the first notice, whether it can be reached or not.

    As of the last event of release that gives it one: what it says later may end its part (the
    gateway hears that at its own pace).
    """
    as_of: dict[tuple[UUID, str], int | None] = {}
    for told, contact in pairs:
        if contact is None or not told.names:
            continue
        key = told.event.case_ref, contact.party
        said = told.event.sequence if isinstance(told.event.data, RELEASE_EVENTS) else None
        as_of[key] = said if said is not None else as_of.get(key)
    left = sorted(as_of)
    while left:
        codes = [aliases.hide(seal, party, ids.new_code()) for _, party in left]
        left = await store.name_cases(connection, left, codes, [as_of[one] for one in left])


def _deliveries(
    pairs: Iterable[tuple[_Told, Contact | None]],
    seqs: dict[tuple[UUID, str], int],
    names: Mapping[tuple[UUID, str], bytes | None],
) -> Iterator[NewDelivery]:
    for (notice, event, _), contact in pairs:
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
                names.get((ref, party)) if party else None,
                event.correlation_id,
                event.id,
                event.protocol_version,
                _is_receiver(notice) and not notice.last_word,
                event.data.level if isinstance(event.data, EscalationRaised) else 0,
            )
