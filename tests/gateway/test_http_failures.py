"""When something behind the door fails, the caller gets a problem it can act on, and no detail."""

from types import SimpleNamespace
from typing import Any

import asyncpg
import httpx2
import pytest

from throughcare.gateway.http.application import application
from throughcare.gateway.http.doors import Doors, Turns
from throughcare.gateway.waiting import Waiting
from throughcare.runtime.settings import Settings


class BrokenPool:
    def __init__(self, error: Exception) -> None:
        self._error = error

    async def fetchrow(self, *_: Any) -> Any:
        raise self._error


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (asyncpg.CannotConnectNowError("secret"), 503, "unavailable"),
        (ConnectionRefusedError("secret"), 503, "unavailable"),
        (TimeoutError("secret"), 503, "unavailable"),
        (ZeroDivisionError("secret"), 500, "internal"),
    ],
)
async def test_a_failure_behind_the_door_is_a_problem_without_detail(
    error: Exception, status: int, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pool: Any = BrokenPool(error)
    relay: Any = None
    process: Any = SimpleNamespace(settings=Settings())
    app: Any = application(process, Doors(pool, relay, Waiting(pool), Turns()))
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://door") as client:
        answer = await client.get("/v1/outcomes/x", headers={"authorization": "Bearer tc_x"})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"]
    assert "secret" not in answer.text
    assert "secret" not in capsys.readouterr().err
