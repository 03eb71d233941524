"""Who has to do with a case, and by which name, as release says it: the doors' part of what happens.

A name that ran out stays as a keyed mark for what it may still open: a closed case is asked for
again, a release taken back (docs/decisions/0017). Nobody sees anything by a mark.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from throughcare.contracts.care_events import PermissionRecalled, WithdrawalAcknowledged
from throughcare.contracts.codes import RECEIVER_TYPES, CloseReason
from throughcare.contracts.envelope import Message
from throughcare.contracts.life_events import EpisodeResumed, ReleaseReversed
from throughcare.contracts.release_events import (
    CaseClosed,
    FirstContactMade,
    PersonReleased,
    PersonReleasedBeforeConsent,
    PersonTransferred,
)
from throughcare.contracts.rights_events import CaseForgotten
from throughcare.gateway.erasing import forget
from throughcare.gateway.parties import ANSWERING_ROLES, PRISON_ROLES
from throughcare.gateway.parts import LEADING, Change
from throughcare.gateway.taking import mark_of
from throughcare.protocol.profiles import PROFILES
from throughcare.runtime import aliases, queries, unreadable
from throughcare.runtime.ids import new_code
from throughcare.runtime.pool import Connection
from throughcare.runtime.seal import Seal

_SQL = queries.load("throughcare.gateway", "holding.sql")

#: So long after a release the prison still has a name for the case, and after a transfer the
#: facility that the person left.
_PRISON_KEEPS = timedelta(hours=24)
#: So long what a prison says of a release under its former name is heard, whatever became of it.
_REVERSIBLE = timedelta(days=30)
#: So long a facility that may hear whether the person arrived is told: the follow-up's length.
_FEEDBACK = timedelta(days=180)
#: So long whoever owes an answer may give it (D23 takes 96 hours), and what it is asked again.
_ANSWERABLE = timedelta(days=90)
#: Who has answered may send its last message once more.
_ANSWERED = timedelta(hours=24)
_RECALLING: frozenset[CloseReason] = frozenset({"consent-withdrawn", "consent-expired"})


class Holding:
    """Keeps names and rights in step with what was said, in the transaction of the cursors."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    async def hear(self, connection: Connection, message: Message) -> None:
        """An event of release; others change nothing."""
        match message.data:
            case PersonReleased() | PersonReleasedBeforeConsent() as released:
                await self._released(connection, message.case_ref, released.released_at)
            case ReleaseReversed():
                await self._reversed(connection, message.case_ref)
            case FirstContactMade():
                # A prison that could tell from its mark would know that somebody was met.
                await connection.execute(_SQL["arrived"], message.case_ref, message.recorded_at)
            case PersonTransferred() as moved:
                await self._moved(connection, message.case_ref, moved)
            case PermissionRecalled() as recalled:
                await self._recalled(connection, message, recalled)
            case WithdrawalAcknowledged() as answered:
                await self._answered(connection, message, answered)
            case CaseClosed() as closed:
                await self._closed(connection, message, closed.reason_code)
            case CaseForgotten():
                await forget(connection, message.case_ref)
            case EpisodeResumed() as resumed:
                await self._resumed(connection, message, resumed)
            case _:
                pass

    async def let_in(self, connection: Connection, case_ref: UUID, *parties: str) -> None:
        await connection.execute(_SQL["let_in"], case_ref, list(parties))

    async def drop_name(self, connection: Connection, case_ref: UUID, party: str) -> None:
        await connection.execute(_SQL["drop_name"], case_ref, party)

    # -- a part that ended --------------------------------------------------------------------

    async def part_ended(self, connection: Connection, last: Message, change: Change) -> None:
        """Before `hear` of the same list: a receiver without a part reads nothing more of the case.

        `last` is the last message that was heard of it: a name given for what release says later
        stands, and none is given any more for what it said up to there (`gateway.alias_for`).
        """
        case_ref, at = last.case_ref, last.recorded_at
        if change.gone:
            await connection.execute(
                _SQL["end_parts"], case_ref, [one.party for one in change.gone],
                [one.held for one in change.gone], [one.answers for one in change.gone],
                list(RECEIVER_TYPES), list(LEADING), at, at + _ANSWERABLE, last.sequence,
            )  # fmt: skip
        if change.answered:
            await connection.execute(
                _SQL["has_seen"], case_ref, list(change.answered), at + _ANSWERED
            )

    # -- custody ------------------------------------------------------------------------------

    async def _released(self, connection: Connection, case_ref: UUID, at: datetime) -> None:
        """A release is a day's matter for the prison; that it was none may be said for longer."""
        prisons = [one for one in await self._holders(connection, case_ref) if _is_prison(one)]
        until = at + _REVERSIBLE
        await self._remember(connection, case_ref, prisons, "reverse", until)
        parties, marks = self._marks(prisons)
        await connection.execute(_SQL["may_hear"], case_ref, parties, marks, at + _FEEDBACK)
        await connection.execute(
            _SQL["let_go"], case_ref, [one["party"] for one in prisons], at + _PRISON_KEEPS
        )

    async def _reversed(self, connection: Connection, case_ref: UUID) -> None:
        rows = await connection.fetch(_SQL["marked"], case_ref, "reverse")
        await connection.execute(_SQL["not_released"], case_ref)
        await self.let_in(connection, case_ref, *(row["party"] for row in rows))

    async def _moved(
        self, connection: Connection, case_ref: UUID, moved: PersonTransferred
    ) -> None:
        """Who speaks for the new place by name may act; who speaks for others only, for a day."""
        there = await connection.fetch(_SQL["parties_at"], list(PRISON_ROLES), moved.to_facility)
        left = [
            one["party"]
            for one in await self._holders(connection, case_ref)
            if _is_prison(one) and one["facilities"] and moved.to_facility not in one["facilities"]
        ]
        until = moved.transferred_at + _PRISON_KEEPS
        await connection.execute(_SQL["let_go"], case_ref, left, until)
        await self._name(connection, case_ref, [row["party"] for row in there])
        await self.let_in(connection, case_ref, *(row["party"] for row in there))

    # -- permission that ended ----------------------------------------------------------------

    async def _recalled(
        self, connection: Connection, message: Message, recalled: PermissionRecalled
    ) -> None:
        """It learns nothing more of the person, and has to answer for what it holds."""
        case_ref, at = message.case_ref, message.recorded_at
        *_, hours = PROFILES[message.protocol_version].care.recall_hours
        await connection.execute(
            _SQL["owe"], case_ref, recalled.receiver, recalled.referral_id,
            recalled.recalled_at, recalled.recalled_at + timedelta(hours=hours),
        )  # fmt: skip
        await self._may_answer(connection, case_ref, [recalled.receiver], at)

    async def _answered(
        self, connection: Connection, message: Message, answered: WithdrawalAcknowledged
    ) -> None:
        case_ref, until = message.case_ref, message.recorded_at + _ANSWERED
        party = await connection.fetchval(_SQL["settle"], case_ref, answered.referral_id)
        done = [party] if party is not None else []
        if not await connection.fetch(_SQL["owing"], case_ref):
            profile = PROFILES[message.protocol_version]
            done += await self._answering(connection, profile.country)
        await connection.execute(_SQL["has_answered"], case_ref, done, until)

    async def _may_answer(
        self, connection: Connection, case_ref: UUID, parties: Sequence[str], at: datetime
    ) -> None:
        await connection.execute(_SQL["may_answer"], case_ref, list(parties), at, at + _ANSWERABLE)

    # -- the end, and after -------------------------------------------------------------------

    async def _closed(self, connection: Connection, message: Message, reason: CloseReason) -> None:
        case_ref, at = message.case_ref, message.recorded_at
        profile = PROFILES[message.protocol_version]
        owing = [row["party"] for row in await connection.fetch(_SQL["owing"], case_ref)]
        holders = [
            one
            for one in await self._holders(connection, case_ref, owing)
            if "monitor" not in one["roles"]
        ]
        answering: list[str] = []
        if owing and reason in _RECALLING:
            answering = await self._answering(connection, profile.country)
            await self._name(connection, case_ref, answering)
        await connection.execute(_SQL["end_case"], case_ref, at)
        await connection.execute(_SQL["end_names"], case_ref, at, [*owing, *answering])
        await connection.execute(_SQL["end_access"], case_ref, at)
        await self._may_answer(connection, case_ref, answering, at)
        until = at + timedelta(days=profile.life.reopen_days + 1)
        if reason not in profile.life.reopen_reasons:
            holders = []
        names = [one["party"] for one in holders]
        await connection.execute(_SQL["keep_marks"], case_ref, names, until)
        await self._remember(connection, case_ref, holders, "reopen", until)
        await connection.execute(_SQL["forget_names"], case_ref, at)

    async def _resumed(
        self, connection: Connection, message: Message, resumed: EpisodeResumed
    ) -> None:
        """Who asked has the case; the prison too, if it asked or the person's date is to come."""
        case_ref = message.case_ref
        await connection.execute(_SQL["resume_case"], case_ref)
        asked = await connection.fetchval(_SQL["who_asked"], message.correlation_id)
        back = [asked] if asked is not None else []
        if resumed.expected_release_on is not None:
            rows = await connection.fetch(_SQL["marked"], case_ref, "reopen")
            prison = await connection.fetch(_SQL["prisons_of"], [row["party"] for row in rows],
                                            list(PRISON_ROLES))  # fmt: skip
            back += [row["party"] for row in prison]
        await self.let_in(connection, case_ref, *back)
        await connection.execute(_SQL["forget_marks"], case_ref, "reopen")

    # -- names --------------------------------------------------------------------------------

    async def _holders(
        self, connection: Connection, case_ref: UUID, owing: Sequence[str] = ()
    ) -> Sequence[asyncpg.Record]:
        """Who sees the case now, and who owes an answer."""
        rows: Sequence[asyncpg.Record] = await connection.fetch(
            _SQL["holders"], case_ref, list(owing)
        )
        return rows

    async def _answering(self, connection: Connection, country: str) -> list[str]:
        rows = await connection.fetch(_SQL["parties_in"], list(ANSWERING_ROLES), country)
        return [row["party"] for row in rows]

    async def _remember(
        self,
        connection: Connection,
        case_ref: UUID,
        holders: Iterable[asyncpg.Record],
        opens: str,
        until: datetime,
    ) -> None:
        parties, marks = self._marks(holders)
        await connection.execute(_SQL["remember"], case_ref, parties, marks, opens, until)

    def _marks(self, holders: Iterable[asyncpg.Record]) -> tuple[list[str], list[bytes]]:
        marks = {
            one["party"]: mark_of(self._seal, one["party"], alias)
            for one in holders
            if (alias := unreadable.alias(self._seal, one["party"], one["alias"], "aliases"))
        }
        return list(marks), list(marks.values())

    async def _name(self, connection: Connection, case_ref: UUID, parties: Sequence[str]) -> None:
        for party in parties:
            hidden = None
            while hidden is None:
                code = aliases.hide(self._seal, party, new_code())
                hidden = await connection.fetchval(_SQL["alias_for"], case_ref, party, code)


def _is_prison(holder: asyncpg.Record) -> bool:
    return not set(PRISON_ROLES).isdisjoint(holder["roles"])
