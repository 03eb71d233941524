"""The plan: the person's, not medicine alone, with receivers that fit."""

from typing import Any

import pytest

from throughcare.contracts import intake_commands as ic
from throughcare.contracts import intake_events as ie
from throughcare.contracts.codes import PlanItem, Receiver
from throughcare.tests.protocol.story import GRANTED, OFFERED, OPENED, PLAN, PSYCH, given

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
