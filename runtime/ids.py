"""Where ids come from: the only module that makes them."""

import os
import re
import secrets
import time
import uuid

#: Digits and consonants that are hard to confuse or to read as a word; the prime 23 makes the check digit sound.
_ALPHABET = "23456789BCDFGHJKMNPQRST"
_NAMESPACE = uuid.UUID("0c1f7f2e-6f5e-4f57-9a53-8c1d8ff0f3aa")


def new_id() -> uuid.UUID:
    """A UUIDv7 (RFC 9562): 48 bits of real time in ms, then random."""
    value = time.time_ns() // 1_000_000 << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF000 << 64) | 0x7000 << 64
    value = value & ~(0xC000 << 48) | 0x8000 << 48
    return uuid.UUID(int=value)


def new_case_ref() -> uuid.UUID:
    """Random, one an episode, derived from nothing."""
    return uuid.UUID(int=secrets.randbits(128))


def derived_id(*parts: object) -> uuid.UUID:
    """The same id for the same parts: what may be sent twice is then taken once."""
    return uuid.uuid5(_NAMESPACE, ":".join(map(str, parts)))


def new_code() -> str:
    """A short code for a case, `K7FQ-2MPX`: seven random symbols and a check symbol.

    23^7 are 3.4 thousand million; unique among one party's live cases is all it has to be.
    """
    return _code(7)


def new_person_code() -> str:
    """A code that only the person holds: five groups of four, nineteen random symbols (85 bits) and a check symbol."""
    return _code(19)


def _code(length: int) -> str:
    symbols = [secrets.randbelow(len(_ALPHABET)) for _ in range(length)]
    return spelt("".join(_ALPHABET[symbol] for symbol in (*symbols, _check_symbol(symbols))))


def spelt(text: str) -> str:
    """A code as it is printed, however it was typed: capitals, in groups of four."""
    plain = re.sub(r"[\W_]", "", text).upper()
    return "-".join(plain[place : place + 4] for place in range(0, len(plain), 4))


def new_key(prefix: str) -> str:
    """An API key: 256 random bits behind a prefix that leak scanners can look for."""
    return prefix + secrets.token_urlsafe(32)


def is_code(text: str, length: int = 8) -> bool:
    """Whether the check symbol of a code fits: finds each single slip and each swap of neighbours."""
    plain = text.replace("-", "").upper()
    if len(plain) != length or any(letter not in _ALPHABET for letter in plain):
        return False
    symbols = [_ALPHABET.index(letter) for letter in plain]
    return _check_symbol(symbols[:-1]) == symbols[-1]


def _check_symbol(symbols: list[int]) -> int:
    weighted = sum(weight * symbol for weight, symbol in enumerate(symbols, start=2))
    return weighted % len(_ALPHABET)
