"""The controller loop: worker threads that take keys from a queue and reconcile them."""

import threading
import uuid

import structlog
from structlog.contextvars import bound_contextvars

from daskop.api.meta import NamespacedName
from daskop.clock import Clock
from daskop.errors import REFUSALS, ApiError, ConflictError, DaskopError, ShutDownError
from daskop.log import Surviving
from daskop.metrics import Metrics, Outcome
from daskop.runtime.reconciler import Reconciler
from daskop.workqueue.rate_limiting_queue import ITEM_BACKOFF, Backoff, RateLimitingQueue

TIMEOUT_SECONDS = 60.0
"""A pass that takes longer is counted and logged; each of its requests has a bound of its own."""

STUCK_SECONDS = 900.0
"""A pass that takes longer is never going to end: 100 requests, 8 at a time, 35 s each, are 440 s."""

REFUSAL_BACKOFF = Backoff(1.0, 60.0)
"""What people have to mend takes them a while; it is not to take them much longer than that."""

FAILURE_BACKOFF = Backoff(ITEM_BACKOFF.first, REFUSAL_BACKOFF.longest)
"""client-go's 17 minutes would be long after one hiccup of a server that had refused for an hour."""

log = structlog.get_logger(__name__)


class Controller:
    """
    One reconciler, its queue, and its worker threads.

    Attributes:
        queue: Where handlers put the keys of what changed.
    """

    def __init__(
        self, reconciler: Reconciler, threads: int, clock: Clock, metrics: Metrics
    ) -> None:
        self._reconciler = reconciler
        self._clock = clock
        self._metrics = metrics
        self.name = reconciler.name
        self.queue: RateLimitingQueue[NamespacedName] = RateLimitingQueue(
            self.name, metrics.queue(self.name), clock
        )
        self._threads = [
            # Daemons: one that hangs for good must not keep the process alive.
            threading.Thread(target=self._work, name=f"{self.name}-{number}", daemon=True)
            for number in range(threads)
        ]
        self._overdue_lock = threading.Lock()  # guards _overdue
        self._overdue: set[NamespacedName] = set()
        metrics.add_controller(self.name, threads)

    def start(self) -> None:
        """Begin to work."""
        self.queue.start()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin no more passes: what waits is left to the next process, which finds it by itself."""
        self.queue.shut_down(drop_waiting=True)

    def join(self, seconds: float) -> bool:
        """
        Wait until the passes under way have ended.

        Returns:
            False if one has not within *seconds*; what it is doing is as safe to cut off as a
            process is to kill.
        """
        if not self.queue.drain(seconds):
            log.error("passes_cut_off", controller=self.name, keys=self._keys_in_work())
            return False
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()
        return True

    @property
    def alive(self) -> bool:
        """Whether every thread lives, and no pass is stuck for good."""
        threads = self.queue.alive and all(thread.is_alive() for thread in self._threads)
        return threads and max(self.queue.work_seconds().values(), default=0.0) < STUCK_SECONDS

    def check_timeouts(self) -> None:
        """Count and log the passes that have been under way for too long, each once."""
        for key, seconds in self.queue.work_seconds().items():
            self._check_timeout(key, seconds)

    def _work(self) -> None:
        while True:
            try:
                key = self.queue.get()
            except ShutDownError:
                return
            try:
                self._process(key)
            finally:
                self.queue.done(key)

    def _process(self, key: NamespacedName) -> None:
        started = self._clock.monotonic()
        pass_id = uuid.uuid4().hex[:8]
        with (
            bound_contextvars(
                controller=self.name, namespace=key.namespace, name=key.name, reconcile_id=pass_id
            ),
            self._metrics.active_workers.labels(self.name).track_inprogress(),
        ):
            outcome: Outcome = "crash"
            with Surviving("reconcile_crashed"):
                outcome = self._reconcile(key)
            if outcome == "crash":
                self.queue.add_rate_limited(key, backoff=FAILURE_BACKOFF)
        seconds = self._clock.monotonic() - started
        self._metrics.reconciles.labels(self.name, outcome).inc()
        self._metrics.reconcile_seconds.labels(self.name).observe(seconds)
        self._check_timeout(key, seconds)
        with self._overdue_lock:
            self._overdue.discard(key)

    def _reconcile(self, key: NamespacedName) -> Outcome:
        """Make one pass, and see to it that what it left undone is taken up again."""
        try:
            result = self._reconciler.reconcile(key)
        except ConflictError as error:  # our copy is old; the newer one is on its way
            self.queue.add_rate_limited(key, backoff=FAILURE_BACKOFF)
            log.debug("reconcile_conflicted", error=str(error))
            return "conflict"
        except DaskopError as error:
            seconds = self._retry(key, error)
            log.warning("reconcile_failed", error=str(error), retry_seconds=round(seconds, 3))
            return "error"
        # Forgotten before it is queued again: another pass is due, but no failure.
        self.queue.forget(key)
        if result.requeue_after is None:
            return "success"
        self.queue.add_after(key, result.requeue_after.total_seconds())
        return "requeue_after"

    def _retry(self, key: NamespacedName, error: DaskopError) -> float:
        """Queue *key* again after a failure, and return after how many seconds."""
        at_least = error.retry_after_seconds if isinstance(error, ApiError) else 0.0
        backoff = REFUSAL_BACKOFF if isinstance(error, REFUSALS) else FAILURE_BACKOFF
        seconds = self.queue.add_rate_limited(key, at_least, backoff)
        if error.look_again_seconds is not None:
            self.queue.add_after(key, error.look_again_seconds)
        return seconds

    def _check_timeout(self, key: NamespacedName, seconds: float) -> None:
        with self._overdue_lock:
            if seconds < TIMEOUT_SECONDS or key in self._overdue:
                return
            self._overdue.add(key)
        self._metrics.reconcile_timeouts.labels(self.name).inc()
        log.warning(
            "reconcile_overdue",
            controller=self.name,
            namespace=key.namespace,
            name=key.name,
            seconds=round(seconds, 1),
        )

    def _keys_in_work(self) -> list[str]:
        return sorted(map(str, self.queue.work_seconds()))
