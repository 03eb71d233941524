"""Tells release which recipients heard that permission ended: by its command topic, as deadlines travel.

The id of the command is derived from the notice that arrived, so it is decided once however often
it is said; it is said again until release's own event comes back, whatever became of the broker.
"""

from throughcare.contracts.care_commands import ConfirmRecipientTold
from throughcare.contracts.envelope import Message, encode
from throughcare.contracts.topics import RELEASE_COMMANDS, partition_of
from throughcare.runtime.ids import derived_id
from throughcare.runtime.process import Process
from throughcare.services.notifications import store
from throughcare.services.notifications.store import Recall


class RecallLoop:
    """Looks for recipients of our partitions whom the notice reached."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def run(self) -> None:
        owned = self._process.owned
        if not owned:
            return
        by_partition: dict[int, list[tuple[bytes, bytes]]] = {}
        for recall in await store.due_recalls(self._process.pool, owned):
            pair = (str(recall.case_ref).encode(), encode(command(recall)))
            by_partition.setdefault(partition_of(recall.case_ref), []).append(pair)
        for partition, pairs in by_partition.items():
            await self._process.producer.send(RELEASE_COMMANDS.name, partition, pairs)


def command(recall: Recall) -> Message:
    return Message(
        id=derived_id(recall.notice_id, recall.referral_id, "told"),
        source="/services/notifications/recalls",
        data=ConfirmRecipientTold(referral_id=recall.referral_id),
        case_ref=recall.case_ref,
        occurred_at=recall.told_at,
        recorded_at=recall.told_at,
        correlation_id=recall.correlation_id,
        protocol_version="",
        party="throughcare",
        roles=("system",),
    )
