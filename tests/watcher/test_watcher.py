"""The dead-man watcher finds what was forgotten, from PostgreSQL alone."""

import ast
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from throughcare.contracts.envelope import Message, encode
from throughcare.contracts.intake_events import CaseOpened, ConsentGranted, ConsentWithdrawn
from throughcare.contracts.kinds import MODELS, Event
from throughcare.contracts.release_events import (
    CaseClosed,
    ClientAttended,
    EscalationAcknowledged,
    EscalationRaised,
    FirstContactMade,
    OutreachAttempted,
    PersonReleased,
    ReferralSent,
    ReleaseRescheduled,
    ReleaseScheduled,
)
from throughcare.contracts.topics import partition_of
from throughcare.runtime.ids import new_case_ref, new_id
from throughcare.services.watcher import app
from throughcare.tests.watcher.conftest import NOON, Scene, later

FOLDER = Path(app.__file__).parent
REFERRAL = UUID(int=7)
ALARM = UUID(int=8)
DAY = date(2026, 3, 10)
#: The end of that day where it ends last, and 72 hours.
DAY_LIMIT = datetime.fromisoformat("2026-03-13T19:00:00Z")

OPENED = CaseOpened(origin="facility")
CONSENT = ConsentGranted.model_validate(
    {
        "consent_id": new_id(),
        "items": [{"receiver_type": "ngo", "data_classes": ["P1"], "purposes": ["handover"]}],
        "expires_on": "2027-01-01",
        "signed_how": "ink",
        "feedback_to_facility": False,
    }
)
RELEASED = PersonReleased(released_at=NOON, known_at=NOON, unplanned=False)
RAISED = EscalationRaised(
    escalation_id=ALARM, code="D17", step=48, level=2, to_role="protocol-coordinator"
)
ANSWERED = EscalationAcknowledged(
    escalation_id=ALARM, by_role="protocol-coordinator", by_party="region-north"
)
MET = ClientAttended(referral_id=REFERRAL, attended_at=later(hours=30), accompanied=False)


def sent(receiver_type: str = "ngo") -> ReferralSent:
    return ReferralSent.model_validate(
        {
            "referral_id": REFERRAL,
            "item": 1,
            "service_type": "peer-support",
            "mandatory": True,
            "receiver": "ngo-one",
            "receiver_type": receiver_type,
            "urgency": "routine",
            "consent_id": new_id(),
            "sent_at": NOON,
            "answer_due_at": later(days=2),
        }
    )


async def a_case(scene: Scene, *release: Event, consented: bool = True) -> UUID:
    case = new_case_ref()
    await scene.say("intake", case, OPENED, *([CONSENT] if consented else []))
    await scene.say("release", case, *release)
    return case


async def test_a_release_with_nobody_is_found_when_72_hours_are_over_and_not_before(
    scene: Scene,
) -> None:
    case = await a_case(scene, sent(), RELEASED)

    await scene.clock(later(hours=71.9))
    assert await scene.look() == []
    await scene.clock(later(hours=72))
    assert await scene.look() == [("nobody-met", str(case))]


async def test_a_date_that_passed_without_a_word_is_found(scene: Scene) -> None:
    dated = ReleaseScheduled(expected_release_on=DAY, said_at=NOON, known_at=NOON)
    case = await a_case(scene, dated)

    await scene.clock(DAY_LIMIT - timedelta(seconds=1))
    assert await scene.look() == []
    await scene.clock(DAY_LIMIT)
    assert await scene.look() == [("date-passed", str(case))]

    moved = ReleaseRescheduled(
        change="postponed", old_on=DAY, new_on=date(2026, 4, 1), said_at=NOON, known_at=NOON
    )
    await scene.say("release", case, moved)
    assert await scene.look() == []


@pytest.mark.parametrize(
    "kept",
    [
        [MET],
        [
            OutreachAttempted(
                referral_id=REFERRAL, attempted_at=later(hours=9), means="visit", result="met"
            )
        ],
        [RAISED, ANSWERED],
        [CaseClosed(reason_code="died")],
    ],
    ids=["attended", "met outside", "a human answered", "closed"],
)
async def test_the_promise_is_kept_by_a_witnessed_contact_or_by_a_human(
    scene: Scene, kept: list[Event]
) -> None:
    case = await a_case(scene, sent(), RELEASED)
    await scene.clock(later(hours=80))
    assert await scene.look() == [("nobody-met", str(case))]

    await scene.say("release", case, *kept, at=later(hours=49))

    assert await scene.look() == []
    assert await scene.owner.fetchval("SELECT count(*) FROM watcher.alarms") == 1


