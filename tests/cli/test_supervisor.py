"""Who ends is started again: as who it was when somebody killed it, as somebody new when it gave up."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from throughcare.cli.supervisor import Pause, Service

_WAIT = "exec sleep 60"


class _Shell(Service):
    """A shell command in place of a service."""

    command = _WAIT

    def argv(self) -> list[str]:
        return ["sh", "-c", self.command]


@asynccontextmanager
async def _kept(service: Service) -> AsyncIterator[None]:
    keeping = asyncio.create_task(service.keep())
    try:
        yield
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping
        service.process.kill()


async def _until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def service(tmp_path: Path, said: list[str]) -> _Shell:
    return _Shell("intake", tmp_path, {}, said.append)


async def test_a_killed_service_comes_back_as_the_same_member(
    service: _Shell, said: list[str]
) -> None:
    async with _kept(service):
        await _until(service.process.is_running)
        was, pid = service.instance, service.process.pid

        service.process.send(signal.SIGKILL)

        await _until(lambda: service.process.pid not in (pid, None))
        assert service.instance == was
        assert said == ["intake ended (killed by SIGKILL), starting it again in 0 s"]


async def test_a_service_that_gave_itself_up_comes_back_as_a_new_member(service: _Shell) -> None:
    service.command = "exit 70"
    was = service.instance
    async with _kept(service):
        await _until(lambda: service.restarts)

    assert service.instance != was


async def test_a_service_that_cannot_be_set_up_is_quoted(service: _Shell) -> None:
    service.command = "echo 'throughcare intake: the key is missing.' >&2; exit 2"
    async with _kept(service):
        await _until(lambda: service.complaint)

    assert service.complaint == "throughcare intake: the key is missing."


async def test_a_service_on_hold_stays_down_until_it_is_let_go(
    service: _Shell, tmp_path: Path
) -> None:
    hold = tmp_path / "run" / "intake.hold"
    hold.parent.mkdir()
    hold.touch()
    async with _kept(service):
        await asyncio.sleep(0.3)
        assert not service.process.is_running()

        hold.unlink()

        await _until(service.process.is_running)


def test_the_first_start_again_is_at_once_and_then_slower_and_slower() -> None:
    pause = Pause()

    assert [pause.next_s(0.1) for _ in range(9)] == [0, 0.5, 1, 2, 5, 15, 30, 30, 30]


def test_who_lived_long_is_started_at_once_again() -> None:
    pause = Pause(starts=6)

    assert pause.next_s(lived_s=31) == 0
