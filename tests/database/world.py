"""Cases in every state of consent and parties of every role: the ground on which lines are tried.

Set up once by the owner; what is tried runs as the door's own role and is rolled back.
"""

# ruff: noqa: S608 - statements are put together from what stands in these tests

import hashlib
from collections.abc import Iterable
from itertools import product
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import asyncpg

from throughcare.contracts.codes import RECEIVER_TYPES, ROLES
from throughcare.tests.database.asking import Speaking, attempt, quoted
from throughcare.tests.support.story import Step, tell

#: What is tried is asked through here.
__all__ = ("Speaking", "attempt", "quoted")

#: In which a party can hold a key: the protocol itself cannot, the person comes through a desk.
ROLES_WITH_KEY = tuple(role for role in ROLES if role not in ("system", "client"))
#: Whether release has the party's acceptance of a referral, or has asked it at most.
STANDINGS = ("accepted", "asked")
CONSENTS = (
    "none",
    "names-party",
    "names-kind",
    "names-another",
    "by-code",  # names the party; the person is handed over by a code
    "withdrawn",
    "expired",
    "closed",  # release has ended; what was permitted still stands
    "erased",  # where it once was the party's, it is being forgotten; else nothing is left
)
OWNERSHIPS = ("has", "had", "never", "no-such-case")
CLASSES = ("P1", "P2", "P3", "P4")
PURPOSES = ("place", "handover", "dose", "reach", "social", "safety", "emerg", "stat", "qa")
#: What every consent in this world allows, to whomever it names.
GIVEN = {
    ("P1", "handover"), ("P1", "reach"), ("P1", "social"), ("P2", "handover"), ("P2", "social"),
    ("P3", "dose"), ("P4", "handover"),
}  # fmt: skip
#: In which states every party has opened the case before.
OPENED = ("names-party", "erased")
#: The type of every message that is kept here, and of what opens a case.
COMMAND = "org.throughcare.command.acknowledge-referral.v1"
OPENING = "org.throughcare.command.open-case.v1"
#: A type that there is not.
NO_TYPE = "org.throughcare.command.propose-service.v1"
#: Whatever stops a case, and which service takes it.
WITHDRAWAL = "org.throughcare.command.withdraw-consent.v1"
STOPPING = {
    WITHDRAWAL: "intake",
    "org.throughcare.command.forget-case.v1": "release",
    "org.throughcare.fact.person-died.v1": "release",
    "org.throughcare.command.report-death.v1": "release",
}
#: What the gate says itself.
REPORT = "org.throughcare.command.report-emergency-access.v1"
#: Whose alarm stands open where the consent names another party.
ALARMED = "protocol-coordinator"
#: In which there is work in every case, with nobody in particular.
WORKING_ROLE = "ngo"
#: Has every case, entered every detail, and does nothing in the tests.
KEEPER = "keeper"
ANOTHER = "another"
#: Of a party whose key was revoked, and of one that was disabled; both have a case.
ENDED_KEYS = ("tc_revoked", "tc_disabled")
NOBODYS_CASE = UUID(int=0xDEAD << 64)
#: A case that is in no cell: its person has a code.
ANOTHER_CASE = UUID(int=0xA107 << 64)
_NAMES = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")


#: Whose messages brought some of the steps about.
TOLD_BY = "ngo-accepted"
#: Who heard that less is allowed: a role that may not ask for consent, and one that cares.
HEARER, COORDINATOR = "probation-asked", "protocol-coordinator-asked"


