"""Every guard goes red when what it guards against is written: a guard that cannot fail guards nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent

_FOLDERS = (
    "contracts",
    "protocol",
    "runtime",
    "services",
    "services/intake",
    "services/release",
    "services/watcher",
    "gateway",
    "cli",
    "database",
)

_BREACHES = {
    "services import the doors": (
        "services/intake/agents.py",
        "import throughcare.gateway",
        "Imports point left",
    ),
    "rules import the shell": (
        "protocol/case.py",
        "import throughcare.runtime",
        "Imports point left",
    ),
    "a folder nobody placed": ("readside/__init__.py", "", "Imports point left"),
    "the shell imports rules": (
        "runtime/loop.py",
        "import throughcare.protocol",
        "The shared shell knows no rule",
    ),
    "services import each other": (
        "services/intake/store.py",
        "import throughcare.services.release",
        "Services meet only on topics",
    ),
    "the doors migrate": (
        "gateway/app.py",
        "import throughcare.database",
        "Only operators migrate",
    ),
    "the watcher shares code": (
        "services/watcher/app.py",
        "from throughcare.runtime import log",
        "The watcher shares no code",
    ),
    "rules wait": ("protocol/deadlines.py", "import asyncio", "do no input or output"),
    "messages ask the clock": ("contracts/events.py", "import time", "do no input or output"),
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The folders of the project with nothing in them, under the project's own rules."""
    package = tmp_path / "throughcare"
    for folder in (".", *_FOLDERS):
        (package / folder).mkdir(parents=True, exist_ok=True)
        (package / folder / "__init__.py").touch()
    (package / "runtime" / "log.py").touch()
    return package


def _lint(tree: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN / "lint-imports", "--no-cache", "--config", ROOT / "pyproject.toml"],
        cwd=tree.parent,
        env={**os.environ, "PYTHONPATH": str(tree.parent)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_bare_tree_breaks_no_import_rule(tree: Path) -> None:
    lint = _lint(tree)

    assert lint.returncode == 0, lint.stdout + lint.stderr


@pytest.mark.parametrize("breach", _BREACHES)
def test_import_rule_goes_red(tree: Path, breach: str) -> None:
    path, content, rule = _BREACHES[breach]
    (tree / path).parent.mkdir(exist_ok=True)
    (tree / path).write_text(content + "\n")

    lint = _lint(tree)

    assert lint.returncode == 1, lint.stdout + lint.stderr
    assert any(rule in line and "BROKEN" in line for line in lint.stdout.splitlines())


def _ruff(path: str, content: str) -> str:
    lint = subprocess.run(
        [BIN / "ruff", "check", "--no-cache", "--stdin-filename", path, "-"],
        cwd=ROOT,
        input=content,
        capture_output=True,
        text=True,
        check=False,
    )
    return lint.stdout


@pytest.mark.parametrize(
    "line",
    [
        "import uuid\n\nx = uuid.uuid4()\n",
        "import uuid\n\nx = uuid.uuid1()\n",
        "import time\n\nx = time.time()\n",
        "from datetime import UTC, datetime\n\nx = datetime.now(UTC)\n",
        "from datetime import datetime\n\nx = datetime.utcnow()\n",
        "from datetime import date\n\nx = date.today()\n",
        "import contracts\n\nx = contracts\n",
        "from runtime import clock\n\nx = clock\n",
    ],
)
def test_only_the_shell_reads_the_clock_and_makes_ids(line: str) -> None:
    assert "TID251" in _ruff("services/intake/agents.py", line)


def test_the_shell_may_read_the_clock() -> None:
    assert "TID251" not in _ruff("runtime/clock.py", "import time\n\nx = time.time()\n")
