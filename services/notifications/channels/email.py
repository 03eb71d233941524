"""E-mail over SMTP: neutral headers, a text from the templates, one try."""

import asyncio
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from uuid import UUID

import aiosmtplib

from throughcare.runtime.settings import Smtp
from throughcare.services.notifications import wording
from throughcare.services.notifications.channels import ATTEMPT_S, SENT, Attempted
from throughcare.services.notifications.wording import Text


def make(
    smtp: Smtp, to: str, notice: UUID, text: Text, sent_at: datetime, country: str = ""
) -> EmailMessage:
    """The whole message. Raises TellingWordError where anything of it says what it is about.

    The Message-ID is the notice's, the same on every attempt. Raises ValueError for an address
    that cannot stand in a header.
    """
    wording.check(smtp.sender, text.subject, text.body, country=country)
    message = EmailMessage()
    message["From"] = smtp.sender
    message["To"] = to
    message["Subject"] = text.subject
    message["Date"] = format_datetime(sent_at)
    message["Message-ID"] = f"<{notice}@{_domain(smtp)}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text.body)
    return message


async def send(smtp: Smtp, message: EmailMessage) -> Attempted:
    """Hand the message to the relay."""
    try:
        async with asyncio.timeout(ATTEMPT_S):
            await aiosmtplib.send(
                message,
                hostname=smtp.host,
                port=smtp.port,
                username=smtp.username,
                password=smtp.password.get_secret_value() if smtp.password else None,
                start_tls=smtp.starttls,
                # This machine's own name may say where it stands.
                local_hostname=_domain(smtp),
                timeout=ATTEMPT_S,
            )
    except aiosmtplib.SMTPRecipientsRefused as refused:
        return _answered(max(each.code for each in refused.recipients), "bad-address")
    except aiosmtplib.SMTPResponseException as answer:
        return _answered(answer.code, "refused")
    except (TimeoutError, aiosmtplib.SMTPTimeoutError):
        return Attempted("again", "timeout")
    except (OSError, aiosmtplib.SMTPException):
        return Attempted("again", "unreachable")
    return SENT


def _answered(code: int, reason: str) -> Attempted:
    """4xx: later; 5xx: never."""
    if code >= 500:
        return Attempted("failed", "bad-address" if reason == "bad-address" else "refused")
    return Attempted("again", "refused")


def _domain(smtp: Smtp) -> str:
    return smtp.sender.rpartition("@")[2]
