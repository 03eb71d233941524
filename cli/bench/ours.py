"""Our own loop with one half of the bench: `python -m throughcare.cli.bench.ours toy`.

The halves of the real protocol are run as the services that they are.
"""

import sys

from throughcare.cli.bench.halves import HALVES
from throughcare.runtime import process
from throughcare.runtime.decider import LANES, Decider
from throughcare.runtime.process import Process


def main(name: str) -> None:
    half = HALVES[name]

    async def build(running: Process) -> None:
        events = running.journal(half.events, "events")
        outcomes = running.journal(half.outcomes, "outcomes")
        deciders = [
            Decider(
                half.seat,
                events=events,
                outcomes=outcomes,
                commands_topic=half.commands.name,
                project=half.project,
                projected=half.projected,
            )
            for _ in range(LANES)
        ]
        await running.consume(deciders, [half.commands])

    process.main(half.schema, build)


if __name__ == "__main__":
    main(sys.argv[1])
