"""Trying again what the network may have broken."""

import threading
from collections.abc import Callable
from typing import TypeVar

from tests.e2e.cluster.errors import CommandError

T = TypeVar("T")

BACKOFF_SECONDS = (2.0, 8.0)
"""Pauses between the three attempts: a hiccup is over in 2 s, a restarted router in 10 s."""


def retried(
    attempt: Callable[[], T],
    pause: Callable[[float], object] | None = None,
    backoff_seconds: tuple[float, ...] = BACKOFF_SECONDS,
) -> T:
    """Call *attempt* until it succeeds or the pauses are used up; then its error is raised."""
    wait = pause or threading.Event().wait
    for seconds in backoff_seconds:
        try:
            return attempt()
        except CommandError:
            wait(seconds)
    return attempt()
