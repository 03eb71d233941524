"""The envelope: what is read back is what was said, and what cannot be read has a named reason."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import asyncpg
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from throughcare.contracts.envelope import (
    Message,
    UndecodableError,
    decode,
    encode,
    instant,
    rfc3339,
)
from throughcare.contracts.facts import PersonReleased, ReleaseScheduled
from throughcare.contracts.intake_commands import AgreePlan
from throughcare.contracts.kinds import MODELS, Event
from throughcare.contracts.topics import (
    PARTITIONS,
    TOPICS,
    facts_of,
    outcomes_of,
    partition_of,
    read_by,
)

_AT = datetime(2026, 3, 1, 4, tzinfo=UTC)


def _message(**more: object) -> Message:
    fields = {
        "id": UUID(int=1),
        "source": "/gateway",
        "data": PersonReleased(),
        "case_ref": UUID(int=2),
        "occurred_at": _AT,
        "recorded_at": _AT,
        "correlation_id": UUID(int=3),
        "protocol_version": "kg-2026.1",
    }
    return Message(**{**fields, **more})  # type: ignore[arg-type]


@given(
    sequence=st.none() | st.integers(1, 10**6),
    position=st.none() | st.integers(1, 10**9),
    number=st.none() | st.integers(1, 10**6),
    party=st.none() | st.just("kg-gsin"),
    causation_id=st.none() | st.uuids(),
    at=st.datetimes(timezones=st.just(UTC), min_value=datetime(2000, 1, 1)),
)
def test_what_is_decoded_is_what_was_encoded(
    sequence: int | None,
    position: int | None,
    number: int | None,
    party: str | None,
    causation_id: UUID | None,
    at: datetime,
) -> None:
    message = _message(
        sequence=sequence,
        position=position,
        party=party,
        roles=("prison-admin", "prison-health") if party else (),
        number=number,
        seen_intake=3 if number else 0,
        seen_release=4 if number else 0,
        causation_id=causation_id,
        occurred_at=at,
    )

    assert decode(encode(message)) == message


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"specversion": "0.3"}, "unknown-specversion"),
        ({"type": "org.throughcare.fact.person-escaped.v1"}, "unknown-type"),
        ({"type": "org.throughcare.fact.person-released.v2"}, "unknown-type"),
        ({"data": {"facility": "Colony 31"}}, "schema"),
        ({"id": "not-a-uuid"}, "envelope"),
        ({"time": "2026-03-01T04:00:00"}, "envelope"),
        ({"time": None}, "envelope"),
        ({"subject": 7}, "envelope"),
        ({"sequence": "many"}, "envelope"),
        ({"authroles": 1}, "envelope"),
    ],
)
def test_what_cannot_be_read_has_a_named_reason(change: dict[str, object], code: str) -> None:
    record = {**orjson.loads(encode(_message())), **change}

    with pytest.raises(UndecodableError) as error:
        decode(orjson.dumps(record))

    assert error.value.code == code


@pytest.mark.parametrize(
    ("raw", "code"), [(b"\xff\xfe", "not-json"), (b"", "not-json"), (b"[1]", "not-an-object")]
)
def test_bytes_that_are_no_message_have_a_named_reason(raw: bytes, code: str) -> None:
    with pytest.raises(UndecodableError) as error:
        decode(raw)

    assert error.value.code == code


def test_a_reader_ignores_fields_that_were_added_since_also_in_the_parts() -> None:
    plan = {
        "items": [{"item": 1, "service_type": "housing", "mandatory": True, "later": 1}],
        "client_signed": True,
        "added": "x",
    }

    read = AgreePlan.read(plan)

    assert read.items[0].item == 1


def test_a_sender_may_not_add_fields() -> None:
    with pytest.raises(ValueError, match="extra"):
        ReleaseScheduled.model_validate({"expected_release_on": "2026-05-01", "surname": "x"})


def test_times_are_written_in_utc_and_read_from_any_zone() -> None:
    assert rfc3339(instant("2026-03-01T10:00:00+06:00")) == "2026-03-01T04:00:00Z"


def test_an_id_read_from_the_database_and_a_local_time_are_written_as_any_other() -> None:
    driver_id = asyncpg.pgproto.pgproto.UUID(UUID(int=2).bytes)
    bishkek = timezone(timedelta(hours=6))

    raw = encode(_message(case_ref=driver_id, occurred_at=_AT.astimezone(bishkek)))

    assert raw == encode(_message())


def test_what_another_writer_spells_differently_is_read_as_the_same() -> None:
    record = orjson.loads(encode(_message(sequence=7)))
    record |= {"sequence": 7, "time": "2026-03-01T10:00:00+06:00", "id": f"urn:uuid:{UUID(int=1)}"}

    assert decode(orjson.dumps(record)) == _message(sequence=7)


def test_a_second_model_of_the_same_type_is_refused() -> None:
    before = dict(MODELS)
    with pytest.raises(TypeError, match="two models"):

        class PersonReleasedAgain(Event):
            name = "person-released"

    with pytest.raises(TypeError, match="kebab"):

        class Shouted(Event):
            name = "SHOUTED"

    assert before == MODELS


def test_a_case_has_the_same_partition_everywhere_and_all_are_used() -> None:
    used = {partition_of(UUID(int=n << 112)) for n in range(1000)}

    assert used == set(range(PARTITIONS))


def test_topics_are_named_once_and_read_by_whom_they_name() -> None:
    assert len({topic.name for topic in TOPICS}) == len(TOPICS)
    assert {topic.name for topic in read_by("intake")} == {
        "throughcare.intake.commands.v1",
        "throughcare.release.events.v1",
    }
    assert "_" not in "".join(topic.name for topic in TOPICS)
    assert facts_of("kg-gsin").name == "throughcare.facts.v1.kg-gsin"
    assert outcomes_of("kg-gsin").name == "throughcare.outcomes.v1.kg-gsin"
