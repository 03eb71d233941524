"""Leaves: what stands in the log, and how a leaf commits to stored bytes without showing them.

    salt       = HMAC-SHA256(secret of the case, message id)
    commitment = SHA-256(salt ‖ stored bytes)
    record     = "throughcare-leaf-v1" LF kind LF commitment
    leaf       = SHA-256(0x00 ‖ record)                                (RFC 6962)

A record shows its kind and nothing else. Who holds secret and bytes can prove a leaf; once the
secret is destroyed nobody can try bytes against it, and the leaf stays what it is.
"""

from enum import StrEnum
from functools import cache
from hashlib import sha256
from typing import Any
from uuid import UUID

from throughcare.contracts import outcomes
from throughcare.contracts.kinds import Data

#: Stands for the case where none is known; its secret salts what concerns no case and never dies.
NO_CASE = UUID(int=0)
_PREFIX = b"throughcare-leaf-v1\n"
_BLOCK = 64
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


class LeafKind(StrEnum):
    """Every kind of leaf there is, named from the first day; the table knows the same list."""

    EVENT = "event"
    REFUSAL = "refusal"
    SUPERSEDED = "superseded"
    HELD = "held"
    PARKED = "parked"
    NO_CASE = "no-case"
    DEAD_LETTER = "dead-letter"
    DEAD_LETTER_REPLAYED = "dead-letter-replayed"
    DEAD_LETTER_DISCARDED = "dead-letter-discarded"
    READ = "read"
    DENIED = "denied"
    EXPORT = "export"
    FORGOTTEN = "forgotten"
    KEY_CHANGED = "key-changed"
    ENTERED = "entered"
    DISCLOSED = "disclosed"
    EMERGENCY = "emergency"
    CODE_GIVEN = "code-given"


_OF_OUTCOME: dict[type[Data], LeafKind] = {
    outcomes.Refused: LeafKind.REFUSAL,
    outcomes.Superseded: LeafKind.SUPERSEDED,
    outcomes.Held: LeafKind.HELD,
    outcomes.Parked: LeafKind.PARKED,
    outcomes.NoCase: LeafKind.NO_CASE,
    outcomes.DeadLettered: LeafKind.DEAD_LETTER,
}


def kind_of(data: Data) -> LeafKind | None:
    """The leaf a message makes; None: it makes none.

    `decided` makes none: its events are leaves themselves, and where it has no events nothing
    happened. Every other outcome is a leaf, since nothing else would show it.
    """
    if data.kind == "event":
        return LeafKind.EVENT
    return _OF_OUTCOME.get(type(data))


def salt_owner(kind: str, case_ref: UUID) -> UUID:
    """Whose secret salts a leaf. That a case was forgotten must stay provable without its secret."""
    return NO_CASE if kind == LeafKind.FORGOTTEN else case_ref


class Salts:
    """Commitments under one secret. Keeps HMAC's two inner states: half the time of `hmac.digest`."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, secret: bytes) -> None:
        block = secret.ljust(_BLOCK, b"\0")
        self._inner: Any = sha256(block.translate(_INNER))
        self._outer: Any = sha256(block.translate(_OUTER))

    def commitment(self, message_id: bytes, stored: bytes) -> bytes:
        inner = self._inner.copy()
        inner.update(message_id)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return sha256(outer.digest() + stored).digest()


@cache
def leaf_prefix(kind: str) -> bytes:
    """What is hashed before the commitment."""
    return b"\x00" + _PREFIX + kind.encode() + b"\n"


def leaf_of(kind: str, commitment: bytes) -> bytes:
    """The leaf's hash."""
    return sha256(leaf_prefix(kind) + commitment).digest()
