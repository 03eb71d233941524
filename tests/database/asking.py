"""Statements in the name of a key, each by itself, with its answer and without an effect."""

import json
from typing import Any
from uuid import UUID

import asyncpg


class Speaking:
    """A transaction in the name of a key, or of nobody; taken back at its end."""

    def __init__(self, door: asyncpg.Connection, key: str | None) -> None:
        self._door = door
        self._key = key
        self._transaction = door.transaction()

    async def __aenter__(self) -> None:
        await self._transaction.start()
        if self._key is not None:
            await self._door.execute("SELECT access.enter($1)", self._key)

    async def __aexit__(self, *_: object) -> None:
        await self._transaction.rollback()


#: Runs each statement of a list as whoever is signed in, takes its effect back, and keeps its answer.
_TRY = """
DO $try$
DECLARE
    statement text;
    answer text;
    answers text[] := '{}';
BEGIN
    FOR statement IN SELECT json_array_elements_text(current_setting('try.statements')::json) LOOP
        BEGIN
            EXECUTE statement INTO answer;
            RAISE EXCEPTION USING errcode = 'TC000';
        EXCEPTION
            WHEN sqlstate 'TC000' THEN NULL;
            WHEN OTHERS THEN answer := 'error ' || sqlstate || ' ' || sqlerrm;
        END;
        answers := answers || coalesce(answer, '-');
    END LOOP;
    PERFORM set_config('try.answers', to_json(answers)::text, true);
END
$try$
"""


async def attempt(connection: asyncpg.Connection, statements: list[str]) -> list[str]:
    """The answer to each: the first column of its first row as text, `-` for none, or its error.

    In the caller's context; no statement leaves an effect.
    """
    async with connection.transaction():
        await connection.execute(
            "SELECT set_config('try.statements', $1, true)", json.dumps(statements)
        )
        await connection.execute(_TRY)
        said = await connection.fetchval("SELECT current_setting('try.answers')")
    answers: list[str] = json.loads(said)
    return answers


def quoted(value: Any) -> str:
    """As a literal."""
    match value:
        case bytes():
            return f"'\\x{value.hex()}'::bytea"
        case UUID():
            return f"'{value}'::uuid"
        case list() | tuple():
            return "array[" + ", ".join(map(quoted, value)) + "]::text[]"
        case None:
            return "NULL"
        case int():
            return str(value)
        case _:
            return "'" + str(value).replace("'", "''") + "'"
