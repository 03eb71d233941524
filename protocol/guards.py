"""What is checked of every act before its own rule is asked."""

from datetime import timedelta

from throughcare.contracts.kinds import Data
from throughcare.protocol.decision import Context, Refused
from throughcare.protocol.roles import MAY

#: Foreign clocks are not ours: this much ahead is still "now".
CLOCK_TOLERANCE = timedelta(minutes=10)


def not_now(message: Data, context: Context) -> Refused | None:
    if not MAY[type(message)] & context.roles:
        return Refused("role-may-not")
    if context.occurred_at > context.received_at + CLOCK_TOLERANCE:
        return Refused("occurs-in-the-future")
    return None
