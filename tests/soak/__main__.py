"""`make soak`: five minutes of load under faults; `--seconds 60` for the short form.

Prints its seed; the same seed gives the same faults and the same people. The last line sums up;
exit code 0 only if nothing was lost, doubled or reordered and nobody was answered wrongly.
"""

import argparse
import asyncio
import itertools
import json
import logging
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg

from throughcare.runtime.seal import Seal
from throughcare.tests.soak.chaos import Nemesis
from throughcare.tests.soak.check import Count, count, settle
from throughcare.tests.soak.ledger import Ledger
from throughcare.tests.soak.load import NGO, PRISON, Desk, Senders, live


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--every", type=float, default=10, help="seconds between faults")
    parser.add_argument("--people", type=int, default=40, help="how many are on their way at once")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--keep", action="store_true", help="leave the folder for a look")
    options = parser.parse_args(argv)
    print(f"soak: seed {options.seed}, {options.seconds:g} s", flush=True)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the broker is away on purpose
    home = Path(tempfile.mkdtemp(prefix="throughcare-soak-"))
    home.chmod(0o711)
    try:
        report = asyncio.run(soak(home, options))
    finally:
        if not options.keep:
            shutil.rmtree(home, ignore_errors=True)
    if options.json:
        options.json.write_text(json.dumps(report, indent=2))
    print(json.dumps(report, indent=2))
    bad = report["lost"] + report["doubled"] + report["reordered"] + len(report["wrong"])
    bad += not report["verified"]
    print(
        f"soak: {report['sent']} sent, {report['stops']} stops, {report['lost']} lost, "
        f"{report['doubled']} doubled, {report['reordered']} reordered, seed {options.seed}"
    )
    return 1 if bad else 0


async def soak(home: Path, options: argparse.Namespace) -> dict[str, Any]:
    up = start(home)
    try:
        told = await ready(home, up)
        prison = add_party(home, PRISON, "prison-admin", "prison-health", "prison-psych")
        ngo = add_party(home, NGO, "ngo")
        ledger = Ledger()
        seal = Seal.from_file(home / "keys" / "sealing.key")
        senders = Senders(told["http"], told["kafka"], prison, ngo, ledger, seal, options.seed)
        nemesis = Nemesis(home, options.seed, options.every)
        owner = Owner(told["postgres"])
        begun = time.monotonic()
        reading = asyncio.create_task(senders.read_outcomes(PRISON))
        numbers = itertools.count(1)

        async def people() -> int:
            steps = 0
            while not senders.stop.is_set():
                steps += await live(senders, owner, next(numbers))
            return steps

        crowd = [asyncio.create_task(people()) for _ in range(options.people)]
        telling = asyncio.create_task(tell(ledger, nemesis, options.seconds))
        await nemesis.rage(options.seconds)
        senders.stop.set()
        telling.cancel()
        # Whoever was promised nothing yet goes on asking: the faults are over.
        steps = sum(await asyncio.wait_for(asyncio.gather(*crowd), 180))
        print(f"reader: {senders.reader_trouble[-3:]}", file=sys.stderr)
        senders.all_told.set()
        loaded = time.monotonic() - begun
        await asyncio.wait_for(reading, 30)
        print("settling", file=sys.stderr, flush=True)
        settled_s = await settle(owner)
        counted = await count(owner, ledger)
        verified = verify(home, told)
        await senders.close()
        await owner.close()
        return summary(ledger, nemesis, counted, verified, steps, loaded, settled_s)
    finally:
        up.send_signal(signal.SIGTERM)
        try:
            up.wait(60)
        except subprocess.TimeoutExpired:
            up.kill()


