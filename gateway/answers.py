"""What became of a message, in the form its party gets: no case_ref, its own source and id in it."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from throughcare.contracts.envelope import SPECVERSION, rfc3339
from throughcare.contracts.kinds import MODELS, Outcome
from throughcare.runtime.ids import new_id
from throughcare.runtime.seal import Seal

SOURCE = "/gateway"
_KIND = "org.throughcare.outcome."


class Answer(NamedTuple):
    """An outcome as it is stored with its command; the alias is looked up when it is told."""

    outcome_id: UUID
    #: `decided`, `refused`, `superseded`, `parked`, `no-case`, `dead-letter` or `held`.
    kind: str
    #: JSON of the outcome's data.
    data: bytes
    #: Domain time, UTC.
    answered_at: datetime

    @property
    def refusal_code(self) -> str | None:
        """Why not, of a refusal."""
        return orjson.loads(self.data).get("refusal_code") if self.kind == "refused" else None


def answer(outcome: Outcome, at: datetime, outcome_id: UUID | None = None) -> Answer:
    # Ids of events are nothing a party could ask for, and two parties could compare them.
    data = outcome.model_dump(mode="json", exclude_none=True, exclude={"event_ids"})
    return Answer(outcome_id or new_id(), outcome.name, orjson.dumps(data), at)


def addressed(outcome: Outcome, source: str, their_id: str, kind: str) -> Outcome:
    """An outcome of one of our services, answering the message as its party knows it."""
    return outcome.model_copy(
        update={"answered_source": source, "answered_id": their_id, "answered_type": kind}
    )


def sealed(seal: Seal, party: str, said: Answer, alias: str | None) -> bytes:
    """The CloudEvent for the party as it waits in the database: it says a name."""
    return seal.seal(told(said, alias), f"outcomes/{party}")


def told(said: Answer, alias: str | None) -> bytes:
    """The CloudEvent for the party; no subject once the party's name for the case is forgotten."""
    record: dict[str, Any] = {
        "specversion": SPECVERSION,
        "id": str(said.outcome_id),
        "source": SOURCE,
        "type": _type_of(said.kind),
        "time": rfc3339(said.answered_at),
        "datacontenttype": "application/json",
        "data": orjson.Fragment(said.data),
    }
    if alias is not None:
        record["subject"] = alias
    return orjson.dumps(record)


def _type_of(kind: str) -> str:
    return MODELS[f"{_KIND}{kind}.v1"].type
