"""The signer: never a smaller size, never a root that does not begin with what it signed last.

What it signed last stands in a file beside its key, written before the signature leaves, and in
the checkpoints outside and in the database. The largest of them counts, so that neither a database
put back nor a lost file makes it contradict itself. Where the tree does not fit, it refuses and
goes on refusing until a human has found out what happened.
"""

import base64
import json
from pathlib import Path

from throughcare.runtime import crash, log, queries
from throughcare.runtime.errors import SetupError
from throughcare.runtime.pool import Connection
from throughcare.services.timeline.checkpoint import Checkpoint, NoteError, SigningKey
from throughcare.services.timeline.folder import CheckpointFolder, write_durably
from throughcare.services.timeline.merkle import consistency_ranges, is_consistent, prove
from throughcare.services.timeline.store import tiles_of_ranges

_SQL = queries.load("throughcare.services.timeline")


class Signer:
    """One a key. `folder` None: checkpoints stay in the database, where they prove little."""

    def __init__(self, key: SigningKey, state: Path, folder: CheckpointFolder | None) -> None:
        self._key = key
        self._state = state
        self._folder = folder
        self._last: Checkpoint | None = None
        self._published: Checkpoint | None = None
        #: The last refusal, so that it is logged once and not every few seconds.
        self.refused: str | None = None
        self._log = log.get("log")

    async def sign(self, connection: Connection, size: int, root: bytes) -> str | None:
        """Sign and publish the tree of that size; None where there is nothing to sign, or a refusal."""
        wanted = Checkpoint(size, root)
        if wanted == self._published:
            return None
        if self._last is None:
            self._last = await self._find_last(connection)
        if size == 0 and self._last is None:
            return None
        if (why := await self._contradiction(connection, wanted)) is not None:
            if why != self.refused:
                self._log.error("refuses to sign", reason=why, size=size)
            self.refused = why
            return None
        self.refused = None
        self._remember(wanted)
        self._last = wanted
        note = self._key.sign(wanted)
        crash.point("log.after_sign")
        await connection.execute(_SQL["keep_checkpoint"], size, note)
        if self._folder is not None:
            self._folder.publish(wanted, note)
        self._published = wanted
        return note

    async def _contradiction(self, connection: Connection, wanted: Checkpoint) -> str | None:
        last = self._last
        if last is None:
            return None
        if wanted.size < last.size:
            return "the log is shorter than what was signed"
        if wanted.size == last.size:
            return None if wanted == last else "another root of the size that was signed"
        ranges = consistency_ranges(last.size, wanted.size)
        try:
            proof = prove(ranges, await tiles_of_ranges(connection, ranges))
        except (KeyError, ValueError):
            return "the tree has holes"
        if not is_consistent(last.size, last.root, wanted.size, wanted.root, proof):
            return "the log does not begin with what was signed"
        return None

    async def _find_last(self, connection: Connection) -> Checkpoint | None:
        found = [self._recall()]
        if self._folder is not None:
            found.append(self._folder.newest(self._key.verifier))
        note = await connection.fetchval(_SQL["last_checkpoint"])
        if note is not None:
            try:
                found.append(self._key.verifier.open(note))
            except NoteError as error:
                # Anybody who writes to the database can put one there; it proves nothing.
                self._log.error("a checkpoint in the database is not ours", reason=str(error))
        return max((one for one in found if one is not None), default=None)

    def _remember(self, checkpoint: Checkpoint) -> None:
        root = base64.b64encode(checkpoint.root).decode()
        text = json.dumps({"size": checkpoint.size, "root": root})
        write_durably(self._state, text + "\n", 0o600)

    def _recall(self) -> Checkpoint | None:
        try:
            kept = json.loads(self._state.read_text())
            return Checkpoint(int(kept["size"]), base64.b64decode(kept["root"], validate=True))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            raise SetupError(
                f"{self._state} says what was signed last and cannot be read: "
                "put it back; never delete it while the log lives."
            ) from None


def state_file(key_file: Path) -> Path:
    """Where the signer of this key keeps what it signed last."""
    return key_file.with_name(key_file.name + ".signed")
