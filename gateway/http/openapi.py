"""What OpenAPI says of bodies and answers; the models of the contracts are the schemas."""

from typing import Any, Literal

from throughcare.gateway.cloudevents import sayable

_PROBLEM: dict[str, Any] = {
    "description": "Why not (RFC 9457). `code` is stable.",
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status", "code", "instance"],
                "properties": {
                    "type": {"type": "string", "format": "uri"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "code": {"type": "string"},
                    "instance": {"type": "string", "format": "uri"},
                    "rule": {"type": "string"},
                    "outcome": {"type": "string", "format": "uri-reference"},
                    "errors": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {
                                "pointer": {"type": "string"},
                                "code": {"type": "string"},
                            },
                        },
                    },
                },
            }
        }
    },
}
_OUTCOME_EVENT: dict[str, Any] = {
    "type": "object",
    "description": "A CloudEvent; its data names the source and id of the message it answers.",
    "required": ["specversion", "id", "source", "type", "time", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string"},
        "source": {"type": "string"},
        "type": {"type": "string"},
        "subject": {"type": "string"},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"type": "string"},
        "data": {
            "type": "object",
            "required": ["answered_source", "answered_id"],
            "properties": {
                "answered_source": {"type": "string"},
                "answered_id": {"type": "string"},
                "answered_type": {"type": "string"},
                "intake_version": {"type": "integer"},
                "release_version": {"type": "integer"},
                "refusal_code": {"type": "string"},
                "reason_code": {"type": "string"},
                "until": {"type": "string", "format": "date-time"},
            },
        },
    },
}
_UNDECIDED: dict[str, Any] = {
    "type": "object",
    "required": ["outcome", "id"],
    "properties": {"outcome": {"const": "undecided"}, "id": {"type": "string", "format": "uuid"}},
}
_LOCATION: dict[str, Any] = {
    "Location": {"schema": {"type": "string", "format": "uri-reference"}},
}


def _outcome(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "headers": _LOCATION,
        "content": {"application/cloudevents+json": {"schema": _OUTCOME_EVENT}},
    }


_ACCEPTED: dict[str, Any] = {
    "description": "Kept, and not decided yet: ask at Location after Retry-After seconds.",
    "headers": {**_LOCATION, "Retry-After": {"schema": {"type": "integer"}}},
    "content": {
        "application/json": {"schema": _UNDECIDED},
        "application/cloudevents+json": {"schema": _OUTCOME_EVENT},
    },
}


def _problems(*codes: int) -> dict[int | str, dict[str, Any]]:
    return dict.fromkeys(codes, _PROBLEM)


MESSAGE_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: _outcome("It had been taken before, or had no effect: what became of it."),
    201: _outcome("Decided."),
    202: _ACCEPTED,
    **_problems(400, 401, 403, 404, 408, 409, 413, 415, 422, 503),
}
OUTCOME_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: _outcome("What became of it."),
    202: _ACCEPTED,
    **_problems(401, 403, 404, 409, 422, 503),
}
TIMELINE_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Each step with what the reader may know of it.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["subject", "versions", "entries"],
                    "properties": {
                        "subject": {"type": "string"},
                        "versions": {
                            "type": "object",
                            "properties": {
                                "intake": {"type": "integer"},
                                "release": {"type": "integer"},
                            },
                        },
                        "entries": {"type": "array", "items": {"type": "object"}},
                    },
                }
            }
        },
    },
    **_problems(401, 404, 409, 422, 503),
}


def request_body(kind: Literal["fact", "command"]) -> dict[str, Any]:
    """A CloudEvent 1.0 in structured mode; in binary mode the attributes are `ce-` headers."""
    data = {"type": "object", "description": f"As the schema of the {kind}'s type says."}
    event = {
        "type": "object",
        "required": ["specversion", "id", "source", "type", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {"type": "string", "maxLength": 100, "description": "Its idempotency key."},
            "source": {"type": "string", "maxLength": 200},
            "type": {"enum": sayable(kind)},
            "subject": {"type": "string", "description": "Your own name for the case."},
            "time": {"type": "string", "format": "date-time"},
            "datacontenttype": {"const": "application/json"},
            "data": data,
        },
    }
    return {
        "parameters": [
            {"name": "Prefer", "in": "header", "schema": {"type": "string"},
             "description": "`wait=N`: seconds to wait for the outcome, at most 30; 5 if not said."},
            {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string"},
             "description": "Optional; the id of the message."},
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/cloudevents+json": {"schema": event},
                "application/json": {"schema": data},
            },
        },
    }  # fmt: skip
