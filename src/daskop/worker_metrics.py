"""How many workers are wanted and ready, counted when Prometheus asks."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

LABELS: Final = ("dask_namespace",)
"""Not ``namespace``: that is the operator's own, as every Prometheus sets it."""


@dataclass(slots=True)
class WorkerCount:
    """Workers of all groups of one namespace."""

    wanted: int = 0
    ready: int = 0


class WorkerCollector(Collector):
    """
    Asks *count* when Prometheus asks.

    Args:
        count: Gives namespaces with their workers.
    """

    def __init__(self, count: Callable[[], Iterable[tuple[str, WorkerCount]]]) -> None:
        self._count = count

    def collect(self) -> Iterator[Metric]:
        """Each metric with a series for each namespace that has a worker group."""
        wanted = GaugeMetricFamily(
            "daskop_workers_wanted", "Workers that worker groups ask for.", labels=LABELS
        )
        ready = GaugeMetricFamily("daskop_workers_ready", "Workers that are ready.", labels=LABELS)
        for namespace, workers in self._count():
            wanted.add_metric((namespace,), workers.wanted)
            ready.add_metric((namespace,), workers.ready)
        yield wanted
        yield ready
