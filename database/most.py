"""The most that a role may ever have, out of the protocol's table into the vault, where no mistake opens more.

Loaded at every migration, so that the database is as wide as the table that came with the code.
"""

from collections.abc import Iterator

from sqlalchemy import Connection
from sqlalchemy.util import await_only

from throughcare.protocol.disclosure import TABLE, in_emergency

#: Classes that the vault holds; the others are what a timeline tells.
_SEALED = ("P1", "P2", "P3", "P4")
_PUT = """
WITH said AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS s (part, role, data_class, holds)
), gone AS (
    DELETE FROM vault.most m WHERE NOT EXISTS (
        SELECT FROM said s WHERE (s.part, s.role, s.data_class) = (m.part, m.role, m.data_class))
)
INSERT INTO vault.most SELECT * FROM said
ON CONFLICT (part, role, data_class) DO UPDATE SET holds = excluded.holds
"""


def rows() -> Iterator[tuple[str, str, str, str]]:
    """Part of the table, role, class, and what the role stands on."""
    for part, rules in (("receives", TABLE.receives), ("enters", TABLE.enters)):
        for role, rule in rules.items():
            yield from ((part, role, one, rule.holds) for one in _SEALED if one in rule.classes)
    for role in TABLE.emergency:
        rule = in_emergency(role)
        yield from (("emergency", role, one, rule.holds) for one in _SEALED if one in rule.classes)


def put_most(connection: Connection) -> None:
    """In the migration's transaction."""
    driver = connection.connection.driver_connection
    assert driver is not None
    await_only(driver.execute(_PUT, *map(list, zip(*rows(), strict=True))))
