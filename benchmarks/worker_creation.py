"""How long the operator needs for one cluster's workers, against a loop that posts the same Pods."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import Any

import yaml

from benchmarks.figure import RUNS, Benchmark, Figure, Say, Target
from tests.e2e.cluster.controlplane.api import Api, path_of
from tests.e2e.cluster.controlplane.options import Options
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.cluster.controlplane.waiting import wait_until
from tests.e2e.controlplane.custom_resources import apply_custom_resources, repository_crds
from tests.e2e.controlplane.operator_process import OperatorProcess

WORKERS = 1000
TARGET = Target(1.5, of_ratio=True)
THREADS = 8
MANIFEST = Path(__file__).parents[1] / "tests" / "e2e" / "seed" / "cluster.yaml"
WITHOUT_NODES = Options(scheduler=False, nodes=0)
"""Nothing starts the Pods: this is what the operator and the API server need by themselves."""

ON_KWOK = Options(nodes=2)
"""Scheduler and kwok start the Pods meanwhile, on the same CPUs, and each of their steps is an event."""


def pods(api: Api, namespace: str) -> list[dict[str, Any]]:
    """The worker Pods of a namespace."""
    return api.list(path_of("v1", "pods", namespace), "dask.org/component=worker")


def count(api: Api, namespace: str) -> int:
    """How many Pods there are; to read them all would cost the API server as much as making them."""
    page = api.get(f"{path_of('v1', 'pods', namespace)}?limit=1")
    return len(page["items"]) + int(page["metadata"].get("remainingItemCount", 0))


def operator_seconds(api: Api, namespace: str, workers: int = WORKERS) -> float:
    """Create one cluster with all its workers, and return the time until the last Pod exists."""
    manifest = yaml.safe_load(MANIFEST.read_text())
    manifest["spec"]["worker"]["replicas"] = workers
    began = perf_counter()
    api.create(path_of("kubernetes.dask.org/v1", "daskclusters", namespace), manifest)
    wait_until(
        lambda: count(api, namespace) == 1 + workers, "all Pods", within_seconds=120, every=0.02
    )
    return perf_counter() - began


def bare_seconds(api: Api, namespace: str, template: dict[str, Any]) -> float:
    """Post as many copies of *template*, and return the time until the last answer."""
    path = path_of("v1", "pods", namespace)
    (container,) = template["spec"]["containers"]
    spec = {"containers": [{k: v for k, v in container.items() if k != "volumeMounts"}]}
    labels = template["metadata"]["labels"]

    def post(number: int) -> None:
        api.create(path, {"metadata": {"name": f"pod-{number}", "labels": labels}, "spec": spec})

    began = perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(post, range(WORKERS)))
    return perf_counter() - began


def wait_until_started(api: Api, namespace: str) -> None:
    """Wait until no Pod is on its way any more, which would disturb the next run."""

    def started() -> bool:
        found = api.list(path_of("v1", "pods", namespace))
        return all(pod["status"].get("phase") == "Running" for pod in found)

    wait_until(started, "all Pods to run", within_seconds=300, every=1.0)


def compare(say: Say, options: Options) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Have the Pods made both ways, in turn: seconds of the operator's and of the bare loop's runs."""
    ours, bare = [], []
    with ControlPlane(options, report=say) as plane:
        apply_custom_resources(plane, repository_crds())
        for run in range(RUNS):
            for name in (f"operator-{run}", f"bare-{run}"):
                plane.api.make_namespace(name)
        plane.api.make_namespace("warm-up")
        with OperatorProcess(plane.kubeconfig):
            # What the API server does once, at the first object of a kind, is not what is measured.
            operator_seconds(plane.api, "warm-up", workers=10)
            for run in range(RUNS):
                ours.append(operator_seconds(plane.api, f"operator-{run}"))
                template = pods(plane.api, f"operator-{run}")[0]
                if options.nodes:
                    wait_until_started(plane.api, f"operator-{run}")
                bare.append(bare_seconds(plane.api, f"bare-{run}", template))
                if options.nodes:
                    wait_until_started(plane.api, f"bare-{run}")
                say(f"{WORKERS} workers in {ours[-1]:.2f} s, bare {bare[-1]:.2f} s")
    return tuple(ours), tuple(bare)


def measure(say: Say) -> list[Figure]:
    """Have the Pods made on a control plane without nodes, and on one whose nodes start them."""
    return [
        Figure(f"{WORKERS} workers of one cluster, {where}", "s", *compare(say, options), TARGET)
        for where, options in (("no nodes", WITHOUT_NODES), ("kwok's nodes", ON_KWOK))
    ]


BENCHMARK = Benchmark(
    "Worker creation",
    f"From the POST of a DaskCluster with {WORKERS} workers until all its worker Pods and the scheduler's exist: on "
    "etcd, API server and controllers without any node, and with a scheduler and simulated nodes that "
    "start them meanwhile, on the same CPUs. The bare loop posts the same number of the "
    f"same Pods with {THREADS} threads.",
    measure,
)
