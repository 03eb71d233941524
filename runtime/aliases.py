"""A party's name for a case, as the database holds it: hidden, since it may be the number of a person's file.

Each party has names of its own: the same reference of two parties looks different.
"""

from typing import overload

from throughcare.runtime.seal import Seal


def hide(seal: Seal, party: str, alias: str) -> bytes:
    """As it is written, and looked for."""
    return seal.hide(alias, f"aliases/{party}")


@overload
def read(seal: Seal, party: str, hidden: bytes) -> str: ...
@overload
def read(seal: Seal, party: str, hidden: None) -> None: ...
def read(seal: Seal, party: str, hidden: bytes | None) -> str | None:
    """What the party calls the case. Raises ValueError where it was hidden for another, or by another key."""
    return None if hidden is None else seal.find(hidden, f"aliases/{party}")
