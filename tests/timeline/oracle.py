"""The log computed a second time, by the letter of RFC 6962 and of the leaf's form, sharing no code."""

import hashlib
import hmac
from collections.abc import Sequence


def tree_hash(records: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962 §2.1."""
    count = len(records)
    if count == 0:
        return hashlib.sha256().digest()
    if count == 1:
        return hashlib.sha256(b"\x00" + records[0]).digest()
    split = 1
    while split * 2 < count:
        split *= 2
    return hashlib.sha256(
        b"\x01" + tree_hash(records[:split]) + tree_hash(records[split:])
    ).digest()


def path(index: int, records: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 6962 §2.1.1."""
    count = len(records)
    if count == 1:
        return []
    split = 1
    while split * 2 < count:
        split *= 2
    if index < split:
        return [*path(index, records[:split]), tree_hash(records[split:])]
    return [*path(index - split, records[split:]), tree_hash(records[:split])]


def proof(old: int, records: Sequence[bytes], whole: bool = True) -> list[bytes]:
    """PROOF and SUBPROOF of RFC 6962 §2.1.2."""
    count = len(records)
    if old == count:
        return [] if whole else [tree_hash(records)]
    split = 1
    while split * 2 < count:
        split *= 2
    if old <= split:
        return [*proof(old, records[:split], whole), tree_hash(records[split:])]
    return [*proof(old - split, records[split:], False), tree_hash(records[:split])]


def record(kind: str, secret: bytes, message_id: bytes, stored: bytes) -> bytes:
    """A leaf's record from what is kept."""
    salt = hmac.new(secret, message_id, hashlib.sha256).digest()
    commitment = hashlib.sha256(salt + stored).digest()
    return b"throughcare-leaf-v1\n" + kind.encode() + b"\n" + commitment
