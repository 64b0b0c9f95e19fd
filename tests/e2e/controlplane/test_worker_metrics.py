"""What Prometheus learns of the workers of a namespace."""

import urllib3
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.controlplane.dask import Dask
from tests.e2e.controlplane.operator_process import OperatorProcess

WANTED, READY = "daskop_workers_wanted", "daskop_workers_ready"


def test_workers_are_counted_by_namespace(dask: Dask, operator: OperatorProcess) -> None:
    """
    Those of all groups are summed; scaling is followed; a namespace without groups has no series.
    """

    def shown() -> dict[str, float]:
        page = urllib3.request("GET", f"http://{operator.metrics}/metrics", timeout=5)
        families = text_string_to_metric_families(page.data.decode())
        samples = (sample for family in families for sample in family.samples)
        return {s.name: s.value for s in samples if dask.namespace in s.labels.values()}

    dask.apply("cluster.yaml")
    dask.apply("highmemworkers.yaml")
    dask.wait_for(lambda: {WANTED: 4, READY: 4} == shown(), "two groups of two workers")
    dask.scale("daskclusters", "simple-cluster", 0)
    dask.wait_for(lambda: {WANTED: 2, READY: 2} == shown(), "one group of two workers")
    dask.api.delete(dask.path("daskclusters", "simple-cluster"))
    dask.wait_for(lambda: not shown(), "no series")
