"""When something behind the door fails, the caller gets a problem it can act on, and no detail."""

import asyncio
from types import SimpleNamespace
from typing import Any

import asyncpg
import httpx2
import pytest

from throughcare.gateway.entrance import Entrance
from throughcare.gateway.http.application import application
from throughcare.gateway.http.doors import Doors, Turns
from throughcare.gateway.waiting import Waiting
from throughcare.runtime.seal import Seal
from throughcare.runtime.settings import Settings

_KEY = {"authorization": "Bearer tc_x"}


class BrokenPool:
    def __init__(self, error: Exception) -> None:
        self._error = error

    async def fetchrow(self, *_: Any) -> Any:
        raise self._error


class SilentPool:
    """Never answers."""

    async def fetchrow(self, *_: Any) -> Any:
        await asyncio.Event().wait()


def door(pool: Any) -> httpx2.AsyncClient:
    relay: Any = None
    gate: Any = None
    process: Any = SimpleNamespace(settings=Settings())
    app: Any = application(
        process, Doors(pool, Entrance(pool, Seal(bytes(32))), gate, relay, Waiting(pool), Turns())
    )
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app), base_url="http://door", headers=_KEY
    )


async def test_a_request_that_the_end_of_the_process_cuts_off_may_be_made_again() -> None:
    async with door(SilentPool()) as client:
        asking = asyncio.create_task(client.get("/v1/outcomes/x"))
        await asyncio.sleep(0.05)
        asking.cancel()  # as uvicorn does with what is left when it stops
        answer = await asking

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["retry-after"]


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
    async with door(BrokenPool(error)) as client:
        answer = await client.get("/v1/outcomes/x")

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"]
    assert "secret" not in answer.text
    assert "secret" not in capsys.readouterr().err
