"""What each reader sees of a timeline: its own in full, of the rest no more than its part in the case."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from throughcare.contracts import events as all_events
from throughcare.contracts import intake_events as intake
from throughcare.contracts import medicine_events as med
from throughcare.contracts import release_events as release
from throughcare.contracts.kinds import Event
from throughcare.gateway.views import CONFIDED, WITHOUT_CONSENT, Entry, Reader, shown

BEGIN = datetime(2026, 3, 1, 8, tzinfo=UTC)
OPENED, CONSENTED, SENT, DECLINED, SCHEDULED, ENROLLED, WITHDRAWN = (uuid4() for _ in range(7))
FIRST, SECOND, ALARM = "ref-1", "ref-2", "alarm-1"


def entry(
    n: int, event: type[Event], causation: UUID | None = None, kind: str = "event", **data: Any
) -> Entry:
    half = "intake" if event in intake.INTAKE_EVENTS else "release"
    at = BEGIN + timedelta(days=n)
    return Entry(n, at, at, kind, event.type, half, n, data, causation)


STORY = [
    entry(0, intake.CaseOpened, OPENED, origin="facility", facility="ik-1"),
    entry(1, intake.ProgrammeEnrolled, ENROLLED, programme_code="atlantis"),
    entry(2, intake.ConsentGranted, CONSENTED, items=[{"party": "ngo-b"}], signed_how="ink"),
    entry(3, intake.NeedsAssessed, uuid4(), flags=["hiv-care"]),
    entry(4, release.ReleaseScheduled, SCHEDULED, expected_release_on="2026-06-01"),
    entry(5, release.ReferralSent, SENT, referral_id=FIRST, receiver="ngo-a", service_type="oat"),
    entry(6, release.ReferralDeclined, DECLINED, referral_id=FIRST, reason_code="no-capacity"),
    entry(
        7, release.ReferralSent, DECLINED,
        referral_id=SECOND, receiver="ngo-b", service_type="oat", after_referral_id=FIRST,
    ),
    entry(8, release.ReferralAccepted, uuid4(), referral_id=SECOND),
    entry(9, release.PersonReleased, uuid4(), facility="ik-1", unplanned=False),
    entry(10, release.EscalationRaised, None, escalation_id=ALARM, to_role="protocol-coordinator"),
    entry(11, release.PersonDied, uuid4(), place="community"),
    entry(12, release.CaseClosed, None, reason_code="died"),
]  # fmt: skip


def names(party: str, *roles: str, sent: tuple[UUID, ...] = ()) -> dict[str, bool]:
    """What a reader learns of: name of the event -> with its data."""
    made = shown(STORY, Reader(party, frozenset(roles), sent))
    return {f"{m['type'].split('.')[-2]} {m['ordinal']}": "data" in m for m in made}


def test_whoever_leads_the_case_sees_own_acts_and_own_referrals_in_full_and_of_the_rest_that_it_was() -> (
    None
):
    seen = names("psych", "prison-psych", sent=(OPENED, CONSENTED, SENT))

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


def test_the_administration_sees_dates_and_movements_and_no_care() -> None:
    assert names("admin", "prison-admin", sent=(SCHEDULED,)) == {
        "release-scheduled 4": True,
        "person-released 9": False,
        "case-closed 12": False,
    }


def test_who_reported_an_enrolment_sees_it_and_nobody_else_does() -> None:
    assert names("zone", "programme-coordinator", sent=(ENROLLED,))["programme-enrolled 1"]
    assert "programme-enrolled 1" not in names("psych", "prison-psych", sent=(OPENED,))


def test_a_receiver_sees_its_own_referral_and_no_other() -> None:
    seen = names("ngo-b", "ngo")

    assert seen == {
        "referral-sent 7": True,
        "referral-accepted 8": True,
        "person-released 9": False,
        "case-closed 12": False,
    }


def test_a_receiver_that_declined_does_not_learn_who_was_asked_next() -> None:
    seen = names("ngo-a", "ngo", sent=(DECLINED,))

    assert seen["referral-declined 6"]
    assert "referral-sent 7" not in seen
    assert "referral-accepted 8" not in seen


def test_a_death_is_told_to_no_receiver_only_that_the_case_is_closed() -> None:
    seen = names("ngo-b", "ngo")

    assert "person-died 11" not in seen
    assert seen["case-closed 12"] is False


@pytest.mark.parametrize("sent", [ENROLLED, WITHDRAWN])
def test_reporting_an_enrolment_or_passing_on_a_stop_does_not_make_one_lead_the_case(
    sent: UUID,
) -> None:
    story = [*STORY, entry(13, intake.ConsentWithdrawn, WITHDRAWN, received_how="phone")]

    made = shown(story, Reader("ngo-a", frozenset({"ngo"}), (sent,)))

    assert not {"needs-assessed", "referral-accepted"} & {m["type"].split(".")[-2] for m in made}


def test_an_alarm_is_seen_by_whom_it_addresses() -> None:
    assert names("desk", "protocol-coordinator")["escalation-raised 10"]
    assert "escalation-raised 10" not in names("ngo-b", "ngo")


def test_a_monitor_reads_every_step_without_place_party_date_or_service() -> None:
    made = shown(STORY, Reader("monitors", frozenset({"monitor"}), ()))

    assert [m["day"] for m in made] == list(range(13))
    text = str(made)
    for telling in ("ik-1", "ngo-", "oat", "hiv", "2026", "atlantis", FIRST):
        assert telling not in text
    assert made[6]["data"] == {"reason_code": "no-capacity"}


def test_nobody_but_its_sender_and_monitors_sees_a_refused_step() -> None:
    refused = entry(1, release.CaseClosed, SENT, kind="refusal", refusal_code="no-plan")

    for reader, sees in (
        (Reader("psych", frozenset({"prison-psych"}), (SENT,)), True),
        (Reader("other", frozenset({"prison-psych"}), ()), False),
        (Reader("monitors", frozenset({"monitor"}), ()), True),
    ):
        assert bool(shown([refused], reader)) is sees


@pytest.mark.parametrize("model", all_events.EVENTS, ids=lambda model: model.name)
def test_the_contracts_mark_what_is_said_without_consent(model: type[Event]) -> None:
    assert (model in WITHOUT_CONSENT) == (model.__doc__ or "").startswith("†")


CONFIDES = [
    *STORY[:9],
    entry(9, med.RelapseReported, DECLINED, referral_id=FIRST, reported_by="client"),
    entry(10, med.OverdoseReported, DECLINED, referral_id=FIRST),
    entry(11, med.NaloxoneUsed, DECLINED),
    entry(12, med.PlanReviewProposed, DECLINED),
]


@pytest.mark.parametrize("role", ["prison-psych", "protocol-coordinator", "monitor", "ngo"])
def test_what_was_confided_is_seen_by_whoever_took_it_down_and_by_nobody_else(role: str) -> None:
    taker = shown(CONFIDES, Reader("ngo-a", frozenset({"ngo"}), (DECLINED,)))
    other = shown(CONFIDES, Reader("else", frozenset({role}), (SENT,)))

    confided = {model.type for model in CONFIDED}
    assert [made["ordinal"] for made in taker if made["type"] in confided] == [9, 10, 11]
    assert [made["type"] for made in other if made["type"] in confided] == []
    learns = any(made["type"] == med.PlanReviewProposed.type for made in other)
    assert learns == (role != "ngo")
