"""How long a reflector waits after a failure."""

import random
from collections.abc import Callable

FIRST_SECONDS = 0.8
LONGEST_SECONDS = 30.0
"""client-go's numbers: a sick server sees less than one request in 4 s from each reflector."""


class Backoff:
    """Pauses that double, each up to twice as long as told so that many clients spread out."""

    def __init__(self, jitter: Callable[[], float] = random.random) -> None:
        self._jitter = jitter
        self._next = FIRST_SECONDS

    def reset(self) -> None:
        """Begin anew: all was well for a while."""
        self._next = FIRST_SECONDS

    def next(self) -> float:
        """The seconds of the next pause."""
        base = self._next
        self._next = min(2 * base, LONGEST_SECONDS)
        return base * (1 + self._jitter())
