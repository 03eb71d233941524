"""The watcher as a process of its own: what it mails, how often, and what it does without PostgreSQL."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from throughcare.cli.mailbox import Mailbox, start_mailbox
from throughcare.services.watcher.mail import Count, text
from throughcare.tests.support.parts import Database
from throughcare.tests.watcher.conftest import Scene, later
from throughcare.tests.watcher.test_watcher import RELEASED, a_case, sent

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    made = start_mailbox(tmp_path / "mail")
    yield made
    made.stop()


@pytest.fixture
def start(watched: Database, mailbox: Mailbox) -> Iterator[Start]:
    running: list[subprocess.Popen[bytes]] = []

    def begin(**settings: str) -> "subprocess.Popen[bytes]":
        environment = {
            "THROUGHCARE_DATABASE__URL": watched.url("throughcare_watcher"),
            "THROUGHCARE_SMTP__PORT": str(mailbox.port),
            "THROUGHCARE_SMTP__SENDER": "watcher@desk.example",
            "THROUGHCARE_WATCHER__EMAIL": "duty@desk.example",
            "THROUGHCARE_WATCHER__EVERY_S": "0.2",
            "THROUGHCARE_WATCHER__SERVICES": "",
            # Nothing listens there: the watcher must not care.
            "THROUGHCARE_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1",
            **{f"THROUGHCARE_{name}": value for name, value in settings.items()},
        }
        command = [sys.executable, "-Im", "throughcare.services.watcher.app"]
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
        running.append(process)
        return process

    yield begin
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


async def until(ready: Callable[[], Any], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end
        await asyncio.sleep(0.05)


async def looked(scene: Scene, times: int = 1) -> None:
    """Wait until it has looked so many times more."""
    wanted = times + await scene.owner.fetchval("SELECT looks FROM watcher.state")
    for _ in range(300):
        if await scene.owner.fetchval("SELECT looks FROM watcher.state") >= wanted:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it does not look")


def parsed(mailbox: Mailbox) -> list[EmailMessage]:
    return [
        message_from_bytes(path.read_bytes(), policy=policy.default) for path in mailbox.messages()
    ]


async def test_somebody_is_told_in_counts_and_once_an_hour(
    scene: Scene, start: Start, mailbox: Mailbox
) -> None:
    cases = [await a_case(scene, sent(), RELEASED) for _ in range(3)]
    await scene.clock(later(hours=80))
    watcher = start()
    await until(mailbox.messages)
    await looked(scene, 3)

    [mail] = parsed(mailbox)
    assert mail["To"] == "duty@desk.example"
    assert mail.get_content().strip() == "3  released, and nobody has the thread"
    assert [str(case) for case in cases if str(case) in mail.as_string()] == []

    await scene.owner.execute("UPDATE watcher.mails SET at = at - interval '61 minutes'")
    await until(lambda: len(mailbox.messages()) == 2)
    watcher.send_signal(signal.SIGTERM)
    assert watcher.wait(10) == 0


async def test_a_step_of_the_clock_is_looked_at_at_once(scene: Scene, start: Start) -> None:
    await a_case(scene, sent(), RELEASED)
    await scene.clock(later(hours=1))
    start(WATCHER__EVERY_S="600")
    await looked(scene)

    await scene.clock(later(hours=80))

    for _ in range(100):
        if await scene.owner.fetchval("SELECT count(*) FROM watcher.alarms"):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("nothing was found")


async def test_a_database_that_goes_away_is_told_and_comes_back(
    scene: Scene, start: Start, mailbox: Mailbox
) -> None:
    start(WATCHER__PATIENCE_S="0.5")
    await looked(scene)
    await scene.owner.execute("ALTER ROLE throughcare_watcher NOLOGIN")
    try:
        await scene.owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'throughcare-watcher' AND datname = current_database()"
        )
        await until(mailbox.messages)
        assert "database does not answer" in parsed(mailbox)[0].get_content()
    finally:
        await scene.owner.execute("ALTER ROLE throughcare_watcher LOGIN")

    await looked(scene)
    assert len(mailbox.messages()) == 1


async def test_without_a_database_at_the_start_it_says_so_and_leaves_with_2(start: Start) -> None:
    watcher = start(DATABASE__URL="postgresql://127.0.0.1:1/none", WATCHER__PATIENCE_S="0.2")

    _, said = await asyncio.to_thread(watcher.communicate, None, 20)

    assert watcher.returncode == 2
    last = said.decode().splitlines()[-1]
    assert last.startswith("throughcare watcher: PostgreSQL does not answer")


async def test_a_setting_that_is_no_number_is_one_sentence_and_2(start: Start) -> None:
    watcher = start(WATCHER__EVERY_S="often")

    _, said = await asyncio.to_thread(watcher.communicate, None, 20)

    assert watcher.returncode == 2
    assert len(said.decode().splitlines()) == 1


def test_a_mail_puts_the_worst_first() -> None:
    lines = text([Count("checkpoint-old", 1), Count("case-halted", 2), Count("nobody-met", 3)])

    assert [int(line.split()[0]) for line in lines.splitlines()] == [3, 2, 1]
