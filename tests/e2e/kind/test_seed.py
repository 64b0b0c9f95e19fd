"""The seed's document from top to bottom, its manifests as written, with real Dask."""

import json
from collections.abc import Iterator
from typing import Any

from tests.e2e.cluster.controlplane.api import has_condition
from tests.e2e.cluster.images import DASK_IMAGE
from tests.e2e.kind.kubectl import SEED, Kubectl

DEFAULT_GROUP = "simple-cluster-default-worker-group"
HIGHMEM_GROUP = "simple-cluster-highmem-worker-group"

SUM_OF_SQUARES = """
import threading
from dask.distributed import Client

def names():
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    return {{worker["name"] for worker in workers}}

client = Client("tcp://{address}", timeout=30)
wanted = {workers!r}
for _ in range(120):
    if wanted <= names():
        break
    threading.Event().wait(0.5)
squares = client.map(lambda number: number**2, range(100))
print("result", client.submit(sum, squares).result(timeout=60))
print("workers", *sorted(wanted & names()))
"""


def compute(kubectl: Kubectl, pod: str, address: str, workers: set[str]) -> tuple[int, set[str]]:
    """
    Connect from *pod* to the scheduler at *address* once *workers* have joined, and compute.

    Returns:
        The sum of the squares of 0 to 99, and those of *workers* that the scheduler knows.
    """
    program = SUM_OF_SQUARES.format(address=f"{address}:8786", workers=workers)
    return answer_of(kubectl.python(pod, program))


def answer_of(output: str) -> tuple[int, set[str]]:
    """What the program has printed."""
    lines = [line.split() for line in output.splitlines()]
    found = {words[0]: words[1:] for words in lines if words and words[0] in {"result", "workers"}}
    return int(found["result"][0]), set(found["workers"])


def test_the_cluster_computes(simple_cluster: Kubectl) -> None:
    """
    cluster.yaml gives a scheduler and two workers that compute for a Client, found by DNS name.
    """
    kubectl = simple_cluster
    workers = kubectl.wait_for_workers(DEFAULT_GROUP, 2)
    address = f"simple-cluster-service.{kubectl.namespace}.svc"

    answer = compute(kubectl, "simple-cluster-scheduler", address, workers)

    assert (328350, workers) == answer


def test_another_pod_reaches_the_scheduler_by_its_service(simple_cluster: Kubectl) -> None:
    """
    A worker's Pod resolves the Service's short name and computes through it.
    """
    kubectl = simple_cluster
    workers = kubectl.wait_for_workers(DEFAULT_GROUP, 2)

    answer = compute(kubectl, min(workers), "simple-cluster-service", workers)

    assert (328350, workers) == answer


def test_a_client_outside_connects_through_a_port_forward(simple_cluster: Kubectl) -> None:
    """
    As in the document: kubectl port-forward of the Service, and a Client on this machine.
    """
    kubectl = simple_cluster
    workers = kubectl.wait_for_workers(DEFAULT_GROUP, 2)
    docker = kubectl.cluster.docker

    with (
        kubectl.port_forward("svc/simple-cluster-service", 8786) as port,
        docker.container("daskop-test-client", DASK_IMAGE, "--network=host") as client,
    ):
        program = SUM_OF_SQUARES.format(address=f"localhost:{port}", workers=workers)
        output = docker.do("exec", client, "python", "-c", program)

    assert answer_of(output) == (328350, workers)


def test_the_service_and_pods_are_found_by_label(simple_cluster: Kubectl) -> None:
    """
    The cluster's label lists one Service with both ports, the scheduler and the workers.
    """
    kubectl = simple_cluster
    workers = kubectl.wait_for_workers(DEFAULT_GROUP, 2)
    label = "dask.org/cluster-name=simple-cluster"

    (service,) = kubectl.list("services", label)
    pods = kubectl.list("pods", label)

    assert [8786, 8787] == [port["port"] for port in service["spec"]["ports"]]
    # Other tests of this cluster may have left workers that are still on their way out.
    stay = {p["metadata"]["name"] for p in pods if "deletionTimestamp" not in p["metadata"]}
    assert {"simple-cluster-scheduler", *workers} == stay


def test_lists_answer_at_a_glance(simple_cluster: Kubectl) -> None:
    """
    The columns of kubectl get say whether it is up; short names and the category work.
    """
    kubectl = simple_cluster
    kubectl.wait_for_workers(DEFAULT_GROUP, 2)
    kubectl.wait_ready("daskcluster/simple-cluster")

    (cluster,) = kubectl.do("get", "dsk", "--no-headers").splitlines()
    (group,) = kubectl.do("get", "dwg", "--no-headers").splitlines()

    assert ["simple-cluster", "True", "2/2", "Ready"] == cluster.split()[:4]
    assert [DEFAULT_GROUP, "simple-cluster", "2", "2", "2", "Ready"] == group.split()[:6]
    assert 2 == len(kubectl.do("get", "dask", "--output=name").splitlines())


