"""
Metrics of work queues, under client-go's names so that its dashboards work.

A queue counts in plain numbers under its own lock, and Prometheus reads them when it asks: with a
lock of the metrics library beside that of the queue, threads that share a queue come to march in
step, and wait for milliseconds (benchmarks/queue_latency.py).
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

QUEUE_SECONDS: Final = (0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 600)
"""Buckets of waiting and of working: from an idle operator to one that is hours behind."""


class Distribution:
    """A histogram; not safe to share between threads."""

    __slots__ = ("_counts", "_sum")

    def __init__(self) -> None:
        self._counts = [0] * (len(QUEUE_SECONDS) + 1)
        self._sum = 0.0

    def observe(self, seconds: float) -> None:
        """Count one value."""
        # Prometheus' buckets include their upper bound, so that equal values belong to the left.
        self._counts[bisect_left(QUEUE_SECONDS, seconds)] += 1
        self._sum += seconds

    def read(self) -> tuple[list[tuple[str, float]], float]:
        """The cumulated buckets by their upper bounds, and the sum of all values."""
        buckets, total = [], 0
        for bound, count in zip((*map(str, QUEUE_SECONDS), "+Inf"), self._counts, strict=True):
            total += count
            buckets.append((bound, float(total)))
        return buckets, self._sum


class QueueMetrics:
    """
    The numbers of one queue, which the queue writes under its lock.

    Attributes:
        depth: Asked at each scrape: how many keys wait.
        work_seconds: Asked at each scrape: how long each key in work has been so.
    """

    __slots__ = ("adds", "depth", "queued", "retries", "work_seconds", "worked")

    def __init__(self) -> None:
        self.adds = 0
        self.retries = 0
        self.queued = Distribution()
        self.worked = Distribution()
        self.depth: Callable[[], int] = lambda: 0
        self.work_seconds: Callable[[], Iterable[float]] = tuple


class QueueCollector(Collector):
    """Reads all *queues*, by name, when Prometheus asks."""

    def __init__(self, queues: Mapping[str, QueueMetrics]) -> None:
        self._queues = queues

    def collect(self) -> Iterator[Metric]:
        """Each metric with its series."""
        queues = dict(self._queues)
        adds = CounterMetricFamily("workqueue_adds", "Keys that were queued.", labels=["name"])
        retries = CounterMetricFamily(
            "workqueue_retries", "Keys that were queued again.", labels=["name"]
        )
        for name, queue in queues.items():
            adds.add_metric([name], queue.adds)
            retries.add_metric([name], queue.retries)
        yield adds
        yield retries
        yield from _gauges(queues)
        yield from _histograms(queues)


def _gauges(queues: Mapping[str, QueueMetrics]) -> Iterator[Metric]:
    depth = GaugeMetricFamily(
        "workqueue_depth", "Keys that wait for a worker thread.", labels=["name"]
    )
    unfinished = GaugeMetricFamily(
        "workqueue_unfinished_work_seconds",
        "Time spent so far on all keys in work.",
        labels=["name"],
    )
    longest = GaugeMetricFamily(
        "workqueue_longest_running_processor_seconds",
        "Time spent so far on the key that is in work for longest.",
        labels=["name"],
    )
    for name, queue in queues.items():
        seconds = list(queue.work_seconds())
        depth.add_metric([name], queue.depth())
        unfinished.add_metric([name], sum(seconds))
        longest.add_metric([name], max(seconds, default=0.0))
    return iter((depth, unfinished, longest))


def _histograms(queues: Mapping[str, QueueMetrics]) -> Iterator[Metric]:
    queued = HistogramMetricFamily(
        "workqueue_queue_duration_seconds",
        "Time that a key waited for a worker thread.",
        labels=["name"],
    )
    worked = HistogramMetricFamily(
        "workqueue_work_duration_seconds", "Time spent on a key.", labels=["name"]
    )
    for name, queue in queues.items():
        queued.add_metric([name], *queue.queued.read())
        worked.add_metric([name], *queue.worked.read())
    return iter((queued, worked))
