"""What leaves, to whom and how often; against a real mail server and a real HTTP peer."""

import asyncio
import json
import re
import socket
from datetime import timedelta
from uuid import UUID

import pytest
from standardwebhooks import Webhook
from werkzeug import Request, Response

from throughcare.contracts.notification_events import NoticeFailed, NoticeSent, NoticeWithheld
from throughcare.contracts.release_events import (
    CaseClosed,
    EscalationRaised,
    ReferralAccepted,
    ReferralSent,
)
from throughcare.runtime import aliases, crash
from throughcare.runtime.ids import new_case_ref, new_id
from throughcare.runtime.seal import Seal
from throughcare.services.notifications import sender as sending
from throughcare.tests.notifications.conftest import NOON, SECRET, Desk, event


def offer(case_ref: UUID, receiver: str = "clinic-nine", kind: str = "oat-site") -> ReferralSent:
    return ReferralSent.model_validate(
        {
            "referral_id": new_id(),
            "item": 1,
            "service_type": "oat",
            "mandatory": True,
            "receiver": receiver,
            "receiver_type": kind,
            "urgency": "routine",
            "consent_id": new_id(),
            "sent_at": NOON,
            "answer_due_at": NOON + timedelta(days=2),
        }
    )


async def test_an_offer_reaches_its_receiver_by_mail_and_by_webhook(desk: Desk) -> None:
    case = new_case_ref()
    desk.web.expect_request("/hook", method="POST").respond_with_data("", 204)
    await desk.party("clinic-nine", "oat-site", email="desk@nine.example", path="/hook")

    await desk.hear(event(case, offer(case)))
    await desk.send()

    [mail] = desk.mails()
    assert mail["To"] == "desk@nine.example"
    assert mail["Subject"] == "Action needed by 12:00, 04.03.2026 (UTC+6)"
    assert mail["Auto-Submitted"] == "auto-generated"
    alias = await desk.alias()
    assert f"Code: {alias}" in mail.get_content()
    [(request, _)] = desk.web.log
    body = request.get_data()
    Webhook(SECRET).verify(body, dict(request.headers))
    assert json.loads(body) == {
        "type": "stream.updated",
        "timestamp": json.loads(body)["timestamp"],
        "data": {"stream_ref": alias, "seq": 1},
    }
    assert sorted(
        (e.channel, e.attempt) for e in await desk.said() if isinstance(e, NoticeSent)
    ) == [
        ("email", 1),
        ("webhook", 1),
    ]


async def test_what_is_heard_twice_is_told_once(desk: Desk) -> None:
    case = new_case_ref()
    await desk.party("clinic-nine", "oat-site", email="desk@nine.example")
    same = event(case, offer(case))

    await desk.hear(same)
    await desk.send()
    await desk.hear(same)
    await desk.send()

    assert len(desk.mails()) == 1
    assert await desk.statuses() == [("sent", None)]


async def test_nothing_says_more_than_time_code_and_link(desk: Desk) -> None:
    case = new_case_ref()
    desk.web.expect_request("/hook", method="POST").respond_with_data("", 200)
    await desk.party(
        "canary-party", "oat-site", "prison-psych", "protocol-coordinator",
        email="desk@nine.example", path="/hook", facilities=["canary-facility"],
    )  # fmt: skip
    sent = offer(case, "canary-party")
    raised = EscalationRaised(
        escalation_id=new_id(), code="D17", step=72, level=2, to_role="protocol-coordinator"
    )
    events = [
        event(case, sent),
        event(case, ReferralAccepted(referral_id=sent.referral_id)),
        event(case, raised),
    ]

    await desk.hear(*events)
    await desk.send()

    left = [mail.as_string().casefold() for mail in desk.mails()]
    left += [
        (request.get_data() + str(request.headers).encode()).decode().casefold()
        for request, _ in desk.web.log
    ]
    assert await desk.statuses() == [("sent", None)] * 6
    assert len(left) == 6
    telling = ["canary", "oat", "d17", "coordinator", "referral", "escalation", "clinic", "alarm"]
    telling += [str(case), case.hex, str(sent.referral_id), str(sent.consent_id)]
    telling += [str(one.id) for one in events]
    # As words of their own: random ids and signatures spell anything.
    said = [
        re.compile(rf"(?<![a-z0-9]){re.escape(word)}" + ("(?![a-z0-9])" if len(word) < 5 else ""))
        for word in telling
    ]
    assert [word.pattern for word in said if any(word.search(text) for text in left)] == []


