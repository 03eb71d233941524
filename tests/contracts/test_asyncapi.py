"""The AsyncAPI document names every topic, every type on it, and who writes and reads it."""

from typing import Any

import pytest
import yaml

from throughcare.contracts import generate, topics
from throughcare.contracts.commands import COMMANDS, OWNER
from throughcare.contracts.facts import FACTS


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    text = (generate.HERE / "asyncapi.yaml").read_text("utf-8")
    made: dict[str, Any] = yaml.safe_load(text)
    return made


def test_it_has_the_parts_an_asyncapi_document_needs(document: dict[str, Any]) -> None:
    assert document["asyncapi"] == "3.1.0"
    assert {"title", "version"} <= set(document["info"])
    assert {"channels", "operations", "components"} <= set(document)


def test_every_topic_is_a_channel_with_its_partitions_and_retention(
    document: dict[str, Any],
) -> None:
    said = {
        channel["address"]: (
            channel["bindings"]["kafka"]["partitions"],
            channel["bindings"]["kafka"]["topicConfiguration"]["retention.ms"],
        )
        for channel in document["channels"].values()
    }

    everything = (*topics.TOPICS, topics.facts_of("{party}"), topics.outcomes_of("{party}"))
    assert said == {topic.name: (topic.partitions, topic.retention_ms) for topic in everything}


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in _references(document):
        if reference.startswith("#/"):
            node: Any = document
            for step in reference.removeprefix("#/").split("/"):
                node = node[step]
        else:
            assert (generate.HERE / reference).is_file()


def test_every_type_of_ours_travels_on_some_topic(document: dict[str, Any]) -> None:
    named = {message["name"] for message in document["components"]["messages"].values()}

    assert named == {model.type for model in generate.ALL}


def test_every_writer_and_reader_of_a_topic_is_an_operation(document: dict[str, Any]) -> None:
    operations = document["operations"]

    for topic in topics.TOPICS:
        channel = topic.name.removeprefix("throughcare.")
        for who in topic.writers:
            assert operations[f"{who}.send.{channel}"]["action"] == "send"
        for who in topic.readers:
            assert operations[f"{who}.receive.{channel}"]["action"] == "receive"


def test_every_fact_and_command_has_one_half_that_decides_it() -> None:
    assert set(OWNER) == {*FACTS, *COMMANDS}


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if "$ref" in node else []
        return own + [found for child in node.values() for found in _references(child)]
    if isinstance(node, list):
        return [found for child in node for found in _references(child)]
    return []
