"""What the senders were promised: every command with a 2xx, every fact with an outcome."""

from dataclasses import dataclass, field


@dataclass
class Ledger:
    """Kept by the senders, in their own memory, away from everything that is killed."""

    #: (source, id) → the outcome's kind, as first told.
    promised: dict[tuple[str, str], str] = field(default_factory=dict)
    sent: int = 0
    resent: int = 0
    #: Answers that were not allowed: a 5xx for input, a second outcome of another kind.
    wrong: list[str] = field(default_factory=list)
    #: Seconds from the first try to the outcome.
    waits_s: list[float] = field(default_factory=list)

    def promise(self, source: str, id: str, kind: str) -> None:
        before = self.promised.setdefault((source, id), kind)
        if before != kind and before != "accepted":
            self.wrong.append(f"{before} became {kind}")
        if before == "accepted":
            self.promised[source, id] = kind
