"""Values that two parties took responsibility for, and those that nobody did."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from msgspec import Struct

from throughcare.protocol.profiles.model import Key, Profile


class Signature(Struct, frozen=True, forbid_unknown_fields=True):
    key: str
    #: As `fingerprint` says it: a value that changed since is not signed any more.
    value: str
    #: Two codes of parties, and the day on which each signed.
    parties: tuple[str, str]
    dates: tuple[date, date]


class Pilot(Struct, frozen=True, forbid_unknown_fields=True):
    """Gaps that a working group allows for a while: keys, or groups of keys as `deadlines.D04`."""

    until: date
    gaps: tuple[str, ...]


class Signatures(Struct, frozen=True, forbid_unknown_fields=True):
    """The file beside a deployment, one a version of a country's protocol."""

    protocol_version: str
    signatures: tuple[Signature, ...] = ()
    pilot: Pilot | None = None


def fingerprint(key: Key) -> str:
    """Of a key's name and value."""
    said = json.dumps([key.name, key.value], sort_keys=True, ensure_ascii=False, default=str)
    return "sha256:" + hashlib.sha256(said.encode()).hexdigest()


def unsigned(profile: Profile, signed: Iterable[Signature]) -> Iterator[Key]:
    """Keys that no source confirms and no two different parties signed as they stand."""
    known: Mapping[str, set[str]] = _by_key(signed)
    for key in profile.keys:
        if key.status != "sourced" and fingerprint(key) not in known.get(key.name, set()):
            yield key


def _by_key(signed: Iterable[Signature]) -> dict[str, set[str]]:
    known: dict[str, set[str]] = {}
    for one in signed:
        if len(set(one.parties)) == 2:
            known.setdefault(one.key, set()).add(one.value)
    return known


def left_open(gaps: Iterable[Key], pilot: Pilot | None, today: date) -> list[Key]:
    """The gaps that a pilot does not allow, or allows no more."""
    allowed = pilot.gaps if pilot is not None and today <= pilot.until else ()
    return [
        key
        for key in gaps
        if not any(key.name == one or key.name.startswith(one + ".") for one in allowed)
    ]


def entry(key: Key, parties: tuple[str, str], day: date) -> dict[str, Any]:
    """What a file of signatures holds of one key."""
    return {
        "key": key.name,
        "value": fingerprint(key),
        "parties": list(parties),
        "dates": [day.isoformat(), day.isoformat()],
    }
