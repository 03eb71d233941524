"""The ways out. A channel tries once and says what came of it; it neither retries nor records."""

from typing import Literal, NamedTuple

from throughcare.contracts.notification_events import FailureReason

#: Seconds that one attempt may take, from the first look-up to the last byte read.
ATTEMPT_S = 15.0


class Attempted(NamedTuple):
    """What came of one attempt."""

    end: Literal["sent", "again", "failed"]
    reason: FailureReason | None = None
    #: Seconds that the other side asked us to wait.
    wait_s: float | None = None
    #: The endpoint said that it is gone for good.
    gone: bool = False


SENT = Attempted("sent")
