"""Role by operation by ownership by consent, with the answer that the rules give in every cell."""

# ruff: noqa: S608 - statements are put together from what stands in these tests

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import product
from typing import NamedTuple
from uuid import UUID

import asyncpg

from throughcare.runtime import queries
from throughcare.tests.database import rules
from throughcare.tests.database import world as w
from throughcare.tests.database.rules import Cell
from throughcare.tests.database.world import Member, quoted

_RESOLVE = queries.load("throughcare.gateway", "timeline.sql")["resolve"].rstrip("; \n")
_NO = rules.NO


class Operation(NamedTuple):
    name: str
    statement: Callable[[Cell], str]
    expected: Callable[[Cell], str]


def _resolve(cell: Cell, alias: str) -> str:
    return _RESOLVE.replace("$1", quoted(cell.member.party)).replace("$2", quoted(alias))


def _others_rows(cell: Cell) -> str:
    case_ref, party = quoted(cell.case_ref), quoted(cell.member.party)
    tables = ("commands", "aliases", "case_access", "past_names", "owed", "work")
    return "SELECT " + " + ".join(
        f"(SELECT count(*) FROM gateway.{table} WHERE case_ref = {case_ref}"
        f" AND (party <> {party} OR {party} <> access.party()))"
        for table in tables
    )


def _read(cell: Cell, party: str) -> str:
    """What is told, in words: how its time is said, whether to one who cares, number, step, which of its data."""
    return (
        "SELECT string_agg(concat_ws(' ', day, CASE WHEN num_nonnulls(occurred_at, recorded_at, version) > 0 THEN 'at' END, "
        "CASE WHEN occurred_on IS NOT NULL THEN 'on' END, CASE WHEN cares THEN 'cares' END, ordinal,"
        " split_part(type, '.', 4), (SELECT format('(%s)', string_agg(k, ',' ORDER BY k))"
        " FROM jsonb_object_keys(data) AS k WHERE data IS NOT NULL HAVING data IS NOT NULL)), '; ' ORDER BY ordinal)"
        f" FROM timeline.shown({quoted(cell.case_ref)}, {quoted(party)})"
    )


def _stopping(kind: str) -> Operation:
    name = kind.split(".")[3]
    return Operation(
        f"say {name}",
        lambda cell: w.stopping(cell.member.party, cell.member.role, cell.case_ref)[kind],
        partial(rules.after_word, name=name),
    )


def _as_person(cell: Cell, of: UUID, kind: str = w.WITHDRAWAL) -> str:
    """Whoever holds the code of a case says stop in this one."""
    said = w.stopping(cell.member.party, "client", cell.case_ref)[kind]
    return w.by_person(w.mark_of("person", of), said)


def _after_person(cell: Cell) -> str:
    """A desk that does not see the case does not learn what became of it."""
    if not cell.exists:
        return "-"
    return "consent-withdrawn" if cell.sees else "no-such-case"


def _park(cell: Cell, party: str, values: str) -> str:
    return (
        "INSERT INTO gateway.commands"
        " (id, party, source, their_id, type, body_mark, received_at, case_ref, envelope)"
        f" VALUES (gen_random_uuid(), {quoted(party)}, '/t', '1', 'x', '', now(), {values})"
        " RETURNING 'kept'"
    )


#: What an envelope may say that is not so.
_LIES = {
    "another party": {"authid": quoted(w.KEEPER)},
    "nobody": {"authid": "NULL"},
    "the gate": {"authroles": "'system'"},
    "another role besides": {"authroles": "'dpo prison-admin'"},
    "no role": {"authroles": "NULL"},
    "another case": {"subject": quoted(w.NOBODYS_CASE)},
    "another id": {"id": "gen_random_uuid()"},
    "another number": {"commandnumber": "2"},
    "another type": {"type": quoted(w.REPORT)},
}


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
        lambda cell: rules.entering(cell, name, "version 2"),
    )
    yield Operation(
        f"enter {name}",
        lambda cell: (
            f"SELECT vault.enter({quoted(cell.case_ref)}, '{name}', 2, 'x', 'wrapped', 'o')"
        ),
        lambda cell: rules.entering(cell, name, "", says_why=False),
    )


