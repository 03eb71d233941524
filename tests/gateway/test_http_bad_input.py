"""Whatever comes over HTTP: a named no in a problem document, no echo, and never a 5xx."""

import asyncio
import gzip
import json
from typing import Any

import httpx2
import pytest

from throughcare.tests.gateway.fake_agent import FakeAgent
from throughcare.tests.gateway.ground import Gateway, event, open_case

CE = {"content-type": "application/cloudevents+json"}
FACT = event("fact", "release-scheduled", "B-1", expected_release_on="2026-12-24")


def assert_problem(answer: httpx2.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert {"type", "title", "status", "code", "instance"} <= told.keys()
    assert told["status"] == status


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "empty"),
        (b"\xff\xfe", 400, "not-utf8"),
        (b"{", 400, "not-json"),
        (b"{} trailing", 400, "not-json"),
        (b"[]", 400, "not-a-cloudevent"),
        (b"null", 400, "not-a-cloudevent"),
        (b"[" * 10_000, 400, "too-deep"),
        (b'{"a": NaN}', 400, "not-json"),
        (b'{"a": 1e309}', 400, "number-too-long"),
        (b'{"a": ' + b"1" * 10_000 + b"}", 400, "number-too-long"),
        (b'{"id": "1", "id": "2"}', 400, "duplicate-member"),
        (b'{"a": "\\u0000"}', 422, "control-character"),
        (b'{"a": "\\ud800"}', 422, "control-character"),
        ('{"a": "\u202eevil"}'.encode(), 422, "control-character"),
        (b"\xef\xbb\xbf{}", 400, "not-json"),
        (b'{"a": "' + b"x" * 70_000 + b'"}', 413, "too-large"),
    ],
)
async def test_a_body_that_is_no_message_is_refused_by_name(
    client: httpx2.AsyncClient, body: bytes, status: int, code: str
) -> None:
    assert_problem(await client.post("/v1/facts", content=body, headers=CE), status, code)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"specversion": "0.3"}, "not-a-cloudevent"),
        ({"specversion": None}, "not-a-cloudevent"),
        ({"id": ""}, "attribute-invalid"),
        ({"id": "x" * 10_000}, "attribute-invalid"),
        ({"id": 7}, "attribute-invalid"),
        ({"source": "two words"}, "attribute-invalid"),
        ({"type": 5}, "attribute-invalid"),
        ({"type": "org.throughcare.fact.release-scheduled.v7"}, "unknown-version"),
        ({"type": "org.throughcare.command.run-deadlines.v1"}, "unknown-type"),
        ({"type": "org.throughcare.command.open-case.v1", "data": {}}, "schema"),
        ({"subject": "a b"}, "attribute-invalid"),
        ({"subject": "../../etc"}, "attribute-invalid"),
        ({"subject": "A\u200bB"}, "attribute-invalid"),
        ({"subject": "x" * 65}, "attribute-invalid"),
        ({"subject": None}, "subject-missing"),
        ({"time": None}, "time-missing"),
        ({"time": "2026-11-01T08:00:00"}, "attribute-invalid"),
        ({"time": "2026-02-31T08:00:00Z"}, "attribute-invalid"),
        ({"time": "2026-11-01T24:30:00Z"}, "attribute-invalid"),
        ({"time": 1_793_500_000}, "attribute-invalid"),
        ({"time": "0000-01-01T00:00:00Z"}, "attribute-invalid"),
        ({"time": "1926-11-01T08:00:00Z"}, "time-out-of-range"),
        ({"time": "2126-11-01T08:00:00Z"}, "occurs-in-the-future"),
        ({"datacontenttype": "text/xml"}, "attribute-invalid"),
        ({"data": None}, "schema"),
        ({"data": "text"}, "schema"),
        ({"data": {}}, "schema"),
        ({"data": {"expected_release_on": "2026-02-31"}}, "schema"),
        ({"data": {"expected_release_on": 20_600}}, "schema"),
        ({"data": {"expected_release_on": "2026-12-24", "role": "prison-admin"}}, "schema"),
        ({"data": {"expected_release_on": "2026-12-24", "facility": "kg-ik-1"}}, "facility-not-yours"),
        ({"data": {"expected_release_on": "2026-12-24", "ground_code": "'; DROP TABLE"}}, "schema"),
    ],
)  # fmt: skip
async def test_a_message_that_breaks_a_rule_is_refused_by_name(
    client: httpx2.AsyncClient, change: dict[str, Any], code: str
) -> None:
    said = {name: value for name, value in {**FACT, **change}.items() if value is not None}

    answer = await client.post("/v1/facts", json=said, headers=CE)

    status = {"not-a-cloudevent": 400, "facility-not-yours": 403}.get(code, 422)
    assert_problem(answer, status, code)
    assert "DROP" not in answer.text
    assert "prison-admin" not in answer.text
    assert "etc" not in answer.text


