"""The table in this folder's README: each unhappy path and each acceptance scenario has its journey.

Kept as text, so that a row that lost its test, or a test that lost its row, is seen at once.
"""

import ast
import re
from pathlib import Path
from string import ascii_uppercase

HERE = Path(__file__).parent
#: Paths A to W and scenarios 1 to 15 of the protocol's description.
ROWS = [f"Path {letter}" for letter in ascii_uppercase[:23]]
ROWS += [f"Scenario {number}" for number in range(1, 16)]

_NAMED = re.compile(r"(?:Path [A-W]|Scenario \d+)(?=[.:])")
_LINE = re.compile(r"^\| ((?:Path [A-W])|(?:Scenario \d+)) \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)
_TEST = re.compile(r"`([a-z0-9_]+)`")


def _rows_of(test: ast.AsyncFunctionDef | ast.FunctionDef) -> set[str]:
    """What a test says it stands for: `@history("Path D")`, or its docstring's first words."""
    rows = {
        argument.value
        for call in test.decorator_list
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "history"
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }
    named = _NAMED.match(ast.get_docstring(test) or "")
    return rows | ({named[0]} if named else set())


def _journeys() -> dict[str, set[str]]:
    return {
        test.name: _rows_of(test)
        for file in HERE.glob("test_*.py")
        for test in ast.parse(file.read_text("utf-8")).body
        if isinstance(test, ast.AsyncFunctionDef | ast.FunctionDef)
        and test.name.startswith("test_")
    }


def _table() -> dict[str, str]:
    return dict(_LINE.findall((HERE / "README.md").read_text("utf-8")))


def test_no_path_and_no_scenario_is_forgotten() -> None:
    told = {row for rows in _journeys().values() for row in rows}
    table = _table()

    assert list(table) == ROWS
    without = {row for row in ROWS if row not in told}
    # A row without a journey says in the table what it waits for.
    assert without == {row for row, cell in table.items() if cell.startswith("later: ")}
    assert told <= set(ROWS)


def test_the_table_names_the_journeys_that_name_the_row() -> None:
    journeys = _journeys()

    for row, cell in _table().items():
        named = set(_TEST.findall(cell))
        assert named == {test for test, rows in journeys.items() if row in rows}, row
