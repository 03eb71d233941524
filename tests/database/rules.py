"""What each cell of the matrix answers, written anew from the rules: domain.md §4.1, §4.3, the promises."""

from typing import NamedTuple
from uuid import UUID

from throughcare.contracts.codes import RECEIVER_TYPES
from throughcare.tests.database import world as w
from throughcare.tests.database.world import Member

#: What a role may open in an emergency.
EMERGENCY = {"prison-health": "P1 P3 P4", "oat-site": "P1 P3", "aids-centre": "P1 P4"}
#: What it may ever be told of what the vault holds.
RECEIVES = {
    "prison-health": "P1 P2 P3 P4", "prison-psych": "P1 P2", "programme-coordinator": "P1 P2",
    "protocol-coordinator": "P1", "ngo": "P1 P2 P3", "oat-site": "P1 P3", "narcology": "P1 P3 P4",
    "aids-centre": "P1 P4", "rehab-centre": "P1 P2 P3", "drop-in": "P1 P2", "mahalla": "P1 P2",
}  # fmt: skip
#: Who cares for the person inside reads without an acceptance, while the case is theirs.
INSIDE = {"prison-health", "prison-psych"}
#: Which details it may enter of somebody.
ENTERS = {"prison-health": "P1 P2 P3 P4", "prison-psych": "P1 P2", "ngo": "P1 P2 P3"}
#: They read and judge, and take no step.
READERS = {"monitor", "dpo", "commenter"}
#: Whoever has one of these cares for the person or coordinates.
CARERS = {*INSIDE, "protocol-coordinator"}
ANYBODY = set[str](w.ROLES_WITH_KEY) - {"monitor"}
#: Of each step of `w.story_of`: which party or role sees it in full, which that it happened, and what
#: a monitor sees of its data; None: nothing at all.
STEPS: tuple[tuple[str, set[str], set[str], str | None], ...] = (
    (
        "case-opened",
        {w.TOLD_BY},
        set(),
        "origin",
    ),  # without consent; who opened it so leads no case
    ("needs-assessed", set(), CARERS, ""),
    ("plan-revised", {w.HEARER}, CARERS, "plan_version"),  # which makes it care for nobody
    (
        "consent-narrowed",
        set(),
        {*CARERS, w.TOLD_BY},
        "",
    ),  # what is left is not for who passed it on
    ("consent-narrowed", set(), {*CARERS, w.HEARER}, ""),
    ("consent-narrowed", {w.COORDINATOR}, CARERS, ""),
    ("referral-sent", {w.TOLD_BY}, CARERS, ""),
    ("referral-declined", {w.TOLD_BY}, CARERS, "reason_code"),
    ("referral-sent", set(), CARERS, ""),  # who declined does not learn who was asked next
    (
        "relapse-reported",
        set(),
        set(),
        None,
    ),  # confided to the keeper, though of the ngo's referral
    ("overdose-reported", {w.TOLD_BY}, set(), None),
    ("refused", {w.TOLD_BY}, set(), None),  # of what was confided
    ("refused", set(), set(), "refusal_code"),
    ("escalation-raised", {w.ALARMED}, set(), "to_role"),
    ("escalation-raised", {"dpo-asked"}, set(), "to_role"),
    ("escalation-cleared", {w.ALARMED}, set(), ""),
    ("deadline-missed", {"protocol-coordinator"}, set(), "code"),
    ("notice-sent", {"dpo-asked"}, set(), "channel"),
    ("notice-sent", set(), set(), "channel"),
    ("readiness-confirmed", set(), {*CARERS, "prison-admin"}, "plan_version"),
    ("person-released", set(), ANYBODY, "unplanned"),
    ("never-heard-of", set(), set(), None),
    ("case-closed", set(), ANYBODY, "reason_code"),
)
#: A refusal of the database itself.
NO = "error 42501"


#: Whose word stops a case, by what they say; of a receiver's word on a death see `stops`.
STOPS: dict[str, set[str]] = {
    "withdraw-consent": {role for role in w.ROLES_WITH_KEY if role != "commenter"},
    "forget-case": {"prison-psych", "prison-health", "ngo", "dpo"},
    "person-died": {"prison-admin", "prison-health"},
    "report-death": {"protocol-coordinator"},
}


class Cell(NamedTuple):
    member: Member
    consent: str
    ownership: str

    @property
    def case_ref(self) -> UUID:
        return w.case_of(self.consent, self.ownership)

    @property
    def exists(self) -> bool:
        return self.ownership != "no-such-case" and self.consent != "erased"

    @property
    def sees(self) -> bool:
        return self.exists and self.ownership == "has"

    @property
    def consent_lives(self) -> bool:
        return self.consent in ("names-party", "names-kind", "names-another", "by-code")

    @property
    def is_permitted(self) -> bool:
        """Something is permitted to somebody, whatever became of the case since."""
        return self.consent_lives or self.consent in ("withdrawn", "closed")

    @property
    def names_it(self) -> bool:
        if self.consent == "names-kind":
            return self.member.role in RECEIVER_TYPES
        return self.consent in ("names-party", "by-code")


