"""Role by operation by ownership by consent, with the answer that the rules give in every cell.

What is expected is written here anew, from the rules alone: domain.md §4.1, §4.3 and the promises.
"""

# ruff: noqa: S608 - statements are put together from what stands in these tests

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import product
from typing import NamedTuple
from uuid import UUID

import asyncpg

from throughcare.contracts.codes import RECEIVER_TYPES
from throughcare.runtime import queries
from throughcare.tests.database import world as w
from throughcare.tests.database.world import Member, quoted

_RESOLVE = queries.load("throughcare.gateway", "timeline.sql")["resolve"].rstrip("; \n")
#: Who may open a person's details in an emergency.
_EMERGENCY = {"prison-health", "oat-site", "aids-centre"}
#: They read and judge, and take no step.
_READERS = {"monitor", "dpo", "commenter"}
_NO = "error 42501"


class Cell(NamedTuple):
    member: Member
    consent: str
    ownership: str

    @property
    def case_ref(self) -> UUID:
        return w.case_of(self.consent, self.ownership)

    @property
    def exists(self) -> bool:
        return self.ownership != "no-such-case" and self.consent != "erased"

    @property
    def sees(self) -> bool:
        return self.exists and self.ownership == "has"

    @property
    def consent_lives(self) -> bool:
        return self.consent in ("names-party", "names-kind", "names-another", "by-code")

    @property
    def names_it(self) -> bool:
        if self.consent == "names-kind":
            return self.member.role in RECEIVER_TYPES
        return self.consent in ("names-party", "by-code")


class Operation(NamedTuple):
    name: str
    statement: Callable[[Cell], str]
    expected: Callable[[Cell], str]


def _resolve(cell: Cell, alias: str) -> str:
    return _RESOLVE.replace("$1", quoted(cell.member.party)).replace("$2", quoted(alias))


def _others_rows(cell: Cell) -> str:
    case_ref, party = quoted(cell.case_ref), quoted(cell.member.party)
    tables = ("commands", "aliases", "case_access", "past_names", "owed")
    return "SELECT " + " + ".join(
        f"(SELECT count(*) FROM gateway.{table} WHERE case_ref = {case_ref}"
        f" AND (party <> {party} OR {party} <> access.party()))"
        for table in tables
    )


def _stop(cell: Cell, function: str) -> str:
    return f"SELECT intake.{function}({quoted(cell.case_ref)})"


def _send(cell: Cell) -> str:
    return (
        "INSERT INTO gateway.commands"
        " (id, party, source, their_id, type, body_sha256, received_at, case_ref)"
        f" VALUES (gen_random_uuid(), {quoted(cell.member.party)}, '/t', '1', 'x', '', now(),"
        f" {quoted(cell.case_ref)}) RETURNING 'kept'"
    )


def _mint(party: str) -> str:
    return (
        f"SELECT gateway.mint(gen_random_uuid(), {quoted(party)}, '/t', '1', 'x', '', now(), '',"
        " gen_random_uuid(), 'kg-2026.1', 'new')"
    )


def _entering(cell: Cell, allowed: str, *, says_why: bool = True) -> str:
    if not cell.sees:
        return "no-such-case" if says_why else _NO
    if cell.member.role in _READERS:
        return "role-may-not" if says_why else _NO
    if not cell.consent_lives:
        return "details-before-consent" if says_why else _NO
    return allowed


def _disclosed(cell: Cell, name: str, purpose: str) -> str:
    if not cell.sees:
        return "no-such-case"
    if purpose == "place":
        return "place-names-nobody"
    if cell.consent == "withdrawn":
        return "permission-ended"
    if not cell.consent_lives:
        return "permission-missing"
    if name == "P1" and cell.consent == "by-code":
        return "hand-over-is-by-code"
    if not cell.names_it or (name, purpose) not in w.GIVEN:
        return "permission-missing"
    return name if cell.member.standing == "accepted" else "not-accepted"


