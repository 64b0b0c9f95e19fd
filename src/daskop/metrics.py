"""
Every metric, on a registry of our own.

No label holds an object's name: the number of series is bounded by the code.
"""

from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics import disable_created_metrics

Outcome = Literal["success", "error", "requeue_after"]

PASS_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""Buckets of a pass: 1 ms is one that finds nothing to do, 60 s a hundred slow writes."""


class Metrics:
    """The operator's own metrics; each test makes a fresh set."""

    def __init__(self) -> None:
        # It would be a second series for each one, which nobody reads.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self.reconciles = Counter(
            "daskop_reconcile_total",
            "Passes that ended, by result.",
            ("controller", "result"),
            registry=self.registry,
        )
        self.reconcile_seconds = Histogram(
            "daskop_reconcile_duration_seconds",
            "Time spent in one pass, API calls included.",
            ("controller",),
            buckets=PASS_SECONDS,
            registry=self.registry,
        )
        self.active_workers = Gauge(
            "daskop_reconcile_active_workers",
            "Passes under way.",
            ("controller",),
            registry=self.registry,
        )
        self.queue_depth = Gauge(
            "workqueue_depth",
            "Keys that wait for a worker thread.",
            ("name",),
            registry=self.registry,
        )
        self.informer_synced = Gauge(
            "daskop_informer_synced",
            "1 once the cache of this resource holds what the server listed.",
            ("resource",),
            registry=self.registry,
        )
        self.relists = Counter(
            "daskop_informer_lists_total",
            "Full lists of this resource.",
            ("resource",),
            registry=self.registry,
        )
        self.requests = Counter(
            "rest_client_requests_total",
            "Requests to the API server that were answered, by verb, resource and HTTP code.",
            ("verb", "resource", "code"),
            registry=self.registry,
        )

    def add_controller(self, name: str) -> None:
        """Start every series of controller *name* at 0, so that rates see the first event."""
        for outcome in ("success", "error", "requeue_after"):
            self.reconciles.labels(name, outcome)
        self.reconcile_seconds.labels(name)
        self.active_workers.labels(name)
        self.queue_depth.labels(name)

    def page(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)
