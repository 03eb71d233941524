"""Every event, by the service that writes it."""

from throughcare.contracts.intake_events import INTAKE_EVENTS
from throughcare.contracts.kinds import Event
from throughcare.contracts.notification_events import NOTIFICATION_EVENTS
from throughcare.contracts.release_events import RELEASE_EVENTS

EVENTS: tuple[type[Event], ...] = INTAKE_EVENTS + RELEASE_EVENTS + NOTIFICATION_EVENTS

#: The only service that may write it.
WRITER: dict[type[Event], str] = {
    **dict.fromkeys(INTAKE_EVENTS, "intake"),
    **dict.fromkeys(RELEASE_EVENTS, "release"),
    **dict.fromkeys(NOTIFICATION_EVENTS, "notifications"),
}
