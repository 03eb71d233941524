"""A history walked through the table of machines, and the halves folded anew beside it."""

from collections.abc import Iterator
from typing import Any, cast
from uuid import UUID

from throughcare.contracts.events import WRITER
from throughcare.contracts.kinds import Data, Event
from throughcare.protocol.intake import state as of_intake
from throughcare.protocol.machines import NOTHING, Machine, Row, table
from throughcare.protocol.release import medicine_state as of_medicine
from throughcare.protocol.release import state as of_release
from throughcare.protocol.stage import Course, follow, stage
from throughcare.tests.protocol.story import CASE, Story

MACHINES = table().machines
Fired = tuple[str, Row, str]
_Key = tuple[str, object]

_OF: dict[str, tuple[Machine, ...]] = {
    event: tuple(one for one in MACHINES.values() if event in one.events())
    for machine in MACHINES.values()
    for event in machine.events()
}
_RESTARTED: dict[str, tuple[str, ...]] = {
    event: tuple(one.name for one in MACHINES.values() if event in one.restarted_by)
    for machine in MACHINES.values()
    for event in machine.restarted_by
}

_CONSENT: dict[type[object], str] = {
    of_intake.Unopened: NOTHING,
    of_intake.Opened: NOTHING,
    of_intake.Offered: "offered",
    of_intake.Consented: "granted",
    of_intake.SaidNo: "refused",
    of_intake.Withdrawn: "withdrawn",
    of_intake.Expired: "expired",
}
_REFERRAL: dict[type[object], str] = {
    of_release.Accepted: "accepted",
    of_release.Booked: "booked",
    of_release.Missed: "missed",
    of_release.Attended: "attended",
    of_release.Engaged: "engaged",
    of_release.Cancelled: "cancelled",
    of_release.Finished: "ended",
}
_KIT: dict[type[object], str] = {
    type(None): NOTHING,
    of_medicine.Offered: "offered",
    of_medicine.Trained: "trained",
    of_medicine.Issued: "issued",
    of_medicine.Declined: "declined",
    of_medicine.KitUnavailable: "unavailable",
    of_medicine.Wanted: "wanted",
}


class Walk:
    """Where everything stands by the table alone, event by event."""

    def __init__(self) -> None:
        self.stands: dict[_Key, str] = {}
        self.fired: set[Fired] = set()
        self.course = Course()
        #: Reopened by intake and not yet taken up by release: the halves do not agree yet.
        self.ahead = 0
        self.states: dict[str, Any] = {}

    def through(self, story: Story) -> "Walk":
        self.states = {name: half.initial(CASE) for name, half in story.halves.items()}
        for name, message in story.steps:
            half = story.halves[name]
            if WRITER[cast(type[Event], type(message.data))] != name:
                self.states[name] = half.hear(self.states[name], message)
                continue
            over = self._is_over(name)
            self.states[name] = half.evolve(self.states[name], message)
            self.course = follow(self.course, message.data)
            self._step(message.data, over)
            self._compare(name)
        assert self.states == story.states, "folded anew it is another state"
        return self

    def _is_over(self, name: str) -> bool:
        state = self.states[name]
        if name == "intake":
            return of_intake.is_closed(state)
        return isinstance(state.own.person, of_release.Ended)

    def _step(self, event: Data, over: bool) -> None:
        for name in _RESTARTED.get(event.name, ()):
            self.stands = {key: state for key, state in self.stands.items() if key[0] != name}
        self.ahead += (event.name == "case-reopened") - (event.name == "episode-resumed")
        for machine in _OF.get(event.name, ()):
            key = (machine.name, getattr(event, machine.about) if machine.about else None)
            before = self.stands.get(key, NOTHING)
            rows = machine.matching(before, event.name)
            if not rows and before == "closed" and machine.name == "case" and not over:
                continue  # a no ends it for every reader; the other half has not heard of it
            assert rows, f"{machine.name}: {event.name} in {before or 'no state'}"
            row = rows[0]
            if len(rows) > 1:  # told apart by `when`: the code knows which
                now = dict(self._held("intake")) | dict(self._held("release"))
                now["case", None] = stage(self.course)
                row = next(one for one in rows if one.after(before) == now[key])
            self.stands[key] = row.after(before)
            self.fired.add((machine.name, row, before))

    def _compare(self, name: str) -> None:
        """What the table says is what the half holds that spoke."""
        if not self.ahead:
            assert self.stands["case", None] == stage(self.course)
        for key, held in self._held(name):
            assert self.stands.get(key, NOTHING) == held, key

    def _held(self, name: str) -> Iterator[tuple[_Key, str]]:
        own = self.states[name].own
        if name == "intake":
            yield ("consent", None), _CONSENT[type(own.case)]
            for one in own.enrolments:
                yield ("programme", one.programme_code), one.stand
            return
        if isinstance(own.person, of_release.Ended) and own.person.forgotten:
            yield ("episode", None), "forgotten"
            return  # nothing else of it is left here
        if ("episode", None) in self.stands:  # the opening is told by the other half
            yield ("episode", None), _episode(own.person)
        for one in own.referrals:
            yield ("referral", one.id), self._referral(one.id, one.stand)
        for one in own.lines:
            yield ("medicine", one.line), one.stand.__struct_config__.tag
        yield ("naloxone", None), _KIT[type(own.kit)]
        rights = own.rights
        if ("seeing", None) in self.stands:
            yield ("seeing", None), "shown" if rights.asked_at is None else "asked"
        for request in rights.requests:
            yield ("legal-request", request.id), "received"
        for access in rights.accesses:
            yield ("emergency-access", access.id), "used"
        for one in own.recalls:
            yield ("recipient", one.referral_id), "told" if one.told else "asked"

    def _referral(self, id_: UUID, stand: Any) -> str:
        match stand:
            case of_release.Sent(received=received):
                return "received" if received else "sent"
            case of_release.Failed(lapsed=True):
                return "expired"
            case of_release.Failed(waiting_from=None):  # by whom it failed, no state says
                said = self.stands["referral", id_]
                return said if said in ("declined", "expired") else "declined"
            case of_release.Failed():
                return "declined"
            case _:
                return _REFERRAL[type(stand)]


def _episode(person: Any) -> str:
    match person:
        case of_release.InCustody(gaps=None):
            return "in-custody"
        case of_release.InCustody():
            return "ready"
        case of_release.Outside(contact=contact):
            return str(contact.__struct_config__.tag)
        case _:
            return str(person.__struct_config__.tag)


def steps_of_the_table() -> set[Fired]:
    return {
        (machine.name, row, state)
        for machine in MACHINES.values()
        for row in machine.rows
        for state in row.before
    }
