"""Telling somebody: counts by kind, ranked, never more than once an hour a kind."""

import smtplib
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import make_msgid
from typing import NamedTuple

from throughcare.services.watcher.look import KINDS

_TIMEOUT_S = 15


class Smtp(NamedTuple):
    host: str
    port: int
    sender: str
    username: str | None
    password: str | None
    starttls: bool


class Count(NamedTuple):
    kind: str
    open: int


def text(counts: Sequence[Count]) -> str:
    """Lines of a mail, the worst first. No name, no reference: those stand in watcher.alarms."""
    ranked = sorted(counts, key=lambda count: list(KINDS).index(count.kind))
    return "".join(f"{count.open:6}  {KINDS[count.kind]}\n" for count in ranked)


def send(smtp: Smtp, to: str, body: str) -> None:
    """Blocks for at most some seconds. Raises OSError or smtplib.SMTPException (an OSError too)."""
    domain = smtp.sender.rpartition("@")[2]
    message = EmailMessage()
    message["From"] = smtp.sender
    message["To"] = to
    message["Subject"] = "Watcher: action needed"
    message["Message-ID"] = make_msgid(domain=domain)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body)
    with smtplib.SMTP(smtp.host, smtp.port, domain, _TIMEOUT_S) as server:
        if smtp.starttls:
            server.starttls()
        if smtp.username is not None:
            server.login(smtp.username, smtp.password or "")
        server.send_message(message)
