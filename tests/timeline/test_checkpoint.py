"""Checkpoints and keys as texts: what is signed, what is refused."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from throughcare.runtime.errors import SetupError
from throughcare.services.timeline.checkpoint import (
    Checkpoint,
    NoteError,
    SigningKey,
    VerifierKey,
    make_key,
    pinned,
    public_key_file,
)

_ROOT = bytes(range(32))


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(32)))


def test_a_signed_note_opens_to_what_was_signed(key: SigningKey) -> None:
    note = key.sign(Checkpoint(7, _ROOT))

    assert key.verifier.open(note) == Checkpoint(7, _ROOT)


def test_a_verifier_key_has_the_form_that_other_tools_read() -> None:
    """Go's sumdb/note documents this key of its own tests."""
    text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    known = VerifierKey.parse(text)

    assert str(known) == text


def test_a_note_that_other_tools_signed_is_checked_alike() -> None:
    """The example of Go's sumdb/note: the same signature over another text does not hold."""
    known = VerifierKey.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    text = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
    )
    signature = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="

    assert known.holds(text, signature)
    assert not known.holds(text.replace("problem", "question"), signature)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n7\n", "\n8\n"),
        ("\n7\n", "\n07\n"),
        ("\n7\n", "\n-7\n"),
        ("\n7\n", "\n7\nmore\n"),
        ("throughcare.org/log\n7", "throughcare.org/lag\n7"),
        ("AAECAwQF", "AAECAwQG"),
        ("— throughcare", "- throughcare"),
        ("— throughcare.org/log", "— somebody.org/log"),
        ("\n\n", "\n"),
    ],
)
def test_a_note_that_was_touched_is_refused(key: SigningKey, old: str, new: str) -> None:
    note = key.sign(Checkpoint(7, _ROOT))
    touched = note.replace(old, new)
    assert touched != note

    with pytest.raises(NoteError):
        key.verifier.open(touched)


def test_signatures_of_others_are_ignored_and_a_bad_one_of_ours_is_not(key: SigningKey) -> None:
    stranger = SigningKey(Ed25519PrivateKey.from_private_bytes(b"\1" * 32))
    note = key.sign(Checkpoint(7, _ROOT))
    theirs = stranger.sign(Checkpoint(7, _ROOT)).rpartition("— ")[2]
    forged = key.sign(Checkpoint(8, _ROOT)).rpartition("— ")[2]

    assert key.verifier.open(f"{note}— {theirs}") == Checkpoint(7, _ROOT)
    with pytest.raises(NoteError, match="does not hold"):
        key.verifier.open(f"{note}— {forged}")


def test_a_note_of_endless_signatures_is_not_read(key: SigningKey) -> None:
    note = key.sign(Checkpoint(7, _ROOT))
    line = "— " + note.rpartition("— ")[2]

    with pytest.raises(NoteError):
        key.verifier.open(note + line * 16)
    with pytest.raises(NoteError, match="too long"):
        key.verifier.open(note + "x" * 70_000)


def test_a_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "log.pem"
    first = make_key(path)
    second = make_key(path)

    assert str(first) == str(second) == public_key_file(path).read_text().strip()
    assert path.stat().st_mode & 0o077 == 0
    assert str(pinned(path)) == str(first)


@pytest.mark.parametrize("content", [None, b"", b"not a key"])
def test_a_key_that_cannot_be_read_is_one_clear_sentence(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "log.pem"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(SetupError, match="THROUGHCARE_SIGNING_KEY_FILE"):
        SigningKey.from_file(path)


@pytest.mark.parametrize("text", ["", "a+b", "log+00000000+AQ==", "x+1234+====", "a+b+c+d"])
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        VerifierKey.parse(text)