def test_every_field_is_explained(simple_cluster: Kubectl) -> None:
    """
    What kubectl explain reads has a description for each field of the three kinds.
    """
    page = simple_cluster.do("get", "--raw", "/openapi/v3/apis/kubernetes.dask.org/v1")
    schemas = json.loads(page)["components"]["schemas"]
    kinds = ("DaskCluster", "DaskWorkerGroup", "DaskJob")
    fields = {
        f"{kind}{field}": text
        for kind in kinds
        for field, text in descriptions(schemas[f"org.dask.kubernetes.v1.{kind}"])
    }

    said = simple_cluster.do("explain", "daskjob.spec.cluster.spec.scheduler.service")

    assert "DaskJob.spec.cluster.spec.scheduler.service.ports.port" in fields
    assert [] == [field for field, text in fields.items() if not text]
    assert "ServiceSpec of the scheduler's Service" in said


def descriptions(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Each field below *schema* with its description; metadata is Kubernetes' own."""
    for name, field in schema.get("properties", {}).items():
        if (path, name) != ("", "metadata"):
            yield f"{path}.{name}", field.get("description", "")
            yield from descriptions(field.get("items", field), f"{path}.{name}")


def test_logs_are_readable(simple_cluster: Kubectl) -> None:
    """
    With kubectl logs a user reads the scheduler's own lines.
    """
    log = simple_cluster.do("logs", "simple-cluster-scheduler")

    assert "Scheduler at:" in log


def test_a_second_group_joins_and_leaves(simple_cluster: Kubectl) -> None:
    """
    The seed's highmemworkers.yaml adds two workers with their limits, and takes them when it goes.
    """
    kubectl = simple_cluster
    kubectl.apply("highmemworkers.yaml")
    try:
        workers = kubectl.wait_for_workers(HIGHMEM_GROUP, 2)
        answer = compute(kubectl, "simple-cluster-scheduler", "simple-cluster-service", workers)
        pods = kubectl.list("pods", f"dask.org/workergroup-name={HIGHMEM_GROUP}")
    finally:
        kubectl.delete("highmemworkers.yaml")
        kubectl.wait_for_workers(HIGHMEM_GROUP, 0)

    limits = {pod["spec"]["containers"][0]["resources"]["limits"]["memory"] for pod in pods}
    assert ({"32Gi"}, (328350, workers)) == (limits, answer)


def test_scaling_keeps_the_workers_that_stay(simple_cluster: Kubectl) -> None:
    """
    Scaling with kubectl adds three workers and touches none of the two; scaling back leaves two.
    """
    kubectl = simple_cluster
    before = kubectl.wait_for_workers(DEFAULT_GROUP, 2)

    kubectl.do("scale", "--replicas=5", "daskworkergroup", DEFAULT_GROUP)
    grown = kubectl.wait_for_workers(DEFAULT_GROUP, 5)
    kubectl.do("scale", "--replicas=2", "daskworkergroup", DEFAULT_GROUP)
    shrunk = kubectl.wait_for_workers(DEFAULT_GROUP, 2)

    assert before < grown
    assert shrunk < grown


def test_deleting_the_cluster_leaves_nothing(kubectl: Kubectl) -> None:
    """
    Deleting what cluster.yaml names takes scheduler, Service, both groups and all workers along.
    """
    kubectl.apply("cluster.yaml")
    kubectl.apply("highmemworkers.yaml")
    for group in (DEFAULT_GROUP, HIGHMEM_GROUP):
        kubectl.wait_for_workers(group, 2)

    kubectl.delete("cluster.yaml")

    def left() -> str:
        return kubectl.do("get", "dask,pods,services", "--output=name")

    kubectl.wait_until(lambda: not left().strip(), "nothing left", seconds=120)


def test_a_cluster_can_be_deleted_by_name(kubectl: Kubectl) -> None:
    """
    Deleting by name is the same: nothing with the cluster's label is left.
    """
    kubectl.apply("cluster.yaml")
    kubectl.wait_for_workers(DEFAULT_GROUP, 2)

    said = kubectl.do("delete", "daskcluster", "simple-cluster")

    assert 'daskcluster.kubernetes.dask.org "simple-cluster" deleted' in said
    label = "--selector=dask.org/cluster-name=simple-cluster"

    def left() -> str:
        return kubectl.do("get", "dask,pods,services", label, "--output=name")

    kubectl.wait_until(lambda: not left().strip(), "nothing left", seconds=120)


def test_the_job_completes_and_its_cluster_goes(in_default: Kubectl) -> None:
    """
    The seed's job.yaml runs to completion: the runner stays, the cluster goes, delete ends it all.
    """
    kubectl = in_default
    try:
        kubectl.apply("job.yaml")
        kubectl.do("wait", "--for=condition=Complete", "daskjob/simple-job", "--timeout=240s")
        kubectl.do("wait", "--for=delete", "daskcluster/simple-job-cluster", "--timeout=60s")
        job = kubectl.get("daskjob", "simple-job")
        runner = kubectl.get("pod", "simple-job-runner")

        assert job is not None
        assert runner is not None
        assert "Successful" == job["status"]["jobStatus"]
        assert not has_condition(job, "Reconciling")
        assert "Succeeded" == runner["status"]["phase"]
    finally:
        kubectl.do("delete", "--ignore-not-found", "--filename", str(SEED / "job.yaml"))
    # The workers' Pods may still be closing; how they go is the other test's matter.
    kubectl.do("wait", "--for=delete", "pod/simple-job-runner", "--timeout=60s")
    assert not kubectl.do("get", "dask", "--output=name").strip()
