"""The one gate: who a person is goes in after consent, and comes out to whom the person allowed it.

Asked twice: the rule itself (`protocol.disclosure`), and the database, which hands out sealed bytes
only with permission and acceptance, in the transaction that records the disclosure. What was
recorded and cannot be opened is taken back: nothing is half handed out.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import orjson

from throughcare.contracts.codes import DataClass, EmergencyReason, Purpose
from throughcare.gateway.entrance import Caller, Entrance
from throughcare.gateway.problems import RefusedError
from throughcare.protocol.decision import Refused
from throughcare.protocol.disclosure import CaseFacts, may_disclose, may_enter
from throughcare.protocol.profiles import current
from throughcare.protocol.redisclosure import Notice, notice
from throughcare.runtime import queries
from throughcare.runtime.ids import new_id
from throughcare.runtime.pool import Connection
from throughcare.services.intake.details import Details
from throughcare.services.intake.vault import (
    KeyProvider,
    Place,
    SealedError,
    Wrapped,
    new_key,
    seal,
    unseal,
)

_SQL = queries.load("throughcare.gateway", "gate.sql")

#: Done in the transaction of a disclosure, with its id.
Also = Callable[[Connection, UUID], Awaitable[None]]


class Disclosed(NamedTuple):
    """What was handed out, and what it may be used for."""

    id: UUID
    purpose: Purpose
    notice: Notice
    #: Domain time; None: an emergency, which permits nothing afterwards.
    until: datetime | None
    details: Mapping[str, Any]


class _Known(NamedTuple):
    facts: CaseFacts
    country: str
    until: datetime | None


class Gate:
    """`drafts`: notices that nobody who answers for the words has read will do (made-up cases)."""

    def __init__(self, entrance: Entrance, keys: KeyProvider, *, drafts: bool) -> None:
        self._entrance = entrance
        self._keys = keys
        self._drafts = drafts

    async def enter(self, who: Caller, case_ref: UUID, details: Details) -> int:
        """Seal what is known of a person; its version. Raises RefusedError."""
        data_class = details.data_class
        plain = orjson.dumps(details.model_dump(mode="json", exclude_none=True))
        async with self._entrance.attempt(who, case_ref) as connection:
            known = await self._known(connection, case_ref)
            _stand(may_enter(who.party.roles, (data_class,), known.facts))
            row = await connection.fetchrow(_SQL["begin_entry"], case_ref, data_class)
            assert row is not None
            if row["refusal"] is not None:
                raise RefusedError(row["refusal"])
            if row["wrapped"] is None:
                key = new_key()
                wrapped = await self._keys.wrap(key, who.party.party, case_ref)
            else:
                wrapped = Wrapped(row["wrapped"], row["wrapped_by"])
                key = await self._unwrap(wrapped, case_ref)
            version: int = row["next_version"]
            sealed = seal(key, plain, Place(case_ref, data_class, version))
            await connection.execute(
                _SQL["enter"], case_ref, data_class, version, sealed, wrapped.key, wrapped.by
            )
        return version

    async def disclose(
        self, who: Caller, case_ref: UUID, classes: Sequence[DataClass], purpose: Purpose
    ) -> Disclosed:
        """Hand out these classes for this purpose. Raises RefusedError; the log has the attempt."""
        return await self._hand_out(who, case_ref, classes, purpose)

    async def break_glass(
        self,
        who: Caller,
        case_ref: UUID,
        classes: Sequence[DataClass],
        reason: EmergencyReason,
        also: Also,
    ) -> Disclosed:
        """In a medical emergency; `also` puts the review on its way in the same transaction."""
        return await self._hand_out(who, case_ref, classes, "emerg", reason, also)

    async def _hand_out(
        self,
        who: Caller,
        case_ref: UUID,
        classes: Sequence[DataClass],
        purpose: Purpose,
        reason: EmergencyReason | None = None,
        also: Also | None = None,
    ) -> Disclosed:
        made = new_id()
        wanted = sorted(set(classes))
        async with self._entrance.attempt(who, case_ref) as connection:
            known = await self._known(connection, case_ref)
            _stand(may_disclose(who.party.roles, purpose, wanted, known.facts, reason))
            said = self._notice(who, known, purpose)
            query = "disclose" if reason is None else "break_glass"
            if also is not None:
                # As a withdrawal does it: first the case, then its gate.
                await connection.fetchval(_SQL["hold"], case_ref)
            rows = await connection.fetch(
                _SQL[query], made, case_ref, wanted, reason or purpose, said.version
            )
            if rows and rows[0]["refusal"] is not None:
                raise RefusedError(rows[0]["refusal"])
            details = {row["data_class"]: await self._open(case_ref, row) for row in rows}
            if also is not None:
                await also(connection, made)
        until = known.until if reason is None else None
        return Disclosed(made, purpose, said, until, details)

    async def _known(self, connection: Connection, case_ref: UUID) -> _Known:
        row = await connection.fetchrow(_SQL["facts"], case_ref)
        if row is None:
            raise RefusedError("no-such-case")
        profile = current(row["country"])
        facts = CaseFacts(
            now=row["now"],
            facility_hours=profile.medicine.facility_hours,
            agreed=row["agreed"],
            permissions=frozenset(tuple(one.split(" ")) for one in row["permissions"]),
            accepted=row["accepted"],
            released_at=row["released_at"],
            stopped=row["stopped"],
            ended=row["ended"],
            by_code=row["by_code"],
            escalated=row["escalated"],
        )
        return _Known(facts, row["country"], row["until"])

    def _notice(self, who: Caller, known: _Known, purpose: Purpose) -> Notice:
        # A permission runs to the midnight after its last day.
        until = ((known.until or known.facts.now) - timedelta(seconds=1)).date()
        said = notice(known.country, who.party.language, purpose, until, drafts=self._drafts)
        if isinstance(said, Refused):
            # English was written by who answers for it; a draft is no text to bind anybody with.
            said = notice(known.country, "en", purpose, until, drafts=self._drafts)
        if isinstance(said, Refused):
            raise RefusedError(said.code)
        return said

    async def _unwrap(self, wrapped: Wrapped, case_ref: UUID) -> bytes:
        try:
            return await self._keys.unwrap(wrapped, case_ref)
        except SealedError:
            raise RefusedError("details-do-not-open") from None

    async def _open(self, case_ref: UUID, row: asyncpg.Record) -> Any:
        key = await self._unwrap(Wrapped(row["wrapped"], row["wrapped_by"]), case_ref)
        place = Place(case_ref, row["data_class"], row["version"])
        try:
            return orjson.loads(unseal(key, row["sealed"], place))
        except SealedError:
            raise RefusedError("details-do-not-open") from None


def _stand(said: object) -> None:
    if isinstance(said, Refused):
        raise RefusedError(said.code)
