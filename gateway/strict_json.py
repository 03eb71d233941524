"""JSON from strangers: bounded before it is parsed, and nothing in it that later surprises.

Refused: what is not UTF-8, names that stand twice, NaN and infinities, numbers beyond 64 bits,
nesting beyond `_DEPTH`, control characters and lone surrogates in any text.
"""

import json
import math
import re
from typing import Any

from throughcare.gateway.problems import RefusedError

_DEPTH = 16
_DIGITS = 18
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_NOT_TEXT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufeff\u2028-\u202e\u2066-\u2069]")


def loads(raw: bytes) -> Any:
    """Parse; raises RefusedError with the stage `decode`."""
    _bound_depth(raw)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise RefusedError("not-utf8", "decode") from None
    try:
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_constant,
        )
    except (json.JSONDecodeError, RecursionError):
        raise RefusedError("not-json", "decode") from None
    check_text(value)
    return value


def check_text(value: Any) -> None:
    """Refuse what is no text anywhere in a value, member names included."""
    match value:
        case str():
            if _NOT_TEXT.search(value):
                raise RefusedError("control-character", "decode")
        case dict():
            for name, member in value.items():
                check_text(name)
                check_text(member)
        case list():
            for member in value:
                check_text(member)


def _bound_depth(raw: bytes) -> None:
    depth = 0
    for token in _TOKENS.finditer(raw):
        match token[0]:
            case b"{" | b"[":
                depth += 1
                if depth > _DEPTH:
                    raise RefusedError("too-deep", "decode")
            case b"}" | b"]":
                depth -= 1


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise RefusedError("duplicate-member", "decode")
    return members


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise RefusedError("number-too-long", "decode")
    return int(digits)


def _float(digits: str) -> float:
    if len(digits) > 40 or not math.isfinite(number := float(digits)):
        raise RefusedError("number-too-long", "decode")
    return number


def _constant(_: str) -> Any:
    raise RefusedError("not-json", "decode")
