"""Signatures, written down: the file that a deployment for real people is started with."""

from pathlib import Path

import msgspec
import yaml

from throughcare.cli.protocol.gate import signatures_of
from throughcare.cli.protocol.showing import profile_of
from throughcare.protocol.profiles.signing import entry, unsigned
from throughcare.runtime.clock import real_now
from throughcare.runtime.errors import SetupError


def sign(country: str, parties: str, folder: Path, keys: list[str]) -> tuple[Path, int]:
    """Add what is not signed yet; all of it, or the keys and groups named. Raises SetupError."""
    first, _, second = (part.strip() for part in parties.partition(","))
    if not first or not second or first == second:
        raise SetupError("--parties names two different parties, as moj-kg,ngo-one.")
    profile = profile_of(country)
    signed = signatures_of(profile, folder)
    fresh = [
        key
        for key in unsigned(profile, signed.signatures)
        if not keys or any(_in(key.name, one) for one in keys)
    ]
    if unknown := [one for one in keys if not any(_in(key.name, one) for key in profile.keys)]:
        raise SetupError(f"{', '.join(unknown)}: no such key in {profile.version}.")
    today = real_now().date()
    told = msgspec.to_builtins(signed)
    # A signature of a value that changed since is left out: the file says what is in force.
    renewed = {key.name for key in fresh}
    told["signatures"] = [
        *(one for one in told["signatures"] if one["key"] not in renewed),
        *(entry(key, (first, second), today) for key in fresh),
    ]
    if told["pilot"] is None:
        del told["pilot"]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{profile.version}.yaml"
    path.write_text(yaml.safe_dump(told, sort_keys=False, allow_unicode=True), "utf-8")
    return path, len(fresh)


def _in(name: str, group: str) -> bool:
    return name == group or name.startswith(group + ".")