def story_of(case_ref: UUID) -> list[Step]:
    """Of each rule of who sees what, a step that tells it apart; what comes of it: rules.timeline."""

    def step(name: str, cause: UUID | None = None, **data: Any) -> Step:
        return Step(f"org.throughcare.event.{name}.v1", cause, data)

    def refused(cause: UUID | None) -> Step:
        data = {"refusal_code": "no-plan"}
        return Step("org.throughcare.outcome.refused.v1", cause, data, "refusal")

    keeper, ngo = uuid5(case_ref, "command"), uuid5(case_ref, "of the ngo")
    hearer, coordinator = uuid5(case_ref, "of the hearer"), uuid5(case_ref, "of the coordinator")
    return [
        step("case-opened", ngo, origin="facility", facility="kg-1"),  # as a fact opens one
        step("needs-assessed", keeper, flags=["hiv-care"]),
        step("plan-revised", hearer, plan_version=2),  # from whom may not ask for consent
        step("consent-narrowed", ngo, items=[{"party": KEEPER}]),
        step("consent-narrowed", hearer, items=[{"party": KEEPER}]),
        step("consent-narrowed", coordinator, items=[{"party": KEEPER}]),
        step("referral-sent", referral_id="r-1", receiver=TOLD_BY, service_type="oat"),
        step("referral-declined", ngo, referral_id="r-1", reason_code="no-capacity"),
        step("referral-sent", ngo, referral_id="r-2", after_referral_id="r-1", receiver=KEEPER),
        step("relapse-reported", keeper, referral_id="r-1"),
        step("overdose-reported", ngo, reported_by="client"),
        refused(ngo),
        refused(None),
        step("escalation-raised", escalation_id="a-1", to_role=ALARMED),
        step("escalation-raised", escalation_id="a-2", to_role=ALARMED, to_party="dpo-asked"),
        step("escalation-cleared", escalation_id="a-1"),
        step("deadline-missed", ngo, code="D17", due_at="2026-03-02"),
        step("notice-sent", to_party="dpo-asked", channel="email"),
        step("notice-sent", to_party="monitor-asked", channel="email"),
        step("readiness-confirmed", keeper, plan_version=1, facility="kg-1"),
        step("person-released", facility="kg-1", unplanned=False),
        step("never-heard-of", keeper, referral_id="r-1", code="D17"),
        step("case-closed", reason_code="died"),
    ]


class Member(NamedTuple):
    """A party of the world, which has a key of its own and another one."""

    role: str
    standing: str

    @property
    def party(self) -> str:
        return f"{self.role}-{self.standing}"

    @property
    def key(self) -> str:
        return f"tc_{self.party}"

    @property
    def second_key(self) -> str:
        return f"tc_{self.party}_2"


MEMBERS = tuple(Member(*pair) for pair in product(ROLES_WITH_KEY, STANDINGS))


def case_of(consent: str, ownership: str) -> UUID:
    if ownership == "no-such-case":
        return NOBODYS_CASE
    return uuid5(_NAMES, f"{consent}/{ownership}")


def alias_of(party: str, case_ref: UUID) -> str:
    return f"{party}:{case_ref.hex[:8]}"


def mark_of(*what: object) -> bytes:
    return hashlib.sha256("/".join(map(str, what)).encode()).digest()


def referral_of(party: str, case_ref: UUID) -> UUID:
    return uuid5(case_ref, party)


def disclosure_of(party: str, case_ref: UUID) -> UUID:
    return uuid5(case_ref, f"disclosure/{party}")


async def sign_in(url: str) -> asyncpg.Connection:
    """Where a power cut may take the last second: nobody waits for the disk."""
    return await asyncpg.connect(url, server_settings={"synchronous_commit": "off"})


async def make_world(url: str) -> None:
    """Into an empty migrated database, as its owner."""
    connection = await sign_in(url)
    try:
        async with connection.transaction():
            await _make_parties(connection)
            for consent, ownership in product(CONSENTS, OWNERSHIPS[:3]):
                await _make_case(connection, consent, ownership)
            await make_case(connection, ANOTHER_CASE, [KEEPER])
            await connection.execute(
                "SELECT vault.forget($1)", [case_of("erased", which) for which in OWNERSHIPS[:2]]
            )
            await _erase(connection, case_of("erased", "never"))
        # As it is in a database that lives: plans are made of what stands there.
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


async def add_party(connection: asyncpg.Connection, party: str, role: str, *keys: str) -> None:
    await connection.execute(
        "INSERT INTO gateway.parties (party, roles) VALUES ($1, array[$2])", party, role
    )
    await connection.executemany(
        "INSERT INTO gateway.api_keys (key_sha256, party)"
        " VALUES (sha256(convert_to($1, 'UTF8')), $2)",
        [(key, party) for key in keys],
    )


