"""Secrets that stand in files, as containers mount them: read once, before anything looks."""

from collections.abc import MutableMapping
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from throughcare.runtime.errors import SetupError

_DOOR_PASSWORD = "THROUGHCARE_DATABASE__DOOR_PASSWORD_FILE"
#: File variables that give the variable of the same name without `_FILE`.
_WHOLE = ("THROUGHCARE_SMTP__PASSWORD_FILE", "THROUGHCARE_KAFKA__SASL_PASSWORD_FILE")


def read_secret_files(environ: MutableMapping[str, str]) -> None:
    """Put the passwords that files hold where the settings are read from.

    THROUGHCARE_DATABASE__PASSWORD_FILE completes THROUGHCARE_DATABASE__URL, and
    THROUGHCARE_DATABASE__DOOR_PASSWORD_FILE completes THROUGHCARE_DATABASE__DOOR_URL;
    THROUGHCARE_SMTP__PASSWORD_FILE gives THROUGHCARE_SMTP__PASSWORD, and
    THROUGHCARE_KAFKA__SASL_PASSWORD_FILE gives THROUGHCARE_KAFKA__SASL_PASSWORD.
    """
    for variable in ("THROUGHCARE_DATABASE__PASSWORD_FILE", _DOOR_PASSWORD):
        if file := environ.pop(variable, ""):
            _complete(environ, variable, variable.replace("PASSWORD_FILE", "URL"), Path(file))
    for variable in _WHOLE:
        if file := environ.pop(variable, ""):
            environ[variable.removesuffix("_FILE")] = read_secret(Path(file))


def _complete(environ: MutableMapping[str, str], variable: str, named: str, file: Path) -> None:
    parts = urlsplit(environ.get(named, ""))
    if parts.username is None or parts.password is not None:
        raise SetupError(
            f"{variable} needs a user and no password in {named}: "
            "postgresql://USER@HOST:5432/throughcare."
        )
    place = parts.netloc.rpartition("@")[2]
    login = f"{quote(parts.username, safe='')}:{quote(read_secret(file), safe='')}"
    environ[named] = urlunsplit(parts._replace(netloc=f"{login}@{place}"))


def read_secret(file: Path) -> str:
    """What a file holds, without the line end that editors leave. Raises SetupError."""
    try:
        secret = file.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise SetupError(
            f"The secret in {file} cannot be read: check that the file is there, and its rights."
        ) from None
    if not secret:
        raise SetupError(f"The secret in {file} is empty: make it anew with deploy/make-secrets.")
    return secret
