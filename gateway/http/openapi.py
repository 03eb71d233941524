"""What OpenAPI says of bodies and answers; the models of the contracts are the schemas."""

from typing import Any, Literal, get_args

from pydantic import BaseModel

from throughcare.gateway.cloudevents import sayable
from throughcare.gateway.work import Task

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
_ENTRY: dict[str, Any] = {
    "type": "object",
    "description": "In full with `occurred_at`, `recorded_at`, `version` and `data`; of what only happened, "
    "with `occurred_on`; for a monitor with `day` and a part of `data`.",
    "required": ["ordinal", "kind", "type", "half"],
    "properties": {
        "ordinal": {"type": "integer", "description": "1, 2, 3 … of what you are shown."},
        "occurred_at": {"type": "string", "format": "date-time"},
        "recorded_at": {"type": "string", "format": "date-time"},
        "occurred_on": {"type": "string", "format": "date", "description": "In UTC."},
        "day": {"type": "integer", "description": "Whole days since the first step."},
        "kind": {"type": "string"},
        "type": {"type": "string"},
        "half": {"type": "string"},
        "version": {"type": ["integer", "null"]},
        "data": {"type": "object"},
    },
}
TIMELINE_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Each step with what the reader may know of it.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["subject", "entries"],
                    "properties": {
                        "subject": {"type": "string"},
                        "versions": {
                            "type": "object",
                            "description": "How far both halves have come: for who cares for the person.",
                            "properties": {
                                "intake": {"type": "integer"},
                                "release": {"type": "integer"},
                            },
                        },
                        "entries": {"type": "array", "items": _ENTRY},
                    },
                }
            }
        },
    },
    **_problems(401, 404, 409, 422, 503),
}
WORK_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "What you have open yourself, the nearest due first; with `next` where there is more.",
        "headers": {"ETag": {"schema": {"type": "string"}}},
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["items", "openings_left"],
                    "properties": {
                        "items": {
                            "type": "array",
                            "maxItems": 100,
                            "items": {
                                "type": "object",
                                "required": ["subject", "task", "due", "since", "urgent", "opened"],
                                "properties": {
                                    "subject": {"type": "string"},
                                    "task": {"enum": list(get_args(Task))},
                                    "referral_id": {"type": "string", "format": "uuid"},
                                    "due": {"type": "string", "format": "date-time"},
                                    "since": {"type": "string", "format": "date-time"},
                                    "urgent": {"type": "boolean"},
                                    "opened": {"type": "boolean"},
                                },
                            },
                        },
                        "openings_left": {"type": "integer"},
                        "next": {"type": "string"},
                    },
                }
            }
        },
    },
    304: {"description": "As it was when you got the ETag that you sent."},
    **_problems(401, 422, 503),
}


OWED_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Open answers under your own names; say each with the command in `asked`.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["owed"],
                    "properties": {
                        "owed": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "required": ["subject", "referral_id", "asked", "due"],
                                "properties": {
                                    "subject": {"type": "string"},
                                    "referral_id": {"type": "string", "format": "uuid"},
                                    "asked": {"type": "string"},
                                    "due": {"type": "string", "format": "date-time"},
                                },
                            },
                        }
                    },
                }
            }
        },
    },
    **_problems(401, 503),
}


def said_responses(fields: dict[str, str], *, status: int) -> dict[int | str, dict[str, Any]]:
    """An answer with these fields, and every no."""
    schema = {"type": "object", "properties": {name: {"type": of} for name, of in fields.items()}}
    return {
        status: {
            "description": "As asked.",
            "content": {"application/json": {"schema": schema}},
        },
        **_problems(400, 401, 403, 404, 408, 409, 413, 415, 422, 429, 503),
    }


_LINE = {
    "type": "object",
    "required": ["at", "party", "data_classes", "purpose", "notice_version"],
    "properties": {
        "at": {"type": "string", "format": "date-time"},
        "party": {"type": "string"},
        "data_classes": {"type": "array", "items": {"type": "string"}},
        "data_in_words": {"type": "array", "items": {"type": "string"}},
        "purpose": {"type": "string"},
        "purpose_in_words": {"type": "string"},
        "emergency_reason": {"type": "string"},
        "emergency_in_words": {"type": "string"},
        "notice_version": {"type": "string"},
    },
}
SHEET_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The sheet; with `Accept: text/html` a page to print.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["as_of", "language", "entries"],
                    "properties": {
                        "as_of": {"type": "string", "format": "date-time"},
                        "language": {"enum": ["en", "ru"]},
                        "entries": {"type": "array", "items": _LINE},
                    },
                }
            },
            "text/html": {"schema": {"type": "string"}},
        },
    },
    **_problems(400, 401, 404, 408, 413, 415, 422, 503),
}
NOTHING_RESPONSES: dict[int | str, dict[str, Any]] = {
    204: {"description": "Done."},
    **_problems(401, 403, 404, 409, 422, 503),
}


def model_body(*models: type[BaseModel]) -> dict[str, Any]:
    """A JSON body of one of these models."""
    schemas = [model.model_json_schema(ref_template="#/$defs/{model}") for model in models]
    for schema in schemas:
        _inline(schema, schema.pop("$defs", {}))
    schema = schemas[0] if len(schemas) == 1 else {"oneOf": schemas}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _inline(part: Any, definitions: dict[str, Any]) -> None:
    """Put definitions where they are named: the document has one place for shared ones already."""
    if isinstance(part, list):
        for one in part:
            _inline(one, definitions)
    elif isinstance(part, dict):
        if (name := part.pop("$ref", None)) is not None:
            part.update(definitions[name.rpartition("/")[2]])
        for one in part.values():
            _inline(one, definitions)


def request_body(kind: Literal["fact", "command"]) -> dict[str, Any]:
    """A CloudEvent 1.0 in structured mode; in binary mode the attributes are `ce-` headers."""
    data = {
        "type": "object",
        "description": f"As contracts/schemas says of the {kind}'s type; contracts/examples has one of each.",
    }
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
