"""What comes back: outcomes are stored with their commands and told to their parties.

The gateway hears outcomes of both services and release's events; `Hearing.project` writes what a
list of them comes to, in the transaction that also moves the cursors.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg
import orjson

from throughcare.contracts.commands import OWNER
from throughcare.contracts.envelope import Message, encode
from throughcare.contracts.facts import PersonDied, ProgrammeEnrolled
from throughcare.contracts.intake_commands import OpenCase
from throughcare.contracts.kinds import MODELS, Outcome
from throughcare.contracts.life_commands import ReopenCase
from throughcare.contracts.life_facts import ReleaseReversed
from throughcare.contracts.outcomes import Decided, Held, Refused
from throughcare.contracts.release_commands import ReportDeath
from throughcare.gateway.answers import Answer, addressed, answer, sealed
from throughcare.gateway.holding import Holding
from throughcare.gateway.listing import Listing
from throughcare.gateway.metrics import OUTCOMES
from throughcare.gateway.taking import ToRelay
from throughcare.runtime import crash, queries, unreadable
from throughcare.runtime.pool import Connection
from throughcare.runtime.seal import Seal
from throughcare.runtime.sorting import Input

_SQL = queries.load("throughcare.gateway", "outcomes.sql")
_OPENING = (OpenCase.type, ProgrammeEnrolled.type)
_DEATHS = (PersonDied.type, ReportDeath.type)
#: They may come under a name that ran out: it has run out again with the answer, unless it opened.
_UNDER_PAST_NAMES = (ReopenCase.type, ReleaseReversed.type)


class _Known(NamedTuple):
    """An outcome and the command it answers."""

    message: Message
    row: asyncpg.Record
    answer: Answer


class Hearing:
    """Projects what the gateway hears; `relay` gets the commands that became ready by it."""

    def __init__(self, relay: Callable[[Iterable[ToRelay]], None], seal: Seal) -> None:
        self._relay = relay
        self._seal = seal
        self._holding = Holding(seal)
        self._listing = Listing()
        self._ready: list[ToRelay] = []

    def committed(self) -> None:
        crash.point("outcome.after_store")
        ready, self._ready = self._ready, []
        self._relay(ready)

    async def project(self, connection: Connection, inputs: Sequence[Input]) -> None:
        self._ready = []
        messages = [input.message for input in inputs]
        await self._store(connection, [m for m in messages if isinstance(m.data, Outcome)])
        for last, change in await self._listing.hear(connection, messages):
            await self._holding.part_ended(connection, last, change)
        for message in messages:
            await self._holding.hear(connection, message)
        crash.point("outcome.before_store")

    # -- outcomes -----------------------------------------------------------------------------

    async def _store(self, connection: Connection, messages: Sequence[Message]) -> None:
        if not messages:
            return
        ids = [m.causation_id for m in messages if m.causation_id is not None]
        rows = {row["id"]: row for row in await connection.fetch(_SQL["lock_commands"], ids)}
        known: dict[UUID, _Known] = {}
        for message in messages:
            row = rows.get(message.causation_id) if message.causation_id else None
            # What release told itself is no party's; what is held is not decided yet.
            if row is None or row["answered"] or isinstance(message.data, Held):
                continue
            assert isinstance(message.data, Outcome)
            said = addressed(message.data, row["source"], row["their_id"], row["type"])
            if row["type"] == ReleaseReversed.type and not row["sees"]:
                # How far a case has come is nothing for who has no part in it.
                said = said.model_copy(update={"intake_version": None, "release_version": None})
            known[row["id"]] = _Known(message, row, answer(said, message.recorded_at, message.id))
        await connection.execute(_SQL["see_versions"], *_versions(messages))
        if not known:
            return
        # What was told first is told first: the order of the journal.
        await store_answers(
            connection,
            self._seal,
            [(k.row["party"], k.row["id"], self._alias(k.row), k.answer) for k in known.values()],
        )
        await self._take_back_stops(connection, known.values())
        for command in known.values():
            if command.row["type"] in _OPENING:
                await self._opened(connection, command)
            elif command.row["type"] in _UNDER_PAST_NAMES:
                case_ref, party = command.message.case_ref, command.row["party"]
                reopened = command.row["type"] == ReopenCase.type
                if reopened and isinstance(command.message.data, Decided):
                    await self._holding.let_in(connection, case_ref, party)
                else:
                    await self._holding.drop_name(connection, case_ref, party)

    def _alias(self, row: asyncpg.Record) -> str | None:
        hidden: bytes | None = row["alias"]
        return unreadable.alias(self._seal, row["party"], hidden, "aliases")

    async def _take_back_stops(self, connection: Connection, answered: Iterable[_Known]) -> None:
        """A death that was not decided to be one stops nothing."""
        none = [
            (one.message.case_ref, one.row["id"])
            for one in answered
            if one.row["type"] in _DEATHS and not isinstance(one.message.data, Decided)
        ]
        if none:
            await connection.execute(_SQL["take_back_stops"], *map(list, zip(*none, strict=True)))

    async def _opened(self, connection: Connection, command: _Known) -> None:
        case_ref = command.message.case_ref
        match command.message.data:
            case Decided():
                at = command.message.recorded_at
                if await connection.fetchval(_SQL["open_case"], case_ref, at):
                    await self._apply_parked(connection, case_ref)
            case Refused():
                # There is no case: the name is free for another try.
                await connection.execute(_SQL["drop_unopened"], case_ref, command.row["id"])
            case _:
                pass

    async def _apply_parked(self, connection: Connection, case_ref: UUID) -> None:
        """Facts that came before the case was opened follow it, in the order in which they came.

        One that cannot be read stays behind, and its party hears `no-case` when its time is up.
        """
        await connection.execute(_SQL["lock_names"], case_ref)
        for row in await connection.fetch(_SQL["parked_of_case"], case_ref):
            try:
                model = MODELS[row["type"]]
                service = OWNER[model]
                data = model.read(orjson.loads(row["body"]))
            except (KeyError, ValueError) as error:
                unreadable.set_aside("parked", error)
                continue
            numbered = await connection.fetchrow(_SQL["number"], case_ref, service)
            assert numbered is not None
            message = Message(
                id=row["id"],
                source=f"/parties/{row['party']}",
                data=data,
                case_ref=case_ref,
                occurred_at=row["occurred_at"],
                recorded_at=row["received_at"],
                correlation_id=row["id"],
                protocol_version=numbered["protocol_version"],
                party=row["party"],
                roles=tuple(row["roles"]),
                number=numbered["number"],
                seen_intake=numbered["seen_intake"],
                seen_release=numbered["seen_release"],
            )
            raw = encode(message)
            await connection.execute(
                _SQL["unpark"], row["id"], case_ref, numbered["number"], raw, service
            )
            self._ready.append(ToRelay(service, case_ref, raw))


async def store_answers(
    connection: Connection, seal: Seal, answers: Sequence[tuple[str, UUID, str | None, Answer]]
) -> None:
    """Write answers to their commands (party, id, alias, answer), and put them on their way."""
    await connection.execute(
        _SQL["store"],
        [id for _, id, _, _ in answers],
        [said.kind for _, _, _, said in answers],
        [said.data for _, _, _, said in answers],
        [said.outcome_id for _, _, _, said in answers],
        [said.answered_at for _, _, _, said in answers],
        [party for party, _, _, _ in answers],
        [sealed(seal, party, said, alias) for party, _, alias, said in answers],
    )
    for _, _, _, said in answers:
        OUTCOMES.labels(said.kind).inc()


async def tell(
    connection: Connection, seal: Seal, answers: Sequence[tuple[str, str | None, Answer]]
) -> None:
    """Put answers (party, alias, answer) on their way to their parties' topics, in this order."""
    await connection.execute(
        _SQL["tell"],
        [party for party, _, _ in answers],
        [sealed(seal, party, said, alias) for party, alias, said in answers],
    )


def _versions(messages: Sequence[Message]) -> tuple[list[UUID], list[int], list[int]]:
    """The highest versions of both halves that these outcomes name, a case."""
    seen: dict[UUID, tuple[int, int]] = {}
    for message in messages:
        intake, release = seen.get(message.case_ref, (0, 0))
        data = message.data
        seen[message.case_ref] = (
            max(intake, getattr(data, "intake_version", None) or 0),
            max(release, getattr(data, "release_version", None) or 0),
        )
    return (
        list(seen),
        [intake for intake, _ in seen.values()],
        [release for _, release in seen.values()],
    )
