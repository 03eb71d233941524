"""What runs out by itself: parked facts that nobody opened a case for, and names past their time."""

from throughcare.contracts.outcomes import NoCase
from throughcare.gateway.answers import Answer, answer
from throughcare.gateway.metrics import FORGOTTEN
from throughcare.gateway.outcomes import tell
from throughcare.runtime import queries, unreadable
from throughcare.runtime.pool import Pool
from throughcare.runtime.seal import Seal

_SQL = queries.load("throughcare.gateway", "forgetting.sql")


async def forget(pool: Pool, seal: Seal) -> None:
    """Forget what is due by domain time; safe when several gateways do it."""
    await pool.execute(_SQL["forget_names"])
    await pool.execute(_SQL["forget_marks"])
    await pool.execute(_SQL["forget_feedback"])
    await pool.execute(_SQL["forget_disclosures"])
    async with pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(_SQL["forget_parked"])
        if not rows:
            return
        answers: list[tuple[str, str | None, Answer]] = []
        for row in rows:
            try:
                outcome = NoCase(
                    answered_source=row["source"],
                    answered_id=row["their_id"],
                    answered_type=row["type"],
                )
            except ValueError as error:
                unreadable.set_aside("parked", error)
                continue
            said = answer(outcome, row["forget_at"])
            await connection.execute(
                _SQL["answer_again"], row["id"], said.kind, said.data, said.outcome_id,
                said.answered_at,
            )  # fmt: skip
            alias = unreadable.alias(seal, row["party"], row["alias"], "parked")
            answers.append((row["party"], alias, said))
        await tell(connection, seal, answers)
    FORGOTTEN.inc(len(rows))
