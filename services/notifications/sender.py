"""Sending: a send starts when its attempt row commits; no lock spans the network.

Permission is checked in the transaction that starts the send, under a lock that a withdrawal waits
for. A process that is killed after that leaves an attempt without an end: the delivery falls due
again with the same Message-ID or webhook-id, by which a receiver knows it.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Literal, NamedTuple
from uuid import UUID

import prometheus_client

from throughcare.contracts.envelope import Message
from throughcare.contracts.kinds import Event
from throughcare.contracts.notification_events import (
    NoticeFailed,
    NoticeSent,
    NoticeWithheld,
    WithheldReason,
)
from throughcare.protocol.digest import Line, group
from throughcare.runtime import crash, ids, log, unreadable
from throughcare.runtime.append import append
from throughcare.runtime.errors import Meaning, fingerprint, meaning_of
from throughcare.runtime.journal import Journal, Row
from throughcare.runtime.pool import Connection, Pool
from throughcare.runtime.seal import Seal
from throughcare.runtime.settings import Settings
from throughcare.services.notifications import store, wording
from throughcare.services.notifications.channels import ATTEMPT_S, Attempted, email, webhook
from throughcare.services.notifications.store import Delivery

#: Seconds from one attempt to the next, by the Standard Webhooks specification; mail keeps to it too.
RETRY_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
#: Seconds after which an attempt nobody heard of again was lost with its process.
LOST_AFTER_S = ATTEMPT_S + 5
#: Seconds that a planned stop waits: a supervisor has no more patience than 15.
_LEAVE_S = 8.0
_AT_ONCE = 24
#: One slow receiver must not take all the places.
_AT_ONCE_A_PARTY = 4
#: However many fall due at once, a desk gets one mail an hour about them. A webhook tells a system,
#: which has to hear of each case.
_ALARM = "alarm"
#: What is known of a send must be written down: so many tries, or it is sent once more.
_RECORD_TRIES = 20

NOTICES = prometheus_client.Counter(
    "throughcare_notices_total", "Notices by what became of them.", ["channel", "end"]
)

#: Tries once: everything it needs was read before.
Send = Callable[[], Awaitable[Attempted]]


class _Started(NamedTuple):
    delivery: Delivery
    attempt: int
    send: Send
    #: Alarms of the same party that the same message stands for.
    others: tuple[Delivery, ...] = ()

    @property
    def told(self) -> tuple[Delivery, ...]:
        return (self.delivery, *self.others)


class _WithheldError(Exception):
    def __init__(self, reason: WithheldReason) -> None:
        super().__init__(reason)
        self.reason: WithheldReason = reason


class Sender:
    """Sends what is due in the partitions this process owns."""

    def __init__(
        self,
        pool: Pool,
        journal: Journal,
        seal: Seal,
        settings: Settings,
        owned: Callable[[], list[int]],
        *,
        lost_after_s: float = LOST_AFTER_S,
        retry_s: tuple[float, ...] = RETRY_S,
    ) -> None:
        self._pool = pool
        self._journal = journal
        self._seal = seal
        self._settings = settings
        self._owned = owned
        self._lost_after_s = lost_after_s
        self._retry_s = retry_s
        self._log = log.get("sender")
        self._under_way: dict[UUID, asyncio.Task[None]] = {}
        self._parties: Counter[str] = Counter()
        self._looking = asyncio.Lock()
        #: Something due found no place: look again as soon as one is free.
        self._more = False
        self._look: asyncio.Task[None] | None = None
        self._closing = False
        #: Events of this service are appended one after the other: their places are counted.
        self._lane = asyncio.Lock()

    async def step(self) -> None:
        """Start what is due, as far as there are places. Does not wait for it."""
        async with self._looking:
            owned = self._owned()
            self._more = False
            while owned and not self._closing:
                free = _AT_ONCE - len(self._under_way)
                full = [p for p, count in self._parties.items() if count >= _AT_ONCE_A_PARTY]
                due = await store.due_deliveries(
                    self._pool, owned, self._under_way, full, max(free, 1)
                )
                self._more = bool(due or full)
                if not due or free <= 0:
                    return
                for delivery, party in due:
                    if self._parties[party] < _AT_ONCE_A_PARTY:
                        self._begin(delivery, party)

    async def drain(self) -> None:
        """Wait for what is under way, and for what begins as a place becomes free."""
        while tasks := [*self._under_way.values(), *filter(None, [self._look])]:
            await asyncio.wait(tasks, timeout=ATTEMPT_S)
            if self._look is not None and self._look.done():
                self._look = None

    async def close(self) -> None:
        """Begin nothing more, and wait a little; what is cut off is made once more."""
        self._closing = True
        if self._under_way:
            await asyncio.wait(self._under_way.values(), timeout=_LEAVE_S)

    def _begin(self, delivery: UUID, party: str) -> None:
        task = asyncio.create_task(self._deliver(delivery), name="deliver")
        self._under_way[delivery] = task
        self._parties[party] += 1
        task.add_done_callback(lambda _: self._over(delivery, party))

    def _over(self, delivery: UUID, party: str) -> None:
        del self._under_way[delivery]
        self._parties[party] -= 1
        if not self._parties[party]:
            del self._parties[party]
        if self._more and (self._look is None or self._look.done()):
            self._look = asyncio.create_task(self._look_again(), name="look again")

    async def _look_again(self) -> None:
        try:
            await self.step()
        except Exception as error:  # noqa: BLE001 - the next regular look finds it too
            self._log.warning("look again", error=fingerprint(error))

    # -- one delivery -------------------------------------------------------------------------

    async def _deliver(self, delivery: UUID) -> None:
        try:
            started = await self._start(delivery)
            if started is None:
                return
            crash.point("delivery.after_attempt_row")
            came = await started.send()
            crash.point("delivery.after_send")
            await self._record(started, came)
        except Exception as error:  # noqa: BLE001
            # What is wrong with one delivery must not stop the others; it falls due again.
            self._log.error("delivery broke off", error=fingerprint(error))
            if meaning_of(error) is Meaning.POISON:
                await self._put_off(delivery)

    async def _put_off(self, delivery: UUID) -> None:
        try:
            async with self._pool.acquire() as connection:
                await store.postpone(connection, delivery, self._retry_s[1], 0, "broke off")
        except Exception as error:  # noqa: BLE001 - nothing is lost: the row stays due
            self._log.warning("could not be put off", error=fingerprint(error))

    async def _start(self, delivery: UUID) -> _Started | None:
        """Start the send, or withhold it; None if there is nothing to send."""
        withheld: Row | None = None
        started: _Started | None = None
        async with self._lane, self._pool.acquire() as connection:
            async with connection.transaction():
                taken = await store.take_delivery(connection, delivery)
                if taken is None:
                    return None
                try:
                    started = self._prepare(taken)
                    if taken.template == _ALARM and taken.channel == "email":
                        started = await self._with_others(connection, taken)
                        if started is None:
                            return None
                    for one in started.told:
                        await store.start_attempt(
                            connection, one.id, one.attempts + 1, self._lost_after_s
                        )
                except _WithheldError as no:
                    withheld = await self._end(connection, taken, "suppressed", no.reason)
            if withheld is not None:
                self._journal.offer([withheld])
        return started

    async def _with_others(self, connection: Connection, delivery: Delivery) -> _Started | None:
        """One message for all the alarms that wait for a party; None: it had one this hour."""
        party = delivery.to_party
        assert party is not None
        if not await store.lead_alarms(connection, party, delivery.id):
            return None
        others = []
        for one in await store.other_alarms(connection, party, delivery.id, self._owned()):
            try:
                self._check(one)
            except _WithheldError:
                continue  # it has its own turn, and its own word
            others.append(one)
        told = {one.case_ref: one.alias for one in (delivery, *others)}
        now = delivery.domain_now
        [digest] = group(
            [
                Line(party, one.case_ref, one.template, now, one.act_by, one.level)
                for one in (delivery, *others)
            ],
            now,
        )
        first = delivery._replace(alias=told[digest.lines[0].case_ref], act_by=digest.act_by)
        send = self._email(first, more=len(digest.lines) > 1)
        return _Started(delivery, delivery.attempts + 1, send, tuple(others))

    def _prepare(self, delivery: Delivery) -> _Started:
        """Check that it may go, and make all that goes. Raises _WithheldError."""
        self._check(delivery)
        attempt = delivery.attempts + 1
        match delivery.channel:
            case "email":
                return _Started(delivery, attempt, self._email(delivery))
            case "webhook":
                return _Started(delivery, attempt, self._webhook(delivery))
            case _:
                raise _WithheldError("no-address")

    def _check(self, delivery: Delivery) -> None:
        """Raises _WithheldError where it may not go."""
        if delivery.silent:
            raise _WithheldError("case-closed")
        if not delivery.last_word:
            if not delivery.permitted:
                raise _WithheldError("permission-ended")
            if delivery.ended:
                raise _WithheldError("case-closed")
        if not delivery.is_known:
            raise _WithheldError("no-address")

    def _email(self, delivery: Delivery, *, more: bool = False) -> Send:
        if delivery.email is None:
            raise _WithheldError("no-address")
        # A reference of the party's own may be a prison's number of a person: only ours goes by mail.
        alias = self._alias(delivery)
        text = wording.compose(
            delivery.language,
            delivery.country,
            delivery.act_by,
            alias if alias is not None and ids.is_code(alias) else None,
            self._settings.http.public_url,
            more=more,
        )
        smtp = self._settings.smtp
        try:
            message = email.make(
                smtp, delivery.email, delivery.id, text, delivery.real_now, delivery.country
            )
        except wording.TellingWordError:
            self._log.error("telling word", template=delivery.template)
            raise _WithheldError("telling-word") from None
        except ValueError:
            raise _WithheldError("no-address") from None
        return lambda: email.send(smtp, message)

    def _alias(self, delivery: Delivery) -> str | None:
        if delivery.to_party is None:
            return None
        return unreadable.alias(self._seal, delivery.to_party, delivery.alias, "deliveries")

    def _webhook(self, delivery: Delivery) -> Send:
        url, sealed, seq = delivery.webhook_url, delivery.webhook_secret, delivery.seq
        alias = self._alias(delivery)
        if url is None or sealed is None or delivery.is_gone or alias is None or seq is None:
            raise _WithheldError("no-address")
        try:
            secret = self._seal.open(sealed, f"webhook/{delivery.to_party}").decode()
        except ValueError:
            raise _WithheldError("no-address") from None
        payload = webhook.body(alias, seq, delivery.created_at)
        return lambda: webhook.send(
            url,
            secret,
            delivery.id,
            payload,
            delivery.real_now,
            allow_loopback=self._settings.webhooks.allow_loopback,
        )

    # -- what came of it ----------------------------------------------------------------------

    async def _record(self, started: _Started, came: Attempted) -> None:
        """Write it down, patiently: what is forgotten here is sent once more."""
        wait_s = 0.05
        for _ in range(_RECORD_TRIES):
            try:
                async with self._lane:
                    rows = await self._try_record(started, came)
                self._journal.offer(rows)
                return
            except Exception as error:
                if meaning_of(error) is Meaning.POISON:
                    raise
                self._log.warning("record again", error=fingerprint(error))
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, 2.0)
        self._log.error("not recorded: it will be sent once more")

    async def _try_record(self, started: _Started, came: Attempted) -> list[Row]:
        rows = []
        async with self._pool.acquire() as connection, connection.transaction():
            first = started.delivery
            if came.gone and first.to_party and first.webhook_url:
                await store.mark_gone(connection, first.to_party, first.webhook_url)
            for one in started.told:
                row = await self._record_one(connection, one, came)
                if row is not None:
                    rows.append(row)
        return rows

    async def _record_one(
        self, connection: Connection, delivery: Delivery, came: Attempted
    ) -> Row | None:
        attempt = delivery.attempts + 1
        if came.end == "sent":
            return await self._end(connection, delivery, "sent", None, attempt)
        if came.end == "failed" or attempt > len(self._retry_s):
            return await self._end(connection, delivery, "failed", came.reason, attempt)
        wait_s = max(self._retry_s[attempt - 1], came.wait_s or 0.0)
        await store.postpone(connection, delivery.id, wait_s, attempt, came.reason or "again")
        return None

    async def _end(
        self,
        connection: Connection,
        delivery: Delivery,
        status: Literal["sent", "failed", "suppressed"],
        reason: str | None,
        attempt: int = 0,
    ) -> Row | None:
        """End a delivery and append the event that says so, once."""
        at = await store.end_delivery(connection, delivery.id, status, reason, attempt)
        if at is None:
            return None
        NOTICES.labels(delivery.channel or "none", status).inc()
        event = _event(delivery, status, reason, attempt)

        def make(version: int, position: int) -> Message:
            return Message(
                id=ids.new_id(),
                source="/services/notifications",
                data=event,
                case_ref=delivery.case_ref,
                occurred_at=at,
                recorded_at=at,
                correlation_id=delivery.correlation_id,
                protocol_version=delivery.protocol_version,
                causation_id=delivery.causation_id,
                sequence=version,
                position=position,
            )

        return await append(connection, "notifications", delivery.case_ref, make)


def _event(delivery: Delivery, status: str, reason: str | None, attempt: int) -> Event:
    """What the timeline gets to know: which notice, to whom, by what; never its text."""
    said = {
        "notice_id": delivery.id,
        "template_code": delivery.template,
        "to_role": delivery.to_role,
        "to_party": delivery.to_party,
    }
    match status:
        case "sent":
            return NoticeSent.model_validate(
                said | {"channel": delivery.channel, "attempt": attempt}
            )
        case "failed":
            return NoticeFailed.model_validate(
                said | {"channel": delivery.channel, "attempts": attempt, "reason_code": reason}
            )
        case _:
            return NoticeWithheld.model_validate(said | {"reason_code": reason})
