"""The image holds what the wheel ships, and what is installed there is enough to run it."""

import re
import shutil
import subprocess
import sys
import tomllib
import venv
from fnmatch import fnmatch
from pathlib import Path

import pytest

from throughcare.cli.services import SERVICES, module_of
from throughcare.tests.deploy.compose import ROOT

_DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text()
_COPIED = [
    source
    for line in re.findall(r"^COPY (?!--from)(.+)$", _DOCKERFILE, re.MULTILINE)
    for source in line.split()[:-1]
]


def test_the_image_gets_every_folder_that_the_wheel_ships() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    shipped = pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]

    assert set(shipped) <= set(_COPIED)


@pytest.mark.parametrize("source", _COPIED)
def test_what_is_copied_exists_and_reaches_the_builder(source: str) -> None:
    allowed = [
        line.removeprefix("!").rstrip("/")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    ]

    assert (ROOT / source).exists()
    assert source in allowed


@pytest.mark.parametrize(
    "path", [".git/config", ".env", "deploy/secrets/postgres_password", ".throughcare/secrets.json"]
)
def test_secrets_and_data_never_reach_the_builder(path: str) -> None:
    allowed = [
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    ]

    assert not any(fnmatch(path, pattern) for pattern in allowed)


def test_the_image_runs_as_nobody_of_importance() -> None:
    users = re.findall(r"^USER (\S+)$", _DOCKERFILE, re.MULTILINE)

    assert users
    assert int(users[-1].split(":")[0]) >= 10_000


@pytest.mark.long
@pytest.mark.timeout(600)
def test_the_wheel_and_the_runtime_lock_are_all_that_the_services_need(tmp_path: Path) -> None:
    """The steps of the Dockerfile, in a virtual environment instead of an image."""
    source = tmp_path / "source"
    source.mkdir()
    for name in _COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name)
        else:
            shutil.copy(ROOT / name, source)
    venv.create(tmp_path / "image", with_pip=True)
    python = tmp_path / "image" / "bin" / "python"

    def pip(*arguments: str | Path) -> None:
        subprocess.run([python, "-m", "pip", "--quiet", *arguments], check=True, cwd=tmp_path)

    pip("wheel", "--no-deps", "--wheel-dir", tmp_path / "wheel", source)
    pip("install", "--require-hashes", "--requirement", ROOT / "requirements/runtime.lock")
    pip("install", "--no-deps", "--no-index", *(tmp_path / "wheel").glob("*.whl"))

    modules = [module_of(service) for service in SERVICES]
    modules += ["throughcare.cli.prepare", "throughcare.cli.healthcheck"]
    subprocess.run([python, "-P", "-c", f"import {', '.join(modules)}"], check=True, cwd=tmp_path)
    told = subprocess.run(
        [tmp_path / "image" / "bin" / "throughcare", "--help"],
        check=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert "prepare" in told.stdout
    assert sys.version_info[:2] >= (3, 11)
