"""The one who appends: gives waiting entries their index, grows the tree, has its root signed.

Any number of timeline processes may run; the one whose own connection holds the lease appends.
Each batch is one transaction that starts by holding the end of the log under the taker's epoch,
so that somebody who lost the lease without noticing writes nothing.
"""

import asyncio
from collections.abc import Callable, Mapping
from uuid import UUID

import asyncpg

from throughcare.runtime import crash, log, queries
from throughcare.runtime.errors import StaleError, fingerprint
from throughcare.runtime.pool import Connection
from throughcare.services.timeline.leaves import Salts, leaf_of, salt_owner
from throughcare.services.timeline.merkle import HASH, Edge, incomplete
from throughcare.services.timeline.signer import Signer
from throughcare.services.timeline.store import read_tiles

_SQL = queries.load("throughcare.services.timeline")
BATCH = 2000


class Sequencer:
    """Call `step` often: it does whatever there is to do, and nothing without the lease."""

    def __init__(
        self, url: str, signer: Signer, clock: Callable[[], float], checkpoint_every_s: float
    ) -> None:
        self._url = url
        self.signer = signer
        self._clock = clock
        self._every_s = checkpoint_every_s
        self._signed_at = clock() - checkpoint_every_s
        self._connection: asyncpg.Connection | None = None
        self._epoch: int | None = None
        self._edge = Edge()
        #: Somebody changed what the log keeps of its tree: what is heard waits.
        self.broken = False
        self._lane = asyncio.Lock()
        self._log = log.get("log")

    async def step(self) -> None:
        """Append all that waits; sign where the tree grew and the last signature is old enough."""
        async with self._lane:
            if not await self.lead():
                return
            try:
                while await self.append() == BATCH:
                    await self._sign_if_due()
                await self._sign_if_due()
            except BaseException:
                # What is remembered may not be what stands there: take the lease anew.
                self._let_go()
                raise

    async def close(self) -> None:
        """Append and sign what is there, and let another one take over."""
        async with self._lane:
            try:
                if self._epoch is not None:
                    while await self.append() == BATCH:
                        pass
                    await self.checkpoint()
            except (StaleError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                # The next one appends what is left.
                self._log.warning("left without appending", error=fingerprint(error))
            finally:
                self._let_go()

    def _let_go(self) -> None:
        """The lease goes with the connection."""
        self._epoch = None
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def lead(self) -> bool:
        """Take the lease if nobody has it; whether we are the one who appends."""
        connection = self._connection
        if connection is None or connection.is_closed():
            self._epoch = None
            connection = await asyncpg.connect(
                self._url,
                timeout=5,
                command_timeout=30,
                server_settings={"application_name": "throughcare-log", "jit": "off"},
            )
            self._connection = connection
        if self._epoch is not None:
            return True
        if not await connection.fetchval(_SQL["take_lease"]):
            return False
        async with connection.transaction():
            row = await connection.fetchrow(_SQL["new_epoch"])
            assert row is not None
            wanted = incomplete(row["size"])
            tiles = await read_tiles(connection, [at for at, count in wanted if count])
        try:
            edge = [tiles[at][: HASH * count] if count else b"" for at, count in wanted]
            self._edge = Edge(row["size"], edge)
        except (KeyError, ValueError):
            # Nothing may be appended to a tree that is not the one we left.
            if not self.broken:
                self._log.error("the tiles do not fit the size of the log", size=row["size"])
            self.broken = True
            return False
        self.broken = False
        self._epoch = row["epoch"]
        self._log.info("leads", epoch=self._epoch, size=self._edge.size)
        return True

    async def append(self) -> int:
        """Give one batch its indexes; returns how many there were."""
        connection = self._connection
        assert connection is not None
        async with connection.transaction():
            size = await connection.fetchval(_SQL["hold_log"], self._epoch)
            if size != self._edge.size:
                raise StaleError
            rows = await connection.fetch(_SQL["waiting_entries"], BATCH)
            if not rows:
                return 0
            salts = await self._salts_of(
                connection, {salt_owner(row["kind"], row["case_ref"]) for row in rows}
            )
            commitments = [
                salts[salt_owner(row["kind"], row["case_ref"])].commitment(
                    row["message_id"].bytes, row["envelope"]
                )
                for row in rows
            ]
            kinds = [row["kind"] for row in rows]
            entries = [row["entry"] for row in rows]
            changed = self._edge.extend(
                [leaf_of(*pair) for pair in zip(kinds, commitments, strict=True)]
            )
            indexes = list(range(size, self._edge.size))
            await connection.execute(_SQL["add_leaves"], indexes, entries, kinds, commitments)
            await connection.execute(_SQL["wait_no_more"], entries)
            await connection.execute(
                _SQL["write_tiles"],
                [at.level for at in changed],
                [at.number for at in changed],
                list(changed.values()),
            )
            await connection.execute(_SQL["grow_log"], self._epoch, self._edge.size)
        crash.point("log.after_append")
        return len(rows)

    async def _salts_of(self, connection: Connection, cases: set[UUID]) -> Mapping[UUID, Salts]:
        """Read anew with each batch: a secret may have been destroyed since the last one."""
        secrets = await connection.fetch(_SQL["secrets_of"], list(cases))
        missing = cases - {row["case_ref"] for row in secrets}
        if missing:
            await connection.execute(_SQL["make_secrets"], list(missing))
            secrets += await connection.fetch(_SQL["secrets_of"], list(missing))
        return {row["case_ref"]: Salts(row["secret"]) for row in secrets}

    async def _sign_if_due(self) -> None:
        if self._clock() - self._signed_at >= self._every_s:
            await self.checkpoint()

    async def checkpoint(self) -> None:
        """Sign the tree as it stands, if it grew."""
        assert self._connection is not None
        await self.signer.sign(self._connection, self._edge.size, self._edge.root())
        self._signed_at = self._clock()
