"""What the README applies, with real Dask, where Pod Security is enforced at its strictest."""

from pathlib import Path

import pytest

from tests.e2e.kind.kubectl import Kubectl

EXAMPLES = Path(__file__).parents[3] / "examples"
GROUP = "simple-cluster-highmem-worker-group"

ASK_FOR_HEALTH = """
import os, urllib.request
with urllib.request.urlopen("http://localhost:8788/health", timeout=10) as answer:
    print(os.getuid(), answer.read().decode())
"""


@pytest.fixture
def restricted(kubectl: Kubectl) -> Kubectl:
    """A namespace that admits only Pods that are fit for the level restricted."""
    level = "pod-security.kubernetes.io/enforce=restricted"
    kubectl.do("label", "namespace", kubectl.namespace, level)
    return kubectl


def test_the_example_cluster_and_group_come_up(restricted: Kubectl) -> None:
    """
    The commands of today's Dask start scheduler and workers, and a second group joins them.
    """
    restricted.do("apply", "--filename", str(EXAMPLES / "cluster.yaml"))
    restricted.do("apply", "--filename", str(EXAMPLES / "worker-group.yaml"))

    restricted.wait_ready("daskcluster/simple-cluster")
    restricted.wait_ready(f"daskworkergroup/{GROUP}")

    worker = min(restricted.workers(GROUP))

    def has_joined() -> bool:
        return "Registered to" in restricted.do("logs", worker)

    restricted.wait_until(has_joined, "a worker to join", seconds=60)
    # Where the port named dashboard is, Prometheus can ask.
    assert "1000 ok" == restricted.python(worker, ASK_FOR_HEALTH).strip()


def test_the_example_job_computes(restricted: Kubectl) -> None:
    """
    The job in examples/ prints what its workers computed, and completes.
    """
    restricted.do("apply", "--filename", str(EXAMPLES / "job.yaml"))

    restricted.do("wait", "--for=condition=Complete", "daskjob/squares", "--timeout=240s")

    assert "the sum of the squares is 328350" in restricted.do("logs", "squares-runner")
