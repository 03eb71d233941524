"""Which data may go to whom, for what, and who may enter it: the gate's rule, without the gate.

The table is data: `disclosure.yaml`. A class goes out when the purpose carries it, a role that the
party acts in may have it, and what the role stands on holds: the person's permission, an acceptance,
custody, an open alarm. One function answers, so that no door, page or query has a rule of its own.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any, Literal, NamedTuple, get_args

import yaml

from throughcare.contracts.codes import ROLES, DataClass, EmergencyReason, Purpose, Role
from throughcare.protocol.decision import Refused

#: What a role stands on; `disclosure.yaml` says what each means.
While = Literal["held", "custody", "inside", "outside", "escalated", "agreed", "accepted"]
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FILE = "disclosure.yaml"


class CaseFacts(NamedTuple):
    """What is known of a case at the moment, as far as it concerns the party that asks."""

    #: Domain time, UTC.
    now: datetime
    #: The profile's `medicine.facility_hours`: so long after a release the facility has a part in it.
    facility_hours: int
    #: The person agreed to take part, and that consent runs: to whomever it allows what.
    agreed: bool = False
    #: What it allows this party, by name or by kind.
    permissions: frozenset[tuple[DataClass, Purpose]] = frozenset()
    #: The party said yes to a referral of the case, and that was not taken back.
    accepted: bool = False
    #: None: in custody, as far as anybody knows.
    released_at: datetime | None = None
    #: Withdrawn: from the door's commit on.
    stopped: bool = False
    #: The case is closed.
    ended: bool = False
    #: The person is handed over by a code that they bring: who they are is told to nobody.
    by_code: bool = False
    #: An alarm about the case is open and addressed to the party.
    escalated: bool = False


class Allowed(NamedTuple):
    """These classes may go out, or in, for this purpose."""

    classes: frozenset[DataClass]
    #: None: they are entered.
    purpose: Purpose | None


class Rule(NamedTuple):
    holds: While
    classes: frozenset[DataClass]
    #: None: for whatever purpose carries them.
    only_for: frozenset[Purpose] | None = None


class Table(NamedTuple):
    purposes: Mapping[Purpose, frozenset[DataClass]]
    receives: Mapping[Role, Rule]
    enters: Mapping[Role, Rule]
    emergency: Mapping[Role, frozenset[DataClass]]


def read(text: str) -> Table:
    """Raises ValueError where the table names what is no role, class, purpose or ground."""
    tree: dict[str, Any] = yaml.load(text, _Loader)
    _known("purposes", tree["purposes"], get_args(Purpose))
    for part in ("receives", "enters", "emergency"):
        _known(part, tree[part], ROLES)
    return Table(
        {purpose: _classes(purpose, some) for purpose, some in tree["purposes"].items()},
        {role: _rule(role, parts) for role, parts in tree["receives"].items()},
        {role: _rule(role, parts) for role, parts in tree["enters"].items()},
        {role: _classes(role, some) for role, some in tree["emergency"].items()},
    )


def _rule(role: str, parts: dict[str, Any]) -> Rule:
    _known(role, parts, ("while", "classes", "only_for"))
    _known(role, (parts["while"],), get_args(While))
    only_for = parts.get("only_for")
    if only_for is not None:
        _known(role, only_for, get_args(Purpose))
    return Rule(
        parts["while"],
        _classes(role, parts["classes"]),
        None if only_for is None else frozenset(only_for),
    )


def _classes(where: str, some: Iterable[Any]) -> frozenset[DataClass]:
    _known(where, some, get_args(DataClass))
    return frozenset(some)


def _known(where: str, some: Iterable[str], of: Iterable[str]) -> None:
    if wrong := set(some) - set(of):
        raise ValueError(f"{_FILE}: {where}: {', '.join(sorted(map(str, wrong)))}")


TABLE = read(files("throughcare.protocol").joinpath(_FILE).read_text("utf-8"))


def may_disclose(
    roles: Iterable[str],
    purpose: Purpose,
    classes: Iterable[DataClass],
    facts: CaseFacts,
    reason: EmergencyReason | None = None,
) -> Allowed | Refused:
    """Whether all of these classes may be given to a party that acts in these roles.

    `reason`: of an emergency (`emerg`), which goes past the class and purpose that were agreed, and
    past nothing else.
    """
    wanted = frozenset(classes)
    if not wanted or not wanted <= TABLE.purposes[purpose]:
        return Refused("class-not-for-purpose")
    if purpose == "emerg" and reason is None:
        return Refused("emergency-without-reason")
    mine = frozenset(roles)
    if purpose == "emerg":
        rules = [in_emergency(role) for role in TABLE.emergency if role in mine]
    else:
        rules = [
            rule
            for role, rule in TABLE.receives.items()
            if role in mine and (rule.only_for is None or purpose in rule.only_for)
        ]
    no = _no(rules, wanted, purpose, facts)
    return Allowed(wanted, purpose) if no is None else no


def in_emergency(role: Role) -> Rule:
    """Whoever treats the person inside looks while they do; a receiver once it accepted."""
    inside = TABLE.receives[role].holds == "custody"
    return Rule("custody" if inside else "accepted", TABLE.emergency[role])


def may_enter(
    roles: Iterable[str], classes: Iterable[DataClass], facts: CaseFacts
) -> Allowed | Refused:
    """Whether a party that acts in these roles may enter data of these classes."""
    wanted, mine = frozenset(classes), frozenset(roles)
    rules = [rule for role, rule in TABLE.enters.items() if role in mine]
    no = _no(rules, wanted, None, facts)
    return Allowed(wanted, None) if wanted and no is None else no or Refused("class-not-for-role")


def _no(
    rules: list[Rule], wanted: frozenset[DataClass], purpose: Purpose | None, facts: CaseFacts
) -> Refused | None:
    """What no rule of the party's roles is about is refused first: that tells nothing of the case."""
    about = {one: [rule for rule in rules if one in rule.classes] for one in sorted(wanted)}
    if not all(about.values()):
        return Refused("class-not-for-role")
    if facts.stopped:
        return Refused("consent-withdrawn")
    if facts.ended:
        return Refused("case-closed")
    if not facts.agreed:
        return Refused("no-consent")
    if facts.by_code and "P1" in wanted:
        return Refused("no-identity-by-code")
    for one, some in about.items():
        # Of a party in several roles one is enough; the first no is said where there is none.
        said = [_stands(rule, one, purpose, facts) for rule in some]
        if None not in said:
            return said[0]
    return None


