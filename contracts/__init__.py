"""What is said: the envelope, one model a fact, command, event and outcome, and the topics."""

# Whoever decodes anything knows every wire type: a reader that forgot one would bury it.
from throughcare.contracts import (  # noqa: F401
    facts,
    intake_commands,
    intake_events,
    medicine_commands,
    medicine_events,
    notification_events,
    outcomes,
    release_commands,
    release_events,
)
