"""Logs: one JSON object a line on stderr. No identity, no free text from outside, no error messages."""

import logging
import re
import sys

import orjson
import structlog
from aiokafka.errors import KafkaError


def configure(service: str, level: str = "info") -> None:
    """Set up structlog, and send what libraries log through it with their messages cut to the event's place."""
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(handlers=[_Library()], level=logging.WARNING, force=True)


def get(name: str) -> structlog.typing.FilteringBoundLogger:
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(room=name)
    return logger


def _json(value: object, **_: object) -> str:
    return orjson.dumps(value, default=str).decode()


def _filled(template: str, values: tuple[object, ...]) -> str:
    """The kind of an error in its place, and dots for everything else, which may be anybody's."""
    try:
        return re.sub(r"%\([^)]*\)", "%", template) % tuple(map(_Kind, values))
    except (TypeError, ValueError):  # it is no template, or wants other values
        return template


class _Kind:
    """A value that shows of itself what it is, if that is an error; whatever the template asks for."""

    def __init__(self, value: object) -> None:
        self._said = type(value).__name__ if isinstance(value, BaseException) else "…"

    def __str__(self) -> str:
        return self._said

    __repr__ = __str__


class _Library(logging.Handler):
    """What Faust, aiokafka, asyncpg … log: where and how bad, of its values the kinds of errors only."""

    def emit(self, record: logging.LogRecord) -> None:
        values = record.args if isinstance(record.args, tuple) else ()
        # Kafka's "ask me again" is no error to anybody who does.
        passes = any(isinstance(value, KafkaError) and value.retriable for value in values)
        structlog.get_logger(room=record.name).log(
            min(record.levelno, logging.INFO) if passes else record.levelno,
            "library",
            text=_filled(str(record.msg), values)[:120],
            error=record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None,
        )
