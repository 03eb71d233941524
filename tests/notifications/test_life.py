"""Permission that changes, recipients that were told, and many alarms at once."""

import itertools
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from throughcare.contracts.care_commands import ConfirmRecipientTold
from throughcare.contracts.care_events import (
    PermissionRecalled,
    RecipientTold,
    WithdrawalAcknowledged,
)
from throughcare.contracts.kinds import Event
from throughcare.contracts.notification_events import NoticeSent, NoticeWithheld
from throughcare.contracts.release_events import (
    EscalationRaised,
    PersonReleased,
    PersonTransferred,
    ReferralExpired,
    ReferralSent,
)
from throughcare.runtime.ids import new_case_ref, new_id
from throughcare.services.notifications import store
from throughcare.services.notifications.recalls import command
from throughcare.tests.notifications.conftest import NOON, Desk, event
from throughcare.tests.notifications.test_sending import offer

ALL = list(range(12))


def alarm(level: int = 1, role: str = "protocol-coordinator") -> EscalationRaised:
    return EscalationRaised.model_validate(
        {"escalation_id": new_id(), "code": "D17", "step": 72, "level": level, "to_role": role}
    )


def recalled(sent: ReferralSent) -> PermissionRecalled:
    return PermissionRecalled(
        referral_id=sent.referral_id, receiver=sent.receiver, receiver_type=sent.receiver_type,
        recalled_at=NOON,
    )  # fmt: skip


# -- permission that ends for one ------------------------------------------------------------------


async def test_what_waits_for_a_party_taken_out_of_the_consent_is_withheld(desk: Desk) -> None:
    case = new_case_ref()
    await desk.party("clinic-nine", "oat-site", email="nine@desk.example")
    await desk.party("clinic-ten", "oat-site", email="ten@desk.example")
    await desk.hear(event(case, offer(case)), event(case, offer(case, "clinic-ten")))

    await desk.owner.execute("DELETE FROM intake.permissions WHERE recipient = 'clinic-nine'")
    await desk.send()

    assert [mail["To"] for mail in desk.mails()] == ["ten@desk.example"]
    said = await desk.said()
    withheld = [(e.to_party, e.reason_code) for e in said if isinstance(e, NoticeWithheld)]
    assert withheld == [("clinic-nine", "permission-ended")]


async def test_a_kind_of_receiver_in_the_consent_permits_each_of_that_kind(desk: Desk) -> None:
    case = new_case_ref()
    await desk.party("clinic-nine", "oat-site", email="nine@desk.example")
    await desk.hear(event(case, offer(case)))

    await desk.owner.execute("UPDATE intake.permissions SET recipient = 'type:oat-site'")
    await desk.send()

    assert len(desk.mails()) == 1


async def test_the_word_that_permission_ended_reaches_whom_it_ended_for(desk: Desk) -> None:
    case = new_case_ref()
    await desk.party("clinic-nine", "oat-site", email="nine@desk.example")
    sent = offer(case)
    await desk.hear(event(case, sent))
    await desk.send()
    await desk.owner.execute("DELETE FROM intake.permissions")
    await desk.owner.execute("UPDATE gateway.case_access SET until = now()")  # as the door does

    await desk.hear(event(case, recalled(sent)))
    await desk.send()

    assert len(desk.mails()) == 2
    # Telling it gave it nothing back.
    assert await desk.owner.fetchval("SELECT until FROM gateway.case_access") is not None


# -- a part that ended -------------------------------------------------------------------------


async def test_a_receiver_whose_referral_ended_is_told_under_the_name_it_had_and_gets_none_for_it(
    desk: Desk,
) -> None:
    case = new_case_ref()
    await desk.party("clinic-nine", "oat-site", email="nine@desk.example")
    sent = offer(case)
    await desk.hear(event(case, sent))
    await desk.send()
    code = await desk.alias()
    # The door heard it first: its part is over, and the name runs out.
    await desk.owner.execute("UPDATE gateway.case_access SET until = now(), as_of = 2")
    await desk.owner.execute("UPDATE gateway.aliases SET until = now()")
    lapsed = ReferralExpired(referral_id=sent.referral_id, expired_at=NOON)
    raised = EscalationRaised.model_validate(
        {"escalation_id": new_id(), "code": "D17", "step": 72, "level": 1, "to_role": "oat-site",
         "to_party": "clinic-nine"}
    )  # fmt: skip
    ends = [event(case, one)._replace(sequence=3) for one in (lapsed, raised)]
    await desk.hear(*ends)
    await desk.owner.execute("DELETE FROM gateway.aliases")
    await desk.send()

    _, told, *_ = [mail.get_content() for mail in desk.mails()]
    assert code in told
    assert await desk.owner.fetchval("SELECT count(*) FROM gateway.aliases") == 0
    assert await desk.owner.fetchval("SELECT until FROM gateway.case_access") is not None
    assert await desk.owner.fetchval("SELECT count(alias) FROM notifications.deliveries") == 0


