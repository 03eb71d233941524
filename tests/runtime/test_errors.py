"""What an error means for the list in hand."""

import asyncio

import asyncpg
import pytest
import uvloop

from throughcare.runtime.errors import Meaning, StaleError, meaning_of


def test_a_connection_that_broke_under_the_event_loop_comes_back() -> None:
    """uvloop raises a plain RuntimeError there, and its words are all that tells it from others."""

    async def write_after_the_end() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(asyncio.Protocol, "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        transport, _ = await loop.create_connection(asyncio.Protocol, *address)
        transport.abort()
        await asyncio.sleep(0.05)
        try:
            transport.write(b"x")
        finally:
            server.close()

    with pytest.raises(RuntimeError) as said:
        uvloop.run(write_after_the_end())

    assert meaning_of(said.value) is Meaning.TRANSIENT


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (asyncpg.ConnectionDoesNotExistError(), Meaning.TRANSIENT),
        (asyncpg.CannotConnectNowError(), Meaning.TRANSIENT),
        (asyncpg.DeadlockDetectedError(), Meaning.TRANSIENT),
        (ConnectionResetError(), Meaning.TRANSIENT),
        (TimeoutError(), Meaning.TRANSIENT),
        (asyncpg.UniqueViolationError(), Meaning.STALE),
        (StaleError(), Meaning.STALE),
        (asyncpg.DataError(), Meaning.POISON),
        (RuntimeError("of our own making"), Meaning.POISON),
        (KeyError("x"), Meaning.POISON),
    ],
)
def test_only_what_passes_by_itself_is_tried_again(error: Exception, meaning: Meaning) -> None:
    assert meaning_of(error) is meaning