def summary(
    ledger: Ledger,
    nemesis: Nemesis,
    counted: Count,
    verified: bool,
    steps: int,
    loaded_s: float,
    settled_s: float,
) -> dict[str, Any]:
    waits = sorted(ledger.waits_s)
    return {
        "sent": ledger.sent,
        "resent": ledger.resent,
        "decided": steps,
        "per_second": round(ledger.sent / loaded_s, 1),
        "stops": nemesis.done["SIGKILL"] + nemesis.done["SIGTERM"],
        "faults": dict(nemesis.done),
        "wait_s": {
            "median": round(statistics.median(waits), 3),
            "p99": round(waits[int(len(waits) * 0.99)], 3),
            "worst": round(waits[-1], 3),
        },
        "settled_s": round(settled_s, 1),
        "events": counted.events,
        "lost": len(counted.lost),
        "doubled": len(counted.doubled),
        "reordered": len(counted.reordered),
        "examples": (counted.lost + counted.doubled + counted.reordered)[:10],
        "dead_letters": counted.dead_letters,
        "held": counted.held,
        "wrong": ledger.wrong[:10],
        "verified": verified,
    }


class Owner:
    """A connection to the database that comes back after a restart."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: asyncpg.Connection | None = None
        self._turn = asyncio.Lock()

    async def __call__(self) -> asyncpg.Connection:
        async with self._turn:
            if self._connection is None or self._connection.is_closed():
                self._connection = await asyncpg.connect(self._url, timeout=5)
            return _Serial(self._connection, self._turn)  # type: ignore[return-value]

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()


class _Serial:
    """One statement at a time on a connection that many share."""

    def __init__(self, connection: asyncpg.Connection, turn: asyncio.Lock) -> None:
        self._connection = connection
        self._turn = turn

    async def fetchrow(self, query: str, *arguments: Any) -> Any:
        async with self._turn:
            return await self._connection.fetchrow(query, *arguments)

    async def fetch(self, query: str, *arguments: Any) -> Any:
        async with self._turn:
            return await self._connection.fetch(query, *arguments, timeout=120)

    async def fetchval(self, query: str, *arguments: Any) -> Any:
        async with self._turn:
            return await self._connection.fetchval(query, *arguments, timeout=120)


def start(home: Path) -> "subprocess.Popen[bytes]":
    environment = {k: v for k, v in os.environ.items() if not k.startswith("THROUGHCARE_")}
    environment["THROUGHCARE_PROTOCOL__MODE"] = "synthetic"
    return subprocess.Popen(
        [
            sys.executable, "-P", "-m", "throughcare.cli.main", "up", "--home", str(home),
            "--http-port", "0", "--ready-file", str(home / "ready.json"),
        ],
        env=environment,
    )  # fmt: skip


async def ready(home: Path, up: "subprocess.Popen[bytes]") -> dict[str, Any]:
    for _ in range(1200):
        if (home / "ready.json").exists():
            told: dict[str, Any] = json.loads((home / "ready.json").read_text())
            return told
        if up.poll() is not None:
            raise SystemExit(f"up ended with {up.returncode}")
        await asyncio.sleep(0.1)
    raise SystemExit("up did not get ready")


def throughcare(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-P", "-m", "throughcare.cli.main", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def add_party(home: Path, name: str, *roles: str) -> Desk:
    asked = [part for role in roles for part in ("--role", role)]
    done = throughcare("party", "add", name, *asked, "--home", str(home), "--json")
    if done.returncode:
        raise SystemExit(f"party add failed: {done.stderr}")
    return Desk(name, json.loads(done.stdout)["api_key"])


def verify(home: Path, told: dict[str, Any]) -> bool:
    done = throughcare("verify", "--home", str(home))
    print(done.stdout, done.stderr, file=sys.stderr)
    return done.returncode == 0


async def tell(ledger: Ledger, nemesis: Nemesis, seconds: float) -> None:
    begun = time.monotonic()
    while True:
        await asyncio.sleep(10)
        print(
            f"{time.monotonic() - begun:4.0f}/{seconds:.0f} s  {ledger.sent} sent, "
            f"{len(ledger.promised)} promised, {dict(nemesis.done)}",
            file=sys.stderr,
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main())