async def _make_parties(connection: asyncpg.Connection) -> None:
    for member in MEMBERS:
        await add_party(connection, member.party, member.role, member.key, member.second_key)
    await add_party(connection, KEEPER, "prison-health", f"tc_{KEEPER}", f"tc_{KEEPER}_2")
    await add_party(connection, ANOTHER, "ngo", f"tc_{ANOTHER}")
    for key in ENDED_KEYS:
        await add_party(connection, key[3:], "ngo", key)
        await connection.execute(
            "INSERT INTO gateway.case_access VALUES ($1, $2)",
            case_of("names-party", "has"), key[3:],
        )  # fmt: skip
    await connection.execute(
        "UPDATE gateway.api_keys SET revoked_at = now() WHERE party = 'revoked'"
    )
    await connection.execute(
        "UPDATE gateway.parties SET disabled_at = now() WHERE party = 'disabled'"
    )
    for party in (*(member.party for member in MEMBERS), KEEPER):
        await connection.execute(
            "INSERT INTO vault.batches (id, party, most, from_at, until_at, declared_by)"
            " SELECT $1, $2, 100, now() + interval '1 day', now() + interval '25 hours', key_id"
            " FROM gateway.api_keys WHERE key_sha256 = sha256(convert_to('tc_' || $2, 'UTF8'))",
            batch_of(party), party,
        )  # fmt: skip


def batch_of(party: str) -> UUID:
    return uuid5(_NAMES, f"batch/{party}")


async def make_case(connection: asyncpg.Connection, case_ref: UUID, holders: Iterable[str]) -> None:
    """A case that these parties have, with a detail of each class and something to read."""
    await connection.execute(
        "INSERT INTO gateway.cases (case_ref, protocol_version, intake_number, opened_at)"
        " VALUES ($1, 'kg-2026.1', 1, now())", case_ref,
    )  # fmt: skip
    parties = [(case_ref, party) for party in holders]
    await connection.executemany(
        "INSERT INTO gateway.case_access (case_ref, party) VALUES ($1, $2)", parties
    )
    await connection.executemany(
        "INSERT INTO gateway.aliases (case_ref, party, alias, since) VALUES ($1, $2, $3, now())",
        [(case_ref, party, alias_of(party, case_ref).encode()) for _, party in parties],
    )
    await connection.execute(
        "INSERT INTO gateway.commands"
        " (id, party, source, their_id, type, body_mark, received_at, case_ref, service, number)"
        " VALUES ($1, $2, '/theirs', $3, 'x', '\\x00', now(), $4, 'intake', 1)",
        uuid5(case_ref, "command"), KEEPER, f"of {case_ref}", case_ref,
    )  # fmt: skip
    await connection.execute("SELECT timeline.add($1, 'read', '{}')", case_ref)
    await connection.execute(
        "INSERT INTO vault.keys VALUES ($1, $2, 'org/1', now())", case_ref, b"wrapped"
    )
    await connection.executemany(
        "INSERT INTO vault.details VALUES ($1, $2, 1, $3, $4, now())",
        [(case_ref, name, f"sealed {name}".encode(), KEEPER) for name in CLASSES],
    )
    await connection.execute(
        "INSERT INTO vault.person_codes VALUES ($1, $2)", mark_of("person", case_ref), case_ref
    )
    await connection.execute(
        "INSERT INTO vault.disclosures"
        " (id, case_ref, party, key_id, data_classes, purpose, notice_version, at, opened_at)"
        " SELECT $1, $2, $3, key_id, '{P1}', 'handover', 'n1', now(), now() - interval '2 days'"
        " FROM gateway.api_keys WHERE party = $3 LIMIT 1",
        uuid5(case_ref, "disclosure"), case_ref, KEEPER,
    )  # fmt: skip


