"""What the README applies, with real Dask."""

from pathlib import Path

from tests.e2e.kind.kubectl import Kubectl

EXAMPLES = Path(__file__).parents[3] / "examples"
GROUP = "simple-cluster-highmem-worker-group"


def test_the_example_cluster_and_group_come_up(kubectl: Kubectl) -> None:
    """
    The commands of today's Dask start scheduler and workers, and a second group joins them.
    """
    kubectl.do("apply", "--filename", str(EXAMPLES / "cluster.yaml"))
    kubectl.do("apply", "--filename", str(EXAMPLES / "worker-group.yaml"))

    kubectl.wait_ready("daskcluster/simple-cluster")
    kubectl.wait_ready(f"daskworkergroup/{GROUP}")

    worker = min(kubectl.workers(GROUP))

    def has_joined() -> bool:
        return "Registered to" in kubectl.do("logs", worker)

    kubectl.wait_until(has_joined, "a worker to join", seconds=60)


def test_the_example_job_computes(kubectl: Kubectl) -> None:
    """
    The job in examples/ prints what its workers computed, and completes.
    """
    kubectl.do("apply", "--filename", str(EXAMPLES / "job.yaml"))

    kubectl.do("wait", "--for=condition=Complete", "daskjob/squares", "--timeout=240s")

    assert "the sum of the squares is 328350" in kubectl.do("logs", "squares-runner")
