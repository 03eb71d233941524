"""Opening, programme, consent: given the events of a case, when somebody acts, then this."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from throughcare.contracts import facts
from throughcare.contracts import intake_commands as ic
from throughcare.contracts import intake_events as ie
from throughcare.contracts import release_events as re
from throughcare.contracts.codes import ROLES, ConsentItem
from throughcare.protocol.profiles import PROFILES
from throughcare.tests.protocol.story import (
    COMMAND,
    GRANTED,
    NGO,
    OFFER,
    OFFERED,
    OPENED,
    PLAN,
    PSYCH,
    REHAB,
    START,
    VERSION,
    consent,
    given,
)

OPEN = ic.OpenCase(
    origin="facility", reason_code="self-request", person_told=True, facility="kg-31"
)
REFUSED = ie.ConsentRefused(refusal_scope="all")
WITHDRAWN = ie.ConsentWithdrawn(consent_id=COMMAND, received_how="sms")
CLOSED = re.CaseClosed(reason_code="completed")
ENROLLED = facts.ProgrammeEnrolled(programme_code="clean-zone", facility="kg-31")
ADMITTED = ie.ProgrammeEnrolled(programme_code="clean-zone", facility="kg-31")
PLAIN = ic.WithdrawConsent(received_how="sms")


# -- opening -------------------------------------------------------------------------------------


def test_health_staff_open_a_case() -> None:
    given().when(OPEN, "kg-31", "prison-health").then(OPENED)


def test_the_administration_alone_opens_no_case() -> None:
    given().when(OPEN, "kg-31", "prison-admin").refused("role-may-not")


def test_nobody_is_opened_a_case_without_being_told() -> None:
    untold = OPEN.model_copy(update={"person_told": False})
    given().when(untold, "kg-31", "prison-health").refused("person-not-told")


def test_a_case_is_opened_once() -> None:
    given(OPENED).when(OPEN, "kg-31", "prison-health").refused("case-already-open")


def test_opening_may_carry_the_programme_the_person_is_in() -> None:
    in_programme = OPEN.model_copy(update={"programme_code": "clean-zone"})
    given().when(in_programme, "kg-31", "prison-health").then(OPENED, ADMITTED)


def test_a_programme_that_the_country_does_not_have_opens_nothing() -> None:
    unknown = OPEN.model_copy(update={"programme_code": "boot-camp"})
    given().when(unknown, "kg-31", "prison-health").refused("programme-unknown")


def test_an_act_from_the_future_is_refused() -> None:
    ahead = START + timedelta(minutes=11)
    given().when(OPEN, "kg-31", "prison-health", at=ahead, received_at=START).refused(
        "occurs-in-the-future"
    )


def test_a_clock_a_little_ahead_is_still_now() -> None:
    ahead = START + timedelta(minutes=9)
    given().when(OPEN, "kg-31", "prison-health", at=ahead, received_at=START).then(OPENED)


# -- programme -----------------------------------------------------------------------------------


def test_an_enrolment_about_nobody_known_opens_a_case_that_waits_for_consent() -> None:
    opened = ie.CaseOpened(origin="programme", opened_by="kg-gsin", facility="kg-31")
    given().when(ENROLLED, "kg-gsin", "prison-admin").then(opened, ADMITTED)


def test_an_enrolment_of_somebody_known_is_kept_beside_the_case() -> None:
    given(OPENED).when(ENROLLED, "kg-gsin", "prison-admin").then(ADMITTED)


def test_the_same_enrolment_again_says_nothing_new() -> None:
    given(OPENED, ADMITTED).when(ENROLLED, "kg-gsin", "prison-admin").then_nothing_new()


def test_enrolment_in_a_programme_that_is_only_an_idea_is_refused() -> None:
    idea = facts.ProgrammeEnrolled(programme_code="atlantis-women")
    given().when(idea, "kg-gsin", "prison-admin").refused("programme-unknown")


def test_where_the_country_says_so_an_enrolment_opens_no_case(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    strict = PROFILES[VERSION]._replace(programme_opens_case=False)
    monkeypatch.setattr("throughcare.protocol.intake.PROFILES", {VERSION: strict})

    given().when(ENROLLED, "kg-gsin", "prison-admin").refused("programme-opens-no-case")


# -- consent -------------------------------------------------------------------------------------


def test_consent_is_offered_in_a_language_that_has_a_form() -> None:
    given(OPENED).when(OFFER, *PSYCH).then(OFFERED)


def test_consent_may_be_offered_again_before_an_answer() -> None:
    given(OPENED, OFFERED).when(OFFER, *PSYCH).then(OFFERED)


def test_consent_in_a_language_without_a_form_is_not_offered() -> None:
    uzbek = OFFER.model_copy(update={"language": "uz-Latn"})
    given(OPENED).when(uzbek, *PSYCH).refused("language-not-offered")


@pytest.mark.parametrize("role", ["prison-admin", "programme-coordinator"])
def test_who_decides_on_privileges_does_not_witness_consent(role: Any) -> None:
    pressed = OFFER.model_copy(update={"witness_role": role})
    given(OPENED).when(pressed, *PSYCH).refused("witness-decides-privileges")


def test_consent_names_receivers_classes_and_purposes() -> None:
    given(OPENED, OFFERED).when(consent(NGO), *PSYCH).then(GRANTED)


@pytest.mark.parametrize(
    ("before", "code"),
    [
        ((), "case-not-open"),
        ((OPENED,), "consent-not-offered"),
        ((OPENED, OFFERED, REFUSED), "consent-already-refused"),
        ((OPENED, OFFERED, GRANTED, WITHDRAWN), "consent-withdrawn"),
        ((OPENED, OFFERED, GRANTED, CLOSED), "case-closed"),
    ],
)
@pytest.mark.parametrize("answer", [consent(NGO), ic.RecordRefusal()])
def test_an_answer_follows_an_offer(before: Any, code: str, answer: Any) -> None:
    given(*before).when(answer, *PSYCH).refused(code)


@pytest.mark.parametrize(
    ("before", "code"),
    [
        ((), "case-not-open"),
        ((OPENED, OFFERED, GRANTED), "consent-already-given"),
        ((OPENED, OFFERED, REFUSED), "consent-already-refused"),
        ((OPENED, OFFERED, GRANTED, WITHDRAWN), "consent-withdrawn"),
    ],
)
def test_nobody_is_asked_again_right_after_an_answer(before: Any, code: str) -> None:
    given(*before).when(OFFER, *PSYCH).refused(code)


def test_consent_to_nobody_is_no_consent() -> None:
    given(OPENED, OFFERED).when(consent(), *PSYCH).refused("consent-empty")


def test_consent_to_a_kind_of_receiver_the_country_does_not_have_is_refused() -> None:
    mahalla = ConsentItem(receiver_type="mahalla", data_classes=("P1",), purposes=("social",))
    given(OPENED, OFFERED).when(consent(mahalla), *PSYCH).refused("receiver-type-not-allowed")


@pytest.mark.parametrize("kind", ["P1", "P2", "P3", "P4", "P5"])
def test_probation_gets_neither_a_name_nor_health_data_whatever_is_signed(kind: Any) -> None:
    more = ConsentItem(receiver_type="probation", data_classes=("P0", kind), purposes=("social",))
    given(OPENED, OFFERED).when(consent(NGO, more), *PSYCH).refused("class-not-for-receiver")


@pytest.mark.parametrize("days", [-1, 366])
def test_consent_lasts_neither_into_the_past_nor_beyond_a_year(days: int) -> None:
    until = consent(NGO, expires_on=START.date() + timedelta(days=days))
    given(OPENED, OFFERED).when(until, *PSYCH).refused("consent-too-long")


def test_consent_may_last_the_whole_year() -> None:
    whole = START.date() + timedelta(days=365)
    given(OPENED, OFFERED).when(consent(NGO, expires_on=whole), *PSYCH).then(
        GRANTED.model_copy(update={"expires_on": whole})
    )


def test_a_refusal_needs_no_reason() -> None:
    given(OPENED, OFFERED).when(ic.RecordRefusal(), *PSYCH).then(REFUSED)


# -- withdrawal ----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"commenter"}))
def test_anybody_passes_a_withdrawal_on(role: str) -> None:
    given(OPENED, OFFERED, GRANTED).when(PLAIN, "whoever", role).then(WITHDRAWN)


@pytest.mark.parametrize("before", [(OPENED,), (OPENED, OFFERED)])
def test_consent_may_be_withdrawn_before_it_was_given(before: Any) -> None:
    given(*before).when(PLAIN, "ngo-one", "ngo").then(ie.ConsentWithdrawn(received_how="sms"))


@pytest.mark.parametrize(
    "before",
    [
        (OPENED, OFFERED, REFUSED),
        (OPENED, OFFERED, GRANTED, WITHDRAWN),
        (OPENED, OFFERED, GRANTED, CLOSED),
    ],
)
def test_a_withdrawal_is_never_refused_where_there_is_nothing_left_to_stop(before: Any) -> None:
    given(*before).when(PLAIN, "ngo-one", "ngo").then_nothing_new()


def test_a_withdrawal_about_no_case_has_no_case() -> None:
    given().when(PLAIN, "ngo-one", "ngo").refused("case-not-open")


# -- needs and plan ------------------------------------------------------------------------------

NEEDS = ic.AssessNeeds(tool_code="form", tool_version="2", flags=("housing",))


def test_needs_are_flags() -> None:
    given(OPENED, OFFERED, GRANTED).when(NEEDS, *PSYCH).then(
        ie.NeedsAssessed(tool_code="form", tool_version="2", flags=("housing",))
    )


@pytest.mark.parametrize(
    ("before", "code"),
    [
        ((), "case-not-open"),
        ((OPENED,), "no-consent"),
        ((OPENED, OFFERED, GRANTED, WITHDRAWN), "consent-withdrawn"),
    ],
)
def test_needs_and_plan_wait_for_consent(before: Any, code: str) -> None:
    given(*before).when(NEEDS, *PSYCH).refused(code)
    given(*before).when(ic.AgreePlan(items=PLAN, client_signed=True), *PSYCH).refused(code)


def test_consent_to_one_receiver_is_enough() -> None:
    given(OPENED, OFFERED).when(consent(REHAB), *PSYCH).then(
        GRANTED.model_copy(update={"items": (REHAB,), "consent_id": UUID(int=0xC0)})
    )