async def permit(
    connection: asyncpg.Connection,
    case_ref: UUID,
    recipients: Iterable[str],
    *,
    hours: int = 1000,
) -> None:
    await connection.executemany(
        "INSERT INTO intake.permissions VALUES ($1, $2, $3, $4, now() + $5 * interval '1 hour')",
        [(case_ref, who, *what, hours) for who in recipients for what in sorted(GIVEN)],
    )


async def accept(connection: asyncpg.Connection, case_ref: UUID, parties: Iterable[str]) -> None:
    await connection.executemany(
        "INSERT INTO release.acceptances (case_ref, party, referral_id) VALUES ($1, $2, $3)",
        [(case_ref, party, referral_of(party, case_ref)) for party in parties],
    )


async def _make_case(connection: asyncpg.Connection, consent: str, ownership: str) -> None:
    case_ref = case_of(consent, ownership)
    everybody = [member.party for member in MEMBERS]
    accepted = [member.party for member in MEMBERS if member.standing == "accepted"]
    await make_case(
        connection, case_ref, [KEEPER] if ownership == "never" else [KEEPER, *everybody]
    )
    if ownership == "had":
        for table in ("gateway.case_access", "gateway.aliases"):
            await connection.execute(
                f"UPDATE {table} SET until = now() - interval '1 minute'"
                " WHERE case_ref = $1 AND party <> $2", case_ref, KEEPER,
            )  # fmt: skip
    await accept(connection, case_ref, accepted)
    match consent:
        case "names-party" | "by-code" | "erased" | "closed":
            await permit(connection, case_ref, everybody)
        case "names-kind":
            await permit(connection, case_ref, [f"type:{kind}" for kind in RECEIVER_TYPES])
            await _alarm(connection, case_ref, "programme-coordinator")
        case "names-another":
            await permit(connection, case_ref, [ANOTHER])
            await _alarm(connection, case_ref, ALARMED)
        case "withdrawn":
            # As between the door's commit and what intake makes of it.
            await permit(connection, case_ref, everybody)
            await connection.execute("INSERT INTO intake.stopped VALUES ($1, now())", case_ref)
        case "expired":
            await permit(connection, case_ref, everybody, hours=-1)
    await connection.execute(
        "INSERT INTO intake.agreements VALUES ($1, $2, false)", case_ref, consent == "by-code"
    )
    if consent == "closed":
        await connection.execute("INSERT INTO release.endings VALUES ($1, now())", case_ref)
    if consent in OPENED:
        await connection.executemany(
            "INSERT INTO vault.disclosures (id, case_ref, party, key_id, data_classes, purpose,"
            " notice_version, at, opened_at) SELECT $1, $2, $3, key_id, '{P1}', 'handover', 'n1',"
            " now(), now() - interval '2 days' FROM gateway.api_keys WHERE party = $3 LIMIT 1",
            [(disclosure_of(party, case_ref), case_ref, party) for party in everybody],
        )  # fmt: skip
    await _put_work(connection, case_ref, everybody)
    if ownership != "never" and consent != "erased":
        await connection.executemany(
            "INSERT INTO gateway.commands"
            " (id, party, source, their_id, type, body_mark, received_at, case_ref, service, number)"
            " VALUES ($1, $2, '/theirs', $3, $5, '\\x00', now(), $4, 'intake', $6)",
            [
                (uuid5(case_ref, f"of the {who}"), party, f"of {case_ref}", case_ref,
                 f"org.throughcare.command.{name}.v1", number)
                for who, party, name, number in (
                    ("ngo", TOLD_BY, "report-relapse", 1002),
                    ("hearer", HEARER, "narrow-consent", 1003),
                    ("coordinator", COORDINATOR, "narrow-consent", 1004),
                )
            ],
        )  # fmt: skip
    await tell(connection, case_ref, story_of(case_ref))
    if consent in ("by-code", "erased"):
        await connection.executemany(
            "INSERT INTO vault.arrival_codes (party, mark, case_ref, referral_id)"
            " VALUES ($1, $2, $3, $4)",
            [(party, mark_of("arrival", case_ref), case_ref, referral_of(party, case_ref))
             for party in accepted],
        )  # fmt: skip


