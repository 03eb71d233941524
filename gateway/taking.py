"""The one way in, whatever the door: a message is known, named, numbered and kept, or refused.

One statement looks, one writes: a message that another one overtook in between finds its number
taken, and looks again. From the commit on it is kept. Refusals that leave nothing behind are raised
as RefusedError.
"""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple, get_args
from uuid import UUID

import asyncpg
import orjson

from throughcare.contracts.care_commands import AcknowledgeWithdrawal, ConfirmRecipientTold
from throughcare.contracts.commands import OWNER, HalfName
from throughcare.contracts.consent_commands import NarrowConsent
from throughcare.contracts.envelope import Message, encode
from throughcare.contracts.facts import ProgrammeEnrolled
from throughcare.contracts.intake_commands import OpenCase, WithdrawConsent
from throughcare.contracts.kinds import Data, Fact
from throughcare.contracts.life_commands import ReopenCase
from throughcare.contracts.life_facts import ReleaseReversed
from throughcare.contracts.outcomes import NoCase, Parked
from throughcare.contracts.release_commands import AcknowledgeEscalation
from throughcare.contracts.rights_commands import ForgetCase
from throughcare.gateway.answers import Answer, answer
from throughcare.gateway.cloudevents import Said
from throughcare.gateway.parties import Party, country_of
from throughcare.gateway.problems import RefusedError
from throughcare.protocol.profiles import current
from throughcare.runtime import aliases, crash, queries, unreadable
from throughcare.runtime.errors import StaleError
from throughcare.runtime.ids import new_case_ref, new_code, new_id
from throughcare.runtime.pool import Connection
from throughcare.runtime.seal import Seal

_SQL = queries.load("throughcare.gateway", "taking.sql")

#: A sender's clock may be this much ahead of ours.
_AHEAD = timedelta(minutes=5)
#: Nothing older is news; most likely the year is wrong.
_BEHIND = timedelta(days=3653)
#: A custody fact about nobody known waits so long for the case to be opened.
_PARKED_FOR = timedelta(days=30)
#: Deadlines count on seeing whatever was stamped two seconds ago (`runtime.settled()`).
_STAMP_GOOD_FOR_S = 1.2

_TRIES = 20
_OPENING = (OpenCase, ProgrammeEnrolled)
#: Who sees a case no more, and owes an answer for what it holds, may say this.
_ANSWERS = (
    AcknowledgeWithdrawal, ConfirmRecipientTold, AcknowledgeEscalation, WithdrawConsent,
    NarrowConsent, ReopenCase, ForgetCase,
)  # fmt: skip
#: What may be said under a name that ran out, by what the name opens.
_OPENED_BY: dict[str, type[Data]] = {"reopen": ReopenCase, "reverse": ReleaseReversed}


class ToRelay(NamedTuple):
    """A command that was numbered and has to reach its service."""

    service: HalfName
    case_ref: UUID
    envelope: bytes


class Taken(NamedTuple):
    #: Ours; None where nothing was kept.
    id: UUID | None
    #: The party's name for the case.
    alias: str | None
    #: It had been taken before.
    again: bool = False
    #: None: undecided.
    answer: Answer | None = None
    relay: ToRelay | None = None


def mark_of(seal: Seal, party: str, alias: str) -> bytes:
    """What is kept of a party's name for a case once it ran out."""
    return seal.mark(alias, f"gateway/past-names/{party}")


def _body_mark(seal: Seal, party: Party, said: Said) -> bytes:
    """What is kept of what was said. Keyed: type and time stand beside it, so names could be tried."""
    return seal.mark(said.digest.hex(), f"gateway/bodies/{party.party}")


async def take(
    connection: Connection,
    party: Party,
    said: Said,
    recorded_at: datetime | None = None,
    *,
    seal: Seal,
    case_ref: UUID | None = None,
) -> Taken:
    """Take one message: in the caller's transaction, or all of it in one of its own.

    `recorded_at` is when a broker recorded it, which counts while domain time is real time.
    Names are hidden, and those that ran out are found again, with `seal`. With `case_ref`, the
    person of that case has said their code in this transaction: it is they who say it, about it.
    Raises RefusedError; UniqueViolationError or StaleError where somebody else did the same at the
    same time: do it again, in a new transaction.
    """
    name = case_ref or (aliases.hide(seal, party.party, said.alias) if said.alias else b"")
    for _ in range(_TRIES):
        row = await connection.fetchrow(
            _SQL["look" if case_ref is None else "look_person"],
            party.party, said.source, said.id, name,
        )  # fmt: skip
        assert row is not None
        if row["id"] is not None:
            known_alias = unreadable.alias(seal, party.party, row["known_alias"], "aliases")
            return _repeated(row, said, _body_mark(seal, party, said), known_alias)
        # What the person says the desk passes on, whatever its own roles are.
        roles = party.roles if case_ref is None else ("client",)
        taken = await _Taking(connection, party, roles, said, row, recorded_at, seal).take()
        if taken is not None:
            return taken
    raise StaleError