def _stands(
    rule: Rule, one: DataClass, purpose: Purpose | None, facts: CaseFacts
) -> Refused | None:
    out = facts.released_at is not None and facts.released_at <= facts.now
    match rule.holds:
        case "agreed":
            return None
        case "accepted":
            return None if facts.accepted else Refused("referral-not-accepted")
        case "custody":
            return None if _has_a_part(facts) else Refused("facility-part-over")
        case "escalated":
            return None if facts.escalated else Refused("only-while-escalated")
        case "inside" if out:
            return Refused("facility-part-over")
        case "outside" if not out:
            return Refused("person-not-released")
        case _:
            return _held(one, purpose, facts)


def _has_a_part(facts: CaseFacts) -> bool:
    """The facility, until so long after a release."""
    if facts.released_at is None:
        return True
    return facts.now < facts.released_at + timedelta(hours=facts.facility_hours)


def _held(one: DataClass, purpose: Purpose | None, facts: CaseFacts) -> Refused | None:
    """A receiver is asked without a name, by anything the person allows it; all else waits for its yes."""
    allowed = bool(facts.permissions) if one == "P0" else (one, purpose) in facts.permissions
    if not allowed:
        return Refused("consent-does-not-cover-receiver")
    if purpose == "place" or facts.accepted:
        return None
    return Refused("referral-not-accepted")
