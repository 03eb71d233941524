"""Where a webhook may go: looked up once, every address checked, and no way around it."""

import asyncio
import socket
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from throughcare.services.notifications.channels import Attempted, webhook
from throughcare.services.notifications.channels.egress import UnsafeUrlError, resolve
from throughcare.tests.notifications.conftest import SECRET

NOTICE = UUID(int=5)
NOW = datetime(2026, 3, 1, tzinfo=UTC)


async def post(url: str, *, allow_loopback: bool = True) -> Attempted:
    return await webhook.send(url, SECRET, NOTICE, "{}", NOW, allow_loopback=allow_loopback)


@pytest.mark.parametrize(
    "url",
    [
        "http://8.8.8.8/",
        "https://localhost/",
        "https://127.1/",
        "https://0x7f000001/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://[fe80::1]/",
        "https://10.0.0.1/",
        "https://192.168.1.1/",
        "https://100.64.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://user@8.8.8.8/",
        "https://8.8.8.8:22/",
        "https://8.8.8.8:5432/",
        "https://xn--80ak6aa92e.example/",
        "gopher://8.8.8.8/",
        "file:///etc/passwd",
        "https://8.8.8.8\\@10.0.0.1/",
        "https://8.8.8.8/\r\nx: y",
        "https://",
        "//8.8.8.8/",
        "https://8.8.8.8:99999/",
        "https://8.8.8.8/" + "x" * 600,
    ],
)
async def test_what_is_no_public_https_address_gets_nothing(url: str) -> None:
    with pytest.raises(UnsafeUrlError):
        await resolve(url, allow_loopback=False)

    assert await post(url, allow_loopback=False) == Attempted("failed", "bad-address")


async def test_a_name_with_one_private_address_among_its_own_gets_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def found(*_: Any, **__: Any) -> list[Any]:
        return [(2, 1, 6, "", (address, 443)) for address in ("8.8.8.8", "10.0.0.1")]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found)

    with pytest.raises(UnsafeUrlError):
        await resolve("https://desk.example/", allow_loopback=False)


async def test_the_address_that_was_checked_is_the_one_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    async def found(host: str, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        return [(2, 1, 6, "", ("8.8.8.8", 443))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found)

    target = await resolve("https://desk.example/hook?a=1#b", allow_loopback=False)

    assert target.url == "https://8.8.8.8:443/hook?a=1"
    assert (target.host_header, target.server_name) == ("desk.example", "desk.example")
    assert asked == ["desk.example"]


async def test_loopback_is_open_only_where_the_settings_say_so(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/hook").respond_with_data("")
    url = httpserver.url_for("/hook")

    assert (await post(url)).end == "sent"
    assert (await post(url, allow_loopback=False)).end == "failed"
    assert len(httpserver.log) == 1


async def test_a_redirect_is_not_followed(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/hook").respond_with_data(
        "", 302, {"Location": httpserver.url_for("/inside")}
    )
    httpserver.expect_request("/inside").respond_with_data("")

    assert (await post(httpserver.url_for("/hook"))).end == "again"
    assert [request.path for request, _ in httpserver.log] == ["/hook"]


async def test_a_proxy_of_the_environment_is_not_used(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    httpserver.expect_request("/hook").respond_with_data("")

    assert (await post(httpserver.url_for("/hook"))).end == "sent"


async def test_an_answer_without_end_is_not_read_to_its_end(httpserver: HTTPServer) -> None:
    sent = 0

    def endless(_: object) -> Response:
        def chunks() -> Any:
            nonlocal sent
            for _ in range(4096):
                sent += 1
                yield b"x" * 65_536

        return Response(chunks(), 200)

    httpserver.expect_request("/hook").respond_with_handler(endless)

    assert (await post(httpserver.url_for("/hook"))).end == "sent"
    assert sent < 4096


async def test_a_receiver_that_never_answers_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "ATTEMPT_S", 0.3)
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()

        came = await post(f"http://127.0.0.1:{deaf.getsockname()[1]}/")

    assert came == Attempted("again", "timeout")


async def test_a_receiver_that_is_away_is_tried_again() -> None:
    assert await post("http://127.0.0.1:1/") == Attempted("again", "unreachable")


@pytest.mark.parametrize(
    ("value", "wait_s"),
    [
        ("120", 120.0),
        ("Sun, 01 Mar 2026 00:10:00 GMT", 600.0),
        ("Sat, 28 Feb 2026 00:00:00 GMT", 0.0),
        ("999999999", 86_400.0),
        ("soon", None),
        ("-5", None),
    ],
)
async def test_retry_after_is_seconds_or_a_date(
    httpserver: HTTPServer, value: str, wait_s: float | None
) -> None:
    httpserver.expect_request("/hook").respond_with_data("", 429, {"Retry-After": value})

    assert (await post(httpserver.url_for("/hook"))).wait_s == wait_s
