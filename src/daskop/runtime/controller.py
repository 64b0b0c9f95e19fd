"""The controller loop: worker threads that take keys from a queue and reconcile them."""

import threading
import uuid

import structlog
from structlog.contextvars import bound_contextvars

from daskop.api.meta import NamespacedName
from daskop.clock import Clock
from daskop.errors import ConflictError, DaskopError, ShutDownError
from daskop.metrics import Metrics, Outcome
from daskop.runtime.reconciler import Reconciler
from daskop.workqueue.rate_limiting_queue import RateLimitingQueue

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
        self.queue: RateLimitingQueue[NamespacedName] = RateLimitingQueue(self.name, clock)
        self._threads = [
            threading.Thread(target=self._work, name=f"{self.name}-{number}")
            for number in range(threads)
        ]
        metrics.add_controller(self.name)
        metrics.queue_depth.labels(self.name).set_function(lambda: len(self.queue))

    def start(self) -> None:
        """Begin to work."""
        self.queue.start()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each worker thread finish the pass that it is in, and wait for all of them."""
        self.queue.shut_down()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    @property
    def alive(self) -> bool:
        """Whether every worker thread lives."""
        return all(thread.is_alive() for thread in self._threads)

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
            outcome = self._reconcile(key)
        self._metrics.reconciles.labels(self.name, outcome).inc()
        seconds = self._clock.monotonic() - started
        self._metrics.reconcile_seconds.labels(self.name).observe(seconds)

    def _reconcile(self, key: NamespacedName) -> Outcome:
        """Make one pass, and see to it that what it left undone is taken up again."""
        try:
            result = self._reconciler.reconcile(key)
        except ConflictError as error:  # our copy is old; the newer one is on its way
            self.queue.add_rate_limited(key)
            log.debug("reconcile_conflicted", error=str(error))
        except DaskopError as error:
            seconds = self.queue.add_rate_limited(key)
            log.warning("reconcile_failed", error=str(error), retry_seconds=round(seconds, 3))
        except Exception:
            self.queue.add_rate_limited(key)
            log.exception("reconcile_crashed")
        else:
            self.queue.forget(key)
            if result.requeue_after is None:
                return "success"
            self.queue.add_after(key, result.requeue_after.total_seconds())
            return "requeue_after"
        return "error"
