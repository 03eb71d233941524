"""The parties' own topics: what became of their messages, in order, at least once."""

from throughcare.contracts.topics import outcomes_of
from throughcare.runtime import log, queries
from throughcare.runtime.errors import fingerprint
from throughcare.runtime.journal import Producer
from throughcare.runtime.pool import Pool
from throughcare.runtime.seal import Seal
from throughcare.runtime.unreadable import set_aside

_SQL = queries.load("throughcare.gateway", "telling.sql")
_TURN = 500


class Telling:
    """Publishes `gateway.party_outcomes`; a row goes when the broker has acknowledged it.

    A row that does not open is passed over and stays: with the right key it is told after a start.
    """

    def __init__(self, pool: Pool, producer: Producer, seal: Seal) -> None:
        self._pool = pool
        self._seal = seal
        self._producer = producer
        self._log = log.get("telling")
        self._aside: list[int] = []

    async def publish(self) -> None:
        """All there is. Only whoever holds the lease calls it, so that the order holds."""
        more = True
        while more:
            rows = await self._pool.fetch(_SQL["untold"], _TURN, self._aside)
            more = len(rows) == _TURN
            if not rows:
                return
            by_party: dict[str, list[bytes]] = {}
            for row in rows:
                party = row["party"]
                try:
                    told = self._seal.open(row["envelope"], f"outcomes/{party}")
                except ValueError as error:
                    set_aside("party_outcomes", error)
                    self._aside.append(row["position"])
                    continue
                by_party.setdefault(party, []).append(told)
            for party, envelopes in by_party.items():
                # A key would let records of one message be compacted; order is the partition's.
                await self._send(party, envelopes)
            gone = [row for row in rows if row["position"] not in self._aside]
            await self._pool.execute(
                _SQL["told"], [row["party"] for row in gone], [row["position"] for row in gone]
            )

    async def _send(self, party: str, envelopes: list[bytes]) -> None:
        try:
            pairs = [(party.encode(), envelope) for envelope in envelopes]
            await self._producer.send(outcomes_of(party).name, 0, pairs)
        except Exception as error:
            self._log.warning("told again later", error=fingerprint(error))
            await self._producer.renew()
            raise
