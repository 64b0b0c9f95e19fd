"""What a user does with kubectl, and what kubectl answers."""

import json
import re
from itertools import groupby
from pathlib import Path

import pytest

from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.controlplane.dask import GROUP
from tests.e2e.controlplane.kubectl import Kubectl, seed, table
from tests.e2e.controlplane.pod_states import container, terminated
from tests.e2e.controlplane.quiet import Quiet

NAME = "simple-cluster"
JOB = "simple-job"
JOB_CLUSTER = f"{JOB}-cluster"
CLUSTER_FILE = seed("cluster.yaml")

pytestmark = pytest.mark.usefixtures("operator")


@pytest.fixture
def kubectl(control_plane: ControlPlane, namespace: str) -> Kubectl:
    """Kubectl in an empty namespace."""
    return Kubectl(control_plane, namespace)


@pytest.fixture
def cluster(kubectl: Kubectl) -> Kubectl:
    """Kubectl in a namespace with the seed's cluster.yaml applied, ready."""
    kubectl.do("apply", "--filename=-", stdin=CLUSTER_FILE)
    kubectl.wait("condition=Ready", f"daskcluster/{NAME}")
    return kubectl


@pytest.mark.parametrize(
    ("target", "after"),
    [
        (f"daskworkergroup/{GROUP}", {NAME: 1, GROUP: 2}),
        (f"daskcluster/{NAME}", {NAME: 2, GROUP: 2}),
    ],
    ids=["group", "cluster"],
)
def test_an_autoscaler_scales(kubectl: Kubectl, target: str, after: dict[str, int]) -> None:
    """
    An HPA that kubectl autoscale makes raises one worker to three, once, and no pass of the operator undoes it.
    """
    dask = kubectl.dask
    one = CLUSTER_FILE.replace("replicas: 2", "replicas: 1")
    kubectl.do("apply", "--filename=-", stdin=one)
    kubectl.wait("condition=Ready", f"daskcluster/{NAME}")
    before = dask.workers()

    kubectl.do("autoscale", target, "--min=3", "--max=5", "--name=by-load")
    # Once there are three it looks at the load, of which nobody tells here.
    kubectl.wait("condition=ScalingActive=False", "hpa/by-load")
    kubectl.do("annotate", "daskcluster", NAME, "team=a")
    dask.wait_for(
        lambda: dask.get("daskworkergroups", GROUP)["metadata"]["annotations"].get("team"),
        "a change of the cluster in its group",
    )

    for grown in (f"daskcluster/{NAME}", f"daskworkergroup/{GROUP}"):
        kubectl.wait("jsonpath={.status.readyReplicas}=3", grown)
        kubectl.wait("condition=Ready", grown)
    assert before < dask.wait_for_workers(3)
    assert after == kubectl.generations()


def test_a_watch_shows_how_it_comes_up(cluster: Kubectl, tmp_path: Path) -> None:
    """
    What kubectl get --watch prints is a line for each change of a column, the last one with True.
    """
    another = CLUSTER_FILE.replace(f"\n  name: {NAME}", "\n  name: another")
    watch = ("get", "daskclusters", "--watch", "--output-watch-events")
    with cluster.running(tmp_path / "printed", *watch) as printed:
        cluster.dask.wait_for(lambda: NAME in printed(), "the first line")
        cluster.do("apply", "--filename=-", stdin=another)
        cluster.dask.wait_for(lambda: re.search("another.* 2/2 +Ready", printed()), "ready")
        lines = [line for line in table(printed()) if line["NAME"] == "another"]

    assert ("ADDED", "MODIFIED") == (lines[0]["EVENT"], lines[-1]["EVENT"])
    assert ["", "False", "True"] == [ready for ready, _ in groupby(row["READY"] for row in lines)]


def test_wait_does_not_believe_an_old_condition(cluster: Kubectl) -> None:
    """
    A kubectl wait for Ready right after kubectl scale ends when the new workers are ready.
    """
    # Then nothing keeps the operator from writing a status at once, which must not be too early.
    cluster.dask.wait_for(Quiet(cluster.plane, cluster.namespace, seconds=1.2), "rest")

    cluster.do("scale", "daskcluster", NAME, "--replicas=5")
    cluster.wait("condition=Ready", f"daskcluster/{NAME}")

    assert 5 == cluster.dask.get("daskworkergroups", GROUP)["status"]["readyReplicas"]
    cluster.wait("jsonpath={.status.readyReplicas}=5", f"daskcluster/{NAME}")
    cluster.wait("jsonpath={.status.readyReplicas}=5", f"daskworkergroup/{GROUP}")


