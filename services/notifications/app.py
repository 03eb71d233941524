"""The process of notifications: hears both halves, sends what is due, says what became of it."""

from functools import partial

from throughcare.contracts.topics import NOTIFICATIONS_EVENTS
from throughcare.runtime import process
from throughcare.runtime.process import Process
from throughcare.runtime.projector import Projector
from throughcare.services.notifications.agents import project
from throughcare.services.notifications.recalls import RecallLoop
from throughcare.services.notifications.sender import Sender

#: Seconds between looks; a new delivery is heard of at once.
_LOOK_S = 1.0


async def build(running: Process) -> None:
    """Put the service together."""
    journal = running.journal(NOTIFICATIONS_EVENTS, "events")
    sender = Sender(running.pool, journal, running.seal, running.settings, lambda: running.owned)
    running.every("send", _LOOK_S, sender.step, "throughcare_deliveries")
    running.every("recalls", _LOOK_S, RecallLoop(running).run, "throughcare_recalls")
    running.on_stop(sender.close)
    await running.consume(Projector("notifications", partial(project, running.seal)), pace_s=0.05)


def main() -> None:
    process.main("notifications", build)


if __name__ == "__main__":
    main()
