"""Values of a profile as people write them."""

from collections.abc import Sequence
from typing import Any

from throughcare.cli.protocol.wording import count
from throughcare.protocol.profiles.model import Profile


def plain(value: Any, words: dict[str, Any], language: str) -> str:
    """A value in words; empty where none is known."""
    match value:
        case None:
            return ""
        case bool():
            return str(words["values"][str(value).lower()])
        case {"amount": int(amount), "unit": str(unit)}:
            return count(amount, words["units"][unit], language)
        case dict() if {"en", "ru"} & set(value):
            return str(value.get(language, value.get("en", "")))
        case dict():
            parts = ((name, plain(part, words, language)) for name, part in value.items())
            return "; ".join(f"{_name(name, words)}: {part}" for name, part in parts if part)
        case list():
            return ", ".join(plain(one, words, language) for one in value)
        case str():
            return _name(value, words)
        case _:
            return str(value)


def _name(code: str, words: dict[str, Any]) -> str:
    for group in ("values", "roles", "services", "parts"):
        if code in words[group]:
            return str(words[group][code])
    return code


#: What the steps of a deadline count; all others count days.
_HOURS = frozenset({"D17", "D23"})


def deadline_times(profile: Profile, code: str, words: dict[str, Any], language: str) -> str:
    """Every time of a deadline with what it is for."""
    prefix = f"deadlines.{code}."
    said = []
    for name, key in profile.by_name.items():
        part = name.removeprefix(prefix)
        if not name.startswith(prefix) or part.startswith("escalates"):
            continue
        if part == "steps":
            said.append(_marks(code, key.value, words, language))
            continue
        time = _time(part, key.value, words, language)
        said.append(time if part == "days" else f"{words['parts'][part]}: {time}")
    if code in ("D19", "D21"):
        days = profile.weekly_checks if code == "D19" else profile.later_checks
        said.append(_marks(code, days, words, language))
    return "; ".join(said) or "—"


def _marks(code: str, steps: Sequence[int], words: dict[str, Any], language: str) -> str:
    unit = words["units"]["h" if code in _HOURS else "day"]
    return f"{words['parts']['steps']}: {', '.join(count(one, unit, language) for one in steps)}"


def _time(part: str, value: Any, words: dict[str, Any], language: str) -> str:
    match value:
        case {"amount": 0, "unit": "h"}:
            return str(words["at_once"])
        case {"amount": 0}:
            return str(words["same_day"])
        case {"amount": int(), "unit": str()}:
            return plain(value, words, language)
        case dict():
            parts = ((words["parts"][name], name, one) for name, one in value.items())
            return "; ".join(
                f"{to}: {_time(name, one, words, language)}" for to, name, one in parts
            )
        case int() if part in ("lost_days", "confirmed_days", "reached_since_day"):
            return str(value)
        case _:
            return count(value, words["units"]["day"], language)
