"""From a command over HTTP to the outcome in its response, through the real gateway and halves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import httpx2

from throughcare.cli.bench import load
from throughcare.cli.bench.latency import EVERY_S, Latency, latency
from throughcare.cli.bench.stage import Stage
from throughcare.cli.embedded.places import free_port
from throughcare.cli.keys import ensure_api_keys
from throughcare.cli.services import role_of
from throughcare.contracts.envelope import SPECVERSION, Message, rfc3339
from throughcare.runtime.errors import SetupError

_SERVICES = ("gateway", "intake", "release")


@asynccontextmanager
async def gateway(stage: Stage) -> AsyncIterator[httpx2.AsyncClient]:
    """The gateway and both halves, for as long as it takes; a client signed in as a psychologist."""
    keys = await ensure_api_keys(stage.postgres.url(), stage.postgres.secrets)
    port = str(free_port())
    more = {
        "THROUGHCARE_HTTP__PORT": port,
        "THROUGHCARE_DATABASE__DOOR_URL": stage.postgres.url(role=role_of("door")),
    }
    processes = [
        stage.start("throughcare.cli.main", "run", name, schema=name, **more) for name in _SERVICES
    ]
    try:
        async with httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{port}",
            headers={"authorization": f"Bearer {keys['prison-psych']}"},
            timeout=10,
        ) as client:
            await _ready(client)
            yield client
    finally:
        await stage.stop(processes)


async def through_http(client: httpx2.AsyncClient, messages: int, seed: int) -> Latency:
    """The commands of intake's half at 50/s, each answered with its outcome."""
    return latency(await _post(client, load.make("intake", messages, seed)))


async def _ready(client: httpx2.AsyncClient) -> None:
    give_up = asyncio.get_running_loop().time() + 40
    while asyncio.get_running_loop().time() < give_up:
        try:
            if (await client.get("/readyz")).status_code == 200:
                return
        except httpx2.TransportError:
            pass
        await asyncio.sleep(0.1)
    raise SetupError("The gateway of the bench did not get ready.")


async def _post(client: httpx2.AsyncClient, commands: list[Message]) -> list[float]:
    """Seconds from when each was due to be sent to its answer, in that order.

    A party says the next thing about a case when the last one is answered; what it waits counts.
    """
    clock = asyncio.get_running_loop().time
    last: dict[UUID, asyncio.Task[float]] = {}

    async def post(command: Message, before: asyncio.Task[float] | None) -> float:
        begun = clock()
        if before is not None:
            await before
        answer = await client.post("/v1/commands", json=_said(command))
        took = clock() - begun
        if answer.status_code != 201:
            raise SetupError(f"The gateway of the bench answered {answer.status_code}.")
        return took

    posts = []
    begun = clock()
    for n, command in enumerate(commands):
        made = asyncio.create_task(post(command, last.get(command.case_ref)))
        last[command.case_ref] = made
        posts.append(made)
        await asyncio.sleep(max(0.0, begun + (n + 1) * EVERY_S - clock()))
    return await asyncio.gather(*posts)


def _said(command: Message) -> dict[str, object]:
    """A command as a party says it: a name of its own for the case, no case_ref."""
    return {
        "specversion": SPECVERSION,
        "id": str(command.id),
        "source": command.source,
        "type": command.data.type,
        "subject": f"bench-{command.case_ref.hex[:12]}",
        "time": rfc3339(command.occurred_at),
        "datacontenttype": "application/json",
        "data": command.data.model_dump(mode="json", exclude_none=True),
    }
