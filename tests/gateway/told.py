"""One case in a transaction that is taken back: what is known of it, and who reads it."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson

from throughcare.contracts.intake_commands import OpenCase
from throughcare.contracts.kinds import Data
from throughcare.tests.support.story import Step, tell


def step(model: type[Data], cause: UUID | None = None, **data: Any) -> Step:
    return Step(model.type, cause, data)


class Told:
    """Signed in as the owner; readers come through the door, each with a key."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection
        self.case_ref = uuid4()

    async def tell(self, steps: Iterable[Step]) -> None:
        await tell(self.connection, self.case_ref, steps)

    async def read(
        self,
        party: str,
        roles: Sequence[str],
        sent: Collection[UUID] = (),
        model: type[Data] = OpenCase,
    ) -> list[dict[str, Any]]:
        """The rows as a party in these roles gets them that sent these messages, of one type."""
        if not await self.connection.fetchval(
            "SELECT true FROM gateway.parties WHERE party = $1", party
        ):
            await self._admit(party, roles)
        await self.connection.executemany(
            "INSERT INTO gateway.commands (id, party, source, their_id, type, body_mark,"
            " received_at, case_ref) VALUES ($1, $2, '/t', $3, $4, '', now(), $5)"
            " ON CONFLICT DO NOTHING",
            [(id, party, str(id), model.type, self.case_ref) for id in sent],
        )
        await self.connection.execute("SET SESSION AUTHORIZATION throughcare_door")
        await self.connection.execute("SELECT access.enter($1)", f"tc_{party}")
        rows = await self.connection.fetch(
            "SELECT * FROM timeline.shown($1, $2)", self.case_ref, party
        )
        await self.connection.execute("RESET SESSION AUTHORIZATION")
        return [{**row, "data": row["data"] and orjson.loads(row["data"])} for row in rows]

    async def _admit(self, party: str, roles: Sequence[str]) -> None:
        await self.connection.execute(
            "INSERT INTO gateway.parties (party, roles) VALUES ($1, $2)", party, roles
        )
        await self.connection.execute(
            "INSERT INTO gateway.api_keys (key_sha256, party)"
            " VALUES (sha256(convert_to('tc_' || $1, 'UTF8')), $1)", party,
        )  # fmt: skip
        await self.connection.execute(
            "INSERT INTO gateway.case_access (case_ref, party) VALUES ($1, $2)",
            self.case_ref, party,
        )  # fmt: skip