async def test_a_party_own_reference_never_goes_by_mail(desk: Desk) -> None:
    case = new_case_ref()
    await desk.party("clinic-nine", "oat-site", email="desk@nine.example")
    await desk.owner.execute(
        "INSERT INTO gateway.aliases VALUES ('clinic-nine', $2, $1, now())",
        case,
        aliases.hide(Seal(desk.key), "clinic-nine", "ivanov-1990"),
    )

    await desk.hear(event(case, offer(case)))
    await desk.send()

    [mail] = desk.mails()
    assert "ivanov" not in mail.as_string()
    assert "Code" not in mail.get_content()


async def test_a_telling_word_stops_the_message_and_is_recorded(desk: Desk) -> None:
    case = new_case_ref()
    desk.settings.smtp.sender = "notices@methadone-centre.example"
    await desk.party("clinic-nine", "oat-site", email="desk@nine.example")

    await desk.hear(event(case, offer(case)))
    await desk.send()

    assert desk.mails() == []
    [said] = await desk.said()
    assert isinstance(said, NoticeWithheld)
    assert said.reason_code == "telling-word"


async def test_nothing_starts_after_a_withdrawal_committed_but_that_permission_ended(
    desk: Desk,
) -> None:
    case = new_case_ref()
    await desk.party("clinic-nine", "oat-site", email="desk@nine.example")
    sent = offer(case)
    await desk.hear(event(case, sent), event(case, ReferralAccepted(referral_id=sent.referral_id)))
    await desk.owner.execute("SELECT intake.stop($1)", case)  # the door
    await desk.send()
    assert desk.mails() == []
    assert ("suppressed", "permission-ended") in await desk.statuses()

    await desk.hear(event(case, CaseClosed(reason_code="consent-withdrawn")))
    await desk.send()

    [mail] = desk.mails()
    assert mail["Subject"] == "Something new to look at"


async def test_a_last_word_names_the_case_although_the_name_is_gone_by_then(desk: Desk) -> None:
    case = new_case_ref()
    desk.web.expect_request("/hook").respond_with_data("")
    await desk.party("clinic-nine", "oat-site", email="desk@nine.example", path="/hook")
    sent = offer(case)
    await desk.hear(event(case, sent), event(case, ReferralAccepted(referral_id=sent.referral_id)))
    await desk.send()
    code = await desk.alias()
    before = len(desk.mails()), len(desk.web.log)

    await desk.hear(event(case, CaseClosed(reason_code="completed")))
    await desk.owner.execute("DELETE FROM gateway.aliases")  # as the door does
    await desk.owner.execute("INSERT INTO release.endings VALUES ($1, now())", case)
    await desk.send()

    assert (len(desk.mails()), len(desk.web.log)) == (before[0] + 1, before[1] + 1)
    assert code in desk.mails()[-1].get_content()
    assert json.loads(desk.web.log[-1][0].get_data())["data"]["stream_ref"] == code
    kept = "SELECT count(*) FROM notifications.deliveries WHERE alias IS NOT NULL"
    assert await desk.owner.fetchval(kept) == 0