def _repeated(row: asyncpg.Record, said: Said, body_mark: bytes, known_alias: str | None) -> Taken:
    if row["body_mark"] != body_mark:
        raise RefusedError("idempotency-key-reused")
    return Taken(row["id"], known_alias or said.alias, True, answer_of(row))


def answer_of(row: asyncpg.Record) -> Answer | None:
    """The stored answer of a row of `gateway.commands`, if there is one."""
    if row["outcome"] is None:
        return None
    return Answer(row["outcome_id"], row["outcome_kind"], row["outcome"], row["answered_at"])


def _check_time(said: Said, now: datetime) -> None:
    if said.occurred_at is None:
        if isinstance(said.data, Fact):
            raise RefusedError("time-missing")
        return
    if said.occurred_at > now + _AHEAD:
        raise RefusedError("occurs-in-the-future")
    if said.occurred_at < now - _BEHIND:
        raise RefusedError("time-out-of-range")


def _check_facility(party: Party, data: Data) -> None:
    if not party.facilities:
        return
    for name in ("facility", "from_facility"):
        facility = getattr(data, name, None)
        if facility is not None and facility not in party.facilities:
            raise RefusedError("facility-not-yours")


class _Taking:
    """One message on its way into the tables, on what `look` found."""

    def __init__(
        self,
        connection: Connection,
        party: Party,
        roles: tuple[str, ...],
        said: Said,
        row: asyncpg.Record,
        recorded_at: datetime | None,
        seal: Seal,
    ) -> None:
        now: datetime = row["now"]
        _check_time(said, now)
        _check_facility(party, said.data)
        self.connection = connection
        self.party = party
        self.roles = roles
        self.said = said
        self.service = OWNER[type(said.data)]
        #: No later than any message with a higher number in the case: its number would be taken.
        self.received_at = (
            min(recorded_at, now) if recorded_at is not None and row["is_real"] else now
        )
        self._row = row
        self._seal = seal
        self._id = new_id()
        self._clock = asyncio.get_running_loop().time
        self._stamped = self._clock()

    async def take(self) -> Taken | None:
        """None: somebody came in between; look again."""
        if self._row["case_ref"] is None:
            past = await self._past()
            if past is not None:
                return await self._under_past_name(past)
            return await self._of_nobody_known()
        if not self._row["sees"] and not isinstance(self.said.data, _ANSWERS):
            raise RefusedError("no-such-case")
        if self.service == "release" and not self._row["opened"]:
            return await self._before_opening(self._row["case_ref"])
        return await self._of_case(self._row)

    # -- a case that is known -----------------------------------------------------------------

    async def _of_case(self, case: asyncpg.Record) -> Taken | None:
        """Number it in its case and keep it for the service that decides it."""
        number: int = case[f"{self.service}_number"] + 1
        raw = self._envelope(
            case["case_ref"], number, case["protocol_version"], case["seen_intake"],
            case["seen_release"],
        )  # fmt: skip
        values = (*self._kept(raw), case["case_ref"], self.service, number)
        return self._taken(case["case_ref"], raw, await self._write("keep", *values))

    async def _before_opening(self, case_ref: UUID) -> Taken | None:
        """Release has nothing to decide before intake said that there is a case."""
        if not isinstance(self.said.data, Fact):
            raise RefusedError("case-not-open")
        async with self.connection.transaction():
            # Whoever opens it right now is waited for, or waits for this.
            if await self.connection.fetchval(_SQL["lock_case"], case_ref):
                return None
            return await self._park()

    # -- a name that ran out ------------------------------------------------------------------

    async def _past(self) -> asyncpg.Record | None:
        """The case that the party had under this name, if the name still opens it for this."""
        if self.said.alias is None:
            return None
        mark = mark_of(self._seal, self.party.party, self.said.alias)
        past = await self.connection.fetchrow(_SQL["look_past"], self.party.party, mark)
        if past is None:
            return None
        opened_by = _OPENED_BY[past["opens"]]
        return past if past["sees"] or isinstance(self.said.data, opened_by) else None

    async def _under_past_name(self, past: asyncpg.Record) -> Taken | None:
        """The name stands again with the message; what it is worth is known with the outcome."""
        async with self.connection.transaction():
            taken = await self._of_case(past)
            if taken is not None:
                await self.connection.execute(
                    _SQL["name_again"], self.party.party, self._hidden(), past["case_ref"]
                )
            return taken

    # -- nobody known -------------------------------------------------------------------------

    async def _of_nobody_known(self) -> Taken | None:
        """A name that this party has for no case: open one, let it wait, or say no."""
        data, alias = self.said.data, self.said.alias
        if alias is None:
            if not isinstance(data, OpenCase):
                raise RefusedError("subject-missing")
            self.said = self.said._replace(alias=new_code())
        elif not isinstance(data, (Fact, OpenCase)):
            # The same for a name that nobody has and for one that another party has.
            raise RefusedError("no-such-case")
        if await self.connection.fetchval(_SQL["holds"], self.party.party, self._hidden()):
            raise RefusedError("name-in-use")
        if isinstance(data, _OPENING):
            return await self._open(data)
        async with self.connection.transaction():
            # Whoever applies what waits under this name right now is waited for.
            await self.connection.execute(_SQL["lock_alias"], self.party.party, self._hidden())
            if await self.connection.fetchval(_SQL["is_named"], self.party.party, self._hidden()):
                return None
            return await self._park()

    async def _open(self, data: Data) -> Taken | None:
        try:
            profile = current(self._country(data))
        except KeyError:
            if isinstance(data, Fact):
                return self._no_case()
            raise RefusedError("country-without-profile") from None
        if isinstance(data, ProgrammeEnrolled) and not profile.programme_opens_case:
            return self._no_case()
        case_ref = new_case_ref()
        raw = self._envelope(case_ref, 1, profile.version, 0, 0)
        kept = await self._write(
            "mint", *self._kept(raw), case_ref, profile.version, self._hidden()
        )
        return self._taken(case_ref, raw, kept)

    def _country(self, data: Data) -> str:
        """Of the place; where none is named that says so, of the party."""
        facility: str | None = getattr(data, "facility", None)
        return country_of([facility] if facility else []) or self.party.country

    def _no_case(self) -> Taken:
        """Nothing is kept, the name least of all."""
        outcome = NoCase(
            answered_source=self.said.source,
            answered_id=self.said.id,
            answered_type=self.said.data.type,
        )
        return Taken(None, self.said.alias, answer=answer(outcome, self.received_at))

    async def _park(self) -> Taken:
        until = self.received_at + _PARKED_FOR
        outcome = Parked(
            answered_source=self.said.source,
            answered_id=self.said.id,
            answered_type=self.said.data.type,
            until=until,
        )
        parked = answer(outcome, self.received_at)
        await self.connection.execute(
            _SQL["park"], *self._kept(None), self._hidden(),
            self.said.occurred_at or self.received_at, until, _least(self.said.data),
            parked.kind, parked.data, parked.outcome_id,
        )  # fmt: skip
        return Taken(self._id, self.said.alias, answer=parked)

    # -- keep ---------------------------------------------------------------------------------

    def _envelope(
        self, case_ref: UUID, number: int, protocol_version: str, intake: int, release: int
    ) -> bytes:
        """The message as its service gets it; `intake` and `release` are what the door has seen."""
        return encode(
            Message(
                id=self._id,
                source=f"/parties/{self.party.party}",
                data=self.said.data,
                case_ref=case_ref,
                occurred_at=self.said.occurred_at or self.received_at,
                recorded_at=self.received_at,
                correlation_id=self._id,
                protocol_version=protocol_version,
                party=self.party.party,
                roles=self.roles,
                number=number,
                seen_intake=intake,
                seen_release=release,
            )
        )

    def _hidden(self) -> bytes:
        """The party's name for the case, as it is kept."""
        assert self.said.alias is not None
        return aliases.hide(self._seal, self.party.party, self.said.alias)

    def _kept(self, envelope: bytes | None) -> tuple[Any, ...]:
        said = self.said
        return (
            self._id, self.party.party, said.source, said.id, said.data.type,
            _body_mark(self._seal, self.party, said), self.received_at, envelope,
        )  # fmt: skip

    async def _write(self, statement: str, *values: Any) -> bool:
        if self._clock() - self._stamped > _STAMP_GOOD_FOR_S:
            raise TimeoutError
        crash.point("door.before_commit")
        return bool(await self.connection.fetchval(_SQL[statement], *values))

    def _taken(self, case_ref: UUID, raw: bytes, kept: bool) -> Taken | None:
        if not kept:
            return None
        return Taken(self._id, self.said.alias, relay=ToRelay(self.service, case_ref, raw))


def _least(data: Data) -> bytes:
    """What is kept of a fact about nobody known: dates, and what the type cannot be without."""
    fields = type(data).model_fields
    kept: dict[str, Any] = {
        name: value
        for name, value in data.model_dump(mode="json", exclude_none=True).items()
        if fields[name].is_required()
        or fields[name].annotation is date
        or date in get_args(fields[name].annotation)
    }
    return orjson.dumps(kept)


def unix_ms(stamp: int) -> datetime:
    """The moment of a broker's timestamp."""
    return datetime.fromtimestamp(stamp / 1000, UTC)
