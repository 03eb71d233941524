"""A command over HTTP: taken, decided by its service, answered."""

import httpx2

from throughcare.tests.gateway.fake_agent import FakeAgent
from throughcare.tests.gateway.ground import open_case


async def test_a_command_is_answered_with_the_versions_of_both_halves(
    client: httpx2.AsyncClient, agent: FakeAgent
) -> None:
    said = open_case("T-1")

    answer = await client.post("/v1/commands", json=said)

    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert told["type"] == "org.throughcare.outcome.decided.v1"
    assert told["subject"] == "T-1"
    assert told["data"]["answered_id"] == said["id"]
    assert told["data"]["answered_source"] == said["source"]
    assert (told["data"]["intake_version"], told["data"]["release_version"]) == (1, 0)
    again = await client.get(answer.headers["location"])
    assert (again.status_code, again.json()) == (200, told)