async def test_names_may_go_when_the_end_was_heard_here_or_nobody_listens(desk: Desk) -> None:
    case = new_case_ref()
    heard = "SELECT notifications.has_heard($1)"
    await desk.owner.execute("INSERT INTO release.events VALUES (3, 9, $1, 1, '')", case)
    assert await desk.owner.fetchval(heard, case)
    await desk.owner.execute(
        "INSERT INTO runtime.consumed VALUES"
        " ('notifications', 'throughcare.release.events.v1', 3, 8, 0, 'c')"
    )
    assert not await desk.owner.fetchval(heard, case)
    await desk.owner.execute("UPDATE runtime.consumed SET position = 9")
    assert await desk.owner.fetchval(heard, case)


async def test_a_withdrawal_waits_for_a_send_that_is_starting_and_no_longer(desk: Desk) -> None:
    case = new_case_ref()
    async with desk.pool.acquire() as starting:
        begun = starting.transaction()
        await begun.start()
        assert await starting.fetchval("SELECT intake.may_start($1)", case)
        stop = asyncio.create_task(desk.owner.execute("SELECT intake.stop($1)", case))
        await asyncio.sleep(0.2)
        assert not stop.done()
        await begun.commit()
        await asyncio.wait_for(stop, 2)

    async with desk.pool.acquire() as late:
        assert not await late.fetchval("SELECT intake.may_start($1)", case)


async def test_a_death_leaves_nothing_of_before_going_out(desk: Desk) -> None:
    case = new_case_ref()
    await desk.party("clinic-nine", "oat-site", email="desk@nine.example")
    await desk.hear(event(case, offer(case)))
    await desk.owner.execute("INSERT INTO release.endings VALUES ($1, now())", case)

    await desk.send()

    assert desk.mails() == []
    assert await desk.statuses() == [("suppressed", "case-closed")]


async def test_who_cannot_be_reached_is_recorded_and_still_gets_a_name_for_the_case(
    desk: Desk,
) -> None:
    case = new_case_ref()
    await desk.party("clinic-nine", "oat-site")

    await desk.hear(event(case, offer(case)))
    await desk.send()

    [said] = await desk.said()
    assert isinstance(said, NoticeWithheld)
    assert (said.to_party, said.reason_code) == ("clinic-nine", "no-address")
    assert await desk.owner.fetchval("SELECT count(*) FROM gateway.case_access") == 1


async def test_an_alarm_reaches_whoever_holds_the_role(desk: Desk) -> None:
    case = new_case_ref()
    await desk.party("region-north", "protocol-coordinator", email="north@desk.example")
    await desk.party("ngo-one", "ngo", email="ngo@desk.example")
    raised = EscalationRaised(
        escalation_id=new_id(), code="D17", step=72, level=2, to_role="protocol-coordinator"
    )

    await desk.hear(event(case, raised))
    await desk.send()

    assert [mail["To"] for mail in desk.mails()] == ["north@desk.example"]


