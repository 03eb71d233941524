"""Release's agent: facts and commands of the episode, what intake says, and its own deadlines."""

from throughcare.contracts.topics import RELEASE_COMMANDS, RELEASE_EVENTS, RELEASE_OUTCOMES
from throughcare.protocol.answer import Seat
from throughcare.protocol.release import HALF
from throughcare.runtime.decider import LANES, Decider
from throughcare.runtime.process import Process
from throughcare.services.release.deadlines import DeadlineLoop
from throughcare.services.release.store import SEAM_EVENTS, keep_seam


async def start(process: Process) -> None:
    events = process.journal(RELEASE_EVENTS, "events")
    outcomes = process.journal(RELEASE_OUTCOMES, "outcomes")
    deciders = [
        Decider(
            Seat(HALF),
            events=events,
            outcomes=outcomes,
            commands_topic=RELEASE_COMMANDS.name,
            project=keep_seam,
            projected=SEAM_EVENTS,
        )
        for _ in range(LANES)
    ]
    await process.consume(deciders)
    process.every("deadlines", 0.5, DeadlineLoop(process).run, "throughcare_clock")
