"""Sealing: AES-256-GCM under one key of the deployment, for bytes that must not be read in the database.

Marks, under a key derived from it, for what must be found again and not be read; hidden texts (AES-SIV, RFC 5297),
under another, for what must be found again and be read by who has the key.
"""

import hmac
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV

from throughcare.runtime.errors import SetupError

_NONCE = 12


class Seal:
    """Seals and opens; `context` binds the sealed bytes to their place."""

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise SetupError(
                "The sealing key must be 32 bytes: make a new file with `throughcare up`."
            )
        self._cipher = AESGCM(key)
        self._marks = hmac.digest(key, b"throughcare/marks", "sha256")
        self._hiding = AESSIV(hmac.digest(key, b"throughcare/hiding", "sha512"))

    @classmethod
    def from_file(cls, path: Path | None) -> "Seal":
        if path is None:
            raise SetupError(
                "THROUGHCARE_SEALING_KEY_FILE is not set: name a file of 32 random bytes."
            )
        try:
            return cls(path.read_bytes())
        except OSError:
            raise SetupError(
                "The file in THROUGHCARE_SEALING_KEY_FILE cannot be read: check path and rights."
            ) from None

    def seal(self, plain: bytes, context: str) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, plain, context.encode())

    def mark(self, text: str, context: str) -> bytes:
        """The same for the same text in the same place; without the key nobody can try texts."""
        return hmac.digest(self._marks, f"{context}\0{text}".encode(), "sha256")

    def hide(self, text: str, context: str) -> bytes:
        """The same for the same text in the same place, so that equal means equal."""
        return self._hiding.encrypt(text.encode(), [context.encode()])

    def find(self, hidden: bytes, context: str) -> str:
        """Raises ValueError where key, context or bytes are not the ones that hid it."""
        try:
            return self._hiding.decrypt(hidden, [context.encode()]).decode()
        except InvalidTag:
            raise ValueError("cannot be found again") from None

    def open(self, sealed: bytes, context: str) -> bytes:
        """Raises ValueError where key, context or bytes are not the ones that sealed."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], context.encode())
        except InvalidTag:
            raise ValueError("cannot be opened") from None
