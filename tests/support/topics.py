"""Empty topics for a test that shares the run's broker."""

import asyncio

from throughcare.runtime.settings import Kafka
from throughcare.runtime.topics_admin import ensure_topics, open_admin


async def empty_topics(bootstrap_servers: str) -> None:
    """Delete whatever earlier tests wrote and make our topics anew."""
    kafka = Kafka(bootstrap_servers=bootstrap_servers)
    admin = await open_admin(kafka)
    try:
        while ours := [t for t in await admin.list_topics() if t.startswith("throughcare.")]:
            await admin.delete_topics(ours)
            await asyncio.sleep(0.1)
        await ensure_topics(admin, kafka)
    finally:
        await admin.close()
