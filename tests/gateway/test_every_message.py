"""Whatever the contracts let a party say comes in: facts by both doors, commands over HTTP."""

import json
from importlib.resources import files
from typing import Any

import httpx2
import pytest

from throughcare.contracts.commands import COMMANDS, OWNER
from throughcare.contracts.facts import FACTS
from throughcare.contracts.kinds import Data
from throughcare.contracts.release_commands import RunDeadlines
from throughcare.runtime.ids import new_id
from throughcare.tests.gateway.fake_agent import FakeAgent
from throughcare.tests.gateway.foreign import ForeignClient
from throughcare.tests.gateway.ground import Gateway, open_case

_EXAMPLES = files("throughcare.contracts").joinpath("examples")
_SAID = [model for model in (*FACTS, *COMMANDS) if model is not RunDeadlines]


def example(model: type[Data], alias: str) -> dict[str, Any]:
    """The first example of a type, about our case, from our places, and said once."""
    folder = _EXAMPLES.joinpath(model.type.removeprefix("org.throughcare."))
    first = min(folder.iterdir(), key=lambda one: one.name)
    said: dict[str, Any] = json.loads(first.read_text("utf-8"))
    for name in ("facility", "from_facility"):
        if name in said["data"]:
            said["data"][name] = "kg-ik-27"
    return {**said, "id": str(new_id()), "subject": alias}


@pytest.fixture(scope="module")
async def alias(gateway: Gateway, agent: FakeAgent) -> str:
    async with gateway.client("ik-27") as client:
        answer = await client.post("/v1/commands", json=open_case("EVERY"))
    assert answer.status_code == 201, answer.text
    return "EVERY"


@pytest.mark.parametrize("model", _SAID, ids=lambda model: model.name)
async def test_it_comes_in_over_http_and_reaches_who_decides_it(
    client: httpx2.AsyncClient, gateway: Gateway, agent: FakeAgent, alias: str, model: type[Data]
) -> None:
    door = "facts" if model.kind == "fact" else "commands"

    answer = await client.post(f"/v1/{door}", json=example(model, alias))

    assert answer.status_code == 201, answer.text
    message = agent.of(answer.headers["location"].rpartition("/")[2])
    assert type(message.data) is model
    service = await gateway.pool.fetchval(
        "SELECT service FROM gateway.commands WHERE id = $1", message.id
    )
    assert service == OWNER[model]


@pytest.mark.parametrize("model", FACTS, ids=lambda model: model.name)
async def test_a_fact_comes_in_by_kafka_too(
    gateway: Gateway, foreign: ForeignClient, alias: str, model: type[Data]
) -> None:
    said = example(model, alias)

    foreign.emit_fact(said)

    (outcome,) = await foreign.outcomes_for(said["id"])
    assert outcome["type"] == "org.throughcare.outcome.decided.v1"


async def test_the_document_of_the_doors_shows_each_of_them(gateway: Gateway) -> None:
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{gateway.port}") as client:
        document = (await client.get("/openapi.json")).text

    assert [model.type for model in _SAID if model.type not in document] == []
