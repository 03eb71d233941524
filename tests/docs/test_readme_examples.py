"""The examples of the README are messages that the doors take; that they do is tried in tests/deploy."""

import json
import re

import pytest

from throughcare.contracts.kinds import MODELS
from throughcare.gateway.cloudevents import read_structured
from throughcare.tests.docs.pages import blocks
from throughcare.tests.docs.readme import kafka_example, posted_fact


def test_the_curl_example_sends_a_fact_that_a_door_can_read() -> None:
    said = read_structured(posted_fact().encode())

    assert said.data.type == "org.throughcare.fact.programme-enrolled.v1"
    assert said.alias == "31-004512"


def test_the_kafka_example_sends_a_fact_about_the_same_case() -> None:
    namespace: dict[str, object] = {}
    source, _, _ = kafka_example().partition("producer = ")
    exec(compile(source, "README.md", "exec"), namespace)  # noqa: S102 - it is ours

    said = read_structured(json.dumps(namespace["fact"]).encode())

    assert said.data.type == "org.throughcare.fact.release-scheduled.v1"
    assert said.alias == read_structured(posted_fact().encode()).alias


@pytest.mark.parametrize("text", blocks("README.md", "json"))
def test_a_json_example_is_a_message_of_ours(text: str) -> None:
    message = json.loads(text)

    MODELS[message["type"]].model_validate_json(json.dumps(message["data"]))
    assert message["specversion"] == "1.0"


def test_the_outcome_shown_answers_the_fact_that_was_sent() -> None:
    fact = json.loads(posted_fact())
    outcome = json.loads(blocks("README.md", "json")[0])

    assert outcome["data"]["answered_id"] == fact["id"]
    assert outcome["data"]["answered_source"] == fact["source"]
    assert outcome["subject"] == fact["subject"]


def test_every_example_names_the_same_party() -> None:
    named = set(
        re.findall(r"(?:facts|outcomes)\.v1\.([\w-]+)", "".join(blocks("README.md", "python")))
    )

    assert named == {"prison-service"}
    assert any("party add prison-service " in block for block in blocks("README.md", "sh"))
