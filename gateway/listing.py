"""Work lists, kept: `gateway.work` follows release's events and can be made anew from them.

What is known for them also says whose part in a case ended (`gateway.parts`).
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from throughcare.contracts.envelope import Message, decode
from throughcare.contracts.release_events import RELEASE_EVENTS
from throughcare.gateway.known import Known, dump, hear, load
from throughcare.gateway.parts import Change, change
from throughcare.gateway.work import Item, items
from throughcare.protocol.profiles import PROFILES
from throughcare.runtime import queries
from throughcare.runtime.pool import Connection, Pool

_SQL = queries.load("throughcare.gateway", "work.sql")


class Listing:
    """Keeps open work in step with what release says, in the transaction of the cursors."""

    async def hear(
        self, connection: Connection, messages: Iterable[Message]
    ) -> Sequence[tuple[Message, Change]]:
        """One look, one delete and one insert for a list, however many cases it is about.

        Whose part ended by it, each case with the last message that was heard of it.
        """
        said = [message for message in messages if isinstance(message.data, RELEASE_EVENTS)]
        if not said:
            return ()
        versions = {message.case_ref: message.protocol_version for message in said}
        before, folded = await _remembered(connection, list(versions), said)
        after = dict(before)
        steps = {ref: [Known()] if ref in folded else [] for ref in before}
        last: dict[UUID, Message] = {}
        for message in said:
            ref = message.case_ref
            if (known := after.get(ref)) is not None:
                steps[ref] += () if steps[ref] and steps[ref][-1] is known else (known,)
                after[ref] = hear(known, message)
                last[ref] = message
        changed = [ref for ref in after if ref in folded or after[ref] is not before[ref]]
        if not changed:
            return ()
        listed = [
            (ref, now)
            for ref in changed
            if (now := items(after[ref], versions[ref])) != items(before[ref], versions[ref])
            or ref in folded
        ]
        await connection.execute(
            _SQL["remember"],
            changed,
            [dump(after[ref]) for ref in changed],
            [ref for ref, _ in listed],
        )
        await _put(connection, listed)
        return [
            (last[ref], change((*steps[ref], after[ref]), PROFILES[versions[ref]]))
            for ref in changed
        ]


async def refold_missing(pool: Pool) -> None:
    """Make anew what is not there: cases of before there were lists, or that somebody wiped.

    Wiping `gateway.work_known` wipes the lists, and this brings them back.
    """
    more = True
    while more:
        rows = await pool.fetch(_SQL["missing"])
        more = len(rows) == 200
        for row in rows:
            async with pool.acquire() as connection, connection.transaction():
                case_ref = row["case_ref"]
                known = await _fold(connection, case_ref)
                # Whoever hears an event of it meanwhile folds it too, and is right.
                if await connection.fetchval(_SQL["claim"], case_ref, dump(known)):
                    await _put(connection, [(case_ref, items(known, row["protocol_version"]))])


async def _remembered(
    connection: Connection, case_refs: Sequence[UUID], said: Iterable[Message]
) -> tuple[dict[UUID, Known], set[UUID]]:
    """What is known of these cases, and of which it was folded anew and stands nowhere yet.

    Not of one that was forgotten: nobody has a name for it.
    """
    first: dict[UUID, int] = {}
    for message in said:
        first.setdefault(message.case_ref, message.sequence or 0)
    known, folded = {}, set()
    for row in await connection.fetch(_SQL["remembered"], case_refs):
        case_ref = row["case_ref"]
        if row["known"] is not None:
            known[case_ref] = load(row["known"])
        elif first[case_ref] <= 1:
            known[case_ref] = Known()
        elif row["named"]:
            known[case_ref] = await _fold(connection, case_ref)
            folded.add(case_ref)
    return known, folded


async def _fold(connection: Connection, case_ref: UUID) -> Known:
    known = Known()
    for row in await connection.fetch(_SQL["said_of"], case_ref):
        known = hear(known, decode(row["envelope"]))
    return known


async def _put(connection: Connection, listed: Sequence[tuple[UUID, Sequence[Item]]]) -> None:
    rows = [(ref, *item) for ref, made in listed for item in made]
    if rows:
        await connection.execute(_SQL["put"], *map(list, zip(*rows, strict=True)))
