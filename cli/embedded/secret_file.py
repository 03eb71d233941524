"""The passwords of one home, made when first asked for; only the owner of the home can read them."""

import fcntl
import json
import os
import secrets
from pathlib import Path


class SecretFile:
    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, name: str) -> str:
        """The secret of that name: URL-safe text, the same each time."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            text = file.read()
            known: dict[str, str] = json.loads(text) if text else {}
            if name not in known:
                known[name] = secrets.token_urlsafe(24)
                file.seek(0)
                # Only ever longer, so that nothing needs to be cut off.
                file.write(json.dumps(known, indent=2) + "\n")
            return known[name]
