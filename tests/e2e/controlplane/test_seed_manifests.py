"""The seed's manifests on a real API server with simulated Pods: fast, and every request seen."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.cluster.controlplane.api import Api
from tests.e2e.cluster.controlplane.waiting import wait_until
from tests.e2e.controlplane.dask import GROUP, Dask

pytestmark = pytest.mark.usefixtures("operator")


@pytest.fixture
def dask(api: Api, namespace: str) -> Dask:
    """The test's namespace with the seed's cluster.yaml in it, ready."""
    found = Dask(api, namespace)
    found.apply("cluster.yaml")
    found.wait_ready("daskclusters", "simple-cluster")
    return found


def test_the_cluster_has_what_the_document_names(dask: Dask) -> None:
    """
    cluster.yaml becomes a scheduler Pod, a Service that selects it, a group and two workers.
    """
    service = dask.api.get(dask.path("services", "simple-cluster-service"))
    scheduler = dask.api.get(dask.path("pods", "simple-cluster-scheduler"))

    labels = scheduler["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    assert "NodePort" == service["spec"]["type"]
    assert 2 == len(dask.workers())


def test_misplaced_probe_fields_take_effect(dask: Dask) -> None:
    """
    The delays that cluster.yaml has under tcpSocket are those of the scheduler's probes.
    """
    scheduler = dask.api.get(dask.path("pods", "simple-cluster-scheduler"))

    probe = scheduler["spec"]["containers"][0]["livenessProbe"]
    assert (15, 20) == (probe["initialDelaySeconds"], probe["periodSeconds"])


def test_a_group_joins_and_is_owned(dask: Dask) -> None:
    """
    highmemworkers.yaml gets its workers, and the cluster as an owner that does not control it.
    """
    dask.apply("highmemworkers.yaml")
    dask.wait_for_workers(2, "simple-cluster-highmem-worker-group")

    group = dask.api.get(dask.path("daskworkergroups", "simple-cluster-highmem-worker-group"))

    (owner,) = group["metadata"]["ownerReferences"]
    assert ("DaskCluster", "simple-cluster", False) == (
        owner["kind"],
        owner["name"],
        owner["controller"],
    )


def test_a_group_waits_for_its_cluster(api: Api, namespace: str) -> None:
    """
    A group that is applied before its cluster has no workers, and gets them when it appears.
    """
    dask = Dask(api, namespace)
    dask.apply("highmemworkers.yaml")
    group = dask.path("daskworkergroups", "simple-cluster-highmem-worker-group")
    api.wait_for(group, _says("ClusterNotFound"), "ClusterNotFound", within_seconds=10)

    dask.apply("cluster.yaml")

    assert 2 == len(dask.wait_for_workers(2, "simple-cluster-highmem-worker-group"))


def _says(reason: str) -> Callable[[dict[str, Any]], bool]:
    return lambda manifest: any(
        condition["reason"] == reason
        for condition in manifest.get("status", {}).get("conditions", [])
    )


def test_scaling_group_and_cluster(dask: Dask) -> None:
    """
    Both can be scaled; a group keeps its workers while it grows.
    """
    before = dask.wait_for_workers(2)

    dask.scale("daskworkergroups", GROUP, 5)
    grown = dask.wait_for_workers(5)
    dask.scale("daskclusters", "simple-cluster", 1)
    shrunk = dask.wait_for_workers(1)

    assert before < grown
    assert shrunk < grown


def test_a_lost_worker_is_replaced(dask: Dask) -> None:
    """
    A worker Pod that somebody deletes is made up for.
    """
    pods = dask.api.list(dask.path("pods"))
    victim = next(p for p in pods if "-worker-" in p["metadata"]["name"])["metadata"]

    dask.api.delete(dask.path("pods", victim["name"]))

    wait_until(
        lambda: victim["uid"] not in dask.workers() and len(dask.workers()) == 2,
        "the replacement",
        within_seconds=30,
    )


def test_deleting_the_cluster_leaves_nothing(dask: Dask) -> None:
    """
    Everything that was made for a cluster goes with it.
    """
    dask.api.delete(dask.path("daskclusters", "simple-cluster"))

    wait_until(lambda: not dask.left(), "nothing left", within_seconds=50)


def test_the_job_gets_a_cluster_and_a_runner(api: Api, namespace: str) -> None:
    """
    job.yaml becomes a cluster, and a runner that is told the scheduler's address.
    """
    dask = Dask(api, namespace)
    dask.apply("job.yaml")
    runner = dask.path("pods", "simple-job-runner")
    api.wait_for(runner, lambda _: True, "exists", within_seconds=30)

    (container,) = api.get(runner)["spec"]["containers"]

    address = f"tcp://simple-job-cluster-service.{namespace}.svc:8786"
    assert {"name": "DASK_SCHEDULER_ADDRESS", "value": address} in container["env"]
    assert "OnFailure" == api.get(runner)["spec"]["restartPolicy"]