async def test_an_offer_that_is_heard_after_the_door_heard_its_end_gives_no_name(
    desk: Desk,
) -> None:
    case = new_case_ref()
    await desk.party("clinic-nine", "oat-site")
    await desk.owner.execute(
        "INSERT INTO gateway.case_access (case_ref, party, until, as_of)"
        " VALUES ($1, 'clinic-nine', now(), 4)",
        case,
    )
    late = event(case, offer(case))
    await desk.hear(late._replace(sequence=4))
    assert await desk.owner.fetchval("SELECT count(*) FROM gateway.aliases") == 0

    await desk.hear(late._replace(id=new_id(), sequence=5))
    assert await desk.owner.fetchval("SELECT count(*) FROM gateway.aliases") == 1
    assert await desk.owner.fetchval("SELECT until FROM gateway.case_access") is None


# -- who was told ------------------------------------------------------------------------------


async def ended(desk: Desk, *more: Event) -> tuple[UUID, ReferralSent]:
    case = new_case_ref()
    await desk.party("clinic-nine", "oat-site", email="nine@desk.example")
    sent = offer(case)
    await desk.hear(event(case, sent))
    await desk.send()
    await desk.hear(event(case, recalled(sent)))
    await desk.hear(*(event(case, one) for one in more))
    return case, sent


async def test_release_is_told_of_a_recipient_once_the_notice_reached_it(desk: Desk) -> None:
    case, sent = await ended(desk)

    assert await store.due_recalls(desk.pool, ALL) == []  # not sent yet
    await desk.send()
    [due] = await store.due_recalls(desk.pool, ALL)

    said = command(due)
    assert said.data == ConfirmRecipientTold(referral_id=sent.referral_id)
    assert (said.case_ref, said.roles, said.number) == (case, ("system",), None)


async def test_release_is_told_again_under_the_same_id_until_it_says_so(desk: Desk) -> None:
    case, sent = await ended(desk)
    await desk.send()

    first = await store.due_recalls(desk.pool, ALL)
    assert await store.due_recalls(desk.pool, ALL) == []  # not at once
    await desk.owner.execute("UPDATE notifications.recalls SET due_at = now()")
    again = await store.due_recalls(desk.pool, ALL)
    assert command(first[0]).id == command(again[0]).id
    await desk.hear(event(case, RecipientTold(referral_id=sent.referral_id, told_at=NOON)))

    assert await desk.owner.fetchval("SELECT count(*) FROM notifications.recalls") == 0


async def test_who_answered_before_is_not_said_to_have_been_told(desk: Desk) -> None:
    case, sent = await ended(desk)
    await desk.hear(
        event(case, WithdrawalAcknowledged(referral_id=sent.referral_id, data_action="deleted"))
    )
    await desk.send()

    assert await store.due_recalls(desk.pool, ALL) == []


async def test_nobody_is_said_to_have_been_told_by_a_mail_that_did_not_go(desk: Desk) -> None:
    case = new_case_ref()
    await desk.party("clinic-nine", "oat-site")
    sent = offer(case)
    await desk.hear(event(case, sent), event(case, recalled(sent)))
    await desk.send()

    assert await store.due_recalls(desk.pool, ALL) == []


# -- many alarms at once -----------------------------------------------------------------------


async def test_many_alarms_at_once_are_one_mail_that_names_the_most_pressing(desk: Desk) -> None:
    await desk.party("coordinator", "protocol-coordinator", email="c@desk.example")
    cases = [new_case_ref() for _ in range(7)]
    levels = [1, 1, 2, 1, 1, 1, 1]

    await desk.hear(*(event(case, alarm(level)) for case, level in zip(cases, levels, strict=True)))
    await desk.send()

    [mail] = desk.mails()
    code = await desk.alias(cases[2])
    text = mail.get_content()
    assert f"Code: {code}" in text
    assert text.count("Code:") == 1
    assert "There is more than this" in text
    assert "7" not in text.replace(code, "").replace("https", "").split("Code")[0]
    assert await desk.statuses() == [("sent", None)] * 7
    assert len([e for e in await desk.said() if isinstance(e, NoticeSent)]) == 7