@pytest.mark.parametrize(
    ("point", "mails"), [("delivery.after_attempt_row", 1), ("delivery.after_send", 2)]
)
async def test_a_send_cut_off_is_made_once_more_under_the_same_id(
    desk: Desk, point: str, mails: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = new_case_ref()
    await desk.party("clinic-nine", "oat-site", email="desk@nine.example")
    await desk.hear(event(case, offer(case)))
    monkeypatch.setattr(crash, "_armed", {})
    monkeypatch.setattr(crash, "_passed", {})
    crash.arm(f"{point}:1:RAISE")
    await desk.sender.step()
    await desk.sender.drain()
    await desk.overdue()

    desk.new_sender()
    await desk.send()

    assert len(desk.mails()) == mails
    assert len({mail["Message-ID"] for mail in desk.mails()}) == 1
    assert await desk.statuses() == [("sent", None)]
    assert await desk.owner.fetchval("SELECT count(*) FROM notifications.attempts") == 2


async def test_a_webhook_is_tried_again_under_the_same_id_with_its_own_time(desk: Desk) -> None:
    case = new_case_ref()
    answers = iter([500, 302, 200])
    desk.web.expect_request("/hook").respond_with_handler(
        lambda _: Response("", next(answers), {"Location": "http://127.0.0.1:1/"})
    )
    await desk.party("clinic-nine", "oat-site", path="/hook")
    await desk.hear(event(case, offer(case)))

    for _ in range(3):
        await desk.overdue()
        await desk.send()

    requests: list[Request] = [request for request, _ in desk.web.log]
    assert len(requests) == 3
    assert len({request.headers["webhook-id"] for request in requests}) == 1
    assert len({request.get_data() for request in requests}) == 1
    for request in requests:
        Webhook(SECRET).verify(request.get_data(), dict(request.headers))
    [said] = await desk.said()
    assert isinstance(said, NoticeSent)
    assert said.attempt == 3


async def test_a_receiver_that_asks_for_patience_gets_it(desk: Desk) -> None:
    case = new_case_ref()
    desk.web.expect_request("/hook").respond_with_data("", 503, {"Retry-After": "3600"})
    await desk.party("clinic-nine", "oat-site", path="/hook")

    await desk.hear(event(case, offer(case)))
    await desk.send()

    wait = await desk.owner.fetchval(
        "SELECT due_at - clock_timestamp() FROM notifications.deliveries"
    )
    assert timedelta(minutes=59) < wait < timedelta(minutes=67)


async def test_an_endpoint_that_is_gone_gets_nothing_more(desk: Desk) -> None:
    case, other = new_case_ref(), new_case_ref()
    desk.web.expect_request("/hook").respond_with_data("", 410)
    await desk.party("clinic-nine", "oat-site", path="/hook")

    await desk.hear(event(case, offer(case)))
    await desk.send()
    await desk.hear(event(other, offer(other)))
    await desk.send()

    assert len(desk.web.log) == 1
    assert await desk.statuses() == [("failed", "gone"), ("suppressed", "no-address")]


async def test_after_the_last_attempt_the_failure_is_an_event(desk: Desk) -> None:
    case = new_case_ref()
    desk.web.expect_request("/hook").respond_with_data("", 500)
    await desk.party("clinic-nine", "oat-site", path="/hook")
    await desk.hear(event(case, offer(case)))

    for _ in range(len(sending.RETRY_S) + 1):
        await desk.overdue()
        await desk.send()

    assert len(desk.web.log) == 10
    [said] = await desk.said()
    assert isinstance(said, NoticeFailed)
    assert (said.attempts, said.reason_code) == (10, "refused")


async def test_a_receiver_that_never_answers_holds_up_nobody_else(desk: Desk) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        await desk.party("deaf-one", "ngo", path="/deaf")
        await desk.owner.execute(
            "UPDATE gateway.parties SET webhook_url = $1",
            f"http://127.0.0.1:{deaf.getsockname()[1]}/",
        )
        await desk.party("clinic-nine", "oat-site", email="desk@nine.example")
        cases = [new_case_ref() for _ in range(150)]
        await desk.hear(*(event(case, offer(case, "deaf-one", "ngo")) for case in cases[30:]))
        await desk.hear(*(event(case, offer(case)) for case in cases[:30]))

        await desk.sender.step()  # the rest follows as places get free
        for _ in range(200):
            if len(desk.mails()) == 30:
                break
            await asyncio.sleep(0.05)

        assert len(desk.mails()) == 30
        waiting = "SELECT count(*) FROM notifications.attempts WHERE ended_at IS NULL"
        assert await desk.owner.fetchval(waiting) >= 4


async def test_a_mail_server_that_is_away_loses_nothing(desk: Desk) -> None:
    case = new_case_ref()
    desk.settings.smtp.port = 1
    await desk.party("clinic-nine", "oat-site", email="desk@nine.example")
    await desk.hear(event(case, offer(case)))
    await desk.send()
    assert await desk.statuses() == [("pending", None)]

    desk.settings.smtp.port = desk.mailbox.port
    await desk.overdue()
    await desk.send()

    assert len(desk.mails()) == 1