def test_wait_for_delete(cluster: Kubectl) -> None:
    """
    A kubectl wait --for=delete ends for the cluster, its group, its Service and its Pods.
    """
    label = f"--selector=dask.org/cluster-name={NAME}"
    assert 1 == cluster.ask("wait", "--for=delete", f"dsk/{NAME}", "--timeout=0").returncode

    cluster.do("delete", "daskcluster", NAME, "--wait=false")

    cluster.wait("delete", f"daskcluster/{NAME}")
    cluster.wait("delete", "pods,services,daskworkergroups", label)
    assert set() == cluster.dask.left()


@pytest.mark.parametrize(
    ("phase", "code", "condition", "status"),
    [("Succeeded", 0, "Complete", "Successful"), ("Failed", 3, "Failed", "Failed")],
)
def test_wait_for_the_end_of_a_job(
    kubectl: Kubectl, phase: str, code: int, condition: str, status: str
) -> None:
    """
    A kubectl wait ends with the job, whose columns then say how it ended and when.
    """
    kubectl.do("apply", "--filename=-", stdin=seed("job.yaml"))
    kubectl.wait("jsonpath={.status.jobStatus}=Running", f"daskjob/{JOB}")
    ended = terminated(code, phase)
    ended["terminated"]["finishedAt"] = "2026-01-01T00:00:00Z"

    kubectl.dask.set_pod(f"{JOB}-runner", phase=phase, containerStatuses=[container(ended)])
    kubectl.wait(f"condition={condition}", f"daskjob/{JOB}")

    (row,) = table(kubectl.do("get", "djb"))
    assert (JOB, status, JOB_CLUSTER) == (row["NAME"], row["STATUS"], row["CLUSTER"])
    assert re.fullmatch(r"\d+d", row["FINISHED"])
    kubectl.wait("delete", f"daskcluster/{JOB_CLUSTER}")


@pytest.mark.parametrize("target", [f"daskcluster/{NAME}", f"daskworkergroup/{GROUP}"])
def test_scale_with_a_precondition(cluster: Kubectl, target: str) -> None:
    """
    A kubectl scale --current-replicas does nothing if that is not the number, and else scales.
    """
    refused = cluster.ask("scale", target, "--replicas=4", "--current-replicas=7")
    assert (1, "error: Expected replicas to be 7, was 2\n") == (refused.returncode, refused.stderr)
    assert {NAME: 1, GROUP: 1} == cluster.generations()

    cluster.do("scale", target, "--replicas=4", "--current-replicas=2")

    cluster.wait("jsonpath={.status.readyReplicas}=4", target)
    assert 4 == len(cluster.dask.wait_for_workers(4))


def test_labels_and_annotations(cluster: Kubectl) -> None:
    """
    What kubectl label and annotate put on a cluster comes to its group and Service, not its Pods.
    """
    dask = cluster.dask
    pods = {pod["metadata"]["resourceVersion"] for pod in dask.api.list(dask.path("pods"))}

    cluster.do("label", "daskcluster", NAME, "team=a")
    cluster.do("annotate", "daskcluster", NAME, "example.com/note=b")

    def marked(plural: str, name: str) -> bool:
        metadata = dask.get(plural, name)["metadata"]
        note = metadata.get("annotations", {}).get("example.com/note")
        return (metadata["labels"].get("team"), note) == ("a", "b")

    dask.wait_for(lambda: marked("daskworkergroups", GROUP), "the group to have both")
    dask.wait_for(lambda: marked("services", f"{NAME}-service"), "the Service to have both")
    assert pods == {pod["metadata"]["resourceVersion"] for pod in dask.api.list(dask.path("pods"))}
    assert {NAME: 1, GROUP: 1} == cluster.generations()


def test_edit(cluster: Kubectl) -> None:
    """
    A kubectl edit of the number in the cluster's spec brings that many workers.
    """
    cluster.do("edit", "daskcluster", NAME, editor="sed -i 's/replicas: 2/replicas: 3/'")

    cluster.wait("condition=Ready", f"daskcluster/{NAME}")
    assert 3 == len(cluster.dask.wait_for_workers(3))


def test_replace(cluster: Kubectl) -> None:
    """
    A kubectl replace of what was read is taken once, and refused when it is old.
    """
    read = json.loads(cluster.do("get", "daskcluster", NAME, "--output=json"))
    read["spec"]["worker"]["replicas"] = 3

    cluster.do("replace", "--filename=-", stdin=json.dumps(read))
    again = cluster.ask("replace", "--filename=-", stdin=json.dumps(read))

    assert "the object has been modified" in again.stderr
    cluster.wait("condition=Ready", f"daskcluster/{NAME}")
    assert 3 == len(cluster.dask.wait_for_workers(3))