@pytest.mark.parametrize(
    "not_kept",
    [
        [sent("probation"), MET],
        [
            sent(),
            ClientAttended(referral_id=REFERRAL, attended_at=later(hours=-5), accompanied=True),
        ],
        [
            sent(),
            OutreachAttempted(
                referral_id=REFERRAL, attempted_at=later(hours=9), means="phone", result="reached"
            ),
        ],
        [sent(), FirstContactMade(referral_id=REFERRAL, contact_at=NOON, hours_since_release=0)],
        [sent(), RAISED],
    ],
    ids=["probation", "a visit in custody", "by phone", "only derived", "nobody answered"],
)
async def test_what_is_no_witnessed_contact_keeps_no_promise(
    scene: Scene, not_kept: list[Event]
) -> None:
    case = await a_case(scene, RELEASED, *not_kept)
    await scene.clock(later(hours=80))

    assert await scene.look() == [("nobody-met", str(case))]


async def test_an_alarm_answered_before_the_release_does_not_count_for_it(scene: Scene) -> None:
    case = new_case_ref()
    await scene.say("intake", case, CONSENT)
    await scene.say("release", case, RAISED, ANSWERED, at=later(days=-9))
    await scene.say("release", case, RELEASED)
    await scene.clock(later(hours=80))

    assert await scene.look() == [("nobody-met", str(case))]


async def test_without_consent_or_after_its_end_nothing_is_promised(scene: Scene) -> None:
    await a_case(scene, RELEASED, consented=False)
    withdrawn = await a_case(scene, RELEASED)
    await scene.say("intake", withdrawn, ConsentWithdrawn(received_how="phone"))
    await scene.clock(later(hours=80))

    assert await scene.look() == []


async def test_a_case_that_stands_still_is_not_fine(scene: Scene) -> None:
    case = await a_case(scene)
    await scene.owner.execute(
        "WITH letter AS (INSERT INTO release.dead_letters (id, topic, partition, kafka_offset, class,"
        " code, fingerprint, sealed, mark) VALUES ($1, 't', 0, 0, 'bug', 'c', 'f', '', '') RETURNING id)"
        " INSERT INTO release.halted (case_ref, partition, dead_letter) SELECT $2, 0, id FROM letter",
        new_id(), case,
    )  # fmt: skip

    assert await scene.look() == [("case-halted", f"release/{case}")]


async def test_a_hole_in_the_stored_events_is_found_and_nothing_after_it_is_read(
    scene: Scene,
) -> None:
    case = await a_case(scene, sent())
    await scene.say("release", case, RELEASED, skip=1)
    await scene.clock(later(hours=80))
    partition = partition_of(case)

    assert await scene.look() == [("events-missing", f"release/{partition}")]

    filler = Message(
        id=new_id(), source="/services/release", data=RELEASED, case_ref=case, occurred_at=NOON,
        recorded_at=NOON, correlation_id=new_id(), protocol_version="kg-2026.1",
    )  # fmt: skip
    await scene.store("release", partition, 2, case, 99, encode(filler))
    assert await scene.look() == [("nobody-met", str(case))]


async def test_an_event_it_cannot_read_is_an_alarm_and_stops_nothing_else(scene: Scene) -> None:
    case = await a_case(scene, sent(), RELEASED)
    partition = partition_of(case)
    await scene.store("release", partition, 3, case, 3, b"\x00")
    await scene.clock(later(hours=80))

    assert await scene.look() == [
        ("event-unreadable", f"release/{partition}/3"),
        ("nobody-met", str(case)),
    ]


async def test_a_silent_service_is_found_and_heard_again(scene: Scene) -> None:
    scene.services = ("intake", "release")
    beat = "INSERT INTO runtime.heartbeats VALUES ($1, 'one', clock_timestamp() - make_interval(secs => $2), true, 12)"
    await scene.owner.execute(beat, "intake", 5.0)
    await scene.owner.execute(beat, "release", 31.0)
    assert await scene.look() == [("service-silent", "release")]

    await scene.owner.execute("UPDATE runtime.heartbeats SET at = clock_timestamp()")
    assert await scene.look() == []


async def test_who_has_just_started_gives_the_others_time_to_speak(scene: Scene) -> None:
    scene.services, scene.up_s = ("intake",), 10.0

    assert await scene.look() == []


async def test_what_nobody_decides_for_five_minutes_is_found(scene: Scene) -> None:
    await scene.owner.execute(
        "INSERT INTO gateway.parties (party, roles) VALUES ('p-one', '{ngo}')"
    )
    await scene.owner.execute(
        "INSERT INTO gateway.commands (id, party, source, their_id, type, body_mark, received_at,"
        " taken_at, envelope) VALUES ($1, 'p-one', 's', 'i', 't', '', now(), now() - interval '4 minutes', '')",
        new_id(),
    )
    assert await scene.look() == []

    await scene.owner.execute("UPDATE gateway.commands SET taken_at = now() - interval '6 minutes'")
    assert await scene.look() == [("commands-waiting", "")]
    await scene.owner.execute("UPDATE gateway.commands SET outcome = ''")
    assert await scene.look() == []


