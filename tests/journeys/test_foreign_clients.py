"""Clients that are not ours: they know CloudEvents, their key, and nothing else of Throughcare."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from cloudevents.core.bindings.http import to_binary_event
from cloudevents.core.v1.event import CloudEvent

from throughcare.contracts.facts import ReleaseScheduled
from throughcare.tests.gateway.foreign import ForeignClient
from throughcare.tests.journeys.person import Person
from throughcare.tests.journeys.places import NEIGHBOUR, PRISON
from throughcare.tests.journeys.world import World, day, said

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]


@pytest.fixture
def foreign(world: World) -> Iterator[ForeignClient]:
    made = ForeignClient(world.kafka, PRISON)
    yield made
    made.close()


def _scheduled(world: World, person: Person) -> dict[str, Any]:
    return said(
        ReleaseScheduled(expected_release_on=day(world.now, 60)), person.reference, world.now
    )


async def _is_on_the_timeline(person: Person) -> bool:
    [entry] = [
        entry
        for entry in await person.desk(PRISON).timeline(person.reference)
        if entry["type"] == "org.throughcare.event.release-scheduled.v1"
    ]
    return bool(entry["data"]["expected_release_on"] == str(day(person.world.now, 60)))


async def test_a_kafka_client_in_another_language_schedules_a_release_and_reads_what_came_of_it(
    world: World, foreign: ForeignClient
) -> None:
    person = await Person(world, "KG27-0101").enrolled()
    fact = _scheduled(world, person)

    foreign.emit_fact(fact)

    [outcome] = await foreign.outcomes_for(fact["id"])
    assert outcome["type"] == "org.throughcare.outcome.decided.v1"
    assert (outcome["subject"], outcome["data"]["answered_source"]) == (
        person.reference,
        fact["source"],
    )
    await world.settle()
    assert await _is_on_the_timeline(person)
    # Its own outcomes, and of nobody else.
    assert {"j", "0"} >= {o["data"]["answered_id"].split("-")[0] for o in foreign.outcomes}
    neighbour = ForeignClient(world.kafka, NEIGHBOUR)
    neighbour._read()
    neighbour.close()
    assert fact["id"] not in {o["data"]["answered_id"] for o in neighbour.outcomes}


async def test_a_cloudevents_http_client_in_binary_mode_sends_no_header_of_ours(
    world: World,
) -> None:
    person = await Person(world, "KG27-0102").enrolled()
    fact = _scheduled(world, person)
    message = to_binary_event(
        CloudEvent(
            {**{k: v for k, v in fact.items() if k not in ("data", "time")}, "time": world.now},
            fact["data"],
        )
    )

    async with httpx2.AsyncClient(base_url=world.http, timeout=30) as client:
        answer = await client.post(
            "/v1/facts",
            content=message.body,
            headers={**message.headers, "Authorization": f"Bearer {world.keys[PRISON]}"},
        )

        assert answer.status_code == 201, answer.text
        outcome = await client.get(
            answer.headers["Location"], headers={"Authorization": f"Bearer {world.keys[PRISON]}"}
        )
    assert outcome.json()["type"] == "org.throughcare.outcome.decided.v1"
    assert outcome.json()["data"]["answered_id"] == fact["id"]
    await world.settle()
    assert await _is_on_the_timeline(person)


async def test_a_structured_event_of_any_http_client_may_come_twice(
    world: World, foreign: ForeignClient
) -> None:
    person = await Person(world, "KG27-0103").enrolled()
    fact = _scheduled(world, person)

    async with httpx2.AsyncClient(base_url=world.http, timeout=30) as client:
        answers = [
            await client.post(
                "/v1/facts",
                content=json.dumps(fact),
                headers={
                    "Content-Type": "application/cloudevents+json",
                    "Authorization": f"Bearer {world.keys[PRISON]}",
                },
            )
            for _ in range(2)
        ]
    foreign.emit_fact(fact)  # and once more by the other door
    outcomes = await foreign.outcomes_for(fact["id"], count=2)

    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json() == answers[1].json() == outcomes[0] == outcomes[1]
    await world.settle()
    assert await _is_on_the_timeline(person)