def timeline(cell: Cell) -> str:
    role = cell.member.role
    told: list[str] = []
    story = w.story_of(cell.case_ref)
    cares = "cares " if role in CARERS else ""
    for day, (step, rule) in enumerate(zip(story, STEPS, strict=True)):
        name, in_full, learn, neutral = rule
        number = f"{cares}{len(told) + 1}"
        if role == "monitor":
            told += [] if neutral is None else [f"{day} {number} {name} ({neutral})"]
        elif not in_full.isdisjoint({role, cell.member.party}):
            told.append(f"at {number} {name} ({','.join(sorted(step.data))})")
        elif not learn.isdisjoint({role, cell.member.party}):
            told.append(f"on {number} {name}")
    return "; ".join(told) if cell.sees else "-"


def why_closed(cell: Cell) -> str | None:
    """Why nothing of the case is entered or handed out at all."""
    if not cell.sees:
        return "no-such-case"
    if cell.consent == "withdrawn":
        return "consent-withdrawn"
    if cell.consent == "closed":
        return "case-closed"
    return None if cell.consent_lives else "no-consent"


def entering(cell: Cell, name: str, allowed: str, *, says_why: bool = True) -> str:
    may = name in ENTERS.get(cell.member.role, "")
    no = why_closed(cell) or (None if may else "class-not-for-role")
    if no is None:
        return allowed
    return no if says_why else NO


def stops(member: Member, name: str) -> bool:
    """Whether what this party says stops a case that it has."""
    accepted = member.role in RECEIVER_TYPES and member.standing == "accepted"
    return member.role in STOPS[name] or (name == "report-death" and accepted)


def after_word(cell: Cell, name: str) -> str:
    """Why nothing is entered once this was said."""
    if not cell.sees:
        return "-"
    return "consent-withdrawn" if stops(cell.member, name) else entering(cell, "P1", "open")


def disclosed(cell: Cell, name: str, purpose: str) -> str:
    role = cell.member.role
    if (no := why_closed(cell)) is not None:
        return no
    if purpose in ("place", "stat", "qa"):
        return "class-not-for-purpose"
    if purpose == "emerg":
        return "emergency-without-reason"
    if not name or name not in RECEIVES.get(role, ""):
        return "class-not-for-role"
    if name == "P1" and cell.consent == "by-code":
        return "no-identity-by-code"
    if role in INSIDE:
        return name
    if (name, purpose) == ("P1", "reach") and role == w.ALARMED and cell.consent == "names-another":
        return name
    if not cell.names_it or (name, purpose) not in w.GIVEN:
        return "consent-does-not-cover-receiver"
    return name if cell.member.standing == "accepted" else "referral-not-accepted"


def in_emergency(cell: Cell, name: str) -> str:
    if (no := why_closed(cell)) is not None:
        return no
    if name not in EMERGENCY.get(cell.member.role, ""):
        return "class-not-for-role"
    if (name, cell.consent) == ("P1", "by-code"):
        return "no-identity-by-code"
    if cell.member.standing != "accepted" and cell.member.role != "prison-health":
        return "referral-not-accepted"
    return name


def person_code(cell: Cell, *, with_old: bool) -> str:
    if not cell.sees:
        return "no-such-case"
    if cell.member.role == "dpo":
        return "given"
    if cell.member.role not in INSIDE and cell.member.standing != "accepted":
        return "code-not-for-role"
    return "given" if with_old else "code-given-already"


def coded(cell: Cell) -> str:
    if not cell.sees:
        return "no-such-case"
    if cell.member.role in READERS:
        return "role-may-not"
    if cell.consent == "withdrawn":
        return "consent-withdrawn"
    if cell.consent != "by-code":
        return "consent-not-by-code"
    return "given" if cell.member.standing == "accepted" else "referral-not-accepted"


def facts(cell: Cell) -> str:
    def word(so: bool) -> str:
        return "t" if so else "f"

    if not cell.sees:
        return "-"
    return " ".join((
        word(cell.is_permitted), word(cell.member.standing == "accepted"),
        word(cell.consent == "withdrawn"), word(cell.consent == "closed"),
        word(cell.consent == "by-code"),
        word((cell.consent == "names-another" and cell.member.role == w.ALARMED)
             or (cell.consent == "names-kind" and cell.member.role == "programme-coordinator")),
        "KG",
    ))  # fmt: skip


def sheet_lines(cell: Cell) -> str:
    if not cell.exists:
        return "0"
    return str(1 + len(w.MEMBERS) if cell.consent in w.OPENED else 1)


def arrived(cell: Cell) -> str:
    is_due = cell.sees and cell.consent == "by-code" and cell.member.standing == "accepted"
    return str(w.referral_of(cell.member.party, cell.case_ref)) if is_due else "-"