@pytest.mark.parametrize(
    ("member", "pointer"),
    [("release_date", "/data/release_date"), ("Иван Иванов", "/data"), ("A. B.", "/data")],
)
async def test_a_field_too_many_is_named_if_it_looks_like_a_field(
    client: httpx2.AsyncClient, member: str, pointer: str
) -> None:
    said = {**FACT, "data": {**FACT["data"], member: "2026-12-24"}}

    answer = await client.post("/v1/facts", json=said, headers=CE)

    assert answer.json()["errors"] == [{"pointer": pointer, "code": "extra_forbidden"}]


async def test_a_command_does_not_come_in_by_the_door_for_facts(client: httpx2.AsyncClient) -> None:
    assert_problem(await client.post("/v1/facts", json=open_case("B-2")), 422, "wrong-door")
    assert_problem(await client.post("/v1/commands", json=FACT), 422, "wrong-door")


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"content-type": "text/plain"}, 415, "content-type-unsupported"),
        ({"content-type": "application/cloudevents-batch+json"}, 415, "content-type-unsupported"),
        ({"content-type": "application/json; charset=cp1251"}, 415, "content-type-unsupported"),
        ({**CE, "content-encoding": "gzip"}, 415, "content-encoding-unsupported"),
        ({**CE, "idempotency-key": '"another"'}, 422, "idempotency-key-mismatch"),
        ({**CE, "authorization": "Bearer tc_nobody"}, 401, "key-unknown"),
        ({**CE, "authorization": "Basic dTpw"}, 401, "key-missing"),
        ({**CE, "authorization": ""}, 401, "key-missing"),
    ],
)
async def test_a_request_that_is_not_as_it_must_be_is_refused_by_name(
    client: httpx2.AsyncClient, headers: dict[str, str], status: int, code: str
) -> None:
    answer = await client.post("/v1/facts", content=json.dumps(FACT).encode(), headers=headers)

    assert_problem(answer, status, code)
    assert ("www-authenticate" in answer.headers) == (status == 401)


async def test_a_compressed_bomb_is_not_unpacked(client: httpx2.AsyncClient) -> None:
    bomb = gzip.compress(b"0" * 10_000_000)

    answer = await client.post(
        "/v1/facts", content=bomb, headers={**CE, "content-encoding": "gzip"}
    )

    assert_problem(answer, 415, "content-encoding-unsupported")


async def test_a_body_without_a_length_is_cut_off_where_it_becomes_too_large(
    client: httpx2.AsyncClient,
) -> None:
    async def endless() -> Any:
        for _ in range(200):
            yield b"x" * 1024

    assert_problem(await client.post("/v1/facts", content=endless(), headers=CE), 413, "too-large")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/facts", 405, "method-not-allowed"),
        ("PUT", "/v1/commands", 405, "method-not-allowed"),
        ("DELETE", "/livez", 405, "method-not-allowed"),
        ("GET", "/v1/nothing", 404, "not-found"),
        ("GET", "/docs", 404, "not-found"),
        ("GET", "/v1/outcomes/not-a-uuid", 404, "no-such-outcome"),
        ("GET", "/v1/outcomes/00000000-0000-0000-0000-000000000000", 404, "no-such-outcome"),
        ("GET", "/v1/outcomes/%00", 404, "no-such-outcome"),
        ("GET", "/v1/cases/..%2f..%2fetc/timeline", 404, "no-such-case"),
        ("GET", "/v1/cases/%00/timeline", 404, "no-such-case"),
        ("GET", "/v1/cases/B-404/timeline", 404, "no-such-case"),
        ("GET", "/v1/cases/B-404/timeline?min-version=1e9", 422, "parameter-invalid"),
    ],
)
async def test_an_address_that_leads_nowhere_is_a_problem_too(
    client: httpx2.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    answer = await client.request(method, path)

    assert_problem(answer, status, code)
    if status == 405:
        assert answer.headers["allow"]


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x00\x01\x02\r\n\r\n",
        b"POST /v1/facts HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /v1/facts HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_answered_by_a_4xx_or_the_end(
    gateway: Gateway, raw: bytes
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    try:
        writer.write(raw)
        await writer.drain()
        answer = await asyncio.wait_for(reader.read(4096), 10)
    except ConnectionError:
        answer = b""
    finally:
        writer.close()
    assert answer == b"" or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4")), answer
    async with gateway.client("ik-27") as client:
        assert (await client.get("/livez")).status_code == 200


async def test_nothing_that_was_sent_is_in_the_log_of_the_process(
    gateway: Gateway, client: httpx2.AsyncClient, agent: FakeAgent
) -> None:
    said = open_case("SECRET-4711")
    assert (await client.post("/v1/commands", json=said)).status_code == 201
    assert_problem(
        await client.post("/v1/facts", json={**FACT, "data": {"name": "SECRET-4711"}}),
        422,
        "schema",
    )

    log = (gateway.home / "log").read_text()
    assert "SECRET-4711" not in log
    assert said["id"] not in log


async def test_a_no_is_said_in_the_readers_language(client: httpx2.AsyncClient) -> None:
    answer = await client.post(
        "/v1/facts",
        json={**FACT, "time": "2126-11-01T08:00:00Z"},
        headers={"accept-language": "ru"},
    )

    assert answer.headers["content-language"] == "ru"
    assert answer.json()["title"] == "Сообщаемое событие относится к будущему."
