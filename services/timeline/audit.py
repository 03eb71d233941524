"""The audit of a log: whether it is whole, what is wrong with it, and the first index where.

Two things are looked at apart from each other. *Content*: do stored bytes and secret give the
commitment that the leaf holds. *Tree*: do the leaves give the root that was signed. Who edits
bytes breaks the first, who makes the leaves fit again breaks the second.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

from throughcare.services.timeline.checkpoint import Checkpoint
from throughcare.services.timeline.leaves import NO_CASE, LeafKind, Salts, leaf_prefix
from throughcare.services.timeline.merkle import Edge, TileAt

#: More than these say nothing new.
_MOST_PROBLEMS = 50
#: About a kilobyte each.
_MOST_CASES = 100_000
_NO_CASE = str(NO_CASE)
_Commit = Callable[[Any, bytes], bytes]
#: No secret: fits no commitment.
_UNKNOWN: tuple[_Commit, bytes] = (lambda message_id, stored: b""), b""


class StoredLeaf(NamedTuple):
    """A leaf and its entry, as they are stored; None where the entry is missing."""

    number: int
    kind: str
    commitment: bytes
    message_id: bytes | None
    case_ref: str | None
    entry_kind: str | None
    #: None: forgotten.
    envelope: bytes | None


class Held(NamedTuple):
    """A checkpoint whose signature held, and where it was found."""

    checkpoint: Checkpoint
    place: str
    outside: bool


class Problem(NamedTuple):
    code: str
    #: The first leaf that is wrong, as near as can be said; None where it is about no leaf.
    leaf: int | None
    text: str


@dataclass
class Report:
    """What came of an audit; `verified` is the answer."""

    verified: bool = False
    leaves: int = 0
    root: str = ""
    #: Leaves whose content was destroyed on purpose: only their hashes could be checked.
    forgotten: int = 0
    #: Entries that have no index yet.
    waiting: int = 0
    #: Sizes for which there is a good signature.
    checkpoints: int = 0
    #: The largest checkpoint held outside that fits; leaves behind it could have been rewritten.
    outside_size: int = 0
    first_bad_index: int | None = None
    problems: list[Problem] = field(default_factory=list)
    #: What was not looked at, and why.
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        found = asdict(self)
        found["problems"] = [problem._asdict() for problem in self.problems]
        return found


class Audit:
    """Takes leaves in order of index, then says what it found."""

    def __init__(self, held: Iterable[Held]) -> None:
        self.report = Report()
        self.edge = Edge()
        #: By case_ref: how its leaves commit, and what its entries must say.
        self._cases: dict[str | None, tuple[_Commit, bytes]] = {}
        #: Per case: the last leaf without content, and the last leaf that says it was forgotten.
        self._blank: dict[str, int] = {}
        self._forgotten: dict[str, int] = {}
        self._held: dict[int, list[Held]] = {}
        for one in held:
            self._held.setdefault(one.checkpoint.size, []).append(one)
        self.report.checkpoints = len(self._held)
        self._sizes = sorted(self._held)
        self._good = 0
        #: Leaves are missing: no hash above them can fit, and that says nothing more.
        self.has_gap = False
        self._find_forks()
        self._compare_roots()

    def problem(self, code: str, index: int | None, text: str) -> None:
        if len(self.report.problems) < _MOST_PROBLEMS:
            self.report.problems.append(Problem(code, index, text))
        first = self.report.first_bad_index
        if index is not None and (first is None or index < first):
            self.report.first_bad_index = index

    def know(self, secrets: Mapping[str, bytes]) -> None:
        """Secrets of cases, by case_ref."""
        for case_ref, secret in secrets.items():
            commit = Salts(secret).commitment
            self._cases[case_ref] = commit, b'"subject":"%s"' % case_ref.encode()

    def knows_too_many(self) -> bool:
        """Whether it is time to let go of secrets that can be asked for again."""
        return len(self._cases) > _MOST_CASES

    def let_go(self) -> None:
        self._cases.clear()

    def knows(self, case_ref: str) -> bool:
        return case_ref in self._cases

    def take(self, leaves: Iterable[Iterable[Any]]) -> dict[TileAt, bytes]:
        """The next leaves, or rows of the same columns; returns the tiles they change.

        One loop, without calls where there is nothing wrong: it decides how long a log takes.
        """
        changed: dict[TileAt, bytes] = {}
        hashes: list[bytes] = []
        append, cases, digest = hashes.append, self._cases, sha256
        expected = self.edge.size
        stop = self._next_size(expected)
        for leaf in leaves:
            number, kind, commitment, message_id, case_ref, entry_kind, envelope = leaf
            if number != expected:
                self._jump(expected, number)
                expected = number
            commit, subject = cases.get(case_ref, _UNKNOWN)
            if (
                envelope is None
                or kind != entry_kind
                or kind == LeafKind.FORGOTTEN
                or commit(message_id, envelope) != commitment
                or subject not in envelope
            ):
                self._look_closer(StoredLeaf(*leaf))
            append(digest(leaf_prefix(kind) + commitment).digest())
            expected += 1
            if expected == stop:
                changed.update(self.edge.extend(hashes))
                hashes.clear()
                self._compare_roots()
                stop = self._next_size(stop)
        changed.update(self.edge.extend(hashes))
        return changed

    def _jump(self, expected: int, number: int) -> None:
        self.has_gap = True
        self.problem("gap", expected, f"leaf {expected} is missing: {number} follows instead")

    def _look_closer(self, leaf: StoredLeaf) -> None:
        """A leaf that is not an ordinary one: say what is wrong, if anything is."""
        number, kind, commitment, message_id, case_ref, entry_kind, envelope = leaf
        if message_id is None or case_ref is None:
            self.problem("entry-missing", number, f"leaf {number} has no entry")
            return
        if kind != entry_kind:
            self.problem("kind", number, f"leaf {number} and its entry are of two kinds")
        if kind == LeafKind.FORGOTTEN:
            self._forgotten[case_ref] = number
        if envelope is None:
            self._blank[case_ref] = number
            self.report.forgotten += 1
            return
        known = self._cases.get(_NO_CASE if kind == LeafKind.FORGOTTEN else case_ref)
        if known is None:
            self.problem("secret-missing", number, f"leaf {number} shows what nobody can prove")
        elif known[0](message_id, envelope) != commitment:
            self.problem("content", number, f"leaf {number} is not about what its entry says")
        elif b'"subject":"%s"' % case_ref.encode() not in envelope:
            self.problem("case", number, f"the entry of leaf {number} stands under another case")

    # -- roots --------------------------------------------------------------------------------

    def _next_size(self, size: int) -> int:
        while self._sizes and self._sizes[0] <= size:
            self._sizes.pop(0)
        return self._sizes[0] if self._sizes else -1

    def _find_forks(self) -> None:
        for size, several in self._held.items():
            if len({one.checkpoint.root for one in several}) > 1:
                places = ", ".join(sorted(one.place for one in several))
                self.problem("fork", None, f"two roots were signed for size {size}: {places}")

    def _compare_roots(self) -> None:
        size = self.edge.size
        several = self._held.get(size)
        if several is None or self.has_gap:
            return
        root = self.edge.root()
        wrong = [one for one in several if one.checkpoint.root != root]
        for one in wrong:
            self.problem(
                "root",
                self._good,
                f"leaves {self._good} to {size - 1} are not those that {one.place} signed",
            )
        if wrong:
            return
        self._good = size
        if any(one.outside for one in several):
            self.report.outside_size = size

    def expect_end(self, size: int) -> None:
        """What the log says of its own size."""
        found = self.edge.size
        if size != found and not self.has_gap:
            self.problem("end", min(size, found), f"the log says {size} leaves, found {found}")

    def finish(self, forgotten_soon: Iterable[str] = ()) -> Report:
        """After the last leaf. `forgotten_soon`: cases whose forgetting still waits for its index."""
        report = self.report
        size = report.leaves = self.edge.size
        report.root = self.edge.root().hex()
        for beyond in sorted(at for at in self._held if at > size and not self.has_gap):
            for one in self._held[beyond]:
                self.problem(
                    "truncated", size, f"{one.place} signed {beyond} leaves, there are {size}"
                )
        soon = set(forgotten_soon)
        for case_ref, index in self._blank.items():
            if case_ref not in soon and self._forgotten.get(case_ref, -1) < index:
                self.problem("blank", index, f"leaf {index} lost its content without a word")
        report.verified = not report.problems
        return report
