"""What somebody in the cohort does."""

from datetime import datetime
from typing import NamedTuple

from throughcare.contracts.kinds import Data


class Act(NamedTuple):
    """A fact or command, as a party would send it."""

    #: Number of the person in the cohort, from 1.
    person: int
    party: str
    data: Data
    #: When it happened, UTC; it is said at the grid point at which it is asked for, or later.
    occurred_at: datetime