def _in_emergency(cell: Cell, name: str) -> str:
    if not cell.sees:
        return "no-such-case"
    if cell.member.role not in _EMERGENCY:
        return "emergency-not-yours"
    return "permission-ended" if cell.consent == "withdrawn" else name


def _person_code(cell: Cell) -> str:
    if not cell.sees:
        return "no-such-case"
    return "role-may-not" if cell.member.role in _READERS else "given"


def _coded(cell: Cell) -> str:
    if not cell.sees:
        return "no-such-case"
    if cell.member.role in _READERS:
        return "role-may-not"
    if cell.consent == "withdrawn":
        return "permission-ended"
    if cell.consent != "by-code":
        return "hand-over-is-not-by-code"
    return "given" if cell.member.standing == "accepted" else "not-accepted"


def _arrived(cell: Cell) -> str:
    is_due = cell.sees and cell.consent == "by-code" and cell.member.standing == "accepted"
    return str(w.referral_of(cell.member.party, cell.case_ref)) if is_due else "-"


def _opening(function: str, name: str, why: str) -> Callable[[Cell], str]:
    return lambda cell: (
        "SELECT string_agg(coalesce(refusal, data_class), ',')"
        f" FROM vault.{function}(gen_random_uuid(), {quoted(cell.case_ref)}, '{{{name}}}',"
        f" '{why}', 'n1')"
    )


def _entering_class(name: str) -> Iterator[Operation]:
    yield Operation(
        f"begin to enter {name}",
        lambda cell: (
            "SELECT coalesce(refusal, 'version ' || next_version)"
            f" FROM vault.begin_entry({quoted(cell.case_ref)}, '{name}')"
        ),
        lambda cell: _entering(cell, "version 2"),
    )
    yield Operation(
        f"enter {name}",
        lambda cell: (
            f"SELECT vault.enter({quoted(cell.case_ref)}, '{name}', 2, 'x', 'wrapped', 'o')"
        ),
        lambda cell: _entering(cell, "", says_why=False),
    )


