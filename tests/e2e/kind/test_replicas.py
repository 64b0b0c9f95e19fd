"""Two replicas of the installed operator: the leader's Pod goes, and all of them are replaced."""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from time import monotonic
from typing import Final

import pytest
import yaml

from tests.e2e.cluster.kind import Kind
from tests.e2e.cluster.operator import DEPLOYMENT, NAMESPACE
from tests.e2e.kind.kubectl import SEED, Kubectl
from tests.e2e.terminal import say

CLUSTER: Final = "simple-cluster"
GROUP: Final = "simple-cluster-default-worker-group"
WORKERS: Final = 8

TAKE_OVER_SECONDS: Final = 15.0
"""3 s on a machine with nothing else to do; far less than the lease, which nobody may wait for."""


@pytest.fixture(scope="module", autouse=True)
def operator(kind_cluster: Kind) -> Iterator[Kubectl]:
    """The operator's own namespace, with two replicas of it; in the end there is one again."""
    operator = Kubectl(kind_cluster, NAMESPACE)
    try:
        operator.do("scale", "--replicas=2", DEPLOYMENT)
        rolled_out(operator)
        yield operator
    finally:
        operator.do("scale", "--replicas=1", DEPLOYMENT)
        rolled_out(operator)


@pytest.fixture
def dask(kubectl: Kubectl) -> Kubectl:
    """A namespace with the seed's cluster, but without workers."""
    manifest = yaml.safe_load((SEED / "cluster.yaml").read_text())
    manifest["spec"]["worker"]["replicas"] = 0
    kubectl.do("apply", "--filename=-", stdin=yaml.safe_dump(manifest))
    kubectl.wait_ready(f"daskcluster/{CLUSTER}")
    return kubectl


def rolled_out(operator: Kubectl) -> None:
    """Wait until as many replicas as wanted are there, all of them of today's template."""
    operator.do("rollout", "status", DEPLOYMENT, "--timeout=120s")
    wanted = int(operator.do("get", DEPLOYMENT, "--output=jsonpath={.spec.replicas}"))

    def settled() -> bool:
        return len(operator.list("pods", "app.kubernetes.io/name=daskop")) == wanted

    operator.wait_until(settled, "those that end to be gone", 60)


def leader(operator: Kubectl) -> str:
    """The name of the Pod that holds the lease; an empty string is none."""
    lease = operator.get("lease", "daskop")
    holder = lease["spec"].get("holderIdentity") if lease else None
    return str(holder or "").rpartition("_")[0]


def has(dask: Kubectl, workers: int) -> bool:
    """Whether the group has so many."""
    return len(dask.workers(GROUP)) == workers


def test_the_leaders_pod_is_deleted(
    operator: Kubectl, dask: Kubectl, request: pytest.FixtureRequest
) -> None:
    """
    What a user asks for in that moment is done within seconds, by the other replica.
    """
    first = leader(operator)
    began = monotonic()
    operator.do("delete", "pod", first, "--wait=false")
    dask.do("scale", "--replicas=1", "daskworkergroup", GROUP)
    dask.wait_until(lambda: dask.workers(GROUP), "a worker", seconds=60)
    seconds = monotonic() - began
    say(request.config, f"operator: a worker {seconds:.1f} s after the leader's Pod was deleted")

    assert leader(operator) not in {first, ""}
    assert seconds < TAKE_OVER_SECONDS
    rolled_out(operator)


def test_all_are_replaced_while_workers_come(operator: Kubectl, dask: Kubectl) -> None:
    """
    Through `kubectl rollout restart` a group gets exactly the workers it wants, each of them once.
    """
    before = {pod["metadata"]["name"] for pod in operator.list("pods")}
    operator.do("rollout", "restart", DEPLOYMENT)
    for replicas in range(1, WORKERS + 1):  # one after the other: there is work all the time
        dask.do("scale", f"--replicas={replicas}", "daskworkergroup", GROUP)
        dask.wait_until(partial(has, dask, replicas), f"{replicas} workers", seconds=60)
    rolled_out(operator)
    workers = dask.wait_for_workers(GROUP, WORKERS)

    assert leader(operator) not in {*before, ""}
    placed = Counter(
        event["involvedObject"]["name"]
        for event in dask.list("events")
        if event["reason"] == "Scheduled"
    )
    assert Counter({CLUSTER + "-scheduler": 1, **dict.fromkeys(workers, 1)}) == placed
