"""
The memory of the operator's process: at rest, and while it lists 10,000 Pods.

``python -m benchmarks.process_memory KUBECONFIG`` is the bare loop of the second: it lists all Pods
at once, keeps the answer, and prints by how many megabytes it has grown.
"""

import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks.figure import RUNS, Benchmark, Figure, Say, Target
from benchmarks.memory import megabytes
from benchmarks.pods import GROUP_SIZE, new_pod
from benchmarks.watch_server import REPOSITORY
from daskop.api.resources import PODS
from daskop.kube.client import Client
from daskop.kube.transport import connect
from daskop.metrics import Metrics
from tests.e2e.cluster.controlplane.api import Api, path_of
from tests.e2e.cluster.controlplane.options import BARE
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.controlplane.custom_resources import apply_custom_resources, repository_crds
from tests.e2e.controlplane.operator_process import OperatorProcess

NUMBER = 10_000
NAMESPACES = 10
THREADS = 8
SETTLE_SECONDS = 2.0
"""After it is ready, the operator looks once at every owner that it has learnt of."""

IDLE_TARGET = Target(75.0)
PEAK_TARGET = Target(40.0)

LIBRARIES = """
import click, prometheus_client, pydantic, structlog, urllib3, yaml
from kubernetes import client, config, watch
client.ApiClient()
from benchmarks.memory import megabytes
print(megabytes("self", "VmRSS"))
"""
"""What the operator imports of others, and no more: the bare loop of an operator at rest."""


def operator_megabytes(kubeconfig: Path) -> tuple[float, float]:
    """Start an operator; its memory at rest, and at its highest until then."""
    with OperatorProcess(kubeconfig) as operator:
        threading.Event().wait(SETTLE_SECONDS)
        pid = operator.pid
        if pid is None:
            raise AssertionError(f"the operator ended:\n{operator.log_tail()}")
        return megabytes(pid, "VmRSS"), megabytes(pid, "VmHWM")


def bare_megabytes(*arguments: str) -> float:
    """What Python prints, a process of its own, when it is called so."""
    done = subprocess.run(  # noqa: S603 - it is this file, or a string in it
        [sys.executable, *arguments], cwd=REPOSITORY, stdout=subprocess.PIPE, check=True
    )
    return float(done.stdout)


def make_pods(api: Api) -> None:
    """Create the Pods; a second container is as long as the status that no kubelet writes here."""
    names = [f"bench-{number}" for number in range(NAMESPACES)]
    for name in names:
        api.create(path_of("v1", "namespaces"), {"metadata": {"name": name}})

    def make(number: int) -> None:
        namespace = names[number // GROUP_SIZE % NAMESPACES]
        pod = new_pod(number, namespace)
        (worker,) = pod["spec"]["containers"]
        pod["spec"]["containers"] = [worker, {**worker, "name": "sidecar"}]
        api.create(path_of("v1", "pods", namespace), pod)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(make, range(NUMBER)))


def measure(say: Say) -> list[Figure]:
    """Start operators on an empty control plane, make the Pods, and start operators again."""
    with ControlPlane(BARE, report=say) as plane:
        apply_custom_resources(plane, repository_crds())
        start = partial(operator_megabytes, plane.kubeconfig)
        idle = [start()[0] for _ in range(RUNS)]
        libraries = [bare_megabytes("-c", LIBRARIES) for _ in range(RUNS)]
        say(f"{idle[-1]:.1f} MB at rest, of libraries {libraries[-1]:.1f}; making {NUMBER:,} Pods")
        make_pods(plane.api)
        full = [start() for _ in range(RUNS)]
        command = ("-m", "benchmarks.process_memory", str(plane.kubeconfig))
        bare = [bare_megabytes(*command) for _ in range(RUNS)]
    growth = [peak - rest for (_, peak), rest in zip(full, idle, strict=True)]
    say(f"{growth[-1]:.1f} MB more at the highest, one list {bare[-1]:.1f}")
    return _figures(idle, libraries, growth, bare, [rest for rest, _ in full])


def _figures(
    idle: Sequence[float],
    libraries: Sequence[float],
    growth: Sequence[float],
    bare: Sequence[float],
    full: Sequence[float],
) -> list[Figure]:
    return [
        Figure("resident at rest, no objects", "MB", tuple(idle), tuple(libraries), IDLE_TARGET),
        Figure(
            f"peak above that with {NUMBER:,} Pods", "MB", tuple(growth), tuple(bare), PEAK_TARGET
        ),
        Figure(f"resident at rest, {NUMBER:,} Pods", "MB", tuple(full)),
    ]


BENCHMARK = Benchmark(
    "Memory of the process",
    f"`daskop run` on etcd and an API server, {SETTLE_SECONDS:g} s after it is ready: VmRSS without "
    f"any object, then VmHWM and VmRSS of one that was started when {NUMBER:,} Pods that it watches "
    f"are in {NAMESPACES} namespaces, with two containers each. Bare: a process that has imported "
    "the same packages of others; and by how much one grows that lists all Pods at once and keeps the "
    "answer.",
    measure,
)


def list_megabytes(kubeconfig: Path) -> float:
    """By how much this process grows at the highest when it lists all Pods at once."""
    client = Client(connect(kubeconfig, 1), Metrics())
    before = megabytes("self", "VmRSS")
    answer = client.list_page(PODS)
    client.close()
    if len(answer["items"]) != NUMBER:
        raise AssertionError(f"{len(answer['items'])} Pods")
    return megabytes("self", "VmHWM") - before


if __name__ == "__main__":
    print(list_megabytes(Path(sys.argv[1])))
