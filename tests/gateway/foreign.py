"""A party's own system with a Kafka client that is not ours."""

import asyncio
import json
from typing import Any

import confluent_kafka

from throughcare.contracts.topics import facts_of, outcomes_of


class ForeignClient:
    """librdkafka, not ours: writes facts, and reads the outcomes from their beginning."""

    def __init__(self, servers: str, party: str) -> None:
        self.party = party
        self._producer = confluent_kafka.Producer({"bootstrap.servers": servers})
        self._consumer = confluent_kafka.Consumer(
            {
                "bootstrap.servers": servers,
                "group.id": f"{party}-reader",
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
            }
        )
        self._consumer.assign([confluent_kafka.TopicPartition(outcomes_of(party).name, 0, 0)])
        self.outcomes: list[dict[str, Any]] = []

    def emit(self, value: bytes | None, headers: list[tuple[str, bytes]] | None = None) -> int:
        """Write one record; its offset."""
        placed: list[int] = []
        self._producer.produce(
            facts_of(self.party).name,
            value=value,
            headers=dict(headers or []),
            on_delivery=lambda error, message: placed.append(message.offset() or 0),
        )
        assert self._producer.flush(10) == 0
        return placed[0]

    def emit_fact(self, fact: dict[str, Any]) -> None:
        self.emit(json.dumps(fact).encode(), [("content-type", b"application/cloudevents+json")])

    async def outcomes_for(self, id: str, count: int = 1) -> list[dict[str, Any]]:
        """Every outcome that answers this id, once there are `count`."""
        for _ in range(150):
            await asyncio.to_thread(self._read)
            found = [o for o in self.outcomes if o["data"]["answered_id"] == id]
            if len(found) >= count:
                return found
        raise AssertionError(f"no outcome for it among {len(self.outcomes)}")

    def _read(self) -> None:
        for message in self._consumer.consume(100, 0.1):
            assert message.error() is None
            self.outcomes.append(json.loads(message.value() or b""))

    def close(self) -> None:
        self._consumer.close()
