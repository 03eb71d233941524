"""The vault's key file: 32 random bytes a version, the newest first; read again when it was changed."""

import asyncio
import os
from pathlib import Path
from uuid import uuid4

import pytest

from throughcare.runtime.errors import SetupError
from throughcare.services.intake.vault import KeyFile, SealedError, Wrapped, new_key

_CASE = uuid4()
_FIRST, _SECOND = bytes(range(32)), bytes(range(32, 64))


def wrapped(keys: KeyFile, key: bytes) -> Wrapped:
    return asyncio.run(keys.wrap(key, "ik-27", _CASE))


def unwrapped(keys: KeyFile, it: Wrapped) -> bytes:
    return asyncio.run(keys.unwrap(it, _CASE))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "vault.key"
    made.write_bytes(_FIRST)
    return made


def test_a_new_version_wraps_and_the_ones_before_still_open(path: Path) -> None:
    key = new_key()
    old = wrapped(KeyFile.read(path), key)
    path.write_bytes(_SECOND + _FIRST)

    keys = KeyFile.read(path)
    new = wrapped(keys, key)

    assert unwrapped(keys, old) == unwrapped(keys, new) == key
    assert new.by == f"ik-27/{keys.newest}" != old.by


def test_a_version_keeps_its_name_wherever_it_stands_in_the_file(path: Path) -> None:
    name = KeyFile.read(path).newest
    old = wrapped(KeyFile.read(path), b"k" * 32)
    path.write_bytes(_SECOND + _FIRST)
    other = KeyFile.read(path).newest
    path.write_bytes(_SECOND)

    assert KeyFile.read(path).newest == other != name
    with pytest.raises(SealedError):
        unwrapped(KeyFile.read(path), old)


def test_the_name_of_a_version_says_nothing_of_the_key(path: Path) -> None:
    name = KeyFile.read(path).newest

    assert len(name) == 16
    assert bytes.fromhex(name) not in _FIRST
    assert name not in _FIRST.hex()


@pytest.mark.parametrize("replaced", [True, False], ids=["another-file", "the-same-file"])
def test_a_process_that_runs_learns_of_a_new_version_by_itself(path: Path, replaced: bool) -> None:
    running = KeyFile.read(path)
    before = wrapped(running, b"k" * 32)
    new = path.with_name("new") if replaced else path
    new.write_bytes(_SECOND + _FIRST)
    if replaced:
        new.replace(path)

    by_another = wrapped(KeyFile.read(path), b"k" * 32)

    assert unwrapped(running, by_another) == unwrapped(running, before) == b"k" * 32
    assert wrapped(running, b"k" * 32).by == by_another.by


def test_while_the_file_is_half_written_or_gone_what_was_read_stands(path: Path) -> None:
    running = KeyFile.read(path)
    before = wrapped(running, b"k" * 32)

    for half in (b"", _SECOND[:7], _SECOND + _FIRST[:5]):
        path.write_bytes(half)
        assert wrapped(running, b"k" * 32).by == before.by
        assert unwrapped(running, before) == b"k" * 32
    path.unlink()
    assert unwrapped(running, wrapped(running, b"k" * 32)) == b"k" * 32


@pytest.mark.parametrize(
    "content",
    [b"", b"x" * 31, b"x" * 33, _FIRST + b"x", _FIRST + _FIRST, os.urandom(32 * 9)],
    ids=["empty", "short", "long", "one-and-a-bit", "twice-the-same", "nine"],
)
def test_a_file_that_is_none_of_keys_is_told(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    with pytest.raises(SetupError, match="key file"):
        KeyFile.read(path)


def test_a_file_that_is_missing_or_not_named_is_told(path: Path) -> None:
    with pytest.raises(SetupError, match="THROUGHCARE_VAULT_KEY_FILE"):
        KeyFile.read(None)
    with pytest.raises(SetupError, match="THROUGHCARE_VAULT_KEY_FILE"):
        KeyFile.read(path.with_name("another"))


@pytest.mark.parametrize("by", ["another/{}", "{}", "ik-27/", "ik-27/1", ""])
def test_what_another_organisation_or_version_wrapped_does_not_open(path: Path, by: str) -> None:
    keys = KeyFile.read(path)
    it = wrapped(keys, new_key())

    with pytest.raises(SealedError):
        unwrapped(keys, Wrapped(it.key, by.format(keys.newest)))
