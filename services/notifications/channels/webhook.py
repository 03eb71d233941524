"""Webhooks by the Standard Webhooks specification: signed, thin, one try.

The body says that something about a case moved, by the name the receiver itself has for it; the
receiver reads what by its own key, so that each reading is seen.
"""

import asyncio
from datetime import datetime
from email.utils import parsedate_to_datetime
from uuid import UUID

import httpx2
import orjson
from standardwebhooks import Webhook

from throughcare.contracts.envelope import rfc3339
from throughcare.services.notifications.channels import ATTEMPT_S, SENT, Attempted
from throughcare.services.notifications.channels.egress import Target, UnsafeUrlError, resolve

#: Of an answer we read no more than this; what it says is of no use to us.
_ANSWER_MAX = 64 * 1024
_WAIT_MAX_S = 24 * 3600.0


def body(stream_ref: str, seq: int, created_at: datetime) -> str:
    """The same for every attempt: a receiver may compare what came twice under one id."""
    return orjson.dumps(
        {
            "type": "stream.updated",
            "timestamp": rfc3339(created_at),
            "data": {"stream_ref": stream_ref, "seq": seq},
        }
    ).decode()


async def send(
    url: str, secret: str, notice: UUID, payload: str, sent_at: datetime, *, allow_loopback: bool
) -> Attempted:
    """Post the payload, signed with the party's `whsec_` secret; `sent_at` in UTC is signed too."""
    headers = {
        "content-type": "application/json",
        "user-agent": "notices/1",
        "webhook-id": str(notice),
        "webhook-timestamp": str(int(sent_at.timestamp())),
        "webhook-signature": Webhook(secret).sign(str(notice), sent_at, payload),
    }
    try:
        async with asyncio.timeout(ATTEMPT_S):
            target = await resolve(url, allow_loopback=allow_loopback)
            return await _post(target, headers, payload.encode(), sent_at)
    except UnsafeUrlError:
        return Attempted("failed", "bad-address")
    except (TimeoutError, httpx2.TimeoutException):
        return Attempted("again", "timeout")
    except (OSError, httpx2.TransportError):
        return Attempted("again", "unreachable")


async def _post(
    target: Target, headers: dict[str, str], payload: bytes, sent_at: datetime
) -> Attempted:
    # One client a send: a connection kept open would outlive the check of its address.
    # No proxy or .netrc from the environment: both would lead past the check.
    async with (
        httpx2.AsyncClient(trust_env=False, follow_redirects=False, timeout=ATTEMPT_S) as client,
        client.stream(
            "POST",
            target.url,
            content=payload,
            headers={**headers, "host": target.host_header},
            extensions={"sni_hostname": target.server_name},
        ) as answer,
    ):
        read = 0
        async for chunk in answer.aiter_raw():
            read += len(chunk)
            if read > _ANSWER_MAX:
                break
        return _judged(answer.status_code, answer.headers.get("retry-after"), sent_at)


def _judged(status: int, retry_after: str | None, sent_at: datetime) -> Attempted:
    if 200 <= status < 300:
        return SENT
    if status == 410:
        return Attempted("failed", "gone", gone=True)
    wait_s = _wait_s(retry_after, sent_at) if status in (429, 502, 503, 504) else None
    return Attempted("again", "refused", wait_s)


def _wait_s(retry_after: str | None, sent_at: datetime) -> float | None:
    """Seconds, or a date: both are allowed in Retry-After; what is neither is ignored."""
    if retry_after is None:
        return None
    try:
        if retry_after.strip().isdigit():
            wait_s = float(retry_after)
        else:
            wait_s = (parsedate_to_datetime(retry_after) - sent_at).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(max(wait_s, 0.0), _WAIT_MAX_S)
