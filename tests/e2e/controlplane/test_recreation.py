"""Objects that go and come: under the same name, while others are slow, while nobody looks."""

import secrets
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import urllib3
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.cluster.controlplane.api import Api, has_condition, path_of
from tests.e2e.cluster.controlplane.components import CONTROLLER_MANAGER
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.controlplane.dask import DASK, GROUP, SEED, Dask
from tests.e2e.controlplane.operator_process import OperatorProcess
from tests.e2e.controlplane.quiet import Quiet

NAME = "simple-cluster"
JOB = "simple-job"
MANY = 100


@pytest.fixture
def slow_collector(control_plane: ControlPlane) -> Iterator[ControlPlane]:
    """A control plane whose garbage collector the test may stop."""
    yield control_plane
    control_plane.resume(CONTROLLER_MANAGER)


def owner_uids(dask: Dask, plural: str) -> set[str]:
    """The uids of the owners of all objects that are not going."""
    found = [o["metadata"] for o in dask.api.list(dask.path(plural))]
    return {
        owner["uid"]
        for meta in found
        if "deletionTimestamp" not in meta
        for owner in meta.get("ownerReferences") or ()
    }


@pytest.mark.usefixtures("operator")
def test_a_cluster_made_anew_while_collection_is_slow(
    dask: Dask, slow_collector: ControlPlane
) -> None:
    """
    Nothing of the old cluster is adopted, and the new one is complete once the old one's is gone.
    """
    dask.apply("cluster.yaml")
    dask.wait_ready("daskclusters", NAME)
    old = dask.get("daskclusters", NAME)["metadata"]["uid"]
    slow_collector.pause(CONTROLLER_MANAGER)

    dask.api.delete(dask.path("daskclusters", NAME))
    dask.apply("cluster.yaml")
    dask.wait_for_condition("daskclusters", NAME, "Ready", status="False", reason="Terminating")
    assert {old} == owner_uids(dask, "services")
    slow_collector.resume(CONTROLLER_MANAGER)

    new = dask.get("daskclusters", NAME)["metadata"]["uid"]
    dask.wait_ready("daskclusters", NAME, 60)
    assert {new} == owner_uids(dask, "services")
    group = dask.get("daskworkergroups", GROUP)["metadata"]["uid"]
    dask.wait_for(lambda: owner_uids(dask, "pods") == {new, group}, "Pods of the new one only")
    assert 2 == len(dask.wait_for_workers(2))


@pytest.mark.usefixtures("operator")
def test_a_job_made_anew_while_collection_is_slow(dask: Dask, slow_collector: ControlPlane) -> None:
    """
    A job that is deleted and applied at once runs with a cluster and a runner of its own.
    """
    dask.apply("job.yaml")
    dask.wait_for(lambda: f"{JOB}-runner" in dask.names("pods"), "the runner")
    old = dask.get("daskjobs", JOB)["metadata"]["uid"]
    slow_collector.pause(CONTROLLER_MANAGER)

    dask.api.delete(dask.path("daskjobs", JOB))
    dask.apply("job.yaml")
    dask.wait_for_condition("daskjobs", JOB, "Reconciling", reason="Terminating")
    slow_collector.resume(CONTROLLER_MANAGER)

    new = dask.get("daskjobs", JOB)["metadata"]["uid"]
    dask.wait_for(lambda: old not in owner_uids(dask, "pods"), "the old runner to go", 60)
    dask.wait_for(lambda: running(dask, JOB), "the new job to run", 60)
    assert {new} == owner_uids(dask, "daskclusters")
    assert new in owner_uids(dask, "pods")


def running(dask: Dask, job: str) -> bool:
    return bool(dask.get("daskjobs", job).get("status", {}).get("jobStatus") == "Running")


