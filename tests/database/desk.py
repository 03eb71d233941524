"""A party at the door with cases that it may open, for tests that leave traces of their own."""

# ruff: noqa: S608 - statements are put together from what stands in these tests

import asyncio
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from throughcare.tests.database import world as w
from throughcare.tests.support.parts import Database

_NUMBERS = count(1)


class Desk:
    """A party with two keys and cases that it may open, and connections of the door."""

    def __init__(self, database: Database, role: str = "oat-site") -> None:
        self.database = database
        self.party = f"desk-{next(_NUMBERS)}"
        self.keys = (f"tc_{self.party}", f"tc_{self.party}_2")
        self._role = role

    async def open(self) -> None:
        self.owner = await w.sign_in(self.database.url())
        url = self.database.url("throughcare_door")
        self.door, self.second = await w.sign_in(url), await w.sign_in(url)
        await w.add_party(self.owner, self.party, self._role, *self.keys)
        # Enters as well as it opens.
        await self.owner.execute(
            "UPDATE gateway.parties SET roles = roles || '{ngo}' WHERE party = $1", self.party
        )

    async def close(self) -> None:
        for connection in (self.owner, self.door, self.second):
            await connection.close()

    async def case(self, *, by_code: bool = False) -> UUID:
        case_ref = uuid4()
        await w.make_case(self.owner, case_ref, [w.KEEPER, self.party])
        await w.permit(self.owner, case_ref, [self.party])
        await w.accept(self.owner, case_ref, [self.party])
        await self.owner.execute(
            "INSERT INTO intake.agreements VALUES ($1, $2, false)", case_ref, by_code
        )
        return case_ref

    async def cases(self, number: int) -> list[UUID]:
        return [await self.case() for _ in range(number)]

    async def call(
        self, statement: str, *values: Any, key: int = 0, by: asyncpg.Connection | None = None
    ) -> list[tuple[Any, ...]]:
        """In a transaction of its own."""
        door = by or self.door
        async with door.transaction():
            await door.execute("SELECT access.enter($1)", self.keys[key])
            return [tuple(row) for row in await door.fetch(statement, *values)]

    async def disclose(self, case_ref: UUID, *, key: int = 0, function: str = "disclose",
                       by: asyncpg.Connection | None = None) -> str:  # fmt: skip
        """The refusal, or the classes that came out."""
        why = "handover" if function == "disclose" else "unconscious"
        rows = await self.call(
            f"SELECT refusal, data_class FROM vault.{function}($1, $2, '{{P1}}', $3, 'n1')",
            uuid4(), case_ref, why, key=key, by=by,
        )  # fmt: skip
        return ",".join(refusal or name for refusal, name in rows)

    async def said(self, case_ref: UUID) -> list[str]:
        rows = await self.owner.fetch(
            "SELECT kind FROM timeline.entries WHERE case_ref = $1 ORDER BY entry", case_ref
        )
        return [row["kind"] for row in rows][1:]


async def waits(work: "asyncio.Task[Any]") -> bool:
    """Whether it stands still until somebody else is done."""
    done, _ = await asyncio.wait([work], timeout=0.15)
    return not done
