"""``add_rate_limited``: an item that failed comes back later each time, until it is forgotten."""

import threading
from dataclasses import dataclass

from daskop.clock import Clock
from daskop.queue_metrics import QueueMetrics
from daskop.token_bucket import TokenBucket
from daskop.workqueue.delaying_queue import DelayingQueue
from daskop.workqueue.queue import T


@dataclass(frozen=True, slots=True)
class Backoff:
    """
    How long an item waits that has failed several times in a row: doubled each time.

    Attributes:
        first: Seconds after the first failure.
        longest: Seconds that no wait exceeds.
    """

    first: float
    longest: float


ITEM_BACKOFF = Backoff(0.005, 1000.0)
"""client-go's numbers for one item: from 5 ms up to about 17 minutes."""

RETRIES_PER_SECOND = 10.0
RETRY_BURST = 100
"""client-go's numbers for all items together: many that fail at once take turns."""


class RateLimitingQueue(DelayingQueue[T]):
    """A delaying queue that counts failures."""

    def __init__(self, name: str, metrics: QueueMetrics, clock: Clock) -> None:
        super().__init__(name, metrics, clock)
        self._bucket = TokenBucket(RETRIES_PER_SECOND, RETRY_BURST, clock)
        self._failure_lock = threading.Lock()  # guards _failures
        self._failures: dict[T, tuple[int, float]] = {}  # how many, and until when it waits

    def add_rate_limited(
        self, item: T, at_least_seconds: float = 0.0, backoff: Backoff = ITEM_BACKOFF
    ) -> float:
        """
        Add *item* after its back-off, and return that in seconds.

        Sooner than *at_least_seconds* it makes no sense, as a server's Retry-After says.
        """
        now = self._clock.monotonic()
        with self._failure_lock:
            failures, due = self._failures.get(item, (0, 0.0))
            # One that something else brought back before its time has failed no more often for
            # that: a burst of events would have it wait as if for minutes of failures.
            if now >= due:
                # The exponent is bounded: 2.0 ** 1024 is an error, and 2 ** 18 is past the limit.
                own = min(backoff.first * 2.0 ** min(failures, 18), backoff.longest)
                due = now + max(own, self._bucket.reserve())
                self._failures[item] = failures + 1, due
        seconds = max(due - now, at_least_seconds)
        self.add_after(item, seconds)
        return seconds

    def forget(self, item: T) -> None:
        """Begin anew with *item*'s back-off: it succeeded."""
        with self._failure_lock:
            self._failures.pop(item, None)
