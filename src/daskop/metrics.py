"""
Every metric, on a registry of our own; docs/reference/metrics.md says what each is good for.

No label holds an object's name: the number of series grows with namespaces at most.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics import disable_created_metrics

from daskop import __version__
from daskop.queue_metrics import QueueCollector, QueueMetrics
from daskop.worker_metrics import WorkerCollector, WorkerCount

Outcome: TypeAlias = Literal["success", "requeue_after", "conflict", "error", "crash"]
EventFate: TypeAlias = Literal["written", "suppressed", "dropped", "failed"]

PASS_SECONDS: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""Buckets of a pass: 1 ms is one that finds nothing to do, 60 s a hundred slow writes."""

REQUEST_SECONDS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 30, 60)
"""Buckets of a request: 2 ms is a quiet API server, 60 s the bound of a list."""


class Metrics:
    """The operator's own metrics; each test makes a fresh set."""

    def __init__(self) -> None:
        # It would be a second series for each one, which nobody reads.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        # Of the library's own collectors only this one: memory, CPU time, open files.
        ProcessCollector(registry=self.registry)
        build = self._gauge("daskop_build_info", "1, with the version of the operator.", "version")
        build.labels(__version__).set(1)
        self._queues: dict[str, QueueMetrics] = {}
        self.registry.register(QueueCollector(self._queues))
        self._add_reconciles()
        self._add_informers()
        self.requests = self._counter(
            "rest_client_requests",
            "Requests to the API server; the code of one without an answer is <error>.",
            *("verb", "resource", "code"),
        )
        self.request_seconds = self._histogram(
            "rest_client_request_duration_seconds",
            "Time until a request was answered; for a watch, until it began.",
            REQUEST_SECONDS,
            *("verb", "resource", "code"),
        )
        self.leader = self._gauge("daskop_leader", "1 while this replica leads and writes.")
        self.events = self._counter("daskop_events", "Kubernetes Events, by their fate.", "fate")
        for fate in get_args(EventFate):
            self.events.labels(fate)

    def _add_reconciles(self) -> None:
        self.reconciles = self._counter(
            "daskop_reconcile", "Passes that ended, by result.", "controller", "result"
        )
        self.reconcile_seconds = self._histogram(
            "daskop_reconcile_duration_seconds",
            "Time spent in one pass, API calls included.",
            PASS_SECONDS,
            "controller",
        )
        self.active_workers = self._gauge(
            "daskop_reconcile_active_workers", "Passes under way.", "controller"
        )
        self.worker_threads = self._gauge(
            "daskop_reconcile_max_workers", "Passes that may be under way at once.", "controller"
        )
        self.reconcile_timeouts = self._counter(
            "daskop_reconcile_timeouts", "Passes that took longer than they should.", "controller"
        )

    def _add_informers(self) -> None:
        labels = ("resource", "namespace")
        self._synced = self._gauge(
            "daskop_informer_synced",
            "1 once the cache of this resource holds what the server listed.",
            *labels,
        )
        self._objects = self._gauge(
            "daskop_informer_objects", "Objects in the cache of this resource.", *labels
        )
        self._lists = self._counter(
            "daskop_informer_lists", "Full lists of this resource.", *labels
        )
        self._watches = self._counter(
            "daskop_informer_watches", "Watches of this resource that were begun.", *labels
        )
        self._event_age = self._gauge(
            "daskop_informer_last_event_age_seconds",
            "Time since the server last said anything on this resource, bookmarks included.",
            *labels,
        )

    def add_controller(self, name: str, threads: int) -> None:
        """Start every series of controller *name* at 0, so that rates see the first event."""
        for outcome in get_args(Outcome):
            self.reconciles.labels(name, outcome)
        self.reconcile_seconds.labels(name)
        self.active_workers.labels(name)
        self.reconcile_timeouts.labels(name)
        self.worker_threads.labels(name).set(threads)

    def queue(self, name: str) -> QueueMetrics:
        """The metrics of the queue *name*."""
        self._queues[name] = QueueMetrics()
        return self._queues[name]

    def informer(self, resource: str, namespace: str = "") -> "InformerMetrics":
        """The metrics of the informer of *resource* in *namespace*, or in all of them."""
        return InformerMetrics(
            synced=self._synced.labels(resource, namespace),
            objects=self._objects.labels(resource, namespace),
            lists=self._lists.labels(resource, namespace),
            watches=self._watches.labels(resource, namespace),
            last_event_age=self._event_age.labels(resource, namespace),
        )

    def add_workers(self, count: Callable[[], Iterable[tuple[str, WorkerCount]]]) -> None:
        """Show the workers that *count* gives for each namespace."""
        self.registry.register(WorkerCollector(count))

    def page(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, documentation: str, *labels: str) -> Counter:
        """The library adds ``_total`` to the name."""
        return Counter(name, documentation, labels, registry=self.registry)

    def _gauge(self, name: str, documentation: str, *labels: str) -> Gauge:
        return Gauge(name, documentation, labels, registry=self.registry)

    def _histogram(
        self, name: str, documentation: str, buckets: tuple[float, ...], *labels: str
    ) -> Histogram:
        return Histogram(name, documentation, labels, buckets=buckets, registry=self.registry)


@dataclass(frozen=True, slots=True)
class InformerMetrics:
    """The series of one informer."""

    synced: Gauge
    objects: Gauge
    lists: Counter
    watches: Counter
    last_event_age: Gauge
