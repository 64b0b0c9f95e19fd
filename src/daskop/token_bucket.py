"""A bound on how often something may happen, with room for bursts."""

import threading

from daskop.clock import Clock


class TokenBucket:
    """
    Holds up to *burst* tokens and gains *rate* of them a second; it begins full.

    Safe to share between threads.
    """

    def __init__(self, rate: float, burst: int, clock: Clock) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._lock = threading.Lock()  # guards everything below
        self._tokens = float(burst)
        self._filled_at = clock.monotonic()

    def reserve(self) -> float:
        """Take a token, ahead of time if there is none; return the seconds until it is due."""
        with self._lock:
            self._fill()
            self._tokens -= 1  # below zero: promised, and paid back as time goes by
            return max(0.0, -self._tokens / self._rate)

    def try_take(self) -> bool:
        """Take a token if there is one."""
        with self._lock:
            self._fill()
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True

    def _fill(self) -> None:
        now = self._clock.monotonic()
        gained = (now - self._filled_at) * self._rate
        self._tokens = min(float(self._burst), self._tokens + gained)
        self._filled_at = now
