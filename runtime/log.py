"""Logs: one JSON object a line on stderr. No identity, no free text from outside, no error messages."""

import logging
import sys

import orjson
import structlog


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


class _Library(logging.Handler):
    """What Faust, aiokafka, asyncpg … log: where and how bad, and the template without its values."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger(room=record.name).log(
            record.levelno,
            "library",
            template=str(record.msg)[:120],
            error=record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None,
        )
