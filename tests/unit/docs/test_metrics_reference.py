"""docs/reference/metrics.md and the code name the same metrics."""

import re
from pathlib import Path

from prometheus_client.metrics_core import Metric

from daskop.metrics import Metrics
from daskop.worker_metrics import WorkerCount

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "metrics.md"
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \|([\w, ]*)\| .+ \|$", re.MULTILINE)


def full_name(family: Metric) -> str:
    """The name under which the samples are found."""
    return f"{family.name}_total" if family.type == "counter" else family.name


def test_the_page_names_each_metric_with_type_and_labels() -> None:
    """
    Nothing is served that the page does not explain, and nothing is explained that is not served.
    """
    metrics = Metrics()
    metrics.add_controller("c", threads=1)
    metrics.queue("c")
    metrics.informer("pods")
    metrics.requests.labels("get", "pods", "200")
    metrics.add_workers(lambda: [("ns", WorkerCount(wanted=2, ready=1))])
    metrics.request_seconds.labels("get", "pods", "200")
    served = {}
    for family in metrics.registry.collect():
        labels = {name for sample in family.samples for name in sample.labels} - {"le"}
        served[full_name(family)] = (family.type, frozenset(labels))

    explained = {
        name: (type_, frozenset(filter(None, labels.strip().split(", "))))
        for name, type_, labels in ROW.findall(PAGE.read_text())
    }
    assert explained == served
