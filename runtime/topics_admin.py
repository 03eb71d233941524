"""Topics are made before anybody joins: Faust skips a missing one in silence."""

import asyncio
from collections.abc import Iterable

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from throughcare.contracts.topics import TOPICS, Topic
from throughcare.runtime.broker import reach
from throughcare.runtime.errors import SetupError
from throughcare.runtime.settings import Kafka


async def open_admin(kafka: Kafka, patience_s: float = 20.0) -> AIOKafkaAdminClient:
    """An admin client; waits up to `patience_s` seconds for a broker that is just starting."""
    loop = asyncio.get_running_loop()
    give_up = loop.time() + patience_s
    sign_in = " or what it asks for (SASL and SSL settings)" if kafka.is_guarded else ""
    while True:
        admin = AIOKafkaAdminClient(**reach(kafka), request_timeout_ms=5_000)
        try:
            await admin.start()
            return admin
        except (KafkaError, OSError):
            await admin.close()
            if loop.time() > give_up:
                raise SetupError(
                    "Kafka does not answer at THROUGHCARE_KAFKA__BOOTSTRAP_SERVERS: "
                    f"start it, or correct the address{sign_in}."
                ) from None
            await asyncio.sleep(0.3)


async def cluster_id(admin: AIOKafkaAdminClient) -> str:
    """The cluster's own id: another one means that the log began anew."""
    return str((await admin.describe_cluster())["cluster_id"])


async def ensure_topics(
    admin: AIOKafkaAdminClient, kafka: Kafka, topics: Iterable[Topic] = TOPICS
) -> None:
    """Create what is missing and wait until it can be seen. Safe when several do it at once."""
    wanted = {topic.name: topic for topic in topics}
    loop = asyncio.get_running_loop()
    give_up = loop.time() + 30
    while missing := wanted.keys() - set(await admin.list_topics()):
        if loop.time() > give_up:
            raise SetupError(
                "Kafka does not make the topics: check the broker's log and its rights."
            )
        response = await admin.create_topics(
            [_new(wanted[name], kafka) for name in sorted(missing)]
        )
        for name, code, *_ in response.topic_errors:
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError and not error.retriable:
                raise SetupError(f"Kafka refused to make the topic {name} ({error.__name__}).")
        await asyncio.sleep(0.1)


def _new(topic: Topic, kafka: Kafka) -> NewTopic:
    return NewTopic(
        topic.name,
        num_partitions=topic.partitions,
        replication_factor=kafka.replication_factor,
        topic_configs={
            "retention.ms": str(topic.retention_ms),
            "cleanup.policy": "delete",
            "message.timestamp.type": "LogAppendTime",
            "min.insync.replicas": str(kafka.min_insync_replicas),
            # The broker unpacks what strangers send, so that no small record grows in our memory.
            **({"compression.type": "uncompressed"} if topic.carries == "facts" else {}),
        },
    )