async def test_a_journal_nobody_publishes_is_found_after_five_minutes_without_progress(
    scene: Scene,
) -> None:
    case = await a_case(scene)
    partition = partition_of(case)
    assert await scene.look() == []
    await scene.owner.execute("UPDATE watcher.marks SET since = since - interval '6 minutes'")

    assert await scene.look() == [("journal-unsaid", f"throughcare.intake.events.v1/{partition}")]

    await scene.owner.execute(
        "INSERT INTO runtime.journals VALUES ('throughcare.intake.events.v1', $1, 1, 'c')",
        partition,
    )
    assert await scene.look() == []  # it moved; not at its end yet, and that is no alarm


async def test_a_log_that_nobody_signs_is_found(scene: Scene) -> None:
    assert await scene.look() == []
    await scene.owner.execute("INSERT INTO timeline.waiting VALUES (1)")
    await scene.owner.execute(
        "INSERT INTO timeline.checkpoints VALUES (1, 'note', now() - interval '11 minutes')"
    )

    assert await scene.look() == [("checkpoint-old", "")]


async def test_a_log_that_its_signer_refuses_to_sign_is_told(scene: Scene) -> None:
    await scene.owner.execute(
        "INSERT INTO timeline.checkpoints VALUES (1, 'note', now() - interval '11 minutes')"
    )
    assert await scene.look() == []
    await scene.owner.execute("UPDATE timeline.log SET size = 2")

    assert await scene.look() == [("checkpoint-old", "")]


async def test_a_check_that_cannot_be_made_is_an_alarm_and_clears_nothing(scene: Scene) -> None:
    case = await a_case(scene, sent(), RELEASED)
    await scene.clock(later(hours=80))
    await scene.look()
    await scene.owner.execute("REVOKE SELECT ON watcher.cases FROM throughcare_watcher")
    await scene.say("release", case, MET)

    found = await scene.look()

    await scene.owner.execute("GRANT SELECT ON watcher.cases TO throughcare_watcher")
    assert found == [
        ("check-broken", "check_promise"),
        ("check-broken", "feeds"),
        ("check-broken", "read release"),
        ("nobody-met", str(case)),
    ]
    assert await scene.look() == []


async def test_it_reads_on_from_where_it_was(scene: Scene) -> None:
    for _ in range(3):
        await a_case(scene, sent(), RELEASED)
    await scene.look()
    await scene.owner.execute("UPDATE watcher.cases SET limit_at = NULL")
    await scene.clock(later(hours=80))

    assert await scene.look() == []


async def test_it_may_write_nothing_but_what_it_found(scene: Scene) -> None:
    rows = await scene.owner.fetch(
        "SELECT DISTINCT table_schema FROM information_schema.role_table_grants"
        " WHERE grantee = 'throughcare_watcher' AND privilege_type <> 'SELECT'"
    )

    assert [row["table_schema"] for row in rows] == ["watcher"]
    views = await scene.owner.fetch(
        "SELECT table_name FROM information_schema.views WHERE table_schema = 'watcher'"
    )
    assert len(views) > 1
    for view in views:  # written through, a view would change what stands behind it
        for right in ("INSERT", "UPDATE", "DELETE"):
            assert not await scene.owner.fetchval(
                "SELECT has_table_privilege('throughcare_watcher', $1, $2)",
                f"watcher.{view['table_name']}",
                right,
            )


def test_it_imports_nothing_of_what_it_watches() -> None:
    imported = set()
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom):
                imported.add(node.module or "")
            elif isinstance(node, ast.Import):
                imported.update(alias.name for alias in node.names)
    foreign = {
        name
        for name in imported
        if name.partition(".")[0] not in sys.stdlib_module_names
        and not name.startswith("throughcare.services.watcher")
    }

    assert foreign == {"asyncpg"}


def test_each_event_it_reads_is_one_that_is_said() -> None:
    """It shares no code with the contracts, so a name changed there would blind it in silence."""
    tree = ast.parse(FOLDER.joinpath("case.py").read_text("utf-8"))
    read = {
        pattern.value.value
        for pattern in ast.walk(tree)
        if isinstance(pattern, ast.MatchValue) and isinstance(pattern.value, ast.Constant)
    }
    said = {model.name for model in MODELS.values() if model.kind == "event"}

    assert "consent-granted" in read
    assert read - said == set()
