"""The gate's ground, with the person in front of some desk."""

import secrets
from typing import Any

import httpx2

from throughcare.runtime.ids import new_id
from throughcare.tests.gateway.test_gate import Case, Ground

WITHDRAW = "org.throughcare.command.withdraw-consent.v1"


class Desks(Ground):
    """The gate's ground, with the person in front of some desk."""

    async def code(self, case: Case, old: str | None = None) -> str:
        body = None if old is None else {"old_code": old}
        answer = await self.prison.post(f"/v1/cases/{case.prison}/person-code", json=body)
        assert answer.status_code == 201, answer.text
        code: str = answer.json()["code"]
        return code

    async def at(self, party: str, path: str, body: Any, **headers: str) -> httpx2.Response:
        async with self.gateway.client(party) as desk:
            return await desk.post(path, json=body, headers=headers)

    async def sheet(self, code: str, party: str = "ik-31", **headers: str) -> httpx2.Response:
        return await self.at(party, "/v1/person/sheet", {"code": code}, **headers)

    async def says(
        self, code: str, party: str = "ik-31", id: str = "", kind: str = WITHDRAW, **data: Any
    ) -> httpx2.Response:
        data = data or {"received_how": "in-person"}
        body = {"code": code, "type": kind, "id": id or str(new_id()), "data": data}
        return await self.at(party, "/v1/person/commands", body)

    async def named(self, party: str, case: Case) -> str:
        """A name and a right for a party."""
        return await self.gateway.name(case.ref, party)

    async def is_stopped(self, case: Case) -> bool:
        found: bool = await self.gateway.pool.fetchval("SELECT intake.is_stopped($1)", case.ref)
        return found

    async def another_key(self, party: str) -> httpx2.AsyncClient:
        """Another person of a party, with a key of their own."""
        key = secrets.token_urlsafe()
        await self.gateway.pool.execute(
            "INSERT INTO gateway.api_keys (key_sha256, party)"
            " VALUES (sha256(convert_to($1, 'UTF8')), $2)", key, party,
        )  # fmt: skip
        client = self.gateway.client(party)
        client.headers["Authorization"] = f"Bearer {key}"
        return client


def no(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]
