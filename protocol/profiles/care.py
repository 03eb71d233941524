"""A country's rules about consent that changes, plans, several receivers and the ladder."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from throughcare.contracts.codes import DeadlineCode, NeedFlag, Role, ServiceType, Urgency
from throughcare.protocol.profiles.model import Span


class CareRules(NamedTuple):
    """Consent that changes, plans, several receivers, the steps of the ladder."""

    day_begins_hour: int
    #: Days before a consent's last day on which somebody is reminded.
    expiry_reminders: tuple[int, ...]
    #: Services that come with a support item of their own.
    paired: frozenset[ServiceType]
    proposals: Mapping[NeedFlag, tuple[ServiceType, ...]]
    #: How many receivers are asked at once.
    open_call: Mapping[Urgency, int]
    #: Appointments missed after which a meeting by phone no longer ends the search.
    search_after_misses: int
    #: Whose turn it is, by deadline; "receiver" as in an alarm.
    reminds: Mapping[DeadlineCode, Role | Literal["receiver"]]
    #: Per cent of a promise's time, and hours below which nobody is reminded.
    reminder_shares: tuple[int, ...]
    reminder_from_hours: int
    #: D03, D05
    prepare_days: int
    prepare: Mapping[Urgency, Span]
    send: Span
    send_days: int
    send_late: Span
    #: D06, D07c, D09, D20
    received: Mapping[Urgency, Span]
    confirm_cancellation: Span
    book_days: int
    book: Mapping[Urgency, Span]
    contact_limit: Span
    engage_days: int
    #: D23: hours until told, until acknowledged.
    recall_hours: tuple[int, ...]


def read_care(value: Callable[[str], Any]) -> CareRules:
    """`value`: of a key by its dotted name; raises KeyError where it is missing."""

    def span(name: str) -> Span:
        return Span(**value(name))

    def grace(code: str) -> Mapping[Urgency, Span]:
        kinds: tuple[Urgency, ...] = ("routine", "short", "urgent")
        return MappingProxyType({kind: span(f"deadlines.{code}.{kind}") for kind in kinds})

    return CareRules(
        day_begins_hour=value("care.day_begins_hour"),
        expiry_reminders=tuple(value("care.expiry_reminders")),
        paired=frozenset(value("care.paired")),
        proposals=MappingProxyType(
            {flag: tuple(services) for flag, services in value("care.proposals").items()}
        ),
        open_call=MappingProxyType(value("care.open_call")),
        search_after_misses=value("care.search_after_misses"),
        reminds=MappingProxyType(value("care.reminds")),
        reminder_shares=tuple(value("care.reminder_shares")),
        reminder_from_hours=value("care.reminder_from_hours"),
        prepare_days=value("deadlines.D03.before_days"),
        prepare=grace("D03"),
        send=span("deadlines.D05.due"),
        send_days=value("deadlines.D05.before_days"),
        send_late=span("deadlines.D05.late"),
        received=grace("D06"),
        confirm_cancellation=span("deadlines.D07c.due"),
        book_days=value("deadlines.D09.before_days"),
        book=grace("D09"),
        contact_limit=span("deadlines.D09.contact_limit"),
        engage_days=value("deadlines.D20.days"),
        recall_hours=tuple(value("deadlines.D23.steps")),
    )
