"""What a deployment for real people is refused for: values that nobody signed."""

from datetime import date
from pathlib import Path

from throughcare.protocol.profiles import CURRENT, BadProfileError, current
from throughcare.protocol.profiles.model import Profile
from throughcare.protocol.profiles.signing import Signatures, left_open, unsigned
from throughcare.runtime.errors import SetupError
from throughcare.runtime.settings import Protocol

SYNTHETIC = "protocol: synthetic, unsigned: for made-up cases only"


def require_signed(settings: Protocol, today: date) -> str:
    """What is in force, in one line. Raises SetupError with every gap in one text."""
    if settings.mode == "synthetic":
        return SYNTHETIC
    country = settings.country.upper()
    if country not in CURRENT:
        raise SetupError(
            "THROUGHCARE_PROTOCOL__COUNTRY names no country of the protocol: it is one of "
            f"{', '.join(sorted(CURRENT))}. For made-up cases set THROUGHCARE_PROTOCOL__MODE="
            "synthetic."
        )
    try:
        profile = current(country)
    except BadProfileError as error:
        raise SetupError(f"The protocol of {country} cannot be used:\n{error}") from None
    signed = signatures_of(profile, settings.signatures)
    pilot = signed.pilot if settings.mode == "pilot" else None
    gaps = left_open(unsigned(profile, signed.signatures), pilot, today)
    wrong = [f"  {key.file}:{key.line}: {key.name} ({key.status})" for key in gaps]
    standing = profile.value("standing")
    if settings.mode == "production" and standing != "approved":
        wrong.insert(0, f"  the protocol {profile.version} is {standing}, not approved")
    if wrong and not gaps:
        raise SetupError(
            f"{profile.version} cannot be used for people: it is {standing}, not approved. Set its "
            "standing to approved once the parties agreed, or THROUGHCARE_PROTOCOL__MODE=pilot."
        )
    if wrong:
        until = f" The pilot's gaps are allowed until {pilot.until}." if pilot else ""
        raise SetupError(
            f"{profile.version} cannot be used for people: {len(gaps)} values are neither "
            f"sourced nor signed by two parties.{until}\n"
            + "\n".join(wrong)
            + f"\nSign them (`throughcare protocol sign {country}`), list them as gaps of a pilot, "
            "or set THROUGHCARE_PROTOCOL__MODE=synthetic for made-up cases."
        )
    return f"protocol: {profile.version}, {settings.mode}"


def signatures_of(profile: Profile, folder: Path | None) -> Signatures:
    """What was signed of a version; nothing, where there is no file. Raises SetupError."""
    import msgspec
    import yaml

    if folder is None:
        return Signatures(profile.version)
    path = folder / f"{profile.version}.yaml"
    if not path.exists():
        return Signatures(profile.version)
    try:
        signed = msgspec.convert(yaml.safe_load(path.read_text("utf-8")), Signatures)
    except (OSError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise SetupError(f"{path} cannot be read: {' '.join(str(error).split())}") from None
    if signed.protocol_version != profile.version:
        raise SetupError(f"{path} is about {signed.protocol_version}, not {profile.version}")
    return signed
