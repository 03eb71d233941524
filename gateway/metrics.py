"""What the doors count; no label names a case or a party."""

from prometheus_client import Counter, Histogram

TAKEN = Counter("throughcare_door_messages_total", "Messages at a door.", ["door", "result"])
REFUSED = Counter("throughcare_door_refusals_total", "Refusals of a door.", ["door", "code"])
RELAYED = Counter("throughcare_commands_relayed_total", "Commands relayed.", ["service"])
OUTCOMES = Counter("throughcare_outcomes_stored_total", "Outcomes stored.", ["kind"])
FORGOTTEN = Counter("throughcare_parked_forgotten_total", "Parked facts that nobody opened for.")
DECIDED_IN = Histogram(
    "throughcare_http_decided_seconds",
    "From taking a message over HTTP to its outcome.",
    buckets=(0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.12, 0.25, 0.5, 1, 2, 5, 15, 30),
)
