"""Checkpoints: a size and a root, signed (C2SP tlog-checkpoint in a C2SP signed-note, Ed25519).

throughcare.org/log
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— throughcare.org/log Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
"""

import base64
import binascii
import contextlib
import os
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from throughcare.runtime.errors import SetupError

ORIGIN = "throughcare.org/log"
_ED25519 = b"\x01"
_LONGEST_NOTE = 64 * 1024
_MOST_SIGNATURES = 16


class NoteError(ValueError):
    """A text that is no checkpoint of this log, or whose signature does not hold."""


class Checkpoint(NamedTuple):
    """What is signed: the first `size` leaves have this root."""

    size: int
    root: bytes

    def body(self) -> str:
        return f"{ORIGIN}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


class VerifierKey:
    """The public half, pinned by whoever checks: `name+hash+base64` (a C2SP vkey)."""

    def __init__(self, public: bytes, name: str = ORIGIN) -> None:
        self.name = name
        self._raw = public
        self._public = Ed25519PublicKey.from_public_bytes(public)
        self.key_id = sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(_ED25519 + self._raw).decode()}"

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Raises NoteError where the text is no such key or its hash does not fit."""
        try:
            name, key_hash, encoded = text.strip().split("+", 2)
            raw = base64.b64decode(encoded, validate=True)
            key = cls(raw[1:], name)
        except (ValueError, binascii.Error):
            raise NoteError("this is no verifier key (name+hash+key)") from None
        if raw[:1] != _ED25519 or key.key_id.hex() != key_hash:
            raise NoteError("the verifier key's hash does not fit")
        return key

    def open(self, note: str) -> Checkpoint:
        """The checkpoint in a note that this key signed. Raises NoteError otherwise.

        Signatures of others are ignored, as C2SP says; one of ours that does not hold is not.
        """
        if len(note) > _LONGEST_NOTE:
            raise NoteError("the note is too long")
        body, blank, tail = note.partition("\n\n")
        lines = tail.split("\n")
        if not blank or lines[-1] or not 1 < len(lines) <= _MOST_SIGNATURES + 1:
            raise NoteError("the note is not signed")
        checkpoint = _read_body(body + "\n")
        signed = False
        for line in lines[:-1]:
            if line.count(" ") != 2 or not line.startswith("— "):
                raise NoteError("a signature line cannot be read")
            _, name, encoded = line.split(" ")
            if name != self.name or not self._is_ours(encoded):
                continue
            if not self.holds(body + "\n", encoded):
                raise NoteError("the signature does not hold")
            signed = True
        if not signed:
            raise NoteError("the pinned key did not sign this note")
        return checkpoint

    def _is_ours(self, encoded: str) -> bool:
        return _signature(encoded)[:4] == self.key_id

    def holds(self, text: str, encoded: str) -> bool:
        """Whether a signature, as a note carries it, is this key's over that text."""
        signature = _signature(encoded)
        try:
            self._public.verify(signature[4:], text.encode())
        except InvalidSignature:
            return False
        return signature[:4] == self.key_id


def _signature(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error):
        raise NoteError("a signature line cannot be read") from None


def _read_body(body: str) -> Checkpoint:
    lines = body.split("\n")
    if len(lines) != 4 or lines[0] != ORIGIN:
        raise NoteError("the note is no checkpoint of this log")
    try:
        size = int(lines[1])
        root = base64.b64decode(lines[2], validate=True)
    except (ValueError, binascii.Error):
        raise NoteError("size or root cannot be read") from None
    checkpoint = Checkpoint(size, root)
    # One form only: no leading zeros, no other base64 of the same bytes.
    if size < 0 or len(root) != 32 or checkpoint.body() != body:
        raise NoteError("size or root cannot be read")
    return checkpoint


class SigningKey:
    """The private half. Only the timeline process reads it; it does not stand in the database."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.verifier = VerifierKey(private.public_key().public_bytes_raw())

    @classmethod
    def from_file(cls, path: Path | None) -> "SigningKey":
        if path is None:
            raise SetupError(
                "THROUGHCARE_SIGNING_KEY_FILE is not set: name the Ed25519 key that signs the log."
            )
        try:
            private = serialization.load_pem_private_key(path.read_bytes(), None)
        except (OSError, ValueError):
            raise SetupError(
                "The file in THROUGHCARE_SIGNING_KEY_FILE cannot be read as a PEM key: "
                "check path and rights."
            ) from None
        if not isinstance(private, Ed25519PrivateKey):
            raise SetupError("The key in THROUGHCARE_SIGNING_KEY_FILE is no Ed25519 key.")
        return cls(private)

    def sign(self, checkpoint: Checkpoint) -> str:
        """The whole note."""
        body = checkpoint.body()
        signature = self.verifier.key_id + self._private.sign(body.encode())
        return f"{body}\n— {self.verifier.name} {base64.b64encode(signature).decode()}\n"


def public_key_file(path: Path) -> Path:
    """Where the public half of the key in `path` stands."""
    return path.with_name(path.name + ".pub")


def make_key(path: Path) -> VerifierKey:
    """Make a signing key in `path` (PEM, only the owner reads it) and its public half beside it.

    Where there is one already it stays as it is. Returns the public half.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        pem = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        made = path.with_name(f"{path.name}.{os.getpid()}")
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(made, path)  # two who make one at once keep the first
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return show_public(path)


def show_public(path: Path) -> VerifierKey:
    """Put the public half of a key beside it, where it is not there yet; returns it."""
    verifier = SigningKey.from_file(path).verifier
    # A folder of secrets that cannot be written to is as good: whoever can read the key knows it.
    with contextlib.suppress(OSError), public_key_file(path).open("x") as file:
        file.write(f"{verifier}\n")
    return verifier


def pinned(path: Path) -> VerifierKey:
    """The public half of the key in `path`, from the file beside it where there is one.

    Whoever verifies from afar pins what they were given, not what they find here.
    """
    public = public_key_file(path)
    return read_verifier(public) if public.exists() else SigningKey.from_file(path).verifier


def read_verifier(path: Path) -> VerifierKey:
    """The pinned public half from a file. Raises SetupError in one sentence."""
    try:
        return VerifierKey.parse(path.read_text())
    except (OSError, UnicodeDecodeError):
        raise SetupError(f"The public key {path} cannot be read.") from None
    except NoteError as error:
        raise SetupError(f"The public key {path} cannot be used: {error}.") from None
