"""The protocol as a document: headings, numbered rules and tables, out of the files it runs by."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, get_args

from throughcare.cli.protocol.checking import comments_on
from throughcare.cli.protocol.showing import profile_of
from throughcare.cli.protocol.values import deadline_times, plain
from throughcare.cli.protocol.wording import words
from throughcare.contracts.codes import RECEIVER_TYPES, ROLES, DeadlineCode
from throughcare.protocol.machines import NOTHING, Machine, table
from throughcare.protocol.profiles.commenting import Comment
from throughcare.protocol.profiles.model import Profile, ReceiverRule
from throughcare.protocol.profiles.words import case_label, forbidden, is_silent
from throughcare.protocol.refusals import REFUSALS
from throughcare.protocol.roles import MAY
from throughcare.runtime.errors import SetupError

#: Groups of keys that a deadline or an act is about; not shown where the country is silent on them.
_ABOUT = {
    **dict.fromkeys(("D04", "D10", "D16", "D16b"), "oat"),
    **dict.fromkeys(("D12", "D13"), "naloxone"),
    "D02b": "programmes",
}
_ACTS_ABOUT = {"naloxone": "naloxone", "overdose": "naloxone", "programme": "programmes"}
#: Deadlines that services keep; others are written down to be discussed and signed.
_RUN = frozenset(get_args(DeadlineCode))
#: Parties that act in a case or may be spoken to about one.
_ANYBODY = frozenset(ROLES) - {"commenter", "monitor", "system"}
#: Who has no duty of their own in the table of parties.
_UNSAID = frozenset({"system", "commenter"})


class Heading(NamedTuple):
    text: str
    level: int = 1


class Rule(NamedTuple):
    """A numbered sentence, so that a remark can name it."""

    number: str
    text: str


class Paragraph(NamedTuple):
    text: str


class Grid(NamedTuple):
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    #: Shares of the width.
    widths: tuple[float, ...]


class Space(NamedTuple):
    """Room to write in."""

    lines: int


Block = Heading | Rule | Paragraph | Grid | Space


class Document(NamedTuple):
    title: str
    subtitle: str
    lines: tuple[str, ...]
    page: str
    language: str
    blocks: tuple[Block, ...]

    def text(self) -> str:
        """All that a reader sees."""
        parts: list[str] = [self.title, self.subtitle, *self.lines]
        for block in self.blocks:
            match block:
                case Grid(columns, rows, _):
                    parts += [*columns, *(cell for row in rows for cell in row)]
                case Rule(number, text):
                    parts.append(f"{number} {text}")
                case Heading(text) | Paragraph(text):
                    parts.append(text)
                case Space():
                    pass
        return "\n".join(parts)


def compose(country: str, language: str, comments: Path | None = None) -> Document:
    """Raises SetupError for a country or language without files, or for comments on nothing."""
    profile = profile_of(country)
    said, problems = comments_on(profile, comments)
    if problems:
        raise SetupError("The comments cannot be used:\n" + "\n".join(map(str, problems)))
    writer = _Writer(profile, language, said)
    document = writer.document()
    if (word := forbidden(writer.profile, document.text())) is not None:
        raise ValueError(f"{country}: the document would hold the word {word}")
    return document


class _Writer:
    def __init__(self, profile: Profile, language: str, said: tuple[Comment, ...] = ()) -> None:
        self.profile = profile
        self.said = said
        self.language = language
        self.words = words(language)
        self.told = self.words["document"]
        self.section = 0

    def document(self) -> Document:
        standing = self.profile.value("standing")
        version = self.told["version"].format(
            version=self.profile.version, standing=self.words["standings"][standing]
        )
        lines = [self.words["countries"][self.profile.country], version]
        if standing != "approved":
            lines.append(self.told["draft_note"])
        blocks = [
            block
            for part in (
                self._purpose,
                self._parties,
                self._words,
                self._stages,
                self._steps,
                self._deadlines,
                self._consent,
                self._unhappy,
                self._refusals,
                self._machines,
                self._values,
                self._sign,
            )
            for block in part()
        ]
        return Document(
            self.told["title"],
            self.told["subtitle"],
            tuple(lines),
            self.told["page"],
            self.language,
            tuple(blocks),
        )

    # -- parts ---------------------------------------------------------------------------------

    def _head(self, part: str) -> Iterator[Block]:
        self.section += 1
        yield Heading(f"{self.section}. {self.told[part]['heading']}")
        if "intro" in self.told[part]:
            yield Paragraph(self.told[part]["intro"].format(hour=self.profile.day_ends_hour))

    def _rules(self, part: str, **values: object) -> Iterator[Block]:
        for number, text in enumerate(self.told[part]["rules"], 1):
            yield Rule(f"{self.section}.{number}", text.format(**values))

    def _purpose(self) -> Iterator[Block]:
        yield from self._head("purpose")
        yield from self._rules("purpose")

    def _parties(self) -> Iterator[Block]:
        yield from self._head("parties")
        rows = []
        rules: Mapping[str, ReceiverRule] = {str(k): v for k, v in self.profile.receivers.items()}
        for role in ROLES:
            if role in _UNSAID or not self._exists(role):
                continue
            rule = rules.get(role)
            duty = self.words["duties"].get(role, self.words["duties"]["receiver"])
            classes = ", ".join(sorted(rule.classes)) if rule else ""
            if rule:
                classes += f" ({self.told['parties']['receivers_only']})"
            rows.append((self.words["roles"][role], duty, classes or "—"))
        yield Grid(tuple(self.told["parties"]["columns"]), tuple(rows), (0.3, 0.45, 0.25))
        body = self.profile.value("monitoring_body")
        monitor = body.get(self.language, body["en"])
        if self.profile.by_name["monitoring_body"].status == "tbc":
            monitor += f" ({self.words['statuses']['tbc']}: {self.told['blank']})"
        yield from self._rules("parties", monitor=monitor)

    def _words(self) -> Iterator[Block]:
        yield from self._head("words")
        label = case_label(self.profile, self.language)
        rows = tuple((word, text.format(label=label)) for word, text in self.told["words"]["terms"])
        yield Grid(tuple(self.told["words"]["columns"]), rows, (0.25, 0.75))

    def _stages(self) -> Iterator[Block]:
        yield from self._head("stages")
        rows = tuple(tuple(row) for row in self.told["stages"]["rows"])
        yield Grid(tuple(self.told["stages"]["columns"]), rows, (0.2, 0.35, 0.45))

    def _steps(self) -> Iterator[Block]:
        yield from self._head("steps")
        rows: list[tuple[str, ...]] = []
        for model, roles in MAY.items():
            if "system" in roles and len(roles) == 1:
                continue
            about = next((g for word, g in _ACTS_ABOUT.items() if word in model.name), None)
            if about is not None and is_silent(self.profile, about):
                continue
            number = f"{self.section}.{len(rows) + 1}"
            rows.append((number, self.words["acts"][model.name], self._who(roles)))
        yield Grid(tuple(self.told["steps"]["columns"]), tuple(rows), (0.1, 0.45, 0.45))

    def _deadlines(self) -> Iterator[Block]:
        yield from self._head("deadlines")
        rows = []
        codes = dict.fromkeys(
            name.split(".")[1] for name in self.profile.by_name if name.startswith("deadlines.")
        )
        for code in codes:
            if self._is_left_out(code):
                continue
            times = deadline_times(self.profile, code, self.words, self.language)
            promise, told = (
                self.words["deadlines"][code],
                "; ".join(dict.fromkeys(self._alarms(code))),
            )
            if code not in _RUN:
                promise, told = f"{promise} ({self.told['deadlines']['not_run']})", "—"
            rows.append((code, promise, times, told))
        columns = tuple(self.told["deadlines"]["columns"])
        yield Grid(columns, tuple(rows), (0.18, 0.3, 0.26, 0.26))
        yield from self._rules("deadlines")

    def _consent(self) -> Iterator[Block]:
        yield from self._head("consent")
        told = self.told["consent"]
        yield from self._rules("consent", days=self.profile.consent_max_days)
        yield Heading(told["classes"], 2)
        used = {"P0", *(one for rule in self.profile.receivers.values() for one in rule.classes)}
        classes = tuple((one, text) for one, text in self.words["classes"].items() if one in used)
        yield Grid(tuple(told["class_columns"]), classes, (0.15, 0.85))
        yield Heading(told["services"], 2)
        rows = tuple(
            (
                self.words["services"][code],
                ", ".join(self.words["roles"][one] for one in sorted(rule.receivers)),
                ", ".join(sorted(rule.classes)),
            )
            for code, rule in self.profile.services.items()
        )
        yield Grid(tuple(told["service_columns"]), rows, (0.35, 0.45, 0.2))
        for receiver, rule in self.profile.receivers.items():
            if rule.named_only:
                yield Paragraph(told["named_only"].format(receiver=self.words["roles"][receiver]))
        effect = self.profile.value("consent.legal_effect")
        if effect["receivers"]:
            yield Heading(told["legal"], 2)
            yield Paragraph(effect["text"].get(self.language, effect["text"]["en"]))

    def _unhappy(self) -> Iterator[Block]:
        yield from self._head("unhappy")
        rows = tuple(
            (f"{self.section}.{number}", *row)
            for number, row in enumerate(self.told["unhappy"]["rows"], 1)
        )
        yield Grid(tuple(self.told["unhappy"]["columns"]), rows, (0.1, 0.35, 0.55))

    def _refusals(self) -> Iterator[Block]:
        yield from self._head("refusals")
        rows = tuple(
            (f"{self.section}.{number}", getattr(one, self.language), one.code)
            for number, one in enumerate(REFUSALS.values(), 1)
        )
        yield Grid(tuple(self.told["refusals"]["columns"]), rows, (0.1, 0.6, 0.3))

    def _machines(self) -> Iterator[Block]:
        yield from self._head("machines")
        for number, machine in enumerate(shown(self.profile), 1):
            yield Heading(f"{self.section}.{number}. {self.words['machines'][machine.name]}", 2)
            states = self.words["states"][machine.name]
            rows = []
            for row in machine.rows:
                before = [
                    self.told["machines"]["begin"] if one == NOTHING else states[one]
                    for one in row.before
                ]
                to = self.told["machines"]["same"] if row.to is None else states[row.to]
                rows.append((self.words["events"][row.event], ", ".join(before), to))
            columns = tuple(self.told["machines"]["columns"])
            yield Grid(columns, tuple(rows), (0.3, 0.48, 0.22))

    def _values(self) -> Iterator[Block]:
        yield from self._head("values")
        rows = []
        for name, label in self.words["keys"].items():
            key = self.profile.by_name.get(name)
            if key is None or is_silent(self.profile, name.split(".")[0]):
                continue
            value = plain(key.value, self.words, self.language)
            if name == "calendar.weekend":
                value = ", ".join(self.words["weekdays"][day - 1] for day in key.value)
            if key.status == "tbc" or not value:
                value = f"{value} {self.told['blank'][:16]}".strip()
            grounds = self.words["statuses"][key.status]
            if key.status == "sourced":
                grounds = f"{grounds}: {key.source}"
            rows.append((label, value, grounds, self.told["blank"][:10]))
        columns = tuple(self.told["values"]["columns"])
        yield Grid(columns, tuple(rows), (0.28, 0.28, 0.27, 0.17))

    def _sign(self) -> Iterator[Block]:
        yield from self._head("sign")
        rows = tuple((party, "", "", "") for party in self.told["sign"]["rows"])
        yield Grid(tuple(self.told["sign"]["columns"]), rows, (0.34, 0.3, 0.2, 0.16))
        yield Heading(self.told["sign"]["remarks"], 2)
        for one in self.said:
            yield Paragraph(f"{one.day:%d.%m.%Y}, {one.by}, {one.key}: {one.text}")
        yield Space(8)

    # -- pieces --------------------------------------------------------------------------------

    def _exists(self, role: str) -> bool:
        if role == "programme-coordinator" and is_silent(self.profile, "programmes"):
            return False
        if role in RECEIVER_TYPES and role != "programme-coordinator":
            return role in self.profile.receivers
        return True

    def _who(self, roles: frozenset[Any]) -> str:
        if "client" in roles and len(but := _ANYBODY - roles) <= 1:
            anybody = str(self.told["steps"]["anybody"])
            if not but:
                return anybody
            not_these = ", ".join(self.words["roles"][role] for role in sorted(but))
            return str(self.told["steps"]["but"].format(anybody=anybody, roles=not_these))
        names = []
        rest = set(roles)
        if rest >= set(RECEIVER_TYPES):
            names.append(self.told["steps"]["receivers"])
            rest -= set(RECEIVER_TYPES)
        names += [
            self.words["roles"][role] for role in ROLES if role in rest and self._exists(role)
        ]
        return ", ".join(names)

    def _is_left_out(self, code: str) -> bool:
        about = _ABOUT.get(code)
        if code == "D31":
            return "deadlines.D31.due" not in self.profile.by_name
        if about == "oat":
            return not self.profile.value("oat.community")
        return about is not None and is_silent(self.profile, about)

    def _alarms(self, code: str) -> Iterator[str]:
        for name, key in self.profile.by_name.items():
            if name.startswith(f"deadlines.{code}.escalates"):
                for alarm in key.value:
                    yield f"{self.words['roles'][alarm['to']]} ({alarm['level']})"


def shown(profile: Profile) -> Iterator[Machine]:
    """The machines that a country's document and picture show."""
    for machine in table().machines.values():
        if machine.group is None or not is_silent(profile, machine.group):
            yield machine
