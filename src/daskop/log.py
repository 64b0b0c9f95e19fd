"""Structured logs: JSON in a cluster, readable lines on a terminal."""

import sys
from types import TracebackType
from typing import Literal

import structlog

Format = Literal["auto", "console", "json"]


def configure(log_format: Format = "auto") -> None:
    """Send every log line to standard error; ``auto`` means console on a terminal, else JSON."""
    # Standard error: what a command prints for others to read (crds) has the other one for itself.
    console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # structlog's own tracebacks tell every variable, and so tokens and what users wrote.
    tail: list[structlog.typing.Processor] = []
    if console:
        plain = structlog.dev.plain_traceback
        tail.append(structlog.dev.ConsoleRenderer(exception_formatter=plain))
    else:
        frames = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        tail.append(structlog.processors.ExceptionRenderer(frames))
        tail.append(structlog.processors.JSONRenderer())
    structlog.configure(
        processors=[*shared, *tail],
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )


class Surviving:
    """
    A ``with`` block that logs whatever goes wrong inside, with *context*, and goes on behind.

    For the places where one fault must not end what serves everybody: a thread that nobody starts
    again, the handlers of one informer. Elsewhere errors are caught by name. It is a class since
    it stands around each event of a watch, where a generator costs several times as much.
    """

    __slots__ = ("_context", "_event")

    def __init__(self, event: str, **context: object) -> None:
        self._event = event
        self._context = context

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if error is not None:
            context = {name: str(value) for name, value in self._context.items()}
            structlog.get_logger(__name__).error(self._event, exc_info=error, **context)
        return True
