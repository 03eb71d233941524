"""What a person may do at any desk with the code that only they hold, and the codes that are given out.

A code stands in bodies only, and here as a keyed mark only: whoever has the database cannot try
codes against it.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from throughcare.contracts.codes import RECEIVER_TYPES
from throughcare.contracts.commands import COMMANDS
from throughcare.contracts.release_commands import SendReferral
from throughcare.gateway.cloudevents import Said
from throughcare.gateway.entrance import Caller, Entrance
from throughcare.gateway.problems import RefusedError
from throughcare.gateway.taking import Taken, take
from throughcare.protocol.roles import MAY, NOT_THROUGH
from throughcare.runtime import queries
from throughcare.runtime.ids import new_code, new_person_code, spelt
from throughcare.runtime.pool import Connection
from throughcare.runtime.seal import Seal

SQL = queries.load("throughcare.gateway", "person.sql")
#: What a message of the person has as its source: with the desk and its id the idempotency key.
SOURCE = "/person"
_SAYS = ("withdraw-consent", "forget-case", "give-feedback", "file-complaint", "ask-to-see-data")
#: The types of commands that a person says with their code alone.
PERSON_SAYS = frozenset(model.type for model in COMMANDS if model.name in _SAYS)
#: Who works with the person hands them their code. In other hands it would open the sheet.
_GIVES_CODES = {"prison-health", "prison-psych", "dpo", *RECEIVER_TYPES} - {
    "probation",
    "mahalla",
    "programme-coordinator",
}


class Told(NamedTuple):
    """One line of the sheet."""

    at: datetime
    party: str
    data_classes: tuple[str, ...]
    purpose: str
    #: Why past permission; None: with it.
    emergency_reason: str | None
    notice_version: str


class Sheet(NamedTuple):
    """Who was told what about a person; `at` in domain time."""

    at: datetime
    lines: tuple[Told, ...]


def person_mark(seal: Seal, code: str) -> bytes:
    """What is kept of the code that only the person holds, however it was typed."""
    return seal.mark(spelt(code), "vault/person")


def arrival_mark(seal: Seal, code: str) -> bytes:
    """What is kept of the code that a person brings to their receiver."""
    return seal.mark(spelt(code), "vault/arrival")


async def give_person_code(
    entrance: Entrance, seal: Seal, who: Caller, case_ref: UUID, old: str | None
) -> str:
    """A code for the person; where they have one, only with that `old` one, which then is worth nothing."""
    code = new_person_code()
    async with entrance.attempt(who, case_ref) as connection:
        if _GIVES_CODES.isdisjoint(who.party.roles):
            raise RefusedError("code-not-for-role")
        _stand(
            await connection.fetchval(
                SQL["give_person_code"],
                case_ref,
                person_mark(seal, code),
                None if old is None else person_mark(seal, old),
            )
        )
    return code


async def give_arrival_code(
    entrance: Entrance, seal: Seal, who: Caller, case_ref: UUID, referral_id: UUID
) -> str:
    """A new code to bring along, for a referral that was accepted."""
    while True:
        code = new_code()
        try:
            async with entrance.attempt(who, case_ref) as connection:
                if MAY[SendReferral].isdisjoint(who.party.roles):
                    raise RefusedError("code-not-for-role")
                _stand(
                    await connection.fetchval(
                        SQL["give_arrival_code"], case_ref, referral_id, arrival_mark(seal, code)
                    )
                )
        except asyncpg.UniqueViolationError:
            continue  # one chance in thousands of millions, a case that is expected there
        return code


def _stand(refusal: str | None) -> None:
    if refusal is not None:
        raise RefusedError(refusal)


async def read_sheet(entrance: Entrance, seal: Seal, who: Caller, code: str) -> Sheet:
    """Who was told what. Raises RefusedError `no-such-code`; either way the log knows."""
    async with entrance.attempt(who) as connection:
        if await connection.fetchval(SQL["person_says"], person_mark(seal, code)) is None:
            raise RefusedError("no-such-code")
        at: datetime = await connection.fetchval(SQL["now"])
        rows = await connection.fetch(SQL["sheet"])
    return Sheet(
        at, tuple(Told(**{**row, "data_classes": tuple(row["data_classes"])}) for row in rows)
    )


async def take_said(
    connection: Connection, seal: Seal, who: Caller, code: str, said: Said
) -> Taken | None:
    """Take what the person says, through the desk and in no role of its own; None: no such code.

    Raises RefusedError `role-may-not` where it is not said through a desk like this one, whatever
    the code is.
    """
    if NOT_THROUGH.get(type(said.data), frozenset()).issuperset(who.party.roles):
        raise RefusedError("role-may-not")
    case_ref = await connection.fetchval(SQL["person_says"], person_mark(seal, code))
    if case_ref is None:
        return None
    return await take(connection, who.party, said, seal=seal, case_ref=case_ref)
