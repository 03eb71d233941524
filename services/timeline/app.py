"""The timeline process: hears what was decided, keeps the log, has its root signed."""

import asyncio

from throughcare.runtime.process import Process
from throughcare.runtime.process import main as run
from throughcare.runtime.projector import Projector
from throughcare.services.timeline.agents import project
from throughcare.services.timeline.checkpoint import SigningKey, show_public
from throughcare.services.timeline.folder import CheckpointFolder
from throughcare.services.timeline.sequencer import Sequencer
from throughcare.services.timeline.signer import Signer, state_file

SERVICE = "timeline"
#: What is younger than the last checkpoint can be rewritten unseen: this bounds it.
_CHECKPOINT_EVERY_S = 5.0
_LOOK_EVERY_S = 0.2


async def build(process: Process) -> None:
    settings = process.settings
    key = SigningKey.from_file(settings.signing_key_file)
    assert settings.signing_key_file is not None
    show_public(settings.signing_key_file)
    folder = settings.checkpoint_dir
    signer = Signer(
        key,
        state_file(settings.signing_key_file),
        None if folder is None else CheckpointFolder(folder),
    )
    sequencer = Sequencer(
        settings.database.url.get_secret_value(),
        signer,
        asyncio.get_running_loop().time,
        _CHECKPOINT_EVERY_S,
    )
    process.every("log", _LOOK_EVERY_S, sequencer.step)
    process.on_stop(sequencer.close)
    await process.consume(Projector(SERVICE, project), pace_s=0.02)


def main() -> None:
    run(SERVICE, build)


if __name__ == "__main__":
    main()
