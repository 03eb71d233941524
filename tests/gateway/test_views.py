"""What each reader sees of a timeline: its own in full, of the rest no more than its part in the case."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from throughcare.contracts import (
    commands,
    consent_commands,
    outcomes,
    rights_commands,
    rights_events,
)
from throughcare.contracts import consent_events as consent
from throughcare.contracts import events as all_events
from throughcare.contracts import intake_events as intake
from throughcare.contracts import life_events as life
from throughcare.contracts import medicine_commands as med_commands
from throughcare.contracts import medicine_events as med
from throughcare.contracts import notification_events as notices
from throughcare.contracts import release_events as release
from throughcare.contracts import rights_events as rights
from throughcare.contracts.kinds import MODELS, Data, Event
from throughcare.gateway.http.timeline import _entry, read_timeline
from throughcare.gateway.parties import Party
from throughcare.protocol.roles import MAY
from throughcare.tests.gateway.told import Told, step
from throughcare.tests.support.story import BEGIN, Step

OPENED, CONSENTED, SENT, DECLINED, SCHEDULED, ENROLLED, WITHDRAWN = (uuid4() for _ in range(7))
FIRST, SECOND, ALARM = "ref-1", "ref-2", "alarm-1"
REFUSED = Step(outcomes.Refused.type, SENT, {"refusal_code": "no-plan"}, "refusal")
NARROWED = step(
    consent.ConsentNarrowed, WITHDRAWN, items=[{"party": "ngo-b"}], expires_on="2027-01-01"
)
EXAMPLES = Path(commands.__file__).parent / "examples"

STORY = [
    step(intake.CaseOpened, OPENED, origin="facility", reason_code="self-request", facility="ik-1"),
    step(intake.ProgrammeEnrolled, ENROLLED, programme_code="atlantis"),
    step(intake.ConsentGranted, CONSENTED, items=[{"party": "ngo-b"}], signed_how="ink"),
    step(intake.NeedsAssessed, uuid4(), flags=["hiv-care"]),
    step(release.ReleaseScheduled, SCHEDULED, expected_release_on="2026-06-01"),
    step(release.ReferralSent, SENT, referral_id=FIRST, receiver="ngo-a", service_type="oat"),
    step(release.ReferralDeclined, DECLINED, referral_id=FIRST, reason_code="no-capacity"),
    step(
        release.ReferralSent, DECLINED,
        referral_id=SECOND, receiver="ngo-b", service_type="oat", after_referral_id=FIRST,
    ),
    step(release.ReferralAccepted, uuid4(), referral_id=SECOND),
    step(release.PersonReleased, uuid4(), facility="ik-1", unplanned=False),
    step(release.EscalationRaised, None, escalation_id=ALARM, to_role="protocol-coordinator"),
    step(release.PersonDied, uuid4(), place="community"),
    step(release.CaseClosed, None, reason_code="died"),
]  # fmt: skip

#: Between the person and whoever took it down.
CONFIDED: tuple[type[Data], ...] = (
    med.RelapseReported,
    med.OverdoseReported,
    med.NaloxoneUsed,
    med_commands.ReportRelapse,
    med_commands.ReportOverdose,
    med_commands.ReportNaloxoneUse,
    rights_events.ClientFeedbackGiven,
    rights_events.ComplaintFiled,
    rights_commands.GiveFeedback,
    rights_commands.FileComplaint,
)


@pytest.fixture
async def story(told: Told) -> Told:
    await told.tell(STORY)
    return told


@pytest.fixture
async def audience(told: Told) -> dict[str, asyncpg.Record]:
    rows = await told.connection.fetch("SELECT * FROM timeline.audience")
    return {row["type"]: row for row in rows}


async def names(
    story: Told, party: str, *roles: str, sent: tuple[UUID, ...] = ()
) -> dict[str, bool]:
    """What a reader learns of: name and place of the event -> with its data."""
    made = await story.read(party, roles, sent)
    return {f"{name_of(m)} {place_of(m)}": m["data"] is not None for m in made}


def place_of(row: dict[str, Any]) -> int:
    """Which step of the story it is: there is one a day."""
    on: date = row["occurred_on"] or row["occurred_at"].date()
    return (on - BEGIN.date()).days


def name_of(row: dict[str, Any]) -> str:
    return str(row["type"]).split(".")[-2]


async def test_whoever_leads_the_case_sees_own_acts_and_own_referrals_in_full_and_of_the_rest_that_it_was(
    story: Told,
) -> None:
    seen = await names(story, "psych", "prison-psych", sent=(OPENED, CONSENTED, SENT))

    assert seen == {
        "case-opened 0": True,
        "consent-granted 2": True,
        "needs-assessed 3": False,
        "referral-sent 5": True,
        "referral-declined 6": True,
        "referral-sent 7": True,
        "referral-accepted 8": True,
        "person-released 9": False,
        "case-closed 12": False,
    }


async def test_whoever_opened_the_case_by_a_decision_leads_it_whatever_they_are(
    story: Told,
) -> None:
    assert "needs-assessed 3" in await names(story, "ngo-c", "ngo", sent=(OPENED,))
    assert "needs-assessed 3" not in await names(story, "ngo-d", "ngo")


async def test_the_administration_sees_dates_and_movements_and_no_care(story: Told) -> None:
    assert await names(story, "admin", "prison-admin", sent=(SCHEDULED,)) == {
        "release-scheduled 4": True,
        "person-released 9": False,
        "case-closed 12": False,
    }


async def test_who_reported_an_enrolment_sees_it_and_nobody_else_does(story: Told) -> None:
    zone = await names(story, "zone", "programme-coordinator", sent=(ENROLLED,))

    assert zone["programme-enrolled 1"]
    psych = await names(story, "psych", "prison-psych", sent=(OPENED,))
    assert "programme-enrolled 1" not in psych


async def test_a_receiver_sees_its_own_referral_and_no_other(story: Told) -> None:
    assert await names(story, "ngo-b", "ngo") == {
        "referral-sent 7": True,
        "referral-accepted 8": True,
        "person-released 9": False,
        "case-closed 12": False,
    }


async def test_a_receiver_that_declined_does_not_learn_who_was_asked_next(story: Told) -> None:
    seen = await names(story, "ngo-a", "ngo", sent=(DECLINED,))

    assert seen["referral-declined 6"]
    assert "referral-sent 7" not in seen
    assert "referral-accepted 8" not in seen


async def test_a_death_is_told_to_no_receiver_only_that_the_case_is_closed(story: Told) -> None:
    seen = await names(story, "ngo-b", "ngo")

    assert "person-died 11" not in seen
    assert seen["case-closed 12"] is False


@pytest.mark.parametrize("sent", [ENROLLED, WITHDRAWN])
async def test_reporting_an_enrolment_or_passing_on_a_stop_does_not_make_one_lead_the_case(
    told: Told, sent: UUID
) -> None:
    await told.tell([*STORY, step(intake.ConsentWithdrawn, WITHDRAWN, received_how="phone")])

    made = await told.read("ngo-a", ("ngo",), (sent,))

    assert not {"needs-assessed", "referral-accepted"} & {name_of(m) for m in made}


@pytest.mark.parametrize(
    "role",
    ["prison-admin", "probation", "mahalla", "oat-site", "programme-coordinator", "dpo", "ngo"],
)
async def test_passing_on_that_less_is_allowed_shows_that_it_was_heard_and_nothing_of_the_rest(
    told: Told, role: str
) -> None:
    await told.tell([*STORY, NARROWED])

    made = await told.read("hears", (role,), (WITHDRAWN,))
    before = await told.read("heard", (role,))

    narrowed = [m for m in made if m["type"] == consent.ConsentNarrowed.type]
    assert [m["data"] for m in narrowed] == [None]
    assert {m["type"] for m in made} == {m["type"] for m in before} | {narrowed[0]["type"]}
    assert "ngo-b" not in str(made)


@pytest.mark.parametrize(
    ("role", "did"),
    [("prison-psych", ()), ("protocol-coordinator", ()), ("ngo", (CONSENTED,))],
)
async def test_who_cares_for_the_person_and_took_down_that_less_is_allowed_sees_what_is_left(
    told: Told, role: str, did: tuple[UUID, ...]
) -> None:
    await told.tell([*STORY, NARROWED])

    made = await told.read("cares", (role,), (*did, WITHDRAWN))
    other = await told.read("other", ("prison-health",))

    assert made[-1]["data"] == NARROWED.data
    assert other[-1]["type"] == consent.ConsentNarrowed.type
    assert other[-1]["data"] is None


@pytest.mark.parametrize("role", ["programme-coordinator", "mahalla", "prison-admin", "dpo"])
async def test_nobody_who_may_not_ask_for_consent_leads_a_case_whatever_they_said(
    story: Told, role: str
) -> None:
    assert not MAY[consent_commands.WidenConsent] & {role}

    seen = await names(story, "else", role, sent=(OPENED, CONSENTED))

    assert seen == {
        "case-opened 0": True,
        "consent-granted 2": True,
        "person-released 9": False,
        "case-closed 12": False,
    }


async def test_an_alarm_is_seen_by_whom_it_addresses(story: Told) -> None:
    assert (await names(story, "desk", "protocol-coordinator"))["escalation-raised 10"]
    assert "escalation-raised 10" not in await names(story, "ngo-b", "ngo")


async def test_a_monitor_reads_every_step_without_place_party_date_or_service(story: Told) -> None:
    made = await story.read("monitors", ("monitor",))

    assert [m["day"] for m in made] == list(range(13))
    for untold in ("occurred_at", "recorded_at", "occurred_on", "version"):
        assert {m[untold] for m in made} == {None}
    for telling in ("ik-1", "ngo-", "oat", "hiv", "2026", "atlantis", FIRST):
        assert telling not in str(made)
    assert made[6]["data"] == {"reason_code": "no-capacity"}


async def test_nothing_that_any_event_says_tells_a_monitor_who_where_when_or_which_service(
    told: Told,
) -> None:
    """Of every example of the contracts: no id, no moment, no date, no party and no service."""
    files = [one for model in all_events.EVENTS for one in (EXAMPLES / model.type[16:]).iterdir()]
    said = [json.loads(one.read_text()) for one in files]
    await told.tell([Step(one["type"], None, one["data"]) for one in said])

    made = await told.read("monitors", ("monitor",))

    shown = [value for row in made for value in row["data"].values()]
    assert len(made) > 100
    assert len(shown) > 100
    assert not [
        one for one in shown if re.search(r"[0-9a-f]{8}-[0-9a-f]{4}|\d{4}-\d\d-\d\d", str(one))
    ]
    keys = {key for row in made for key in row["data"]}
    assert not {
        key
        for key in keys
        if re.search(r"_id$|_at$|_on$|party|facility|receiver|service|place", key)
    }


async def test_a_day_is_counted_from_the_first_step_and_whole_days_only(story: Told) -> None:
    early = {
        "source": "/services/release", "type": release.ReleaseScheduled.type, "sequence": 99,
        "time": "2026-03-01T07:59:00Z", "recordedtime": "2026-04-01T00:00:00Z", "data": {},
    }  # fmt: skip
    await story.connection.execute(
        "INSERT INTO timeline.entries (message_id, case_ref, kind, envelope)"
        " VALUES ($1, $2, 'event', $3)", uuid4(), story.case_ref, json.dumps(early).encode(),
    )  # fmt: skip

    *_, last = await story.read("monitors", ("monitor",))

    assert last["day"] == -1


async def test_nobody_but_its_sender_and_monitors_sees_a_refused_step(told: Told) -> None:
    await told.tell([REFUSED])

    for party, role, sent, sees in (
        ("psych", "prison-psych", (SENT,), True),
        ("other", "prison-psych", (), False),
        ("monitors", "monitor", (), True),
    ):
        assert bool(await told.read(party, (role,), sent)) is sees


CONFIDES = [
    *STORY[:9],
    step(med.RelapseReported, DECLINED, referral_id=FIRST, reported_by="client"),
    step(med.OverdoseReported, DECLINED, referral_id=FIRST),
    step(med.NaloxoneUsed, DECLINED),
    step(med.PlanReviewProposed, DECLINED),
]


@pytest.mark.parametrize("role", ["prison-psych", "protocol-coordinator", "monitor", "ngo"])
async def test_what_was_confided_is_seen_by_whoever_took_it_down_and_by_nobody_else(
    told: Told, role: str
) -> None:
    await told.tell(CONFIDES)

    taker = await told.read("ngo-a", ("ngo",), (DECLINED,))
    other = await told.read("else", (role,), (SENT,))

    confided = {model.type for model in CONFIDED}
    assert [place_of(made) for made in taker if made["type"] in confided] == [9, 10, 11]
    assert [made["type"] for made in other if made["type"] in confided] == []
    learns = any(made["type"] == med.PlanReviewProposed.type for made in other)
    assert learns == (role != "ngo")


async def test_who_answers_for_data_sees_what_is_to_be_reviewed_and_nobody_else_does(
    told: Told,
) -> None:
    """Or only who is reviewed could say what there is to review (D29)."""
    looked = {"access_id": str(SENT), "by_party": "clinic-1", "reason_code": "life-in-danger"}
    await told.tell([step(rights.EmergencyAccessUsed, SENT, **looked)])

    [seen] = await told.read("data-protection", ("dpo",))

    assert seen["data"] == looked
    for role in ("prison-psych", "protocol-coordinator", "ngo", "prison-admin", "oat-site"):
        assert await told.read(f"as-{role}", (role,)) == []


@pytest.mark.parametrize(
    "model", [one for one in CONFIDED if one.kind == "command"], ids=lambda model: model.name
)
async def test_not_even_a_monitor_learns_that_something_confided_was_not_taken(
    told: Told, model: type[Data]
) -> None:
    await told.tell([REFUSED])
    taken = await told.read("ngo-a", ("ngo",), (SENT,), model)

    assert [row["data"] for row in taken] == [{"refusal_code": "no-plan"}]
    assert await told.read("monitors", ("monitor",)) == []


async def test_what_is_not_listed_is_seen_by_whoever_did_it_and_by_nobody_else(told: Told) -> None:
    new = Step("org.throughcare.event.heard-of-by-nobody.v1", DECLINED, {"referral_id": SECOND})
    await told.tell([*STORY, new])

    async def sees(party: str, role: str, *sent: UUID) -> bool:
        return any(row["type"] == new.type for row in await told.read(party, (role,), sent))

    assert await sees("ngo-a", "ngo", DECLINED)
    for party, role in (
        ("ngo-b", "ngo"), ("psych", "prison-psych"), ("desk", "protocol-coordinator"),
        ("admin", "prison-admin"), ("monitors", "monitor"),
    ):  # fmt: skip
        assert not await sees(party, role)


async def test_a_reading_is_a_leaf_that_names_its_reader(story: Told) -> None:
    await story.read("ngo-b", ("ngo",))

    kept = await story.connection.fetch(
        "SELECT convert_from(envelope, 'UTF8')::jsonb -> 'data' AS data FROM timeline.entries"
        " JOIN timeline.waiting USING (entry) WHERE case_ref = $1 AND kind = 'read'",
        story.case_ref,
    )
    assert [row["data"] for row in kept] == ['{"party": "ngo-b"}']


async def test_a_reading_is_no_step_of_the_case(story: Told) -> None:
    first = await story.read("monitors", ("monitor",))

    assert await story.read("monitors", ("monitor",)) == first


async def test_an_answer_says_times_or_a_day_and_data_only_where_there_is_any(story: Told) -> None:
    rows = await story.read("psych", ("prison-psych",), (OPENED,))
    (audited, *_) = await story.read("monitors", ("monitor",))

    opened, assessed = [
        _entry({**row, "data": row["data"] and json.dumps(row["data"])})  # type: ignore[arg-type]
        for row in (rows[0], rows[2])
    ]
    monitored = _entry({**audited, "data": json.dumps(audited["data"])})  # type: ignore[arg-type]
    assert list(opened) == [
        "ordinal", "occurred_at", "recorded_at", "kind", "type", "half", "version", "data",
    ]  # fmt: skip
    assert opened["occurred_at"] == "2026-03-01T08:00:00Z" == f"{BEGIN:%Y-%m-%dT%H:%M:%SZ}"
    assert list(assessed) == ["ordinal", "occurred_on", "kind", "type", "half"]
    assert assessed["occurred_on"] == "2026-03-04"
    assert list(monitored) == ["ordinal", "day", "kind", "type", "half", "data"]


async def test_what_is_shown_is_numbered_as_if_there_were_nothing_else(told: Told) -> None:
    await told.tell(CONFIDES)
    first = await told.read("monitors", ("monitor",))
    again = Told(told.connection)
    await again.tell([one for one in CONFIDES if one.type not in {it.type for it in CONFIDED}])

    same = await again.read("others", ("monitor",))

    for made in (first, same, await told.read("ngo-a", ("ngo",), (DECLINED,))):
        assert [m["ordinal"] for m in made] == list(range(1, len(made) + 1))
    for m in (*first, *same):
        del m["day"]
    assert first == same


async def test_a_moment_and_a_version_stand_only_where_all_is_shown(story: Told) -> None:
    for role in ("prison-psych", "protocol-coordinator", "prison-admin", "ngo"):
        for m in await story.read(f"as-{role}", (role,), ()):
            exact = [m["occurred_at"], m["recorded_at"], m["version"]]
            if m["data"] is None:
                assert exact == [None] * 3
                assert isinstance(m["occurred_on"], date)
            else:
                assert None not in exact
                assert m["occurred_on"] is None


@pytest.mark.parametrize("clock", ["Asia/Tashkent", "America/Lima"])
async def test_a_date_is_that_of_utc_whatever_the_clock_of_the_database(
    told: Told, clock: str
) -> None:
    await told.connection.execute(f"SET LOCAL timezone = '{clock}'")
    await told.tell([])
    for hour in (0, 23):
        said: dict[str, Any] = {
            "source": "/services/release", "type": release.CaseClosed.type, "sequence": hour,
            "time": f"2026-03-01T{hour:02}:30:00Z", "recordedtime": "2026-04-01T00:00:00Z",
            "data": {},
        }  # fmt: skip
        await told.connection.execute(
            "INSERT INTO timeline.entries (message_id, case_ref, kind, envelope)"
            " VALUES ($1, $2, 'event', $3)", uuid4(), told.case_ref, json.dumps(said).encode(),
        )  # fmt: skip

    made = await told.read("ngo-b", ("ngo",))

    assert [m["occurred_on"] for m in made] == [date(2026, 3, 1)] * 2


@pytest.mark.parametrize(
    ("role", "sent", "cares"),
    [
        ("prison-psych", (), True),
        ("protocol-coordinator", (), True),
        ("ngo", (OPENED,), True),
        ("ngo", (SENT,), False),
        ("prison-admin", (), False),
        ("monitor", (), False),
    ],
)
async def test_how_far_a_case_has_come_is_told_to_who_cares_for_the_person(
    story: Told, role: str, sent: tuple[UUID, ...], cares: bool
) -> None:
    made = await story.read("else", (role,), sent)

    assert {m["cares"] for m in made} == {cares}


class _Reading:
    """Instead of a connection: what the database shows."""

    def __init__(self, cares: bool | None) -> None:
        self._cares = cares

    async def fetch(self, *_: object) -> list[dict[str, object]]:
        return [{"ordinal": None, "cares": self._cares, "intake_version": 3, "release_version": 2}]


@pytest.mark.parametrize("cares", [True, False, None])
async def test_an_answer_says_versions_only_to_who_cares(cares: bool | None) -> None:
    reader = Party("ngo-b", ("ngo",), frozenset(), "KG", "en")

    body = await read_timeline(_Reading(cares), reader, "A-1", uuid4())  # type: ignore[arg-type]

    versions = {"versions": {"intake": 3, "release": 2}} if cares else {}
    assert body == {"subject": "A-1", **versions, "entries": []}


# -- the list of types ----------------------------------------------------------------------------


def test_every_type_that_can_stand_in_a_timeline_is_listed_and_no_other(
    audience: dict[str, asyncpg.Record],
) -> None:
    of_contracts = {
        model.type
        for model in MODELS.values()
        # What was decided shows in its events.
        if model.__module__.startswith("throughcare.contracts") and model is not outcomes.Decided
    }
    assert audience.keys() == of_contracts


@pytest.mark.parametrize("model", all_events.EVENTS, ids=lambda model: model.name)
def test_what_is_said_without_consent_is_told_to_nobody_who_cares(
    audience: dict[str, asyncpg.Record], model: type[Event]
) -> None:
    """The contracts mark it †; that a case was closed everybody learns."""
    hidden = (model.__doc__ or "").startswith("†") and model is not release.CaseClosed
    by_rule = model in CONFIDED or model in notices.NOTIFICATION_EVENTS
    assert ("carer" in audience[model.type]["learn"]) == (not hidden and not by_rule)


def test_what_is_told_beyond_those_who_care_is_the_release_its_end_and_readiness(
    audience: dict[str, asyncpg.Record],
) -> None:
    def told(who: str) -> set[str]:
        return {type for type, row in audience.items() if who in row["learn"]}

    assert told("receiver") == {
        release.CaseClosed.type, release.PersonReleased.type, life.ReleaseReversed.type,
        intake.ConsentWithdrawn.type,
    }  # fmt: skip
    assert told("administration") == {
        release.CaseClosed.type, release.PersonReleased.type, release.ReadinessConfirmed.type,
        release.ReadinessLost.type,
    }  # fmt: skip
    assert told("monitor") == audience.keys() - {model.type for model in CONFIDED}


def test_each_type_has_the_rule_of_its_kind(audience: dict[str, asyncpg.Record]) -> None:
    def ruled(rule: str) -> set[str]:
        return {type for type, row in audience.items() if row["rule"] == rule}

    assert ruled("confided") == {model.type for model in CONFIDED}
    assert ruled("notice") == {model.type for model in notices.NOTIFICATION_EVENTS}
    assert ruled("deadline") == {
        release.DeadlinesChanged.type, release.DeadlineMissed.type, release.DeadlineWaived.type,
    }  # fmt: skip
    assert ruled("review") == {
        rights.EmergencyAccessUsed.type, rights.EmergencyAccessReviewed.type,
        rights.LegalRequestReceived.type, rights.LegalRequestOpinionGiven.type,
        rights.LegalRequestDecided.type, rights.DataAccessRequested.type, rights.DataShown.type,
    }  # fmt: skip
    assert ruled("carer") == {consent.ConsentNarrowed.type}
    assert {type for type, row in audience.items() if row["leads"]} == {
        model.type
        for model in (
            intake.CaseOpened, intake.ConsentOffered, intake.ConsentGranted, intake.NeedsAssessed,
            intake.PlanAgreed, intake.PlanRevised, consent.ConsentWidened, consent.ConsentRenewed,
        )
    }  # fmt: skip
