"""The plan: the person's, not medicine alone, with receivers that fit."""

from typing import Any

import pytest

from throughcare.contracts import intake_commands as ic
from throughcare.contracts import intake_events as ie
from throughcare.contracts.codes import NeedFlag, PlanItem, Receiver, ServiceType
from throughcare.protocol.decision import Refused
from throughcare.protocol.intake.pairing import missing, propose
from throughcare.protocol.profiles import PROFILES
from throughcare.protocol.profiles.model import ServiceRule
from throughcare.tests.protocol.story import GRANTED, OFFERED, OPENED, PLAN, PSYCH, VERSION, given

KG = PROFILES[VERSION]
BEFORE = (OPENED, OFFERED, GRANTED)


def _plan(*items: PlanItem, signed: bool = True) -> ic.AgreePlan:
    return ic.AgreePlan(items=items, client_signed=signed)


def _item(service: Any, *receivers: Receiver, number: int = 9) -> PlanItem:
    return PlanItem(item=number, service_type=service, mandatory=True, receivers=receivers)


def test_a_signed_plan_is_agreed() -> None:
    given(*BEFORE).when(_plan(*PLAN), *PSYCH).then(ie.PlanAgreed(plan_version=1, items=PLAN))


def test_a_second_plan_revises_the_first() -> None:
    agreed = ie.PlanAgreed(plan_version=1, items=PLAN)
    given(*BEFORE, agreed).when(_plan(*PLAN[:1]), *PSYCH).then(
        ie.PlanRevised(plan_version=2, items=PLAN[:1])
    )


def test_a_plan_without_the_persons_signature_is_refused() -> None:
    given(*BEFORE).when(_plan(*PLAN, signed=False), *PSYCH).refused("plan-not-signed")


def test_medicine_alone_is_no_plan() -> None:
    given(*BEFORE).when(_plan(_item("oat")), *PSYCH).refused("plan-without-psychosocial-item")


def test_two_items_do_not_share_a_number() -> None:
    twice = _item("housing", number=1)
    given(*BEFORE).when(_plan(*PLAN, twice), *PSYCH).refused("plan-item-twice")


def test_a_service_that_the_country_does_not_have_is_refused() -> None:
    given(*BEFORE).when(_plan(*PLAN, _item("community-support")), *PSYCH).refused(
        "service-not-available"
    )


def test_a_receiver_that_does_not_provide_the_service_is_refused() -> None:
    misfit = Receiver(party="probation-one", receiver_type="probation")
    given(*BEFORE).when(_plan(*PLAN, _item("oat", misfit)), *PSYCH).refused(
        "receiver-does-not-fit-service"
    )


@pytest.mark.parametrize("role", ["prison-admin", "probation", "oat-site", "monitor"])
def test_the_plan_is_made_by_who_works_with_the_person(role: str) -> None:
    given(*BEFORE).when(_plan(*PLAN), "somebody", role).refused("role-may-not")


# -- proposed from needs, and never medicine alone -----------------------------------------------

SUPPORT = PLAN[0]
WITHOUT_IT: dict[ServiceType, ServiceRule] = {
    code: rule for code, rule in KG.services.items() if code != "oat"
}


def test_support_is_proposed_first_and_always() -> None:
    assert [item.service_type for item in propose((), KG)] == ["psychosocial-support"]
    assert propose((), KG)[0].mandatory


def test_needs_propose_what_the_country_has_each_once() -> None:
    flags: tuple[NeedFlag, ...] = (
        "oat-now",
        "oat-interest",
        "documents",
        "mental-health",
        "family",
    )
    proposed = propose(flags, KG)

    assert [item.service_type for item in proposed] == [
        "psychosocial-support",
        "oat",
        "documents",
        "mental-health",
        "family-support",
    ]
    assert [item.item for item in proposed] == [1, 2, 3, 4, 5]
    assert [item.mandatory for item in proposed] == [True, True, False, True, False]
    assert [item.pathway for item in proposed] == ["none", "oat", "none", "none", "none"]


def test_where_there_is_no_medicine_none_is_proposed() -> None:
    proposed = propose(("oat-now",), KG._replace(services=WITHOUT_IT))

    assert [item.service_type for item in proposed] == ["psychosocial-support"]


def test_what_is_proposed_is_a_plan_once_somebody_is_named_for_the_support() -> None:
    named = propose(("oat-now", "hiv-care"), KG)
    with_ngo = named[0].model_copy(update={"receivers": SUPPORT.receivers})

    given(*BEFORE).when(_plan(*named), *PSYCH).refused("plan-without-paired-support")
    given(*BEFORE).when(_plan(with_ngo, *named[1:]), *PSYCH).then(
        ie.PlanAgreed(plan_version=1, items=(with_ngo, *named[1:]))
    )


def test_treatment_that_supports_as_well_is_no_pair_for_a_medicine() -> None:
    rehab = PLAN[1].model_copy(update={"item": 7})
    given(*BEFORE).when(_plan(rehab, _item("oat")), *PSYCH).refused("plan-without-paired-support")


def test_a_medicine_goes_without_its_pair_for_a_reason_that_is_kept() -> None:
    rehab = PLAN[1].model_copy(update={"item": 7})
    alone = _plan(rehab, _item("oat")).model_copy(update={"unpaired_reason": "person-declined"})
    agreed = ie.PlanAgreed(plan_version=1, items=alone.items, unpaired_reason="person-declined")
    given(*BEFORE).when(alone, *PSYCH).then(agreed)


def test_abstinence_and_a_medicine_stand_side_by_side() -> None:
    oat = _item("oat").model_copy(update={"pathway": "both"})
    detox = _item("detox", number=10).model_copy(update={"pathway": "abstinence"})
    both = _plan(SUPPORT, oat, detox)

    given(*BEFORE).when(both, *PSYCH).then(ie.PlanAgreed(plan_version=1, items=both.items))


def test_a_pathway_with_a_medicine_needs_a_country_that_has_it() -> None:
    wanted = _plan(SUPPORT.model_copy(update={"pathway": "oat"}))

    assert missing(wanted, KG._replace(services=WITHOUT_IT)) == Refused("service-not-available")
    assert missing(wanted, KG) is None


def test_needs_are_remembered_as_they_were_last_found() -> None:
    found = ie.NeedsAssessed(tool_code="t", tool_version="1", flags=("housing", "family"))
    assert given(*BEFORE, found).states["intake"].own.needs == ("housing", "family")
