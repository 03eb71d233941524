"""Every command, and which half of a case decides each command and fact."""

from typing import Literal

from throughcare.contracts.facts import FACTS, ProgrammeEnrolled
from throughcare.contracts.intake_commands import INTAKE_COMMANDS
from throughcare.contracts.kinds import Command, Data
from throughcare.contracts.life_commands import LIFE_INTAKE_COMMANDS, LIFE_RELEASE_COMMANDS
from throughcare.contracts.life_facts import ProgrammeEnded, ProgrammePhaseStarted
from throughcare.contracts.release_commands import RELEASE_COMMANDS

HalfName = Literal["intake", "release"]

COMMANDS: tuple[type[Command], ...] = (
    *INTAKE_COMMANDS,
    *RELEASE_COMMANDS,
    *LIFE_INTAKE_COMMANDS,
    *LIFE_RELEASE_COMMANDS,
)

#: Who decides it.
OWNER: dict[type[Data], HalfName] = {
    **dict.fromkeys(INTAKE_COMMANDS, "intake"),
    **dict.fromkeys(RELEASE_COMMANDS, "release"),
    **dict.fromkeys(FACTS, "release"),
    ProgrammeEnrolled: "intake",
    **dict.fromkeys(LIFE_INTAKE_COMMANDS, "intake"),
    **dict.fromkeys(LIFE_RELEASE_COMMANDS, "release"),
    ProgrammePhaseStarted: "intake",
    ProgrammeEnded: "intake",
}
