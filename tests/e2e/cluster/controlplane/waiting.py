"""Waiting with a bound."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_NEVER = threading.Event()


def wait_until(
    condition: Callable[[], T | None], what: str, *, within_seconds: float, every: float = 0.02
) -> T:
    """
    Ask *condition* until it gives something true, and return that.

    Args:
        condition: Asked at once, and then again and again.
        what: What is waited for, for the message.
        within_seconds: When to give up.
        every: Seconds between two questions.

    Raises:
        TimeoutError: If the time is over.
    """
    deadline = time.monotonic() + within_seconds
    while not (answer := condition()):
        if time.monotonic() >= deadline:
            raise TimeoutError(f"{what}: not within {within_seconds:g} s")
        _NEVER.wait(every)
    return answer
