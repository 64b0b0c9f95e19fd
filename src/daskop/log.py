"""Structured logs: JSON in a cluster, readable lines on a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import structlog

Format = Literal["auto", "console", "json"]


def configure(log_format: Format = "auto") -> None:
    """Send every log line to standard error; ``auto`` means console on a terminal, else JSON."""
    console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if console:
        tail: list[structlog.typing.Processor] = [structlog.dev.ConsoleRenderer()]
    else:
        tail = [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()]
    structlog.configure(
        processors=[*shared, *tail],
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


@contextmanager
def surviving(event: str, **context: Any) -> Iterator[None]:
    """
    Log whatever goes wrong inside, and go on behind.

    For the places where one fault must not end what serves everybody: a thread that nobody starts
    again, the handlers of one informer. Elsewhere errors are caught by name.
    """
    try:
        yield
    except BaseException:  # noqa: BLE001 - it is logged with its traceback
        structlog.get_logger(__name__).exception(event, **context)
