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
_VERSION = "1"


class SealedError(Exception):
    """It does not open: another key, another place, or not all of it."""


class Wrapped(NamedTuple):
    """A case's key as it may stand in the database."""

    key: bytes
    #: The organisation and the version of its key, `ik-27/1`.
    by: str


class KeyProvider(Protocol):
    """Who holds the organisations' keys: a file here, a key server elsewhere."""

    async def wrap(self, key: bytes, organisation: str, case_ref: UUID) -> Wrapped: ...

    async def unwrap(self, wrapped: Wrapped, case_ref: UUID) -> bytes:
        """Raises SealedError where it is not a key that was wrapped here for this case."""
        ...


class KeyFile:
    """All organisations' keys derived from 32 random bytes in a file, which no backup of data holds."""

    def __init__(self, master: bytes) -> None:
        if len(master) != _KEY:
            raise SetupError(
                "The vault key must be 32 bytes: make a new file with `throughcare up`."
            )
        self._master = master

    @classmethod
    def read(cls, path: Path | None) -> "KeyFile":
        if path is None:
            raise SetupError(
                "THROUGHCARE_VAULT_KEY_FILE is not set: name a file of 32 random bytes."
            )
        try:
            return cls(path.read_bytes())
        except OSError:
            raise SetupError(
                "The file in THROUGHCARE_VAULT_KEY_FILE cannot be read: check path and rights."
            ) from None

    async def wrap(self, key: bytes, organisation: str, case_ref: UUID) -> Wrapped:
        by = f"{organisation}/{_VERSION}"
        return Wrapped(_seal(self._of(by), key, _key_context(by, case_ref)), by)

    async def unwrap(self, wrapped: Wrapped, case_ref: UUID) -> bytes:
        return _open(self._of(wrapped.by), wrapped.key, _key_context(wrapped.by, case_ref))

    def _of(self, by: str) -> bytes:
        info = f"throughcare/vault/organisation/{by}".encode()
        return HKDF(SHA256(), _KEY, salt=None, info=info).derive(self._master)


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
