"""What the API says of itself is valid, and says of each address what can come back."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from openapi_spec_validator import validate

from throughcare.tests.gateway.ground import Gateway


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


@pytest.fixture
async def document(gateway: Gateway) -> Any:
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{gateway.port}") as client:
        return (await client.get("/openapi.json")).json()


async def test_the_document_is_valid_and_names_the_doors(document: Any) -> None:
    validate(document)
    assert {name for name, _ in _operations(document)} == {
        "post /v1/facts",
        "post /v1/commands",
        "get /v1/outcomes/{id}",
        "get /v1/owed",
        "get /v1/cases/{alias}/timeline",
        "put /v1/cases/{alias}/details/{data_class}",
        "post /v1/cases/{alias}/disclosures",
        "post /v1/cases/{alias}/emergency-access",
        "get /v1/transparency",
        "post /v1/cases/{alias}/person-code",
        "post /v1/person/sheet",
        "post /v1/person/commands",
        "post /v1/cases/{alias}/arrival-codes",
        "get /v1/cases/{alias}/arrival",
        "post /v1/arrivals",
        "post /v1/batches",
        "post /v1/batches/{id}/authorisation",
        "get /v1/work",
        "get /livez",
        "get /readyz",
        "get /metrics",
    }


async def test_every_no_is_documented_as_a_problem(document: Any) -> None:
    for name, operation in _operations(document):
        if "/v1/" not in name:
            continue
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                assert "application/problem+json" in answer["content"], (name, status)
