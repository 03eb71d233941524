"""A country's values as a table for a terminal, or as JSON."""

import json
from pathlib import Path
from typing import Any

from throughcare.cli.protocol.gate import signatures_of
from throughcare.protocol.profiles import CURRENT, PROFILES, current
from throughcare.protocol.profiles.model import Profile
from throughcare.protocol.profiles.signing import unsigned
from throughcare.runtime.errors import SetupError


def profile_of(country: str) -> Profile:
    """A country's present protocol, or one by its version. Raises SetupError where there is none."""
    if (version := country.lower()) in PROFILES:
        return PROFILES[version]
    if country.upper() not in CURRENT:
        raise SetupError(
            f"There is no protocol of {country}: it is one of {', '.join(sorted(CURRENT))}."
        )
    return current(country.upper())


def show(country: str, signatures: Path | None, as_json: bool) -> str:
    profile = profile_of(country)
    signed = signatures_of(profile, signatures)
    gaps = {key.name for key in unsigned(profile, signed.signatures)}
    if as_json:
        keys = [
            {
                "key": key.name,
                "value": key.value,
                "source": key.source,
                "status": key.status,
                "signed": key.name not in gaps,
                "place": f"{key.file}:{key.line}",
            }
            for key in profile.keys
        ]
        told = {"version": profile.version, "standing": profile.value("standing"), "keys": keys}
        return json.dumps(told, indent=2, ensure_ascii=False, default=str)
    lines = [f"{profile.version} ({profile.value('standing')})", ""]
    for key in profile.keys:
        mark = "unsigned" if key.name in gaps else "signed" if key.status != "sourced" else ""
        lines.append(f"{key.status:9}{mark:9} {key.name} = {_plain(key.value)}")
        lines.append(f"{'':18} {key.source} ({key.file}:{key.line})")
    lines += ["", f"{len(profile.keys)} values, {len(gaps)} neither sourced nor signed"]
    return "\n".join(lines)


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
