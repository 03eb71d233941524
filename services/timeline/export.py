"""A log as JSON lines, to be verified where its database is not.

First a line about the log, then its checkpoints, then the leaves, each after the secret of its case.
"""

import base64
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import IO, Any

import orjson

from throughcare.runtime import queries
from throughcare.runtime.errors import SetupError
from throughcare.runtime.pool import Connection
from throughcare.services.timeline.audit import Report, StoredLeaf
from throughcare.services.timeline.checkpoint import VerifierKey
from throughcare.services.timeline.leaves import NO_CASE
from throughcare.services.timeline.verifier import BATCH, begin, snapshot

_SQL = queries.load("throughcare.services.timeline", "verify.sql")
EXPORT_VERSION = 1


async def export_log(url: str, file: IO[bytes]) -> int:
    """Write the whole log as JSON lines, secrets included; returns the number of leaves.

    It holds what `verify` needs and the case_refs, no alias and no identity. Who has it can read
    what was decided: it is as confidential as the database.
    """
    async with snapshot(url) as connection:
        return await _export(connection, file)


async def _export(connection: Connection, file: IO[bytes]) -> int:
    def line(**fields: object) -> None:
        file.write(orjson.dumps(fields) + b"\n")

    end = await connection.fetchrow(_SQL["log_end"])
    assert end is not None
    soon = [row["case_ref"] for row in await connection.fetch(_SQL["forgotten_soon"])]
    line(log=EXPORT_VERSION, size=end["size"], forgotten_soon=soon)
    for row in await connection.fetch(_SQL["checkpoints"]):
        line(checkpoint=row["size"], note=row["note"])
    told: set[str] = set()
    last, count = -1, 0
    while rows := await connection.fetch(_SQL["leaves"], last, BATCH):
        cases = {row["case_ref"] for row in rows} | {str(NO_CASE)}
        cases = {case for case in cases if case is not None} - told
        told |= cases
        for row in await connection.fetch(_SQL["secrets"], list(cases)):
            line(case=row["case_ref"], secret=_text(row["secret"]))
        for row in rows:
            line(
                leaf=row["index"],
                kind=row["kind"],
                commitment=_text(row["commitment"]),
                message_id=_text(row["message_id"]),
                about=row["case_ref"],
                entry_kind=row["entry_kind"],
                said=_text(row["envelope"]),
            )
        count += len(rows)
        last = rows[-1]["index"]
    return count


def verify_export(
    lines: Iterable[bytes], key: VerifierKey, outside: Sequence[tuple[str, str]]
) -> Report:
    """Verify an export. Raises SetupError where it is none."""
    try:
        return _verify_export(iter(lines), key, outside)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        raise SetupError("This file is no export of a log.") from None


def _verify_export(
    lines: Iterator[bytes], key: VerifierKey, outside: Sequence[tuple[str, str]]
) -> Report:
    head = orjson.loads(next(lines, b"{}"))
    if head["log"] != EXPORT_VERSION:
        raise SetupError("This export was written by another version of Throughcare.")
    records = map(orjson.loads, lines)
    notes: list[tuple[int, str]] = []
    rest: Iterator[dict[str, Any]] = iter(())
    for record in records:  # the checkpoints stand before the leaves
        if "checkpoint" not in record:
            rest = chain([record], records)
            break
        notes.append((record["checkpoint"], record["note"]))
    audit = begin(key, outside, notes)
    while batch := list(islice(rest, BATCH)):
        audit.know({one["case"]: _bytes(one["secret"]) for one in batch if "case" in one})
        audit.take([_leaf(one) for one in batch if "leaf" in one])
    audit.expect_end(head["size"])
    audit.report.notes.append("an export: what the services decided was not compared")
    return audit.finish(head["forgotten_soon"])


def _leaf(line: dict[str, Any]) -> StoredLeaf:
    """One line as the database would have given it."""
    message_id, said = line["message_id"], line["said"]
    return StoredLeaf(
        line["leaf"],
        line["kind"],
        _bytes(line["commitment"]),
        None if message_id is None else _bytes(message_id),
        line["about"],
        line["entry_kind"],
        None if said is None else _bytes(said),
    )


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else base64.b64encode(raw).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
