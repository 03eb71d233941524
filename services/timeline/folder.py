"""Checkpoints outside the database: one file a size, never changed, and a copy named `latest`.

Whoever shall be able to prove something later takes copies from here: a mirror, a monitor's
machine, a print.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from throughcare.runtime import log
from throughcare.services.timeline.checkpoint import Checkpoint, NoteError, VerifierKey

LATEST = "latest"


class CheckpointFolder:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._log = log.get("log")

    def publish(self, checkpoint: Checkpoint, note: str) -> None:
        """Put a note there. Another note of the same size stays beside it: that is evidence."""
        self._path.mkdir(parents=True, exist_ok=True)
        path = self._path / f"{checkpoint.size}.txt"
        if not _create(path, note) and path.read_text() != note:
            self._log.error("two checkpoints of one size", size=checkpoint.size)
            _create(self._path / f"{checkpoint.size}.{checkpoint.root.hex()[:16]}.txt", note)
        write_durably(self._path / LATEST, note, 0o644)

    def newest(self, key: VerifierKey) -> Checkpoint | None:
        """The largest checkpoint here that the key signed."""
        sizes = sorted((int(path.stem) for path in self._files()), reverse=True)
        for size in sizes:
            try:
                return key.open((self._path / f"{size}.txt").read_text())
            except (NoteError, UnicodeDecodeError):
                self._log.error("a checkpoint file is not ours", size=size)
        return None

    def _files(self) -> Iterator[Path]:
        return (path for path in self._path.glob("*.txt") if path.stem.isdigit())


def _create(path: Path, text: str) -> bool:
    """Make a file that nobody writes to again; False if there is one. Never half a file."""
    made = path.with_name(f"{path.name}.{os.getpid()}")
    _write(made, text, 0o444)
    try:
        os.link(made, path)
    except FileExistsError:
        return False
    finally:
        made.unlink()
    _sync_folder(path.parent)
    return True


def write_durably(path: Path, text: str, mode: int) -> None:
    """Replace a file as a whole; it is on disk when this returns."""
    made = path.with_name(f"{path.name}.{os.getpid()}")
    _write(made, text, mode)
    made.replace(path)
    _sync_folder(path.parent)


def _write(path: Path, text: str, mode: int) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.unlink()  # left by a process of the same number that was killed
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