async def _alarm(connection: asyncpg.Connection, case_ref: UUID, to_role: str) -> None:
    await connection.execute(
        "INSERT INTO release.alarms VALUES ($1, $2, $3)",
        case_ref,
        uuid5(case_ref, "alarm"),
        to_role,
    )


async def _put_work(connection: asyncpg.Connection, case_ref: UUID, parties: Iterable[str]) -> None:
    """Something open with each of these, and with whoever holds one role."""
    await connection.execute("INSERT INTO gateway.work_known VALUES ($1, '')", case_ref)
    await connection.executemany(
        "INSERT INTO gateway.work (case_ref, task, party, role, due_at, since, after_end)"
        " VALUES ($1, 'answer', $2, $3, now(), now(), $4)",
        [(case_ref, party, None, True) for party in parties]
        + [(case_ref, None, WORKING_ROLE, False)],
    )  # fmt: skip


async def _erase(connection: asyncpg.Connection, case_ref: UUID) -> None:
    await connection.execute("DELETE FROM timeline.waiting")  # the log has taken them in
    assert await connection.fetchval("SELECT vault.erase($1)", case_ref)


# What is tried ---------------------------------------------------------------------------------


def _envelope(**said: str) -> str:
    """What is looked at of an envelope, each attribute as an expression."""
    attributes = ", ".join(f"'{name}', {value}" for name, value in said.items())
    return f"convert_to(json_build_object({attributes})::text, 'UTF8')"


def keeping(
    party: str, role: str, case_ref: UUID, *, their_id: str = "1", kind: str = COMMAND,
    service: str = "release", number: str = "1", then: str = "{kept}", **other: str,
) -> str:  # fmt: skip
    """Keep a message as release's first of the case; `other`: the envelope says something else.

    `then`: what is answered, with `{kept}` for whether it was, and `id` for its id.
    """
    said = {
        "id": "id", "type": quoted(kind), "subject": quoted(case_ref), "authid": quoted(party),
        "authroles": quoted(role), "commandnumber": number,
    }  # fmt: skip
    kept = (
        f"gateway.keep(id, {quoted(party)}, '/t', {quoted(their_id)}, {quoted(kind)}, '', now(),"
        f" {_envelope(**said | other)}, {quoted(case_ref)}, {quoted(service)}, {number})"
    )
    return f"SELECT {then.format(kept=kept)} FROM gen_random_uuid() AS id"


def stopping(party: str, role: str, case_ref: UUID) -> dict[str, str]:
    """Keep each of what may stop a case, by its type: the answer is why nothing is entered after it."""
    entering = f"SELECT coalesce(refusal, 'open') FROM vault.begin_entry({quoted(case_ref)}, 'P1')"
    then = f"CASE WHEN {{kept}} THEN ({entering} WHERE id IS NOT NULL) END"
    return {
        kind: keeping(
            party, role, case_ref, kind=kind, service=service,
            number="2" if service == "intake" else "1", then=then,
        )
        for kind, service in STOPPING.items()
    }  # fmt: skip


def by_person(mark: bytes, statement: str) -> str:
    """The same once the person has said the code with this mark, where it is anybody's."""
    return f"{statement}, (SELECT vault.person_says({quoted(mark)}) AS it OFFSET 0) AS said WHERE it IS NOT NULL"


def minting(
    party: str, role: str, *, source: str = "/t", their_id: str = "1", alias: str = "new",
    kind: str = OPENING, **other: str,
) -> str:  # fmt: skip
    """Open a case with intake's first message; `other`: the envelope says something else."""
    said = {
        "id": "id", "type": quoted(kind), "subject": "case_ref", "authid": quoted(party),
        "authroles": quoted(role), "commandnumber": "1",
    }  # fmt: skip
    return (
        f"SELECT gateway.mint(id, {quoted(party)}, {quoted(source)}, {quoted(their_id)}, {quoted(kind)},"
        f" '', now(), {_envelope(**said | other)}, case_ref, 'kg-2026.1', {quoted(alias)})"
        " FROM gen_random_uuid() AS id, gen_random_uuid() AS case_ref"
    )
