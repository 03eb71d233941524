"""Each rule stands once: every command has roles and a decision, every no has a sentence."""

import ast
from pathlib import Path
from typing import get_args

import pytest

from throughcare.contracts.codes import RECEIVER_TYPES, ROLES, DeadlineCode, Role
from throughcare.contracts.commands import OWNER
from throughcare.contracts.events import WRITER
from throughcare.contracts.intake_events import INTAKE_EVENTS
from throughcare.contracts.kinds import Event
from throughcare.contracts.release_events import RELEASE_EVENTS
from throughcare.protocol import intake, release
from throughcare.protocol.intake.state import IntakeEvent
from throughcare.protocol.refusals import HELD, REFUSALS, SUPERSEDED
from throughcare.protocol.release.finish import _KEPT_BY
from throughcare.protocol.release.fold import ReleaseEvent
from throughcare.protocol.roles import MAY
from throughcare.tests.protocol.story import given

ROOT = Path(release.__file__).parents[1]


def _codes(name: str) -> set[str]:
    """Every code given to `name(...)` in the protocol's source."""
    found: set[str] = set()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) == name:
                found.update(str(a.value) for a in node.args if isinstance(a, ast.Constant))
    return found


def test_every_fact_and_command_has_roles_and_one_decision() -> None:
    assert set(MAY) == set(OWNER)
    for name, module in (("intake", intake), ("release", release)):
        assert set(module._DECIDE) == {kind for kind, half in OWNER.items() if half == name}


def test_every_event_of_a_half_is_folded_by_it() -> None:
    assert set(get_args(IntakeEvent)) == set(INTAKE_EVENTS)
    assert set(get_args(ReleaseEvent)) == set(RELEASE_EVENTS)


def test_no_is_said_with_a_code_that_has_a_sentence_and_no_sentence_is_idle() -> None:
    assert _codes("Refused") == set(REFUSALS)
    assert _codes("Superseded") == set(SUPERSEDED)
    assert _codes("Held") == set(HELD)


def test_a_refusal_says_its_rule_in_two_languages() -> None:
    for refusal in REFUSALS.values():
        assert refusal.en.endswith(".")
        assert refusal.ru.endswith(".")
        assert refusal.rule
        assert any("а" <= letter <= "я" for letter in refusal.ru.lower())
        assert refusal.answer in ("conflict", "unprocessable", "forbidden")


def test_no_sentence_says_what_the_support_is_for() -> None:
    for refusal in REFUSALS.values():
        text = f"{refusal.en} {refusal.ru}".lower()
        for word in ("drug", "addict", "methadone", "hiv", "narco", "нарко", "вич", "метадон"):
            assert word not in text


def test_no_role_of_police_or_of_a_register_exists() -> None:
    for role in ROLES:
        assert not any(word in role for word in ("police", "internal", "register", "interior"))
    assert set(RECEIVER_TYPES) <= set(get_args(Role))


def test_every_deadline_knows_what_keeps_it() -> None:
    assert set(_KEPT_BY) == set(get_args(DeadlineCode))


@pytest.mark.parametrize("half", [intake, release])
def test_an_event_that_is_not_the_halfs_own_is_not_folded(half: object) -> None:
    class Stray(Event):
        """Never registered: it has no name."""

    WRITER[Stray] = "intake" if half is intake else "release"
    try:
        with pytest.raises(AssertionError):
            given(Stray())
    finally:
        del WRITER[Stray]
