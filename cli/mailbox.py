"""A small mail server for trying things: whatever is sent to it becomes a file. Loopback only."""

import itertools
import socket
from email.message import Message
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler

from throughcare.runtime.errors import SetupError


class Mailbox:
    """A running server; `stop` ends it, the messages stay."""

    def __init__(self, controller: Controller, folder: Path) -> None:
        self._controller = controller
        self.folder = folder
        self.host = "127.0.0.1"
        self.port: int = controller.port

    def stop(self) -> None:
        self._controller.stop()

    def messages(self) -> list[Path]:
        """The files, in the order in which they came."""
        return sorted(self.folder.glob("*.eml"))


def start_mailbox(folder: Path, port: int = 0) -> Mailbox:
    """Serve SMTP on 127.0.0.1 from a thread of its own; port 0 takes any free one.

    Each message becomes `folder/000001.eml`, 000002 … Raises SetupError if the port is taken.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if port == 0:
            port = _free_port()
        controller = Controller(_Folder(folder), hostname="127.0.0.1", port=port)
        controller.start()
    except OSError as error:
        raise SetupError(
            f"Port {port} for the demo's mailbox is taken ({type(error).__name__}): name another."
        ) from None
    return Mailbox(controller, folder)


class _Folder(MessageHandler):
    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        start = max((int(path.stem) for path in folder.glob("*.eml")), default=0)
        self._numbers = itertools.count(start + 1)

    def handle_message(self, message: Message) -> None:
        path = self._folder / f"{next(self._numbers):06}.eml"
        # Whole or not there: a reader never sees half a message.
        part = path.with_suffix(".part")
        part.write_bytes(message.as_bytes())
        part.rename(path)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
