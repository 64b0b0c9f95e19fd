"""The three manifests of the seed's document, as written, on a real Kubernetes with real Dask."""

from pathlib import Path

from tests.e2e.cluster.controlplane.api import has_condition
from tests.e2e.kind.kubectl import SEED, Kubectl

EXAMPLES = Path(__file__).parents[3] / "examples"
DEFAULT_GROUP = "simple-cluster-default-worker-group"
HIGHMEM_GROUP = "simple-cluster-highmem-worker-group"

SUM_OF_SQUARES = """
import threading
from dask.distributed import Client

def names():
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    return {{worker["name"] for worker in workers}}

client = Client("tcp://{address}:8786", timeout=30)
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
    output = kubectl.python(pod, SUM_OF_SQUARES.format(address=address, workers=workers))
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


def test_the_example_job_computes(kubectl: Kubectl) -> None:
    """
    The job in examples/ prints what its workers computed, and completes.
    """
    kubectl.do("apply", "--filename", str(EXAMPLES / "job.yaml"))

    kubectl.do("wait", "--for=condition=Complete", "daskjob/squares", "--timeout=240s")

    assert "the sum of the squares is 328350" in kubectl.do("logs", "squares-runner")


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