async def test_the_next_mail_of_alarms_waits_for_the_next_hour(desk: Desk) -> None:
    await desk.party("coordinator", "protocol-coordinator", email="c@desk.example")
    hour = iter(NOON + timedelta(minutes=20 * n) for n in itertools.count())

    try:
        for _ in range(4):  # 0, 20, 40 and 60 minutes
            await desk.owner.execute("SELECT runtime.step_clock($1, $1)", next(hour))
            await desk.hear(event(new_case_ref(), alarm()))
            await desk.send_now()
            await desk.send_now()
        mails = [mail.get_content() for mail in desk.mails()]
    finally:
        await desk.owner.execute(
            "UPDATE runtime.clock SET mode = 'real', at = NULL, settled = NULL"
        )

    assert ["There is more" in text for text in mails] == [False, True]
    assert await desk.statuses() == [("sent", None)] * 4


async def test_what_is_no_alarm_waits_for_nobody(desk: Desk) -> None:
    await desk.party("clinic-nine", "oat-site", email="nine@desk.example")
    cases = [new_case_ref() for _ in range(3)]

    await desk.hear(*(event(case, offer(case)) for case in cases))
    await desk.send()

    assert len(desk.mails()) == 3


async def test_a_webhook_tells_of_each_alarm(desk: Desk) -> None:
    desk.web.expect_request("/hook", method="POST").respond_with_data("", 204)
    await desk.party("coordinator", "protocol-coordinator", path="/hook")

    await desk.hear(*(event(new_case_ref(), alarm()) for _ in range(3)))
    await desk.send()

    assert len(desk.web.log) == 3


async def test_alarms_that_could_not_be_sent_together_are_sent_together_later(desk: Desk) -> None:
    await desk.party("coordinator", "protocol-coordinator", email="c@desk.example")
    port = desk.settings.smtp.port
    desk.settings.smtp.port = 1
    await desk.hear(*(event(new_case_ref(), alarm()) for _ in range(3)))
    await desk.send_now()
    assert await desk.statuses() == [("pending", None)] * 3

    desk.settings.smtp.port = port
    await desk.overdue()
    await desk.send_now()
    await desk.send_now()

    assert len(desk.mails()) == 1
    assert await desk.statuses() == [("sent", None)] * 3


async def test_one_alarm_that_may_not_go_keeps_no_other_back(desk: Desk) -> None:
    await desk.party("coordinator", "protocol-coordinator", email="c@desk.example")
    stopped, going = new_case_ref(), new_case_ref()
    await desk.hear(event(stopped, alarm()), event(going, alarm()))
    await desk.owner.execute("SELECT intake.stop($1)", stopped)

    await desk.send()

    assert len(desk.mails()) == 1
    assert sorted(await desk.statuses()) == [("sent", None), ("suppressed", "permission-ended")]


# -- places ------------------------------------------------------------------------------------


@pytest.mark.parametrize("country", ["kg", "kz", "tj", "tm", "uz"])
async def test_who_holds_a_role_is_told_of_their_own_country_and_of_no_other(
    desk: Desk, country: str
) -> None:
    for one in ("KG", "KZ", "TJ", "TM", "UZ"):
        await desk.party(
            f"coordinator-{one.lower()}", "protocol-coordinator", email=f"{one}@desk.example"
        )
        await desk.owner.execute(
            "UPDATE gateway.parties SET country = $2 WHERE party = $1",
            f"coordinator-{one.lower()}", one,
        )  # fmt: skip
    case = new_case_ref()

    await desk.hear(event(case, alarm())._replace(protocol_version=f"{country}-2026.1"))
    await desk.send()

    assert [mail["To"] for mail in desk.mails()] == [f"{country.upper()}@desk.example"]


async def test_the_place_that_a_person_left_gets_no_new_name_for_the_case(desk: Desk) -> None:
    case = new_case_ref()
    for facility in ("kg-1", "kg-2"):
        await desk.party(
            f"prison-{facility}", "prison-health", email=f"{facility}@desk.example",
            facilities=[facility],
        )  # fmt: skip
    moved: Any = PersonTransferred(from_facility="kg-1", to_facility="kg-2", transferred_at=NOON)

    await desk.hear(event(case, moved))
    await desk.send()

    assert {mail["To"] for mail in desk.mails()} == {"kg-1@desk.example", "kg-2@desk.example"}
    named = await desk.owner.fetch("SELECT party FROM gateway.aliases")
    assert [row["party"] for row in named] == ["prison-kg-2"]


async def test_what_a_prison_still_hears_after_the_release_gives_it_no_name_for_the_case(
    desk: Desk,
) -> None:
    case = new_case_ref()
    await desk.party("prison", "prison-health", email="p@desk.example")
    await desk.hear(
        event(case, PersonReleased(released_at=NOON, known_at=NOON, unplanned=False)),
        event(case, alarm(role="prison-health")),
    )
    await desk.send()

    assert len(desk.mails()) == 1
    assert await desk.owner.fetchval("SELECT count(*) FROM gateway.case_access") == 0
