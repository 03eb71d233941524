"""Named SQL: `-- name --`, a sentence that says what it is for, the statement.

Every statement of ours stands in a `.sql` file beside the code that uses it.
"""

import re
from importlib.resources import files

_HEAD = re.compile(r"^-- ([a-z][a-z0-9_]*) --\n-- (\S.*)\n", re.MULTILINE)


class Queries:
    """The statements of one `.sql` file, by name."""

    def __init__(self, text: str, origin: str) -> None:
        self._statements: dict[str, str] = {}
        heads = list(_HEAD.finditer(text))
        for head, following in zip(heads, [*heads[1:], None], strict=True):
            name = head[1]
            if name in self._statements:
                raise ValueError(f"{origin}: two statements are called {name}")
            statement = text[head.end() : following.start() if following else None].strip()
            self._statements[name] = statement

    def __getitem__(self, name: str) -> str:
        return self._statements[name]

    def names(self) -> list[str]:
        return list(self._statements)

    def for_schema(self, schema: str) -> "Queries":
        """The same statements for one service's tables: `{schema}` stands in for its name."""
        return self._with("{schema}", schema)

    def for_table(self, table: str) -> "Queries":
        """The same statements for one of several tables of one shape: `{table}` stands in for it."""
        return self._with("{table}", table)

    def _with(self, place: str, name: str) -> "Queries":
        assert name.isidentifier()
        made = Queries.__new__(Queries)
        made._statements = {
            key: statement.replace(place, name) for key, statement in self._statements.items()
        }
        return made


def load(package: str, file: str = "queries.sql") -> Queries:
    """Read `file` from `package`, e.g. `load("throughcare.services.release")`."""
    return Queries(files(package).joinpath(file).read_text("utf-8"), f"{package}/{file}")
