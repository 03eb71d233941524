"""Sealing what a person is: one key a case, wrapped by its organisation's key, which is elsewhere.

The database keeps the wrapped key and the sealed details, and can open neither; destroying the
wrapped key makes the details unreadable for everybody, in every copy that was made of them since.
"""

import os
from pathlib import Path
from typing import NamedTuple, Protocol
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from throughcare.runtime.errors import SetupError

_NONCE = 12
_KEY = 32
#: A whole other file is not taken for one of keys.
_MOST_VERSIONS = 8


class SealedError(Exception):
    """It does not open: another key, another place, or not all of it."""


class Wrapped(NamedTuple):
    """A case's key as it may stand in the database."""

    key: bytes
    #: The organisation and the version of its key, `ik-27/3f09c2d1a5b7e846`.
    by: str


class KeyProvider(Protocol):
    """Who holds the organisations' keys: a file here, a key server elsewhere."""

    async def wrap(self, key: bytes, organisation: str, case_ref: UUID) -> Wrapped:
        """Under the newest version of the organisation's key."""
        ...

    async def unwrap(self, wrapped: Wrapped, case_ref: UUID) -> bytes:
        """Raises SealedError where it is not a key that was wrapped here for this case."""
        ...


class KeyFile:
    """All organisations' keys derived from 32 random bytes in a file, which no backup of data holds.

    The file may hold several such versions, one behind the other, the newest first: that one wraps,
    any of them unwraps. A running process reads it again when it was changed.
    """

    def __init__(self, path: Path) -> None:
        """Raises SetupError where the file is none of keys."""
        self._path = path
        self._stamp: tuple[int, ...] = ()
        self._masters: dict[str, bytes] = {}
        try:
            self._load()
        except OSError:
            raise SetupError(
                "The file in THROUGHCARE_VAULT_KEY_FILE cannot be read: check path and rights."
            ) from None

    @classmethod
    def read(cls, path: Path | None) -> "KeyFile":
        if path is None:
            raise SetupError(
                "THROUGHCARE_VAULT_KEY_FILE is not set: name a file of 32 random bytes."
            )
        return cls(path)

    @property
    def newest(self) -> str:
        """The version that wraps; its name says nothing about the key."""
        self._look()
        return next(iter(self._masters))

    async def wrap(self, key: bytes, organisation: str, case_ref: UUID) -> Wrapped:
        by = f"{organisation}/{self.newest}"
        return Wrapped(_seal(self._of(by), key, _key_context(by, case_ref)), by)

    async def unwrap(self, wrapped: Wrapped, case_ref: UUID) -> bytes:
        return _open(self._of(wrapped.by), wrapped.key, _key_context(wrapped.by, case_ref))

    def _of(self, by: str) -> bytes:
        version = by.rpartition("/")[2]
        if version not in self._masters:
            self._look()
        if version not in self._masters:
            raise SealedError
        return _derived(self._masters[version], f"throughcare/vault/organisation/{by}")

    def _look(self) -> None:
        """Read it again if it was changed; while it is half written or gone, what was read stands."""
        try:
            self._load()
        except (OSError, SetupError):
            return

    def _load(self) -> None:
        found = self._path.stat()
        stamp = (found.st_ino, found.st_mtime_ns, found.st_size)
        if stamp != self._stamp:
            self._masters = _versions(self._path.read_bytes())
            self._stamp = stamp


def _versions(content: bytes) -> dict[str, bytes]:
    """By name, the newest first. Raises SetupError."""
    masters = [content[at : at + _KEY] for at in range(0, len(content), _KEY)]
    if not 1 <= len(masters) <= _MOST_VERSIONS or len(masters[-1]) != _KEY:
        raise SetupError(
            "The vault's key file must be 32 random bytes a version, the newest first, "
            f"{_MOST_VERSIONS} versions at most."
        )
    if len(set(masters)) != len(masters):
        raise SetupError("The vault's key file holds a version twice.")
    return {_derived(one, "throughcare/vault/version")[:8].hex(): one for one in masters}


def _derived(master: bytes, info: str) -> bytes:
    return HKDF(SHA256(), _KEY, salt=None, info=info.encode()).derive(master)


class Place(NamedTuple):
    """Where sealed details stand; moved elsewhere they do not open."""

    case_ref: UUID
    data_class: str
    version: int

    @property
    def context(self) -> bytes:
        return (
            f"throughcare/vault/details|{self.case_ref}|{self.data_class}|{self.version}".encode()
        )


def new_key() -> bytes:
    """A key for one case."""
    return AESGCM.generate_key(256)


def seal(key: bytes, plain: bytes, place: Place) -> bytes:
    return _seal(key, plain, place.context)


def unseal(key: bytes, sealed: bytes, place: Place) -> bytes:
    """Raises SealedError where key, place or bytes are not the ones that sealed."""
    return _open(key, sealed, place.context)


def _key_context(by: str, case_ref: UUID) -> bytes:
    return f"throughcare/vault/key|{by}|{case_ref}".encode()


def _seal(key: bytes, plain: bytes, context: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, context)


def _open(key: bytes, sealed: bytes, context: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], context)
    except (InvalidTag, ValueError):
        raise SealedError from None