@pytest.mark.usefixtures("operator")
@pytest.mark.timeout(180, func_only=True)
def test_a_hundred_clusters_at_once(dask: Dask) -> None:
    """
    All of them become ready, none is stuck, and each has exactly its own workers.
    """
    template = yaml.safe_load((SEED / "cluster.yaml").read_text())
    template["spec"]["worker"]["replicas"] = 1
    del template["spec"]["scheduler"]["service"]
    names = [f"c{number}" for number in range(MANY)]

    def create(name: str) -> None:
        dask.create({**template, "metadata": {"name": name}})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(create, names))

    def unready() -> list[str]:
        found = dask.api.list(dask.path("daskclusters"))
        return [o["metadata"]["name"] for o in found if not has_condition(o, "Ready")]

    dask.wait_for(lambda: not unready(), "all clusters to be ready", 150)
    pods = [pod["metadata"]["labels"] for pod in dask.api.list(dask.path("pods"))]
    each = Counter((pod["dask.org/cluster-name"], pod["dask.org/component"]) for pod in pods)
    assert {(name, part): 1 for name in names for part in ("scheduler", "worker")} == each


@pytest.mark.usefixtures("operator")
def test_a_namespace_can_be_deleted(api: Api) -> None:
    """
    A namespace with a cluster, a group and a job goes as a whole, within a minute.
    """
    name = f"test-{secrets.token_hex(4)}"
    api.make_namespace(name)
    dask = Dask(api, name)
    for file in ("cluster.yaml", "highmemworkers.yaml", "job.yaml"):
        dask.apply(file)
    dask.wait_ready("daskclusters", NAME)
    path = path_of("v1", "namespaces", name=name)

    api.delete(path)

    api.wait_until_gone(path, within_seconds=60)


def test_what_is_deleted_while_nobody_looks(dask: Dask, operator: OperatorProcess) -> None:
    """
    A job that is deleted while the operator is down goes with all it had; a cluster heals later.
    """
    dask.apply("cluster.yaml")
    dask.apply("job.yaml")
    dask.wait_ready("daskclusters", NAME)
    dask.wait_for(lambda: running(dask, JOB), "the job to run")
    operator.stop()
    try:
        dask.api.delete(dask.path("daskjobs", JOB))
        dask.api.delete(dask.path("pods", f"{NAME}-scheduler"))
        dask.wait_for(lambda: f"{JOB}-cluster-service" not in dask.left(), "the job's to go", 60)
        assert f"{NAME}-scheduler" not in dask.names("pods")
    finally:
        operator.start()

    dask.wait_for(lambda: f"{NAME}-scheduler" in dask.names("pods"), "the scheduler")
    dask.wait_ready("daskclusters", NAME)
    assert not any(name.startswith(JOB) for name in dask.names("pods"))


def test_a_restart_writes_nothing(
    dask: Dask, operator: OperatorProcess, control_plane: ControlPlane
) -> None:
    """
    Started again beside a settled cluster, group and job, the operator sends no write there.
    """
    rest = Quiet(control_plane, dask.namespace, seconds=3)
    for file in ("cluster.yaml", "highmemworkers.yaml", "job.yaml"):
        dask.apply(file)
    dask.wait_ready("daskclusters", NAME)
    dask.wait_ready("daskworkergroups", "simple-cluster-highmem-worker-group")
    dask.wait_ready("daskclusters", f"{JOB}-cluster")
    dask.wait_for(lambda: running(dask, JOB), "the job to run")
    dask.wait_for(rest, "rest")
    before = rest.writes
    operator.stop()
    operator.start()
    dask.wait_for(lambda: passes(operator) >= objects(dask.api), "passes over all objects", 60)
    dask.wait_for(Quiet(control_plane, dask.namespace, seconds=3), "rest")

    rest()
    assert before == rest.writes
    assert before > 0


def objects(api: Api) -> int:
    """How many objects of our kinds there are, those of other tests included."""
    plurals = ("daskclusters", "daskworkergroups", "daskjobs")
    return sum(len(api.list(path_of(DASK, plural))) for plural in plurals)


def passes(operator: OperatorProcess) -> float:
    """How many passes have ended well."""
    page = urllib3.request("GET", f"http://{operator.metrics}/metrics", timeout=5).data.decode()
    return sum(
        sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name == "daskop_reconcile_total" and sample.labels["result"] == "success"
    )
