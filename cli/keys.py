"""The keys of a home that this machine runs for itself: who seals, who signs, who may knock."""

import hashlib
import json
import os
import secrets
from pathlib import Path

import asyncpg
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from throughcare.cli.embedded.secret_file import SecretFile
from throughcare.contracts.codes import ROLES
from throughcare.runtime import queries

_SQL = queries.load("throughcare.cli")
#: Nobody knocks as the protocol itself, and the person comes through whoever takes it down.
_KNOCKING = tuple(role for role in ROLES if role not in ("system", "client"))


def key_settings(home: Path) -> dict[str, str]:
    """The environment that tells every service where the home's keys are; makes missing ones."""
    folder = home / "keys"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    checkpoints = home / "checkpoints"
    checkpoints.mkdir(mode=0o700, exist_ok=True)
    sealing, signing = folder / "sealing.key", folder / "signing.pem"
    _make_key(sealing)
    if not signing.exists():
        _write(
            signing,
            Ed25519PrivateKey.generate().private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
        )
    return {
        "THROUGHCARE_SEALING_KEY_FILE": str(sealing),
        "THROUGHCARE_SIGNING_KEY_FILE": str(signing),
        "THROUGHCARE_CHECKPOINT_DIR": str(checkpoints),
    }


def vault_settings(home: Path) -> dict[str, str]:
    """The same for the one process that opens the vault: its key, and the list of who was forgotten."""
    vault = home / "keys" / "vault.key"
    _make_key(vault)
    return {
        "THROUGHCARE_VAULT_KEY_FILE": str(vault),
        "THROUGHCARE_ERASED_LIST": str(home / "keys" / "erased"),
    }


async def ensure_api_keys(owner_url: str, secret_file: SecretFile) -> dict[str, str]:
    """One party and one API key for each role; the database keeps only the keys' hashes."""
    keys: dict[str, str] = {
        role: f"tc_live_{secret_file.get(f'api-key {role}')}" for role in _KNOCKING
    }
    connection = await asyncpg.connect(owner_url)
    try:
        async with connection.transaction():
            for role, key in keys.items():
                await connection.execute(_SQL["ensure_party"], role, [role])
                await connection.execute(
                    _SQL["ensure_api_key"], hashlib.sha256(key.encode()).digest(), role
                )
    finally:
        await connection.close()
    return keys


def write_json(path: Path, content: object) -> None:
    """Whole or not at all, for the owner's eyes only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, (json.dumps(content, indent=2) + "\n").encode())


def _make_key(path: Path) -> None:
    """32 random bytes, where there are none yet."""
    if not path.exists():
        _write(path, secrets.token_bytes(32))


def _write(path: Path, content: bytes) -> None:
    making = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    making.replace(path)
