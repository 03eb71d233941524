"""Every topic: what it carries, by which key, for how long, who writes it and who reads it.

A *journal* is a topic whose truth is a table of its writer: each record has its place
(`journalposition`, 1, 2, 3 … in its partition), so a reader knows what it lacks and the writer
can say it again. Command topics are no journals: their truth is `gateway.commands`.
"""

from typing import Literal, NamedTuple
from uuid import UUID

#: Of every topic of ours keyed by case; changed only after a drain.
PARTITIONS = 12

_DAY_MS = 24 * 60 * 60 * 1000


class Topic(NamedTuple):
    name: str
    carries: Literal["commands", "events", "outcomes", "facts"]
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    is_journal: bool
    partitions: int = PARTITIONS
    key: Literal["case_ref", "none"] = "case_ref"
    retention_ms: int = 14 * _DAY_MS


INTAKE_COMMANDS = Topic(
    "throughcare.intake.commands.v1", "commands", ("gateway",), ("intake",), is_journal=False
)
RELEASE_COMMANDS = Topic(
    "throughcare.release.commands.v1",
    "commands",
    # release sends itself the deadlines that fell due; notifications, who heard that permission ended
    ("gateway", "release", "notifications"),
    ("release",),
    is_journal=False,
)
INTAKE_EVENTS = Topic(
    "throughcare.intake.events.v1",
    "events",
    ("intake",),
    ("release", "notifications", "timeline"),
    is_journal=True,
)
RELEASE_EVENTS = Topic(
    "throughcare.release.events.v1",
    "events",
    ("release",),
    ("intake", "notifications", "timeline", "gateway"),
    is_journal=True,
)
INTAKE_OUTCOMES = Topic(
    "throughcare.intake.outcomes.v1",
    "outcomes",
    ("intake",),
    ("gateway", "timeline"),
    is_journal=True,
)
RELEASE_OUTCOMES = Topic(
    "throughcare.release.outcomes.v1",
    "outcomes",
    ("release",),
    ("gateway", "timeline"),
    is_journal=True,
)
NOTIFICATIONS_EVENTS = Topic(
    "throughcare.notifications.events.v1",
    "events",
    ("notifications",),
    ("timeline",),
    is_journal=True,
)

TOPICS: tuple[Topic, ...] = (
    INTAKE_COMMANDS,
    RELEASE_COMMANDS,
    INTAKE_EVENTS,
    RELEASE_EVENTS,
    INTAKE_OUTCOMES,
    RELEASE_OUTCOMES,
    NOTIFICATIONS_EVENTS,
)

COMMANDS_OF = {"intake": INTAKE_COMMANDS, "release": RELEASE_COMMANDS}
EVENTS_OF = {
    "intake": INTAKE_EVENTS,
    "release": RELEASE_EVENTS,
    "notifications": NOTIFICATIONS_EVENTS,
}
OUTCOMES_OF = {"intake": INTAKE_OUTCOMES, "release": RELEASE_OUTCOMES}

FACTS_PREFIX = "throughcare.facts.v1."
PARTY_OUTCOMES_PREFIX = "throughcare.outcomes.v1."


def facts_of(party: str) -> Topic:
    """Where one party's own system writes its facts: a record does not say who wrote it."""
    return Topic(
        FACTS_PREFIX + party, "facts", (party,), ("gateway",), False, 1, "none", 3 * _DAY_MS
    )


def outcomes_of(party: str) -> Topic:
    """Where a party reads what became of its facts and commands."""
    return Topic(
        PARTY_OUTCOMES_PREFIX + party,
        "outcomes",
        ("gateway",),
        (party,),
        False,
        1,
        "none",
        3 * _DAY_MS,
    )


def read_by(service: str) -> tuple[Topic, ...]:
    """The topics a service subscribes to."""
    return tuple(topic for topic in TOPICS if service in topic.readers)


def partition_of(case_ref: UUID) -> int:
    """The partition of a case, the same in every topic. The ref is random, so its head spreads evenly."""
    return (case_ref.int >> 112) % PARTITIONS
