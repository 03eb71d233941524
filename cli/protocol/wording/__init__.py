"""The words of the protocol by language: one file each, the same keys in all."""

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from throughcare.protocol.machines import Table
from throughcare.protocol.profiles.reading import Problem
from throughcare.runtime.errors import SetupError

LANGUAGES = ("en", "ru")
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def words(language: str) -> dict[str, Any]:
    """Raises SetupError for a language without a file."""
    if language not in LANGUAGES:
        raise SetupError(f"The protocol speaks {' and '.join(LANGUAGES)}, not {language}.")
    text = files(__name__).joinpath(f"{language}.yaml").read_text("utf-8")
    found: dict[str, Any] = yaml.load(text, _Loader)
    return found


def untold(table: Table, file: str, language: str) -> list[Problem]:
    """Machines, states and events of a table that have no word in a language."""
    known = words(language)
    problems = []
    for name, machine in table.machines.items():
        if name not in known["machines"]:
            problems.append(Problem(file, machine.line, f"{name} has no title in {language}"))
        for state in machine.states:
            if state not in known["states"].get(name, {}):
                said = f"{name}: the state {state} has no word in {language}"
                problems.append(Problem(file, machine.line, said))
        for row in machine.rows:
            if row.event not in known["events"]:
                said = f"{name}: {row.event} has no word in {language}"
                problems.append(Problem(file, row.line, said))
    return problems


def count(number: int, forms: list[str], language: str) -> str:
    """A number with its noun: `5 дней`, `1 day`."""
    if language != "ru":
        return f"{number} {forms[0] if number == 1 else forms[1]}"
    tens, ones = number % 100 // 10, number % 10
    if tens == 1 or ones == 0 or ones > 4:
        return f"{number} {forms[2]}"
    return f"{number} {forms[0] if ones == 1 else forms[1]}"
