"""
``make bench``: how long the operator needs for one cluster's workers, against a bare loop.

The bare loop posts the same number of the same Pods with 8 threads, to the same API server, in the
same run: machines are noisy, so the ratio counts and not the seconds.
"""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic
from typing import Any

import yaml

from tests.e2e.cluster.controlplane.api import Api, path_of
from tests.e2e.cluster.controlplane.options import Options
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.cluster.controlplane.waiting import wait_until
from tests.e2e.controlplane.custom_resources import apply_custom_resources
from tests.e2e.controlplane.operator_process import OperatorProcess

WORKERS = 300
THREADS = 8
NAMESPACES = ("bare", "operator")
MANIFEST = Path(__file__).parents[1] / "tests" / "e2e" / "seed" / "cluster.yaml"


def pods(api: Api, namespace: str) -> list[dict[str, Any]]:
    """The worker Pods of a namespace."""
    return api.list(path_of("v1", "pods", namespace), "dask.org/component=worker")


def operator_seconds(api: Api) -> float:
    """Scale one cluster to all its workers, and return the time until the last Pod exists."""
    manifest = yaml.safe_load(MANIFEST.read_text())
    manifest["spec"]["worker"]["replicas"] = WORKERS
    began = monotonic()
    api.create(path_of("kubernetes.dask.org/v1", "daskclusters", "operator"), manifest)
    wait_until(
        lambda: len(pods(api, "operator")) == WORKERS, "all Pods", within_seconds=120, every=0.2
    )
    return monotonic() - began


def bare_seconds(api: Api, template: dict[str, Any]) -> float:
    """Post as many copies of *template*, and return the time until the last answer."""
    path = path_of("v1", "pods", "bare")
    (container,) = template["spec"]["containers"]
    spec = {"containers": [{k: v for k, v in container.items() if k != "volumeMounts"}]}
    labels = template["metadata"]["labels"]

    def post(number: int) -> None:
        api.create(path, {"metadata": {"name": f"pod-{number}", "labels": labels}, "spec": spec})

    began = monotonic()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(post, range(WORKERS)))
    return monotonic() - began


def main() -> None:
    """Measure once, and print one JSON object."""
    with ControlPlane(Options(), report=lambda text: print(text, file=sys.stderr)) as plane:
        apply_custom_resources(plane)
        for name in NAMESPACES:
            plane.api.make_namespace(name)
        with OperatorProcess(plane.kubeconfig):
            ours = operator_seconds(plane.api)
            template = pods(plane.api, "operator")[0]
        bare = bare_seconds(plane.api, template)
    figures = {
        "workers": WORKERS,
        "operator_seconds": round(ours, 2),
        "bare_seconds": round(bare, 2),
        "ratio": round(ours / bare, 2),
        "load_average": os.getloadavg()[0],
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