def _opening_class(name: str) -> Iterator[Operation]:
    for purpose in w.PURPOSES:
        yield Operation(
            f"disclose {name} for {purpose}",
            _opening("disclose", name, purpose),
            partial(rules.disclosed, name=name, purpose=purpose),
        )
    yield Operation(
        f"break the glass for {name}",
        _opening("break_glass", name, "unconscious"),
        lambda cell: rules.in_emergency(cell, name),
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
        lambda cell: _read(cell, cell.member.party),
        rules.timeline,
    ),
    Operation(
        "read the timeline in another's name",
        lambda cell: _read(cell, w.KEEPER),
        lambda cell: _NO,
    ),
    Operation(
        "keep a message",
        lambda cell: w.keeping(cell.member.party, cell.member.role, cell.case_ref),
        lambda cell: "true" if cell.sees else "-",
    ),
    Operation(
        "keep a message in another's name",
        lambda cell: w.keeping(w.KEEPER, "prison-health", cell.case_ref),
        lambda cell: _NO,
    ),
    *(
        Operation(
            f"keep a message whose envelope says {what}",
            lambda cell, lie=lie: w.keeping(  # type: ignore[misc]
                cell.member.party, cell.member.role, cell.case_ref, **lie
            ),
            lambda cell: _NO if cell.sees else "-",
        )
        for what, lie in _LIES.items()
    ),
    Operation(
        # Another disclosure than one in an emergency is no ground for the gate to speak.
        "keep a message as the gate",
        lambda cell: w.keeping(
            cell.member.party, "system", cell.case_ref, kind=w.REPORT,
            their_id=str(w.disclosure_of(cell.member.party, cell.case_ref)),
        ),
        lambda cell: _NO if cell.sees else "-",
    ),
    Operation(
        "keep a message for the service that does not take it",
        lambda cell: w.keeping(
            cell.member.party, cell.member.role, cell.case_ref, service="intake", number="2"
        ),
        lambda cell: _NO if cell.sees else "-",
    ),
    Operation(
        "keep a message of a type that there is not",
        lambda cell: w.keeping(cell.member.party, cell.member.role, cell.case_ref, kind=w.NO_TYPE),
        lambda cell: _NO if cell.sees else "-",
    ),
    Operation(
        "keep a message as the person without their code",
        lambda cell: w.keeping(cell.member.party, "client", cell.case_ref),
        lambda cell: _NO if cell.sees else "-",
    ),
    Operation(
        "keep a message as the person and in a role besides",
        lambda cell: w.by_person(
            w.mark_of("person", cell.case_ref),
            w.keeping(cell.member.party, f"client {cell.member.role}", cell.case_ref),
        ),
        lambda cell: _NO if cell.exists else "-",
    ),
    Operation(
        "say what the person says with the code of another",
        lambda cell: _as_person(cell, w.ANOTHER_CASE),
        lambda cell: _NO if cell.sees else "-",
    ),
    Operation(
        "say what the person says",
        lambda cell: _as_person(cell, cell.case_ref),
        _after_person,
    ),
    Operation(
        "keep a message past its function",
        lambda cell: _park(cell, cell.member.party, f"{quoted(cell.case_ref)}, NULL"),
        lambda cell: _NO,
    ),
    Operation(
        "put down an envelope past its function",
        lambda cell: _park(cell, cell.member.party, "NULL, 'x'"),
        lambda cell: _NO,
    ),
    Operation(
        "park a message",
        lambda cell: _park(cell, cell.member.party, "NULL, NULL"),
        lambda cell: "kept",
    ),
    Operation(
        "park a message in another's name",
        lambda cell: _park(cell, w.KEEPER, "NULL, NULL"),
        lambda cell: _NO,
    ),
    Operation(
        "number a command",
        lambda cell: "UPDATE gateway.cases SET intake_number = intake_number + 1"
        f" WHERE case_ref = {quoted(cell.case_ref)} RETURNING 'numbered'",
        lambda cell: _NO,
    ),
    Operation(
        "hold the case",
        lambda cell: f"SELECT gateway.hold({quoted(cell.case_ref)})",
        lambda cell: "true" if cell.sees else "-",
    ),
    Operation(
        "see the work that is open",
        lambda cell: f"SELECT count(*) FROM gateway.work WHERE case_ref = {quoted(cell.case_ref)}",
        lambda cell: str(1 + (cell.member.role == w.WORKING_ROLE)) if cell.sees else "0",
    ),
    Operation(
        "see which cases it sees",
        lambda cell: f"SELECT count(*) FROM access.seen() AS it WHERE it = {quoted(cell.case_ref)}",
        lambda cell: str(int(cell.sees)),
    ),
    Operation(
        "see what it opened before",
        lambda cell: f"SELECT count(*) FROM vault.opened(array[{quoted(cell.case_ref)}])",
        lambda cell: str(int(cell.sees and cell.consent in w.OPENED)),
    ),
    Operation(
        "see how many more it may open",
        lambda cell: f"SELECT vault.openings_left({quoted(cell.case_ref)})",
        lambda cell: "20",
    ),
    Operation(
        "see its own roles",
        lambda cell: "SELECT access.roles()",
        lambda cell: f"{{{cell.member.role}}}",
    ),
    Operation(
        "ask what the gate asks",
        lambda cell: "SELECT concat_ws(' ', agreed, accepted, stopped, ended, by_code, escalated, country)"
        f" FROM vault.facts_of({quoted(cell.case_ref)})",
        rules.facts,
    ),
    Operation(
        "name the case",
        lambda cell: "INSERT INTO gateway.aliases (party, alias, case_ref, since)"
        f" VALUES ({quoted(cell.member.party)}, 'new', {quoted(cell.case_ref)}, now())"
        " ON CONFLICT (case_ref, party) DO NOTHING RETURNING 'named'",
        lambda cell: "-" if cell.sees else _NO,
    ),
    *map(_stopping, w.STOPPING),
    Operation(
        "stop the case without a word",
        lambda cell: f"SELECT intake.stop({quoted(cell.case_ref)})",
        lambda cell: _NO,
    ),
    *(operation for name in w.CLASSES for operation in _entering_class(name)),
    *(operation for name in w.CLASSES for operation in _opening_class(name)),
    Operation(
        "disclose nothing",
        _opening("disclose", "", "handover"),
        partial(rules.disclosed, name="", purpose="handover"),
    ),
    Operation(
        "break the glass without a reason",
        lambda cell: _opening("break_glass", "P1", "")(cell).replace("''", "NULL"),
        partial(rules.disclosed, name="P1", purpose="emerg"),
    ),
    Operation(
        "give the person another code",
        lambda cell: "SELECT coalesce(vault.give_person_code("
        f"{quoted(cell.case_ref)}, 'new', {quoted(w.mark_of('person', cell.case_ref))}), 'given')",
        partial(rules.person_code, with_old=True),
    ),
    Operation(
        "give the person another code without the one they have",
        lambda cell: "SELECT coalesce(vault.give_person_code("
        f"{quoted(cell.case_ref)}, 'new', {quoted(w.mark_of('x'))}), 'given')",
        partial(rules.person_code, with_old=False),
    ),
    Operation(
        # The person stands at any desk: which party it is says nothing.
        "read the sheet by the person's code",
        lambda cell: "SELECT count(*) FROM vault.person_says("
        f"{quoted(w.mark_of('person', cell.case_ref))}) AS it,"
        " LATERAL (SELECT FROM vault.sheet() WHERE it IS NOT NULL) AS rows",
        rules.sheet_lines,
    ),
    Operation(
        "give an arrival code",
        lambda cell: "SELECT coalesce(vault.give_arrival_code("
        f"{quoted(cell.case_ref)}, {quoted(w.referral_of(cell.member.party, cell.case_ref))}, 'new'), 'given')",
        rules.coded,
    ),
    Operation(
        "say that a code arrived",
        lambda cell: f"SELECT referral_id FROM vault.arrived({quoted(w.mark_of('arrival', cell.case_ref))})",
        rules.arrived,
    ),
    Operation(
        "record a reading in another's name",
        lambda cell: f"SELECT timeline.record_read({quoted(cell.case_ref)}, {quoted(w.KEEPER)}, 'read')",
        lambda cell: _NO,
    ),
    Operation(
        "open a case",
        lambda cell: w.minting(cell.member.party, cell.member.role),
        lambda cell: "true",
    ),
    Operation(
        "open a case in another's name",
        lambda cell: w.minting(w.KEEPER, "prison-health"),
        lambda cell: _NO,
    ),
    Operation(
        "open a case as the person",
        lambda cell: w.minting(cell.member.party, "client"),
        lambda cell: _NO,
    ),
    Operation(
        "open a case with what the other service takes",
        lambda cell: w.minting(cell.member.party, cell.member.role, kind=w.COMMAND),
        lambda cell: _NO,
    ),
    Operation(
        "open a case as the gate",
        lambda cell: w.minting(cell.member.party, "system"),
        lambda cell: _NO,
    ),
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
