"""`throughcare bench`: start real parts, measure row by row, tell."""

import asyncio
import json
import logging
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from throughcare.cli.bench.report import Row, show, summary
from throughcare.cli.bench.rows import FULL, QUICK, ROWS, Size
from throughcare.cli.bench.stage import Stage
from throughcare.runtime.errors import SetupError


def run(
    rounds: int | None, quick: bool, only: Sequence[str], seed: int, json_file: Path | None
) -> bool:
    """Measure and print; whether every goal was met."""
    size = QUICK if quick else FULL
    if rounds is not None:
        size = size._replace(rounds=rounds)
    unknown = set(only) - ROWS.keys()
    if unknown:
        raise SetupError(f"There is no row {min(unknown)}: it is one of {', '.join(ROWS)}.")
    # What a client says while a new topic finds its leader is no news here.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    rows = asyncio.run(_measure([name for name in ROWS if not only or name in only], size, seed))
    show(rows, Console(file=sys.stdout, highlight=False))
    if json_file is not None:
        json_file.write_text(json.dumps(_as_json(rows, size, seed), indent=2) + "\n")
    print(summary(rows))
    return all(one.met for row in rows for one in row.judged)


async def _measure(names: Sequence[str], size: Size, seed: int) -> list[Row]:
    _tell("starting Kafka and PostgreSQL")
    async with Stage() as stage:
        return [await ROWS[name](stage, size, seed, _tell) for name in names]


def _as_json(rows: Sequence[Row], size: Size, seed: int) -> dict[str, Any]:
    return {
        "rows": [row.as_json() for row in rows],
        "size": size._asdict(),
        "seed": seed,
        "machine": {
            "cores": os.cpu_count(),
            "load": [round(load, 2) for load in os.getloadavg()],
            "python": platform.python_version(),
        },
        "summary": summary(rows),
    }


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
