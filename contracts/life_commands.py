"""Commands about the life of a case: reopening, closing it for other reasons, programmes."""

from typing import ClassVar

from throughcare.contracts.codes import (
    LocalCode,
    OutOfScopeReason,
    ProgrammeReason,
    ReopenedBy,
    VoidReason,
)
from throughcare.contracts.kinds import Command


class ReopenCase(Command):
    """The person, or a receiver they turned to, wants the case to go on. Consent is asked anew."""

    name: ClassVar[str] = "reopen-case"
    requested_by: ReopenedBy


class ApplyForProgramme(Command):
    """The person asks for a place in a programme in custody."""

    name: ClassVar[str] = "apply-for-programme"
    programme_code: LocalCode


class RefuseProgrammeAdmission(Command):
    name: ClassVar[str] = "refuse-programme-admission"
    programme_code: LocalCode
    reason_code: ProgrammeReason | None = None


class VoidCase(Command):
    """The case should never have been: whoever got data of it deletes them."""

    name: ClassVar[str] = "void-case"
    reason_code: VoidReason


class MoveOutOfScope(Command):
    """The person lives where this protocol does not reach."""

    name: ClassVar[str] = "move-out-of-scope"
    reason_code: OutOfScopeReason


LIFE_INTAKE_COMMANDS: tuple[type[Command], ...] = (
    ReopenCase,
    ApplyForProgramme,
    RefuseProgrammeAdmission,
)
LIFE_RELEASE_COMMANDS: tuple[type[Command], ...] = (VoidCase, MoveOutOfScope)