def _opening_class(name: str) -> Iterator[Operation]:
    for purpose in w.PURPOSES:
        yield Operation(
            f"disclose {name} for {purpose}",
            _opening("disclose", name, purpose),
            partial(_disclosed, name=name, purpose=purpose),
        )
    yield Operation(
        f"break the glass for {name}",
        _opening("break_glass", name, "unconscious"),
        lambda cell: _in_emergency(cell, name),
    )


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "see its own alias",
        lambda cell: _resolve(cell, w.alias_of(cell.member.party, cell.case_ref)),
        lambda cell: str(cell.case_ref) if cell.sees else "-",
    ),
    Operation(
        "see another's alias",
        lambda cell: _resolve(cell, w.alias_of(w.KEEPER, cell.case_ref)),
        lambda cell: "-",
    ),
    Operation("see what others have of the case", _others_rows, lambda cell: "0"),
    Operation(
        "see how far the case is",
        lambda cell: f"SELECT protocol_version FROM gateway.cases WHERE case_ref = {quoted(cell.case_ref)}",
        lambda cell: "kg-2026.1" if cell.sees else "-",
    ),
    Operation(
        "read the timeline",
        lambda cell: f"SELECT count(*) > 0 FROM timeline.entries_of({quoted(cell.case_ref)})",
        lambda cell: "true" if cell.sees else "false",
    ),
    Operation("send a command", _send, lambda cell: "kept" if cell.sees else _NO),
    Operation(
        "number a command",
        lambda cell: "UPDATE gateway.cases SET intake_number = intake_number + 1"
        f" WHERE case_ref = {quoted(cell.case_ref)} RETURNING 'numbered'",
        lambda cell: "numbered" if cell.sees else "-",
    ),
    Operation(
        "name the case",
        lambda cell: "INSERT INTO gateway.aliases (party, alias, case_ref, since)"
        f" VALUES ({quoted(cell.member.party)}, 'new', {quoted(cell.case_ref)}, now())"
        " ON CONFLICT (case_ref, party) DO NOTHING RETURNING 'named'",
        lambda cell: "-" if cell.sees else _NO,
    ),
    *(
        Operation(
            f"{function} the case",
            partial(_stop, function=function),
            lambda cell: "" if cell.sees else _NO,
        )
        for function in ("stop", "stop_for_good")
    ),
    *(operation for name in w.CLASSES for operation in _entering_class(name)),
    *(operation for name in w.CLASSES for operation in _opening_class(name)),
    Operation(
        "give the person a code",
        lambda cell: f"SELECT coalesce(vault.give_person_code({quoted(cell.case_ref)}, 'new'), 'given')",
        _person_code,
    ),
    Operation(
        # The person stands at any desk: which party it is says nothing.
        "read the sheet by the person's code",
        lambda cell: "SELECT count(*) FROM vault.person_says("
        f"{quoted(w.mark_of('person', cell.case_ref))}) AS it,"
        " LATERAL (SELECT FROM vault.sheet() WHERE it IS NOT NULL) AS rows",
        lambda cell: "1" if cell.exists else "0",
    ),
    Operation(
        "give an arrival code",
        lambda cell: "SELECT coalesce(vault.give_arrival_code("
        f"{quoted(cell.case_ref)}, {quoted(w.referral_of(cell.member.party, cell.case_ref))}, 'new'), 'given')",
        _coded,
    ),
    Operation(
        "say that a code arrived",
        lambda cell: f"SELECT referral_id FROM vault.arrived({quoted(w.mark_of('arrival', cell.case_ref))})",
        _arrived,
    ),
    Operation(
        "record a reading in another's name",
        lambda cell: f"SELECT timeline.record_read({quoted(cell.case_ref)}, {quoted(w.KEEPER)}, 'read')",
        lambda cell: _NO,
    ),
    Operation("open a case", lambda cell: _mint(cell.member.party), lambda cell: "true"),
    Operation("open a case in another's name", lambda cell: _mint(w.KEEPER), lambda cell: _NO),
    Operation(
        "declare a batch",
        lambda cell: "SELECT vault.declare_batch(gen_random_uuid(), 30,"
        " now() + interval '1 hour', now() + interval '2 hours')",
        lambda cell: "-",
    ),
    Operation(
        "authorise what one declared oneself",
        lambda cell: f"SELECT vault.authorise_batch({quoted(w.batch_of(cell.member.party))})",
        lambda cell: "batch-needs-another-person",
    ),
    Operation(
        "authorise another's batch",
        lambda cell: f"SELECT vault.authorise_batch({quoted(w.batch_of(w.KEEPER))})",
        lambda cell: "no-such-batch",
    ),
)  # fmt: skip


#: Every state of a case, and the case that is none.
STATES = (*product(w.CONSENTS, w.OWNERSHIPS[:3]), ("none", "no-such-case"))


async def differences(
    connection: asyncpg.Connection,
    members: Iterable[Member] = w.MEMBERS,
    operations: Iterable[Operation] = OPERATIONS,
    states: Iterable[tuple[str, str]] = STATES,
) -> tuple[int, list[str]]:
    """How many cells were tried by whoever is signed in, and where the answer is another one."""
    tried, found = 0, []
    operations, states = tuple(operations), tuple(states)
    for member in members:
        cells = [Cell(member, *state) for state in states]
        pairs = list(product(cells, operations))
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("SELECT access.enter($1)", member.key)
        answers = await w.attempt(connection, [one.statement(cell) for cell, one in pairs])
        await transaction.rollback()
        tried += len(pairs)
        found += [
            f"{member.party}, consent {cell.consent}, {cell.ownership}: {one.name}:"
            f" {answer!r}, not {expected!r}"
            for (cell, one), answer in zip(pairs, answers, strict=True)
            if (answer[: len(_NO)] if answer.startswith("error") else answer)
            != (expected := one.expected(cell))
        ]
    return tried, found
