"""deploy/make-secrets makes every secret that the compose file mounts, and never touches one twice."""

import subprocess
from pathlib import Path

import pytest

from throughcare.cli.secret_files import read_secret, read_secret_files
from throughcare.runtime.errors import SetupError
from throughcare.runtime.seal import Seal
from throughcare.services.timeline.checkpoint import SigningKey
from throughcare.tests.deploy.compose import ROOT, compose_file


def _make(folder: Path) -> None:
    subprocess.run([ROOT / "deploy/make-secrets", folder], check=True, capture_output=True)


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "secrets"
    _make(folder)
    return folder


def test_every_secret_of_the_compose_file_is_made(secrets: Path) -> None:
    wanted = {Path(secret["file"]).name for secret in compose_file()["secrets"].values()}

    assert {path.name for path in secrets.iterdir()} == wanted


def test_the_keys_are_keys(secrets: Path) -> None:
    seal = Seal.from_file(secrets / "sealing_key")
    key = SigningKey.from_file(secrets / "signing_key")

    assert seal.open(seal.seal(b"said", "here"), "here") == b"said"
    assert str(key.verifier).startswith("throughcare.org/log+")


def test_the_passwords_differ_and_are_long(secrets: Path) -> None:
    passwords = [read_secret(path) for path in secrets.glob("*_password")]

    assert len(set(passwords)) == len(passwords) == 8
    assert min(map(len, passwords)) >= 40


def test_only_the_owner_comes_into_the_folder(secrets: Path) -> None:
    assert secrets.stat().st_mode & 0o777 == 0o700
    # Containers mount single files and read them as users of their own.
    assert all(path.stat().st_mode & 0o777 == 0o644 for path in secrets.iterdir())


def test_a_second_run_changes_nothing(secrets: Path) -> None:
    before = {path.name: path.read_bytes() for path in secrets.iterdir()}

    _make(secrets)

    assert {path.name: path.read_bytes() for path in secrets.iterdir()} == before


def test_git_ignores_the_folder_where_they_stand_by_default() -> None:
    ignored = subprocess.run(
        ["git", "check-ignore", "--quiet", "deploy/secrets/postgres_password"],
        cwd=ROOT,
        check=False,
        capture_output=True,
    )
    if ignored.returncode == 128:
        pytest.skip("not a git checkout")

    assert ignored.returncode == 0


def test_a_password_file_completes_the_url(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("a/b:c@d\n")
    environ = {
        "THROUGHCARE_DATABASE__URL": "postgresql://who@db.invalid:5432/throughcare",
        "THROUGHCARE_DATABASE__PASSWORD_FILE": str(file),
    }

    read_secret_files(environ)

    assert environ == {
        "THROUGHCARE_DATABASE__URL": "postgresql://who:a%2Fb%3Ac%40d@db.invalid:5432/throughcare"
    }


@pytest.mark.parametrize("group", ["SMTP__PASSWORD", "KAFKA__SASL_PASSWORD"])
def test_a_password_file_gives_the_password(tmp_path: Path, group: str) -> None:
    file = tmp_path / "password"
    file.write_text("a/b:c@d\n")
    environ = {f"THROUGHCARE_{group}_FILE": str(file)}

    read_secret_files(environ)

    assert environ == {f"THROUGHCARE_{group}": "a/b:c@d"}


@pytest.mark.parametrize("url", ["postgresql://db/throughcare", "postgresql://who:known@db/t"])
def test_a_password_file_needs_a_url_that_lacks_just_the_password(tmp_path: Path, url: str) -> None:
    file = tmp_path / "password"
    file.write_text("secret")

    with pytest.raises(SetupError, match="needs a user and no password"):
        read_secret_files(
            {
                "THROUGHCARE_DATABASE__URL": url,
                "THROUGHCARE_DATABASE__PASSWORD_FILE": str(file),
            }
        )


def test_a_missing_or_empty_secret_is_said_without_showing_others(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")

    with pytest.raises(SetupError, match="cannot be read"):
        read_secret(tmp_path / "missing")
    with pytest.raises(SetupError, match="is empty"):
        read_secret(tmp_path / "empty")
