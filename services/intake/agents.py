"""Intake's agent: commands about opening, consent and plan; what release says of the end."""

from throughcare.contracts.topics import INTAKE_COMMANDS, INTAKE_EVENTS, INTAKE_OUTCOMES
from throughcare.protocol.answer import Seat
from throughcare.protocol.intake import HALF
from throughcare.runtime.decider import LANES, Decider
from throughcare.runtime.process import Process
from throughcare.services.intake.store import PERMISSION_EVENTS, keep_permissions


async def start(process: Process) -> None:
    events = process.journal(INTAKE_EVENTS, "events")
    outcomes = process.journal(INTAKE_OUTCOMES, "outcomes")
    deciders = [
        Decider(
            Seat(HALF),
            events=events,
            outcomes=outcomes,
            commands_topic=INTAKE_COMMANDS.name,
            project=keep_permissions,
            projected=PERMISSION_EVENTS,
        )
        for _ in range(LANES)
    ]
    await process.consume(deciders)
